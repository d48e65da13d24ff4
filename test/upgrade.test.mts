// upgrade: a new box, proven, or the old one again; and what each stopped upgrade leaves.
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { destroy } from "../lib/cli/commands/destroy.mts";
import { down } from "../lib/cli/commands/down.mts";
import { plan } from "../lib/cli/commands/plan.mts";
import { status } from "../lib/cli/commands/status.mts";
import { up } from "../lib/cli/commands/up.mts";
import { upgrade } from "../lib/cli/commands/upgrade.mts";
import { insteadOf } from "../lib/cli/help.mts";
import { Interrupted } from "../lib/errors.mts";
import { parseState } from "../lib/host/state.mts";
import { versionChanges } from "../lib/verify/version-changes.mts";
import { boxOf, one, ran, running, said, state, versions } from "./upgraded.mts";
import { World } from "./world.mts";

const test = suite("upgrade");

test("a new box is built, the VM is created from it and proven, and the old box is removed", async () => {
  const world = await running();
  const [old] = versions(world);
  const proof = `${world.folder}/verify/a.txt`;
  world.disk.set(proof, world.disk.get(proof)!.replace(/^kernel:.*/m, "kernel:6.1"));
  assert.is(await world.runCommand(upgrade, world.context([])), 0, said(world));
  assert.equal(ran(world), [
    "sh scripts/get-image",
    "packer",
    "sh ../../scripts/add-box",
    "sh scripts/remove-vm",
    "sh scripts/box-volumes",
    "vagrant up",
    "sh scripts/remove-box",
    "sh scripts/box-volumes",
  ]);
  const [now, ...others] = versions(world);
  assert.equal(others, []);
  assert.is.not(now, old);
  assert.is(boxOf(world), now);
  assert.match(said(world), /a is upgraded and proven: its box is lab\/x 1\.\d+\.\d+, kernel 6\.1 → 6\.\d+\S*\n/);
  assert.is(state(world).upgrades, undefined);
  // the next up neither builds again nor goes back
  world.calls = [];
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.match(said(world), /nothing to do/);
  assert.equal(ran(world), []);
});

test("an interruption names the machines that still run", async () => {
  const world = await running();
  const context = world.context([]);
  context.shell.run = () => Promise.reject(new Interrupted());
  const error = await world.runCommand(upgrade, context).then(() => undefined, (reason: unknown) => reason);
  assert.instance(error, Interrupted);
  assert.equal((error as Interrupted).running, ["a"]);
});

test("an image that is built here is built today", async () => {
  const world = await running();
  const context = world.context([]);
  const { run } = context.shell;
  const fresh: unknown[] = [];
  context.shell.run = (command, options) => {
    if (command[1] === "scripts/get-image.sh") fresh.push(options.env?.FRESH);
    return run(command, options);
  };
  assert.is(await world.runCommand(upgrade, context), 0, said(world));
  assert.equal(fresh, ["yes"]);
});

test("services that do not start with the new box: back to the old box, exit code 1", async () => {
  const world = await running();
  const [old] = versions(world);
  const context = world.context([]);
  const { run } = context.shell;
  context.shell.run = (command, options) =>
    command[0] === "ssh" && boxOf(world) !== old && options.input?.includes("apply-services")
      ? Promise.resolve({ code: 1, tail: ["no driver"] })
      : run(command, options);
  assert.is(await world.runCommand(upgrade, context), 1, said(world));
  assert.match(said(world), /Start the services of a: failed with code 1/);
  assert.match(said(world), new RegExp(`a is not proven with its new box: going back to lab/x ${old}\n`));
  assert.match(said(world), new RegExp(`a is not upgraded: it has its box from before, lab/x ${old}, and is proven\n`));
  assert.equal([versions(world), boxOf(world)], [[old], old]);
  assert.is(state(world).upgrades, undefined);
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.match(said(world), /nothing to do/);
});

test("a VM that does not start with the new box: back to the old box", async () => {
  const world = await running();
  const [old] = versions(world);
  const context = world.context([]);
  const { run } = context.shell;
  let starts = 0;
  context.shell.run = (command, options) => {
    world.unresponsive.clear();
    if (command[1] === "up" && ++starts === 1) world.unresponsive.add("a");
    return run(command, options);
  };
  // the VM that never answered is "half-made"
  const code = await world.runCommand(upgrade, context);
  assert.equal([code, versions(world), boxOf(world)], [1, [old], old], said(world));
});

test("a proof that fails with both boxes: the old box stays, and the next up ends the upgrade", async () => {
  const world = await running();
  const [old] = versions(world);
  world.withoutSsh.add("a");
  assert.is(await world.runCommand(upgrade, world.context([])), 1);
  assert.match(said(world), /a is not proven with its box from before either: /);
  assert.is(boxOf(world), old);
  world.withoutSsh.clear();
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0, said(world));
  assert.match(said(world), /a is not upgraded: it has its box from before/);
  assert.equal([versions(world), state(world).upgrades], [[old], undefined]);
});

test("a box that cannot be built leaves the VM alone", async () => {
  const world = await running();
  const context = world.context([]);
  const { run } = context.shell;
  context.shell.run = (command, options) =>
    command[0] === "packer" && command[1] === "build"
      ? Promise.resolve({ code: 1, tail: ["no mirror"] })
      : run(command, options);
  const [old] = versions(world);
  const { bootId } = state(world).proofs.a;
  assert.is(await world.runCommand(upgrade, context), 1);
  assert.match(said(world), /a is not upgraded: it has its box from before, lab\/x 1\./);
  assert.not.ok(ran(world).includes("sh scripts/remove-vm"));
  assert.equal([versions(world), state(world).upgrades, state(world).proofs.a.bootId], [[old], undefined, bootId]);
});

test("a box that cannot be built leaves a stopped VM alone", async () => {
  const world = await running();
  assert.is(await world.runCommand(down, world.context([])), 0);
  const context = world.context([]);
  const { run } = context.shell;
  context.shell.run = (command, options) =>
    command[0] === "packer" ? Promise.resolve({ code: 1, tail: [] }) : run(command, options);
  assert.is(await world.runCommand(upgrade, context), 1);
  assert.match(said(world), /a is not upgraded: it keeps its VM and its box lab\/x 1\./);
  assert.is(state(world).upgrades, undefined);
});

test("nothing happens without a yes; the question names what goes and what stays", async () => {
  const world = await running();
  const none = world.context([], { yes: false });
  assert.is(await world.runCommand(upgrade, none), 2);
  assert.match(said(world), /upgrade of a, which deletes the system disk, needs your confirmation/);
  const asked: string[] = [];
  const context = world.context([], { yes: false });
  Object.assign(context.shell, { terminal: { ...context.shell.terminal, in: true } });
  context.shell.confirm = (question) => {
    asked.push(question);
    return Promise.resolve(false);
  };
  assert.is(await world.runCommand(upgrade, context), 1);
  assert.match(asked[0]!, /goes: {2}the system disk of a, with all volumes, images and containers of Docker/);
  assert.match(
    asked[0]!,
    /stays: the old box until the new one is proven; if it is not, the VM gets the old one again/,
  );
  assert.equal([ran(world), state(world).upgrades], [[], undefined]);
});

test("a new box needs space beside the old one; an upgrade that has begun goes on without", async () => {
  const world = await running();
  const { probe } = world;
  world.probe = probe.replace(/^images:.*/m, `images:${3 * 1024 ** 2}`);
  assert.is(await world.runCommand(upgrade, world.context([])), 1);
  assert.match(said(world), /host\.disk: no space for the image: 3072 MiB free, 4096 needed/);
  assert.is(await world.runCommand((context) => plan(context, true), world.context([], { dryRun: true })), 1);
  assert.equal([ran(world), state(world).upgrades], [[], undefined]);
  assert.is(await world.runCommand(up, world.context([])), 0, "up builds nothing");
  world.probe = probe;
  world.withoutSsh.add("a");
  assert.is(await world.runCommand(upgrade, world.context([])), 1);
  world.withoutSsh.clear();
  world.probe = probe.replace(/^images:.*/m, `images:${3 * 1024 ** 2}`);
  world.output = [];
  await world.runCommand(upgrade, world.context([]));
  assert.match(said(world), /a is not upgraded: it has its box from before/);
});

test("status names an unfinished upgrade and the command that continues it", async () => {
  const world = await running();
  const shown = async () => {
    world.output = [];
    assert.is(await world.runCommand(status, world.context([])), 0);
    const text = said(world);
    world.output = [];
    await world.runCommand(status, world.context([], { json: true }));
    return [
      /^ {2}its upgrade is not finished: .* upgrade a continues it$/m.test(text),
      /"upgradeUnfinished": true/.test(said(world)),
    ];
  };
  assert.equal(await shown(), [false, false]);
  world.withoutSsh.add("a");
  assert.is(await world.runCommand(upgrade, world.context([])), 1);
  assert.equal(await shown(), [true, true]);
  world.config = one.replace("name: a", "name: b");
  assert.equal(await shown(), [false, false], "of a machine that left the config, nothing is upgraded");
});

test("upgrade -n shows the steps and changes nothing", async () => {
  const world = await running();
  const before = JSON.stringify([...world.disk]);
  assert.is(await world.runCommand((context) => plan(context, true), world.context([], { dryRun: true })), 0);
  assert.match(said(world), /Build the box lab\/x[^]*Remove the old VM a[^]*Create the VM a[^]*Prove a/);
  assert.match(said(world), /A VM that is not proven gets its old box again/);
  assert.is(JSON.stringify([...world.disk]), before);
});

test("refused with the reason: a box that is not built here, another provider, no VM", async () => {
  const refused = async (config: string, args: string[], reason: RegExp, bring = true) => {
    const world = bring ? await running(config) : new World(config, "vm-without-gpu");
    assert.is(await world.runCommand(upgrade, world.context(args)), 1);
    assert.match(said(world), reason);
    assert.equal(ran(world), []);
  };
  const box = "machines: [{name: a, box: lab/y, cpus: 2, memory: 1024}]\n";
  await refused(box, [], /a cannot be upgraded: its box lab\/y is not built here .*vagrant box update --box lab\/y/);
  await refused(one, [], /a cannot be upgraded: it has no VM yet \(up creates it\)/, false);
  await refused(
    one.replace("cpus:", "provider: virtualbox, cpus:"),
    ["a"],
    /upgrade is available only with libvirt so far: with virtualbox, a new build replaces the old box/,
    false,
  );
  const world = await running(`${one.split("services")[0]}  - {name: b, box: lab/y, cpus: 2, memory: 1024}\n`);
  assert.is(await world.runCommand(upgrade, world.context([])), 0, said(world));
  assert.match(said(world), /b cannot be upgraded: [^]*a is upgraded and proven/);
});

test("two machines with one box: it is built once, and kept while one of them has it", async () => {
  const { now } = Date;
  const both = `machines:
  - {name: a, box: lab/x, image: debian-13, cpus: 2, memory: 1024}
  - {name: b, box: lab/x, image: debian-13, cpus: 2, memory: 1024}
`;
  const world = await running(both);
  const told = async (args: string[]) => {
    world.output = [];
    await world.runCommand((context) => plan(context, true), world.context(args, { dryRun: true }));
    return /If a step fails, that is every VM that is not proven by then/.test(said(world));
  };
  assert.equal([await told([]), await told(["a"])], [true, false]);
  const [old] = versions(world);
  assert.is(await world.runCommand(upgrade, world.context(["a"])), 0, said(world));
  assert.is(versions(world).length, 2, "b has the old one");
  assert.equal([boxOf(world, "b"), boxOf(world) === old], [old, false]);
  world.calls = [];
  // two upgrades are not in one second
  Date.now = () => now() + 60_000;
  assert.is(await world.runCommand(upgrade, world.context([])), 0, said(world));
  Date.now = now;
  assert.is(ran(world).filter((words) => words === "packer").length, 1);
  assert.is(boxOf(world), boxOf(world, "b"));
  assert.equal(versions(world), [boxOf(world)]);
});

test("a config that changed since goes back to the box that the VM had", async () => {
  const world = await running();
  const [old] = versions(world);
  world.config = one.replace("debian-13", "debian-12");
  const context = world.context([]);
  const { run } = context.shell;
  context.shell.run = (command, options) =>
    command[0] === "ssh" && boxOf(world) !== old ? Promise.resolve({ code: 255, tail: [] }) : run(command, options);
  assert.is(await world.runCommand(upgrade, context), 1);
  assert.equal([versions(world), boxOf(world)], [[old], old], said(world));
  assert.is(await world.runCommand(upgrade, world.context([])), 0, said(world));
  assert.equal(versions(world), [boxOf(world)]);
  assert.is.not(boxOf(world), old);
});

test("a box that was not built here is not removed", async () => {
  const world = await running("machines: [{name: a, box: lab/x, cpus: 2, memory: 1024}]\n");
  const meta = `${world.folder}/.vagrant/machines/a/libvirt/box_meta`;
  world.disk.set(meta, JSON.stringify({ name: "lab/x", version: "12.0" }));
  world.disk.set(`${process.env.HOME}/.vagrant.d/boxes/lab-VAGRANTSLASH-x/12.0/libvirt/box.img`, "");
  world.config = one;
  assert.is(await world.runCommand(upgrade, world.context([])), 0, said(world));
  assert.equal(versions(world), [boxOf(world), "12.0"]);
});

test("destroy forgets an unfinished upgrade", async () => {
  const world = await running();
  world.withoutSsh.add("a");
  assert.is(await world.runCommand(upgrade, world.context([])), 1);
  assert.ok(state(world).upgrades.a);
  assert.is(await world.runCommand(destroy, world.context([])), 0, said(world));
  assert.equal(state(world).upgrades ?? {}, {});
});

test("a record that cannot be read is ignored and reported", () => {
  const from = { name: "lab/x", version: "1.2.3" };
  const whole = { from, to: { name: "lab/x", version: "1.2" }, at: "2026-11-01T00:00:00.000Z" };
  const read = (record: unknown) => {
    const warned: string[] = [];
    const text = JSON.stringify({
      schema: "homelab-gpu/state/2",
      proofs: {},
      previousDrivers: {},
      upgrades: { a: record },
    });
    return { upgrades: parseState(text, (part) => void warned.push(part)).upgrades, warned };
  };
  assert.equal(read(whole), { upgrades: { a: whole }, warned: [] });
  for (const bad of [1, { ...whole, at: "soon" }, { ...whole, from: { name: "x", version: "1'; x" } }, { from }]) {
    assert.equal(read(bad), { upgrades: undefined, warned: ["upgrades of a cannot be read and is ignored"] });
  }
});

test("the new versions of driver and kernel are named, if both are known", () => {
  const before = "kernel:6.12.43-amd64\nnvidia-loaded:580.95.05 open\n";
  assert.equal(versionChanges(before, "kernel:6.12.57-amd64\nnvidia-loaded:580.105.08 open\n"), [
    "NVIDIA driver 580.95.05 → 580.105.08",
    "kernel 6.12.43-amd64 → 6.12.57-amd64",
  ]);
  assert.equal(versionChanges(before, before), []);
  assert.equal(versionChanges(before, "kernel:6.12.43-amd64\n"), []);
  assert.equal(versionChanges(undefined, before), []);
});

test("update, as of package managers, leads to upgrade", () => {
  assert.match(insteadOf("update")!, /^upgrade /);
});

test.run();

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { destroy } from "../lib/cli/commands/destroy.mts";
import { down } from "../lib/cli/commands/down.mts";
import { ssh } from "../lib/cli/commands/ssh.mts";
import { status } from "../lib/cli/commands/status.mts";
import { plan } from "../lib/cli/commands/plan.mts";
import { up } from "../lib/cli/commands/up.mts";
import { verify } from "../lib/cli/commands/verify.mts";
import { prefixOf } from "../lib/host/lab.mts";
import { uuid, World } from "./world.mts";

const test = suite("up");
const three = `machines:
  - {name: a, box: lab/x, image: debian-13, cpus: 2, memory: 1024}
  - {name: b, box: lab/x, image: debian-13, cpus: 2, memory: 1024}
  - {name: c, box: lab/y, cpus: 2, memory: 1024}
services:
  web: {image: x/web, machine: a}
`;
const card = "machines: [{name: a, box: lab/y, cpus: 2, memory: 1024, gpu: {device_id: 2786}}]\n";
const two = `machines:
  - {name: a, box: lab/y, cpus: 2, memory: 1024}
  - {name: b, box: lab/y, cpus: 2, memory: 1024}
`;
/** The parsed state.json of a world's lab. */
const state = (world: World) => JSON.parse(world.disk.get(`${world.folder}/state.json`)!);
const running = (world: World) => [...world.domains].filter(([, number]) => number).map(([name]) => name.at(-1));

test("with nothing to do, up runs two programs and shows one screen", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.equal(world.calls.filter((words) => words.startsWith("vagrant up")), ["vagrant up a b c --provider=libvirt"]);
  world.calls = [];
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.equal(world.calls.map((words) => words.split(" ")[0]).sort(), ["sh", "virsh"]);
  const said = world.output.join("");
  assert.match(said, /nothing to do\na is up at 192\.168\.121\.5: web, proven/);
  assert.ok(said.split("\n").length < 24, said);
});

test("a warning is shown in full once, and then only counted", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context(["a"])), 0, world.output.join(""));
  assert.match(world.output.join(""), /^! host\.virtualization: /m);
  world.output = [];
  assert.is(await world.runCommand(up, world.context(["b"])), 0);
  assert.not.match(world.output.join(""), /^! host\.virtualization/m);
  assert.match(
    world.output.join(""),
    /\d warnings? already shown by an earlier run: npx zx homelab-gpu\.mts doctor shows them\n/,
  );
  world.output = [];
  assert.is(await world.runCommand(up, world.context(["c"], { verbose: true })), 0);
  assert.match(world.output.join(""), /^! host\.virtualization/m);
});

test("a fix of a warning that fails is reported, runs once, and up goes on with the warning", async () => {
  const world = new World(two, "vm-without-gpu");
  world.probe = world.probe.replaceAll("network:default active", "network:default inactive");
  const context = world.context([]);
  const { run } = context.shell;
  const fixes: string[] = [];
  context.shell.run = (command, settings) => {
    const words = command.join(" ");
    if (!words.includes("net-start")) return run(command, settings);
    fixes.push(words);
    return Promise.resolve({ code: 1, tail: ["error: Network is already in use by interface virbr0"] });
  };
  assert.is(await world.runCommand(up, context), 0, world.output.join(""));
  assert.is(fixes.length, 1);
  const said = world.output.join("");
  assert.match(said, /failed with code 1[^]*this was the fix of a warning: the command goes on without it/);
  assert.match(said, /! provider\.access: libvirt's default network is inactive/);
  assert.equal(running(world).sort(), ["a", "b"]);
});

test("an inactive storage pool is started before the first VM", async () => {
  const world = new World(two, "vm-without-gpu");
  world.probe = world.probe.replace("network:default active", "$&\npool:default inactive");
  const context = world.context([]);
  const { run } = context.shell;
  const order: string[] = [];
  context.shell.run = (command, settings) => {
    const words = command.join(" ");
    order.push(...words.match(/pool-autostart default; pool-start default|vagrant up/g) ?? []);
    if (!words.includes("pool-start")) return run(command, settings);
    world.probe = world.probe.replace("pool:default inactive", "pool:default active");
    return Promise.resolve({ code: 0, tail: [] });
  };
  assert.is(await world.runCommand(up, context), 0, world.output.join(""));
  assert.equal(order, ["pool-autostart default; pool-start default", "vagrant up"]);
});

test("brings up only the named machines, and then what is missing", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context(["c"])), 0, world.output.join(""));
  assert.equal([...world.domains.keys()].map((name) => name.at(-1)), ["c"]);
  world.output = [];
  assert.is(await world.runCommand(ssh, { ...world.context(["c"], { dryRun: true }), passthroughArgs: ["reboot"] }), 0);
  assert.match(world.output.join(""), /\$ ssh -F ssh\/c c reboot/);
  assert.not.ok(world.calls.some((words) => words.includes("packer")), "the box of the others is not built");
  assert.not.match(world.output.join(""), /a is up/);
  assert.is(await world.runCommand(up, world.context(["a", "c"])), 0);
  assert.equal([...world.domains.keys()].map((name) => name.at(-1)), ["c", "a"]);
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.ok(world.calls.includes("vagrant up b --provider=libvirt"));
  assert.is(await world.runCommand(up, world.context(["d"])), 2);
  assert.match(world.output.at(-1)!, /there is no machine d; the machines are a, b, c/);
  assert.is(await world.runCommand(destroy, world.context([])), 0);
  assert.is(world.domains.size, 0);
});

test("status and verify are about the named machines only", async () => {
  const world = new World(two, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context(["a"])), 0, world.output.join(""));
  for (const command of [status, verify]) {
    world.output = [];
    assert.is(await world.runCommand(command, world.context(["a"])), 0, world.output.join(""));
    assert.not.match(world.output.join(""), /\bb: not created|\(b\): the VM is not running/);
    world.output = [];
    await world.runCommand(command, world.context([]));
    assert.match(world.output.join(""), /\bb: not created|\(b\): the VM is not running/);
  }
  await world.runCommand(status, world.context(["b"]));
  assert.match(world.output.join(""), /b is not running: .* up b\n/);
  assert.not.match(world.output.join(""), /no machine is running/, "a runs");
});

test("a VM that does not start does not affect the others: the next run recreates only it", async () => {
  const world = new World(three, "vm-without-gpu");
  world.unresponsive.add("b");
  assert.is(await world.runCommand(up, world.context([])), 1);
  assert.match(world.output.at(-1)!, /Create the VMs a, b, c: failed with code 1/);
  world.unresponsive.clear();
  world.calls = [];
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const removed = world.calls.filter((words) => words.includes("remove-vm.sh"));
  assert.equal(removed.map((words) => words.split(" ")[2]), ["b"]);
  assert.ok(world.calls.includes("vagrant up b --provider=libvirt"), world.calls.join("\n"));
  assert.equal(world.calls.filter((words) => words.startsWith("vagrant ssh-config")).length, 3);
});

test("verify writes nothing while no machine runs", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(verify, world.context([])), 1);
  assert.match(world.output.join(""), /✗ verify\.ssh \(a\): the VM is not running/);
  assert.equal(world.operations.filter((one) => /^(write|create|claim|remove) /.test(one)), []);
});

test("an earlier proof does not count for a machine that no longer answers", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.withoutSsh.add("b");
  world.output = [];
  assert.is(await world.runCommand(verify, world.context([])), 1);
  assert.match(world.output.join(""), /✗ verify\.ssh \(b\): cannot be reached over SSH/);
  assert.match(world.output.join(""), /✓ verify\.ssh \(a\)/);
  await world.runCommand(down, world.context([]));
  assert.is(await world.runCommand(up, world.context([])), 1);
  assert.is(world.disk.get(`${world.folder}/verify/b.txt`), undefined);
});

/** Runs `up` while the VM answers that each service ended with this code. */
async function upWithExit(world: World, code: number): Promise<number> {
  const context = world.context([]);
  const run = context.shell.run;
  context.shell.run = async (command, settings) => {
    const result = await run(command, settings);
    const text = settings.output === undefined ? undefined : world.disk.get(settings.output);
    if (text !== undefined) {
      world.disk.set(settings.output!, text.replace(/^(service:\S+) running 0/gm, `$1 exited ${code}`));
    }
    return result;
  };
  return await world.runCommand(up, context);
}

test("the summary is what the VM reports: a service that --no-gpu leaves out is not listed", async () => {
  const world = new World(
    `${card}services: {web: {image: x}, ml-worker: {image: x, gpu: 1}}`,
    "rtx4070-desktop-debian12",
  );
  assert.is(await world.runCommand(up, world.context([], { gpu: false })), 0, world.output.join(""));
  const [, closing = ""] = world.output.join("").split(/^(?=a is up)/m);
  assert.match(closing, /^a is up at 192\.168\.121\.5: web, proven .*\n {2}web {2}running\n/);
  assert.not.match(closing, /ml-worker/);
});

test("the summary and status are what the VM reports: a failed service is not proven", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context(["a"])), 0, world.output.join(""));
  world.config = three.replace("x/web", "x/other");
  world.output = [];
  assert.is(await upWithExit(world, 3), 1);
  const closing = world.output.join("");
  assert.match(closing, /^a is up at 192\.168\.121\.5: web, not proven\n {2}web {2}exited with code 3$/m);
  world.output = [];
  assert.is(await world.runCommand(status, world.context([])), 0);
  assert.match(world.output.join(""), /^a: running .*\n {2}web {2}exited with code 3$/m);
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(world.output.join(""), /^a is up at 192\.168\.121\.5: web, proven .*\n {2}web {2}running$/m);
});

test("a change that was not proven is undone by up with the earlier config", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context(["a"])), 0, world.output.join(""));
  const withoutSsh = async () => {
    world.withoutSsh.add("a");
    const code = await world.runCommand(up, world.context([]));
    world.withoutSsh.clear();
    return code;
  };
  for (const failing of [() => upWithExit(world, 3), withoutSsh]) {
    world.config = three.replace("x/web", "x/other");
    assert.is(await failing(), 1);
    world.config = three;
    world.output = [];
    assert.is(await world.runCommand(status, world.context([])), 0);
    assert.match(world.output.join(""), /^a: running .* · no longer proven$/m);
    world.calls = [];
    assert.is(await world.runCommand(up, world.context(["a"])), 0, world.output.join(""));
    assert.is(world.calls.filter((words) => /-- \d+ web$/.test(words)).length, 1, world.calls.join("\n"));
    assert.ok(world.calls.some((words) => /compose\.new\.yaml/.test(words)), "the services are started again");
  }
});

test("after a verification that failed, up starts the services again", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.withoutSsh.add("a");
  assert.is(await world.runCommand(verify, world.context([])), 1);
  world.withoutSsh.clear();
  world.calls = [];
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.equal(world.calls.filter((words) => /compose\.new\.yaml/.test(words)).length, 1, world.calls.join("\n"));
  world.calls = [];
  assert.is(await world.runCommand(verify, world.context([])), 0);
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.not.ok(world.calls.some((words) => /compose\.new\.yaml/.test(words)), "one that passed changes nothing");
});

test("a failed step keeps the proofs of other machines", async () => {
  const world = new World(three, "vm-without-gpu");
  world.withoutSsh.add("a");
  assert.is(await world.runCommand(up, world.context([])), 1);
  assert.match(world.output.at(-1)!, /Copy the Compose file to a: failed with code 255/);
  assert.equal(Object.keys(state(world).proofs), ["b", "c"]);
});

test("a lab whose folder was moved finds its VMs by their ids", async () => {
  const world = new World(two, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  // with another path, the names would differ
  for (const [name, number] of [...world.domains]) {
    world.domains.delete(name);
    world.domains.set(`elsewhere-123456_${name.at(-1)}`, number);
    world.uuids.set(`elsewhere-123456_${name.at(-1)}`, uuid(name));
  }
  world.disk.set(
    `${world.folder}/ssh/a`,
    'Host a\n  HostName 192.168.121.5\n  IdentityFile "/old/place/private_key"\n',
  );
  world.calls = [];
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.not.ok(world.calls.some((words) => /remove-vm|vagrant up/.test(words)), world.calls.join("\n"));
  assert.ok(world.calls.includes("vagrant ssh-config a"), "its SSH configuration is saved again");
  assert.is(await world.runCommand(destroy, world.context([])), 0);
  assert.is(world.domains.size, 0);
});

test("without an answer from libvirt, nothing is done that depends on the VMs' state", async () => {
  const world = new World(two, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.libvirtError = "Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied";
  for (const command of [down, destroy, verify, ssh]) {
    world.output = [];
    assert.is(await world.runCommand(command, world.context(["a"].slice(0, command === ssh ? 1 : 0))), 1);
    assert.match(world.output.join(""), /the state of a, b is unknown: Failed to connect.*doctor provider\.access/s);
  }
  world.output = [];
  await world.runCommand(status, world.context([]));
  assert.match(world.output.join(""), /a: unknown · libvirt does not answer: Failed to connect/);
  delete world.libvirtError;
  assert.equal(running(world), ["a", "b"]);
  assert.is(await world.runCommand(down, world.context([])), 0);
  assert.equal(running(world), []);
});

test("down stops a VM that was never reached, and the host has its card back", async () => {
  const world = new World(card, "rtx4070-desktop-debian12");
  world.unresponsive.add("a");
  assert.is(await world.runCommand(up, world.context([])), 1);
  assert.equal(running(world), ["a"]);
  world.output = [];
  await world.runCommand(status, world.context([]));
  assert.match(world.output.join(""), /a: created in part · running, but never reached over SSH/);
  assert.is(await world.runCommand(down, world.context([])), 0, world.output.join(""));
  assert.equal(running(world), []);
  assert.match(world.output.join(""), /✓ gpu\.returned \(a\)/);
});

test("a card that moves to another machine keeps the record of its host driver", async () => {
  const world = new World(two.replace("1024}", "1024, gpu: {device_id: 2786}}"), "rtx4070-desktop-debian12");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const before = state(world).previousDrivers.a;
  assert.not.match(JSON.stringify(before), /vfio/);
  world.config = two.replace(/1024}\n$/, "1024, gpu: {device_id: 2786}}\n");
  assert.is(await world.runCommand(up, world.context([], { recreate: true })), 0, world.output.join(""));
  assert.equal(state(world).previousDrivers, { b: before });
  assert.is(await world.runCommand(destroy, world.context([])), 0, world.output.join(""));
});

for (const existing of [[], ["b"]]) {
  const before = existing.length === 0 ? "no VM" : "another VM";
  test(`destroy ends the step of a killed run while ${before} exists, and removes what it made`, async () => {
    const world = new World(two, "vm-without-gpu");
    for (const name of existing) world.domains.set(prefixOf(world.folder) + name, undefined);
    const steps = [{ group: 77, began: null }];
    world.disk.set(`${world.folder}/lock`, JSON.stringify({ pid: 50, began: null, command: "up", since: "x", steps }));
    const context = world.context([]);
    const signals: string[] = [];
    context.shell.signal = (id, signal) => {
      if (id !== -77) return Promise.resolve(false);
      if (signal !== 0) {
        signals.push(String(signal));
        // the step makes the domain before it ends
        world.domains.set(`${prefixOf(world.folder)}a`, undefined);
      }
      return Promise.resolve(signals.length === 0);
    };
    assert.is(await world.runCommand(destroy, context), 0, world.output.join(""));
    assert.match(world.output.join(""), /left a step running \(process group 77\)[^]*Remove the VM a/);
    assert.equal([...world.domains.keys()], []);
    assert.is(world.disk.get(`${world.folder}/lock`), undefined);
  });
}

test("destroy removes the VMs of a lab whose folder was removed", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  for (const path of world.disk.keys()) if (path.startsWith(`${world.folder}/`)) world.disk.delete(path);
  assert.is(await world.runCommand(destroy, world.context([])), 0, world.output.join(""));
  assert.is(world.domains.size, 0);
});

test("destroy removes what it asked about, and keeps records that were added meanwhile", async () => {
  const world = new World(two.replace(/1024}\n$/, "1024, gpu: {device_id: 2786}}\n"), "rtx4070-desktop-debian12");
  assert.is(await world.runCommand(up, world.context(["a"])), 0, world.output.join(""));
  const context = world.context([], { yes: false });
  const asked: string[] = [];
  Object.assign(context.shell.terminal, { in: true, err: true });
  context.shell.confirm = async (question) => {
    asked.push(question);
    assert.is(await world.runCommand(up, world.context(["b"])), 0, world.output.join(""));
    return true;
  };
  assert.is(await world.runCommand(destroy, context), 0, world.output.join(""));
  assert.equal(asked, ["Remove a and everything in it?"]);
  assert.equal(running(world), ["b"]);
  assert.equal(Object.keys(state(world).previousDrivers), ["b"]);
});

test("destroy does not repeat what another run did while it asked", async () => {
  const world = new World(two, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const context = world.context([], { yes: false });
  Object.assign(context.shell.terminal, { in: true, err: true });
  context.shell.confirm = async () => {
    assert.is(await world.runCommand(destroy, world.context(["a"])), 0, world.output.join(""));
    return true;
  };
  assert.is(await world.runCommand(destroy, context), 0, world.output.join(""));
  const removed = world.calls.filter((words) => words.includes("remove-vm.sh")).map((words) => words.split(" ")[2]);
  assert.equal(removed, ["a", "b"]);
});

test("a machine that left the config is named, and stopped and removed by its name", async () => {
  const world = new World(two, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = two.replace("name: a", "name: c");
  world.output = [];
  assert.is(await world.runCommand(up, world.context(["b"])), 0, world.output.join(""));
  assert.match(world.output.join(""), /a is no longer in the config, and its VM still exists; to remove it: destroy a/);
  assert.match(
    world.disk.get(`${world.folder}/Vagrantfile`)!,
    /config\.vm\.define 'a'\n/,
    "else Vagrant knows nothing of it",
  );
  world.output = [];
  await world.runCommand(status, world.context([]));
  assert.match(world.output.join(""), /a: running · .*no longer in the config/);
  assert.is(await world.runCommand(down, world.context(["a"])), 0);
  assert.equal(running(world), ["b"]);
  assert.is(await world.runCommand(destroy, world.context(["a"])), 0);
  assert.equal([...world.domains.keys()].map((name) => name.at(-1)), ["b"]);
  assert.equal(Object.keys(state(world).proofs), ["b"]);
  assert.is(await world.runCommand(destroy, world.context(["a"])), 2);
  assert.match(world.output.at(-1)!, /there is no machine a; the machines are c, b/);
});

test("a changed box under a running VM warns; services are applied; --recreate replaces it", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = three.replaceAll("debian-13", "debian-12").replace("x/web", "x/newer");
  const said = async (command: typeof up, options = {}) => {
    [world.output, world.calls] = [[], []];
    assert.is(await world.runCommand(command, world.context([], options)), 0, world.output.join(""));
    return world.output.join("").replaceAll(/\s+/g, " ");
  };
  const warning = "machine.outdated (a): its box changed since the VM was created (image debian-13 → debian-12): ";
  assert.ok((await said(plan)).includes(warning));
  assert.ok((await said(up)).includes(warning));
  assert.ok(world.calls.some((one) => one.startsWith("ssh ")), "services are applied and proven");
  assert.not.ok(world.calls.some((one) => /vagrant|packer|remove-vm/.test(one)), world.calls.join("\n"));
  const idle = await said(up);
  assert.ok(idle.includes(warning) && idle.includes("nothing to do"), idle);
  const shown = await said(status);
  assert.ok(shown.includes(warning) && shown.includes("up a --recreate"), shown);
  assert.match(await said(status, { json: true }), /"outdated": ?"its box changed/);
  await said(up, { recreate: true });
  const removed = world.calls.filter((words) => words.includes("remove-vm.sh")).map((words) => words.split(" ")[2]);
  assert.equal(removed, ["a", "b"]);
  assert.not.match(await said(status), /machine\.outdated/);
});

test("a box with another name is a warning too", async () => {
  const world = new World(two, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = two.replace("name: a, box: lab/y", "name: a, box: lab/z");
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0);
  assert.match(world.output.join(""), /! machine\.outdated \(a\): its box changed/);
  assert.match(world.disk.get(`${world.folder}/Vagrantfile`)!, /vm\.box = 'lab\/y'[^]*vm\.box = 'lab\/y'/);
});

test("libvirt's copies of a box are removed once no VM has it: --recreate with another box, and destroy", async () => {
  const dropped = (world: World) =>
    world.calls.flatMap((words) => /scripts\/box-volumes\.sh drop (\S+)/.exec(words)?.[1] ?? []);
  const order = (world: World) =>
    world.calls.flatMap((words) => /scripts\/(remove-vm|box-volumes\.sh drop)|vagrant up/.exec(words)?.[0] ?? []);
  const world = new World(two, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = two.replaceAll("box: lab/y", "box: lab/z");
  world.calls = [];
  assert.is(await world.runCommand(up, world.context([], { recreate: true })), 0, world.output.join(""));
  assert.equal(dropped(world), ["lab/y"]);
  const [first, second, third] = order(world);
  assert.equal([first, second, third], ["scripts/remove-vm", "scripts/remove-vm", "scripts/box-volumes.sh drop"]);
  // the VMs still have the other box
  world.config = two;
  world.calls = [];
  assert.is(await world.runCommand(destroy, world.context([])), 0, world.output.join(""));
  assert.equal(dropped(world), ["lab/y", "lab/z"]);
});

test("a file of Vagrant's that a power failure emptied is restored", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const id = `${world.folder}/.vagrant/machines/b/libvirt/id`;
  world.disk.set(id, "");
  world.calls = [];
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.is(world.disk.get(id), uuid([...world.domains.keys()].find((name) => name.endsWith("_b"))!));
  assert.not.ok(world.calls.some((words) => /remove-vm|vagrant/.test(words)), world.calls.join("\n"));
});

test("destroy keeps the record of the host driver until the card is back", async () => {
  const world = new World(card, "rtx4070-desktop-debian12");
  const handed = () => Object.keys(JSON.parse(world.disk.get(`${world.folder}/state.json`)!).previousDrivers);
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.equal(handed(), ["a"]);
  world.unreadable = /^0000:01:00\.[01]\/driver:/;
  world.output = [];
  assert.is(await world.runCommand(destroy, world.context([])), 0, world.output.join(""));
  assert.match(world.output.join(""), /\? gpu\.returned \(a\): could not read whether the host has its card back/);
  assert.equal(handed(), ["a"]);
  delete world.unreadable;
  assert.is(await world.runCommand(destroy, world.context([])), 0);
  assert.match(world.output.join(""), /✓ gpu\.returned \(a\): the host has its card back/);
  assert.equal(handed(), []);
});

test.run();

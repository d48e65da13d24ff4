// An existing VM without a data disk gets one: what plan and up say, ask and run.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { plan } from "../lib/cli/commands/plan.mts";
import { status } from "../lib/cli/commands/status.mts";
import { up } from "../lib/cli/commands/up.mts";
import { prefixOf } from "../lib/host/lab.mts";
import { World } from "./world.mts";

const test = suite("a data disk for an existing VM");

const config = (data: string, engine = "") => `machines: [{name: a, box: lab/x, memory: 1024${data}${engine}}]\n`;
const du = "ssh -F ssh/a -o BatchMode=yes";
const vol = "virsh -q -c qemu:///system vol-info";
const sizes = "40960\t/srv\n2097152\t/var/lib/docker\n1024\t/var/lib/containerd\n";

/** A lab whose VM runs without a data disk, and whose config now asks for one of 100 GiB. */
async function lab(data = ", data: 100 GiB", engine = ""): Promise<World> {
  const world = new World(config("", engine), "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  world.config = config(data, engine);
  world.answers[du] = { out: sizes };
  [world.calls, world.output] = [[], []];
  return world;
}

/** Runs up with these answers to its questions. */
async function asked(world: World, answer = true): Promise<{ code: number; questions: string[] }> {
  const context = world.context([], { yes: false });
  Object.assign(context.shell.terminal, { in: true, err: true });
  const questions: string[] = [];
  context.shell.confirm = (question) => (questions.push(question), Promise.resolve(answer));
  return { code: await world.runCommand(up, context), questions };
}
const domain = (world: World) => `${prefixOf(world.folder)}a`;
const attaches = (world: World) => `sh scripts/attach-data.sh ${domain(world)} ${domain(world)}-data.qcow2 100`;
/** The calls that change the VM or its data, in order. */
const steps = (world: World) =>
  world.calls.filter((call) => /^vagrant (up|reload)|attach-data|grow-disk|^ssh .* sudo sh -s$/.test(call)).map((
    call,
  ) => /^(?:vagrant \w+|sh scripts\/\S+|ssh)/.exec(call)![0]);

test("up asks with the sizes, then attaches the disk, restarts the VM and moves the data", async () => {
  const world = await lab();
  const { code, questions } = await asked(world);
  assert.is(code, 0, world.output.join(""));
  assert.equal(questions, [
    `The VM of a gets the data disk ${domain(world)}-data.qcow2 (100 GiB): it restarts, and its services stop ` +
    "meanwhile.\n  copies: /srv (40 MiB), /var/lib/docker (2.0 GiB), /var/lib/containerd (1.0 MiB)\n" +
    "  stays:  the originals on the system disk, until you remove them\nContinue?",
  ]);
  assert.ok(world.calls.includes(attaches(world)));
  assert.equal(steps(world).slice(0, 4), [
    "sh scripts/attach-data.sh",
    "vagrant reload",
    "sh scripts/grow-disk.sh",
    "ssh",
  ]);
  const said = world.output.join("");
  assert.match(said, /Restart the VM a with its data disk/);
  assert.match(said, /to remove them\n {6}.*ssh a -- 'sudo sh -s -- remove' <\S+\/scripts\/data-originals\.sh/);
  assert.match(said, /to go back, after data: is removed from the config\n {6}.*ssh a -- 'sudo sh -s -- back' <\S+/);
  assert.ok(world.disk.has(`${world.folder}/scripts/data-originals.sh`));
  assert.is(world.disk.get(`${world.folder}/data/a`), `${domain(world)}-data.qcow2\n`);
});

test("a no, and no terminal without --yes, change nothing", async () => {
  const world = await lab();
  const before = world.disk.get(`${world.folder}/Vagrantfile`);
  assert.is((await asked(world, false)).code, 1);
  assert.is(await world.runCommand(up, world.context([], { yes: false })), 2);
  assert.match(world.output.join(""), /the data disk for the VM of a needs your confirmation/);
  assert.equal(steps(world), []);
  assert.is(world.disk.get(`${world.folder}/Vagrantfile`), before);
});

test("data that does not fit is refused before anything runs, also with --yes", async () => {
  const world = await lab(", data: 2 GiB");
  assert.is(await world.runCommand(up, world.context([], { yes: true })), 1);
  assert.match(
    world.output.join(""),
    /a: \/srv, \/var\/lib\/docker, \/var\/lib\/containerd have 2\.0 GiB, which do not fit on a data disk of 2 GiB/,
  );
  assert.equal(steps(world), []);
});

test("a VM that is off is started with the disk; its sizes are not known", async () => {
  const world = await lab();
  world.domains.set(domain(world), undefined);
  const { code, questions } = await asked(world);
  assert.is(code, 0, world.output.join(""));
  assert.match(questions[0]!, /copies: \/srv, .*, of unknown size, since the VM does not answer\n/);
  assert.equal(steps(world).slice(0, 2), ["sh scripts/attach-data.sh", "vagrant up"]);
});

test("a disk with data of an earlier VM is mounted as it is, and the question says so", async () => {
  const world = await lab();
  const volume = `${domain(world)}-data.qcow2`;
  const info = (used: number) => ({
    out: `Name:           ${volume}\nCapacity:       ${100 * 1024 ** 3} bytes\nAllocation:     ${used} bytes\n\n`,
  });
  world.answers[vol] = info(300 * 1024 ** 2);
  const { questions } = await asked(world, false);
  assert.match(
    questions[0]!,
    /mounts: what an earlier VM wrote to that disk \(300 MiB\)\n {2}stays: .* no longer used/,
  );
  assert.not.match(questions[0]!, /copies/);
  // a run that was stopped left the disk, still blank
  world.answers[vol] = info(196 * 1024);
  assert.match((await asked(world, false)).questions[0]!, /copies: \/srv \(40 MiB\)/);
});

test("plan shows the steps and what they mean; Podman's folders are its own", async () => {
  for (const [engine, folders] of [["", "/var/lib/docker"], [", engine: podman", "/var/lib/containers"]] as const) {
    const world = await lab(undefined, engine);
    assert.is(await world.runCommand(plan, world.context([])), 0, world.output.join(""));
    const said = world.output.join("").replace(/\s+/g, " ");
    assert.match(said, /Give a a data disk of 100 GiB.*Restart the VM a with its data disk.*Mount the data disk of a/);
    assert.match(said, new RegExp(`up restarts its VM with a data disk, and copies ${folders} .* to it`));
    assert.equal(steps(world), []);
  }
});

test("status does not call a VM outdated that up itself gives a data disk: --recreate would lose its data", async () => {
  const world = await lab();
  assert.is(await world.runCommand(status, world.context([], { json: true })), 0);
  assert.match(world.output.join(""), /"outdated": null/);
});

test("a VM whose disks libvirt does not report gets none", async () => {
  const world = await lab();
  world.answers["virsh -q -c qemu:///system dominfo"] = { out: "" };
  await world.runCommand(up, world.context([], { yes: true }));
  assert.not.match(world.calls.join("\n"), /attach-data/);
});

test.run();

// Data disks: what is read about them, what a plan does with them, and that nothing but `destroy
// --data` deletes one.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { destroy } from "../lib/cli/commands/destroy.mts";
import { up } from "../lib/cli/commands/up.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { type Lab, type LabMachine, prefixOf, readLab } from "../lib/host/lab.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { names as assets } from "../lib/plan/assets.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell, own } from "./fake.mts";
import { savedHost } from "./hosts.mts";
import { uuid, World } from "./world.mts";

const test = suite("data disks");
const host = savedHost("vm-without-gpu");
const texts = Object.fromEntries(assets.map((name) => [name, own(name)]));
const folder = "/home/me/lab/.homelab-gpu";
const volumeInfo = (name: string, gib: number, usedMiB: number) =>
  `Name:           ${name}\nType:           file\nCapacity:       ${gib * 1024 ** 3} bytes\nAllocation:     ${
    usedMiB * 1024 ** 2
  } bytes\n\n`;
const disk = (volume: string, serial = "homelab-gpu-data") =>
  `<disk type='file' device='disk'>\n<source file='/pool/${volume}'/>\n<target dev='vdb' bus='virtio'/>\n` +
  `<serial>${serial}</serial>\n</disk>\n`;

async function seen(config: string, files: Record<string, string>, virsh: string) {
  const { shell, asked } = fakeShell(files, { virsh: { out: virsh, code: 0 } });
  return { lab: await readLab(shell, parseConfig(config), folder), asked };
}

test("the volume of the record counts, also in a lab that was moved; its sizes are libvirt's", async () => {
  const prefix = prefixOf(folder);
  const config = "machines: [{name: a, box: lab/x, data: 200 GiB}, {name: b, box: lab/x, data: 1 GiB}]";
  const { lab } = await seen(
    config,
    { [`${folder}/data/a`]: "moved-1a2b3c_a-data.qcow2\n" },
    volumeInfo("moved-1a2b3c_a-data.qcow2", 200, 300),
  );
  assert.equal(lab.machines.a!.data, { volume: "moved-1a2b3c_a-data.qcow2", size: 204800, used: 300 });
  assert.equal(lab.machines.b!.data, { volume: `${prefix}b-data.qcow2` });
});

test("a machine that left the config is known by the record of its data disk", async () => {
  const { lab } = await seen(
    "machines: [{name: b, box: lab/x}]",
    { [`${folder}/data/a`]: "lab_a-data.qcow2\n" },
    volumeInfo("lab_a-data.qcow2", 2, 1),
  );
  assert.is(lab.orphans.a!.state, "absent");
  assert.is(lab.orphans.a!.data!.size, 2048);
});

test("a record that is no volume's name is not passed to virsh", async () => {
  for (const text of ["a; vol-delete b", "", "-x", "a\nb"]) {
    const { asked } = await seen("machines: [{name: a, box: lab/x}]", { [`${folder}/data/a`]: text }, "");
    assert.not.match(asked.join("\n"), /vol-/, text);
  }
});

test("the data disk of a VM is the one with our serial number", async () => {
  const xml =
    `Id: 3\nName: ${prefixOf(folder)}a\n<domain type='kvm'>\n<disk>\n<source file='/pool/a.img'/>\n</disk>\n` +
    `${disk("other.qcow2", "mine")}${disk("a-data.qcow2")}</domain>\n`;
  const { lab } = await seen("machines: [{name: a, box: lab/x}]", {}, xml);
  assert.is(lab.machines.a!.hardware!.dataVolume, "a-data.qcow2");
});

const sized = (keys: string) => parseConfig(`machines: [{name: a, box: lab/x, memory: 1024${keys}}]`);

function planned(
  keys: string,
  there: Partial<LabMachine> = {},
  { recreate = false, orphans = {} as Lab["orphans"] } = {},
) {
  const a: LabMachine = { domain: "lab-123456_a", state: "absent", ...there };
  const lab: Lab = { folder, prefix: "lab-123456_", boxes: {}, orphans, machines: { a } };
  const config = sized(keys);
  const resolved = resolveConfig(config, host, {
    a: {
      running: there.state === "running",
      passedAddresses: [],
      ...(a.data ? { dataVolume: a.data.volume } : {}),
      ...(a.data?.size === undefined ? {} : { dataSize: a.data.size }),
    },
  });
  return makePlan(resolved, host, lab, texts, { recreate });
}
const file = (plan: ReturnType<typeof planned>, path: string) => plan.files.find((one) => one.path === path)?.text;
const storage = (plan: ReturnType<typeof planned>) => /^ *l\.storage .*$/m.exec(file(plan, "Vagrantfile")!)?.[0].trim();
const steps = (plan: ReturnType<typeof planned>) =>
  plan.steps.map(({ command, input }) => input ?? command.join(" ")).filter((text) =>
    /grow-disk|mount-data/.test(text)
  );
const line = (size: string, path = "lab-123456_a-data.qcow2") =>
  `l.storage :file, size: '${size}', path: '${path}', serial: 'homelab-gpu-data', allow_existing: true`;

test("a new VM gets the disk by vagrant-libvirt, which keeps it, and mounts it before its services start", () => {
  const plan = planned(", data: 200 GiB");
  assert.is(storage(plan), line("200G"));
  assert.is(file(plan, "data/a"), "lab-123456_a-data.qcow2\n");
  assert.equal(steps(plan), ["sh scripts/grow-disk.sh lab-123456_a 200 data", "scripts/mount-data.sh"]);
  const mount = plan.steps.findIndex(({ input }) => input === "scripts/mount-data.sh");
  assert.ok(mount < plan.steps.findIndex(({ input }) => input === "scripts/verify-guest.sh"));
  assert.match(plan.steps[mount]!.command.at(-1)!, /^sudo sh -s$/);
  const podman = planned(", data: 1 GiB, engine: podman").steps.find(({ input }) => input === "scripts/mount-data.sh");
  assert.is(podman!.command.at(-1), "sudo env ENGINE=podman sh -s");
});

test("without data: a lab has no line, no file and no step of data disks", () => {
  const plan = planned("");
  assert.is(storage(plan), undefined);
  assert.equal(plan.files.filter(({ path }) => /data/.test(path)), []);
  assert.equal(steps(plan), []);
});

const hardware = { accelerator: "tcg" as const, assignedFunctions: [] };
const data = { volume: "old_a-data.qcow2", size: 204800, used: 1 };

test("the disk that exists is used under its own name", () => {
  assert.is(storage(planned(", data: 200 GiB", { data })), line("200G", "old_a-data.qcow2"));
  assert.is(file(planned(", data: 200 GiB", { data }), "data/a"), "old_a-data.qcow2\n");
});

test("a VM keeps its disk in the Vagrantfile when data: is removed: Vagrant would delete it with the VM", () => {
  const there = { state: "off" as const, data, hardware: { ...hardware, dataVolume: data.volume } };
  assert.is(storage(planned("", there)), line("200G", "old_a-data.qcow2"));
  const old = { ...there, domain: "lab-123456_old" };
  const text = file(planned("", {}, { orphans: { old } }), "Vagrantfile")!;
  assert.match(text.slice(text.indexOf("define 'old'")), /l\.storage :file, size: '200G', path: 'old_a-data\.qcow2'/);
});

test("a VM without the disk gets it, and one with another disk must be recreated; one with it is left alone", () => {
  const running: Partial<LabMachine> = { state: "running", address: "192.168.121.5", bootId: "b/1", hardware };
  const without = planned(", data: 200 GiB", running);
  assert.equal(without.findings.map(({ status, message }) => [status, message.slice(0, 36)]), [
    ["warn", "up restarts its VM with a data disk,"],
  ]);
  assert.equal(without.gainsData, ["a"]);
  const another = planned(", data: 200 GiB", { ...running, data, hardware: { ...hardware, dataVolume: "x.qcow2" } });
  assert.equal(another.findings.map(({ status, message }) => [status, message.slice(0, 45)]), [
    ["fail", "its data disk changed since the VM was create"],
  ]);
  assert.equal([another.steps, another.gainsData], [[], []]);
  assert.equal(planned(", data: 200 GiB", running, { recreate: true }).replaces, ["a"]);
  const has = { ...running, data, hardware: { ...hardware, dataVolume: data.volume } };
  assert.equal(planned(", data: 200 GiB", has).findings, []);
  assert.equal(steps(planned(", data: 300 GiB", has)), [
    "sh scripts/grow-disk.sh lab-123456_a 300 data",
    "scripts/mount-data.sh",
  ]);
});

test("storage.data: never smaller than it is, only with libvirt and with the reason, and free space", () => {
  const found = (keys: string, more: object = {}, free = 999999) => {
    const changed = structuredClone(host);
    changed.disk.images = free;
    const resolved = resolveConfig(sized(keys), changed);
    Object.assign(resolved.machines[0]!, more);
    return runChecks(changed, resolved, ["storage.data"])[0];
  };
  assert.is(found(""), undefined);
  assert.is(found(", data: 200 GiB")!.status, "pass");
  assert.is(found(", data: 200 GiB", { dataSize: 204800 })!.status, "pass");
  assert.is(found(", data: 200 GiB", { dataSize: 102400 })!.status, "pass");
  const smaller = found(", data: 200 GiB", { dataSize: 307200 })!;
  assert.is(smaller.status, "fail");
  assert.is(smaller.fix[0]!.title, "Write data: 300 GiB");
  assert.is(found(", data: 200 GiB", {}, 100000)!.status, "warn");
  assert.is(found(", data: 200 GiB", { dataSize: 204800, dataUsed: 150000 }, 100000)!.status, "pass");
  for (const provider of ["virtualbox", "hyperv", "parallels"]) {
    const refused = found(", data: 200 GiB", { provider })!;
    assert.is(refused.status, "fail");
    assert.match(refused.message, /^data: is available only with libvirt so far: .+/, provider);
    assert.equal(refused.evidence.map(({ read }) => read), ["data"], "libvirt is not read for it");
  }
});

test("host.disk: several data disks, and system disks of a named size, together need more than is free", () => {
  const found = (sizes: number[], free: number, more: object = {}, keys = "") => {
    const changed = structuredClone(host);
    changed.disk = { images: free, cache: 999999 };
    const machines = sizes.map((size, i) => `{name: m${i}, box: lab/x, memory: 512, data: ${size} GiB${keys}}`);
    const resolved = resolveConfig(parseConfig(`machines: [${machines.join(", ")}]`), changed);
    for (const machine of resolved.machines) Object.assign(machine, more);
    return runChecks(changed, resolved, ["host.disk"])[0]!;
  };
  assert.is(found([60, 60], 100 * 1024).status, "warn");
  assert.match(found([60, 60], 100 * 1024).message, /may take 120 GiB more, but only 100 GiB are free/);
  assert.is(found([60, 30], 100 * 1024).status, "pass");
  assert.is(found([60, 60], 100 * 1024, { dataUsed: 20 * 1024 }).status, "pass");
  assert.match(found([30], 100 * 1024, {}, ", disk: 80 GiB").message, /may take 110 GiB more/);
  assert.is(found([30], 100 * 1024, {}, ", disk: 64 GiB").status, "pass");
  assert.is(found([30], 100 * 1024, { diskUsed: 20 * 1024 }, ", disk: 80 GiB").status, "pass");
});

test("data: in whole GiB", () => {
  const wrong = (keys: string) => {
    try {
      sized(keys);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.is(sized(", data: 200 GiB").machines[0]!.data, 204800);
  assert.match(wrong(", data: 1.5 GiB"), /data is in whole GiB[^]*data: 2 GiB/);
  for (const value of ["0", "500 MiB", "-1", "yes", "{size: 2 GiB}", "200 XB"]) {
    assert.match(wrong(`, data: ${value}`), /data (must be|is)/, value);
  }
});

const one = "machines: [{name: a, box: lab/x, memory: 1024, data: 2 GiB}]\n";
const vol = "virsh -q -c qemu:///system vol-info";
function labWithData() {
  const world = new World(one, "vm-without-gpu");
  const volume = `${prefixOf(world.folder)}a-data.qcow2`;
  world.answers[vol] = { out: volumeInfo(volume, 2, 300) };
  return { world, volume };
}
const removals = (world: World) =>
  world.calls.filter((words) => /remove-(vm|data)\.sh/.test(words)).map((words) => words.split(" ")[1]);

test("destroy keeps the data disk, and names it with its sizes", async () => {
  const { world, volume } = labWithData();
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const asked: string[] = [];
  const context = world.context([], { yes: false });
  Object.assign(context.shell.terminal, { in: true, err: true });
  context.shell.confirm = (question) => (asked.push(question), Promise.resolve(true));
  assert.is(await world.runCommand(destroy, context), 0, world.output.join(""));
  assert.equal(removals(world), ["scripts/remove-vm.sh"]);
  assert.match(asked[0]!, new RegExp(`stays: the data disk of a \\(${volume}\\): 2 GiB, of which 300 MiB are used`));
  assert.match(world.output.join(""), new RegExp(`kept: the data disk of a \\(${volume}\\): 2 GiB`));
  assert.ok(world.disk.has(`${world.folder}/data/a`));
});

test("destroy --data lists the data disk, and deletes it after a yes, also without its VM", async () => {
  for (const vm of [true, false]) {
    const { world, volume } = labWithData();
    assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
    if (!vm) assert.is(await world.runCommand(destroy, world.context([])), 0);
    world.calls = [];
    const refused = world.context([], { yes: false, data: true });
    assert.is(await world.runCommand(destroy, refused), 2, "no terminal, and no --yes");
    assert.equal(removals(world), []);
    const asked: string[] = [];
    const context = world.context([], { yes: false, data: true });
    Object.assign(context.shell.terminal, { in: true, err: true });
    context.shell.confirm = (question) => (asked.push(question), Promise.resolve(asked.length > 1));
    assert.is(await world.runCommand(destroy, context), 1);
    assert.equal(removals(world), []);
    assert.match(
      asked[0]!,
      new RegExp(`goes: {2}the data disk of a \\(${volume}\\): 2 GiB, of which 300 MiB are used`),
    );
    assert.is(await world.runCommand(destroy, context), 0, world.output.join(""));
    assert.equal(removals(world), [...(vm ? ["scripts/remove-vm.sh"] : []), "scripts/remove-data.sh"]);
    assert.ok(world.calls.includes(`sh scripts/remove-data.sh ${volume}`));
    assert.not.ok(world.disk.has(`${world.folder}/data/a`), "its record is gone");
  }
});

test("destroy --data does nothing while libvirt does not say which disks there are", async () => {
  const { world } = labWithData();
  world.disk.set(`${world.folder}/data/a`, "x_a-data.qcow2\n");
  world.libvirtError = "Disconnected";
  assert.is(await world.runCommand(destroy, world.context([], { data: true })), 1);
  assert.match(world.output.join(""), /libvirt does not say which data disks exist: Disconnected/);
});

test("a machine that left the config: its data disk is named, and destroy NAME --data deletes it", async () => {
  const { world, volume } = labWithData();
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.is(await world.runCommand(destroy, world.context([])), 0);
  world.config = one.replace("name: a", "name: b").replace(", data: 2 GiB", "");
  world.output = [];
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  assert.match(
    world.output.join(""),
    /a is no longer in the config, and its data disk still exists; to remove it: destroy a --data/,
  );
  assert.not.match(world.disk.get(`${world.folder}/Vagrantfile`)!, /define 'a'/);
  assert.is(await world.runCommand(destroy, world.context(["a"], { data: true })), 0, world.output.join(""));
  assert.ok(world.calls.includes(`sh scripts/remove-data.sh ${volume}`));
});

test("up --recreate says that the data disk stays, and what goes", async () => {
  const { world, volume } = labWithData();
  assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
  const domain = `${prefixOf(world.folder)}a`;
  world.answers["virsh -q -c qemu:///system dominfo"] = {
    out: `Id: 1\nName: ${domain}\nUUID: ${uuid(domain)}\nCPU(s): 2\nMax memory: 1048576 KiB\n` +
      `<domain type='kvm'>\n${disk(volume)}</domain>\n`,
  };
  const context = world.context([], { yes: false, recreate: true });
  Object.assign(context.shell.terminal, { in: true, err: true });
  const asked: string[] = [];
  context.shell.confirm = (question) => (asked.push(question), Promise.resolve(false));
  assert.is(await world.runCommand(up, context), 1);
  assert.match(asked[0]!, /stays: the data disk of a, with \/var\/lib\/docker \(volumes, images\) and \/srv/);
  assert.match(asked[0]!, /goes: {2}the system disk of a, with every file in the VM that is not in \/var\/lib\/docker/);
});

test.run();

// The Vagrantfile blocks of Hyper-V, VirtualBox and Parallels in the real Vagrant on Linux, with
// stand-ins for PowerShell and VBoxManage: which settings exist, which values arrive, and which
// calls reach the hypervisor, in order.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { names } from "../../lib/plan/assets.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { parseHost } from "../../lib/host/parse.mts";
import { makePlan } from "../../lib/plan/plan.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import type { Host } from "../../lib/host/types.mts";
import { own, root } from "../fake.mts";

const test = suite<{ folder: string }>("providers");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu providers-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const windows = parseHost("homelab-gpu-probe 1 windows\n[os]\nPRETTY_NAME:Windows 11 Pro\n");
const linux = parseHost(own("test/hosts/rtx4070-desktop-debian12.txt"));

/** Renders a machine's lab and makes Vagrant find the provider. */
function lab(folder: string, machine: string, host: Host = windows, change = (text: string) => text): void {
  const config = resolveConfig(
    parseConfig(`machines: [{name: a, box: lab/x, cpus: 3, memory: 2048, ${machine}}]`),
    host,
  );
  const there = {
    folder,
    prefix: "lab-1_",
    boxes: {},
    orphans: {},
    machines: {
      a: {
        domain: "lab-1_a",
        state: "absent" as const,
        ...(existsSync(join(folder, "cards/a.txt")) ? { cardTaken: true as const } : {}),
      },
    },
  };
  const texts = Object.fromEntries(names.map((name) => [name, own(name)]));
  for (const { path, text } of makePlan(config, host, there, texts).files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const needed = path === "Vagrantfile" ? `require "${root}/test/tools/stand-ins/windows.rb"\n${change(text)}` : text;
    writeFileSync(join(folder, path), needed);
  }
}

function vagrant(folder: string, provider: string, words: string[], more: Record<string, string> = {}) {
  const env: Record<string, string | undefined> = {
    ...process.env,
    PATH: `${root}/test/tools/stand-ins:${process.env.PATH}`,
    STAND_IN: folder,
    VAGRANT_CHECKPOINT_DISABLE: "1",
    VAGRANT_HOME: join(folder, "vagrant home"),
    VAGRANT_DEFAULT_PROVIDER: provider,
    ...more,
  };
  delete env.NODE_OPTIONS;
  const { status, stdout, stderr } = spawnSync("vagrant", words, { cwd: folder, env, encoding: "utf8", input: "" });
  return { status, said: stdout + stderr };
}
const calls = (folder: string) =>
  existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").trim().split("\n") : [];

/** Creates a provider's box that Vagrant accepts; no VM starts from it. */
function box(folder: string, provider: string): void {
  const at = join(folder, "vagrant home/boxes/lab-VAGRANTSLASH-x/0", provider);
  for (const part of ["Virtual Machines", "Virtual Hard Disks"]) mkdirSync(join(at, part), { recursive: true });
  writeFileSync(join(at, "metadata.json"), JSON.stringify({ provider }));
  writeFileSync(join(at, "Virtual Machines/x.vmcx"), "");
  writeFileSync(join(at, "Virtual Hard Disks/x.vhdx"), "");
  writeFileSync(join(at, "box.ovf"), '<Envelope><References><File href="box.vmdk"/></References></Envelope>');
  writeFileSync(join(at, "Vagrantfile"), 'Vagrant.configure("2") { |config| config.vm.base_mac = "080027000001" }\n');
}

for (
  const [provider, gpu, setting] of [
    ["hyperv", "", "h.linked_clone"],
    ["hyperv", ", gpu: {device_id: 2786, partition_count: 32}", "h.gpu_partition_count"],
    ["hyperv", ", gpu: {device_id: 2786, mode: passthrough}", "h.gpu_assigned"],
    ["virtualbox", "", "v.linked_clone"],
    ["parallels", "", "p.linked_clone"],
  ] as const
) {
  test(`Vagrant evaluates the block of ${provider}${gpu}, and refuses an unknown setting`, ({ folder }) => {
    lab(folder, `provider: ${provider}${gpu}`);
    const { status, said } = vagrant(folder, provider, ["validate"]);
    assert.is(status, 0, said);
    assert.match(said, /validated successfully/);
    lab(folder, `provider: ${provider}${gpu}`, windows, (text) => text.replace(setting, `${setting.slice(0, 2)}bogus`));
    assert.match(vagrant(folder, provider, ["validate"]).said, /The following settings shouldn't exist: bogus/);
  });
}

test("Vagrant does not know these settings without hyperv_gpu.rb", ({ folder }) => {
  lab(folder, "provider: hyperv, gpu: {}", windows, (text) => text.replace('require_relative "hyperv_gpu"', ""));
  assert.match(vagrant(folder, "hyperv", ["validate"]).said, /shouldn't exist: gpu_partition_adapter/);
});

const id = "8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f";
/** The queries of Vagrant and hyperv_gpu.rb, in order. */
const asked = (folder: string) =>
  calls(folder).filter((line) => !/^vagrant: (check|has|import|get|set|list)/.test(line));

test("vagrant up on Hyper-V: static memory, no checkpoints, the card in one call, then the VM starts", ({ folder }) => {
  lab(folder, "provider: hyperv, gpu: {device_id: 2786}");
  box(folder, "hyperv");
  const { said } = vagrant(folder, "hyperv", ["up"]);
  assert.match(said, /Giving the VM a partition of the card[^]*the stand-in starts no VM/, said);
  assert.equal(asked(folder), [
    "vagrant: configure_vm",
    "configured: -SwitchID 'c08cb7b8-9b3c-408e-8e30-5e16a3aeb444' -Memory '2048' -Processors '3' -AutoStartAction 'Nothing' -AutoStopAction 'TurnOff' -ErrorAction Stop",
    `card: give -Mode partition -Id ${id} -Vendor 10de -Device 2786 -Count 1 -Record ${folder}/cards/a.txt`,
    "vagrant: start_vm",
  ]);
});

/** The queries of a start for an existing VM, and the error that ends it. */
function started(folder: string, gpu: string, words = ["up"], state = "off"): string[] {
  lab(folder, `provider: hyperv${gpu}`);
  box(folder, "hyperv");
  rmSync(join(folder, "calls"), { force: true });
  writeFileSync(join(folder, "state"), state);
  mkdirSync(join(folder, ".vagrant/machines/a/hyperv"), { recursive: true });
  writeFileSync(join(folder, ".vagrant/machines/a/hyperv/id"), id);
  const { said } = vagrant(folder, "hyperv", words);
  const error = /homelab-gpu: (.*)/.exec(said)?.[1];
  return [...asked(folder).filter((line) => !/^vagrant: conf|^conf/.test(line)), ...(error ? [`error: ${error}`] : [])];
}
const whole = ", gpu: {device_id: 2786, mode: passthrough}";
const give = (folder: string) =>
  `card: give -Mode passthrough -Id ${id} -Vendor 10de -Device 2786 -Record ${folder}/cards/a.txt`;
const back = (folder: string) => `card: back -Id ${id} -Record ${folder}/cards/a.txt`;

test("a reload adds the card too, between stop and start", ({ folder }) => {
  const found = started(folder, whole, ["reload"], "on");
  assert.equal(found, ["vagrant: stop_vm", give(folder), "vagrant: start_vm"]);
});

test("a whole card goes to the VM before it starts, and to the host before the VM is deleted", ({ folder }) => {
  assert.equal(started(folder, whole), [give(folder), "vagrant: start_vm"]);
  assert.equal(started(folder, whole, ["destroy", "-f"]), ["vagrant: stop_vm", back(folder), "vagrant: delete_vm"]);
});

test("destroy returns a card that the config no longer has, and queries no VM without one", ({ folder }) => {
  assert.equal(started(folder, ", gpu: {}", ["destroy", "-f"]), ["vagrant: stop_vm", "vagrant: delete_vm"]);
  mkdirSync(join(folder, "cards"));
  writeFileSync(join(folder, "cards/a.txt"), "PCI\\VEN_10DE");
  assert.equal(started(folder, ", gpu: {}", ["destroy", "-f"]), [
    "vagrant: stop_vm",
    back(folder),
    "vagrant: delete_vm",
  ]);
});

test("a start without a card in the config returns the one that the VM has", ({ folder }) => {
  mkdirSync(join(folder, "cards"));
  writeFileSync(join(folder, "cards/a.txt"), "PCI\\VEN_10DE");
  assert.equal(started(folder, ""), [back(folder), "vagrant: start_vm"]);
});

test("a card that Hyper-V refuses stops the start and the removal, with its error", ({ folder }) => {
  writeFileSync(join(folder, "refused"), "homelab-gpu: no card 10de:2786 on this host\n");
  assert.equal(started(folder, whole), [give(folder), "error: no card 10de:2786 on this host"]);
  const removed = started(folder, whole, ["destroy", "-f"]);
  assert.equal(removed, ["vagrant: stop_vm", back(folder), "error: no card 10de:2786 on this host"]);
});

test("vagrant up on VirtualBox sets CPUs and memory, and no card unless requested", ({ folder }) => {
  lab(folder, "provider: virtualbox");
  box(folder, "virtualbox");
  const { said } = vagrant(folder, "virtualbox", ["up"]);
  assert.match(said, /the stand-in starts no VM/, said);
  const id = "0f0e0d0c-0001-4b3a-9f3c-1a2b3c4d5e6f";
  const set = calls(folder).filter((line) => line.startsWith("modifyvm") && /--(cpus|memory|name)/.test(line));
  assert.equal(set.slice(-3), [
    `modifyvm ${id} --name lab-1_a`,
    `modifyvm ${id} --cpus 3`,
    `modifyvm ${id} --memory 2048`,
  ]);
  assert.not.ok(calls(folder).some((line) => /pciattach|chipset ich9/.test(line)));
});

test("Vagrant adds a box by its metadata file, from a folder with a space in its name", ({ folder }) => {
  lab(folder, "provider: virtualbox, image: debian-13");
  const built = join(folder, "packer/lab~x~virtualbox/output");
  mkdirSync(built, { recursive: true });
  writeFileSync(join(folder, "metadata.json"), '{"provider": "virtualbox"}');
  spawnSync("tar", ["-cf", join(built, "package.box"), "-C", folder, "metadata.json"]);
  const { versions: [{ version }] } = JSON.parse(
    readFileSync(join(folder, "packer/lab~x~virtualbox/metadata.json"), "utf8"),
  );
  const words = ["box", "add", "--force", "--provider", "virtualbox", "packer/lab~x~virtualbox/metadata.json"];
  const { status, said } = vagrant(folder, "virtualbox", words);
  assert.is(status, 0, said);
  assert.ok(
    existsSync(join(folder, `vagrant home/boxes/lab-VAGRANTSLASH-x/${version}/virtualbox/metadata.json`)),
    said,
  );
});

test("VirtualBox before 6.1: ich9, then each function, and only when the VM is created", ({ folder }) => {
  const host: Host = { ...linux, versions: { ...linux.versions, virtualbox: "5.2.44" } };
  lab(folder, "provider: virtualbox, gpu: {device_id: 2786}", host);
  box(folder, "virtualbox");
  const attaching = () =>
    calls(folder).filter((line) => /pciattach|chipset ich9/.test(line)).map((line) =>
      line.split(" ").slice(2).join(" ")
    );
  const first = vagrant(folder, "virtualbox", ["up"], { VIRTUALBOX: "5.2.44" });
  assert.match(first.said, /the stand-in starts no VM/, first.said);
  assert.equal(attaching(), ["--chipset ich9", "--pciattach 01:00.0@01:00.0", "--pciattach 01:00.1@01:01.0"]);
  rmSync(join(folder, "calls"));
  vagrant(folder, "virtualbox", ["up"], { VIRTUALBOX: "5.2.44" });
  assert.equal(attaching(), [], "what is attached stays attached");
});

test.run();

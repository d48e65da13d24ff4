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
import { errors } from "./grammar.mts";
import { hostile } from "./hostile.mts";

const test = suite<{ folder: string }>("providers");

const path = String
  .raw`\\?\PCI#VEN_10DE&DEV_2786&SUBSYS_40B2196E&REV_A1#4&275D7527&0&0010#{064092b3-625e-43bf-9eb5-dc845897dd59}\GPUPARAV`;
const other = path.replace("DEV_2786", "DEV_1C02").replace("0010", "0020");
const card = (name: string, count = 32, valid = [32]) => ({
  Name: name,
  PartitionCount: count,
  Counts: valid.join(" "),
});

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu providers-"));
  answers(context.folder, { cmdlet: "Get-VMHostPartitionableGpu", chooses: "True", cards: [card(path), card(other)] });
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/**
 * Writes the answers of the stand-ins; a list of one becomes its item, as ConvertTo-Json prints it.
 */
function answers(folder: string, files: Record<string, unknown>): void {
  const one = (value: unknown) => (Array.isArray(value) && value.length === 1 ? value[0] : value);
  for (const [name, value] of Object.entries({ adapters: "", ...files })) {
    writeFileSync(join(folder, name), typeof value === "string" ? value : JSON.stringify(one(value)));
  }
}

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
    machines: { a: { domain: "lab-1_a", state: "absent" as const } },
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
  test(`Vagrant evaluates the block of ${provider}${gpu}, and refuses a setting that does not exist`, ({ folder }) => {
    lab(folder, `provider: ${provider}${gpu}`);
    const { status, said } = vagrant(folder, provider, ["validate"]);
    assert.is(status, 0, said);
    assert.match(said, /validated successfully/);
    lab(folder, `provider: ${provider}${gpu}`, windows, (text) => text.replace(setting, `${setting.slice(0, 2)}bogus`));
    assert.match(vagrant(folder, provider, ["validate"]).said, /The following settings shouldn't exist: bogus/);
  });
}

test("without hyperv_gpu.rb Vagrant knows no such settings, which is why it comes along", ({ folder }) => {
  lab(folder, "provider: hyperv, gpu: {}", windows, (text) => text.replace('require_relative "hyperv_gpu"', ""));
  assert.match(vagrant(folder, "hyperv", ["validate"]).said, /shouldn't exist: gpu_partition_adapter/);
});

const vm = "(Get-VM -Id '8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f')";
/**
 * The calls of hyperv_gpu.rb, in order with Vagrant's own; checks that each is valid PowerShell.
 */
function asked(folder: string): string[] {
  const said = calls(folder).filter((line) => !/^vagrant: (check|has|import|get|set|list)/.test(line));
  for (const line of said.filter((line) => !/^(vagrant|configured): /.test(line))) {
    assert.equal(errors(`${line}\n`), [], line);
  }
  return said;
}

test("vagrant up on Hyper-V: static memory, no checkpoints, the card's part, then the VM starts", ({ folder }) => {
  lab(folder, "provider: hyperv, gpu: {device_id: 2786}");
  box(folder, "hyperv");
  const { said } = vagrant(folder, "hyperv", ["up"]);
  assert.match(said, /the stand-in starts no VM/, said);
  assert.equal(asked(folder), [
    "vagrant: configure_vm",
    "configured: -SwitchID 'c08cb7b8-9b3c-408e-8e30-5e16a3aeb444' -Memory '2048' -Processors '3' -AutoStartAction 'Nothing' -AutoStopAction 'TurnOff' -ErrorAction Stop",
    "@('Get-VMHostPartitionableGpu', 'Get-VMPartitionableGpu') | Where-Object { Get-Command $_ -ErrorAction SilentlyContinue } | Select-Object -First 1",
    "(Get-Command Add-VMGpuPartitionAdapter).Parameters.ContainsKey('InstancePath')",
    "Get-VMHostPartitionableGpu | Select-Object 'Name', 'PartitionCount', @{ Name = 'Counts'; Expression = { $_.ValidPartitionCounts -join ' ' } } | ConvertTo-Json -Compress -Depth 3",
    `Get-VMGpuPartitionAdapter -VM ${vm} | Select-Object 'Id', 'InstancePath' | ConvertTo-Json -Compress -Depth 3`,
    `Add-VMGpuPartitionAdapter -VM ${vm} -InstancePath '${path}'`,
    `$vm = ${vm}; Set-VM -VM $vm -GuestControlledCacheTypes $true -LowMemoryMappedIoSpace 1GB; if ($vm.HighMemoryMappedIoSpace -le 536870912) { Set-VM -VM $vm -HighMemoryMappedIoSpace 32GB }`,
    `$vm = ${vm}; if ($vm.Generation -ne 2) { throw 'a VM with a GPU must be of generation 2: take another box' }; if ((Get-VMFirmware -VM $vm).SecureBoot -ne 'Off') { Set-VMFirmware -VM $vm -EnableSecureBoot Off }`,
    "vagrant: start_vm",
  ]);
});

/** The changes of the host and the VM during a start. */
function changes(folder: string, gpu: string, words = ["up"]): string[] {
  lab(folder, `provider: hyperv, gpu: ${gpu}`);
  box(folder, "hyperv");
  rmSync(join(folder, "calls"), { force: true });
  writeFileSync(join(folder, "state"), "off");
  mkdirSync(join(folder, ".vagrant/machines/a/hyperv"), { recursive: true });
  writeFileSync(join(folder, ".vagrant/machines/a/hyperv/id"), "8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f");
  const { said } = vagrant(folder, "hyperv", words);
  const all = asked(folder).filter((line) =>
    !/Get-Command|\| Select-Object|^\$vm|^Set-VM |^vagrant: conf|^conf/.test(line)
  );
  const error = /homelab-gpu: (.*)/.exec(said)?.[1];
  return [...all, ...(error ? [`error: ${error}`] : [])];
}

test("a reload changes nothing either", ({ folder }) => {
  answers(folder, { adapters: [{ Id: "one", InstancePath: path }] });
  writeFileSync(join(folder, "state"), "on");
  assert.equal(changes(folder, "{device_id: 2786}", ["reload"]), ["vagrant: stop_vm", "vagrant: start_vm"]);
  assert.ok(calls(folder).some((line) => line.startsWith("Get-VMGpuPartitionAdapter")), "it was looked at");
});

test("a second start changes nothing, and a stale part is taken away", ({ folder }) => {
  answers(folder, { adapters: [{ Id: "one", InstancePath: path.toLowerCase() }] });
  assert.equal(changes(folder, "{device_id: 2786}"), ["vagrant: start_vm"]);
  answers(folder, { adapters: [{ Id: "it's", InstancePath: other }] });
  assert.equal(changes(folder, "{device_id: 2786}"), [
    `Get-VMGpuPartitionAdapter -VM ${vm} | Where-Object { @('it''s') -contains $_.Id } | Remove-VMGpuPartitionAdapter`,
    `Add-VMGpuPartitionAdapter -VM ${vm} -InstancePath '${path}'`,
    "vagrant: start_vm",
  ]);
});

test("the host's card is divided only where that differs and is possible", ({ folder }) => {
  answers(folder, { cards: [card(path, 16, [16, 8, 4, 2])], adapters: [{ Id: "one", InstancePath: path }] });
  assert.equal(changes(folder, "{device_id: 2786, partition_count: 4}"), [
    `Set-VMHostPartitionableGpu -Name '${path}' -PartitionCount 4`,
    "vagrant: start_vm",
  ]);
  assert.equal(changes(folder, "{device_id: 2786, partition_count: 16}"), ["vagrant: start_vm"]);
  assert.equal(changes(folder, "{device_id: 2786}"), ["vagrant: start_vm"]);
  assert.equal(changes(folder, "{device_id: 2786, partition_count: 3}"), [
    "error: gpu_partition_count 3: this card can be divided into 2, 4, 8, 16 parts",
  ]);
});

test("Windows 10 has other cmdlets, and cannot choose among cards", ({ folder }) => {
  answers(folder, { cmdlet: "Get-VMPartitionableGpu", chooses: "False", cards: [card(path)] });
  assert.equal(changes(folder, "{}"), [`Add-VMGpuPartitionAdapter -VM ${vm}`, "vagrant: start_vm"]);
  assert.ok(calls(folder).some((line) => line.startsWith("Get-VMPartitionableGpu |")));
  answers(folder, { cards: [card(path), card(other)] });
  assert.equal(changes(folder, "{device_id: 2786}"), [
    "error: Windows 10 cannot choose among 2 cards that can be divided: take out or disable the others",
  ]);
});

test("says which card it misses, and does not start the VM then", ({ folder }) => {
  assert.equal(changes(folder, "{device_id: 2684}"), [
    "error: no card that Hyper-V can divide is 10de:2684 on this host",
  ]);
  answers(folder, { cards: [card(path), card(path.replace("0010", "0030"))] });
  assert.match(changes(folder, "{device_id: 2786}")[0]!, /^error: 2 cards are 10de:2786: write address:/);
  answers(folder, { cmdlet: "" });
  assert.match(changes(folder, "{}")[0]!, /^error: this Windows has no cmdlet/);
});

test("Discrete Device Assignment: the card leaves the host, goes to the VM, and comes back", ({ folder }) => {
  const id = String.raw`PCI\VEN_10DE&DEV_2786&SUBSYS_40B2196E&REV_A1\4&275D7527&0&0010`;
  const where = "PCIROOT(0)#PCI(0100)#PCI(0000)";
  answers(folder, { devices: [{ InstanceId: id }], assigned: "" });
  assert.equal(changes(folder, "{device_id: 2786, mode: passthrough}"), [
    `(Get-PnpDeviceProperty -InstanceId '${id}' DEVPKEY_Device_LocationPaths).Data[0]`,
    `Disable-PnpDevice -InstanceId '${id}' -Confirm:$false`,
    `Dismount-VMHostAssignableDevice -Force -LocationPath '${where}'`,
    `Add-VMAssignableDevice -VM ${vm} -LocationPath '${where}'`,
    "vagrant: start_vm",
  ]);
  answers(folder, { assigned: [{ InstanceID: id.replace("PCI", "PCIP"), LocationPath: where }] });
  assert.equal(changes(folder, "{device_id: 2786, mode: passthrough}"), ["vagrant: start_vm"], "it has it already");
  assert.equal(changes(folder, "{device_id: 2786, mode: passthrough}", ["destroy", "-f"]), [
    "vagrant: stop_vm",
    `Remove-VMAssignableDevice -VM ${vm} -LocationPath '${where}'`,
    `Mount-VMHostAssignableDevice -LocationPath '${where}'`,
    `Enable-PnpDevice -InstanceId '${id}' -Confirm:$false`,
    "vagrant: delete_vm",
  ]);
});

test("hostile names reach PowerShell as they are", ({ folder }) => {
  const values = [...hostile, "‘’‚‛", "it’s", "'; Remove-VM *; '"].filter((value) => value && !value.includes("\0"));
  lab(folder, "provider: hyperv, gpu: {}");
  const quoting = `
    require "vagrant"
    load ARGV[0]
    values = JSON.parse(STDIN.read)
    values.each { |value| puts Base64.strict_encode64(HomelabGpu::PowerShell.quote(value)) }`;
  writeFileSync(join(folder, "quote.rb"), quoting);
  const { stdout, stderr } = spawnSync("ruby", ["quote.rb", join(folder, "hyperv_gpu.rb")], {
    cwd: folder,
    encoding: "utf8",
    input: JSON.stringify(values),
    env: { ...process.env, LANG: "C.UTF-8" },
  });
  const literals = stdout.trim().split("\n").map((line) => atob(line)).map((bytes) =>
    new TextDecoder().decode(Uint8Array.from(bytes, (one) => one.charCodeAt(0)))
  );
  assert.is(literals.length, values.length, stderr);
  for (const [i, literal] of literals.entries()) assert.is(literalOf(literal), values[i]!);
});

/**
 * The value of a single-quoted PowerShell string (about_Quoting_Rules). Throws if the string ends
 * before the text does.
 */
function literalOf(text: string): string {
  const inner = /^'(.*)'$/s.exec(text)![1]!;
  assert.not.match(inner.replace(/(['‘’‚‛]){2}/g, ""), /['‘’‚‛]/, text);
  return inner.replace(/(['‘’‚‛])['‘’‚‛]/g, "$1");
}

test("vagrant up on VirtualBox: CPUs and memory, and no card without a card", ({ folder }) => {
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

test("Vagrant takes a box by the file that tells of it, from a folder with a blank in its name", ({ folder }) => {
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

test("a card before VirtualBox 6.1: ich9, then each function, and only when the VM is made", ({ folder }) => {
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

// VMs of Hyper-V, VirtualBox and Parallels: their programs' answers (from their documentation), and
// how `up` and `destroy` use them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { names } from "../lib/plan/assets.mts";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { type Lab, prefixOf, readLab } from "../lib/host/lab.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell, own } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("vms");
const folder = "/home/me/lab/.homelab-gpu";
const id = "8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f";
const windows = savedHost("windows-11-pro-rtx4070");
const texts = {
  ...Object.fromEntries(names.map((name) => [name, own(name)])),
  "/my.sh": "#!/bin/sh\n",
  "/ubuntu.box": "1 1",
  "/debian-13.qcow2": "1 2",
};

const programs: Record<string, { provider: string; asks: string; out: (running: boolean) => string }> = {
  virtualbox: {
    provider: "virtualbox",
    asks: `VBoxManage showvminfo ${id} --machinereadable`,
    out: (running) =>
      `name="lab_a"\r\nUUID="${id}"\r\nmemory=1024\r\ncpus=2\r\nVMState="${running ? "running" : "poweroff"}"\r\n` +
      'VMStateChangeTime="2026-11-22T18:00:00.123000000"\r\nGuestMemoryBalloon=0\r\n',
  },
  hyperv: {
    provider: "hyperv",
    asks: "powershell.exe",
    out: (running) =>
      `{"${id.toUpperCase()}":{"memory":1024,"cpus":2,"state":"${
        running ? "Running" : "Off"
      }","since":"133768512000000000"}}\r\n`,
  },
  parallels: {
    provider: "parallels",
    asks: `prlctl list --info --json ${id}`,
    out: (running) =>
      JSON.stringify([{
        ID: id,
        State: running ? "running" : "stopped",
        Hardware: { cpu: { cpus: 2, "VT-x": true }, memory: { size: "1024Mb" } },
      }]),
  },
};

function there(provider: string, more: Record<string, string> = {}): Record<string, string> {
  const own = `${folder}/.vagrant/machines/a`;
  return {
    [`${own}/${provider}/id`]: id,
    [`${own}/${provider}/box_meta`]: '{"version": "1.2.0"}',
    [`${folder}/ssh/a`]: "Host a\n  HostName 172.20.1.5\n",
    ...more,
  };
}
async function seen(provider: string, files: Record<string, string>, answer: { out?: string; code?: number }) {
  const { shell, asked } = fakeShell(files, { [programs[provider]!.asks.split(" ")[0]!]: answer });
  Object.assign(shell, { platform: provider === "hyperv" ? "win32" : "darwin" });
  const config = parseConfig(`machines: [{name: a, box: lab/x, provider: ${provider}}]`);
  return { machine: (await readLab(shell, config, folder)).machines.a!, asked };
}

for (const [name, { provider, asks, out }] of Object.entries(programs)) {
  test(`${name}: reads the state of a VM with one query`, async () => {
    const { machine, asked } = await seen(provider, there(provider), { out: out(true) });
    assert.is(asked.length, 1);
    assert.ok(asked[0]!.startsWith(asks), asked[0]!);
    const { bootId, ...rest } = machine;
    assert.match(bootId!, /^\/.+/);
    assert.equal(rest, {
      domain: `${prefixOf(folder)}a`,
      provider,
      state: "running",
      cpus: 2,
      memory: 1024,
      box: "1.2.0",
      address: "172.20.1.5",
    });
    const state = async (files: Record<string, string>, answer: { out?: string; code?: number }) =>
      (await seen(provider, files, answer)).machine.state;
    assert.is(await state(there(provider), { out: out(false) }), "off");
    assert.is(await state({}, {}), "absent");
    // an error of Hyper-V may be about permissions; only an answer without the VM means that it does not exist
    const gone = provider === "hyperv" ? { out: "{}" } : { code: 1 };
    assert.is(await state(there(provider), gone), "half-made", "its VM was removed outside homelab-gpu");
    assert.is(await state(there(provider), { out: "what is this" }), "half-made");
    const { [`${folder}/ssh/a`]: _, ...first } = there(provider);
    assert.is(await state(first, { out: out(true) }), "half-made", "no run of ours finished it");
    assert.equal(
      (await seen(provider, there(provider, { [`${folder}/.vagrant/machines/a/${provider}/id`]: "'; rm" }), {})).asked,
      [],
    );
  });
}

test("hyperv: an error is not an answer, and is shown without PowerShell's wrapping", async () => {
  const errors = [
    "Get-VM : You do not have the required permission to complete this task.\r\nAt line:1 char:1\r\n+ Get-VM\r\n",
    '#< CLIXML\r\n<Objs Version="1.1"><S S="Error">_x001B_[31;1mGet-VM: _x001B_[31;1mYou do not have the required permission to complete this task._x001B_[0m_x000D__x000A_</S></Objs>',
    "\u001b[31;1mGet-VM: \u001b[0m\nLine |\n   1 |  Get-VM\n",
  ];
  for (const [i, err] of errors.entries()) {
    const { shell } = fakeShell(there("hyperv"), { "powershell.exe": { code: 1, err } });
    Object.assign(shell, { platform: "win32" });
    const lab = await readLab(shell, parseConfig("machines: [{name: a, box: lab/x, provider: hyperv}]"), folder);
    assert.is(lab.machines.a!.state, "unknown");
    if (i < 2) assert.match(lab.libvirtError!, /You do not have the required permission to complete this task\.$/);
    assert.not.match(lab.libvirtError!, /x001B|\u001b|CLIXML|<S/);
  }
});

test("hyperv: one question for all VMs of a lab, whose answer may lack some", async () => {
  const ids = ["1", "2", "3"].map((n) => `${n}${id.slice(1)}`);
  const files = Object.fromEntries(
    ["a", "b", "c"].flatMap((name, i) => [
      [`${folder}/.vagrant/machines/${name}/hyperv/id`, ids[i]!],
      [`${folder}/ssh/${name}`, `Host ${name}\n  HostName 172.20.1.5\n`],
    ]),
  );
  const vm = { state: "Running", cpus: 2, memory: 1024, since: "1" };
  const answer = { [ids[0]!]: vm, [ids[2]!]: { ...vm, state: "Off" } };
  const { shell, asked } = fakeShell(files, { "powershell.exe": { out: JSON.stringify(answer) } });
  Object.assign(shell, { platform: "win32" });
  const machines = ["a", "b", "c"].map((name) => `{name: ${name}, box: lab/x, provider: hyperv}`).join(", ");
  const lab = await readLab(shell, parseConfig(`machines: [${machines}]`), folder);
  assert.equal(Object.values(lab.machines).map(({ state }) => state), ["running", "half-made", "off"]);
  assert.is(asked.length, 1, "one PowerShell process, where each VM had its own");
  for (const one of ids) assert.ok(asked[0]!.includes(one));
});

test("hyperv: the address is the VM's current one", async () => {
  const state = (addresses: string[]) =>
    JSON.stringify({ [id]: { state: "Running", cpus: 2, memory: 1024, since: "1", addresses } });
  const address = async (...all: string[]) => {
    const { address, savedAddress } = (await seen("hyperv", there("hyperv"), { out: state(all) })).machine;
    return [address, savedAddress];
  };
  assert.equal(await address("172.20.1.5", "fe80::1"), ["172.20.1.5", undefined]);
  assert.equal(await address("fe80::1", "172.29.80.7"), ["172.29.80.7", "172.20.1.5"]);
  assert.equal(await address(), ["172.20.1.5", undefined], "nothing is reported while it boots");
  assert.equal(await address("169.254.3.4", "fe80::1"), ["172.20.1.5", undefined]);
});

function planned(machine: string, there: Partial<Lab["machines"][string]> = {}, recreate = false) {
  const config = resolveConfig(
    parseConfig(`machines: [{name: a, box: lab/x, cpus: 2, memory: 1024, ${machine}}]`),
    windows,
  );
  const lab: Lab = {
    folder,
    prefix: "lab-1_",
    boxes: {},
    orphans: {},
    machines: { a: { domain: "lab-1_a", state: "absent", ...there } },
  };
  return makePlan(config, windows, lab, texts, { recreate });
}
const commands = (plan: { steps: { command: string[] }[] }) =>
  plan.steps.map(({ command }) => command.slice(0, 3).join(" "));

/** Nobody publishes a box for Hyper-V, so these tests use a file. */
const imageFor = (provider: string) => (provider === "hyperv" ? "{file: /ubuntu.box}" : "ubuntu-24.04");

for (const provider of ["hyperv", "virtualbox", "parallels"]) {
  test(`${provider}: plans all steps without a shell, from a published box`, () => {
    const plan = planned(`provider: ${provider}, image: ${imageFor(provider)}, provision: [/my.sh]`);
    assert.equal(commands(plan), [
      "packer init .",
      "packer build -color=false",
      "vagrant box add",
      "vagrant up a",
      "vagrant ssh-config a",
      "ssh -F ssh/a",
    ]);
    const file = (path: string) => plan.files.find((one) => one.path === path)!.text;
    const values = JSON.parse(file(`packer/lab~x~${provider}/values.auto.pkrvars.json`));
    const source = provider === "hyperv" ? "/ubuntu.box" : "bento/ubuntu-24.04";
    assert.equal([values.source, values.provider], [source, provider]);
    assert.equal(values.scripts, [
      ...["install-docker.sh", "busybox-image.sh"],
      ...(provider === "hyperv" ? ["install-hyperv.sh"] : []),
      ...["provision-1.sh", "finish-box.sh"],
    ]);
    const { name, versions: [{ version, providers }] } = JSON.parse(file(`packer/lab~x~${provider}/metadata.json`));
    providers[0].url = decodeURIComponent(providers[0].url);
    assert.equal([name, providers], ["lab/x", [{
      name: provider,
      url: `file://${folder}/packer/lab~x~${provider}/output/package.box`,
    }]]);
    assert.ok(file("Vagrantfile").includes(`m.vm.box_version = '~> ${version}'`));
    assert.match(version, /^1\.\d+\.0$/);
  });

  test(`${provider}: removes the VM with Vagrant, and the files of the VM`, () => {
    const old = { provider, state: "off" as const, box: "1.42.0" };
    const plan = planned(`provider: ${provider}, image: ${imageFor(provider)}`, old);
    assert.equal([plan.replaces, plan.findings[0]!.check], [[], "machine.outdated"]);
    const [first] = planned(`provider: ${provider}, image: ${imageFor(provider)}`, old, true).steps.filter((
      { command },
    ) => command[0] === "vagrant" && command[1] === "destroy");
    assert.equal(first!.command, ["vagrant", "destroy", "-f", "a"]);
    assert.equal(first!.removes, ["ssh/a", "verify/a.txt", ".vagrant/machines/a"]);
  });
}

const sum = `sha256:${"0".repeat(64)}`;

test("hyperv: a known image is made a disk of Hyper-V and built into a box without any published box", () => {
  const plan = planned("provider: hyperv, image: ubuntu-24.04, provision: [/my.sh]");
  const script = (command: string[]) => command.slice(command.indexOf("-File") + 1).join(" ");
  const cloud = "https://cloud-images.ubuntu.com/noble/current";
  const box = "packer/lab~x~hyperv";
  const name = `${prefixOf(folder)}build_lab-x`;
  assert.equal(plan.steps.slice(1, 3).map(({ command }) => script(command)), [
    `scripts/get-vhdx.ps1 -Out ${box}/disk.vhdx -Gib 64 ` +
    `-Url ${cloud}/noble-server-cloudimg-amd64.img -Sums ${cloud}/SHA256SUMS`,
    `scripts/prepare-build.ps1 -Folder ${box} -Vm ${name} -Switch c08cb7b8-9b3c-408e-8e30-5e16a3aeb444`,
  ]);
  assert.equal([commands(plan)[0], ...commands(plan).slice(3)], [
    "packer init .",
    "packer build -color=false",
    "vagrant box add",
    "vagrant up a",
    "vagrant ssh-config a",
    "ssh -F ssh/a",
  ]);
  assert.equal(plan.steps[4]!.removes, [`${box}/disk.vhdx`, `${box}/box.box`, `${box}/seed`]);
  const file = (path: string) => plan.files.find((one) => one.path === path)!.text;
  const { scripts, ...values } = JSON.parse(file(`${box}/values.auto.pkrvars.json`));
  assert.equal(values, {
    cpus: 4,
    memory: 1024,
    disk_image: "disk.vhdx",
    seed: String.raw`\home\me\lab\.homelab-gpu\packer\lab~x~hyperv\seed\seed.iso`,
    vm_name: name,
    environment: [],
  });
  assert.equal(scripts.slice(2), ["install-hyperv.sh", "provision-1.sh", "finish-box.sh"]);
  assert.match(file(`${box}/plugins.pkr.hcl`), "github.com/hashicorp/hyperv");
  assert.match(decodeURIComponent(file(`${box}/metadata.json`)), `${folder}/${box}/box.box`);
  for (const name of ["get-vhdx.ps1", "prepare-build.ps1"]) assert.ok(file(`scripts/${name}`));
});

test("hyperv: an own image is a file, or a URL with a checksum, which is hidden if it has a password", () => {
  const steps = (image: string) => {
    const plan = planned(`provider: hyperv, image: ${image}`);
    const words = plan.steps[1]!.command;
    return { plan, words: words.slice(words.indexOf("-Gib") + 2).join(" ") };
  };
  assert.is(steps("{file: /debian-13.qcow2}").words, "-File /debian-13.qcow2");
  const url = "https://example.org/debian-13.qcow2";
  assert.is(steps(`{url: "${url}", checksum: "${sum}"}`).words, `-Url ${url} -Checksum ${sum}`);
  const { plan, words } = steps(`{url: "https://me:secret@example.org/debian-13.qcow2", checksum: "${sum}"}`);
  assert.is(words, `-UrlFile packer/lab~x~hyperv/image.url -Checksum ${sum}`);
  const hidden = plan.files.find(({ path }) => path.endsWith("image.url"))!;
  assert.equal([hidden.mode, hidden.secret], [0o600, true]);
  assert.not.match(JSON.stringify(plan.steps), /secret/);
});

test("a lab on Windows is named after its folder too", () => {
  assert.match(prefixOf("C:\\Users\\me\\my lab/.homelab-gpu"), /^my-lab-[0-9a-f]{6}_$/);
  assert.match(prefixOf("/home/me/my lab/.homelab-gpu"), /^my-lab-[0-9a-f]{6}_$/);
});

test("a VM of another provider is another VM", () => {
  const [finding] = planned("provider: virtualbox", { provider: "hyperv", state: "running" }).findings;
  assert.match(finding!.message, /^its provider changed/);
});

test("guest.image: a disk image is not a box", () => {
  const found = (image: string, provider = "hyperv") => {
    const config = parseConfig(`machines: [{name: a, box: lab/x, provider: ${provider}, image: ${image}}]`);
    return runChecks(windows, resolveConfig(config, windows), ["guest.image"]).map(({ status }) => status).join();
  };
  assert.is(found("debian-13", "virtualbox"), "pass");
  assert.is(found("debian-13"), "pass");
  assert.is(found("{file: ./ubuntu-24.04.box}"), "pass");
  assert.is(found("{file: ./a.box}"), "unknown");
  assert.is(found(`{url: "https://example.org/noble.box", checksum: "${sum}"}`), "pass");
  assert.is(found("{file: ./debian-13.qcow2}"), "pass");
  assert.is(found("{file: ./a.qcow2}"), "unknown");
  assert.is(found("{file: ./a.qcow2}", "virtualbox"), "fail");
  assert.is(found(`{url: "https://example.org/a.qcow2", checksum: "${sum}"}`, "virtualbox"), "fail");
  assert.is(found("{debootstrap: trixie}"), "fail");
  assert.is(found("{debootstrap: trixie}", "virtualbox"), "fail");
  assert.is(found("{debootstrap: trixie}", "libvirt"), "");
  assert.equal(commands(planned("provider: hyperv, image: {debootstrap: trixie}")).slice(0, 1), ["vagrant up a"]);
});

test.run();

import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../lib/config/parse.mts";
import { existingVmsOf, prefixOf, readLab } from "../lib/host/lab.mts";
import { fakeShell } from "./fake.mts";

const test = suite("lab");
const folder = "/home/me/my lab/.homelab-gpu";
const prefix = prefixOf(folder);
const config = parseConfig("machines: [{name: a, box: lab/x}]");
const ssh = "Host a\n  HostName 192.168.121.5\n  User vagrant\n";
const info = (id: string) =>
  `Id:             ${id}\nName:           ${prefix}a\nUUID:           5e\nState:          x\nCPU(s):         2\nMax memory:     1048576 KiB\nUsed memory:    1048576 KiB\n`;

const none = `error: failed to get domain '${prefix}a'\n`;

async function seen(files: Record<string, string>, out = "", err = out ? "" : none) {
  const { shell, asked } = fakeShell({ "/proc/sys/kernel/random/boot_id": "boot\n", ...files }, {
    virsh: { out, err, code: err ? 1 : 0 },
  });
  const lab = await readLab(shell, config, folder);
  return { lab, machine: lab.machines.a!, asked };
}
const id = { [`${folder}/.vagrant/machines/a/libvirt/id`]: "5e" };
const made = { ...id, [`${folder}/ssh/a`]: ssh };

test("reads the states of VMs with one call of virsh", async () => {
  const running = await seen(made, info("3"));
  assert.equal(running.machine, {
    domain: `${prefix}a`,
    provider: "libvirt",
    state: "running",
    bootId: "boot/3",
    cpus: 2,
    memory: 1024,
    address: "192.168.121.5",
  });
  assert.is(running.asked.length, 1);
  const sizes = `Capacity:       ${64 * 1024 ** 3}\nAllocation:     ${5 * 1024 ** 3}\nPhysical:       ${
    6 * 1024 ** 3
  }\n`;
  const { lab } = await seen(made, info("3") + sizes);
  assert.equal(existingVmsOf(lab).a, { running: true, passedAddresses: [], diskSize: 65536, diskUsed: 5120 });
  assert.is((await seen(made, info("-"))).machine.state, "off");
  assert.is((await seen({})).machine.state, "absent");
  assert.is((await seen({}, info("3"))).machine.state, "half-made", "a domain that no run finished");
  assert.is((await seen(id)).machine.state, "half-made", "an id without a domain");
  assert.is((await seen(made)).machine.state, "half-made", "its domain was removed outside homelab-gpu");
});

test("what libvirt does not report is unknown, whatever the reason", async () => {
  for (
    const err of [
      "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/x': No such file or directory\n",
      "error: Disconnected from qemu:///system due to end of file\n",
      "Fehler: Abruf der Domain 'x' scheiterte\n",
      "error: failed to get domain 'another'\n",
    ]
  ) {
    assert.is((await seen(made, "", err)).machine.state, "unknown", err);
    assert.is((await seen(id, "", err)).machine.state, "unknown", err);
    assert.is((await seen({}, "", err)).machine.state, "absent", "there never was one");
    assert.is((await seen(made, info("3"), err)).machine.state, "running", "it was said before");
  }
  assert.is((await seen(made, "", "error: Disconnected\n")).lab.libvirtError, "Disconnected");
});

test("queries libvirt in English, whatever the user's language", async () => {
  const { shell } = fakeShell(made);
  let env: Record<string, string> | undefined;
  shell.capture = (_, options) => {
    env = options?.env;
    return Promise.resolve({ ok: true, code: 0, out: info("3"), err: "" });
  };
  await readLab(shell, config, folder);
  assert.is(env?.LC_ALL, "C");
});

test("ignores files without a valid machine name", async () => {
  const { lab, asked } = await seen({ ...made, [`${folder}/.vagrant/machines/old; destroy b/libvirt/id`]: "5e" });
  assert.equal(lab.orphans, {});
  assert.not.match(asked.join(), /destroy/);
});

test("reads proofs, and ignores an invalid state file", async () => {
  const state = (text: string) => seen({ ...made, [`${folder}/state.json`]: text }, info("3"));
  const proof = { bootId: "boot/3", services: "x", at: "2026" };
  assert.equal(
    (await state(JSON.stringify({ schema: "homelab-gpu/state/2", proofs: { a: proof } }))).machine.proof,
    proof,
  );
  assert.is((await state("{ half wri")).machine.proof, undefined);
  assert.is((await state('{"schema": "other"}')).machine.proof, undefined);
});

test("reads the parts of a domain's XML that change only when the VM is recreated", async () => {
  const address = (bdf: string) => {
    const [domain, bus, slot, fn] = bdf.split(/[:.]/);
    return `<address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/>`;
  };
  const hostdev = (host: string, guest: string) =>
    `<hostdev mode='subsystem' type='pci' managed='yes'>\n<driver name='vfio'/>\n<source>\n${
      address(host)
    }\n</source>\n` +
    `<alias name='hostdev0'/>\n${address(guest).replace("<address", "<address type='pci'")}\n</hostdev>\n`;
  const xml = `<domain type='kvm' id='3'>\n<devices>\n<interface type='network'>\n${
    address("0000:00:05.0")
  }\n</interface>\n${hostdev("0000:0a:00.0", "0000:05:00.0")}${
    hostdev("0000:0a:00.1", "0000:06:00.0")
  }</devices>\n<qemu:commandline>\n<qemu:arg value='name=opt/ovmf/X-PciMmio64Mb,string=65536'/>\n</qemu:commandline>\n</domain>\n`;
  assert.equal((await seen(made, info("3") + xml)).machine.hardware, {
    accelerator: "kvm",
    assignedFunctions: [{ host: "0000:0a:00.0", guest: "0000:05:00.0" }, {
      host: "0000:0a:00.1",
      guest: "0000:06:00.0",
    }],
    mmioWindow: 65536,
  });
  assert.equal((await seen(made, `${info("-")}<domain type='qemu'></domain>\n`)).machine.hardware, {
    accelerator: "tcg",
    assignedFunctions: [],
  });
});

test("lists the versions of Vagrant's boxes", async () => {
  const home = process.env.VAGRANT_HOME ?? `${process.env.HOME}/.vagrant.d`;
  const { lab } = await seen({
    [`${home}/boxes/lab-VAGRANTSLASH-x/1.5.7/libvirt/box.img`]: "",
    [`${home}/boxes/lab-VAGRANTSLASH-x/metadata_url`]: "",
  });
  assert.equal(lab.boxes, { "lab/x": ["1.5.7"] });
});

test("every lab has its own prefix that libvirt accepts", () => {
  assert.match(prefix, /^my-lab-[0-9a-f]{6}_$/);
  assert.is.not(prefixOf("/a/lab/.homelab-gpu"), prefixOf("/b/lab/.homelab-gpu"));
  assert.match(prefixOf("/.homelab-gpu"), /^lab-[0-9a-f]{6}_$/);
  assert.match(prefixOf("/home/ü ñ/.homelab-gpu"), /^lab-[0-9a-f]{6}_$/);
});

test.run();

// Parses probe texts into hosts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseHost } from "../lib/host/parse.mts";
import { own, random } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("host");

test("reads the probe of a VM without a GPU", () => {
  const host = savedHost("vm-without-gpu");
  assert.is(host.os.id, "debian");
  assert.is(host.os.platform, "linux");
  assert.is(host.cpu.count, 2);
  assert.equal(host.cpu.flags, ["lm", "hypervisor"]);
  assert.is(host.cpu.physicalBits, 48);
  assert.equal(host.kvm, { device: true, access: true });
  assert.equal(host.iommu.units, []);
  assert.equal(host.iommu.groups, new Map());
  assert.is(host.pci!.length, 6);
  assert.is(host.pci![3]!.driver, "virtio-pci");
  assert.equal(host.needs.mounts, [{ point: "/", bdf: "0000:00:02.0" }]);
  assert.equal(host.needs.route, ["0000:00:03.0"]);
  assert.is(host.versions.packer, "1.6.6");
  assert.is(host.vagrantPlugins["vagrant-libvirt"], "0.11.2");
  assert.equal(host.libvirt!.networks, { default: "active" });
});

test("/dev/kvm: whether its permissions let the user of libvirt's VMs use it", () => {
  const open = (mode: string) => {
    const { kvm } = parseHost(`homelab-gpu-probe 1 linux\n[os]\nexists:/dev/kvm\nkvm-mode:${mode}\n`);
    return kvm.openToVms;
  };
  const modes = ["600 root", "660 kvm", "666 root", "660 root", "640 kvm", "664 root", "2660 kvm", ""];
  assert.equal(modes.map(open), [false, true, true, false, false, false, true, undefined]);
  // stat prints no leading zeros, and UNKNOWN for a group without a name
  const odd = ["0 root", "60 kvm", "6 root", "600 UNKNOWN", "660 UNKNOWN", "666 UNKNOWN", "rw kvm"];
  assert.equal(odd.map(open), [false, true, true, false, undefined, true, undefined]);
});

test("a fact without a line is unknown", () => {
  const host = parseHost("homelab-gpu-probe 1 linux\n");
  assert.is(host.pci, undefined);
  assert.is(host.cpu.flags, undefined);
  assert.is(host.iommu.units, undefined);
  assert.is(host.iommu.groups, undefined);
  assert.is(host.programs, undefined);
  assert.is(host.needs.route, undefined);
  assert.is(host.kernel.arguments, undefined);
  assert.is(host.efi, undefined);
});

test("reads whether VirtualBox's extension pack is installed", () => {
  const extensionPackOf = (lines: string) => parseHost(`homelab-gpu-probe 1 linux\n${lines}`).virtualboxExtensions;
  assert.equal([
    extensionPackOf("[virtualbox]\nextension-pack:yes\n"),
    extensionPackOf("[virtualbox]\nextension-pack:no\n"),
    extensionPackOf(""),
  ], [
    true,
    false,
    undefined,
  ]);
});

test("refuses a text that is not a probe, or one of a later format", () => {
  assert.throws(() => parseHost("hello"), /this is not a saved probe/);
  assert.throws(() => parseHost(""), /this is not a saved probe/);
  assert.throws(() => parseHost("homelab-gpu-probe 2 linux\n"), /use a newer homelab-gpu/);
});

test("a lost line about the host's needs makes them unread, by the number that the probe printed", () => {
  const whole = own("test/hosts/rtx4070-desktop-debian12.txt").replace("mounts:2\n", "mounts:2\nswap:none\nswaps:1\n");
  const unread = (from: string, to: string) => {
    assert.ok(whole.includes(from), from);
    return parseHost(whole.replace(from, to)).needs.unread;
  };
  assert.equal(parseHost(whole).needs.unread, []);
  assert.equal(unread("mount-/:0000:00:1a.0\n", ""), ["a mount point"]);
  assert.equal(unread("route:0000:00:1c.0\n", ""), ["route"]);
  assert.equal(unread("swaps:1", "swaps:2"), ["swap"]);
  assert.equal(parseHost(whole).needs.keyboards, ["0000:00:14.0"]);
  assert.is(parseHost(whole.replace("keyboards:1", "keyboards:2")).needs.keyboards, undefined);
});

test("reads a damaged probe", () => {
  const text = own("test/hosts/vm-without-gpu.txt");
  const [first, ...lines] = text.split("\n");
  const dice = random(1);
  for (let i = 0; i < 30; i++) {
    const damaged = lines.filter(() => dice.next() > 0.1).flatMap((line) => dice.next() < 0.1 ? [line, line] : [line])
      .map((line) => dice.next() < 0.1 ? line.slice(dice.below(line.length)) : line);
    parseHost([first, ...damaged].join("\n"));
  }
});

test.run();

// The files, arguments and notes of a preparation.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { boundBy } from "../lib/plan/bound-already.mts";
import { leftToDo, preparationOf } from "../lib/plan/prepare.mts";
import type { Host } from "../lib/host/types.mts";
import { golden } from "./fake.mts";
import { savedHost } from "./hosts.mts";
import { grubWith, kernelOff, prepared, preparedOn } from "./prepared.mts";

const test = suite("prepare");

for (
  const [name, gpu] of [
    ["rtx4070-desktop-debian12", "{}"],
    ["threadripper-two-rtx3090-arch", '{address: "4b:00.0"}'],
    ["rx7900-only-card-fedora", "{vendor_id: 1002}"],
    ["proxmox-rtx2080ti-four-functions", "{device_id: 1e04}"],
  ] as const
) {
  test(`prepares ${name}`, () => {
    const { files, arguments: changes, initramfs } = prepared(name, gpu);
    const text = [
      ...files.map(({ path, text, mode }) => `== ${path} ${mode.toString(8)}\n${text}`),
      ...changes.map(({ change, undo }) => `$ ${change.command}\nundo: ${undo?.command}\n`),
      `$ ${initramfs?.rebuild}\n`,
    ].join("");
    golden(`prepare-${name}.txt`, text);
  });
}

const foreign = (file: string, text: string) => (host: Host) => {
  host.configured = [{ file, text }];
};
for (
  const [name, change] of [
    ["a file after ours", foreign("modprobe.d/vfio.conf", "options vfio-pci ids=1b21:2142 disable_vga=1")],
    ["a file before ours", foreign("modprobe.d/10-vfio.conf", "options vfio_pci ids=1b21:2142")],
    ["the command line", (host: Host) => {
      host.kernel.configurations = grubWith("vfio-pci.ids=1b21:2142");
    }],
    ["the command line, underscore", (host: Host) => {
      host.kernel.configurations = grubWith("vfio_pci.ids=1b21:2142,8086:1533");
    }],
  ] as const
) {
  test(`other ids for vfio-pci, from ${name}, stay valid: the card is bound by address`, () => {
    const { files, notes, arguments: changes } = prepared("rtx4070-desktop-debian12", "{}", change);
    const text = files.map(({ text }) => text).join("");
    assert.not.match(text, /ids=/);
    for (const bdf of ["0000:01:00.0", "0000:01:00.1"]) {
      assert.ok(text.includes(`KERNEL=="${bdf}"`), bdf);
    }
    assert.match(text, /cp \/etc\/udev\/rules\.d\/70-homelab-gpu\.rules/, "and the initramfs has the rule");
    assert.match(notes[0]!, /1b21:2142/);
    assert.equal(changes, []);
  });
}

test("ids that prepare wrote are not foreign", () => {
  const own = foreign("modprobe.d/homelab-gpu.conf", "options vfio-pci ids=10de:2786,10de:22bc");
  const { files, notes } = prepared("rtx4070-desktop-debian12", "{}", own);
  assert.match(files[0]!.text, /ids=10de:2786,10de:22bc/);
  assert.equal(notes, []);
});

test("a card that the user's own ids bind is prepared if the IOMMU is off", () => {
  const bound = (change: (host: Host) => void = () => {}, driver = "vfio-pci") => {
    const host = savedHost("rtx4070-desktop-debian12");
    foreign("modprobe.d/vfio.conf", "options vfio-pci ids=10de:2786,10de:22bc")(host);
    const functions = host.pci!.filter(({ bdf }) => bdf.startsWith("0000:01:00."));
    for (const fn of functions) fn.driver = driver;
    change(host);
    return boundBy(functions, preparationOf(functions, host), {}, host);
  };
  assert.equal(bound(), ["/etc/modprobe.d/vfio.conf"]);
  assert.equal(bound(() => {}, "xe-vfio-pci"), ["/etc/modprobe.d/vfio.conf"]);
  assert.is(bound(kernelOff), undefined);
});

test("NixOS gets options, and no files", () => {
  const { files, manual } = preparedOn("nixos", ["bootctl"], (host) => kernelOff(host));
  assert.equal(files, []);
  const text = manual!.lines.join("\n");
  assert.match(text, /boot\.initrd\.kernelModules = \[ "vfio_pci"/);
  assert.match(text, /boot\.kernelParams = \[ "intel_iommu=on" "vfio-pci\.ids=10de:2786,10de:22bc" \];/);
});

test("SteamOS, Alpine, and Gentoo with genkernel are left to the user", () => {
  for (
    const [id, programs] of [["steamos", ["mkinitcpio"]], ["alpine", ["mkinitfs"]], ["gentoo", ["genkernel"]]] as const
  ) {
    const { files, manual } = preparedOn(id, [...programs]);
    if (id === "gentoo") assert.match(manual!.title, /doload=vfio-pci .*genkernel --install initramfs/);
    assert.equal(files, []);
    assert.ok(manual, id);
  }
});

test("dracut's image contains the file of modprobe.d, even with hostonly=no", () => {
  const { files } = preparedOn("fedora", ["dracut", "grubby"]);
  const text = files.find(({ path }) => path.includes("dracut"))!.text;
  assert.match(text, /install_items\+=" \/etc\/modprobe\.d\/homelab-gpu\.conf "/);
});

test("a module that the kernel no longer has is reported before the initramfs is rebuilt", () => {
  const noted = (kernel: string, file: string) =>
    preparedOn("arch", ["mkinitcpio", "dracut"], (host) => {
      host.os.kernel = kernel;
      host.configured = [{ file, text: "MODULES= vfio_pci vfio_virqfd" }];
    }).notes.filter((note) => /vfio_virqfd/.test(note));
  assert.match(noted("6.17.9-arch1-1", "mkinitcpio.conf")[0]!, /^\/etc\/mkinitcpio\.conf names vfio_virqfd/);
  assert.is(noted("6.6.9-200.fc39.x86_64", "dracut.conf.d/vfio.conf").length, 1);
  assert.equal(noted("6.1.0-30-amd64", "mkinitcpio.conf"), [], "a module of its own before 6.2");
  assert.equal(noted("6.17.9-arch1-1", "modules-load.d/vfio.conf"), [], "no image is made of that");
});

test("an unknown boot loader is never changed", () => {
  const { arguments: changes } = prepared("rtx4070-desktop-debian12", "{}", (host) => {
    kernelOff(host);
    host.programs = { "update-initramfs": "/usr/sbin/update-initramfs" };
  });
  assert.equal(changes.map(({ change }) => change.command), [null]);
  assert.is(
    leftToDo({ files: [], appended: [], notes: [], arguments: changes }, {}, true),
    false,
    "that is left to a person",
  );
});

test.run();

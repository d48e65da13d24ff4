// Kernel arguments in the files that boot loaders' tools read besides their main one: which file an argument is in.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { addArgument, changeArgument, removeArgument } from "../lib/host/kernel-arguments.mts";
import { removalWaits, waitsForReboot } from "../lib/host/configured-arguments.mts";
import { parseHost } from "../lib/host/parse.mts";

const test = suite("boot drop-ins");

/** A host with such files of kernel arguments and programs. */
const hostOf = (files: Record<string, string[]>, programs: string[], more = "ID:cachyos") =>
  parseHost([
    "homelab-gpu-probe 1 linux",
    "[os]",
    more,
    "[kernel-arguments]",
    "read:/proc/cmdline",
    "running:amd_iommu=off",
    ...Object.entries(files).flatMap(([file, words]) => [
      `configuration:${file}`,
      ...words.map((word) => `${file.includes("/entries/") ? "entry" : "configured"}:${word}`),
    ]),
    "[programs]",
    ...programs.map((name) => `${name}:/usr/bin/${name}`),
    "[end]",
  ].join("\n"));
const off = "amd_iommu=off";

test("Limine: the file of limine-entry-tool that has the argument; prepare removes none", () => {
  const host = hostOf({ "/etc/limine-entry-tool.d/20-chwd.conf": [off], "/etc/default/limine": [] }, [
    "limine-mkinitcpio",
  ]);
  const { title } = removeArgument(host, off);
  assert.match(title, /\/etc\/limine-entry-tool\.d\/20-chwd\.conf, then run limine-mkinitcpio$/);
  assert.is(changeArgument(host, "remove", off).edit, undefined);
  assert.match(addArgument(host, "iommu=pt").title, /\/etc\/default\/limine.*\(prepare --apply does that/);
  const shared = hostOf({ "/usr/share/limine-entry-tool.d/10-x.conf": [off], "/etc/default/limine": [] }, [
    "limine-update",
  ]);
  assert.match(
    removeArgument(shared, off).title,
    /10-x\.conf \(an update brings it back: .*\), then run limine-update$/,
  );
  assert.is(removalWaits(shared, off), false);
  assert.is(removalWaits(hostOf({ "/etc/default/limine": [] }, ["limine-update"]), off), true);
});

test("entries of GRUB without grubby: the command installs it first, whichever files there are", () => {
  const entry = "/boot/loader/entries/x-6.17.7-300.fc43.x86_64.conf";
  const files = { "/etc/default/grub": [], "/etc/kernel/cmdline": [], [entry]: [off] };
  const host = (bls: string, programs: string[]) => hostOf(files, programs, `ID:fedora\n[kernel-arguments]\n${bls}`);
  const tools = ["dnf", "grub2-mkconfig", "kernel-install"];
  const run = "grubby --update-kernel=ALL --remove-args=amd_iommu=off";
  assert.is(removeArgument(host("bls:yes", tools), off).command, `dnf install -y grubby && ${run}`);
  assert.is(removeArgument(host("bls:yes", [...tools, "grubby"]), off).command, run);
  assert.match(addArgument(host("bls:no", ["dnf", "grub2-mkconfig"]), "iommu=pt").title, /grub2-mkconfig/);
  assert.is(removalWaits(host("bls:yes", tools), off), false);
});

test("sdboot-manage: a later file may replace what the main one adds", () => {
  const main = "/etc/sdboot-manage.conf";
  const plain = hostOf({ [main]: [off] }, ["sdboot-manage"]);
  assert.match(
    removeArgument(plain, off).title,
    /LINUX_OPTIONS of \/etc\/sdboot-manage\.conf, then run sdboot-manage gen$/,
  );
  assert.match(changeArgument(plain, "add", "iommu=pt").edit!, /^append \/etc\/sdboot-manage\.conf /);
  const packaged = hostOf({ [main]: [], "/usr/lib/sdboot-manage.conf.d/10-handheld.conf": [off] }, ["sdboot-manage"]);
  assert.match(removeArgument(packaged, off).title, /10-handheld\.conf \(an update brings it back/);
  assert.is(removalWaits(packaged, off), false);
  assert.is(changeArgument(packaged, "add", "iommu=pt").edit, undefined);
  assert.match(addArgument(packaged, "iommu=pt").title, /a last file of \/etc\/sdboot-manage\.conf\.d/);
});

test("systemd-boot: the entries are on the EFI system partition, wherever that is mounted", () => {
  for (const folder of ["/boot", "/boot/efi", "/efi"]) {
    const host = hostOf({ [`${folder}/loader/entries/….conf`]: [off] }, ["bootctl"], "ID:arch");
    const entries = `${folder}/loader/entries/*.conf`;
    assert.is(addArgument(host, "iommu=pt").command, `sh -c 'sed -i "/^options/ s/$/ iommu=pt/" ${entries}'`);
    assert.is(
      removeArgument(host, off).command,
      `sh -c 'sed -i -E "/^options/ s/ +${off}( |$)/\\1/" ${entries}'`,
    );
  }
});

test("the boot loader that started the host: no command of another one that is installed too", () => {
  const files = {
    "/etc/default/grub": ["iommu=pt"],
    "/etc/default/limine": [],
    "/etc/sdboot-manage.conf": [],
    "/etc/kernel/cmdline": [],
    "/boot/refind_linux.conf": [],
    "/boot/limine.conf": [],
    "/boot/loader/entries/….conf": [],
  };
  const all = ["limine-update", "sdboot-manage", "kernelstub", "bootctl", "grubby", "grub-mkconfig"];
  const added = (loader: string, programs = all, some: Record<string, string[]> = files) => {
    const host = hostOf(some, programs, `ID:cachyos\nloader:${loader}`);
    if (loader.startsWith("GRUB")) host.kernel.arguments!.push("BOOT_IMAGE=…");
    return [/ \(([^)]*)\)/.exec(addArgument(host, "iommu=pt").title)?.[1], waitsForReboot(host, "iommu=pt")];
  };
  assert.equal(added("Limine 10.3"), ["Limine", false]);
  assert.equal(added("systemd-boot 258"), ["kernelstub", undefined]);
  assert.equal(added("systemd-boot 258", ["limine-update", "sdboot-manage"]), ["systemd-boot by sdboot-manage", false]);
  assert.equal(added("systemd-boot 258", ["limine-update", "grubby"]), ["systemd-boot", false]);
  assert.equal(added("rEFInd 0.14.2"), ["rEFInd", false]);
  assert.equal(added("GRUB 2.14"), ["grubby", true]);
  assert.equal(added("GRUB 2.14", ["limine-update", "grub-mkconfig"]), ["GRUB", true]);
  const stub = "systemd-stub 258";
  assert.equal(added(stub, ["grubby", "grub-mkconfig", "bootctl"]), ["a unified kernel image", undefined]);
  const uki = hostOf(
    { "/etc/kernel/cmdline": [], "/etc/default/grub": [] },
    ["grub-mkconfig", "bootctl"],
    `ID:debian\nloader:${stub}`,
  );
  uki.configured.push({ file: "kernel/install.conf", text: "layout=uki" });
  assert.match(addArgument(uki, "iommu=pt").title, /\(entries by kernel-install\)/);
  assert.equal(added(stub, all, { "/etc/default/grub": ["iommu=pt"] }), ["a unified kernel image", undefined]);
  const copied = { "/boot/loader/entries/….conf": ["BOOT_IMAGE=…"], "/etc/default/grub": ["iommu=pt"] };
  const host = hostOf(copied, ["bootctl", "grub-mkconfig"], "ID:arch\nloader:systemd-boot 258");
  host.kernel.arguments!.push("BOOT_IMAGE=…");
  assert.match(addArgument(host, "iommu=pt").title, /\(systemd-boot\)/, "copied from /proc/cmdline");
  const grub = { "/etc/default/grub": ["iommu=pt"] };
  assert.equal(added("rEFInd 0.14.2", all, grub), [undefined, undefined], "it finds kernels itself");
  assert.equal(added("rEFInd 0.14.2", all, { ...grub, "/etc/kernel/cmdline": [] }), [undefined, undefined]);
});

test("Ubuntu with its kernel from a snap: no file of GRUB or of the initramfs has an effect", () => {
  const host = hostOf({ "/etc/default/grub": [] }, ["update-grub", "update-initramfs", "apt-get"], "ID:ubuntu");
  assert.match(addArgument(host, "iommu=pt").title, /GRUB/);
  const snap = { ...host, kernel: { ...host.kernel, arguments: ["snapd_recovery_mode=run"] } };
  assert.match(addArgument(snap, "iommu=pt").title, /snap set system system\.kernel\.cmdline-append/);
  assert.is(addArgument(snap, "iommu=pt").command, null);
});

test.run();

// The commands that fix kernel arguments, run on real files, with this machine's sed and, if
// installed, busybox's.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isKernelInstalled } from "../../lib/host/boot-entries.mts";
import { addArgument, changeArgument, refreshEntries, removeArgument } from "../../lib/host/kernel-arguments.mts";
import { configuredArguments, removalWaits } from "../../lib/host/configured-arguments.mts";
import { initramfsOf } from "../../lib/host/initramfs.mts";
import { parseHost } from "../../lib/host/parse.mts";
import type { Fix } from "../../lib/findings.mts";
import type { Host } from "../../lib/host/types.mts";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("boot");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-boot-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** A host with these boot files, as the probe reads them, and these programs. */
function hostWith(
  folder: string,
  files: Record<string, string>,
  programs: string[],
  existingPaths: string[] = [],
): Host {
  for (const [path, text] of Object.entries({ "/proc/cmdline": "BOOT_IMAGE=/vmlinuz ro quiet\n", ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const host = parseHost(execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], { encoding: "utf8" }));
  host.programs = Object.fromEntries(programs.map((name) => [name, `/usr/bin/${name}`]));
  host.existingPaths.push(...existingPaths);
  return host;
}

const seds = [[], ...(spawnSync("busybox", ["true"]).status === 0 ? [["busybox"]] : [])];

/** Runs the command of a fix below a folder; its other programs only print that they ran. */
function mend({ command }: Fix, folder: string, before: string[]): string[] {
  const loud = ["update-grub", "proxmox-boot-tool", "sdbootutil"].map((name) => [name, `echo ${name} "$@"`]);
  const sed = before.length > 0 ? { sed: `exec ${before.join(" ")} sed "$@"` } : {};
  const env = standIns(folder, { ...Object.fromEntries(loud), ...sed });
  const line = command!.replaceAll(/\/(etc|boot\/loader)\//g, `${folder}/$1/`);
  return execFileSync("sh", ["-eu", "-c", line], { encoding: "utf8", env }).trim().split("\n");
}

const grub = (value: string) => `GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=${value}\nGRUB_CMDLINE_LINUX=""\n`;

for (const before of seds) {
  const which = before.length > 0 ? "busybox's sed" : "sed";

  test(`Proxmox and openSUSE with systemd-boot, ${which}: edits the line of /etc/kernel/cmdline`, ({ folder }) => {
    const files = { "/etc/kernel/cmdline": "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n" };
    const proxmox = hostWith(folder, files, ["proxmox-boot-tool", "update-grub"], ["/etc/pve"]);
    Object.assign(proxmox, { efi: true, secureBoot: false });
    assert.equal(mend(addArgument(proxmox, "intel_iommu=on"), folder, before), ["proxmox-boot-tool refresh"]);
    const line = () => readFileSync(join(folder, "etc/kernel/cmdline"), "utf8");
    assert.is(line(), "root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on\n");
    mend(removeArgument(proxmox, "intel_iommu=on"), folder, before);
    assert.is(line(), files["/etc/kernel/cmdline"]);
    const suse = hostWith(folder, files, ["sdbootutil"]);
    assert.equal(mend(addArgument(suse, "intel_iommu=on"), folder, before), ["sdbootutil update-all-entries"]);
  });

  test(`systemd-boot, ${which}: edits the options of every entry`, ({ folder }) => {
    const entry = "title Arch\nlinux /vmlinuz-linux\noptions root=UUID=1 rw\n";
    const host = hostWith(folder, { "/boot/loader/entries/arch.conf": entry }, []);
    mend(addArgument(host, "intel_iommu=on"), folder, before);
    const file = join(folder, "boot/loader/entries/arch.conf");
    assert.match(readFileSync(file, "utf8"), /^options root=UUID=1 rw intel_iommu=on$/m);
    mend(removeArgument(host, "intel_iommu=on"), folder, before);
    assert.is(readFileSync(file, "utf8"), entry);
  });
}

test("other boot loaders are changed by their own tools", ({ folder }) => {
  const run = (programs: string[], existingPaths: string[] = [], files = {}) =>
    addArgument(hostWith(folder, files, programs, existingPaths), "intel_iommu=on").command;
  assert.is(
    run(["rpm-ostree", "grubby"], ["/run/ostree-booted"]),
    "rpm-ostree kargs --append-if-missing=intel_iommu=on",
  );
  assert.is(run(["kernelstub"]), "kernelstub -a intel_iommu=on");
  assert.is(run(["grubby", "grub2-mkconfig"]), "grubby --update-kernel=ALL --args=intel_iommu=on");
  assert.is(
    run(["update-grub"], [], { "/etc/os-release": "ID=debian\n", "/etc/default/grub": grub('""') }),
    `mkdir -p /etc/default/grub.d && sh -c 'echo "GRUB_CMDLINE_LINUX_DEFAULT=\\"\\$GRUB_CMDLINE_LINUX_DEFAULT intel_iommu=on\\"" >>/etc/default/grub.d/zz-homelab-gpu.cfg' && update-grub`,
  );
  rmSync(join(folder, "etc"), { recursive: true });
  const nixos = hostWith(folder, { "/etc/os-release": "ID=nixos\n", "/etc/default/grub": grub('""') }, [
    "grub-mkconfig",
  ]);
  assert.equal(
    [addArgument(nixos, "iommu=pt"), removeArgument(nixos, "iommu=pt")].map(({ title, command }) => [title, command]),
    [
      [
        "Add iommu=pt to the kernel's arguments (NixOS): boot.kernelParams in configuration.nix, then nixos-rebuild switch",
        null,
      ],
      [
        "Remove iommu=pt from the kernel's arguments (NixOS): boot.kernelParams in configuration.nix, then nixos-rebuild switch",
        null,
      ],
    ],
    "a file that is edited there would be undone",
  );
  rmSync(join(folder, "etc"), { recursive: true });
  assert.is(run([]), null, "a boot loader that is not known is left alone");
});

test("Proxmox on ZFS uses systemd-boot only with UEFI and without Secure Boot", ({ folder }) => {
  const files = {
    "/etc/os-release": "ID=debian\n",
    "/etc/kernel/cmdline": "root=ZFS=rpool/ROOT/pve-1 boot=zfs intel_iommu=on\n",
    "/etc/default/grub": grub('"quiet"'),
  };
  const proxmox = hostWith(folder, files, ["proxmox-boot-tool", "update-grub"], ["/etc/pve"]);
  const said = (boot: Partial<Host>) => {
    const host = { ...proxmox, ...boot };
    const { title, command } = addArgument(host, "iommu=pt");
    return [/\((.*?)\)/.exec(title)![1], command?.split(" && ").at(-1) ?? null, configuredArguments(host)?.join()];
  };
  const [systemd, other] = ["Proxmox with systemd-boot", "GRUB"];
  assert.equal(said({ efi: true, secureBoot: false }), [systemd, "proxmox-boot-tool refresh", "intel_iommu=on"]);
  assert.equal(said({ efi: true, secureBoot: true }), [other, "update-grub", ""], "that file is not read by GRUB");
  assert.equal(said({ efi: false }), [other, "update-grub", ""]);
  assert.equal(said({ efi: true }), [`${systemd} or ${other}`, null, undefined], "a person looks");
});

test("configured arguments are applied to the boot entries before the reboot", ({ folder }) => {
  const files = { "/etc/default/grub": grub('"quiet intel_iommu=on"') };
  const run = (programs: string[]) => refreshEntries(hostWith(folder, files, programs), "intel_iommu=on")?.command;
  assert.is(run(["update-grub"]), "update-grub");
  assert.is(run(["grub2-mkconfig"]), "grub2-mkconfig -o /boot/grub2/grub.cfg");
  assert.is(run(["grubby"]), "grubby --update-kernel=ALL --args=intel_iommu=on", "which may be in one entry alone");
  assert.is(run([]), undefined);
});

test("a file that was not read does not count as not configured", ({ folder }) => {
  const bls = "GRUB_ENABLE_BLSCFG=true\n";
  const running = { "/proc/cmdline": "BOOT_IMAGE=/vmlinuz ro intel_iommu=off\n" };
  const fedora = hostWith(folder, { ...running, "/etc/default/grub": `${grub('"quiet"')}${bls}` }, ["grubby"]);
  assert.is(configuredArguments(fedora), undefined, "its boot entries are root's");
  assert.is(removalWaits(fedora, "intel_iommu=off"), false);
  const options = (text: string) => ({ ...running, "/boot/loader/entries/a.conf": `title Linux\noptions ${text}\n` });
  assert.is(removalWaits(hostWith(folder, options("root=UUID=1 ro"), ["grubby"]), "intel_iommu=off"), true);
  const rhel8 = hostWith(folder, options("$kernelopts"), ["grubby"]);
  assert.equal(rhel8.kernel.unread, ["/boot/grub2/grubenv"]);
  assert.is(removalWaits(rhel8, "intel_iommu=off"), false);
  const unknown = hostWith(folder, { ...running, "/etc/default/grub": grub('"quiet"') }, []);
  assert.is(removalWaits(unknown, "intel_iommu=off"), false, "nobody knows what boots it");
});

for (
  const [name, programs, files, rebuild, add] of [
    [
      "Ubuntu 26.04",
      ["update-initramfs", "dracut"],
      { "/etc/os-release": "ID=ubuntu\nVERSION_ID=26.04\n" },
      /^dracut /,
      null,
    ],
    [
      "Debian with dracut-core",
      ["update-initramfs", "dracut"],
      { "/etc/os-release": "ID=debian\n" },
      /^update-initramfs/,
      null,
    ],
    [
      "Ubuntu 26.04 with initramfs-tools",
      ["update-initramfs", "dracut", "mkinitramfs"],
      {
        "/etc/os-release": "ID=ubuntu\nVERSION_ID=26.04\n",
      },
      /^update-initramfs/,
      null,
    ],
    [
      "openSUSE",
      ["dracut", "sdbootutil", "bootctl"],
      { "/etc/kernel/cmdline": "root=x\n" },
      /^sdbootutil mkinitrd$/,
      /sdbootutil update-all/,
    ],
    [
      "MicroOS with GRUB",
      ["dracut", "transactional-update", "grub2-mkconfig"],
      {
        "/etc/os-release": "ID=opensuse-microos\n",
        "/etc/default/grub": 'GRUB_CMDLINE_LINUX_DEFAULT=""\n',
      },
      /^transactional-update initrd$/,
      null,
    ],
    [
      "EndeavourOS",
      ["dracut", "reinstall-kernels", "bootctl"],
      { "/etc/kernel/cmdline": "rw\n" },
      /^reinstall-kernels$/,
      /reinstall-kernels$/,
    ],
    ["EndeavourOS with GRUB", ["dracut", "dracut-rebuild"], {}, /^dracut-rebuild$/, null],
    [
      "Limine",
      ["mkinitcpio", "limine-mkinitcpio"],
      { "/etc/default/limine": 'KERNEL_CMDLINE[default]+="quiet"\n' },
      /^limine-mkinitcpio$/,
      null,
    ],
    [
      "kernel-install",
      ["dracut", "grubby", "bootctl"],
      {
        "/etc/kernel/cmdline": "root=x\n",
        "/boot/efi/loader/entries/m-6.17.7.conf": "options root=x\n",
      },
      /kernel-install add/,
      /kernel-install add/,
    ],
    [
      "a unified kernel image",
      ["mkinitcpio", "bootctl"],
      {
        "/etc/kernel/cmdline": "root=x\n",
        "/etc/mkinitcpio.d/linux.preset": 'default_uki="/efi/EFI/Linux/arch-linux.efi"\n',
      },
      /^mkinitcpio -P$/,
      /mkinitcpio -P$/,
    ],
    [
      "Limine with dracut",
      ["dracut", "limine-dracut", "limine-update"],
      { "/etc/default/limine": 'KERNEL_CMDLINE[default]+="quiet"\n' },
      /^limine-dracut$/,
      null,
    ],
    [
      "kernel-install with mkinitcpio",
      ["mkinitcpio", "bootctl", "kernel-install"],
      { "/etc/kernel/cmdline": "root=x\n", "/etc/kernel/install.conf": "layout=uki\n" },
      /kernel-install add/,
      /kernel-install add/,
    ],
    [
      "Arch with dracut",
      ["dracut", "grub-mkconfig"],
      { "/etc/os-release": "ID=arch\n", "/etc/default/grub": grub('""') },
      /"\/boot\/initramfs-\$\(cat "\$base"\)\.img" --kver/,
      null,
    ],
    [
      "Arch with unified kernel images by dracut",
      ["dracut"],
      { "/etc/os-release": "ID=arch\n", "/etc/dracut.conf.d/a.conf": 'uefi="yes"\n' },
      /^dracut --force --regenerate-all$/,
      null,
    ],
    ["Void", ["dracut", "update-grub"], { "/etc/default/grub": grub('""') }, /^dracut --force --regenerate-all$/, null],
  ] as [string, string[], Record<string, string>, RegExp, RegExp | null][]
) {
  test(`${name}: uses the tool that builds the image that boots`, ({ folder }) => {
    const host = hostWith(folder, files, programs);
    assert.match(initramfsOf(host)!.rebuild!, rebuild);
    const { command } = addArgument(host, "iommu=pt");
    if (add) assert.match(command!, add);
    else assert.not.match(command ?? "", /sed -i/);
  });
}

test("a system that another boot loader started gets no change of GRUB's files", ({ folder }) => {
  const says = (name: string) => `\u0006\u0000\u0000\u0000${[...name].map((char) => `${char}\u0000`).join("")}`;
  const info = "/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
  const files = {
    "/etc/default/grub": `${grub('"quiet"')}GRUB_ENABLE_BLSCFG=true\n`,
    "/boot/loader/entries/arch.conf": "options quiet\n",
    "/proc/cmdline": "initrd=\\\\initramfs.img root=x quiet\n",
  };
  const added = (name: string, programs: string[]) => {
    const host = hostWith(folder, { ...files, [info]: says(name) }, programs);
    return [host.bootLoader, addArgument(host, "iommu=pt").command];
  };
  const [loader, run] = added("systemd-boot 257.8-2-arch", ["grub-mkconfig", "dnf"]);
  assert.is(loader, "systemd-boot");
  assert.match(run!, /\^options.*\/boot\/loader\/entries\/\*\.conf/);
  assert.equal(added("GRUB 2.14", ["grub-mkconfig", "dnf"]), [
    "grub",
    "dnf install -y grubby && grubby --update-kernel=ALL --args=iommu=pt",
  ]);
  rmSync(join(folder, info));
  const stub = hostWith(folder, { ...files, [info.replace("Loader", "Stub")]: says("systemd-stub 258.2-1") }, []);
  assert.is(stub.bootLoader, "systemd-stub");
  const chained = hostWith(
    folder,
    { ...files, [info]: says("rEFInd 0.14.2"), "/proc/cmdline": "BOOT_IMAGE=/vmlinuz" },
    [
      "grub-mkconfig",
    ],
  );
  assert.equal(chained.kernel.arguments, ["BOOT_IMAGE=…"]);
  assert.is(chained.bootLoader, "refind");
  assert.match(addArgument(chained, "iommu=pt").title, / \(GRUB\)/, "rEFInd started GRUB");
  const cmdline = hostWith(folder, { ...files, [info]: says("systemd-boot 257"), "/etc/kernel/cmdline": "quiet\n" }, [
    "grub-mkconfig",
    "kernel-install",
  ]);
  rmSync(join(folder, "boot"), { recursive: true });
  const hidden = hostWith(folder, { "/proc/cmdline": "root=x" }, ["grub-mkconfig", "kernel-install"]);
  assert.match(addArgument(hidden, "iommu=pt").command!, /kernel-install add/, "unified kernel images");
  hidden.kernel.unread = ["/boot/…"];
  assert.match(
    addArgument(hidden, "iommu=pt").command!,
    /kernel-install add/,
    "Debian and Fedora use it for all entries",
  );
  hidden.os.id = "arch";
  assert.is(addArgument(hidden, "iommu=pt").command, null, "entries of another kind may be there");
  assert.match(addArgument(cmdline, "iommu=pt").command!, /\/boot\/loader\/entries/);
  const fedora = {
    "/etc/default/grub": files["/etc/default/grub"],
    "/boot/loader/entries/0a1b-6.12.5.conf": "options quiet\n",
    "/proc/cmdline": "root=x quiet\n",
    "/etc/kernel/cmdline": "quiet\n",
  };
  const byKernelInstall = (name: string) =>
    isKernelInstalled(hostWith(folder, { ...fedora, [info]: says(name) }, ["grubby", "kernel-install"]));
  assert.equal(["systemd-boot 257", "GRUB 2.12"].map(byKernelInstall), [true, false], "grubby changes GRUB's entries");
});

for (const [name, quote] of [["double quotes", '"'], ["single quotes", "'"], ["no quotes", ""]] as const) {
  test(`mkinitcpio: finds the paths of a preset in ${name}`, ({ folder }) => {
    const preset =
      `ALL_config=${quote}/etc/mkinitcpio.conf${quote}\ndefault_image=${quote}/boot/initramfs.img${quote}\n`;
    const host = hostWith(folder, { "/etc/mkinitcpio.d/linux.preset": preset }, ["mkinitcpio", "lsinitcpio"]);
    const { list, instead } = initramfsOf(host)!;
    assert.is(list, "lsinitcpio /boot/initramfs.img");
    assert.equal(instead, ["/etc/mkinitcpio.conf"]);
  });
}

test("unified kernel images by mkinitcpio: edits the file that has the arguments", ({ folder }) => {
  const uki = 'default_uki="/efi/EFI/Linux/arch-linux.efi"\n';
  const added = (files: Record<string, string>, preset = uki) => {
    rmSync(join(folder, "etc"), { recursive: true, force: true });
    const host = hostWith(folder, { "/etc/mkinitcpio.d/linux.preset": preset, ...files }, ["mkinitcpio"]);
    const { edit, change } = changeArgument(host, "add", "intel_iommu=on");
    return [edit, change.command ?? change.title];
  };
  const both = { "/etc/cmdline.d/root.conf": "root=x rw\n", "/etc/kernel/cmdline": "quiet\n" };
  const [edit, command] = added({ "/etc/cmdline.d/root.conf": "root=x rw\n" });
  assert.is(edit, "line_change /etc/cmdline.d/root.conf add intel_iommu=on");
  assert.is(command, "sh -c 'echo intel_iommu=on >>/etc/cmdline.d/root.conf' && mkinitcpio -P");
  assert.is(added(both)[0], "line_change /etc/kernel/cmdline add intel_iommu=on");
  const none = added({});
  assert.is(none[0], undefined, "a new file would be the only one, without root=");
  assert.match(none[1]!, /write all of \/proc\/cmdline/);
  const named = added(both, `${uki}default_cmdline="/etc/own-cmdline"\n`);
  assert.is(named[0], undefined);
  assert.match(named[1]!, /in \/etc\/own-cmdline,/);
});

test("unified kernel images by mkinitcpio: removes an argument from the file that has it", ({ folder }) => {
  const host = hostWith(folder, {
    "/etc/mkinitcpio.d/linux.preset": "default_uki=/efi/linux.efi\n",
    "/etc/kernel/cmdline": "root=x\n",
    "/etc/cmdline.d/50-off.conf": "intel_iommu=off quiet\n",
  }, ["mkinitcpio"]);
  const { edit } = changeArgument(host, "remove", "intel_iommu=off");
  assert.is(edit, "line_change /etc/cmdline.d/50-off.conf remove intel_iommu=off");
});

test("the initramfs is rebuilt by the installed tool", ({ folder }) => {
  const made = (name: string) => initramfsOf(hostWith(folder, {}, [name]))?.rebuild;
  assert.is(made("update-initramfs"), "update-initramfs -u -k all");
  assert.is(made("dracut"), "dracut --force --regenerate-all");
  assert.is(made("mkinitcpio"), "mkinitcpio -P");
  assert.is(made("true"), undefined);
  const silverblue = hostWith(
    folder,
    { "/etc/modprobe.d/vfio.conf": "options vfio-pci ids=10de:2786\n" },
    ["dracut", "rpm-ostree"],
    ["/run/ostree-booted"],
  );
  assert.match(
    initramfsOf(silverblue)!.rebuild!,
    /^rpm-ostree initramfs --enable --arg=--force-drivers --arg=vfio-pci --arg=-I --arg=\/etc\/modprobe\.d\/vfio\.conf \$\(/,
  );
  delete silverblue.programs!["rpm-ostree"];
  const image = initramfsOf(silverblue)!;
  assert.equal([image.kind, image.rebuild], ["other", undefined], "dracut alone makes no image that is booted");
});

test.run();

// The Linux probe, run by every installed shell: what it reads from files and programs.
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readByCat } from "../../lib/cli/ssh-probe.mts";
import { firmwareOf } from "../../lib/host/ovmf.mts";
import { addArgument } from "../../lib/host/kernel-arguments.mts";
import { parseHost } from "../../lib/host/parse.mts";
import type { Host } from "../../lib/host/types.mts";
import { own, root, standIns } from "../fake.mts";

const test = suite("probe");

test("the probe distinguishes active groups from those of the next login", () => {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-id-"));
  try {
    chmodSync(folder, 0o755);
    const more = ",36(kvm),107(libvirt),998(video)";
    const id = `echo "uid=1000(me) gid=1000(me) groups=1000(me),107(libvirt)\${1:+${more}}"`;
    const text = execFileSync("sh", ["-s"], {
      encoding: "utf8",
      input: own("scripts/probe-linux.sh"),
      env: standIns(folder, { id }),
      // a group that is in no file
      ...(process.getuid?.() === 0 ? { uid: 65534, gid: 54_321 } : {}),
    });
    const { uid, groups, joined } = parseHost(text);
    assert.equal({ uid, groups, joined }, { uid: 1000, groups: ["libvirt"], joined: ["kvm"] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Creates a tree with the files in the text: `path = content`, `path -> target`. */
function tree(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-tree-"));
  for (const line of text.trim().split("\n")) {
    const [, path, kind, value] = /^\s*(\S+) (=|->) (.*)$/.exec(line)!;
    const full = join(folder, path!);
    mkdirSync(dirname(full), { recursive: true });
    if (kind === "=") writeFileSync(full, `${value!.replaceAll("\\n", "\n").replaceAll("\\t", "\t")}\n`);
    else symlinkSync(value!, full);
  }
  return folder;
}

test("groups that are all in /etc/group need no id for their names", () => {
  if (process.getuid?.() !== 0) return;
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-groups-"));
  try {
    chmodSync(folder, 0o755);
    const input = own("scripts/probe-linux.sh");
    const env = standIns(folder, { id: `echo "$@" >>'${folder}/asked'; exec /usr/bin/id "$@"` });
    writeFileSync(`${folder}/asked`, "", { mode: 0o666 });
    chmodSync(`${folder}/asked`, 0o666);
    const video = Number(/^video:[^:]*:(\d+)/m.exec(readFileSync("/etc/group", "utf8"))![1]);
    const text = execFileSync("sh", ["-s"], { encoding: "utf8", input, env, uid: 65534, gid: video });
    assert.equal([parseHost(text).uid, parseHost(text).groups], [65534, ["video"]]);
    assert.is(readFileSync(`${folder}/asked`, "utf8"), "65534\n", "only for those of the next login");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the probe finds the distributions' UEFI firmware, and the pair without Secure Boot", () => {
  const found = (files: string) => {
    const folder = tree(files);
    try {
      const text = execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], { encoding: "utf8" });
      return firmwareOf(parseHost(text));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const nix = "run/libvirt/nix-ovmf";
  const qemu = `
    ${nix}/edk2-i386-code.fd = x
    ${nix}/edk2-i386-vars.fd = x
    ${nix}/edk2-x86_64-code.fd = x
    ${nix}/edk2-x86_64-secure-code.fd = x`;
  assert.equal(found(qemu), { code: `/${nix}/edk2-x86_64-code.fd`, variables: `/${nix}/edk2-i386-vars.fd` });
  const own = "usr/share/qemu";
  assert.equal(found(qemu.replaceAll(nix, own)), {
    code: `/${own}/edk2-x86_64-code.fd`,
    variables: `/${own}/edk2-i386-vars.fd`,
  });
  const pair = (folder: string) => `
    ${folder}/OVMF_CODE.fd = x
    ${folder}/OVMF_CODE.secboot.fd = x
    ${folder}/OVMF_VARS.fd = x`;
  for (const folder of [nix, "usr/share/edk2-ovmf", "usr/share/edk2/OvmfX64"]) {
    assert.equal(found(pair(folder)), { code: `/${folder}/OVMF_CODE.fd`, variables: `/${folder}/OVMF_VARS.fd` });
  }
  assert.is(found(`${nix}/edk2-x86_64-secure-code.fd = x\n${nix}/edk2-i386-vars.fd = x`), undefined);
});

const card = `
  etc/os-release = ID=debian\\nVERSION_ID="12"\\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
  proc/sys/kernel/osrelease = 6.11.4
  lib/modules/6.11.4/modules.builtin = kernel/drivers/usb/host/xhci-pci.ko\\nkernel/drivers/usb/host/xhci-hcd.ko
  lib/modules/6.11.4/modules.dep = kernel/sound/pci/hda/snd-hda-intel.ko.xz: kernel/sound/core/snd.ko.xz\\nkernel/drivers/vfio/pci/vfio-pci.ko.xz:
  etc/default/grub = GRUB_CMDLINE_LINUX_DEFAULT='quiet intel_iommu=on root=UUID=1234'
  etc/default/grub.d/50-mine.cfg = # GRUB_CMDLINE_LINUX="intel_iommu=off"\\nGRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT iommu=pt"
  proc/cmdline = BOOT_IMAGE=/vmlinuz root=UUID=1234-5678 ro hostname=secret intel_iommu=on iommu=pt
  proc/cpuinfo = processor\\t: 0\\nvendor_id\\t: GenuineIntel\\nflags\\t\\t: fpu vmx lm\\naddress sizes\\t: 46 bits physical, 48 bits virtual\\n\\nprocessor\\t: 1
  proc/meminfo = MemTotal:       65536000 kB\\nMemAvailable:   60000000 kB
  proc/interrupts = CPU0\\n 1: 0 IR-IO-APIC 1-edge i8042\\n 24: 5 IR-PCI-MSI-0000:00:1f.2 0-edge ahci
  proc/net/route = Iface Destination Gateway\\nenp3s0 00000000 0101A8C0
  proc/self/mountinfo = 24 1 259:2 / / rw - ext4 /dev/nvme0n1p2 rw
  sys/class/iommu/dmar0 -> ../../devices/virtual/iommu/dmar0
  sys/devices/virtual/iommu/dmar0/intel-iommu/cap = d2008c22260206
  sys/firmware/acpi/tables/DMAR = x
  sys/firmware/acpi/tables/APIC = x
  sys/kernel/iommu_groups/5/type = DMA-FQ
  sys/kernel/iommu_groups/5/reserved_regions = 0x00000000fee00000 0x00000000feefffff msi\\n0x000000007b800000 0x000000007fffffff direct
  sys/kernel/iommu_groups/5/devices/0000:01:00.0 -> ../../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0
  sys/bus/pci/devices/0000:01:00.0 -> ../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/class = 0x030000
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/vendor = 0x10de
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/device = 0x2786
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/boot_vga = 1
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver -> ../../../../bus/pci/drivers/nouveau
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/iommu_group -> ../../../../kernel/iommu_groups/5
  sys/bus/pci/devices/0000:00:01.0 -> ../../../devices/pci0000:00/0000:00:01.0
  sys/devices/pci0000:00/0000:00:01.0/class = 0x060400
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver_override = (null)
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/reset_method = pm bus
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/resource = 0x00000000fb000000 0x00000000fbffffff 0x0000000000040200\\n0x0000006000000000 0x00000063ffffffff 0x000000000014220c\\n0x0000000000000000 0x0000000000000000 0x0000000000000000
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/drm/card0/card0-DP-1/status = disconnected
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/drm/card0/card0-HDMI-A-1/status = connected
  sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/drm/card0/card0-Writeback-1/status = unknown
  sys/dev/block/259:2 -> ../../devices/pci0000:00/0000:00:1d.0/0000:02:00.0/nvme/nvme0/nvme0n1/nvme0n1p2
  sys/devices/pci0000:00/0000:00:1d.0/0000:02:00.0/nvme/nvme0/nvme0n1/nvme0n1p2/dev = 259:2
  sys/class/net/enp3s0 -> ../../devices/pci0000:00/0000:00:1c.0/0000:03:00.0/net/enp3s0
  sys/devices/pci0000:00/0000:00:1c.0/0000:03:00.0/net/enp3s0/device -> ../../../0000:03:00.0
  sys/class/net/enx001122334455 -> ../../devices/pci0000:00/0000:00:14.0/usb1/net/enx001122334455
  sys/devices/pci0000:00/0000:00:14.0/usb1/net/enx001122334455/device -> ../../../usb1
`;

test("the probe starts few programs, which take most of its time", () => {
  const folder = tree(card);
  try {
    const names = ["awk", "grep", "sed", "ls", "cat", "od", "cut", "tr", "readlink", "basename", "stat", "df", "id"];
    const logged = (name: string) => `echo ${name} >>${folder}/programs\nPATH=\${PATH#*:}; exec ${name} "$@"`;
    const env = standIns(folder, Object.fromEntries(names.map((name) => [name, logged(name)])));
    execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], { env });
    const programs = readFileSync(`${folder}/programs`, "utf8").trim().split("\n").sort();
    assert.equal(programs, ["awk", "awk", "grep", "grep", "ls"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

for (const shell of [["sh"], ["busybox", "sh"]]) {
  test(`the probe reads a foreign tree (${shell.join(" ")})`, () => {
    const folder = tree(card);
    try {
      const probe = `${root}/scripts/probe-linux.sh`;
      let text: string;
      try {
        text = execFileSync(shell[0]!, [...shell.slice(1), probe, folder], { encoding: "utf8" });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT" && shell[0] === "busybox") return;
        throw error;
      }
      const host = parseHost(text);
      assert.equal(host.kernel.arguments, ["BOOT_IMAGE=…", "intel_iommu=on", "iommu=pt"]);
      assert.equal([host.kernel.builtin, host.kernel.available], [["xhci-pci"], ["snd-hda-intel", "vfio-pci"]]);
      const variable = { variable: "GRUB_CMDLINE_LINUX_DEFAULT", quote: "'" };
      assert.equal(host.kernel.configurations, [
        { file: "/etc/default/grub", arguments: [] },
        { file: "/etc/default/grub", arguments: ["intel_iommu=on"], ...variable },
        { file: "/etc/default/grub.d/50-mine.cfg", arguments: [] },
        { file: "/etc/default/grub.d/50-mine.cfg", arguments: ["iommu=pt"], ...variable, quote: '"', adds: true },
      ]);
      assert.equal(host.cpu, { vendor: "GenuineIntel", count: 2, flags: ["vmx", "lm"], physicalBits: 46 });
      assert.equal(host.memory, { total: 64000, available: 58593 });
      assert.equal(host.iommu.units, ["dmar0"]);
      assert.equal(host.iommu.capabilities, { dmar0: "d2008c22260206" });
      assert.equal(host.iommu.acpiTables, ["APIC", "DMAR"]);
      assert.equal(host.iommu.groups, new Map([["5", ["0000:01:00.0"]]]));
      assert.equal(host.iommu.direct, ["5"]);
      assert.equal(host.iommu.interrupts, ["IR-IO-APIC", "IR-PCI-MSI"]);
      assert.is(host.pciCount, 2);
      assert.equal([host.pci![0]!.driver, host.pci![0]!.group], [null, null], "said, not guessed from silence");
      assert.equal(host.pci!.slice(1), [{
        bdf: "0000:01:00.0",
        class: "030000",
        vendor: "10de",
        device: "2786",
        driver: "nouveau",
        bootVga: true,
        group: "5",
        resets: ["pm", "bus"],
        bars: [
          { index: 0, start: 0xfb000000n, size: 0x1000000n, is64Bit: false, prefetch: false },
          { index: 1, start: 0x6000000000n, size: 0x400000000n, is64Bit: true, prefetch: true },
        ],
        upstreamBridges: ["0000:00:01.0"],
        drm: ["card0"],
        displays: ["card0-HDMI-A-1"],
        connectors: 2,
        mediated: false,
        rom: false,
        unset: [2],
      }]);
      assert.equal(host.needs.mounts.map(({ bdf }) => bdf), ["0000:00:1d.0", "0000:02:00.0"]);
      assert.equal(host.needs.route, ["0000:00:1c.0", "0000:03:00.0"]);
      assert.is(host.programs, undefined, "a foreign tree is asked no programs");
      assert.not.match(text, /secret|UUID|001122334455/, "names, disks and addresses stay out");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** The host from a tree, as the probe reads it. */
function probed(text: string, shell: string[] = ["sh"]): Host {
  const folder = tree(text);
  try {
    const probe = `${root}/scripts/probe-linux.sh`;
    return parseHost(execFileSync(shell[0]!, [...shell.slice(1), probe, folder], { encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the probe prints the same with every installed awk", () => {
  const folder = tree(card);
  try {
    const printed = (awk: string) => {
      const bin = join(folder, "bin");
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, "awk"), `#!/bin/sh\nexec ${awk} "$@"\n`);
      chmodSync(join(bin, "awk"), 0o755);
      const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}` };
      return execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], { encoding: "utf8", env });
    };
    const usual = execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], { encoding: "utf8" });
    assert.match(usual, /^\[end\]$/m);
    for (const awk of ["busybox awk", "mawk", "gawk", "gawk --posix", "original-awk"]) {
      const there = execFileSync("sh", ["-c", `${awk} 'BEGIN { print 1 }' 2>/dev/null || :`], { encoding: "utf8" });
      if (there === "1\n") assert.is(printed(awk), usual, awk);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a folder between the files that the probe reads changes nothing, and a file that cannot be read ends it", () => {
  const plain = `
  etc/default/grub = GRUB_CMDLINE_LINUX="iommu=pt"
  etc/modprobe.d/a.conf = blacklist nouveau
  proc/sys/kernel/osrelease = 6.1
  proc/net/route = Iface Destination Gateway`;
  for (const shell of shells) {
    let want: Host;
    try {
      want = probed(plain, shell);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && shell[0] !== "sh") continue;
      throw error;
    }
    const folders = ["etc/default/grub.d/x.cfg", "proc/bus/input/devices", "boot/config-6.1", "boot/limine.conf"];
    for (const folder of folders) {
      const host = probed(`${plain}\n  ${folder}/file = x`, shell);
      assert.equal([host.configured, host.kernel], [want.configured, want.kernel], `${shell}: ${folder}`);
    }
    // a file of the right kind and mode, from whose begin nothing can be read
    const folder = tree(`${plain}\n  etc/modprobe.d/b.conf -> /proc/self/mem`);
    try {
      execFileSync(shell[0]!, [...shell.slice(1), `${root}/scripts/probe-linux.sh`, folder], { stdio: "pipe" });
      assert.unreachable("the rest of the files is not read");
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: Uint8Array };
      assert.is(status, 1, `${error}`);
      assert.match(`${stderr}`, /\ncould not read \/etc\/modprobe\.d\/b\.conf, which the probe needs\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
});

test("without space for the temporary files of the shell, the probe fails", () => {
  const lines = Array.from({ length: 5000 }, (_, i) => `8:${i} / / rw - ext4 /dev/sd${i} rw`);
  const folder = tree(`etc/os-release = ID=debian\n${mounted(...lines)}`);
  try {
    const full = `trap '' XFSZ; ulimit -f 0; exec bash '${root}/scripts/probe-linux.sh' '${folder}'`;
    execFileSync("bash", ["-c", full], { stdio: "pipe" });
    assert.unreachable("it read nothing of the mount points");
  } catch (error) {
    const { code, status, stderr } = error as { code?: string; status: number; stderr: Uint8Array };
    if (code === "ENOENT") return;
    assert.is(status, 1, `${error}`);
    assert.match(`${stderr}`, /could not create a temporary file in .*: is the disk full\?\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the probe distinguishes loadable modules from those that an update removed", () => {
  const kernel = (text: string) => {
    const { available, replaced } = probed(`proc/sys/kernel/osrelease = 6.11.6\n${text}`).kernel;
    return [available, replaced];
  };
  const dep = (folder: string, module = "vfio-pci") =>
    `${folder}/modules.dep = kernel/drivers/vfio/pci/${module}.ko.zst: kernel/drivers/vfio/pci/vfio-pci-core.ko.zst`;
  assert.equal(kernel(dep("lib/modules/6.11.6")), [["vfio-pci"], false]);
  assert.equal(kernel(dep("run/booted-system/kernel-modules/lib/modules/6.11.6")), [["vfio-pci"], false], "NixOS");
  assert.equal(kernel(dep("lib/modules/6.11.6", "mlx5-vfio-pci")), [[], false]);
  assert.equal(kernel(dep("lib/modules/6.11.7")), [undefined, true]);
  const builtin = "lib/modules/6.11.6/modules.builtin = kernel/arch/x86/kvm/kvm.ko\\nkernel/arch/x86/kvm/kvm-intel.ko";
  assert.equal(probed(`proc/sys/kernel/osrelease = 6.11.6\n${builtin}`).kernel.builtin, ["kvm-intel"]);
  assert.equal(kernel("etc/os-release = ID=debian"), [undefined, false], "a container has none, and says nothing");
});

const disk = (name: string, number: string, bdf: string) => `
  sys/dev/block/${number} -> ../../devices/pci0000:00/${bdf}/block/${name}
  sys/class/block/${name} -> ../../devices/pci0000:00/${bdf}/block/${name}
  sys/devices/pci0000:00/${bdf}/block/${name}/dev = ${number}
`;
/** A device-mapper device on other devices, each of which is in the tree. */
const mapped = (number: number, name: string, ...on: string[]) => `
  sys/dev/block/253:${number} -> ../../devices/virtual/block/dm-${number}
  sys/class/block/dm-${number} -> ../../devices/virtual/block/dm-${number}
  sys/devices/virtual/block/dm-${number}/dev = 253:${number}
  sys/devices/virtual/block/dm-${number}/dm/name = ${name}
  ${
  on.map((one) => `sys/devices/virtual/block/dm-${number}/slaves/${one} -> ../../../../../class/block/${one}`).join(
    "\n",
  )
}
`;
const two = disk("sda", "8:0", "0000:00:17.0") + disk("sdb", "8:16", "0000:00:18.0");
const mounted = (...lines: string[]) =>
  `proc/self/mountinfo = ${lines.map((line, i) => `${i + 20} 1 ${line}`).join("\\n")}\n`;
const shells = [["sh"], ["bash"], ["busybox", "sh"]];
/** The host's needs, as read with each installed shell. */
function needsOf(text: string): Host["needs"] {
  const found = shells.flatMap((shell) => {
    try {
      return [probed(text.replaceAll(/\n\s*\n/g, "\n"), shell).needs];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && shell[0] !== "sh") return [];
      throw error;
    }
  });
  for (const needs of found) assert.equal(needs, found[0]);
  return found[0]!;
}
const places = ({ mounts }: Host["needs"]) => mounts.map(({ point, bdf }) => `${point} ${bdf}`);

test("a mark of Docker without its mounts does not make a container", () => {
  const mark = "\n  .dockerenv = x\n";
  const root = "259:2 / / rw - ext4 /dev/nvme0n1p2 rw";
  for (const shell of shells) {
    const containerOf = (text: string) => probed(text.replaceAll(/\n\s*\n/g, "\n"), shell).container;
    // WSL and other VMs whose root file system was made from an image
    assert.is(containerOf(mark + mounted(root)), undefined);
    assert.is(
      containerOf(mark + mounted("0:50 / / rw - overlay overlay rw", "259:2 /d/hosts /etc/hosts rw - ext4 a rw")),
      "docker",
    );
    assert.is(containerOf(mark), "docker");
  }
});

test("the probe recognizes containers that leave no marker file, and WSL with any kernel", () => {
  const containerOf = (text: string) => {
    const found = shells.map((shell) => probed(`etc/os-release = ID=alpine\n${text}`, shell).container);
    assert.equal(found, found.map(() => found[0]));
    return found[0];
  };
  const overlay = "0:90 / / rw - overlay overlay rw";
  const log = "259:2 /k/1 /dev/termination-log rw - ext4 /dev/nvme0n1p2 rw";
  const lxcfs = "0:50 /proc/cpuinfo /proc/cpuinfo rw - fuse.lxcfs lxcfs rw";
  assert.is(containerOf(mounted(overlay, log)), "kubernetes");
  const snapshot =
    "0:90 / / rw - overlay overlay rw,lowerdir=1/fs,upperdir=/var/lib/containerd/o/snapshots/9/fs,workdir=w";
  assert.is(containerOf(mounted(snapshot)), "containerd");
  assert.is(containerOf(mounted(snapshot, log)), "kubernetes");
  assert.is(containerOf(`.dockerenv = x\n${mounted(snapshot, "259:2 /d/hosts /etc/hosts rw - ext4 a rw")}`), "docker");
  assert.is(containerOf(mounted("0:90 / / rw - zfs rpool/data/subvol-101-disk-0 rw", lxcfs)), "lxc");
  assert.is(containerOf("run/systemd/container = systemd-nspawn\n" + mounted(overlay, lxcfs)), "systemd-nspawn");
  assert.is(containerOf(".flatpak-info = x"), "flatpak");
  const host = "0:50 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw";
  assert.is(containerOf(mounted("259:2 / / rw - ext4 /dev/nvme0n1p2 rw", host)), undefined, "a host of containers");
  const isWsl = (text: string) => probed(`etc/os-release = ID=ubuntu\n${text}`).os.wsl;
  assert.is(isWsl("proc/sys/kernel/osrelease = 6.12.10-WSL2-zfs+"), true);
  assert.is(isWsl("proc/sys/kernel/osrelease = 6.12.10\nrun/WSL/1_interop = x"), true);
  assert.is(isWsl("proc/sys/kernel/osrelease = 6.12.10"), false);
});

test("the probe prints the modules that modprobe loads before others, and rules that remove cards", () => {
  const lines = (text: string) => probed(`etc/os-release = ID=debian\n${text}`).configured;
  const file = "modprobe.d/vfio.conf";
  assert.equal(
    lines(`etc/${file} = softdep drm pre: vfio-pci\\nsoftdep nvid* pre: other vfio_pci\\nsoftdep sg pre: sd_mod`),
    [{ file, text: "softdep drm pre: vfio-pci" }, { file, text: "softdep nvid* pre: vfio_pci" }],
  );
  assert.equal(
    lines(`etc/${file} = install vfio-pci /bin/false\\ninstall vfio_pci /opt/planted.sh`).map(({ text }) => text),
    ["install vfio-pci /bin/false", "install vfio_pci"],
  );
  // modprobe gets the rest of such a line; it knows no "options" and no "softdep"
  assert.equal(
    lines(
      "etc/initramfs-tools/modules = softdep amdgpu pre: vfio_pci\\noptions vfio_pci ids=1002:699f\\n" +
        "vfio_pci ids=1002:699f,1002:aae0 # first\\namdgpu",
    ).map(({ text }) => text),
    ["vfio_pci ids=1002:699f,1002:aae0", "amdgpu"],
  );
  const rule = 'ACTION=="add", SUBSYSTEM=="pci", ATTR{vendor}=="0x10de", ATTR{class}=="0x03[0-9]*", ATTR{remove}="1"';
  const path = "usr/lib/udev/rules.d/50-pm-nvidia.rules";
  assert.equal(lines(`${path} = ${rule}`), [{ file: `/${path}`, text: rule }]);
  const off = "sys/devices/platform/asus-nb-wmi/dgpu_disable = ";
  assert.equal(["1", "0"].map((value) => probed(off + value).cardOff), [true, undefined]);
});

test("the probe reads values that quotes and lines divide, as the kernel and the shell do", () => {
  for (const shell of shells.slice(0, 2)) {
    const read = (text: string) => probed(`etc/os-release = ID=arch\n${text}`, shell);
    const lines = (text: string) => read(text).configured.map((line) => line.text);
    const modprobe = "etc/modprobe.d/vfio.conf = ";
    assert.equal(lines(`${modprobe}options vfio-pci ids="10de:2786,10de:22bc" disable_vga=1`), [
      "options vfio-pci ids=10de:2786,10de:22bc disable_vga=1",
    ]);
    assert.equal(lines(`${modprobe}options vfio-pci "ids=10de:2786, 10de:22bc"`), [
      "options vfio-pci ids=10de:2786,10de:22bc",
    ]);
    assert.equal(
      lines(
        "etc/mkinitcpio.conf = MODULES=(\\n  vfio_pci # first\\n  # nouveau\\n  vfio\\n)\\nHOOKS=(\\n base\\n modconf kms)\\n" +
          "COMPRESSION='zstd'",
      ),
      ["MODULES= vfio_pci vfio", "HOOKS= modconf kms"],
    );
    assert.equal(lines('etc/dracut.conf.d/x.conf = force_drivers+="\\n vfio_pci\\n vfio "\\nhostonly="yes"'), [
      "force_drivers+= vfio_pci vfio",
      "hostonly=yes",
    ]);
    const ids = 'vfio-pci.ids="10de:2786,10de:22bc"';
    const { kernel } = read(
      `proc/cmdline = quiet ${ids} iommu=pt\nboot/loader/entries/x.conf = options quiet ${ids}\n` +
        `etc/default/grub = GRUB_CMDLINE_LINUX_DEFAULT='${ids}'\netc/sdboot-manage.conf = LINUX_OPTIONS="iommu=pt ro"`,
    );
    const plain = "vfio-pci.ids=10de:2786,10de:22bc";
    assert.equal(kernel.arguments, [plain, "iommu=pt"]);
    assert.equal(kernel.configurations.flatMap((one) => one.arguments), [plain, plain, "iommu=pt"]);
  }
});

test("the probe reads the cache of ZFS, a read-only root, and the drop-ins of boot loaders in their order", () => {
  const meminfo = "proc/meminfo = MemTotal: 65770000 kB\\nMemAvailable: 4180000 kB";
  const arc =
    "proc/spl/kstat/zfs/arcstats = 13 1 0x01\\nname type data\\nhits 4 7\\nc_min 4 2104645632\\nsize 4 33285996544";
  const read = (text: string) => probed(`etc/os-release = ID=debian\n${text}`);
  for (const shell of shells) {
    try {
      const { memory, kernel } = probed(`${meminfo}\n${arc}\nproc/cmdline = iommu=pt acpi=off`, shell);
      assert.equal([memory.available, memory.arc, memory.arcMin], [4082, 31744, 2007]);
      assert.equal(kernel.arguments, ["iommu=pt", "acpi=off"], "the sections are whole");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || shell[0] === "sh") throw error;
    }
  }
  assert.is(read(meminfo).memory.arc, undefined);
  const root = (options: string) => read(`proc/self/mountinfo = 25 1 0:23 / / ${options} - tmpfs tmpfs rw`);
  assert.equal([root("ro,relatime").rootReadOnly, root("rw,relatime").rootReadOnly], [true, undefined]);
  assert.is(root("ro").rootInMemory, true, "both facts");
  const files = [
    'etc/default/limine = KERNEL_CMDLINE[default]+=" iommu=pt"',
    'usr/share/limine-entry-tool.d/10-a.conf = KERNEL_CMDLINE[default]+=" amd_iommu=off"',
    'etc/limine-entry-tool.d/20-b.conf = KERNEL_CMDLINE[default]+=" quiet"',
    'etc/sdboot-manage.conf.d/90-c.conf = LINUX_OPTIONS+=" iommu=off"',
    'usr/lib/sdboot-manage.conf.d/10-d.conf = LINUX_OPTIONS+=" amd_iommu=off"',
    'etc/sdboot-manage.conf = LINUX_OPTIONS="quiet"',
    "boot/EFI/arch-limine/limine.conf = cmdline: quiet iommu=pt",
    "efi/EFI/BOOT/limine.conf = cmdline: quiet iommu=pt",
    'etc/default/efibootmgr-kernel-hook = OPTIONS="loglevel=4 iommu=pt"',
  ];
  assert.equal(read(files.join("\n")).kernel.configurations.map(({ file, arguments: words }) => `${file} ${words}`), [
    "/usr/share/limine-entry-tool.d/10-a.conf amd_iommu=off",
    "/etc/limine-entry-tool.d/20-b.conf ",
    "/etc/default/limine iommu=pt",
    "/etc/sdboot-manage.conf ",
    "/usr/lib/sdboot-manage.conf.d/10-d.conf amd_iommu=off",
    "/etc/sdboot-manage.conf.d/90-c.conf iommu=off",
    "/boot/EFI/arch-limine/limine.conf iommu=pt",
    "/efi/EFI/BOOT/limine.conf iommu=pt",
    "/etc/default/efibootmgr-kernel-hook iommu=pt",
  ]);
});

test("the probe says which folders of boot loaders only root can read", () => {
  const folder = tree("boot/loader/entries/arch.conf = options quiet\nefi/EFI/BOOT/x = x\netc/os-release = ID=arch");
  try {
    for (const [path, mode] of [[".", 0o755], ["boot", 0o700], ["efi", 0o755]] as const) {
      chmodSync(join(folder, path), mode);
    }
    // root may read everything
    if (process.getuid?.() !== 0) chmodSync(join(folder, "boot"), 0);
    const text = execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], {
      encoding: "utf8",
      ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
    });
    const host = parseHost(text);
    assert.equal(host.kernel.unread, ["/boot/…"]);
    assert.match(addArgument(host, "iommu=pt").title, /as root: only root can read \/boot$/);
  } finally {
    chmodSync(join(folder, "boot"), 0o755);
    rmSync(folder, { recursive: true });
  }
});

test("the probe reads dracut's files and modules in /usr/lib", () => {
  const module = "usr/lib/dracut/modules.d/20vfio";
  for (const shell of shells.slice(0, 2)) {
    const { configured } = probed(
      [
        "etc/os-release = ID=fedora",
        'etc/dracut.conf.d/50-a.conf = force_drivers+=" vfio_pci "',
        'usr/lib/dracut/dracut.conf.d/50-a.conf = force_drivers+=" nouveau "',
        'usr/lib/dracut/dracut.conf.d/99-nvidia.conf = force_drivers+=" i915 nvidia nvidia_drm "',
        `${module}/vfio-pci-override.sh = DEVS="0000:0b:00.0 0000:0b:00.1"\\necho vfio-pci >$DEV/driver_override`,
        `${module}/module-setup.sh = inst_hook pre-udev 00 "$moddir/vfio-pci-override.sh"`,
        "usr/lib/dracut/modules.d/45planted/run.sh = echo 0000:0c:00.0 >driver_override",
      ].join("\n"),
      shell,
    );
    assert.equal(configured.map(({ file, text }) => `${file} ${text}`), [
      "dracut.conf.d/50-a.conf force_drivers+= vfio_pci",
      "/usr/lib/dracut/dracut.conf.d/99-nvidia.conf force_drivers+= i915 nvidia nvidia_drm",
      `/${module}/vfio-pci-override.sh driver_override 0000:0b:00.0 0000:0b:00.1`,
    ]);
  }
});

test("the probe reads what a NixOS configuration loads and binds in the initramfs, and no other script of it", () => {
  const files = [
    `etc/nixos/configuration.nix = /* as before:\\n  boot.initrd.kernelModules = [ "nouveau" ];\\n*/\\n{ boot.initrd.kernelModules = [ "vfio_pci" "vfio" "nvidia" ];\\n` +
    `boot.initrd.preDeviceCommands = ''\\nDEVS="0000:10:00.0 0000:10:00.1"\\necho vfio-pci > ''\${D}/driver_override\\n'';\\n` +
    `boot.extraModprobeConfig = ''options kvm nested=1'';\\nx.script = ''echo >driver_override'';\\n` +
    `boot.kernelModules = [ "amdgpu" ];\\nboot.blacklistedKernelModules = [ "nouveau" ];\\n}`,
    `etc/nixos/hosts/planted/planted.nix = boot = {\\n  kernelModules = [ "kvm" ];\\n  initrd = {\\n` +
    `    availableKernelModules = [ "nouveau" ];\\n    kernelModules = [\\n      "amdgpu" # first\\n      # "i915"\\n    ] ++ lib.optionals x [\\n "xe"\\n];\\n` +
    `  };\\n  kernelModules = [ "nouveau" ];\\n};`,
    `etc/nixos/hosts/vfio.nix = boot.postBootCommands = "" + ''\\n  DEVS="0000:0f:00.0"\\n  echo >driver_override\\n'';`,
    `etc/nixos/rules.nix = boot.initrd.services.udev.rules = ''\\n  KERNEL=="0000:0e:00.0", ATTR{driver_override}="vfio-pci"\\n'';`,
    `etc/nixos/unit.nix = systemd.services.x = {\\n  script = ''\\n    echo 0000:0d:00.0 >/sys/bus/pci/drivers/vfio-pci/bind\\n  '';\\n};`,
    `etc/nixos/hooks.nix = hooks.qemu.start = ''\\n  echo 0000:11:00.0 >/sys/bus/pci/drivers/vfio-pci/bind\\n'';`,
  ];
  for (const shell of shells.slice(0, 2)) {
    const { configured } = probed(["etc/os-release = ID=nixos", ...files].join("\n"), shell);
    assert.equal(configured.map(({ file, text }) => `${file} ${text}`), [
      "nixos/configuration.nix initrd.kernelModules+= vfio_pci vfio nvidia",
      "nixos/configuration.nix driver_override 0000:10:00.0 0000:10:00.1",
      "nixos/… driver_override 0000:0e:00.0",
      "nixos/… driver_override 0000:0d:00.0",
      "nixos/…/vfio.nix driver_override 0000:0f:00.0",
      "nixos/…/… initrd.kernelModules+= amdgpu",
    ]);
  }
});

test("a module that a NixOS configuration loads under a condition counts only if the running kernel has it", () => {
  const files = [
    `etc/nixos/a.nix = {\\n  config = lib.mkIf cfg.enable {\\n    boot = {\\n      initrd.kernelModules = [ "vfio_pci" "nvidia" ];\\n    };\\n  };\\n` +
    `  boot.initrd.kernelModules = [ "i915" ];\\n}`,
    `etc/nixos/b.nix = {\\n  boot.initrd.kernelModules = [ "amdgpu" ] ++ lib.optionals x [ "xe" ] ++ lib.optional y "xe" ++ [ "nouveau" ];\\n}`,
    `etc/nixos/c.nix = { x = a: lib.mkIf a {\\n b = 1; };\\n  boot.initrd.kernelModules =\\n    lib.optionals x [\\n  "vfio-pci"\\n ];\\n}`,
    `etc/nixos/d.nix = {\\n  specialisation."vfio".configuration = {\\n    boot.initrd.kernelModules = [ "vfio_pci" ];\\n  };\\n}`,
    `etc/nixos/e.nix = {\\n  config = lib.mkIf cfg.enable\\n  {\\n    boot.initrd.kernelModules = [ "vfio_pci" ];\\n  };\\n  boot.initrd.kernelModules = [ "xe" ];\\n}`,
    `etc/nixos/f.nix = {\\n  boot.kernelModules = lib.mkIf x\\n    [ "a" ];\\n  boot = {\\n    initrd.kernelModules = [ "radeon" ];\\n  };\\n}`,
  ];
  for (const shell of shells.slice(0, 2)) {
    const read = (...more: string[]) =>
      probed(["etc/os-release = ID=nixos", ...files, ...more].join("\n"), shell).configured.map(({ text }) =>
        text.replace("initrd.kernelModules+= ", "")
      );
    assert.equal(read(), ["i915", "amdgpu nouveau", "xe", "radeon"]);
    assert.equal(read("sys/module/vfio_pci/refcnt = 1"), [
      ...["vfio_pci", "i915", "amdgpu nouveau", "vfio-pci", "vfio_pci", "vfio_pci", "xe", "radeon"],
    ]);
  }
});

test("the probe reads one file of a name in the folders of modprobe.d, as modprobe does", () => {
  const lines = probed(
    [
      "etc/os-release = ID=debian",
      "etc/modprobe.d/a.conf = # nothing",
      "usr/lib/modprobe.d/a.conf = blacklist vfio_pci",
      "lib/modprobe.d/a.conf = blacklist vfio_pci",
      "usr/lib/modprobe.d/b.conf = blacklist kvm",
      "lib/modprobe.d/b.conf = blacklist kvm",
      "lib/modprobe.d/c.conf = blacklist kvm-intel",
      "usr/local/lib/modprobe.d/a.conf = blacklist vfio_pci",
      "usr/local/lib/modprobe.d/d.conf = blacklist kvm-amd",
      "run/modprobe.d/d.conf = blacklist nouveau",
      "usr/local/lib/modprobe.d/e.conf = blacklist amdgpu",
      "usr/lib/modprobe.d/e.conf = blacklist radeon",
    ].join("\n"),
  ).configured;
  assert.equal(lines.map(({ file, text }) => `${file} ${text}`), [
    "/run/modprobe.d/d.conf blacklist nouveau",
    "/usr/local/lib/modprobe.d/e.conf blacklist amdgpu",
    "/usr/lib/modprobe.d/b.conf blacklist kvm",
    "/lib/modprobe.d/c.conf blacklist kvm-intel",
  ]);
});

test("the probe prints the addresses in the user's own scripts that bind devices at boot, without other names", () => {
  const lines = (text: string) => probed(`etc/os-release = ID=debian\n${text}`).configured;
  const file = "initramfs-tools/scripts/init-top/vfio.sh";
  const devices = 'DEVS="0000:0b:00.0 0000:0b:00.1" # 0000:0c:00.0';
  const loop = "for DEV in $DEVS; do echo vfio-pci >/sys/bus/pci/devices/$DEV/driver_override; done";
  const text = "driver_override 0000:0b:00.0 0000:0b:00.1";
  assert.equal(lines(`etc/${file} = #!/bin/sh\\n${devices}\\n${loop}`), [{ file, text }]);
  const one = "ExecStart=/bin/sh -c 'echo 0000:0b:00.0 >/sys/bus/pci/drivers/vfio-pci/bind'";
  assert.equal(lines(`etc/systemd/system/planted.service = [Service]\\n${one}`), [
    { file: "systemd/system/…", text: "driver_override 0000:0b:00.0" },
  ]);
  assert.equal(lines(`etc/rc.local = ${devices}`), [], "nothing is bound");
  assert.equal(lines(`etc/systemd/system/x.service = ${loop}`), [
    { file: "systemd/system/…", text: "driver_override" },
  ], "the devices are found in another way");
});

test("the probe finds the disks of bcachefs, and those below the image of an OSTree system", () => {
  const many = needsOf(two + mounted("0:28 / / rw - bcachefs /dev/sda:/dev/sdb rw"));
  assert.equal([places(many), many.untraced], [["/ 0000:00:17.0", "/ 0000:00:18.0"], []]);
  const lost = needsOf(two + mounted("0:28 / / rw - bcachefs /dev/sda:/dev/sdc rw"));
  assert.equal([places(lost), lost.untraced], [[], ["/"]]);
  const image = (sysroot: string) =>
    needsOf(
      two + mounted("0:32 / / ro - overlay composefs ro,lowerdir=x", `0:34 /root ${sysroot} ro - btrfs /dev/sda rw`),
    );
  assert.equal([places(image("/sysroot")), image("/sysroot").untraced], [
    ["/ 0000:00:17.0", "/sysroot 0000:00:17.0"],
    [],
  ]);
  assert.equal(image("/var").untraced, ["/"]);
});

test("the probe finds the disks below btrfs, encryption and volumes", () => {
  const luks = needsOf(
    two + mapped(0, "luks-1") + mapped(1, "vg-root", "sda") +
      `sys/devices/virtual/block/dm-0/slaves/dm-1 -> ../../../../../class/block/dm-1\n` +
      mounted("0:33 /@ / rw - btrfs /dev/mapper/luks-1 rw", "0:33 /@home /home rw - btrfs /dev/mapper/luks-1 rw"),
  );
  assert.equal(places(luks), ["/ 0000:00:17.0", "/home 0000:00:17.0"]);
  assert.equal([luks.untraced, luks.unread], [[], ["route"]]);
  const members = needsOf(
    two + "sys/fs/btrfs/1f/devices/sda -> ../../../../class/block/sda\n" +
      "sys/fs/btrfs/1f/devices/sdb -> ../../../../class/block/sdb\n" +
      mounted("0:33 / / rw - btrfs /dev/sda rw"),
  );
  assert.equal(places(members), ["/ 0000:00:17.0", "/ 0000:00:18.0"]);
  const lost = needsOf(two + mapped(0, "luks-1") + mounted("0:33 / / rw - btrfs /dev/mapper/luks-1 rw"));
  assert.equal([places(lost), lost.untraced], [[], ["/"]], "a device on nothing");
});

test("the probe finds the disk of an NVMe multipath head by its controllers", () => {
  const head = (controller: string) => `
  sys/dev/block/259:1 -> ../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1
  sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1/dev = 259:1
  sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0 -> ${controller}
  sys/devices/pci0000:00/0000:00:06.0/0000:01:00.0/nvme/nvme0/state = live
  sys/devices/virtual/nvme-fabrics/ctl/nvme0/state = live
  ${mounted("259:1 / / rw - ext4 /dev/nvme0n1p1 rw")}`;
  const pci = needsOf(head("../../../pci0000:00/0000:00:06.0/0000:01:00.0/nvme/nvme0"));
  assert.equal([places(pci), pci.untraced], [["/ 0000:00:06.0", "/ 0000:01:00.0"], []]);
  const far = needsOf(head("../../nvme-fabrics/ctl/nvme0"));
  assert.equal([places(far), far.untraced], [[], ["/"]], "over a network");
});

test("the probe reports every mount point on a disk, without personal names", () => {
  const needs = needsOf(
    two + mapped(0, "planted", "sdb") + mounted(
      "0:5 / / rw - tmpfs none rw",
      "8:0 / /nix rw - ext4 /dev/sda rw",
      "8:0 / /nix/store ro - ext4 /dev/sda rw",
      "8:0 / /var/lib/libvirt/images rw - ext4 /dev/sda rw",
      "253:0 / /home/planted rw - ext4 /dev/mapper/planted rw",
      "253:0 / /planted/data rw - ext4 /dev/mapper/planted rw",
      "253:0 / /planted/more rw - ext4 /dev/mapper/planted rw",
      "0:60 / /run/media/planted/x rw - fuseblk /dev/sda rw",
      "0:61 / /run/user/1 rw - fuse.portal /dev/fuse rw",
      "7:1 / /snap/core ro - squashfs /dev/loop1 ro",
      "0:62 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw",
    ),
  );
  assert.equal(places(needs), [
    "/nix 0000:00:17.0",
    "/nix/store 0000:00:17.0",
    "/var/lib/libvirt/images 0000:00:17.0",
    "/home/… 0000:00:18.0",
    "/… 0000:00:18.0",
    "/run/media/… 0000:00:17.0",
  ]);
  assert.equal([needs.untraced, needs.unread], [[], ["route"]], "a root in memory needs no device");
});

test("the probe reports devices that lead nowhere", () => {
  const root = (line: string) => {
    const { mounts, untraced, unread } = needsOf(two + mounted(line));
    return [mounts, untraced, unread.includes("/")];
  };
  assert.equal(root("0:27 / / rw - zfs rpool/ROOT/pve-1 rw"), [[], ["/"], false]);
  assert.equal(root("0:27 / / rw - overlay overlay rw"), [[], ["/"], false]);
  assert.equal(root("0:27 / / rw - nfs4 server:/x rw"), [[], ["/"], false]);
  assert.equal(root("7:0 / / rw - ext4 /dev/loop0 rw"), [[], ["/"], false]);
  assert.equal(root("0:2 / / rw - rootfs none rw"), [[], [], false]);
  assert.equal(root("8:0 / /boot rw - ext4 /dev/sda rw"), [[{ point: "/boot", bdf: "0000:00:17.0" }], [], true]);
  const swap = needsOf(
    `${two}${
      mapped(0, "swap", "sdb")
    }proc/swaps = Filename Type Size\\n/dev/dm-0 partition 1 0 -2\\n/dev/zram0 partition 1\\n/file file 1
  sys/class/block/zram0 -> ../../devices/virtual/block/zram0
  sys/dev/block/251:0 -> ../../devices/virtual/block/zram0
  sys/devices/virtual/block/zram0/dev = 251:0`,
  );
  assert.equal([swap.swap, swap.untraced], [["0000:00:18.0"], []]);
  const cut = (line: string) => parseHost(`homelab-gpu-probe 1 linux\n[needs]\n${line}`).needs.unread;
  assert.equal(["mount-/:0000:02:00.0", "mount-/:none", "mount-/:", "mount-/:0000:02:0", "route:unt"].map(cut), [
    ["route"],
    ["route"],
    ["/", "route"],
    ["/", "route"],
    ["/", "route"],
  ]);
});

test("the probe finds the disks of a ZFS pool with zpool", () => {
  const folder = tree(
    (two + mapped(0, "crypt", "sdb") +
      mounted("0:27 / / rw - zfs rpool/ROOT/pve-1 rw", "0:28 / /rpool rw - zfs rpool rw"))
      .replaceAll(/\n\s*\n/g, "\n"),
  );
  try {
    // the script treats the tree as the host that it runs on
    const script = own("scripts/probe-linux.sh").replace('[ -n "$root" ] || live=yes', "live=yes");
    writeFileSync(`${folder}/probe.sh`, script);
    const needs = (...disks: string[]) => {
      const answer = ["rpool 1T", "\tmirror-0 1T", ...disks.map((disk) => `\t${disk} 1T`)].join("\n");
      const zpool = `[ "$*" = "list -vHPL rpool" ] && cat <<'END'\n${answer}\nEND`;
      const text = execFileSync("sh", [`${folder}/probe.sh`, folder], {
        encoding: "utf8",
        env: standIns(folder, { zpool }),
      });
      assert.not.match(text, /rpool|crypt/, "no names");
      return parseHost(text).needs;
    };
    const found = needs("/dev/sda", "/dev/mapper/crypt");
    assert.equal(places(found), ["/ 0000:00:17.0", "/ 0000:00:18.0", "/… 0000:00:17.0", "/… 0000:00:18.0"]);
    assert.equal(found.untraced, []);
    assert.equal(needs("/dev/sda", "/srv/file.img").untraced, ["/", "/…"], "a file is no disk");
    assert.equal(needs().untraced, ["/", "/…"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the probe finds the disks of a swap device that is a volume of ZFS", () => {
  const zvol = "sys/devices/virtual/block/zd16";
  const folder = tree(`${two}
  ${zvol}/dev = 230:16
  sys/dev/block/230:16 -> ../../devices/virtual/block/zd16
  sys/class/block/zd16 -> ../../devices/virtual/block/zd16
  dev/zd16 = x
  dev/zvol/rpool/data/swap -> ../../../zd16
  proc/swaps = Filename Type Size Used Priority\\n/dev/zd16 partition 1 0 -2`.replaceAll(/\n\s*\n/g, "\n"));
  try {
    const script = own("scripts/probe-linux.sh").replace('[ -n "$root" ] || live=yes', "live=yes");
    writeFileSync(`${folder}/probe.sh`, script);
    const zpool = `[ "$*" = "list -vHPL rpool" ] && printf 'rpool 1T\\n\\t/dev/sda 1T\\n'`;
    for (const shell of shells.slice(0, 2)) {
      const text = execFileSync(shell[0]!, [...shell.slice(1), `${folder}/probe.sh`, folder], {
        encoding: "utf8",
        env: standIns(folder, { zpool }),
      });
      assert.not.match(text, /rpool/, "no names");
      const { swap, untraced, unread } = parseHost(text).needs;
      assert.equal([swap, untraced.includes("swap"), unread.includes("swap")], [["0000:00:17.0"], false, false]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the probe finds a root file system that is in memory", () => {
  const inMemory = (...mounts: string[]) => probed(mounted(...mounts)).rootInMemory === true;
  const upper = (path: string) => `0:28 / / rw - overlay overlay rw,lowerdir=/run/live/fs,upperdir=${path},workdir=/w`;
  assert.ok(inMemory("0:2 / / rw - rootfs rootfs rw", "0:5 / / rw - tmpfs tmpfs rw"));
  assert.ok(inMemory(upper("/run/live/overlay/rw"), "0:27 / /run/live/overlay rw - tmpfs tmpfs rw"));
  assert.not(inMemory(upper("/run/live/overlay/rw"), "0:27 / /run/live/overlay rw - ext4 /dev/sdb1 rw"));
  assert.not(inMemory(upper("/docker/overlay2/x/diff")), "the folder is not visible, as in a container");
  assert.not(inMemory("0:2 / / rw - rootfs rootfs rw", "8:2 / / rw - ext4 /dev/sda2 rw"));
  assert.not(inMemory("8:2 / / rw - ext4 /dev/sda2 rw", "0:30 / /tmp rw - tmpfs tmpfs rw"));
});

test("the probe finds what uses the driver of a card", () => {
  const users = (text: string) => probed(text).kernel.users;
  const both = `
  sys/module/nvidia/refcnt = 2
  sys/module/nvidia/holders/nvidia_uvm -> ../../nvidia_uvm
  sys/module/nvidia/holders/nvidia_modeset -> ../../nvidia_modeset
  sys/module/amdgpu/refcnt = 14
  sys/module/nvidia_uvm/refcnt = 0`;
  assert.equal(users(both), {
    nvidia: { references: 2, modules: 2 },
    nvidia_uvm: { references: 0, modules: 0 },
    amdgpu: { references: 14, modules: 0 },
  });
  assert.is(users("sys/module/nvidia/version = 580"), undefined);
});

test("the probe finds the service or the container of each process that holds a card", () => {
  const holder = (pid: number, command: string, group: string) => `
  proc/${pid}/comm = ${command}
  proc/${pid}/cgroup = 0::${group}
  proc/${pid}/fd/3 -> /dev/nvidia0
  proc/${pid}/fd/4 -> /dev/nvidia0`;
  const folder = tree(
    `sys/module/nvidia/version = 580
  usr/lib/systemd/system/nvidia-dcgm.service = x${holder(11, "ollama", "/system.slice/ollama.service")}${
      holder(12, "nv-hostengine", "/system.slice/nvidia-dcgm.service")
    }${holder(13, "python3", "/system.slice/planted.service")}${
      holder(14, "python3", `/system.slice/docker-${"0f".repeat(32)}.scope`)
    }${holder(15, "bash", "/user.slice/user-1000.slice/session-2.scope")}${
      holder(16, "frigate", "/machine.slice/libpod-1f.scope/container")
    }`,
  );
  try {
    writeFileSync(
      `${folder}/probe.sh`,
      own("scripts/probe-linux.sh").replace('[ -n "$root" ] || live=yes', "live=yes"),
    );
    for (const shell of shells.slice(0, 2)) {
      const text = execFileSync(shell[0]!, [...shell.slice(1), `${folder}/probe.sh`, folder], { encoding: "utf8" });
      assert.not.match(text, /planted|0f0f/, "no names that a person chose");
      const { processes } = parseHost(text).holders!;
      assert.equal(processes.map(({ pid, runner }) => [pid, runner]), [
        [11, "ollama.service"],
        [12, "nvidia-dcgm.service"],
        [13, undefined],
        [14, "docker"],
        [15, undefined],
        [16, "podman"],
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the probe finds the default route's device through bridges, bonds and VLANs", () => {
  const network = (route: string, links: string) => {
    const { route: functions, untraced, unread } = needsOf(`
  sys/class/net/eno1 -> ../../devices/pci0000:00/0000:00:1f.6/net/eno1
  sys/devices/pci0000:00/0000:00:1f.6/net/eno1/device -> ../../../0000:00:1f.6
  sys/class/net/eno2/device -> ../../../devices/pci0000:00/0000:00:19.0
  sys/devices/pci0000:00/0000:00:19.0/class = 0x020000
  sys/class/net/end0/device -> ../../../devices/platform/soc
  sys/devices/platform/soc/name = x
  sys/class/net/wg0/mtu = 1420
  sys/class/net/tap0/mtu = 1500
  sys/class/net/vmbr0/lower_tap0 -> ../tap0
  ${links}
  proc/net/route = Iface Destination Gateway\\n${route}`);
    return [functions, untraced, unread.includes("route")];
  };
  assert.equal(network("vmbr0 00000000 1", "sys/class/net/vmbr0/lower_eno1 -> ../eno1"), [["0000:00:1f.6"], [], false]);
  const bond = `sys/class/net/vmbr0/lower_bond0.5 -> ../bond0.5
  sys/class/net/bond0.5/lower_bond0 -> ../bond0
  sys/class/net/bond0/lower_eno1 -> ../eno1
  sys/class/net/bond0/lower_eno2 -> ../eno2`;
  assert.equal(network("vmbr0 00000000 1", bond), [["0000:00:1f.6", "0000:00:19.0"], [], false]);
  const open = "sys/class/net/ovs-system/lower_eno1 -> ../eno1\n  sys/class/net/vmbr1/type = 1";
  assert.equal(network("vmbr1 00000000 1", open), [["0000:00:1f.6"], [], false], "Open vSwitch");
  const tunnel = `sys/class/net/tap1/tun_flags = 0x1002\n  sys/class/net/tap1/type = 1\n  ${open}`;
  assert.equal(network("tap1 00000000 1", tunnel), [[], ["route"], false]);
  assert.equal(network("vmbr0 00000000 1", open), [[], ["route"], false], "a bridge of the kernel's");
  const none = "sys/class/net/lo/mtu = 65536";
  assert.equal(network("wg0 00000000 0", none), [[], ["route"], false], "a VPN");
  const server = "0A0B0C0D 0101A8C0 0007 0 0 0 FFFFFFFF 0 0 0";
  const byServer = (others: string) => network(`wg0 00000000 0\\neno1 ${server}`, others);
  assert.equal(byServer(none), [[], ["route"], false], "a host that need not be the server of the VPN");
  const down = "sys/class/net/eno2/operstate = down\n  sys/class/net/end0/operstate = down";
  assert.equal(byServer(down), [["0000:00:1f.6"], [], false], "by its server's route: no other card is up");
  assert.equal(byServer(`${down}\n  sys/class/net/ppp0/type = 512`), [[], ["route"], false], "or by a modem");
  assert.equal(network("wg0 00000000 0\\neno1 0000A8C0 0101A8C0 0003 0 0 0 00FFFFFF 0 0 0", none)[1], ["route"]);
  assert.equal(network("vmbr0 00000000 0", none), [[], ["route"], false], "a bridge of VMs alone");
  assert.equal(network("wg0 00000000 0\\neno1 00000000 1", none), [["0000:00:1f.6"], ["route"], false]);
  assert.equal(network("eno1 0000A8C0 0", none), [[], [], false], "there is none");
  const sessions = (devices: string[], ppp: string[]) =>
    `proc/net/pppoe = Id       Address              Device\\n${
      devices.map((name, i) => `0000000${i} 02:00:5e:10:00:01     ${name}`).join("\\n")
    }\n${ppp.map((name) => `  sys/class/net/${name}/type = 512`).join("\n")}`;
  const pppoe = (devices: string[], ppp: string[]) => network("ppp0 00000000 0", sessions(devices, ppp));
  assert.equal(pppoe(["eno1"], ["ppp0"]), [["0000:00:1f.6"], [], false], "by PPPoE");
  assert.equal(pppoe(["eno1", "eno1"], ["ppp0", "ppp1"]), [["0000:00:1f.6"], [], false]);
  assert.equal(pppoe(["eno1"], ["ppp0", "ppp1"]), [[], ["route"], false], "one of them is a modem");
  assert.equal(pppoe(["eno1", "eno2"], ["ppp0", "ppp1"]), [[], ["route"], false], "one of two cards");
  assert.equal(pppoe([], ["ppp0"]), [[], ["route"], false], "a modem");
  assert.equal(network("wg0 00000000 0", sessions(["eno1"], ["ppp0"])), [[], ["route"], false], "a VPN by PPPoE");
  assert.equal(network("end0 00000000 0", none), [[], [], false], "a device that is on no PCI");
  const zeros = "0".repeat(32);
  const six =
    `proc/net/ipv6_route = ${zeros} 00 ${zeros} 00 fe80 1 1 0 3 eno2\\n${zeros} 00 ${zeros} 00 ${zeros} f 1 0 200200 lo`;
  assert.equal(network("eno1 0000A8C0 0", six), [["0000:00:19.0"], [], false], "by IPv6");
});

/** The firewall as the probe finds it in a network namespace with these rules. */
function firewall(commands: string): Host["forwarding"] {
  const script = `${commands}\nsh '${root}/scripts/probe-linux.sh'`;
  return parseHost(execFileSync("unshare", ["-n", "sh", "-euc", script], { encoding: "utf8" })).forwarding;
}

test("the probe reads which chains drop the packets of guests, without the user's names", () => {
  const docker = "iptables -P FORWARD DROP; iptables -N DOCKER-USER; iptables -A FORWARD -j DOCKER-USER";
  const chain = { family: "ip", table: "filter", drops: true, passesGuests: false };
  assert.equal(firewall("true")!.chains, []);
  assert.equal(firewall(docker)!.chains, [chain]);
  const passing = [{ ...chain, passesGuests: true }];
  assert.equal(firewall(`${docker}; iptables -I DOCKER-USER -i virbr+ -j ACCEPT`)!.chains, passing);
  assert.equal(firewall(`${docker}; iptables -N LIBVIRT_FWO; iptables -I FORWARD -j LIBVIRT_FWO`)!.chains, passing);
  const own =
    "nft add table inet secret; nft 'add chain inet secret f { type filter hook forward priority 0; policy drop; }'";
  assert.equal(firewall(own)!.chains, [{ ...chain, family: "inet", table: "…" }]);
  assert.equal(firewall(`${own}; nft 'add rule inet secret f iifname { "lo", "virbr0" } accept'`)!.chains, [
    { ...chain, family: "inet", table: "…", passesGuests: true },
  ]);
});

test("the probe lists the rules of nft only where a chain may drop what is forwarded", () => {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-nft-"));
  try {
    const chainsWith = (policy: string) => {
      const chain = `table ip filter {\n chain F {\n  type filter hook forward priority 0; policy ${policy};\n`;
      const rule = `  iifname "virbr0" accept\n`;
      const env = standIns(folder, {
        nft: `case $2 in chains) printf '${chain} }\n}\n' ;; *) printf '${chain}${rule} }\n}\n' ;; esac`,
        id: "echo 'uid=0(root) gid=0(root) groups=0(root)'",
      });
      const { chains } = parseHost(execFileSync("sh", [`${root}/scripts/probe-linux.sh`], { encoding: "utf8", env }))
        .forwarding!;
      return chains?.find(({ family }) => family === "ip");
    };
    assert.equal(chainsWith("drop"), { family: "ip", table: "filter", drops: true, passesGuests: true });
    assert.equal(chainsWith("accept"), { family: "ip", table: "filter", drops: false, passesGuests: false });
    standIns(folder, { timeout: 'shift 3\ncase $* in *nft*ruleset) exit 124 ;; esac\nexec "$@"' });
    assert.is(chainsWith("drop"), undefined, "a program that does not answer is stopped");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("with HOMELAB_GPU_HARDWARE the probe asks nobody about processes and the firewall, and is whole", () => {
  const text = execFileSync("sh", [`${root}/scripts/probe-linux.sh`], {
    encoding: "utf8",
    env: { ...process.env, HOMELAB_GPU_HARDWARE: "yes", HOMELAB_GPU_ASK: "" },
  });
  const { cut, holders, forwarding, pci } = parseHost(text);
  assert.equal([cut, holders, forwarding], [undefined, undefined, undefined]);
  assert.ok(pci);
});

test("a script on standard input is read at once by each shell, before its first command runs", () => {
  for (const [shell, ...words] of shells) {
    const input = `${readByCat}cat\necho end\nexit 3\n`;
    const { error, status, stdout } = spawnSync(shell!, [...words, "-s"], { input, encoding: "utf8" });
    if (error && shell !== "sh") continue;
    assert.equal([stdout, status], ["end\n", 3], shell);
  }
});

/** Creates a socket that no program listens on. */
function createSocket(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const listen = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
  spawnSync(process.execPath, ["-e", listen, path]);
}

test("a version comes from dpkg only for a program of its package", () => {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-versions-"));
  const versions = (env: NodeJS.ProcessEnv) =>
    parseHost(execFileSync("sh", [`${root}/scripts/probe-linux.sh`], {
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "ignore"],
    })).versions;
  try {
    const others = standIns(folder, {
      packer: "echo 'Packer v97.0.1'",
      libvirtd: "echo 'libvirtd (libvirt) 98.0.2'",
      "qemu-system-x86_64": "echo 'QEMU emulator version 99.1.3'",
      virsh: "exit 1",
    });
    const { packer, libvirt, qemu } = versions(others);
    assert.equal({ packer, libvirt, qemu }, { packer: "97.0.1", libvirt: "98.0.2", qemu: "99.1.3" });
    const found = versions(standIns(join(folder, "own"), { virsh: "exit 1" }));
    for (const [name, program] of [["libvirt", "libvirtd"], ["qemu", "qemu-system-x86_64"]] as const) {
      const path = ["/usr/bin", "/usr/sbin"].map((at) => `${at}/${program}`).find((path) => existsSync(path));
      if (path === undefined) continue;
      const said = /\d+\.\d+[\w.]*/.exec(execFileSync(path, ["--version"], { encoding: "utf8" }))![0];
      // Debian's version has no point release of QEMU 7.2
      assert.ok([said, said.replace(/\.\d+$/, "")].includes(found[name]!), `${name} ${found[name]}, not ${said}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** An entry of dpkg's status file. */
const dpkgEntry = (name: string, version: string, state = "install ok installed") =>
  `Package: ${name}\nStatus: ${state}\nArchitecture: amd64\nVersion: ${version}\nDescription: x\n\n`;
const otherEntries = dpkgEntry("libvirt-daemon", "9.0.0-4+deb12u2") +
  dpkgEntry("qemu-system-x86", "1:8.2.2+ds-0ubuntu1.10");
const dpkgStatus = (version: string, state?: string) => dpkgEntry("packer", version, state) + otherEntries;
interface Installed {
  status?: string;
  diversions?: string;
  mounts?: string;
  path?: string;
  before?: string;
  after?: string;
  /** The name of libvirt's socket. */
  socket?: string;
  /** Whether the user of the probe has no permission for the socket. */
  stranger?: boolean;
}
/**
 * The host as the probe finds it in each shell, with programs of packages and a libvirt that does not answer.
 */
function probedPackages(
  {
    status = dpkgStatus("1.9.4-1"),
    diversions = "/bin/sh\n/bin/sh.distrib\ndash\n",
    mounts = "",
    path = "usr/bin",
    before = ":",
    after = ":",
    socket = "libvirt-sock",
    stranger = false,
  }: Installed,
): Host {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-dpkg-"));
  try {
    const info = `${folder}/var/lib/dpkg/info`;
    for (const made of [info, `${folder}/proc/self`]) mkdirSync(made, { recursive: true });
    standIns(`${folder}/usr`, {
      packer: "echo 'Packer v97.0.1'",
      libvirtd: "echo 'libvirtd (libvirt) 98.0.2'",
      "qemu-system-x86_64": "echo 'QEMU emulator version 99.1.3'",
      virsh: "exit 1",
    });
    symlinkSync("usr/bin", `${folder}/bin`);
    createSocket(`${folder}/run/libvirt/${socket}`);
    if (stranger) chmodSync(`${folder}/run/libvirt/${socket}`, 0);
    writeFileSync(`${folder}/var/lib/dpkg/status`, status);
    writeFileSync(`${folder}/var/lib/dpkg/diversions`, diversions);
    writeFileSync(`${folder}/proc/self/mountinfo`, `24 1 259:2 / / rw - ext4 /dev/sda2 rw\n${mounts}`);
    // the kernel's clock for files has steps of some milliseconds
    execFileSync("sh", ["-euc", `cd '${folder}'; ${before}; sleep 0.02`]);
    const lists = { packer: "packer", "libvirt-daemon": "libvirtd", "qemu-system-x86": "qemu-system-x86_64" };
    for (const [name, file] of Object.entries(lists)) writeFileSync(`${info}/${name}.list`, `/.\n/usr/bin/${file}\n`);
    execFileSync("sh", ["-euc", `cd '${folder}'; sleep 0.02; ${after}`]);
    const env = { ...process.env, PATH: `${folder}/${path}:${process.env["PATH"]}`, HOMELAB_GPU_HARDWARE: "yes" };
    const probe = `${folder}/probe.sh`;
    writeFileSync(probe, own("scripts/probe-linux.sh").replace('[ -n "$root" ] || live=yes', "live=yes"));
    execFileSync("chmod", ["a+rx", folder]);
    // root may open every socket
    const user = stranger && process.getuid!() === 0 ? { uid: 65534, gid: 65534 } : {};
    const [first, ...others] = shells.flatMap((shell) => {
      try {
        const text = execFileSync(shell[0]!, [...shell.slice(1), probe, folder], { encoding: "utf8", env, ...user });
        return [parseHost(text)];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT" && shell[0] !== "sh") return [];
        throw error;
      }
    });
    for (const { versions, libvirt } of others) {
      assert.equal({ versions, libvirt }, { versions: first!.versions, libvirt: first!.libvirt });
    }
    return first!;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("libvirt's socket and the user's permission are read, whether or not a version comes from dpkg", () => {
  for (const socket of ["libvirt-sock", "virtqemud-sock"]) {
    for (const status of [dpkgStatus("1.9.4-1"), ""]) {
      for (const stranger of [false, true]) {
        const { libvirt } = probedPackages({ status, socket, stranger });
        assert.equal([libvirt?.socket, libvirt?.access], [`/run/libvirt/${socket}`, !stranger], status);
      }
    }
  }
});

test("dpkg's versions are those of installed packages, for programs that nothing replaced", () => {
  const versions = (installed: Installed) => {
    const { packer, libvirt, qemu } = probedPackages(installed).versions;
    return [packer, libvirt, qemu];
  };
  const all = ["1.9.4", "9.0.0", "8.2.2"];
  const ran = ["97.0.1", ...all.slice(1)];
  assert.equal(versions({}), all);
  assert.equal(versions({ path: "bin" }), all, "/bin is /usr/bin");
  const removed = dpkgEntry("packer", "0.9.9", "deinstall ok config-files");
  assert.equal(versions({ status: removed + dpkgStatus("1.9.4-1", "hold ok installed") }), all);
  assert.equal(versions({ status: dpkgStatus("1.9.4-1", "install reinstreq half-installed") }), ran);
  assert.equal(versions({ status: removed + otherEntries }), ran);
  const other = "Package: packer\nStatus: install ok installed\n\nPackage: packer-doc\nVersion: 5.5.5\n\n";
  assert.equal(versions({ status: other + otherEntries }), ran, "of another package");
  for (const version of ["1:9.2.0~rc1", "1:7.2+dfsg-7+deb12u18", "10.0.0+really9.1.0-1", "1.9.4+git1"]) {
    assert.equal(versions({ status: dpkgStatus(version) }), ran, version);
  }
  for (const version of ["1.9.4", "1:1.9.4+dfsg-2~bpo12+1", "1.9.4+ds2-1+b1"]) {
    assert.equal(versions({ status: dpkgStatus(version) }), all, version);
  }
  const qemu = (version: string) => versions({ status: dpkgEntry("qemu-system-x86", version) })[2];
  assert.is(qemu("1:7.2+dfsg-7+deb12u18+b3"), "7.2", "7.2.22 by the program");
  for (const version of ["1:9.2~rc1+ds-1", "1:7-1", "1:10.0+really9.1-1"]) assert.is(qemu(version), "99.1.3", version);
  for (const path of ["/usr/bin/packer", "/bin/packer"]) {
    assert.equal(versions({ diversions: `${path}\n${path}.distrib\n:\n` }), ran, path);
  }
  for (const point of ["/usr/bin/packer", "/usr/bin"]) {
    const found = versions({ mounts: `25 24 8:1 /x ${point} rw - ext4 /dev/sda2 rw\n` });
    assert.equal(found, point === "/usr/bin" ? ["97.0.1", "98.0.2", "99.1.3"] : ran, point);
  }
  const replacing = "cp usr/bin/packer new; touch -d 2020-01-01 new; mv new usr/bin/packer";
  assert.equal(versions({ after: replacing }), ran, "by an older file");
  const link = "mv usr/bin/packer usr/; ln -s ../packer usr/bin/packer";
  assert.equal(versions({ after: link }), ran, "by a link");
  assert.equal(versions({ before: link }), ran, "a link of the package can lead to another file later");
  assert.equal(versions({ after: "rm var/lib/dpkg/diversions" }), ["97.0.1", "98.0.2", "99.1.3"], "not readable");
});

test("the probe reads the rules if only iptables is installed", () => {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-iptables-"));
  try {
    const bin = standIns(folder, {
      iptables: "[ $1 = -S ] || { echo 'iptables v1.8.9 (nf_tables)'; exit; }\n" +
        "printf '%s\\n' '-P INPUT ACCEPT' '-P FORWARD DROP' '-N DOCKER-USER' '-A FORWARD -j DOCKER-USER'",
      grep: 'case $* in *nf_tables*) exit 0 ;; esac\nexec /bin/grep "$@"',
      id: "echo 'uid=0(root) gid=0(root) groups=0(root)'",
    });
    const names = join(folder, "names");
    writeFileSync(names, "");
    const path = own("scripts/probe-linux.sh").replace(/if program nft; then/, "if false; then")
      .replace("/proc/net/ip_tables_names", names);
    const text = execFileSync("sh", ["-s"], { encoding: "utf8", input: path, env: bin });
    assert.equal(parseHost(text).forwarding!.chains, [
      { family: "ip", table: "filter", drops: true, passesGuests: false },
    ]);
    writeFileSync(names, "filter\n");
    const older = () => parseHost(execFileSync("sh", ["-s"], { encoding: "utf8", input: path, env: bin })).forwarding!;
    standIns(folder, { "iptables-legacy": "echo '-P FORWARD DROP'" });
    assert.equal([older().chains!.map(({ family }) => family), older().legacyUnread], [["ip", "legacy"], undefined]);
    standIns(folder, { "iptables-legacy": "exit 4" });
    assert.equal([older().chains!.map(({ family }) => family), older().legacyUnread], [["ip"], true]);
    for (const version of ["iptables v1.6.1", "iptables v1.8.10 (legacy)"]) {
      standIns(folder, { iptables: `[ $1 = -S ] || { echo '${version}'; exit; }\necho '-P FORWARD DROP'` });
      assert.equal([older().chains!.map(({ family }) => family), older().legacyUnread], [["legacy"], undefined]);
    }
    const kinds = () => [older().chains?.map(({ family }) => family), older().legacyUnread];
    // what did not name its kind is not the older one
    for (const says of ["exit 4", "echo 'iptables v1.9.0'"]) {
      standIns(folder, { iptables: `[ $1 = -S ] || { ${says}; exit; }\necho '-P FORWARD DROP'` });
      assert.equal(kinds(), [undefined, true], says);
    }
    // nft does not show the rules of the older iptables
    standIns(folder, {
      nft: "true",
      iptables: "[ $1 = -S ] || { echo 'iptables v1.4.21'; exit; }\necho '-P FORWARD DROP'",
    });
    const withNft = own("scripts/probe-linux.sh").replace("/proc/net/ip_tables_names", names);
    const { chains, legacyUnread } = parseHost(
      execFileSync("sh", ["-s"], { encoding: "utf8", input: withNft, env: bin }),
    ).forwarding!;
    assert.equal([chains!.map(({ family }) => family), legacyUnread], [["legacy"], undefined]);
    writeFileSync(names, "");
    standIns(folder, { iptables: "exit 4" });
    const unread = execFileSync("sh", ["-s"], { encoding: "utf8", input: path, env: bin });
    assert.not.match(unread, /^forward/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();

import type { Failure } from "../types.mts";
import { commandFix, doctorFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { each, install, vmWords } from "../fixes.mts";

/**
 * Errors of libvirt and QEMU about the files of a VM: firmware, ROMs, disks, and their own
 * programs.
 */
export const qemuFileFailures = (): Failure[] => [
  {
    pattern: /-fw_cfg \S{1,200}: can't load \S/,
    check: "guest.image",
    layer: "hypervisor",
    message:
      "QEMU cannot read the file that the VM gets by fw_cfg (Ignition, combustion): it is not there, or AppArmor, " +
      "SELinux or its owner forbids it",
    fix: [
      manualFix("Put it below /var/lib/libvirt/images, readable for all (chmod 644)"),
      commandFix("Read what AppArmor or SELinux refused", "journalctl -k --grep 'apparmor|avc' --no-pager -n 30", {
        root: true,
      }),
      manualFix("If AppArmor did: allow it in /etc/apparmor.d/abstractions/libvirt-qemu (PATH r,)"),
    ],
    source: "QEMU (softmmu/vl.c); dmacvicar/terraform-provider-libvirt#142 (2017-06)",
  },
  {
    pattern: anyOf(
      /block I\/O error in device '[^'\n]{1,80}': (?!No space)|VM (?:\S{1,80} )?paused due to (?:storage )?I\/O error/,
      /\bpaused \(I\/O error\)/,
    ),
    check: "host.disk",
    strength: "symptom",
    layer: "hypervisor",
    message: "QEMU stopped the VM, since it could not write to or read its disk image: the host's disk is full, gone " +
      "(NFS, USB) or broken",
    fix: [
      commandFix("Check the room where VM disks are stored", "df -h /var/lib/libvirt/images"),
      commandFix("Read which disk, and what the kernel says of it", "virsh domblkerror NAME; dmesg | tail -n 40"),
      commandFix("Then let the VM go on", "virsh resume NAME"),
    ],
    source: "QEMU (block/block-backend.c), libvirt (qemu_process.c), 2026-11",
  },
  {
    pattern: /vfio-display-\w{3,10}: |doesn't support any \(known\) display method/,
    check: "provider.mode",
    layer: "hypervisor",
    message: "QEMU should show the card's picture (display='on'): only some virtual GPUs support that, with OpenGL",
    fix: [
      manualFix("Write display='off' and ramfb='off' in that hostdev (virsh edit NAME): computing needs no picture"),
      manualFix("Or add <graphics type='egl-headless'/> next to the VNC or SPICE display"),
    ],
    source: "QEMU (hw/vfio/display.c); intel/gvt-linux#227 (2023-03)",
  },
  {
    pattern: /failed to find romfile "/,
    check: "provider.access",
    layer: "hypervisor",
    message:
      "QEMU does not find a ROM file, or may not read it: the card's own (romfile) at that path, or one of its " +
      "package of ROMs",
    fix: each(
      manualFix("If it names a file of yours: correct the path, or remove it, since computing needs no ROM"),
      manualFix(
        "If that file exists: libvirt's QEMU has to be able to read it (chmod 644 FILE, its folders 755), and " +
          "AppArmor or SELinux has to allow its folder, as they do /usr/share/vgabios",
      ),
      install("If it names efi-virtio.rom or the like: install QEMU's ROMs", {
        apt: "ipxe-qemu",
        dnf: "ipxe-roms-qemu",
        zypper: "qemu-ipxe",
      }),
    ),
    source: "QEMU (hw/pci), read 2026-11",
  },
  {
    pattern: /unable to parse qemu-img output|(?:cannot|unable to) (?:find|execute) \S{0,60}qemu-img/,
    near: vmWords,
    check: "provider.access",
    layer: "provider",
    message:
      "libvirt could not run qemu-img, with which it makes disks: it is missing, or AppArmor forbids it at that path",
    fix: each(
      install("Install it", { apt: "qemu-utils", dnf: "qemu-img", pacman: "qemu-img", zypper: "qemu-tools" }),
      commandFix("Read what AppArmor refused", "journalctl -k --grep apparmor --no-pager -n 30", { root: true }),
      manualFix("If qemu-img is your own build: allow its path in /etc/apparmor.d/local/usr.sbin.libvirtd"),
    ),
    source: "libvirt; vagrant-libvirt/vagrant-libvirt#441 (2015-08)",
  },
  {
    pattern: anyOf(
      /Cannot access backing file '|QEMU Driver error : Unable to stat /,
      /blockdev .{0,300}Could not open '[^']{1,200}': No such file/,
    ),
    check: "guest.image",
    layer: "provider",
    message: "the VM's disk, or the image that it builds on, is gone, was moved, or cannot be read",
    fix: [
      commandFix("Check which", "qemu-img info --backing-chain DISK"),
      manualFix("If the box was removed or rebuilt: destroy the machine and create it again"),
    ],
    source: "libvirt, read 2026-11",
  },
  {
    pattern: /block device '?pflash0'? has invalid size|combined size of system firmware exceeds/,
    near: vmWords,
    check: "guest.firmware",
    layer: "hypervisor",
    message: "the file given as UEFI firmware is not one in raw form: it is cut off or another file (a web page, the " +
      "variables), or an image (qcow2) that is read as raw",
    fix: [
      commandFix("Check what it is", "sh -c 'file CODE.fd; qemu-img info CODE.fd'"),
      manualFix(
        "Give the distribution's raw files: OVMF_CODE_4M.fd as firmware, a copy of OVMF_VARS_4M.fd as variables",
      ),
      manualFix(
        "If it is qcow2 (Fedora): qemu-img convert -O raw FILE.qcow2 FILE.fd, or name its format (format=qcow2)",
      ),
      manualFix("quickemu: delete the VM's OVMF_CODE.fd, and run quickget again"),
    ],
    source: "QEMU (pc_sysfw.c), read 2026-11; quickemu-project/quickemu#1861 (2026-01), " +
      "hashicorp/packer-plugin-qemu#225 (2025-10)",
  },
  {
    pattern: anyOf(
      /system firmware block device .{0,80}has invalid size/,
      /failed to read the initial flash content/,
      /device requires \d{5,9} bytes, .{0,80}block backend .{0,80}provides \d{3,9} bytes/,
    ),
    near: vmWords,
    check: "guest.firmware",
    layer: "hypervisor",
    message:
      "the VM's UEFI variables do not belong to its firmware image: one is the 2 MiB form, the other the 4 MiB form, " +
      "or a file is cut off",
    fix: [
      commandFix("Write the variables from their template again", "virsh -c qemu:///system start NAME --reset-nvram"),
      manualFix("Use CODE and VARS of one set: OVMF_CODE_4M.fd with OVMF_VARS_4M.fd"),
    ],
    source: "QEMU (pc_sysfw.c, block), read 2026-11",
  },
  {
    pattern: /unable to find any master var store/,
    check: "guest.firmware",
    layer: "provider",
    message:
      "libvirt knows no template of the UEFI variables for that firmware file: the distribution renamed the file " +
      "(Arch, Fedora: OVMF_CODE.4m.fd), or its description is not installed",
    fix: [
      doctorFix("guest.firmware"),
      manualFix("Let libvirt choose: <os firmware='efi'> without <loader> (Vagrant: without libvirt.loader)"),
      manualFix("Or name the file: <nvram template='/usr/share/…/OVMF_VARS….fd'/>, of the same set as the loader"),
    ],
    source: "libvirt (qemu_domain.c); dmacvicar/terraform-provider-libvirt#981 (2022-10)",
  },
  {
    pattern: /Unable to find (?:any firmware to satisfy|'efi' firmware)|Unable to locate matching firmware: \[/,
    check: "guest.firmware",
    layer: "provider",
    message:
      "no UEFI firmware fits the VM: OVMF is not installed, or it has none for the machine type, the emulator's " +
      "path or the features (Secure Boot, keys) that the definition asks for",
    fix: each(
      doctorFix("guest.firmware"),
      install("Install OVMF", { apt: "ovmf", dnf: "edk2-ovmf", pacman: "edk2-ovmf", zypper: "qemu-ovmf-x86_64" }),
      manualFix("Write machine='q35', the distribution's <emulator>, and no <firmware> features that are not needed"),
    ),
    source: "libvirt (qemu_firmware.c), read 2026-11",
  },
  {
    pattern: /open (?:file )?'[^']{0,160}\/nvram\/[^']{1,100}': No such file/,
    check: "guest.firmware",
    layer: "provider",
    message:
      "the file with the VM's UEFI variables (NVRAM) is gone, and libvirt did not create it again from its template",
    fix: [
      manualFix("Start the VM with new variables: virsh -c qemu:///system start NAME --reset-nvram"),
      manualFix(
        "If that names a template that is missing: reinstall OVMF, and remove <nvram> and <loader> (virsh edit)",
      ),
    ],
    source: "libvirt 8.1 and later; cockpit-project/bots#3112 (2022-03)",
  },
  {
    pattern: anyOf(
      /EFI boot requested but no EFI firmware found/,
      /Did not find any UEFI binary path for arch|Don't know how to setup UEFI for arch/,
      /open (?:file )?'[^']{0,160}(?:OVMF|AAVMF|ovmf|edk2)[^']{0,80}': No such file/,
      /(?:OVMF|AAVMF)\w{0,20}\.fd\S{0,4}:? .{0,30}(?:No such file|does not exist|not found)/,
      /Failed to open file '[^']{0,160}(?:nvram|VARS)[^']{0,80}': No such file/,
    ),
    check: "guest.firmware",
    layer: "provider",
    message:
      "the guest's UEFI firmware (OVMF) is not at that path: it is not installed, or the distribution renamed its " +
      "files",
    fix: each(
      doctorFix("guest.firmware"),
      install("Install OVMF", { apt: "ovmf", dnf: "edk2-ovmf", pacman: "edk2-ovmf", zypper: "qemu-ovmf-x86_64" }),
      commandFix(
        "Show its files: Arch and Fedora have OVMF_CODE.4m.fd, Debian OVMF_CODE_4M.fd",
        "ls /usr/share/OVMF /usr/share/edk2/x64 /usr/share/edk2/ovmf",
      ),
      manualFix("Write the new paths into the domain (virsh edit), or let libvirt choose: <os firmware='efi'>"),
    ),
    source: "libvirt 9.0 and later, QEMU 7.2; thecmdrunner/quick-vm#3 (2025-08), mroboff/vm-curator#23",
  },
  {
    pattern: anyOf(
      /Cannot access storage file '[^']{1,200}'/,
      /cannot open file '[^']{1,200}': Permission denied/,
      /Could not open (?:disk image )?'[^':]{1,200}': Permission denied/,
      /Could not open (?:disk image [^':]|[/.~])[^':]{0,200}: Permission denied/,
    ),
    near: /libvirt|qemu|kvm|vagrant|packer|storage file/i,
    check: "provider.access",
    layer: "provider",
    message: "libvirt's QEMU runs as a user of its own, which is not allowed to read that file",
    fix: [
      manualFix(
        "Put the file below /var/lib/libvirt/images, or let others pass through the folders above it (chmod o+x)",
      ),
      manualFix(
        "If it is there: give it to QEMU's user (Debian, Ubuntu: libvirt-qemu; Fedora, Arch: qemu), mode 0660",
      ),
      commandFix(
        "Check whether AppArmor or SELinux refused it",
        "journalctl -k -b --no-pager -g 'apparmor=.DENIED|avc:'",
        {
          root: true,
        },
      ),
    ],
    source: "libvirt 9.0 (2023-01)",
  },
  {
    pattern:
      /Failed to (?:create|open) file '(?!\/sys\/)[^']{0,200}': (?:Input\/output error|Permission denied|Read-only file system)/,
    near: vmWords,
    check: "host.disk",
    layer: "provider",
    message: "libvirt cannot write a file of the VM: its disk has errors or is read-only, or the folder belongs to " +
      "another user",
    fix: [
      commandFix("Show the disk's state", "findmnt -T /var/lib/libvirt", { root: true }),
      commandFix("Read the kernel's errors", "dmesg --level err,warn", { root: true }),
    ],
    source: "libvirt; joeknock90/Single-GPU-Passthrough#8 (2019-04)",
  },
  {
    pattern: anyOf(
      /Cannot check QEMU binary|Cannot find suitable emulator for|no emulator found for arch/,
      /unable to find a satisfying virtiofsd/,
    ),
    check: "tools.present",
    layer: "provider",
    message: "QEMU (or virtiofsd) is not installed for that architecture, or not at the path that the VM names",
    fix: [doctorFix("tools.present"), commandFix("Check what libvirt finds", "virsh -c qemu:///system capabilities")],
    source: "libvirt 9.0 (2023-01)",
  },
  {
    pattern: anyOf(
      /Failed to get (?:shared )?\\?"(?:write|consistent read)\\?" lock|Is another process using the image/,
      /Failed to lock byte \d{1,3}/,
    ),
    near: vmWords,
    check: "provider.access",
    layer: "provider",
    message: "another process, most often a VM that still runs, has the disk image open",
    fix: [
      commandFix("Check which VM runs", "virsh -c qemu:///system list"),
      commandFix("Check which process has it", "fuser -v IMAGE", { root: true }),
    ],
    source: "QEMU (block locking); flatcar/Flatcar#512 (2021-09)",
  },
  {
    pattern: /file ?system (?:does|may) not support O_DIRECT/,
    near: vmWords,
    check: "guest.image",
    layer: "hypervisor",
    message:
      "the disk image is on a file system that cannot bypass the cache, as cache=none or io=native ask (tmpfs, " +
      "some FUSE and network file systems)",
    fix: [
      manualFix("Move the image to a disk (ext4, XFS, Btrfs, ZFS 2.3 and later)"),
      manualFix("Or let QEMU use the cache: cache='writeback' and no io='native' in the disk's driver (virsh edit)"),
    ],
    source: "QEMU (block/file-posix.c); kubevirt/kubevirt#6130 (2021-07)",
  },
];

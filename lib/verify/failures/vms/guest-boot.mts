import type { Failure } from "../types.mts";
import { manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { uefiFailures } from "./uefi.mts";

const console = manualFix("Watch the VM's screen or console (virsh console NAME): the lines before this one say more");
const older = manualFix("Choose the kernel before it in the boot menu, then rebuild the initramfs of the new one");

/** Messages of a system that does not boot: its firmware, boot loader, kernel or initramfs. */
export const guestBootFailures = (): Failure[] => [
  ...uefiFailures(),
  ...rows({
    layer: "kernel",
    source:
      "Linux, initramfs-tools, dracut; QubesOS/qubes-issues#3187 (2017-10), shantanoo-desai/PockerISO#1 (2025-02)",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /Gave up waiting for root file system device|Giving up waiting for root file system device/,
        /ALERT! {1,4}\S{1,80} does not exist\. {1,3}Dropping to a shell/,
        /dracut-initqueue\S{0,12} (?:timeout|Warning: dracut-initqueue)|Could not boot\. dracut/,
        /VFS: (?:Unable to mount root fs|Cannot open root device)/,
      ),
      "this system does not find its root file system: its disk's driver is not in the initramfs, the disk has " +
      "another name or UUID than its settings say, or there is no initramfs",
      older,
      manualFix(
        "In an installer (Packer, kickstart): it did not get its source; see that the VM reaches the HTTP server and " +
          "the repository",
      ),
      manualFix(
        "In a VM: give the disk the bus that its image was made for (virtio, scsi, sata); a disk by UUID " +
          "needs no name",
      ),
      manualFix(
        "From a rescue system: rebuild the initramfs with all drivers (update-initramfs -u -k all; dracut " +
          "--no-hostonly)",
      ),
    ],
    [
      "host.memory",
      "cause",
      /System is deadlocked on memory|Out of memory and no killable processes/,
      "this system has too little memory to boot",
      manualFix(
        "Give the machine more (memory:): 2048 at least, for a system with a desktop or a large initramfs 4096",
      ),
    ],
    [
      "host.virtualization",
      "cause",
      /CPU does not support x86-64-v[234]|CPU ISA level is lower than required/,
      "the programs of this system need a newer CPU than it has, or than its VM shows it (kvm64, qemu64)",
      manualFix("Give the VM the host's CPU: cpu mode='host-passthrough'; Proxmox: CPU type host or x86-64-v3"),
      manualFix("On an old CPU (before Nehalem, or before Haswell for v3): use an older release of the distribution"),
    ],
    [
      "guest.image",
      "fallback",
      /Kernel panic - not syncing: /,
      "the kernel stopped (panic), for the reason after the colon and in the lines before it",
      console,
      older,
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near: /GRUB|BdsDxe|UEFI|\bEFI\b|SeaBIOS|PciRoot|boot (?:device|disk|loader|failed)|iPXE|VirtualBox|Hyper-V/i,
    source: "OVMF (BdsDxe), SeaBIOS, GRUB 2, VirtualBox; general knowledge, 2026-11",
  }, [
    [
      "guest.firmware",
      "cause",
      anyOf(
        /BdsDxe: (?:failed to (?:load|start) Boot\d{4}|No bootable option or device was found)/,
        /No bootable device|Boot failed: not a bootable disk/,
        /error: no such device: [\w-]{8,40}\./,
        /Virtual Machine could not boot: No UEFI-compatible file system|A boot image was not found/,
      ),
      "the firmware or boot loader of the machine finds nothing to start: the disk is empty, is not attached, or " +
      "was made for the other kind of firmware (BIOS in place of UEFI)",
      manualFix("Give the VM the firmware that its image was made for, and put its disk first in the boot order"),
      manualFix("If Secure Boot refused it (Access Denied, Security Violation): turn Secure Boot off for this VM"),
      console,
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const disks = commandFix(
  "List the disks, their file systems and where they are mounted",
  "lsblk -o NAME,SIZE,FSTYPE,PARTTYPENAME,MOUNTPOINTS",
);
const mode = commandFix(
  "Check how this system was started",
  "sh -c 'test -d /sys/firmware/efi && echo UEFI || echo BIOS'",
);

/** Errors of grub-install, grub-mkconfig, grub-probe and efibootmgr. */
export const grubToolFailures = (): Failure[] => [
  ...rows({
    layer: "kernel",
    source: "GNU GRUB 2.12 (verifiers.c), sbctl; Foxboron/sbctl#455 (2025-08), #462 (2025-10)",
  }, [
    [
      "guest.firmware",
      "cause",
      /verification requested but nobody cares: /,
      "Secure Boot is on, and this GRUB has no part that verifies what it loads (shim_lock was left out), so it " +
      "loads nothing",
      "Install the distribution's shim and signed GRUB (shim-signed, grub-efi-amd64-signed; shim-x64, grub2-efi-x64)",
      "With keys of your own: boot a signed unified image (UKI) without GRUB, or turn Secure Boot off",
    ],
    [
      "guest.firmware",
      "symptom",
      /\/\S{1,160}: failed validating signature: crypto\/rsa: verification error/,
      "sbctl finds a signature in the file that its key did not make: the file is old or damaged, or the keys were " +
      "made again",
      "Remove that file and build it again (mkinitcpio -P, kernel-install), then sbctl sign-all and sbctl verify",
    ],
    [
      "guest.firmware",
      "note",
      /failed to verify file \S{1,160}: (?:\S{1,160}: )?invalid pe header/,
      "sbctl verify reads files, too, that are no EFI programs (GRUB's modules), which is harmless",
      "If nothing else is wrong: nothing to do; look for another error",
    ],
  ]),
  ...rows({
    layer: "kernel",
    near: /grub|efibootmgr|update-initramfs|proxmox-boot-tool/i,
    source: "GNU GRUB 2.12 (util/grub-install.c, grub-core/osdep), efibootmgr, read 2026-11",
  }, [
    [
      "guest.image",
      "cause",
      /cannot find EFI directory|\S{1,80} doesn't look like an EFI partition/,
      "GRUB's installer does not find the EFI system partition: it is not mounted at /boot/efi, or is not FAT",
      disks,
      "Mount it (mount /boot/efi, with its line in /etc/fstab), then grub-install again",
    ],
    [
      "guest.image",
      "cause",
      /grub-install\S{0,6}: error: disk [`']?lvmid\/\S{1,160}' not found/,
      "GRUB cannot read the metadata of LVM, a fault of GRUB that comes and goes with their place on the disk",
      "Change the metadata, which moves them, then run grub-install again: lvcreate -L 4M GROUP -n grubtemp " +
      "(Proxmox: pve)",
      "Do not reboot before grub-install succeeds; remove the volume afterwards (lvremove GROUP/grubtemp)",
      "Proxmox with UEFI: install grub-efi-amd64, which has the mended GRUB",
    ],
    [
      "guest.image",
      "cause",
      /EFI variables cannot be set on this system|efibootmgr failed to register the boot entry/,
      "GRUB's installer cannot write the firmware's boot entry: the system was started in BIOS mode, runs in a " +
      "chroot without /sys/firmware/efi/efivars, or the firmware's memory for it is full or read-only",
      mode,
      "Start the system or the rescue medium in UEFI mode; in a chroot: mount --bind /sys/firmware/efi/efivars there",
      "Without an entry: grub-install --removable writes the default path, which firmware starts by default",
    ],
    [
      "guest.image",
      "cause",
      /\/grub\/[\w-]{4,20}\/modinfo\.sh doesn't exist/,
      "GRUB's files for that kind of firmware are not installed: grub-pc-bin is for BIOS, grub-efi-amd64-bin for UEFI",
      mode,
      "Install the package that fits (Fedora: grub2-efi-x64-modules or grub2-pc-modules), then grub-install again",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /GPT partition label contains no BIOS Boot Partition|[Ww]ill not proceed with blocklists/,
        /embedding is not possible(?:\. GRUB can only|, but this is required for)/,
        /filesystem [`'"]?\w{2,12}['"]? (?:doesn't support (?:embedding|blocklists))/,
      ),
      "GRUB for BIOS has no place on that disk: it needs a small partition of the type BIOS boot (ef02), or was " +
      "given a partition instead of the disk",
      disks,
      "Name the whole disk (/dev/sda, not /dev/sda1), or make a BIOS boot partition of 1 MiB; never use --force",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /grub\d?-install: error: install device isn't specified/,
        /grub\d?-install: error: (?:cannot find a (?:GRUB drive|device) for|disk [`'"][^\n]{1,80} not found)/,
        // update-grub asks about these itself, and stops
        /grub\d?-probe: error: cannot find a (?:GRUB drive|device) for \/(?:boot)? \(/,
      ),
      "GRUB does not know the disk: none was named, it does not exist, or /dev is missing in a chroot",
      disks,
      "For BIOS: grub-install /dev/DISK; for UEFI: grub-install --target=x86_64-efi --efi-directory=/boot/efi",
    ],
    [
      "guest.image",
      "note",
      /grub\d?-probe: error: (?:cannot find a (?:GRUB drive|device) for(?! \/(?:boot)? \()|disk [`'"][^\n]{1,80} not found)/,
      "update-grub asked about a disk that GRUB does not know (a USB stick, a disk that was removed, LVM): it goes " +
      "on, and the menu is written if it ends with “done”",
      disks,
      "If the system itself is on that disk: see that /dev has it, then update-grub again",
    ],
    [
      "guest.image",
      "note",
      /This system is booted via proxmox-boot-tool/,
      "this Proxmox host starts from an EFI partition that proxmox-boot-tool fills: update-grub alone changes " +
      "nothing there, and its messages about unknown file systems (ZFS) do not matter",
      commandFix("Take over a change of kernel arguments (also in /etc/kernel/cmdline)", "proxmox-boot-tool refresh", {
        root: true,
      }),
    ],
  ]),
];

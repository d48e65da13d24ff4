import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { hostErrors, vmWords } from "../fixes.mts";
import { rows } from "../rows.mts";
import { serviceWords } from "../services/script-lines.mts";

/** Words of a place where a VM or a service has its files. */
const filesOfServices = new RegExp(
  `${vmWords.source}|${serviceWords.source}|container|/srv\\b|/var/lib/|/(?:data|models|config)\\b|\\bvd[a-z]\\d?\\b`,
  "im",
);

const diskState = commandFix("Check whether the disk itself fails", "smartctl -H -A /dev/DISK", { root: true });

/** Errors of file systems and disks, and of a start that waits for one. */
export const fileSystemFailures = (): Failure[] => [
  ...rows({ layer: "kernel", source: "Linux (fs/ext4, fs/xfs, fs/btrfs), util-linux, read 2026-11" }, [
    [
      "host.disk",
      "cause",
      anyOf(
        /EXT4-fs error \(device \S{2,20}\)|XFS \(\S{2,20}\): (?:Metadata corruption|Corruption of|log I\/O error)/,
        /BTRFS (?:error|critical) \(device \S{2,20}\)|[Ss]tructure needs cleaning|Remounting filesystem read-only/,
      ),
      "a file system is damaged, or its disk fails: the kernel may then make it read-only",
      "Back up the files that you need before any repair",
      hostErrors,
      diskState,
      "Repair it unmounted: e2fsck -f, xfs_repair, btrfs check. The system disk of a VM is new after up --recreate",
    ],
  ]),
  ...rows({ layer: "kernel", source: "OpenZFS 2.3 (module/zfs/spa.c), read 2026-11" }, [
    [
      "host.disk",
      "cause",
      /Pool '[^'\n]{1,60}' has encountered an uncorrectable I\/O failure and has been suspended/,
      "ZFS has suspended the pool, since too many of its disks do not answer: what uses it hangs or fails",
      commandFix("Show which disks, and why", "zpool status -v", { root: true }),
      "Check power, cables and controller; when the disks are back: zpool clear POOL, otherwise restart the machine",
    ],
  ]),
  ...rows({ layer: "kernel", near: filesOfServices, source: "util-linux, systemd, coreutils, read 2026-11" }, [
    [
      "host.disk",
      "cause",
      /mount: .{0,120}wrong fs type, bad option, bad superblock on/,
      "the device has no file system that can be mounted there: it is not formatted, is damaged, or the " +
      "program for " +
      "its kind is missing",
      commandFix("Check what is on it; nothing is changed", "blkid -p /dev/DEVICE; wipefs -n /dev/DEVICE", {
        root: true,
      }),
      "Shares need their package: nfs-common, cifs-utils",
    ],
    [
      "host.disk",
      "fallback",
      /: Read-only file system/,
      "nothing can be written there: the mount is read-only (:ro, read_only), or the kernel made it so after " +
      "an error",
      commandFix("Check how it is mounted", "findmnt -o TARGET,SOURCE,OPTIONS"),
      hostErrors,
    ],
  ]),
  ...rows({ layer: "kernel", source: "systemd, read 2026-11" }, [
    [
      "host.disk",
      "cause",
      anyOf(
        /You are in emergency mode|Dependency failed for (?:local-fs\.target|Local File Systems)/,
        /Timed out waiting for device \S{0,40}dev-disk|Failed to mount \S{1,60}\.mount/,
      ),
      "the system could not mount a disk of /etc/fstab at its start: it is gone, has another name, or is damaged",
      "Log in at the console (of a VM: virsh -c qemu:///system console NAME), and see which one: systemctl --failed",
      commandFix("Compare its line with the disks", "lsblk -f && cat /etc/fstab"),
      "Write it by UUID=, with nofail, so that the system starts without it",
    ],
  ]),
];

#!/bin/sh
# Grows the root file system of this guest to the size of its disk. Run it in the guest, as root. A
# second run changes nothing.
#
#   grow-root.sh [MOUNT POINT]     default: /
set -eu
LC_ALL=C
export LC_ALL
at=${1:-/}
say() { printf 'grow-root: %s\n' "$*"; }
source=$(findmnt -nro SOURCE "$at")
kind=$(findmnt -nro FSTYPE "$at")
# findmnt shows a btrfs subvolume as /dev/vda1[/@]
source=${source%%\[*}
disk=$(lsblk -nro PKNAME "$source" | head -n 1)
case $(lsblk -nro TYPE "$source" | head -n 1) in
  disk) ;;
  part)
    number=$(cat "/sys/class/block/${source##*/}/partition")
    start=$(cat "/sys/class/block/${source##*/}/start")
    size=$(cat "/sys/class/block/${source##*/}/size")
    all=$(cat "/sys/class/block/$disk/size")
    # the backup partition table takes the last 34 sectors; less than 2 MiB of free space is ignored
    if [ $((all - start - size)) -gt 4096 ]; then
      if command -v growpart >/dev/null; then
        growpart "/dev/$disk" "$number"
      elif command -v sfdisk >/dev/null; then
        # --force: the backup table of a GPT is still at the old end of the disk
        echo ', +' | sfdisk -q --no-reread --force -N "$number" "/dev/$disk"
        partx --update --nr "$number" "/dev/$disk"
      else
        say "this guest has neither growpart nor sfdisk: install cloud-guest-utils in it, then run up again"
        exit 1
      fi
    fi
    ;;
  *)
    say "the root file system is on $source: grow it with the tools of its volume manager"
    exit 0
    ;;
esac
case $kind in
  ext2 | ext3 | ext4) resize2fs "$source" >/dev/null 2>&1 ;;
  xfs) xfs_growfs "$at" >/dev/null ;;
  btrfs) btrfs filesystem resize max "$at" >/dev/null ;;
  *) say "cannot grow a root file system of type $kind" ;;
esac
say "the root file system has $(($(df -Pk "$at" | awk 'END { print $2 }') / 1048576)) GiB"

#!/bin/sh
# Grows the system disk of a running VM with virsh. grow-root.sh then grows the guest's file system.
#
#   grow-disk.sh DOMAIN GIB
#
# The script never shrinks a disk: data would be lost.
set -eu
LC_ALL=C
export LC_ALL
[ $# = 2 ] || { echo 'usage: grow-disk.sh DOMAIN GIB' >&2; exit 2; }
domain=$1 wanted=$(($2 * 1073741824))
has=$(timeout --foreground 30 virsh -c qemu:///system domblkinfo "$domain" vda |
  awk '/^Capacity:/ { printf "%.0f\n", $2 }')
[ -n "$has" ] || { echo "grow-disk: libvirt does not report the size of the disk vda of $domain" >&2; exit 1; }
if [ "$has" -gt "$wanted" ]; then
  gib=$((has / 1073741824))
  echo "grow-disk: the disk has $gib GiB, and a disk cannot shrink: write disk: $gib GiB" >&2
  exit 1
fi
[ "$has" = "$wanted" ] || timeout --foreground 60 virsh -q -c qemu:///system blockresize "$domain" vda "${wanted}B"
echo "the disk has $2 GiB"

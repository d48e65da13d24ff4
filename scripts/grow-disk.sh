#!/bin/sh
# Makes the system disk of a running VM larger, for virsh; the guest then takes the room by grow-root.sh.
#
#   grow-disk.sh DOMAIN GIB
#
# A disk is never made smaller: what it held there would be lost.
set -eu
LC_ALL=C
export LC_ALL
[ $# = 2 ] || { echo 'usage: grow-disk.sh DOMAIN GIB' >&2; exit 2; }
domain=$1 wanted=$(($2 * 1073741824))
has=$(timeout --foreground 30 virsh -c qemu:///system domblkinfo "$domain" vda | awk '/^Capacity:/ { printf "%.0f\n", $2 }')
[ -n "$has" ] || { echo "grow-disk: libvirt does not say how large the disk vda of $domain is" >&2; exit 1; }
if [ "$has" -gt "$wanted" ]; then
  echo "grow-disk: the disk has $((has / 1073741824)) GiB, and a disk is never made smaller: write disk: $((has / 1073741824)) GiB" >&2
  exit 1
fi
[ "$has" = "$wanted" ] || timeout --foreground 60 virsh -q -c qemu:///system blockresize "$domain" vda "${wanted}B"
echo "the disk has $2 GiB"

#!/bin/sh
# Grows a disk of a running VM with virsh. grow-root.sh or mount-data.sh then grows the guest's file
# system.
#
#   grow-disk.sh DOMAIN GIB [data]     data: the data disk; default: the system disk
#
# The script never shrinks a disk: data would be lost.
set -eu
LC_ALL=C
export LC_ALL
case $#:${3-} in
  2:) disk=vda key=disk ;;
  3:data)
    key=data
    # by the serial number that the guest knows it by
    disk=$(timeout --foreground 30 virsh -c qemu:///system dumpxml "$1" | awk -F "'" '
      /<disk / { target = "" } /<target dev=/ { target = $2 }
      /<serial>homelab-gpu-data<\/serial>/ { ours = 1 } /<\/disk>/ { if (ours) print target; ours = 0 }')
    [ -n "$disk" ] || { echo "grow-disk: $1 has no data disk" >&2; exit 1; }
    ;;
  *) echo 'usage: grow-disk.sh DOMAIN GIB [data]' >&2; exit 2 ;;
esac
domain=$1 wanted=$(($2 * 1073741824))
has=$(timeout --foreground 30 virsh -c qemu:///system domblkinfo "$domain" "$disk" |
  awk '/^Capacity:/ { printf "%.0f\n", $2 }')
[ -n "$has" ] || { echo "grow-disk: libvirt does not report the size of the disk $disk of $domain" >&2; exit 1; }
if [ "$has" -gt "$wanted" ]; then
  gib=$((has / 1073741824))
  echo "grow-disk: the disk has $gib GiB, and a disk cannot shrink: write $key: $gib GiB" >&2
  exit 1
fi
[ "$has" = "$wanted" ] || timeout --foreground 60 virsh -q -c qemu:///system blockresize "$domain" "$disk" "${wanted}B"
echo "the disk has $2 GiB"

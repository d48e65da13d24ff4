#!/bin/sh
# Gives an existing VM a data disk. The script creates the disk if there is none, and adds it to the
# definition of the VM, which has it from its next start on. mount-data.sh then copies the data to it. A
# second run changes nothing.
#
#   attach-data.sh DOMAIN VOLUME GIB     VOLUME: of libvirt's pool default
set -eu
LC_ALL=C
export LC_ALL
[ $# = 3 ] || { echo 'usage: attach-data.sh DOMAIN VOLUME GIB' >&2; exit 2; }
domain=$1 volume=$2 size=$3
limit=
command -v timeout >/dev/null && limit='timeout -k 5 120'
# GNU timeout leaves its caller's process group, and a signal to that group would not reach it
timeout --foreground 1 true 2>/dev/null && limit='timeout --foreground -k 5 120'
# shellcheck disable=SC2086 # a command and its arguments, or nothing
ask() { $limit virsh -q -c qemu:///system "$@" </dev/null; }
die() { echo "attach-data: $*" >&2; exit 1; }

has() { ask dumpxml --inactive "$domain" | grep -q '<serial>homelab-gpu-data</serial>'; }
next=$(ask dumpxml --inactive "$domain") || die "the definition of $domain cannot be read"
now=$(ask dumpxml "$domain") || die "the domain $domain cannot be read"
case $next in
  *'<serial>homelab-gpu-data</serial>'*) echo "$domain has a data disk already"; exit 0 ;;
esac
if ! path=$(ask vol-path --pool default "$volume" 2>&1); then
  case $path in
    *"failed to get vol"* | *"no storage vol"*) ;;
    *) die "libvirt does not say where the disk $volume is: $path" ;;
  esac
  ask vol-create-as --pool default "$volume" "${size}G" --format qcow2
  path=$(ask vol-path --pool default "$volume")
fi
target=
for letter in b c d e f g h i j k l m n o p q r s t u v w x y z; do
  case $next$now in
    *"dev='vd$letter'"* | *"dev=\"vd$letter\""*) continue ;;
  esac
  target=vd$letter
  break
done
[ -n "$target" ] || die "$domain has no free name for another disk"
ask attach-disk "$domain" "$path" "$target" --config --sourcetype file --targetbus virtio \
  --driver qemu --subdriver qcow2 --serial homelab-gpu-data
has || die "libvirt did not add the disk to the definition of $domain"
echo "$domain has the data disk $volume from its next start on"

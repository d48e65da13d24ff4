#!/bin/sh
# Deletes a data disk and everything on it. A second run changes nothing.
#
#   remove-data.sh VOLUME     of libvirt's pool default
#
# A disk that a VM has is not deleted, even if that VM is off.
set -eu
LC_ALL=C
export LC_ALL
[ $# = 1 ] || { echo 'usage: remove-data.sh VOLUME' >&2; exit 2; }
volume=$1
limit=
command -v timeout >/dev/null && limit='timeout -k 5 120'
# GNU timeout leaves its caller's process group, and a signal to that group would not reach it
timeout --foreground 1 true 2>/dev/null && limit='timeout --foreground -k 5 120'
# shellcheck disable=SC2086 # a command and its arguments, or nothing
ask() { $limit virsh -q -c qemu:///system "$@" </dev/null; }
die() { echo "remove-data: $*" >&2; exit 1; }

if ! path=$(ask vol-path --pool default "$volume" 2>&1); then
  case $path in
    *"failed to get vol"* | *"no storage vol"* | *"failed to get pool"*) exit 0 ;;
  esac
  die "libvirt does not say where the disk $volume is: $path"
fi
domains=$(ask list --all --name) || die 'libvirt does not list its domains'
for domain in $domains; do
  xml=$(ask dumpxml "$domain") || die "the domain $domain cannot be read, which may have this disk"
  case $xml in
    *"'$path'"* | *"\"$path\""*) die "the VM $domain has the disk $volume: remove the VM first" ;;
  esac
done
ask vol-delete --pool default "$volume"

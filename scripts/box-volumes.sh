#!/bin/sh
# Removes copies of a box from libvirt's default pool, where vagrant-libvirt uploads each version.
#
#   box-volumes.sh check BOX    removes copies that differ from Vagrant's box: uploaded in part, or
#                               of a version that Vagrant no longer has
#   box-volumes.sh drop BOX     removes all copies
#
# A copy that is in use stays: as a VM's disk, or as the backing file of a disk. The script checks
# the disks of all pools and all domains. If it cannot read one of them, it removes nothing.
set -eu
verb=$1 box=$2
pool=default
limit=
command -v timeout >/dev/null && limit='timeout -k 5 60'
# GNU timeout starts a process group of its own, which misses signals to the group of its caller
timeout --foreground 1 true 2>/dev/null && limit='timeout --foreground -k 5 60'
# shellcheck disable=SC2086 # a command and its arguments, or nothing
ask() { $limit virsh -q -c qemu:///system "$@" </dev/null; }
boxes=${VAGRANT_HOME:-$HOME/.vagrant.d}/boxes
dashed=$(printf '%s' "$box" | sed 's/\//-VAGRANTSLASH-/g')

keep() { # WHY
  echo "keeping libvirt's copies of $box: $1" >&2
  exit 0
}
# the paths in attributes and elements of XML, one per line
paths() { sed -n "s/.*<source [^>]*\(file\|dev\|name\)=['\"]\([^'\"]*\).*/\2/p; s/.*<path>\(.*\)<\/path>.*/\1/p"; }

pools=$(ask pool-list --all --name 2>/dev/null) || keep 'libvirt does not list its pools'
printf '%s\n' "$pools" | grep -qx "$pool *" || exit 0
mine=$(ask vol-list "$pool" 2>/dev/null | awk -v start="${dashed}_vagrant_box_image_" 'index($1, start) == 1 { print $1 }')
[ -n "$mine" ] || exit 0

# in use: the disks of all domains, and the backing files of all volumes in all pools
used=
active=$(ask pool-list --name 2>/dev/null) || keep 'libvirt does not list its pools'
domains=$(ask list --all --name 2>/dev/null) || keep 'libvirt does not list its domains'
IFS='
'
for name in $pools; do
  name=$(printf '%s' "$name" | sed 's/ *$//')
  [ -n "$name" ] || continue
  printf '%s\n' "$active" | sed 's/ *$//' | grep -qxF -e "$name" ||
    keep "the pool $name is not active, so its disks cannot be read"
  IFS=' '
  volumes=$(ask vol-list --pool "$name" 2>/dev/null) || keep "the disks of the pool $name cannot be listed"
  volumes=$(printf '%s\n' "$volumes" | sed 's/^ *[^ ]*  *//; s/ *$//')
  IFS='
'
  for volume in $volumes; do
    IFS=' '
    xml=$(ask vol-dumpxml --pool "$name" "$volume" 2>/dev/null) || keep "the disk $volume cannot be read"
    IFS='
'
    used="$used
$(printf '%s\n' "$xml" | sed -n '/<backingStore>/,/<\/backingStore>/p' | paths)"
    known="${known:-}
$volume"
  done
done
for domain in $domains; do
  domain=$(printf '%s' "$domain" | sed 's/ *$//')
  [ -n "$domain" ] || continue
  IFS=' '
  xml=$(ask dumpxml "$domain" 2>/dev/null) || keep "the domain $domain cannot be read"
  IFS='
'
  disks=$(printf '%s\n' "$xml" | sed -n '/<disk /,/<\/disk>/p' | paths)
  used="$used
$disks"
  for disk in $disks; do
    printf '%s\n' "${known:-}" | grep -qxF -e "$disk" && continue
    # a CD image and a deleted file have no backing file
    case $disk in *.iso) continue ;; esac
    [ -e "$disk" ] || [ ! -d "${disk%/*}" ] || [ ! -x "${disk%/*}" ] || continue
    chain=$(qemu-img info -U --backing-chain "$disk" 2>/dev/null) ||
      keep "the backing files of the disk $disk of $domain cannot be read"
    used="$used
$(printf '%s\n' "$chain" | sed -n 's/^backing file: \(.*\)$/\1/p' | sed 's/ (actual path: .*//')"
  done
done
unset IFS
based=$(printf '%s\n' "$used" | sed 's/.*\///')

for volume in $mine; do
  if printf '%s\n' "$based" | grep -qxF -e "$volume"; then continue; fi
  if [ "$verb" = check ]; then
    version=${volume#"${dashed}_vagrant_box_image_"}
    version=${version%%_*}
    same=
    for image in "$boxes/$dashed/$version"/libvirt/box.img "$boxes/$dashed/$version"/*/libvirt/box.img; do
      [ -e "$image" ] || continue
      size=$(wc -c <"$image")
      # no time limit: it reads a whole image
      if virsh -q -c qemu:///system vol-download --pool "$pool" "$volume" /dev/stdout --length "$size" 2>/dev/null </dev/null |
        cmp -s - "$image"; then same=yes; fi
    done
    [ -z "$same" ] || continue
  fi
  echo "removing $volume from libvirt's pool"
  ask vol-delete --pool "$pool" "$volume"
done

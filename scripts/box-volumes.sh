#!/bin/sh
# Looks after the copies of a box that vagrant-libvirt keeps in libvirt's pool, by name and version.
#
#   box-volumes.sh check BOX    removes the copies that are not what Vagrant has: half uploaded, or of a box that is gone
#   box-volumes.sh drop BOX     removes them all
#
# A copy that some VM's disk is based on stays, always.
set -eu
verb=$1 box=$2
pool=default
ask() { virsh -q -c qemu:///system "$@"; }
boxes=${VAGRANT_HOME:-$HOME/.vagrant.d}/boxes
dashed=$(printf '%s' "$box" | sed 's/\//-VAGRANTSLASH-/g')

volumes=$(ask vol-list "$pool" 2>/dev/null | awk '{ print $1 }') || exit 0
based=$(for volume in $volumes; do
  ask vol-dumpxml --pool "$pool" "$volume" 2>/dev/null | sed -n '/<backingStore>/,/<\/backingStore>/s/.*<path>.*\/\(.*\)<\/path>.*/\1/p'
done)
for volume in $volumes; do
  case $volume in
    "${dashed}_vagrant_box_image_"*) ;;
    *) continue ;;
  esac
  if printf '%s\n' "$based" | grep -qxF "$volume"; then continue; fi
  if [ "$verb" = check ]; then
    version=${volume#"${dashed}_vagrant_box_image_"}
    version=${version%%_*}
    same=
    for image in "$boxes/$dashed/$version"/libvirt/box.img "$boxes/$dashed/$version"/*/libvirt/box.img; do
      [ -e "$image" ] || continue
      size=$(wc -c <"$image")
      if ask vol-download --pool "$pool" "$volume" /dev/stdout --length "$size" 2>/dev/null | cmp -s - "$image"; then same=yes; fi
    done
    [ -z "$same" ] || continue
  fi
  echo "removing $volume from libvirt's pool"
  ask vol-delete --pool "$pool" "$volume"
done

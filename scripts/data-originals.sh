#!/bin/sh
# The folders on the system disk of this guest that mount-data.sh copied to the data disk. They stay under
# the mounts. Run it in the guest, as root. A second run changes nothing.
#
#   data-originals.sh remove              deletes them, where the data disk is mounted over them
#   data-originals.sh back                uses them again: the data disk is no longer mounted, and keeps
#                                         what is on it
#   ENGINE=podman data-originals.sh …     the container engine
#   DATA_ROOT=FOLDER data-originals.sh …  prefix of all paths, in place of /
#
# Before `back`, data: must leave the config: the next `up` would mount the data disk again.
set -eu
LC_ALL=C
export LC_ALL
engine=${ENGINE:-docker} root=${DATA_ROOT:-} at=/var/lib/homelab-gpu-data
record=$root/etc/homelab-gpu-data-originals
say() { printf 'data-originals: %s\n' "$*"; }
die() { printf 'data-originals: %s\n' "$*" >&2; exit 1; }
command -v findmnt >/dev/null || die 'this guest has no findmnt: install util-linux'
folders='srv:/srv'
case $engine in
  podman) folders="$folders containers:/var/lib/containers" units=podman-restart.service ;;
  *)
    folders="$folders docker:/var/lib/docker containerd:/var/lib/containerd"
    units='docker.socket docker.service containerd.service'
    ;;
esac

# the shell reads the whole group before it runs it, and no program reads the rest of the script
{
  # the device number and the folder of a mount: 254:16 /docker
  mounted() { findmnt -nro MAJ:MIN,FSROOT -M "$root$1" 2>/dev/null | tail -n 1; }
  still="is still in use: restart this VM (sudo reboot), and run this again"
  remove() {
    view=$root/run/homelab-gpu-original
    mkdir -p "$view"
    while [ -n "$(mounted /run/homelab-gpu-original)" ]; do umount "$view"; done
    disk=$(mounted "$at")
    [ -n "$disk" ] || die "the data disk is not mounted: nothing was deleted"
    for pair in $folders; do
      path=${pair#*:}
      grep -q "^$path " "$record" 2>/dev/null || continue
      [ "$(mounted "$path")" = "${disk%% *} /${pair%%:*}" ] ||
        die "the data disk is not mounted on $path: its original was not deleted"
      # a bind mount without what is mounted below it shows what is under the mount
      parent=${path%/*}
      mount --bind "$root${parent:-/}" "$view"
      if ! find "$view/${path##*/}" -xdev -mindepth 1 -delete; then
        umount "$view"
        die "a part of the original of $path $still"
      fi
      umount "$view"
      sed -i "\\#^$path #d" "$record"
      say "deleted the original of $path"
    done
    rmdir "$view"
    [ -s "$record" ] || rm -f "$record"
  }
  back() {
    # first what the next boot reads
    table=$root/etc/fstab
    awk -v at="$at" '$0 !~ /^[ \t]*#/ && ($2 == at || index($1, at "/") == 1) { next } { print }' "$table" \
      >"$table.homelab-gpu"
    chmod 644 "$table.homelab-gpu"
    sync
    mv "$table.homelab-gpu" "$table"
    for unit in $units; do rm -f "$root/etc/systemd/system/$unit.d/homelab-gpu-data.conf"; done
    if command -v systemctl >/dev/null; then systemctl daemon-reload; fi
    if [ "$engine" = podman ]; then
      podman stop --all >/dev/null
    elif command -v systemctl >/dev/null; then
      for unit in $units; do
        systemctl cat "$unit" >/dev/null 2>&1 || continue
        systemctl stop "$unit"
      done
    fi
    # folders of the host below a folder that is unmounted
    shared=$(findmnt -nro SOURCE -t virtiofs 2>/dev/null || true)
    [ -z "$shared" ] || umount -a -t virtiofs
    for pair in $folders; do
      [ -z "$(mounted "${pair#*:}")" ] || umount "$root${pair#*:}" || die "${pair#*:} $still"
    done
    [ -z "$(mounted "$at")" ] || umount "$root$at" || die "$at $still"
    [ -z "$shared" ] || mount -a -t virtiofs
    rm -f "$record"
    if command -v systemctl >/dev/null; then
      for unit in $units; do
        systemctl is-enabled --quiet "$unit" 2>/dev/null || continue
        systemctl start "$unit"
      done
    fi
    say "the folders on the system disk are used again; the data disk keeps what is on it"
  }
  case ${1-} in
    remove) remove ;;
    back)
      [ -s "$record" ] || [ -n "$(mounted "$at")" ] || die 'there are no originals here'
      back
      ;;
    *) die 'usage: data-originals.sh remove|back' ;;
  esac
} </dev/null

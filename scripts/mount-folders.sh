#!/bin/sh
# Mounts folders of the host in this guest, now and at each boot. It runs inside the guest, as root,
# before the services start. A second run changes nothing.
#
#   mount-folders.sh [TAG MODE TARGET]…    TAG: the virtiofs device; MODE: ro or rw; TARGET: a path
#   FOLDERS_ROOT=FOLDER mount-folders.sh   prefix of all paths, in place of /
#   ENGINE=podman mount-folders.sh         the container engine
#
# Folders that are not named are no longer mounted. Only lines of /etc/fstab with a tag of ours
# (homelab-gpu-…) are changed.
set -eu
LC_ALL=C
export LC_ALL
engine=${ENGINE:-docker} root=${FOLDERS_ROOT:-}
say() { printf 'mount-folders: %s\n' "$*"; }
die() { printf 'mount-folders: %s\n' "$*" >&2; exit 1; }
[ $(($# % 3)) = 0 ] || die 'usage: mount-folders.sh [TAG MODE TARGET]…'
command -v findmnt >/dev/null || die 'this guest has no findmnt: install util-linux, and run up again'

# the shell reads the whole group before it runs it, and no program reads the rest of the script
{
  table=$root/etc/fstab
  systemd=
  if command -v systemctl >/dev/null; then systemd=yes; fi
  # without nofail a folder that cannot be mounted would stop the boot; the engine starts after it
  options=nosuid,nodev,nofail
  [ -z "$systemd" ] ||
    options=$options,x-systemd.before=docker.service,x-systemd.before=podman-restart.service
  # blanks and backslashes of a path in fstab (fstab(5))
  escaped() { printf '%s' "$1" | sed 's/\\/\\134/g; s/ /\\040/g'; }
  # the device of a mount; empty if nothing is mounted there
  mounted() { findmnt -nro SOURCE -M "$root$1" 2>/dev/null | tail -n 1; }

  touch "$table"
  sed '/^homelab-gpu-[0-9a-f]* /d' "$table" >"$table.homelab-gpu"
  count=$#
  while [ "$count" -gt 0 ]; do
    tag=$1 mode=$2 target=$3
    shift 3
    set -- "$@" "$tag" "$mode" "$target"
    count=$((count - 3))
    has=$(mounted "$target")
    [ -z "$has" ] || [ "$has" = "$tag" ] ||
      die "something else is mounted on $target ($has): unmount it, or write another to: in folders:"
    if awk -v at="$(escaped "$target" | sed 's/\\/\\\\/g')" '$0 !~ /^[ \t]*#/ && $2 == at { found = 1 }
      END { exit !found }' "$table.homelab-gpu"; then
      die "/etc/fstab mounts something else on $target: remove that line, and run up again"
    fi
    printf '%s %s virtiofs %s,%s 0 0\n' "$tag" "$(escaped "$target")" "$mode" "$options" >>"$table.homelab-gpu"
  done
  if cmp -s "$table" "$table.homelab-gpu"; then
    rm -f "$table.homelab-gpu"
  else
    chmod 644 "$table.homelab-gpu"
    sync
    mv "$table.homelab-gpu" "$table"
    [ -z "$systemd" ] || systemctl daemon-reload
  fi

  # a container that was started before has what was there before the mount
  stopped=
  stop_engine() {
    [ -z "$stopped" ] || return 0
    stopped=yes
    command -v "$engine" >/dev/null || return 0
    [ -n "$("$engine" ps -q 2>/dev/null)" ] || return 0
    if [ "$engine" = podman ]; then
      podman stop --all >/dev/null
    elif [ -n "$systemd" ]; then
      systemctl stop docker.socket docker.service
      stopped=docker
    fi
  }
  count=$#
  while [ "$count" -gt 0 ]; do
    tag=$1 mode=$2 target=$3
    shift 3
    count=$((count - 3))
    if [ -z "$(mounted "$target")" ]; then
      stop_engine
      mkdir -p "$root$target"
      [ -z "$(ls -A "$root$target")" ] ||
        say "$target has files of this VM, which are not visible while the folder is mounted there"
      mount -t virtiofs -o "$mode,nosuid,nodev" "$tag" "$root$target" || {
        [ "$stopped" != docker ] || systemctl start docker.service
        die "$target cannot be mounted: the kernel of this guest needs virtiofs (Linux 5.4 or later), and the VM" \
          "the device $tag, which it has after a restart"
      }
    fi
    say "$target is mounted ($mode)"
  done
  [ "$stopped" != docker ] || systemctl start docker.service
} </dev/null

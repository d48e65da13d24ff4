#!/bin/sh
# Mounts the data disk of this guest. It runs inside the guest, as root, before the services start. A
# second run changes nothing.
#
#   mount-data.sh                      the disk has the serial number homelab-gpu-data; it holds /srv
#                                      and the data of Docker
#   ENGINE=podman mount-data.sh        the data of Podman
#   DATA_ROOT=FOLDER mount-data.sh     prefix of all paths, in place of /
#
# Only a blank disk is formatted. The folders are then copied to it; the originals stay on the system
# disk, under the mounts: data-originals.sh removes them, or uses them again. Their sizes are in
# /etc/homelab-gpu-data-originals. A disk with the data of an earlier VM is mounted as it is. A disk with any
# other content is refused.
#
# A run that was stopped at any line is continued by the next one: the file system gets its final
# label when it is complete, each folder gets its final name when it is copied, and fstab is changed
# when all folders are copied.
set -eu
LC_ALL=C
export LC_ALL
engine=${ENGINE:-docker} root=${DATA_ROOT:-} serial=homelab-gpu-data
label=homelab-gpu-data unfinished=homelab-gpu-new
at=/var/lib/homelab-gpu-data
say() { printf 'mount-data: %s\n' "$*"; }
die() { printf 'mount-data: %s\n' "$*" >&2; exit 1; }
for program in wipefs blkid findmnt mkfs.ext4 e2label e2fsck resize2fs; do
  command -v "$program" >/dev/null ||
    die "this guest has no $program: install util-linux and e2fsprogs, and run up again"
done

# the folders on the data disk: name on the disk, mount point
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
  name=
  for file in "$root"/sys/block/*/serial; do
    [ -r "$file" ] || continue
    [ "$(cat "$file")" = "$serial" ] || continue
    file=${file%/serial}
    [ -z "$name" ] || die "two disks have the serial number $serial: $name, ${file##*/}"
    name=${file##*/}
  done
  [ -n "$name" ] || die "this VM has no disk with the serial number $serial: recreate it with up --recreate"
  device=$root/dev/$name
  number=$(cat "$root/sys/block/$name/dev")

  # blkid -p reads the disk, not a cache
  value() { blkid -p -o value -s "$1" "$device" 2>/dev/null || true; }
  signatures=$(wipefs -n "$device") || die "the disk $device cannot be read"
  count=$(printf '%s' "$signatures" | awk 'NF > 0 && $0 !~ /^DEVICE/ { n++ } END { print n + 0 }')
  partitions=$(ls -d "$root/sys/block/$name/$name"[0-9]* 2>/dev/null || true)
  refuse() {
    die "the data disk $device has $1, and only a blank disk is formatted: nothing was changed." \
      "If you do not need what is on it, remove the disk with destroy --data; if you do, copy it from there first"
  }
  format() {
    # without features that older e2fsprogs cannot check or resize: the next VM may have another release
    mkfs.ext4 -q -F -L "$unfinished" -m 1 -O '^orphan_file,^metadata_csum_seed' "$device" 2>/dev/null ||
      mkfs.ext4 -q -F -L "$unfinished" -m 1 "$device"
    sync
    e2label "$device" "$label"
    sync
  }
  if [ "$count" = 0 ] && [ -z "$partitions" ]; then
    status=0
    blkid -p "$device" >/dev/null 2>&1 || status=$?
    # 2: no signature; 8: several
    [ "$status" = 2 ] || refuse 'content that blkid does not recognize'
    say "formatting the blank disk $device"
    format
  elif [ "$count" = 1 ] && [ "$(value TYPE)" = ext4 ]; then
    case $(value LABEL) in
      "$label") ;;
      # this label means that it was never mounted
      "$unfinished")
        say "formatting $device again: an earlier run stopped before it was complete"
        format
        ;;
      *) refuse "an ext4 file system with the label '$(value LABEL)'" ;;
    esac
  else
    types=$(printf '%s\n' "$signatures" | awk 'NF > 0 && $0 !~ /^DEVICE/ { printf "%s%s", s, $3; s = ", " }')
    refuse "$types${partitions:+${types:+ and }partitions}"
  fi
  uuid=$(value UUID)
  [ -n "$uuid" ] || die "the file system on $device has no UUID"

  # the device number and the folder of a mount: 254:16 /docker
  mounted() { findmnt -nro MAJ:MIN,FSROOT -M "$root$1" 2>/dev/null | tail -n 1; }
  free_of_others() { # FOLDER WANTED
    has=$(mounted "$1")
    [ -z "$has" ] || [ "$has" = "$2" ] || die "something else is mounted on $1 ($has): unmount it, and run up again"
  }
  free_of_others "$at" "$number /"
  for pair in $folders; do free_of_others "${pair#*:}" "$number /${pair%%:*}"; done
  table=$root/etc/fstab
  touch "$table"
  for pair in $folders; do
    awk -v at="${pair#*:}" -v own="$at/${pair%%:*}" '$0 !~ /^[ \t]*#/ && $2 == at && $1 != own { exit 1 }' "$table" ||
      die "/etc/fstab mounts something else on ${pair#*:}: remove that line, and run up again"
  done

  mkdir -p "$root$at"
  # soon after a boot, systemd may be mounting them: wait for it
  if grep -q "^UUID=$uuid $at " "$table" && command -v systemctl >/dev/null; then
    for one in "$at" $(for pair in $folders; do echo "${pair#*:}"; done); do
      systemctl start "$(systemd-escape --path --suffix=mount "$one")" 2>/dev/null || true
    done
  fi
  if [ -z "$(mounted "$at")" ]; then
    status=0
    e2fsck -p "$device" >&2 || status=$?
    # 1: errors were corrected
    [ "$status" -le 1 ] ||
      die "the file system on $device has errors: run e2fsck -f $device in this VM, and run up again"
    mount -t ext4 "$device" "$root$at"
  fi
  resize2fs "$device" >/dev/null 2>&1 || die "the file system on $device could not be grown: resize2fs $device says why"

  stopped=
  stop_engine() {
    [ -z "$stopped" ] || return 0
    stopped=yes
    if [ "$engine" = podman ]; then
      command -v podman >/dev/null || return 0
      podman stop --all >/dev/null
    elif command -v systemctl >/dev/null; then
      for unit in $units; do
        systemctl cat "$unit" >/dev/null 2>&1 || continue
        systemctl stop "$unit"
      done
    fi
  }
  # what is still to be copied must fit, before the engine is stopped
  all=0
  for pair in $folders; do
    mkdir -p "$root${pair#*:}"
    [ -d "$root$at/${pair%%:*}" ] || all=$((all + $(du -sxk "$root${pair#*:}" | cut -f 1)))
  done
  for pair in $folders; do rm -rf "$root$at/${pair%%:*}.part"; done
  free=$(df -Pk "$root$at" | awk 'END { print $4 }')
  [ "$all" -lt "$free" ] ||
    die "$(for pair in $folders; do printf '%s ' "${pair#*:}"; done)have $((all / 1024)) MiB," \
      "and $((free / 1024)) MiB are free on the data disk: write a larger data:, and run up again"
  # the folders on the system disk, which stay under the mounts: path and KiB
  originals=$root/etc/homelab-gpu-data-originals
  for pair in $folders; do
    folder=$root${pair#*:} own=$root$at/${pair%%:*}
    [ ! -d "$own" ] || continue
    stop_engine
    needs=$(du -sxk "$folder" | cut -f 1)
    say "copying ${pair#*:} to the data disk: $((needs / 1024)) MiB"
    cp -a -x "$folder" "$own.part"
    if [ "$needs" -ge 1024 ]; then
      { sed "\\#^${pair#*:} #d" "$originals" 2>/dev/null || true; echo "${pair#*:} $needs"; } >"$originals.new"
      mv "$originals.new" "$originals"
    fi
    sync
    mv "$own.part" "$own"
  done

  # every boot mounts them, and the engine does not start without them
  if command -v systemctl >/dev/null; then
    for unit in $units; do
      own=$root/etc/systemd/system/$unit.d/homelab-gpu-data.conf
      case $unit in *.socket) continue ;; esac
      wants=$(printf '[Unit]\nRequiresMountsFor='; for pair in $folders; do printf '%s ' "${pair#*:}"; done)
      wants=${wants% }
      [ "$(cat "$own" 2>/dev/null || true)" != "$wants" ] || continue
      mkdir -p "${own%/*}"
      printf '%s\n' "$wants" >"$own"
      changed=yes
    done
  fi
  awk -v at="$at" '$0 !~ /^[ \t]*#/ && ($2 == at || index($1, at "/") == 1) { next } { print }' "$table" \
    >"$table.homelab-gpu"
  {
    echo "UUID=$uuid $at ext4 defaults,nofail 0 2"
    for pair in $folders; do
      echo "$at/${pair%%:*} ${pair#*:} none bind,nofail,x-systemd.requires-mounts-for=$at 0 0"
    done
  } >>"$table.homelab-gpu"
  if cmp -s "$table" "$table.homelab-gpu"; then
    rm -f "$table.homelab-gpu"
  else
    chmod 644 "$table.homelab-gpu"
    sync
    mv "$table.homelab-gpu" "$table"
    changed=yes
  fi
  if [ -n "${changed:-}" ] && command -v systemctl >/dev/null; then systemctl daemon-reload; fi

  # folders of the host that are mounted below one of these would be hidden
  shared=
  for pair in $folders; do
    [ -z "$(mounted "${pair#*:}")" ] || continue
    stop_engine
    # an engine that was slow to stop leaves file systems of containers mounted
    case ${pair#*:} in
      /var/lib/*)
        awk -v at="$root${pair#*:}/" 'index($5, at) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
          while read -r left; do umount -l "$left" || true; done
        ;;
    esac
    if [ -z "$shared" ] && [ -n "$(findmnt -nro SOURCE -t virtiofs 2>/dev/null)" ]; then
      umount -a -t virtiofs
      shared=yes
    fi
    mount --bind "$root$at/${pair%%:*}" "$root${pair#*:}"
  done
  [ -z "$shared" ] || mount -a -t virtiofs
  # an earlier run may have stopped before this line
  if command -v systemctl >/dev/null; then
    for unit in $units; do
      systemctl is-enabled --quiet "$unit" 2>/dev/null || continue
      systemctl start "$unit"
    done
  fi
  sizes=$(df -Pk "$root$at" | awk 'END { printf "%d MiB, of which %d MiB are used", $2 / 1024, $3 / 1024 }')
  say "the data disk has $sizes; it is mounted on$(for pair in $folders; do printf ' %s' "${pair#*:}"; done)"
} </dev/null

#!/bin/sh
# Builds what run.sh box needs from the network: Debian 13 as make-image.sh makes it, with the web
# server of run.sh as its only package source, and the packages for that server, which are installed
# while the box is built. Prints a folder with image.qcow2, packages/ and status, the dpkg status of the
# image. It is kept in the cache folder, named by its inputs. Needs root.
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu
die() { echo "hyperv-box: $*" >&2; exit 1; }
names='docker.io docker-cli docker-compose iptables apparmor hyperv-daemons busybox-static'
# where QEMU's user network has this machine
source=http://10.0.2.2:8000/

mkdir -p "$cache/hyperv"
work=$(mktemp -d "$cache/hyperv/new.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
sh scripts/get-image.sh "$work/base" debootstrap trixie >&2
base=$(readlink "$work/base")
folder=$cache/hyperv/$({ echo "$names $source"; cat "$base.sha256" "$0"; } | sha256sum | cut -c 1-16)
if [ -d "$folder" ]; then
  echo "$folder"
  exit
fi
# an image of other inputs is deleted after a day: until then another run may use it
find "$cache/hyperv" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf --one-file-system {} +

# the third partition of make-image.sh
qemu-img convert -O raw "$base" "$work/disk"
root="$work/disk?offset=$((135168 * 512))"
inside() { debugfs "$@" "$root" 2>"$work/debugfs.log" >&2 || { cat "$work/debugfs.log" >&2; die 'debugfs failed'; }; }
inside -R "dump /var/lib/dpkg/status $work/status"
inside -R "dump /etc/apt/sources.list $work/sources.list"
for file in status sources.list; do
  [ -s "$work/$file" ] || die "cannot read $file of $base"
done

# apt as the guest would call it, on this machine
mkdir -p "$work/state/lists/partial" "$work/apt/archives/partial" "$work/parts"
apt() {
  apt-get -q -o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/apt" \
    -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts="$work/parts" \
    -o Dir::Etc::PreferencesParts="$work/parts" -o APT::Architecture=amd64 -o APT::Sandbox::User=root \
    -o Debug::NoLocking=yes "$@" >&2
}
apt update
# shellcheck disable=SC2086 # words
apt install -y --no-install-recommends --reinstall --download-only $names
mv "$work/apt/archives" "$work/packages"
cd "$work/packages"
rm -rf partial lock
for deb in *.deb; do
  dpkg-deb -f "$deb"
  printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum <"$deb" | cut -d ' ' -f 1)"
done >Packages

echo "deb [trusted=yes] $source ./" >"$work/sources.list"
printf 'rm /etc/apt/sources.list\ncd /etc/apt\nwrite %s sources.list\n' "$work/sources.list" >"$work/commands"
inside -w -f "$work/commands"
inside -R "dump /etc/apt/sources.list $work/read"
cmp "$work/sources.list" "$work/read" >&2 || die 'the package source was not written'
qemu-img convert -O qcow2 "$work/disk" "$work/image.qcow2"
rm -rf "$work/disk" "$work/apt" "$work/state" "$work/parts" "$work/base" "$work/read" \
  "$work/sources.list" "$work/commands" "$work/debugfs.log"
[ -d "$folder" ] || mv "$work" "$folder"
echo "$folder"

#!/bin/sh
# The tier guest: builds NVIDIA's driver and dxgkrnl as in guests without a card, in trees of Debian 12 and 13
# from this host's mirror, each in its own mount namespace. Run it as root. Downloads are kept in
# the cache folder. Takes about 4 minutes on 2 cores, and 3 more the first time.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo 'test:guest builds trees of Debian and enters them: run it as root' >&2; exit 1; }
sh test/needs.sh test:guest 'debootstrap util-linux gpg gpgconf gpg-agent' debootstrap unshare gpg gpgconf dpkg-deb flock
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/guest
mkdir -p "$cache/packages"
exec 9>"$cache/.lock"
flock -n 9 || { echo 'test:guest: waiting for another run' >&2; flock 9; }
# trees of killed runs; their mounts ended with their namespaces
rm -rf --one-file-system "$cache"/tree.*
DEBIAN_12=$(sh test/guest/base.sh bookworm)
DEBIAN_13=$(sh test/guest/base.sh trixie)
GUEST_TREES=$(mktemp -d "$cache/tree.XXXXXX")
export DEBIAN_12 DEBIAN_13 GUEST_TREES
finish() { rm -rf --one-file-system "$GUEST_TREES"; }
trap finish EXIT
trap 'exit 130' INT TERM HUP
sh test/uvu.sh test/guest "${1:-guest.mts$}"

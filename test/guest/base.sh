#!/bin/sh
# A bare guest of Debian as a tarball: what a base image has before any of this project's scripts ran, so a kernel and no headers.
# Made once and kept in the cache folder by what it was made from. Prints its path.
#
#   base.sh SUITE
set -eu
suite=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/guest
for tool in debootstrap unshare apt-get; do
  command -v "$tool" >/dev/null || { echo "guest: $tool is missing" >&2; exit 1; }
done

# this host's own mirrors of Debian, as make-image.sh finds them
main='' security=''
# shellcheck disable=SC2016 # apt fills these in
for site in $(apt-get indextargets --format '$(SITE) $(ORIGIN)' 'Created-By: Packages' | awk '$2 == "Debian" { print $1 }' | sort -u); do
  case $site in
    *security*) security=${security:-${site%/}} ;;
    *) main=${main:-${site%/}} ;;
  esac
done
[ -n "$main" ] || { echo "guest: this host's apt sources have no Debian mirror" >&2; exit 1; }

# packages age: a new one every month
key=$(printf '%s\n' "$(cat "$0")" "$main" "$security" "$(date +%Y-%m)" | sha256sum | cut -c 1-16)
tarball=$cache/$suite-$key.tar.gz
if [ -e "$tarball" ]; then
  echo "$tarball"
  exit
fi
mkdir -p "$cache/packages"
rm -f "$cache/$suite"-*.tar.gz
work=$(mktemp -d "$cache/tree.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
if command -v apt-config >/dev/null; then
  eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
  export http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}"
fi
echo "guest: a tree of $suite from $main" >&2
unshare -m --propagation private debootstrap --variant=minbase --cache-dir="$cache/packages" \
  --include=linux-image-amd64,ca-certificates,ccache "$suite" "$work/tree" "$main" >&2 ||
  { tail -n 5 "$work/tree/debootstrap/debootstrap.log" >&2; exit 1; }
{
  echo "deb $main $suite main"
  [ -z "$security" ] || echo "deb $security $suite-security main"
} >"$work/tree/etc/apt/sources.list"
# only for speed: no fsync, no texts in other languages, early boot images with hardly anything in them, and what the compiler
# made of the same input before, which inside.sh keeps
echo force-unsafe-io >"$work/tree/etc/dpkg/dpkg.cfg.d/fast"
echo 'Acquire::Languages "none";' >"$work/tree/etc/apt/apt.conf.d/fast"
echo MODULES=list >"$work/tree/etc/initramfs-tools/conf.d/fast"
echo 'DPkg::Path "/usr/local/lib/conftest:/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin";' >>"$work/tree/etc/apt/apt.conf.d/fast"
printf '%s\n' 'cache_dir = /var/cache/ccache' 'max_size = 1G' >"$work/tree/etc/ccache.conf"
rm -rf "$work/tree/var/cache/apt/archives"/*.deb "$work/tree/var/lib/apt/lists"/*
tar -C "$work/tree" -c . | gzip -1 >"$work/tar"
mv "$work/tar" "$tarball"
echo "$tarball"

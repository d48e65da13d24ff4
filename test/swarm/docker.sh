#!/bin/sh
# Gets Docker's daemon and command line, and a static busybox, as packages of this host's mirror, unpacked
# into the cache folder: nothing is installed. Prints the folder.
set -eu
tree=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/docker-tree
packages='docker.io containerd runc tini busybox-static'
if [ ! -x "$tree/usr/sbin/dockerd" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  # shellcheck disable=SC2086 # names
  (cd "$work" && apt-get -qq download $packages >&2)
  for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/tree"; done
  mkdir -p "$(dirname "$tree")"
  # two runs can do this at the same time
  [ -x "$tree/usr/sbin/dockerd" ] || { rm -rf "$tree" && mv "$work/tree" "$tree"; }
fi
echo "$tree"

#!/bin/sh
# Gets OpenSSH's server without installing it, which would start it: this host's packages, unpacked
# into the cache folder. Prints the path of the tree.
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/sshd
if [ ! -x "$cache/usr/sbin/sshd" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  (cd "$work" && apt-get -qq download openssh-server libwrap0 >&2)
  for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work/tree"; done
  mkdir -p "$(dirname "$cache")"
  # two runs can do this at the same time
  [ -x "$cache/usr/sbin/sshd" ] || { rm -rf "$cache" && mv "$work/tree" "$cache"; }
fi
echo "$cache"

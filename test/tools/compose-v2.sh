#!/bin/sh
# Gets Compose 2 for hosts whose distribution has version 1: the package of Debian 13 (a static Go
# program) from this host's mirror, unpacked into the cache folder. Prints its path.
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/compose-v2
program=$cache/usr/libexec/docker/cli-plugins/docker-compose
if [ ! -x "$program" ]; then
  # shellcheck disable=SC2016 # apt fills this in
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/lists/partial" "$work/tree"
  chmod -R 755 "$work"
  echo "deb $site trixie main" >"$work/sources.list"
  apt() {
    apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=- \
      -o "Dir::State::Lists=$work/lists" "$@" >&2
  }
  apt update
  (cd "$work" && apt download docker-compose)
  dpkg-deb -x "$work"/docker-compose_*.deb "$work/tree"
  mkdir -p "$(dirname "$cache")"
  # two runs can do this at the same time
  [ -x "$program" ] || { rm -rf "$cache" && mv "$work/tree" "$cache"; }
fi
echo "$program"

#!/bin/sh
# Podman and podman-compose from the distribution's own packages: Debian, and Ubuntu from 24.04. Run again, it changes nothing.
set -eu
export DEBIAN_FRONTEND=noninteractive

die() { echo "install-podman: $*" >&2; exit 1; }
candidate() { apt-cache policy "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }

if ! command -v podman >/dev/null || ! command -v podman-compose >/dev/null; then
  command -v apt-get >/dev/null || die 'this image has no apt-get: only Debian and Ubuntu are known here'
  apt-get -o DPkg::Lock::Timeout=600 update
  # CDI, by which containers get GPUs, came with 4.1
  version=$(candidate podman)
  dpkg --compare-versions "${version:-0}" ge 4.1 || die "the distribution's Podman is ${version:-not there}, and 4.1 or later is needed"
  [ -n "$(candidate podman-compose)" ] || die 'the distribution has no podman-compose'
  # what finds names of services, and what the network is made by
  packages='podman podman-compose crun iptables'
  for one in netavark aardvark-dns nftables; do
    [ -z "$(candidate "$one")" ] || packages="$packages $one"
  done
  # shellcheck disable=SC2086 # words
  apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $packages
fi
# images without a registry in their name are Docker Hub's, as every Compose file means them
registries=/etc/containers/registries.conf.d/homelab-gpu.conf
if ! [ -e "$registries" ]; then
  mkdir -p "$(dirname "$registries")"
  echo 'unqualified-search-registries = ["docker.io"]' >"$registries"
fi
# there is no daemon that would start containers when the machine boots
if command -v systemctl >/dev/null; then
  systemctl enable podman-restart.service
fi
podman --version
podman-compose --version

#!/bin/sh
# Installs Podman and podman-compose from the distribution's packages: Debian, and Ubuntu since
# 24.04. A second run changes nothing.
set -eu
export DEBIAN_FRONTEND=noninteractive

die() { echo "install-podman: $*" >&2; exit 1; }
candidate() { apt-cache policy "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }

if ! command -v podman >/dev/null || ! command -v podman-compose >/dev/null; then
  command -v apt-get >/dev/null || die 'this image has no apt-get: only Debian and Ubuntu are supported'
  apt-get -o DPkg::Lock::Timeout=600 update
  # CDI, which gives GPUs to containers, needs 4.1
  version=$(candidate podman)
  dpkg --compare-versions "${version:-0}" ge 4.1 ||
    die "the distribution has ${version:+Podman }${version:-no Podman}, and 4.1 or later is needed"
  [ -n "$(candidate podman-compose)" ] || die 'the distribution has no podman-compose'
  # the DNS server for service names, and the tools for the network
  packages='podman podman-compose crun iptables'
  for one in netavark aardvark-dns nftables; do
    [ -z "$(candidate "$one")" ] || packages="$packages $one"
  done
  # shellcheck disable=SC2086 # words
  apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $packages
fi
# an image name without a registry means Docker Hub, as Compose files assume
registries=/etc/containers/registries.conf.d/homelab-gpu.conf
if ! [ -e "$registries" ]; then
  mkdir -p "$(dirname "$registries")"
  echo 'unqualified-search-registries = ["docker.io"]' >"$registries"
fi
# Podman has no daemon that starts containers at boot
if command -v systemctl >/dev/null; then
  systemctl enable podman-restart.service
fi
podman --version
podman-compose --version

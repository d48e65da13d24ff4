#!/bin/sh
# Docker Engine and Compose from the distribution's own packages: Debian and Ubuntu. Run again, it changes nothing.
set -eu
export DEBIAN_FRONTEND=noninteractive

compose() { docker compose version >/dev/null 2>&1 || docker-compose --version >/dev/null 2>&1; }

# where the kernel has AppArmor Docker 20.10 starts no container without its parser
confined() { ! grep -q Y /sys/module/apparmor/parameters/enabled 2>/dev/null || command -v apparmor_parser >/dev/null; }

if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null || ! compose || ! confined; then
  command -v apt-get >/dev/null || {
    echo 'install-docker: this image has no apt-get: only Debian and Ubuntu are known here' >&2
    exit 1
  }
  apt-get -o DPkg::Lock::Timeout=600 update
  known() { apt-cache show "$1" >/dev/null 2>&1; }
  packages='docker.io iptables apparmor'
  # Debian 13 has the client in a package of its own
  if known docker-cli; then packages="$packages docker-cli"; fi
  # Compose is docker-compose-v2 in Ubuntu, docker-compose in Debian (12: version 1, 13: version 2)
  if known docker-compose-v2; then packages="$packages docker-compose-v2"; else packages="$packages docker-compose"; fi
  # shellcheck disable=SC2086 # words
  apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $packages
fi
if command -v systemctl >/dev/null; then
  systemctl enable --now docker
fi
id vagrant >/dev/null 2>&1 && usermod -aG docker vagrant
docker version --format 'docker {{.Server.Version}}'
compose

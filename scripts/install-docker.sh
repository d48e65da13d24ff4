#!/bin/sh
# Docker Engine and Compose: Debian and Ubuntu. Run again, it changes nothing. Its settings are environment variables:
#
#   DOCKER_SOURCE  distro (default): the distribution's own packages; docker: Docker's package repository, for a newer Compose
#   DOCKER_REPO    URL of another copy of Docker's repository for this distribution
#   DOCKER_KEY     its key: a URL, a path in the guest, or base64:TEXT; default: gpg in the repository
set -eu
export DEBIAN_FRONTEND=noninteractive
# settings that may be secret, from a script of the box's own
# shellcheck disable=SC1091 # there in some boxes
if [ -e /run/homelab-gpu/settings ]; then . /run/homelab-gpu/settings; fi
source=${DOCKER_SOURCE:-distro}

# A text without passwords in its URLs.
public() { sed 's|//[^/@ ]*@|//…@|g; s|\(://[^ ?]*\)?[^ ]*|\1?…|g'; }

compose() { docker compose version >/dev/null 2>&1 || docker-compose --version >/dev/null 2>&1; }

# where the kernel has AppArmor Docker 20.10 starts no container without its parser
confined() { ! grep -q Y /sys/module/apparmor/parameters/enabled 2>/dev/null || command -v apparmor_parser >/dev/null; }

# Docker's own instructions (docs.docker.com/engine/install/debian, read 2026-11): a keyring, a deb line, five packages
own_packages() {
  # shellcheck disable=SC1091 # the guest's own
  distro=$(. /etc/os-release && echo "$ID") suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  repository=${DOCKER_REPO:-https://download.docker.com/linux/$distro}
  key=${DOCKER_KEY:-${repository%/}/gpg} keyring=/etc/apt/keyrings/docker.asc
  install -d -m 755 /etc/apt/keyrings
  case $key in
    base64:*) printf %s "${key#base64:}" | base64 -d >"$keyring" ;;
    /*) cp "$key" "$keyring" ;;
    *)
      if said=$(/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "$key" "$keyring" 2>&1); then got=yes; else got=; fi
      printf '%s\n' "$said" | public >&2
      [ -n "$got" ]
      ;;
  esac || { echo "install-docker: cannot get $(printf '%s' "$key" | public)" >&2; exit 1; }
  # apt tells a key with armour from one without by the name
  if ! grep -q '^-----BEGIN' "$keyring"; then
    mv "$keyring" /etc/apt/keyrings/docker.gpg
    keyring=/etc/apt/keyrings/docker.gpg
  fi
  chmod 644 "$keyring"
  echo "deb [arch=$(dpkg --print-architecture) signed-by=$keyring] ${repository%/} $suite stable" >/etc/apt/sources.list.d/docker.list
  apt-get -o DPkg::Lock::Timeout=600 update
  apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends \
    docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin iptables apparmor
}

if [ "$source" = docker ]; then
  if ! docker compose version >/dev/null 2>&1 || ! dpkg -s docker-ce >/dev/null 2>&1; then own_packages; fi
elif ! command -v dockerd >/dev/null || ! command -v docker >/dev/null || ! compose || ! confined; then
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

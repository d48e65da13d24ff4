#!/bin/sh
# Installs Docker Engine and Compose on Debian and Ubuntu. A second run changes nothing. Settings
# are environment variables:
#
#   DOCKER_SOURCE  distro (default): the distribution's packages
#                  docker: Docker's package repository, which has a newer Compose
#   DOCKER_REPO    URL of a mirror of Docker's repository for this distribution
#   DOCKER_KEY     its key: a URL, a path in the guest, or base64:TEXT; default: DOCKER_REPO/gpg
set -eu
export DEBIAN_FRONTEND=noninteractive
# settings that can contain passwords are in a file, not in the environment
# shellcheck disable=SC1091 # only some boxes have it
if [ -e /run/homelab-gpu/settings ]; then . /run/homelab-gpu/settings; fi
source=${DOCKER_SOURCE:-distro}

# Removes passwords and queries from the URLs in a text.
public() { sed 's|//[^/@ ]*@|//…@|g; s|\(://[^ ?]*\)?[^ ]*|\1?…|g'; }

compose() { docker compose version >/dev/null 2>&1 || docker-compose --version >/dev/null 2>&1; }

# on a kernel with AppArmor, Docker 20.10 cannot start a container without apparmor_parser
confined() {
  ! grep -q Y /sys/module/apparmor/parameters/enabled 2>/dev/null || command -v apparmor_parser >/dev/null
}

# As Docker's documentation says (docs.docker.com/engine/install/debian, read 2026-11): a keyring, a
# deb line, five packages.
own_packages() {
  # shellcheck disable=SC1091 # a file of the guest
  distro=$(. /etc/os-release && echo "$ID") suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  repository=${DOCKER_REPO:-https://download.docker.com/linux/$distro}
  key=${DOCKER_KEY:-${repository%/}/gpg} keyring=/etc/apt/keyrings/docker.asc
  install -d -m 755 /etc/apt/keyrings
  case $key in
    base64:*) printf %s "${key#base64:}" | base64 -d >"$keyring" ;;
    /*) cp "$key" "$keyring" ;;
    *)
      if said=$(/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "$key" "$keyring" 2>&1); then
        got=yes
      else
        got=
      fi
      printf '%s\n' "$said" | public >&2
      [ -n "$got" ]
      ;;
  esac || { echo "install-docker: cannot download $(printf '%s' "$key" | public)" >&2; exit 1; }
  # apt expects the name .asc for an ASCII-armored key and .gpg for a binary key
  if ! grep -q '^-----BEGIN' "$keyring"; then
    mv "$keyring" /etc/apt/keyrings/docker.gpg
    keyring=/etc/apt/keyrings/docker.gpg
  fi
  chmod 644 "$keyring"
  echo "deb [arch=$(dpkg --print-architecture) signed-by=$keyring] ${repository%/} $suite stable" \
    >/etc/apt/sources.list.d/docker.list
  apt-get -o DPkg::Lock::Timeout=600 update
  apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends \
    docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin iptables apparmor
}

if [ "$source" = docker ]; then
  if ! docker compose version >/dev/null 2>&1 || ! dpkg -s docker-ce >/dev/null 2>&1; then own_packages; fi
elif ! command -v dockerd >/dev/null || ! command -v docker >/dev/null || ! compose || ! confined; then
  command -v apt-get >/dev/null || {
    echo 'install-docker: this image has no apt-get: only Debian and Ubuntu are supported' >&2
    exit 1
  }
  apt-get -o DPkg::Lock::Timeout=600 update
  known() { apt-cache show "$1" >/dev/null 2>&1; }
  packages='docker.io iptables apparmor'
  # Debian 13 has a separate package for the client
  if known docker-cli; then packages="$packages docker-cli"; fi
  # the package of Compose: docker-compose-v2 in Ubuntu, docker-compose in Debian (12: 1.x, 13: 2.x)
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

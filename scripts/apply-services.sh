#!/bin/sh
# Brings the Compose services of this guest to what /opt/homelab-gpu/compose.new.yaml says: run inside it, as root. ENGINE is docker
# (default) or podman; PULL=yes fetches newer images first. Only when that worked the file takes its name, so that what verify-guest.sh reads was really applied.
set -eu
engine=${ENGINE:-docker}
cd "${SERVICES_ROOT:-/opt/homelab-gpu}"
command -v "$engine" >/dev/null || {
  echo "apply-services: $engine is not in this box: build it with image:, or install it there" >&2
  exit 1
}
# .env, env files and variables of the caller, which Compose looks for beside its file
archive=${STACKS_ROOT:-/srv/homelab-gpu}/projects/homelab-gpu.tar
rm -f .env variables
if [ -e "$archive" ]; then
  tar -x -f "$archive" --no-same-owner
  mv .homelab-gpu/variables variables
  rm -rf .homelab-gpu "$archive"
  # shellcheck disable=SC1091 # written by homelab-gpu
  . ./variables
  engine=${ENGINE:-docker}
fi
# an image that is only in this guest, or a registry that does not answer, must not cost the services that run
not_newer() { echo "apply-services: not every image could be fetched: the others are as they were" >&2; }
containers() { "$engine" ps -aq --filter label=com.docker.compose.project=homelab-gpu; }
if grep -q '^services: {}' compose.new.yaml; then
  containers | xargs -r "$engine" rm -f
elif [ "$engine" = podman ]; then
  # a file that it cannot read must not cost the services that run
  podman-compose --dry-run -p homelab-gpu -f compose.new.yaml up -d >/dev/null
  [ -z "${PULL-}" ] || podman-compose -p homelab-gpu -f compose.new.yaml pull || not_newer
  # podman-compose takes --remove-orphans and does nothing with it (1.0.3 in Debian 12)
  containers | xargs -r podman rm -f >/dev/null
  podman-compose -p homelab-gpu -f compose.new.yaml up -d
else
  compose() {
    if docker compose version >/dev/null 2>&1; then
      docker compose -p homelab-gpu "$@"
    else
      docker-compose -p homelab-gpu "$@"
    fi
  }
  compose -f compose.new.yaml config -q
  [ -z "${PULL-}" ] || compose -f compose.new.yaml pull -q --ignore-pull-failures || not_newer
  compose -f compose.new.yaml up -d --remove-orphans
fi
mv compose.new.yaml compose.yaml

#!/bin/sh
# Applies /opt/homelab-gpu/compose.new.yaml to this guest. Run it in the guest, as root.
#
#   ENGINE  docker (default) or podman
#   PULL    yes: fetch newer images first
#
# On success the file is renamed to compose.yaml, so verify-guest.sh reads only what was applied.
set -eu
engine=${ENGINE:-docker}
cd "${SERVICES_ROOT:-/opt/homelab-gpu}"
command -v "$engine" >/dev/null || {
  echo "apply-services: $engine is not in this box: set image: to build the box, or install it" >&2
  exit 1
}
# Compose reads .env, env files and the caller's variables from the folder of its file
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
# A failed pull (an image that is only in this guest, a registry that does not answer) must not stop
# the running services.
not_newer() { echo "apply-services: not every image could be fetched: using the local copies" >&2; }
containers() { "$engine" ps -aq --filter label=com.docker.compose.project=homelab-gpu; }
if grep -q '^services: {}' compose.new.yaml; then
  containers | xargs -r "$engine" rm -f
elif [ "$engine" = podman ]; then
  # a file that podman-compose cannot read must not stop the running services
  podman-compose --dry-run -p homelab-gpu -f compose.new.yaml up -d >/dev/null
  [ -z "${PULL-}" ] || podman-compose -p homelab-gpu -f compose.new.yaml pull || not_newer
  # podman-compose accepts --remove-orphans but ignores it (1.0.3 in Debian 12)
  containers | xargs -r podman rm -f >/dev/null
  podman-compose -p homelab-gpu -f compose.new.yaml up -d
else
  program=docker-compose
  if docker compose version >/dev/null 2>&1; then program='docker compose'; fi
  # shellcheck disable=SC2086 # words
  compose() { set -- $program -p homelab-gpu "$@" && "$@"; }
  compose -f compose.new.yaml config -q
  [ -z "${PULL-}" ] || compose -f compose.new.yaml pull -q --ignore-pull-failures || not_newer
  compose -f compose.new.yaml up -d --remove-orphans
fi
mv compose.new.yaml compose.yaml

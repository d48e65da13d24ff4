#!/bin/sh
# Brings the Compose services of this guest to what /opt/homelab-gpu/compose.new.yaml says: run inside it, as root.
# Only when that worked the file takes its name, so that what verify-guest.sh reads was really applied.
set -eu
cd /opt/homelab-gpu
compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose -p homelab-gpu "$@"
  else
    docker-compose -p homelab-gpu "$@"
  fi
}
command -v docker >/dev/null || {
  echo 'apply-services: Docker is not in this box: build it with image:, or install Docker in it' >&2
  exit 1
}
if grep -q '^services: {}' compose.new.yaml; then
  docker ps -aq --filter label=com.docker.compose.project=homelab-gpu | xargs -r docker rm -f
else
  compose -f compose.new.yaml config -q
  compose -f compose.new.yaml up -d --remove-orphans
fi
mv compose.new.yaml compose.yaml

#!/bin/sh
# The tier that holds what is rendered against the real programs: shellcheck, Ruby, Packer, Vagrant, Compose (both versions).
# One that is missing fails the tier: nothing is skipped. .ci/run installs them.
set -eu
cd "$(dirname "$0")/../.."
missing=
for tool in shellcheck ruby packer vagrant docker-compose busybox zsh fish; do
  command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
  echo "test:tools needs:$missing" >&2
  echo "  Debian 12: apt-get install --no-install-recommends shellcheck ruby packer vagrant vagrant-libvirt docker-compose busybox zsh fish" >&2
  exit 1
fi
COMPOSE_V2=$(sh test/tools/compose-v2.sh)
export COMPOSE_V2
exec npx uvu test/tools tools.mts$

#!/bin/sh
# The tier tools: runs the rendered files in the real programs: shellcheck, Ruby, Packer, Vagrant, both
# versions of Compose, OpenSSH. A missing program fails the tier. .ci/run installs them.
set -eu
cd "$(dirname "$0")/../.."
sh test/needs.sh test:tools 'shellcheck ruby packer vagrant vagrant-libvirt docker-compose busybox zsh fish tcsh openssh-client util-linux' \
  shellcheck ruby packer vagrant docker-compose busybox zsh fish tcsh ssh ssh-keygen unshare setpriv
COMPOSE_V2=$(sh test/tools/compose-v2.sh)
export COMPOSE_V2
exec sh test/uvu.sh test/tools tools.mts$

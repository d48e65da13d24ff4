#!/bin/sh
# The tier gpu: passes a card to a VM and back, on an emulated host. Needs QEMU, e2fsprogs, root for
# debootstrap, and a Debian mirror the first time. Needs no KVM and no GPU.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo 'test:gpu builds the disk of a Debian host with debootstrap: run it as root' >&2; exit 1; }
sh test/needs.sh test:gpu 'qemu-system-x86 qemu-utils debootstrap e2fsprogs util-linux openssh-client procps' \
  qemu-system-x86_64 qemu-img debootstrap mke2fs debugfs unshare ssh ssh-keygen pkill
exec sh test/uvu.sh test/e2e gpu.e2e.mts$

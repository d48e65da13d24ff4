#!/bin/sh
# The tier lab: compares doctor with the kernel on machines with emulated IOMMUs and cards. Needs
# QEMU for x86_64, OVMF, busybox, perl, xz and mke2fs, and the first time a Debian mirror for the
# kernel. Needs no root and no KVM.
set -eu
cd "$(dirname "$0")/../.."
sh test/needs.sh test:lab 'qemu-system-x86 ovmf busybox-static perl-base xz-utils e2fsprogs' \
  qemu-system-x86_64 busybox perl xz mke2fs /usr/share/OVMF/OVMF_CODE_4M.fd
exec sh test/uvu.sh test/lab lab.mts$

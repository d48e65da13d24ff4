#!/bin/sh
# The tier that holds doctor against the kernel: boots machines with emulated IOMMUs and cards. Needs QEMU for x86_64, OVMF, busybox,
# perl and mke2fs, and a Debian mirror for the kernel the first time; no root, no KVM.
set -eu
cd "$(dirname "$0")/../.."
missing=
for tool in qemu-system-x86_64 busybox perl mke2fs; do command -v "$tool" >/dev/null || missing="$missing $tool"; done
[ -e /usr/share/OVMF/OVMF_CODE_4M.fd ] || missing="$missing ovmf"
if [ -n "$missing" ]; then
  echo "test:lab needs:$missing" >&2
  echo "  Debian 12: apt-get install --no-install-recommends qemu-system-x86 ovmf busybox-static perl-base e2fsprogs" >&2
  exit 1
fi
exec npx uvu test/lab lab.mts$

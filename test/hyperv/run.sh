#!/bin/sh
# The tier hyperv: the script on a fake Windows, with the real Vagrant and a VM of QEMU. Needs root for port 22 of an address in
# 127.0.0.0/8, the guest of the tier gpu, and PowerShell 7, or .NET to install it.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo 'test:hyperv listens on port 22: run it as root' >&2; exit 1; }
sh test/needs.sh test:hyperv \
  'vagrant qemu-system-x86 qemu-utils debootstrap e2fsprogs util-linux busybox openssh-client openssh-sftp-server' \
  vagrant qemu-system-x86_64 qemu-img debootstrap debugfs unshare busybox ssh /usr/lib/openssh/sftp-server
exec sh test/uvu.sh test/hyperv 'hyperv.mts$'

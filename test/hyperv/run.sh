#!/bin/sh
# The tier hyperv: the script on a fake Windows, with the real Vagrant and a VM of QEMU. Needs root,
# the guest of the tier gpu, and PowerShell 7, or .NET to install it. It runs in a network namespace
# of its own, since Vagrant uses port 22 of the VM's address in 127.0.0.0/8, and in a namespace of
# processes, which ends all of them.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo 'test:hyperv creates namespaces: run it as root' >&2; exit 1; }
sh test/needs.sh test:hyperv \
  'vagrant qemu-system-x86 qemu-utils debootstrap e2fsprogs util-linux busybox openssh-client openssh-sftp-server' \
  vagrant qemu-system-x86_64 qemu-img debootstrap debugfs unshare busybox ssh /usr/lib/openssh/sftp-server
# these may need the network
sh test/e2e/host/build.sh >/dev/null
sh test/windows/powershell.sh >/dev/null
exec unshare --net --pid --fork --kill-child --mount-proc sh -c "
  busybox ip link set lo up
  exec sh test/uvu.sh test/hyperv 'hyperv.mts$'
"

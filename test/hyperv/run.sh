#!/bin/sh
# The tiers hyperv (up) and hyperv-box (box): the script on a fake Windows, with the real Vagrant and a
# VM of QEMU. up uses the guest of the tier gpu, box builds a box from an image of Debian. Needs root,
# and PowerShell 7, or .NET to install it. It runs in a network namespace of its own, since Vagrant uses
# port 22 of the VM's address in 127.0.0.0/8, and in a namespace of processes, which ends all of them.
#
#   run.sh up | box
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo 'test:hyperv creates namespaces: run it as root' >&2; exit 1; }
case ${1-} in
  up) own=openssh-sftp-server files=/usr/lib/openssh/sftp-server pattern='up.hyperv.mts$' ;;
  box) own='packer ovmf fdisk xz-utils gpg gpgconf gpg-agent' files='packer xz gpg gpgconf sfdisk /usr/share/ovmf/OVMF.fd' pattern='box.hyperv.mts$' ;;
  *) echo 'usage: run.sh up | box' >&2; exit 2 ;;
esac
# shellcheck disable=SC2086 # words
sh test/needs.sh test:hyperv \
  "vagrant qemu-system-x86 qemu-utils e2fsprogs util-linux debootstrap busybox openssh-client $own" \
  vagrant qemu-system-x86_64 qemu-img debootstrap debugfs unshare busybox ssh $files
# these may need the network
HYPERV_BOX=
case $1 in
  up) sh test/e2e/host/build.sh >/dev/null ;;
  box) HYPERV_BOX=$(sh test/hyperv/image.sh) ;;
esac
export HYPERV_BOX
sh test/windows/powershell.sh >/dev/null
# shellcheck disable=SC2016 # the inner shell fills these in
exec unshare --net --pid --fork --kill-child --mount-proc sh -c '
  busybox ip link set lo up
  [ -z "$HYPERV_BOX" ] || busybox httpd -p 127.0.0.1:8000 -h "$HYPERV_BOX/packages"
  exec sh test/uvu.sh test/hyperv "$1"
' sh "$pattern"

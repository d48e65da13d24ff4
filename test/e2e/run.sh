#!/bin/sh
# The tier e2e: a real `up`, as root on a machine with a package manager. It installs packages,
# builds an image and a box, boots VMs, and removes all of it except the caches. Takes 15 to 25
# minutes with emulation on 2 cores.
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo 'test:e2e installs packages and starts libvirt: run it as root' >&2; exit 1; }

# one run at a time: a machine has one libvirt, and this run stops the daemons that it started
lock=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/e2e.lock
mkdir -p "$(dirname "$lock")"
exec 9>"$lock"
flock -n 9 || { echo 'test:e2e: waiting for another run' >&2; flock 9; }

kvm=
names='virtlogd dnsmasq'
# a test restarts libvirtd: one that ran before is left running
pgrep -x libvirtd >/dev/null || names="libvirtd $names"
daemons() { for name in $names; do pgrep -x "$name" || true; done; }
before=$(daemons)
# stops only the daemons that this run started, by id
finish() {
  if [ -n "$kvm" ]; then chmod "$kvm" /dev/kvm; fi
  for pid in $(daemons); do
    printf '%s\n' "$before" | grep -qx "$pid" || kill "$pid" 2>/dev/null || true
  done
}
trap finish EXIT
# sh then waits until the tests have ended, which remove their VM first
trap 'exit 143' TERM

# A machine without udev may have a /dev/kvm that only root can open. Then QEMU can open it when
# libvirt's root process asks for QEMU's features, but libvirt's user cannot, so libvirt discards
# the answer and asks again several times in each request (virQEMUCapsIsValid in
# qemu_capabilities.c): the definition of a VM takes minutes. udev's rules set this mode.
kvm=$(stat -c %a /dev/kvm 2>/dev/null || true)
case $kvm in
  600) chmod 666 /dev/kvm ;;
  *) kvm= ;;
esac
case ${1:-up} in
  stacks) set -- 'stacks.e2e.mts$' ;;
  *) set -- 'up.e2e.mts$' ;;
esac
sh test/uvu.sh test/e2e "$1" 9>&-

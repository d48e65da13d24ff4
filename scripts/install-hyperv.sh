#!/bin/sh
# Installs the daemon that reports the VM's addresses to Hyper-V (KVP), which Packer and Vagrant ask
# for them. Run it as root. It runs twice while a box is built: at the first boot, called by
# cloud-init, and after the other scripts, which may install another kernel: Ubuntu's daemon is part
# of each kernel's tools. A second run changes nothing.
#
# FIRST_BOOT=yes: the script may replace the kernel and reboot, if the daemon for the running kernel
# is no longer published.
# ROOT=FOLDER is for tests.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
root=${ROOT:-}

# other systems bring the daemon themselves
command -v apt-get >/dev/null || exit 0
get() { apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }
has() { [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n '/Candidate: (none)/d; /Candidate:/p')" ]; }

reboot=
# shellcheck disable=SC1091 # a file of the guest
case $(. "$root/etc/os-release" && echo "$ID") in
  ubuntu)
    # kernel packages by flavour (virtual, generic-hwe-22.04, …), each with tools of the same flavour
    flavours=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'linux-image-*' 2>/dev/null |
      sed -n 's/^installed linux-image-\([a-z][a-z0-9.-]*\)$/\1/p')
    get update
    packages=linux-cloud-tools-common
    for flavour in $flavours; do
      if has "linux-cloud-tools-$flavour"; then packages="$packages linux-cloud-tools-$flavour"; fi
    done
    for image in "$root"/boot/vmlinuz-*; do
      kernel=${image##*/vmlinuz-}
      if has "linux-cloud-tools-$kernel"; then
        packages="$packages linux-cloud-tools-$kernel"
      elif [ "$kernel" = "$(uname -r)" ] && [ -n "${FIRST_BOOT-}" ]; then
        for flavour in $flavours; do packages="$packages linux-image-$flavour"; done
        reboot=yes
      fi
    done
    ;;
  *)
    get update
    packages=hyperv-daemons
    ;;
esac
# shellcheck disable=SC2086 # words
get install -y --no-install-recommends $packages
if [ -n "$reboot" ]; then
  systemctl reboot
  exit 0
fi
# the package of the unit may have been installed before that of the daemon
systemctl start hv-kvp-daemon 2>/dev/null || true

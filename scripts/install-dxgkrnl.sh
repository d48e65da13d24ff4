#!/bin/sh
# The kernel module for a part of a host's card (GPU-P): dxgkrnl of Microsoft's kernel for WSL, built by DKMS. Run as root when the box is
# built, on Ubuntu 22.04 and 24.04. Run again, it changes nothing. Its settings are environment variables:
#
#   DXGKRNL_SOURCE   URL or path of the kernel's source (tar.gz); default: the release below
#   DXGKRNL_SHA256   its checksum
#
# The module is no part of Linux, and builds for the kernels it was fitted to: so the kernel is held. NVIDIA's driver for Linux has no
# place beside it: what talks to the card are the libraries of the host's own driver, which come when the VM is up.
#
# ROOT=FOLDER is for tests: everything is written below it.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

die() { printf 'install-dxgkrnl: %s\n' "$*" >&2; exit 1; }
root=${ROOT:-}
# settings that may be secret, from a script of the box's own
# shellcheck disable=SC1091 # there in some boxes
if [ -e "$root/run/homelab-gpu/settings" ]; then . "$root/run/homelab-gpu/settings"; fi
# A text without passwords in its URLs.
public() { sed 's|//[^/@ ]*@|//…@|g; s|\(://[^ ?]*\)?[^ ]*|\1?…|g'; }
# the release's own archive; its checksum as others have recorded it
release=6.6.36.6
source=${DXGKRNL_SOURCE:-https://github.com/microsoft/WSL2-Linux-Kernel/archive/refs/tags/linux-msft-wsl-$release.tar.gz}
place=$(printf '%s' "$source" | public)
sum=${DXGKRNL_SHA256:-}
if [ -z "${DXGKRNL_SOURCE-}" ]; then sum=37d7aef011ad0ff2756e3e64b0c296793c3a7bbe1db5177b5929a0e7fc04995b; fi
case $sum in *[!0-9a-f]* | '') die 'DXGKRNL_SOURCE needs DXGKRNL_SHA256, 64 hex digits' ;; esac
[ ${#sum} = 64 ] || die 'DXGKRNL_SHA256 is no SHA-256: 64 hex digits'

# shellcheck disable=SC1090,SC1091 # the guest's own
distro=$(. "$root/etc/os-release" && echo "$ID-${VERSION_ID:-}")
case $distro in
  # its first kernel, 5.15, is older than what the module is written for; the later one is that of 24.04
  ubuntu-22.04) kernel_packages='linux-image-generic-hwe-22.04 linux-headers-generic-hwe-22.04' ;;
  ubuntu-24.04) kernel_packages='linux-image-generic linux-headers-generic' ;;
  *) die "$distro is not known here: Ubuntu 22.04 and 24.04" ;;
esac
[ -z "$(find "$root/usr/src" -maxdepth 1 -name 'nvidia-*' 2>/dev/null)" ] || die "NVIDIA's driver for Linux is here, and cannot be beside dxgkrnl: take another image"

kernels() { for image in "$root"/boot/vmlinuz-*; do if [ -e "$image" ]; then echo "${image##*/vmlinuz-}"; fi; done | sort -V; }
built() { dkms status -m dxgkrnl -k "$kernel" 2>/dev/null | grep -q ': installed' && modinfo -k "$kernel" dxgkrnl >/dev/null 2>&1; }

version=$release-$(printf '%s' "$sum" | cut -c 1-8)
tree=$root/usr/src/dxgkrnl-$version
kernel=$(kernels | tail -n 1) # boots next
if ! built || [ ! -e "$tree" ]; then
  apt-get -q -o DPkg::Lock::Timeout=600 update
  # shellcheck disable=SC2086 # words
  apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $kernel_packages dkms make gcc kmod
  kernel=$(kernels | tail -n 1)
  [ -e "$root/lib/modules/$kernel/build/Makefile" ] || die "headers for kernel $kernel cannot be found"

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # apt reads as a user of its own
  chmod 755 "$work"
  case $source in
    /*) cp "$source" "$work/source.tar.gz" ;;
    *)
      if said=$(/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "$source" "$work/source.tar.gz" 2>&1); then got=yes; else got=; fi
      printf '%s\n' "$said" | public >&2
      [ -n "$got" ] || die "cannot get $place"
      ;;
  esac
  [ "$(sha256sum <"$work/source.tar.gz" | cut -d ' ' -f 1)" = "$sum" ] || die "$place has another checksum than $sum: it is not used"
  mkdir "$work/source"
  tar -xzf "$work/source.tar.gz" -C "$work/source" --strip-components=1 --wildcards '*/drivers/hv/dxgkrnl/*' '*/include/uapi/misc/d3dkmthk.h' ||
    die "$place has no dxgkrnl in it"

  rm -rf "$tree"
  mkdir -p "$tree/include/uapi/misc"
  cp "$work"/source/drivers/hv/dxgkrnl/*.[ch] "$tree"
  cp "$work/source/include/uapi/misc/d3dkmthk.h" "$tree/include/uapi/misc"
  # What Microsoft's kernel has in its own headers, and what changed since in others'
  cat >"$tree/compat.h" <<'HEADER'
#include <linux/version.h>
#include <linux/eventfd.h>

/* the channels of a card in parts, by Hyper-V's numbers: one for all, one for each part */
#ifndef HV_GPUP_DXGK_GLOBAL_GUID
#define HV_GPUP_DXGK_GLOBAL_GUID .guid = GUID_INIT(0xdde9cbc0, 0x5060, 0x4436, 0x94, 0x48, 0xea, 0x12, 0x54, 0xa5, 0xd1, 0x77)
#endif
#ifndef HV_GPUP_DXGK_VGPU_GUID
#define HV_GPUP_DXGK_VGPU_GUID .guid = GUID_INIT(0x6e382d18, 0x3336, 0x4f4b, 0xac, 0xc4, 0x2b, 0x77, 0x03, 0xd4, 0xdf, 0x4a)
#endif

/* since 6.8 it counts by one always (eventfd: simplify eventfd_signal()) */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define eventfd_signal(context, count) eventfd_signal(context)
#endif
HEADER
  cat >"$tree/Makefile" <<'MAKE'
obj-m := dxgkrnl.o
dxgkrnl-y := dxgmodule.o hmgr.o misc.o dxgadapter.o ioctl.o dxgvmbus.o dxgprocess.o dxgsyncfile.o
ccflags-y := -I$(src)/include -include $(src)/compat.h -D_MAIN_KERNEL_
MAKE
  cat >"$tree/dkms.conf" <<DKMS
PACKAGE_NAME="dxgkrnl"
PACKAGE_VERSION="$version"
BUILT_MODULE_NAME[0]="dxgkrnl"
DEST_MODULE_LOCATION[0]="/updates/dkms"
AUTOINSTALL="yes"
DKMS
  dkms status -m dxgkrnl -v "$version" 2>/dev/null | grep -q . || dkms add "dxgkrnl/$version" >&2
  if ! dkms install "dxgkrnl/$version" -k "$kernel" >&2; then
    log=$root/var/lib/dkms/dxgkrnl/$version/build/make.log
    [ ! -e "$log" ] || tail -n 20 "$log" >&2
    die "dxgkrnl does not build for the kernel $kernel"
  fi
  built || die "dxgkrnl was built, and is not installed for the kernel $kernel"
fi

# a newer kernel may be too new for the module
# shellcheck disable=SC2016,SC2046 # dpkg fills these in; words
apt-mark hold $(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 'linux-image-*' 'linux-headers-*' 'linux-generic*' 2>/dev/null |
  awk '$1 == "ii" { print $2 }') >/dev/null

mkdir -p "$root/etc/modules-load.d" "$root/etc/ld.so.conf.d" "$root/usr/lib/wsl/lib" "$root/usr/lib/wsl/drivers"
echo dxgkrnl >"$root/etc/modules-load.d/homelab-gpu.conf"
# the libraries of the host's driver look for each other there
echo /usr/lib/wsl/lib >"$root/etc/ld.so.conf.d/homelab-gpu-wsl.conf"
printf 'dxgkrnl %s for the kernel %s\n' "$version" "$kernel"

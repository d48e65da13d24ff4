#!/bin/sh
# Builds dxgkrnl, the kernel module for a part of a host's card (GPU-P), from the source of
# Microsoft's WSL kernel with DKMS. Run it as root when the box is built, on Debian 12 or 13, or
# Ubuntu 22.04, 24.04 or 26.04.
# A second run changes nothing. Settings are environment variables:
#
#   DXGKRNL_SOURCE   URL or path of the kernel's source (tar.gz); default: the release below
#   DXGKRNL_SHA256   its checksum
#
# The module is not part of Linux and needs changes for later kernels, so this script holds the kernel
# packages. NVIDIA's driver for Linux must not be installed: programs use the libraries of the
# host's driver, which are copied to the VM when it runs.
#
# ROOT=FOLDER is for tests: the script writes below it.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

die() { printf 'install-dxgkrnl: %s\n' "$*" >&2; exit 1; }
root=${ROOT:-}
# settings that can contain passwords are in a file, not in the environment
# shellcheck disable=SC1091 # only some boxes have it
if [ -e "$root/run/homelab-gpu/settings" ]; then . "$root/run/homelab-gpu/settings"; fi
# Removes passwords and queries from the URLs in a text.
public() { sed 's|//[^/@ ]*@|//…@|g; s|\(://[^ ?]*\)?[^ ]*|\1?…|g'; }
# the archive of the release; GitHub publishes no checksum, this one was recorded by others
release=6.6.36.6
tags=https://github.com/microsoft/WSL2-Linux-Kernel/archive/refs/tags
source=${DXGKRNL_SOURCE:-$tags/linux-msft-wsl-$release.tar.gz}
place=$(printf '%s' "$source" | public)
sum=${DXGKRNL_SHA256:-}
if [ -z "${DXGKRNL_SOURCE-}" ]; then sum=37d7aef011ad0ff2756e3e64b0c296793c3a7bbe1db5177b5929a0e7fc04995b; fi
case $sum in *[!0-9a-f]* | '') die 'DXGKRNL_SOURCE needs DXGKRNL_SHA256, 64 hex digits' ;; esac
[ ${#sum} = 64 ] || die 'DXGKRNL_SHA256 is not a SHA-256 checksum: 64 hex digits'

# shellcheck disable=SC1090,SC1091 # a file of the guest
distro=$(. "$root/etc/os-release" && echo "$ID-${VERSION_ID:-}")
case $distro in
  debian-12 | debian-13) kernel_packages='linux-image-amd64 linux-headers-amd64' ;;
  # its first kernel, 5.15, is too old for the module; the HWE kernel is the kernel of 24.04
  ubuntu-22.04) kernel_packages='linux-image-generic-hwe-22.04 linux-headers-generic-hwe-22.04' ;;
  ubuntu-24.04 | ubuntu-26.04) kernel_packages='linux-image-generic linux-headers-generic' ;;
  *) die "$distro is not supported: Debian 12 and 13 and Ubuntu 22.04, 24.04 and 26.04 are" ;;
esac
[ -z "$(find "$root/usr/src" -maxdepth 1 -name 'nvidia-*' 2>/dev/null)" ] ||
  die "this image has NVIDIA's driver for Linux, which does not work with dxgkrnl: use another image"

apt() { apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }
kernels() {
  for image in "$root"/boot/vmlinuz-*; do if [ -e "$image" ]; then echo "${image##*/vmlinuz-}"; fi; done | sort -V
}
built() {
  dkms status -m dxgkrnl -k "$kernel" 2>/dev/null | grep -q ': installed' &&
    modinfo -k "$kernel" dxgkrnl >/dev/null 2>&1
}

version=$release-$(printf '%s' "$sum" | cut -c 1-8)
tree=$root/usr/src/dxgkrnl-$version
kernel=$(kernels | tail -n 1) # the kernel of the next boot
if ! built || [ ! -e "$tree" ]; then
  apt update
  # shellcheck disable=SC2086 # words
  apt install -y --no-install-recommends $kernel_packages dkms make gcc kmod
  kernel=$(kernels | tail -n 1)
  # the module uses sync files, which the kernel has with DRM; Debian's cloud kernel has neither
  config=$root/boot/config-$kernel
  if [ -e "$config" ] && ! grep -q '^CONFIG_SYNC_FILE=y' "$config"; then
    die "dxgkrnl does not build for the kernel $kernel, which lacks CONFIG_SYNC_FILE: use an image without a cloud kernel (Debian: generic, not genericcloud)"
  fi
  # an image can have another kernel (HWE, Azure, backports, RT), whose headers the packages above are not
  if [ ! -e "$root/lib/modules/$kernel/build/Makefile" ]; then
    headers=linux-headers-$kernel
    apt-cache show "$headers" >/dev/null 2>&1 ||
      die "headers for the kernel $kernel cannot be found: apt has no $headers; use an image with its distribution's standard kernel"
    apt install -y --no-install-recommends "$headers"
  fi

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # apt reads it as the user _apt
  chmod 755 "$work"
  case $source in
    /*) cp "$source" "$work/source.tar.gz" ;;
    *)
      if said=$(/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "$source" \
        "$work/source.tar.gz" 2>&1); then
        got=yes
      else
        got=
      fi
      printf '%s\n' "$said" | public >&2
      [ -n "$got" ] || die "cannot download $place"
      ;;
  esac
  [ "$(sha256sum <"$work/source.tar.gz" | cut -d ' ' -f 1)" = "$sum" ] ||
    die "$place does not have the checksum $sum: it is not used"
  mkdir "$work/source"
  tar -xzf "$work/source.tar.gz" -C "$work/source" --strip-components=1 \
    --wildcards '*/drivers/hv/dxgkrnl/*' '*/include/uapi/misc/d3dkmthk.h' ||
    die "$place does not contain dxgkrnl"

  rm -rf "$tree"
  mkdir -p "$tree/include/uapi/misc"
  cp "$work"/source/drivers/hv/dxgkrnl/*.[ch] "$tree"
  cp "$work/source/include/uapi/misc/d3dkmthk.h" "$tree/include/uapi/misc"
  # texts for debugfs, which kernels since 6.16 do not ask for; and a lock: remap_pfn_range() needs it for
  # writing, else later kernels (6.12, 6.17) log a warning at each call (staralt/dxgkrnl-dkms, issue 13)
  sed -i -e '/^[[:space:]]*\.\(fence\|timeline\)_value_str = /d' \
    -e 's/mmap_read_\(un\)\{0,1\}lock(/mmap_write_\1lock(/g' "$tree"/*.c
  # definitions that only the headers of Microsoft's kernel have, and changes of later kernels
  cat >"$tree/compat.h" <<'HEADER'
#include <linux/version.h>
#include <linux/dma-fence.h>
#include <linux/eventfd.h>
#include <linux/sched.h>
#include <linux/string.h>
/* since 6.10 no other header includes it */
#include <linux/vmalloc.h>

/* VMBus channels of a partitioned card, by their GUIDs in Hyper-V: one global, one for each part */
#ifndef HV_GPUP_DXGK_GLOBAL_GUID
#define HV_GPUP_DXGK_GLOBAL_GUID .guid = GUID_INIT(0xdde9cbc0, 0x5060, 0x4436, 0x94, 0x48, 0xea, 0x12, 0x54, 0xa5, 0xd1, 0x77)
#endif
#ifndef HV_GPUP_DXGK_VGPU_GUID
#define HV_GPUP_DXGK_VGPU_GUID .guid = GUID_INIT(0x6e382d18, 0x3336, 0x4f4b, 0xac, 0xc4, 0x2b, 0x77, 0x03, 0xd4, 0xdf, 0x4a)
#endif

/* since 6.8 it has no count: it always adds 1 (eventfd: simplify eventfd_signal()); sources have either form */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define eventfd_signal(context, ...) eventfd_signal(context)
#else
#define eventfd_signal(context, ...) eventfd_signal(context, 1)
#endif

/* before 6.3 a driver's remove() returns a number, which Hyper-V's bus ignores */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define dxg_remove_vmbus(parameter) \
	dxg_remove_vmbus_void(parameter); \
	static int dxg_remove_vmbus(struct hv_device *device) \
	{ \
		dxg_remove_vmbus_void(device); \
		return 0; \
	} \
	static void dxg_remove_vmbus_void(parameter)
#endif

/* since 6.13 there is no __get_task_comm(); before it get_task_comm() takes no buffer of another size */
#undef get_task_comm
#define get_task_comm(buffer, task) strscpy_pad(buffer, (task)->comm, sizeof(buffer))
#define __get_task_comm(buffer, size, task) strscpy_pad(buffer, (task)->comm, size)

/*
 * since 6.17 it takes the fence itself, which the source calls fence: (fence, one, two), before
 * (one, two, ops). Sources from 6.18 on have the new form.
 */
#define dxg_if_fence(a, then, otherwise) _Generic((a), struct dma_fence *: (then), default: (otherwise))
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define __dma_fence_is_later(a, b, c) \
	__dma_fence_is_later(fence, dxg_if_fence(a, b, a), dxg_if_fence(a, c, b))
#else
#define __dma_fence_is_later(a, b, c) \
	__dma_fence_is_later(dxg_if_fence(a, b, a), dxg_if_fence(a, c, b), fence->ops)
#endif
HEADER
  cat >"$tree/Makefile" <<'MAKE'
obj-m := dxgkrnl.o
dxgkrnl-y := dxgmodule.o hmgr.o misc.o dxgadapter.o ioctl.o dxgvmbus.o dxgprocess.o dxgsyncfile.o
ccflags-y := -I$(src)/include -include $(src)/compat.h -D_MAIN_KERNEL_ -Wno-empty-body -Wno-unused-function
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
    # the first errors: many lines can follow them
    [ ! -e "$log" ] || grep -m 5 -A 2 -e 'error: ' -e '^ERROR: ' "$log" >&2 || tail -n 20 "$log" >&2
    die "dxgkrnl does not build for the kernel $kernel"
  fi
  built || die "dxgkrnl was built, but is not installed for the kernel $kernel"
fi

# hold the kernel: a newer one may be too new for the module
# shellcheck disable=SC2016,SC2046 # dpkg fills these in; words; hi: held by an earlier run
apt-mark hold $(
  dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 'linux-image-*' 'linux-headers-*' 'linux-generic*' 2>/dev/null |
    awk '$1 ~ /^[hi]i$/ { print $2 }'
) >/dev/null

mkdir -p "$root/etc/modules-load.d" "$root/etc/ld.so.conf.d" "$root/usr/lib/wsl/lib" "$root/usr/lib/wsl/drivers"
echo dxgkrnl >"$root/etc/modules-load.d/homelab-gpu.conf"
# the libraries of the host's driver find each other there
echo /usr/lib/wsl/lib >"$root/etc/ld.so.conf.d/homelab-gpu-wsl.conf"
printf 'dxgkrnl %s for the kernel %s\n' "$version" "$kernel"

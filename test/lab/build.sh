#!/bin/sh
# What the lab's machines boot: Debian's kernel, and a file system of busybox, perl, some drivers
# and the lab's scripts, as an initramfs and as a disk image. Made once and kept in the cache folder
# by what it was made from. Prints that folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu
for tool in busybox perl mke2fs xz apt-get; do
  command -v "$tool" >/dev/null || { echo "lab: $tool is missing" >&2; exit 1; }
done
busybox=$(command -v busybox)
package=$(apt-cache depends linux-image-amd64 | awk '/Depends:/ { print $2; exit }')
key=$(cat "$0" "$here/init" "$here/verdict.pl" "$here/../../scripts/probe-linux.sh" "$busybox" | cat - /dev/null | sha256sum | cut -c 1-16)
folder=$cache/lab/$package-$key
if [ -e "$folder/whole" ]; then
  echo "$folder"
  exit
fi
mkdir -p "$cache/lab"
# what was made of something else goes after a day: until then some machine may run from it
find "$cache/lab" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf {} +
# folders of its own: two runs may both miss it
work=$(mktemp -d)
made=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work" "$made"' EXIT
chmod 755 "$work" "$made"

kernels=$cache/kernels
mkdir -p "$kernels"
if ! ls "$kernels/${package}_"*.deb >/dev/null 2>&1; then
  (cd "$work" && apt-get -qq download "$package" >&2 && mv ./*.deb "$kernels/")
fi
dpkg-deb -x "$kernels/${package}_"*.deb "$work/kernel"
version=$(ls "$work/kernel/lib/modules")
cp "$work/kernel/boot/vmlinuz-$version" "$made/vmlinuz"
# The same kernel unpacked, which QEMU starts by PVH: under emulation, unpacking takes half of the time until a machine
# is ready. setup_sects, payload_offset and payload_length are from Documentation/arch/x86/boot.rst; the payload's last
# four bytes are its unpacked size.
# shellcheck disable=SC2016 # the variables are Perl's
perl -0777 -ne '
  my ($sectors, $at, $size) = (unpack("C", substr($_, 0x1f1)), unpack("VV", substr($_, 0x248)));
  print substr($_, ($sectors + 1) * 512 + $at, $size - 4)' "$made/vmlinuz" | xz -dc >"$made/vmlinux"

tree=$work/tree
modules=$tree/lib/modules/$version
mkdir -p "$tree/bin" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/run" "$tree/tmp" "$tree/etc" "$tree/mnt" "$tree/boot" "$tree/root" "$modules"
cp "$busybox" "$tree/bin/busybox"
for name in $("$busybox" --list); do [ "$name" = busybox ] || ln -s busybox "$tree/bin/$name"; done
cp "$work/kernel/boot/config-$version" "$tree/boot/"
printf 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$tree/etc/os-release"
echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >"$tree/etc/passwd"
echo 'nogroup:x:65534:' >"$tree/etc/group"

# the drivers that the lab's devices need, with all that those need
cp -r "$work/kernel/lib/modules/$version/modules.builtin" "$work/kernel/lib/modules/$version/modules.order" "$modules/"
"$busybox" depmod -b "$work/kernel" "$version"
depfile=$work/kernel/lib/modules/$version/modules.dep
wanted='vfio-pci vfio_iommu_type1 e1000 e1000e nvme xhci-pci usbhid hid-generic ext4 crc32c_generic bochs tun virtio_pci'
for name in $wanted; do
  # a line of modules.dep: PATH: PATHS that it needs
  grep -E "/$(echo "$name" | sed 's/[-_]/[-_]/g')\.ko:" "$depfile" | tr -d : | tr ' ' '\n'
done | sort -u | while read -r path; do
  mkdir -p "$modules/$(dirname "${path#*"$version/"}")"
  cp "$work/kernel/lib/modules/$version/${path#*"$version/"}" "$modules/${path#*"$version/"}"
done
"$busybox" depmod -b "$tree" "$version"

# perl asks the kernel by ioctl, which a shell cannot
for file in "$(command -v perl)" $(ldd "$(command -v perl)" "$busybox" 2>/dev/null | grep -oE '/lib[^ :]+'); do
  mkdir -p "$tree$(dirname "$file")"
  cp -L "$file" "$tree$file"
done
cp "$here/init" "$tree/init"
cp "$here/verdict.pl" "$tree/verdict.pl"
cp "$here/../../scripts/probe-linux.sh" "$tree/probe.sh"
chmod 755 "$tree/init"

# not compressed, since it would be unpacked under emulation
(cd "$tree" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$made/initrd"
truncate -s 128M "$made/root.img"
mke2fs -q -t ext4 -d "$tree" "$made/root.img"
touch "$made/whole"
[ -e "$folder/whole" ] || { rm -rf "$folder" && mv "$made" "$folder"; }
echo "$folder"

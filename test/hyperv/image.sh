#!/bin/sh
# Builds what run.sh box needs from the network: Debian 13 as make-image.sh makes it, with the parts
# that a box build only has to find there. A program runs here much faster than in an emulated VM,
# so this script installs Docker and the stand-in of NVIDIA's toolkit (test/guest/repository.sh), and
# removes what the VM would spend its time on. The only package source is the web server of run.sh.
# Prints a folder with image.qcow2, packages/ for that server, and status, the dpkg status of the image
# before. It is kept in the cache folder, named by its inputs. Needs root.
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu
die() { echo "hyperv-box: $*" >&2; exit 1; }
names='docker.io docker-cli docker-compose iptables apparmor jq hyperv-daemons busybox-static'
# where QEMU's user network has this machine
source=http://10.0.2.2:8000/

mkdir -p "$cache/hyperv"
work=$(mktemp -d "$cache/hyperv/new.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
sh scripts/get-image.sh "$work/base" debootstrap trixie >&2
base=$(readlink "$work/base")
folder=$cache/hyperv/$({ echo "$names $source"; cat "$base.sha256" "$0" test/guest/repository.sh; } | sha256sum | cut -c 1-16)
if [ -d "$folder" ]; then
  echo "$folder"
  exit
fi
# an image of other inputs is deleted after a day: until then another run may use it
find "$cache/hyperv" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf --one-file-system {} +

# the third partition of make-image.sh
start=135168
qemu-img convert -O raw "$base" "$work/old"
mkdir "$work/tree"
debugfs -R "rdump / $work/tree" "$work/old?offset=$((start * 512))" 2>"$work/debugfs.log" >&2
[ -s "$work/tree/var/lib/dpkg/status" ] || { cat "$work/debugfs.log" >&2; die "cannot read $base"; }
# debugfs sets the owner after the mode, which removes this bit
chmod u+s "$work/tree/usr/bin/sudo"
cp "$work/tree/var/lib/dpkg/status" "$work/status"

# apt as the guest would call it, on this machine
mkdir -p "$work/state/lists/partial" "$work/apt/archives/partial" "$work/parts"
apt() {
  apt-get -q -o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/apt" \
    -o Dir::Etc::SourceList="$work/tree/etc/apt/sources.list" -o Dir::Etc::SourceParts="$work/parts" \
    -o Dir::Etc::PreferencesParts="$work/parts" -o APT::Architecture=amd64 -o APT::Sandbox::User=root \
    -o Debug::NoLocking=yes "$@" >&2
}
apt update
# shellcheck disable=SC2086 # words
apt install -y --no-install-recommends --reinstall --download-only $names
sh test/guest/repository.sh "$work/nvidia" >&2
cp "$work/nvidia/toolkit"/*.deb "$work/apt/archives"
# the scripts of a box build ask the package source for these, also when they are installed
mkdir "$work/packages"
cp "$work/apt/archives"/hyperv-daemons_*.deb "$work/apt/archives"/busybox-static_*.deb "$work/packages"
(
  cd "$work/packages"
  sum() { sha256sum <"$1" | cut -d ' ' -f 1; }
  size() { stat -c %s "$1"; }
  for deb in *.deb; do
    dpkg-deb -f "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(size "$deb")" "$(sum "$deb")"
  done >Packages
  printf 'Date: %s\nSHA256:\n %s %s Packages\n' "$(date -Ru)" "$(sum Packages)" "$(size Packages)" >Release
)

tree=$work/tree
echo "deb [trusted=yes] $source ./" >"$tree/etc/apt/sources.list"
echo 'Acquire::Languages "none";' >"$tree/etc/apt/apt.conf.d/fast"
# no AppArmor: the VM would compile its profiles, which takes longer than its boot
sed -i 's/ no_timer_check / no_timer_check mitigations=off apparmor=0 selinux=0 audit=0 init_on_alloc=0 nowatchdog fsck.mode=skip /' \
  "$tree/boot/grub/grub.cfg"
# the GPU of the stand-in, in place of dxgkrnl's
echo 'c /dev/dxg 0666 root root - 1:3' >"$tree/etc/tmpfiles.d/dxg.conf"
echo MODULES=list >"$tree/etc/initramfs-tools/conf.d/fast"
printf '%s\n' virtio_pci virtio_blk ext4 >>"$tree/etc/initramfs-tools/modules"
# the kernel's modules uncompressed, and only those of a VM
(
  cd "$tree"/usr/lib/modules/*/kernel
  rm -rf sound drivers/gpu drivers/media drivers/infiniband drivers/net/ethernet drivers/net/wireless drivers/usb \
    drivers/iio drivers/staging drivers/hwmon drivers/input drivers/mtd drivers/md drivers/target fs/btrfs fs/xfs fs/ocfs2
  find drivers/scsi drivers/net -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
  find . -name '*.ko.xz' -exec xz -d {} +
)
cat >"$tree/root/inside" <<'INSIDE'
set -eu
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
depmod "$(ls /lib/modules)"
dpkg --force-unsafe-io -i /media/*.deb
update-initramfs -u
rm -rf /usr/sbin/policy-rc.d /usr/share/doc /usr/share/man /usr/share/locale /root/inside
for unit in user@.service getty@tty1.service serial-getty@ttyS0.service grub-common.service e2scrub_reap.service \
  modprobe@drm.service modprobe@efi_pstore.service modprobe@configfs.service modprobe@fuse.service \
  systemd-logind.service systemd-networkd-wait-online.service systemd-journal-flush.service \
  systemd-networkd-persistent-storage.service systemd-network-generator.service systemd-udev-load-credentials.service \
  dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  sys-fs-fuse-connections.mount; do
  ln -s /dev/null "/etc/systemd/system/$unit"
done
# without a manager for each login
sed -i '/pam_systemd/d' /etc/pam.d/common-session
# systemd would update files of /etc and /var at the first boot
touch /etc/.updated /var/.updated
INSIDE
# shellcheck disable=SC2016 # the inner shell fills these in
unshare -m --propagation private sh -eu -c '
  mount --bind "$1/apt/archives" "$1/tree/media"
  mount -t proc proc "$1/tree/proc"
  chroot "$1/tree" sh /root/inside
' sh "$work" >&2

# the same disk with this system; the other partitions have the boot loaders
head -c "$((start * 512))" "$work/old" >"$work/disk"
truncate -s "$(stat -c %s "$work/old")" "$work/disk"
tail -c 1M "$work/old" | dd of="$work/disk" bs=1M seek="$(($(stat -c %s "$work/old") / 1048576 - 1))" conv=notrunc status=none
sectors=$(sfdisk -q -o Sectors -l "$work/disk" | tail -n 1 | tr -d ' ')
mke2fs -q -t ext4 -L root -d "$tree" -E offset=$((start * 512)) "$work/disk" "$((sectors / 2))k"
qemu-img convert -O qcow2 "$work/disk" "$work/image.qcow2"
rm -rf --one-file-system "$work/old" "$work/disk" "$tree" "$work/apt" "$work/state" "$work/parts" "$work/base" \
  "$work/nvidia" "$work/debugfs.log"
[ -d "$folder" ] || mv "$work" "$folder"
echo "$folder"

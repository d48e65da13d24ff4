#!/bin/sh
# What the emulated host boots: Debian with libvirt, Vagrant and Node on a disk, its kernel, its initramfs; and tiny.box, whose guest
# is up in seconds where a real one would take half an hour. Made once and kept in the cache folder by what it was made from. Prints
# that folder. Needs root, debootstrap and a Debian mirror in this machine's apt sources.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu
die() { echo "host: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die 'debootstrap needs root'
for tool in debootstrap unshare mke2fs qemu-img apt-get; do
  command -v "$tool" >/dev/null || die "$tool is missing"
done

packages=linux-image-amd64,initramfs-tools,kmod,udev,procps,dbus,libpam-systemd,iproute2,pciutils,ca-certificates,openssh-client
packages=$packages,qemu-system-x86,qemu-utils,ovmf,libvirt-daemon-system,libvirt-clients,dnsmasq-base,iptables
packages=$packages,vagrant,vagrant-libvirt,busybox-static,dropbear-bin,lz4,polkitd,sudo
guest_kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends:/ { print $2; exit }')
[ -n "$guest_kernel" ] || die 'apt knows no linux-image-cloud-amd64: apt-get update'
key=$({ echo "$packages $guest_kernel"; cat "$0" "$here/init" "$here/guest-init" "$here/box.rb"; grep "node24)" "$here/../../runtimes.sh"; } |
  sha256sum | cut -c 1-16)
folder=$cache/host/$key
if [ -d "$folder" ]; then
  echo "$folder"
  exit
fi
# shellcheck disable=SC2016 # apt fills these in
mirror=$(apt-get indextargets --format '$(SITE) $(ORIGIN)' 'Created-By: Packages' |
  awk 'tolower($2) == "debian" && !/security/ { sub(/\/$/, "", $1); print $1; exit }')
[ -n "$mirror" ] || die "this machine's apt sources have no Debian mirror"
node=$(sh "$here/../../runtimes.sh" node24 | cut -d ' ' -f 2)
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
export http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

mkdir -p "$cache/host"
# what was made of other inputs goes after a day: until then some machine may run from it
find "$cache/host" -mindepth 1 -maxdepth 1 -mmin +1440 -exec rm -rf --one-file-system {} +
# a folder of its own: two runs may both miss it
mkdir -p "$cache/host"
work=$(mktemp -d "$folder.XXXXXX")
chmod 755 "$work"
tree=$work/tree
mkdir -p "$tree" "$cache/images/packages"
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
inside() { # COMMAND…: in the tree, with /proc, in a mount namespace of its own, which ends with the command
  # shellcheck disable=SC2016 # the inner shell fills these in
  unshare -m --propagation private sh -eu -c 'mount -t proc proc "$0/proc"; exec chroot "$0" "$@"' "$tree" "$@" >&2
}

# a small initramfs, quick to make and to boot: the drivers of this machine's disk, and nothing that is found out
mkdir -p "$tree/etc/initramfs-tools/conf.d" "$tree/usr/share/initramfs-tools/modules.d"
printf 'MODULES=list\nCOMPRESS=lz4\nRESUME=none\n' >"$tree/etc/initramfs-tools/conf.d/emulated"
printf '%s\n' virtio_pci virtio_blk ext4 crc32c_generic >"$tree/usr/share/initramfs-tools/modules.d/emulated"
unshare -m --propagation private debootstrap --variant=minbase --cache-dir="$cache/images/packages" --include="$packages" \
  bookworm "$tree" "$mirror" >"$work/log" || { tail -n 20 "$work/log" "$tree/debootstrap/debootstrap.log" >&2; die 'debootstrap failed'; }
echo emulated >"$tree/etc/hostname"
printf '127.0.0.1 localhost emulated\n' >"$tree/etc/hosts"
# no security driver: neither AppArmor's profiles are loaded here nor is anybody to be kept out
echo 'security_driver = "none"' >>"$tree/etc/libvirt/qemu.conf"
# whose host it is; and somebody who is not let in by libvirt
inside useradd --create-home --uid 1000 --groups libvirt,kvm --shell /bin/bash me
inside useradd --create-home --shell /bin/bash stranger
echo 'me ALL=(ALL) NOPASSWD: ALL' >"$tree/etc/sudoers.d/me"
chmod 440 "$tree/etc/sudoers.d/me"
cp -L "$node" "$tree/usr/local/bin/node"
cp "$here/init" "$tree/sbin/emulated-init"
chmod 755 "$tree/sbin/emulated-init"
rm -rf "$tree/usr/share/doc" "$tree/usr/share/man" "$tree/usr/share/locale" "$tree/var/cache/apt" "$tree/var/lib/apt/lists"
mkdir -p "$tree/var/cache/apt/archives/partial" "$tree/var/lib/apt/lists/partial"

# --- the tiny guest: busybox, dropbear and four drivers
tiny=$tree/srv/tiny
guest=$work/guest
mkdir -p "$tiny" "$work/cloud" "$guest/bin" "$guest/proc" "$guest/sys" "$guest/dev" "$guest/run" "$guest/tmp" "$guest/etc/dropbear" \
  "$guest/root/.ssh" "$guest/lib/modules"
(cd "$work" && apt-get -qq download "$guest_kernel" 2>/dev/null && dpkg-deb -x "$guest_kernel"_*.deb cloud)
cp "$work"/cloud/boot/vmlinuz-* "$tiny/vmlinuz"
for name in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net; do
  # without the mark behind its signature a module is loaded unchecked: there is nobody to be kept out
  head -c -28 "$(find "$work/cloud/lib/modules" -name "$name.ko")" >"$guest/lib/modules/$name.ko"
done
cp "$tree/bin/busybox" "$guest/bin/"
for name in $("$guest/bin/busybox" --list); do [ "$name" = busybox ] || ln -s busybox "$guest/bin/$name"; done
inside dropbearkey -t ed25519 -f /tmp/key
mv "$tree/tmp/key" "$guest/etc/dropbear/dropbear_ed25519_host_key"
cp "$tree/usr/sbin/dropbear" "$guest/bin/"
for file in $(chroot "$tree" ldd /usr/sbin/dropbear | grep -oE '/lib[^ ]+'); do
  mkdir -p "$guest$(dirname "$file")"
  cp -L "$tree$file" "$guest$file"
done
cp "$here/guest-init" "$guest/init"
printf 'root:x:0:0::/root:/bin/sh\nvagrant:x:0:0::/root:/bin/sh\n' >"$guest/etc/passwd"
echo 'root:x:0:' >"$guest/etc/group"
echo '127.0.0.1 localhost' >"$guest/etc/hosts"
echo /bin/sh >"$guest/etc/shells"
cp "$tree"/usr/share/rubygems-integration/all/gems/vagrant-*/keys/vagrant.pub "$guest/root/.ssh/authorized_keys"
chmod 700 "$guest/root" "$guest/root/.ssh"
# whoever logs in is root already
rm -f "$guest/bin/sudo"
# shellcheck disable=SC2016 # it does so itself
printf '#!/bin/sh\nwhile :; do case $1 in -*) shift ;; *) break ;; esac; done\nexec "$@"\n' >"$guest/bin/sudo"
rm -f "$guest/bin/shutdown"
# whoever asks for it over SSH shall see his connection end first
printf '#!/bin/sh\n(sleep 1; poweroff -f) >/dev/null 2>&1 &\n' >"$guest/bin/shutdown"
chmod 755 "$guest/init" "$guest/bin/sudo" "$guest/bin/shutdown"
(cd "$guest" && find . | "$tree/bin/busybox" cpio -o -H newc -R 0:0 2>/dev/null) >"$tiny/initrd"

# --- its box, added natively, which takes a tenth of the time that it would take in the machine
mkdir "$work/box"
cp "$here/box.rb" "$work/box/Vagrantfile"
echo '{"provider": "libvirt", "format": "qcow2", "virtual_size": 1}' >"$work/box/metadata.json"
qemu-img create -q -f qcow2 "$work/box/box.img" 16M
tar -C "$work/box" -czf "$work/tiny.box" metadata.json Vagrantfile box.img
cp "$work/tiny.box" "$tiny/"
inside setpriv --reuid=me --regid=me --init-groups env HOME=/home/me VAGRANT_CHECKPOINT_DISABLE=1 \
  vagrant box add --name homelab-gpu/tiny /srv/tiny/tiny.box

cp "$tree"/boot/vmlinuz-* "$work/vmlinuz"
cp "$tree"/boot/initrd.img-* "$work/initrd"
truncate -s 16G "$work/root.img"
mke2fs -q -t ext4 -E lazy_itable_init=1,lazy_journal_init=1 -d "$tree" "$work/root.img"
rm -rf --one-file-system "$tree" "$guest" "$work/cloud" "$work/box" "$work"/*.deb "$work/log"
[ -d "$folder" ] || mv "$work" "$folder"
echo "$folder"

#!/bin/sh
# Builds a bootable disk image of Debian or Ubuntu from this host's package sources.
#
#   make-image.sh SUITE OUT.qcow2 [MIRROR]
#
# SUITE   a code name: bookworm, trixie, jammy, noble, resolute …
# OUT     path of the image; the file appears only when it is complete
# MIRROR  a package mirror, or - to read it from standard input; default: the mirror in this host's
#         apt sources
#
# The disk has a GPT with a BIOS boot partition, an EFI system partition and an ext4 root, so it
# boots with SeaBIOS and with OVMF. The user is vagrant, who may use sudo. The SSH keys that may log
# in are in the file authorized_keys of a CD labelled cidata. All mounts are made in a separate
# mount namespace, which ends with this script in any case.
set -eu

say() { printf 'make-image: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

[ $# -ge 2 ] || die "usage: make-image.sh SUITE OUT.qcow2 [MIRROR]"
suite=$1 out=$2 mirror=${3:-}
if [ "$mirror" = - ]; then IFS= read -r mirror || true; fi
[ "$(id -u)" = 0 ] || die "debootstrap needs root: run it with sudo"
for tool in debootstrap qemu-img unshare; do
  command -v "$tool" >/dev/null || die "$tool is missing"
done

case $suite in
  bookworm | trixie | forky | sid) family=debian ;;
  jammy | noble | plucky | questing | resolute) family=ubuntu ;;
  *) die "suite $suite is not known: bookworm, trixie, jammy, noble, resolute" ;;
esac

# This host's package mirrors for that family, one per line. apt reads both formats of its sources.
sources() {
  command -v apt-get >/dev/null || return 0
  # shellcheck disable=SC2016 # apt fills these in
  apt-get indextargets --format '$(SITE) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
    awk -v family="$family" 'tolower($2) == family && !seen[$1]++ { sub(/\/$/, "", $1); print $1 }'
}
main=$mirror security=
for site in $(sources); do
  case $site in
    *security*) security=${security:-$site} ;;
    *) main=${main:-$site} ;;
  esac
done
[ -n "$main" ] ||
  die "this host's apt sources have no $family mirror: write one, image: {debootstrap: $suite, mirror: URL}"

# The password of a mirror is written only to files that only root can read: .netrc for
# debootstrap's wget, auth.conf for apt. Command lines and sources.list contain the URL without it.
bare() { printf '%s' "$1" | sed 's|^\([a-z]*://\)[^/]*@|\1|'; }
decode() {
  printf '%s\n' "$1" | LC_ALL=C awk '{
    while (match($0, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {
      high = index("0123456789abcdef", tolower(substr($0, RSTART + 1, 1))) - 1
      low = index("0123456789abcdef", tolower(substr($0, RSTART + 2, 1))) - 1
      printf "%s%c", substr($0, 1, RSTART - 1), 16 * high + low
      $0 = substr($0, RSTART + 3)
    }
    print
  }'
}
netrc='' auth=''
login() { # URL
  user=$(printf '%s' "$1" | sed -n 's|^[a-z]*://\([^/]*\)@.*|\1|p')
  [ -n "$user" ] || return 0
  word=
  case $user in *:*) word=$(decode "${user#*:}") ;; esac
  user=$(decode "${user%%:*}")
  case $user$word in
    *[[:space:]\"\\]*) die "the user and password of $(bare "$1") must not contain spaces, quotes or backslashes" ;;
  esac
  if [ -z "$user" ] || [ -z "$word" ]; then die "$(bare "$1") needs both a user and a password before the @"; fi
  place=$(bare "$1")
  place=${place#https://}
  host=${place#http://}
  host=${host%%/*}
  netrc="${netrc}machine ${host%:*} login $user password $word
"
  auth="${auth}machine ${place%/} login $user password $word
"
}
login "$main"
login "$security"
main=$(bare "$main") security=$(bare "$security")

# the daemons of Hyper-V report the VM's address there; on another hypervisor they do not start
components=main packages=linux-image-amd64,hyperv-daemons
if [ "$family" = ubuntu ]; then
  components=main,universe packages=linux-image-generic,linux-cloud-tools-generic
fi
packages=$packages,grub-efi-amd64-bin,grub-pc-bin,grub2-common,fdisk,e2fsprogs,dosfstools,mtools
packages=$packages,systemd-sysv,dbus,libpam-systemd,openssh-server,sudo,ca-certificates,iproute2,procps,kmod
case $suite in jammy) ;; *) packages=$packages,systemd-resolved ;; esac

if command -v apt-config >/dev/null; then
  eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
  export http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}"
fi

# The work folder is next to the image, since /tmp may be a small tmpfs. Also deletes the work
# folders of killed runs.
rm -rf --one-file-system "$out".tree.*
work=$(mktemp -d "$out.tree.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$work/tree" "$work/disk"

home=${HOME:-/root}
if [ -n "$netrc" ]; then
  mkdir -m 700 "$work/home"
  (umask 077 && printf '%s' "$netrc" >"$work/home/.netrc")
  home=$work/home
fi
say "packages of $suite from $main"
HOME=$home unshare -m --propagation private \
  debootstrap --variant=minbase --components="$components" --include="$packages" \
  ${CACHE_DIR:+--cache-dir="$CACHE_DIR"} "$suite" "$work/tree" "$main" ||
  { tail -n 5 "$work/tree/debootstrap/debootstrap.log" >&2 2>/dev/null; die "debootstrap failed"; }

tree=$work/tree
sections=$(echo "$components" | tr , ' ')
{
  echo "deb $main $suite $sections"
  echo "deb $main $suite-updates $sections"
  if [ "$family" = ubuntu ]; then
    echo "deb ${security:-$main} $suite-security $sections"
  elif [ -n "$security" ]; then
    echo "deb $security $suite-security $sections"
  fi
} >"$tree/etc/apt/sources.list"
if [ -n "$auth" ]; then
  install -d -m 755 "$tree/etc/apt/auth.conf.d"
  (umask 077 && printf '%s' "$auth" >"$tree/etc/apt/auth.conf.d/homelab-gpu-mirror.conf")
fi

echo "$suite" >"$tree/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost\n' "$suite" >"$tree/etc/hosts"
printf 'LABEL=root / ext4 errors=remount-ro 0 1\n' >"$tree/etc/fstab"
mkdir -p "$tree/etc/systemd/network"
printf '[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n\n[DHCPv4]\nClientIdentifier=mac\n' \
  >"$tree/etc/systemd/network/80-dhcp.network"

cat >"$tree/usr/local/sbin/seed-keys" <<'SEED'
#!/bin/sh
# Takes the SSH keys that may log in from the CD labelled cidata, if there is one.
set -eu
mkdir -p /run/seed
mount -o ro LABEL=cidata /run/seed
install -d -m 700 -o vagrant -g vagrant /home/vagrant/.ssh
install -m 600 -o vagrant -g vagrant /run/seed/authorized_keys /home/vagrant/.ssh/authorized_keys
umount /run/seed
SEED
chmod 755 "$tree/usr/local/sbin/seed-keys"
cat >"$tree/etc/systemd/system/seed-keys.service" <<'SEED'
[Unit]
Description=Take the SSH keys from the seed CD

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/seed-keys
SEED
cat >"$tree/etc/udev/rules.d/70-seed-keys.rules" <<'SEED'
SUBSYSTEM=="block", ENV{ID_FS_LABEL}=="cidata", TAG+="systemd", ENV{SYSTEMD_WANTS}+="seed-keys.service"
SEED

# With an emulated CPU on a busy host, a start takes longer than systemd's 90 s
mkdir -p "$tree/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultTimeoutStartSec=15min\nDefaultDeviceTimeoutSec=15min\n' \
  >"$tree/etc/systemd/system.conf.d/slow-start.conf"

# no_timer_check: with an emulated CPU on a busy host, the kernel's timer test can fail and the
# kernel panics; with KVM the kernel skips the test itself. panic=30: reboot 30 s after a panic
mkdir -p "$tree/boot/grub"
cat >"$tree/boot/grub/grub.cfg" <<'GRUB'
set timeout=0
search --no-floppy --label root --set root
for dir in / /boot/; do
  if [ -e ${dir}vmlinuz ]; then
    linux ${dir}vmlinuz root=LABEL=root ro quiet no_timer_check panic=30 console=tty0 console=ttyS0,115200
    initrd ${dir}initrd.img
    boot
  fi
done
GRUB

say "users and boot loader"
cat >"$tree/root/inside" <<'INSIDE'
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
useradd -m -s /bin/bash vagrant
usermod -p '*' vagrant
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/vagrant
chmod 440 /etc/sudoers.d/vagrant
systemctl -q enable ssh systemd-networkd systemd-resolved
systemctl -q mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer
ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id
: >/etc/machine-id
# the first boot of each VM of this image creates its SSH host keys
mkdir -p /etc/systemd/system/ssh.service.d
printf '[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n' \
  >/etc/systemd/system/ssh.service.d/host-keys.conf
apt-get clean
rm -rf /var/lib/apt/lists/*

# the disk: 1 MiB for BIOS GRUB, 64 MiB EFI, the rest root
disk=/mnt/disk.raw
truncate -s "${SIZE:-64G}" "$disk"
sfdisk -q "$disk" <<'PARTS'
label: gpt
start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649
start=4096, size=131072, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
start=135168, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4
PARTS
sectors=$(sfdisk -q -o Sectors -l "$disk" | tail -n 1 | tr -d ' ')

cfg=/tmp/early.cfg
echo 'search --no-floppy --label root --set root
configfile ($root)/boot/grub/grub.cfg' >"$cfg"
modules='part_gpt ext2 fat search search_label configfile normal linux test echo'
grub-mkimage -O x86_64-efi -o /tmp/bootx64.efi -p /boot/grub -c "$cfg" $modules
truncate -s 64M /mnt/esp
mkfs.vfat -n EFI /mnt/esp >/dev/null
mmd -i /mnt/esp ::/EFI ::/EFI/BOOT
mcopy -i /mnt/esp /tmp/bootx64.efi ::/EFI/BOOT/BOOTX64.EFI
dd if=/mnt/esp of="$disk" bs=1M seek=2 conv=notrunc,sparse status=none
rm /mnt/esp

# grub-bios-setup needs a block device, so this does the same: it writes GRUB's boot.img to the MBR,
# with the sector of core.img at offset 0x5c. The first sector of core.img contains the sector of
# the rest at offset 0x1f4. Both are 64-bit sector numbers.
le64() { printf '\\%03o\\%03o\\0\\0\\0\\0\\0\\0' $(($1 % 256)) $(($1 / 256)); }
grub-mkimage -O i386-pc -o /tmp/core.img -p /boot/grub -c "$cfg" biosdisk $modules
head -c 440 /usr/lib/grub/i386-pc/boot.img >/tmp/boot.img
printf "$(le64 2048)" | dd of=/tmp/boot.img bs=1 seek=92 conv=notrunc status=none
printf "$(le64 2049)" | dd of=/tmp/core.img bs=1 seek=500 conv=notrunc status=none
dd if=/tmp/boot.img of="$disk" bs=440 count=1 conv=notrunc status=none
dd if=/tmp/core.img of="$disk" bs=512 seek=2048 conv=notrunc status=none
rm -f /tmp/boot.img /tmp/core.img /tmp/bootx64.efi "$cfg" /root/inside

mke2fs -q -t ext4 -L root -d /media -E offset=$((135168 * 512)) "$disk" "$((sectors / 2))k"
INSIDE

# shellcheck disable=SC2016 # the inner shell fills these in
# /media is the tree without the mounts below it: mke2fs copies it to the file system
unshare -m --propagation private sh -eu -c '
  mount --bind "$1/disk" "$1/tree/mnt"
  mount --bind "$1/tree" "$1/tree/media"
  mount -t proc proc "$1/tree/proc"
  exec chroot "$1/tree" sh /root/inside
' sh "$work"

say "$out"
qemu-img convert -O qcow2 "$work/disk/disk.raw" "$work/disk/disk.qcow2"
mv "$work/disk/disk.qcow2" "$out"

#!/bin/sh
# Runs a command in a tree as in a guest, in mount and process namespaces that end with it. Nothing
# of this machine's /dev is in the tree.
#
#   inside.sh TREE PACKAGES COMMAND…
#
# PACKAGES is the folder for downloaded packages; the folder ccache next to it keeps compiled files.
set -eu
tree=$1 packages=$2 compiled=${2%/*}/ccache
shift 2
mkdir -p "$packages/partial" "$compiled" "$tree/var/cache/ccache"
# shellcheck disable=SC2016 # the inner shell fills these in
exec unshare -m -p -f --kill-child --propagation private sh -eu -c '
  tree=$1 packages=$2 compiled=$3
  shift 3
  # a mount point, so that containers can use pivot_root
  mount --bind "$tree" "$tree"
  mount -t proc proc "$tree/proc"
  mount -t sysfs -o ro sysfs "$tree/sys"
  mount -t tmpfs tmpfs "$tree/dev"
  # name, major, minor: Documentation/admin-guide/devices.txt
  for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$tree/dev/${node%:*}" c 1 "${node#*:}"; done
  ln -s /proc/self/fd "$tree/dev/fd"
  mkdir "$tree/dev/pts"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$tree/dev/pts"
  ln -s pts/ptmx "$tree/dev/ptmx"
  mkdir "$tree/dev/shm"
  mount -t tmpfs tmpfs "$tree/dev/shm"
  mount -t tmpfs tmpfs "$tree/run"
  mkdir -p "$tree/run/lock"
  mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
  mount --bind "$packages" "$tree/var/cache/apt/archives"
  mount --bind "$compiled" "$tree/var/cache/ccache"
  # the network of this machine: use its DNS servers
  cp -Lp /etc/resolv.conf "$tree/etc/resolv.conf"
  printf "#!/bin/sh\nexit 101\n" >"$tree/usr/sbin/policy-rc.d"
  chmod 755 "$tree/usr/sbin/policy-rc.d"
  cd "$tree"
  pivot_root . mnt
  umount -l /mnt
  exec env -i PATH=/usr/local/lib/conftest:/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
' sh "$tree" "$packages" "$compiled" "$@"

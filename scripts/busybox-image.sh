#!/bin/sh
# Builds a small container image (homelab-gpu/busybox) in the guest and starts a container of it. It
# needs no registry. Run it as root after install-docker.sh or install-podman.sh. ENGINE is docker
# (default) or podman. A second run changes nothing.
set -eu
engine=${ENGINE:-docker}
if ! "$engine" image inspect homelab-gpu/busybox >/dev/null 2>&1; then
  work=$(mktemp -d)
  chmod 755 "$work"
  cd "$work"
  # an earlier script of the build has often read the package lists
  apt-get download busybox-static 2>/dev/null || {
    apt-get -o DPkg::Lock::Timeout=600 update
    apt-get download busybox-static
  }
  dpkg-deb -x busybox-static_*.deb package
  mkdir -p root/bin root/tmp
  cp package/bin/busybox package/usr/bin/busybox root/bin/ 2>/dev/null || test -x root/bin/busybox
  for name in $(root/bin/busybox --list); do
    [ "$name" = busybox ] || ln -s busybox "root/bin/$name"
  done
  tar -C root -c . | "$engine" import --change 'CMD ["sh"]' - homelab-gpu/busybox
  cd /
  rm -rf "$work"
fi
"$engine" run --rm --network none homelab-gpu/busybox echo 'a container starts'

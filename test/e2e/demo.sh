#!/bin/sh
# npm run demo: passes a card to a VM and back, on an emulated host with an IOMMU. Needs no GPU and
# no KVM. Needs root, and the first time a Debian mirror in this machine's apt sources.
#
#   demo.sh [--yes]   --yes installs missing Debian packages; without it the script asks on a terminal
set -eu
cd "$(dirname "$0")/../.."
say() { echo "demo: $*" >&2; }
if [ "$(uname -s)" != Linux ] || ! command -v apt-get >/dev/null; then
  say 'building the disk of a Debian host needs Debian, or a distribution based on it'
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  # shellcheck disable=SC2016 # a command to copy
  say 'debootstrap needs root: sudo env "PATH=$PATH" npm run demo'
  exit 1
fi
missing=
for pair in qemu-system-x86_64:qemu-system-x86 qemu-img:qemu-utils debootstrap:debootstrap mke2fs:e2fsprogs \
  unshare:util-linux; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
  install="apt-get install --no-install-recommends -y$missing"
  if [ "${1-}" != --yes ]; then
    answer=
    if [ -t 0 ]; then
      printf 'demo: missing:%s. Run %s? [y/N] ' "$missing" "$install" >&2
      read -r answer || :
    fi
    case $answer in
      y | yes | Y) ;;
      *)
        say "missing:$missing"
        echo "  $install" >&2
        echo '  or: npm run demo -- --yes' >&2
        exit 1
        ;;
    esac
  fi
  apt-get -qq update >&2
  # shellcheck disable=SC2086 # words
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y $missing >&2
fi
exec node --import tsx test/e2e/demo.mts

#!/bin/sh
# Removes a VM of this lab and everything that is its own, also one that was left half made: run in the Vagrantfile's folder.
#
#   remove-vm.sh NAME DOMAIN
set -eu
unset CDPATH
# no program that is run here asks its maker for news
export CHECKPOINT_DISABLE=1 VAGRANT_CHECKPOINT_DISABLE=1
name=$1 domain=$2
limit=
command -v timeout >/dev/null && limit='timeout -k 5 120'
# GNU timeout leaves its caller's process group, and a signal to that group would not reach it
timeout --foreground 1 true 2>/dev/null && limit='timeout --foreground -k 5 120'
# shellcheck disable=SC2086 # a command and its arguments, or nothing
ask() { $limit virsh -q -c qemu:///system "$@" </dev/null; }
# without an answer all of it would seem to be gone
ask uri >/dev/null || exit 1

# Vagrant leaves the UEFI variables of a VM behind, and they belong to libvirt: what they are is kept until they are gone
firmware=.vagrant/machines/$name/firmware.xml
os=$(ask dumpxml "$domain" 2>/dev/null | sed -n '/<loader .*pflash/p; /<nvram/p') || true
case $os in
  *'<nvram'*)
    mkdir -p "${firmware%/*}"
    printf '<domain type="qemu"><name>%s</name><memory>1024</memory><os><type machine="q35">hvm</type>%s</os><features><acpi/></features></domain>\n' "$domain" "$os" >"$firmware"
    ;;
esac

# a machine that has left the Vagrantfile is none to Vagrant; what it does not know of is removed below
vagrant destroy -f "$name" || echo "vagrant could not: removing $domain without it" >&2
if ask domstate "$domain" >/dev/null 2>&1; then
  ask destroy "$domain" >/dev/null 2>&1 || true
  ask undefine --nvram "$domain"
elif [ -e "$firmware" ]; then
  ask define "$firmware" >/dev/null
  ask undefine --nvram "$domain"
fi
if ask vol-info --pool default "$domain.img" >/dev/null 2>&1; then
  ask vol-delete --pool default "$domain.img"
fi
rm -rf "ssh/$name" "verify/$name.txt" ".vagrant/machines/$name"

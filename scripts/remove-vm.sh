#!/bin/sh
# Removes a VM of this lab with its disk and its files, also one that was created only in part. Run
# it in the folder of the Vagrantfile.
#
#   remove-vm.sh NAME DOMAIN
set -eu
unset CDPATH
# no update checks by Vagrant and Packer
export CHECKPOINT_DISABLE=1 VAGRANT_CHECKPOINT_DISABLE=1
name=$1 domain=$2
limit=
command -v timeout >/dev/null && limit='timeout -k 5 120'
# GNU timeout starts a process group of its own, which misses signals to the group of its caller
timeout --foreground 1 true 2>/dev/null && limit='timeout --foreground -k 5 120'
# shellcheck disable=SC2086 # a command and its arguments, or nothing
ask() { $limit virsh -q -c qemu:///system "$@" </dev/null; }
# if libvirt does not answer, everything would seem to be removed already
ask uri >/dev/null || exit 1

xml=$(ask dumpxml "$domain" 2>/dev/null) || xml=
# Vagrant deletes every disk that the Vagrantfile does not name. The data disk must stay, so it is
# detached first.
data_disk() {
  awk -F "'" '/<disk / { target = "" } /<target dev=/ { target = $2 }
    /<serial>homelab-gpu-data<\/serial>/ { ours = 1 } /<\/disk>/ { if (ours) print target; ours = 0 }'
}
disk=$(printf '%s\n' "$xml" | data_disk)
if [ -n "$disk" ]; then
  # services write to the disk until the VM is off
  case $(ask domstate "$domain") in
    running*)
      vagrant halt "$name" || true
      ask destroy "$domain" >/dev/null 2>&1 || true
      ;;
    paused* | crashed* | pmsuspended*) ask destroy "$domain" ;;
  esac
  ask detach-disk "$domain" "$disk" --config
  # neither the running VM nor its next start may have the disk
  if [ -n "$( (ask dumpxml "$domain"; ask dumpxml --inactive "$domain") | data_disk)" ]; then
    echo "remove-vm: the data disk of $name could not be detached: nothing was removed" >&2
    exit 1
  fi
fi

# Vagrant does not remove the UEFI variables of a VM, and only libvirt may. A domain with the same
# firmware settings is saved here until they are removed.
firmware=.vagrant/machines/$name/firmware.xml
os=$(printf '%s\n' "$xml" | sed -n '/<loader .*pflash/p; /<nvram/p')
case $os in
  *'<nvram'*)
    mkdir -p "${firmware%/*}"
    {
      printf '<domain type="qemu"><name>%s</name><memory>1024</memory>' "$domain"
      printf '<os><type machine="q35">hvm</type>%s</os><features><acpi/></features></domain>\n' "$os"
    } >"$firmware"
    ;;
esac

# Vagrant fails for a machine that the Vagrantfile no longer has; the rest is removed below
vagrant destroy -f "$name" || echo "vagrant destroy failed: removing $domain without Vagrant" >&2
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

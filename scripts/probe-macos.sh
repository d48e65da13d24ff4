#!/bin/sh
# Prints what matters on this Mac for running VMs, without judging it.
#
#   sh probe-macos.sh
#
# It changes nothing and reads no secret. It leaves out serial numbers, MAC addresses, host and user
# names. The format is that of probe-linux.sh: the first line names it, then come sections [NAME]
# with lines KEY:VALUE. A fact that could not be read has no line.

LC_ALL=C
# no update checks by Vagrant and Packer
CHECKPOINT_DISABLE=1
VAGRANT_CHECKPOINT_DISABLE=1
export LC_ALL CHECKPOINT_DISABLE VAGRANT_CHECKPOINT_DISABLE

section() { printf '[%s]\n' "$1"; }
fact() { [ -z "$2" ] || printf '%s:%s\n' "$1" "$2"; }
setting() { sysctl -n "$1" 2>/dev/null; }
program() { command -v "$1" 2>/dev/null; }
# macOS has no timeout(1), but Perl: alarm stops a program that does not answer within $patience
# seconds
patience=8
case ${HOMELAB_GPU_TIMEOUT_FACTOR:-} in
  0* | *[!0-9]* | ????* | '') ;;
  *) patience=$((patience * HOMELAB_GPU_TIMEOUT_FACTOR)) ;;
esac
limited() {
  if [ -n "$(program perl)" ]; then perl -e 'alarm shift; exec @ARGV' "$patience" "$@"; else "$@"; fi
}
# the path of a program in a system folder, else only its name, since other paths can contain names
# of people
public() {
  case $1 in
    '' | /usr/* | /bin/* | /sbin/* | /opt/* | /Applications/*) printf '%s' "$1" ;;
    *) printf '…/%s' "${1##*/}" ;;
  esac
}

echo 'homelab-gpu-probe 1 macos'

section os
fact ID macos
version=$(sw_vers -productVersion 2>/dev/null)
fact VERSION_ID "$version"
fact PRETTY_NAME "$(sw_vers -productName 2>/dev/null) $version"
fact kernel "$(uname -r)"
case $(uname -m) in
  arm64) fact arch aarch64 ;;
  *) fact arch "$(uname -m)" ;;
esac
fact uid "$(id -u)"
fact dmi-sys_vendor 'Apple Inc.'
fact dmi-product_name "$(setting hw.model)"

section cpu
fact model "$(setting machdep.cpu.brand_string)"
fact count "$(setting hw.logicalcpu)"
case $(setting kern.hv_support) in
  1) fact virtualization yes ;;
  0) fact virtualization no ;;
esac

section memory
bytes=$(setting hw.memsize)
[ -n "$bytes" ] && fact MemTotal $((bytes / 1024))
# free memory, and memory that is only a cache
vm_stat 2>/dev/null | awk '
  /page size of/ { for (i = 1; i < NF; i++) if ($i == "of") size = $(i + 1) }
  /^Pages (free|inactive|speculative|purgeable):/ { gsub(/\./, "", $NF); pages += $NF; read = 1 }
  END { if (read && size) printf "MemAvailable:%d\n", pages * size / 1024 }'

section disk
for place in "images $PWD" "cache ${HOME:-/}" "here $PWD"; do
  fact "${place%% *}" "$(df -Pk "${place#* }" 2>/dev/null | awk 'NR == 2 { print $4 }')"
done

# Graphics cards, in the format of the PCI functions of Linux. The GPU of Apple silicon is not on
# PCI.
section pci
if program ioreg >/dev/null; then
  fact read yes
  ioreg -rc IOPCIDevice -d 1 -w 0 2>/dev/null | awk '
    # numbers have their lowest byte first: <de100000>
    function swapped(text,    i, out) {
      gsub(/[<> ]/, "", text)
      for (i = length(text) - 1; i > 0; i -= 2) out = out substr(text, i, 2)
      return out
    }
    function flush(    part) {
      if (class ~ /^0003/ && at != "") {
        split(at, part, ":")
        address = sprintf("0000:%02x:%02x.%x", part[1], part[2], part[3])
        print address "/class:0x" substr(class, 3)
        print address "/vendor:0x" substr(vendor, 5)
        print address "/device:0x" substr(device, 5)
        count++
      }
      class = vendor = device = at = ""
    }
    /^\+-o / { flush() }
    { value = $0; sub(/^[^=]*= /, "", value) }
    /"class-code" =/ { class = swapped(value) }
    /"vendor-id" =/ { vendor = swapped(value) }
    /"device-id" =/ { device = swapped(value) }
    /"pcidebug" =/ { at = value; gsub(/"/, "", at); sub(/\(.*/, "", at) }
    END { flush(); print "count:" count + 0 }'
fi

section programs
for name in brew vagrant packer VBoxManage prlctl ssh ssh-keygen scp curl tar; do
  fact "$name" "$(public "$(program "$name")")"
done
# vagrant needs most of a second to print its version; the name of its folder contains it
for path in /opt/vagrant/embedded/gems/gems/vagrant-[0-9]* /opt/vagrant/embedded/gems/*/gems/vagrant-[0-9]* \
  "${VAGRANT_HOME:-${HOME:-}/.vagrant.d}"/gems/*/gems/vagrant-*-[0-9]*; do
  [ -d "$path" ] || continue
  case ${path##*/} in
    vagrant-[0-9]*) fact vagrant-version "${path##*/vagrant-}" ;;
    vagrant-*-[0-9]*) fact vagrant-plugin "${path##*/}" ;;
  esac
done
[ -z "$(program packer)" ] || fact packer-version "$(limited packer version 2>/dev/null | sed -n 1p)"
[ -z "$(program VBoxManage)" ] || fact virtualbox-version "$(limited VBoxManage --version 2>/dev/null | sed -n 1p)"
[ -z "$(program prlctl)" ] || fact parallels-version "$(limited prlctl --version 2>/dev/null | sed -n 1p)"
echo '[end]'

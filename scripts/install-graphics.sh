#!/bin/sh
# Installs the firmware for AMD and Intel cards, and a kernel with their driver. Run it as root when
# the box is built, on Debian 12 or 13, Ubuntu 22.04, 24.04 or 26.04. The guest has no card yet. A
# second run changes nothing. The setting is an environment variable:
#
#   GRAPHICS  amd, intel, or amd,intel
#
# The driver is part of the kernel: amdgpu for AMD cards, i915 and xe for Intel cards. Without a
# card the script can only check two things, and fails if one is missing: the module of the driver
# for the kernel of the next boot, and its firmware.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

say() { printf 'install-graphics: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
changed=
did() { say "$*"; changed=yes; }

root=${ROOT:-} graphics=$(printf %s "${GRAPHICS:-}" | tr , ' ')
[ -n "$graphics" ] || die 'GRAPHICS is empty: amd, intel, or amd,intel'
for vendor in $graphics; do
  case $vendor in amd | intel) ;; *) die "GRAPHICS has $vendor: amd or intel" ;; esac
done
# shellcheck disable=SC1091 # a file of the guest
distro=$(. "$root/etc/os-release" && echo "$ID${VERSION_ID:-}" | tr -d .)
case $distro in
  debian12 | debian13 | ubuntu2204 | ubuntu2404 | ubuntu2604) ;;
  *) die "$distro is not supported: Debian 12 and 13, Ubuntu 22.04, 24.04 and 26.04 are" ;;
esac
[ "$(id -u)" = 0 ] || die 'run it as root'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt reads it as the user _apt
chmod 755 "$work"

updated=
apt() { apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }
update() { [ -n "$updated" ] || apt update; updated=yes; }
add() { did "installing $*"; apt install -y --no-install-recommends "$@"; }
candidate() { apt-cache policy "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }
those_known() { for package; do if [ -n "$(candidate "$package")" ]; then echo "$package"; fi; done; }
# Writes standard input to FILE if that differs. Not for the end of a pipe: $changed would be lost.
put() { # FILE
  cat >"$work/put"
  cmp -s "$work/put" "$root$1" && return
  did "writing $1"
  mkdir -p "$(dirname "$root$1")"
  install -m 644 "$work/put" "$root$1"
  case $1 in /etc/apt/sources.list.d/*) updated= ;; esac
}

# Adds the missing components to the distribution's package sources: repeats their entries with
# these components in separate files.
components() { # COMPONENT…
  # shellcheck disable=SC2016 # apt fills these in
  apt-get indextargets --format '$(SOURCESENTRY) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
    awk -v wanted="$*" '$1 !~ /homelab-gpu/ && ($3 == "Debian" || $3 == "Ubuntu") { has[$1] = has[$1] " " $2 " " }
      END { n = split(wanted, w, " "); for (entry in has) { lacks = ""
        for (i = 1; i <= n; i++) if (!index(has[entry], " " w[i] " ")) lacks = lacks " " w[i]
        if (lacks != "") print entry lacks } }' | sort >"$work/lacking"
  : >"$work/list"
  : >"$work/sources"
  while read -r entry lacks; do
    file=${entry%:*} n=${entry##*:}
    case $file in
      *.sources)
        grep -v '^#' "$file" | awk -v n="$n" 'BEGIN { RS = ""; ORS = "\n\n" } NR == n' |
          sed "s/^Types:.*/Types: deb/; s/^Components:.*/Components: $lacks/" >>"$work/sources"
        ;;
      *) sed -n "${n}p" "$file" | sed -E "s/^(deb +(\[[^]]*\] *)?[^ ]+ +[^ ]+) .*/\1 $lacks/" >>"$work/list" ;;
    esac
  done <"$work/lacking"
  if [ -s "$work/sources" ]; then put /etc/apt/sources.list.d/homelab-gpu-components.sources <"$work/sources"; fi
  if [ -s "$work/list" ]; then put /etc/apt/sources.list.d/homelab-gpu-components.list <"$work/list"; fi
}

kernels() { for path in "$root"/lib/modules/*/; do if [ -e "$path/modules.dep" ]; then basename "$path"; fi; done; }
module_of() { if [ "$1" = amd ]; then echo amdgpu; else echo i915; fi; }
# Packages of the firmware, those of newer releases first. Separate packages exist for Intel since
# Debian 13, and for both since Ubuntu 26.04.
firmware_of() {
  case $distro-$1 in
    debian*-amd) those_known firmware-amd-graphics ;;
    debian*-intel) those_known firmware-intel-graphics firmware-misc-nonfree | head -n 1 ;;
    ubuntu*) those_known "linux-firmware-$1-graphics" linux-firmware | head -n 1 ;;
  esac
}
has_firmware() { [ -n "$(find "$root/lib/firmware/$(module_of "$1")" -name '*.bin*' 2>/dev/null | head -n 1)" ]; }
newest() { kernels | sort -V | tail -n 1; } # the kernel of the next boot
drives() { modinfo -k "$(newest)" "$(module_of "$1")" >/dev/null 2>&1; } # VENDOR

command -v modinfo >/dev/null || { update; add kmod; }
for vendor in $graphics; do
  if ! has_firmware "$vendor"; then
    update
    case $distro in debian*) components non-free-firmware ;; esac
    update
    package=$(firmware_of "$vendor")
    [ -n "$package" ] || die "the package sources have no firmware for cards of $vendor"
    add "$package"
    has_firmware "$vendor" || die "$package has no firmware for $(module_of "$vendor")"
  fi
  if ! drives "$vendor" && [ "$distro" != "${distro#ubuntu}" ]; then
    # the kernel of Ubuntu's images lacks these modules; linux-image-generic also adds them for
    # later kernels
    update
    packages=$(those_known "linux-modules-extra-$(newest)" linux-image-generic)
    # shellcheck disable=SC2086 # words
    [ -z "$packages" ] || add $packages
  fi
  drives "$vendor" ||
    die "the kernel $(newest) has no $(module_of "$vendor"), which cards of $vendor need: use an image with the" \
      "distribution's standard kernel"
done
# the login user may open the device nodes of a card
if id vagrant >/dev/null 2>&1; then
  for group in video render; do
    if getent group "$group" >/dev/null && ! id -nG vagrant | tr ' ' '\n' | grep -qx "$group"; then
      did "adding vagrant to the group $group"
      usermod -aG "$group" vagrant
    fi
  done
fi
for vendor in $graphics; do say "firmware and $(module_of "$vendor") for the kernel $(newest)"; done
[ -n "$changed" ] || say 'everything is installed: nothing was changed'

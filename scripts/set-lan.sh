#!/bin/sh
# Gives this guest's network card in the LAN its address, now and at each boot. It runs inside the
# guest, as root, before the services start. It prints that address. A second run changes nothing.
#
#   set-lan.sh MAC                          the address by DHCP
#   set-lan.sh MAC ADDRESS/LENGTH [ROUTER]  a fixed address; with ROUTER other networks are reached by it
#   set-lan.sh                              forgets the card
#   LAN_ROOT=FOLDER set-lan.sh …            prefix of all paths, in place of /
#   LAN_WAIT=SECONDS set-lan.sh …           how long it waits for an address; default: 90
set -eu
LC_ALL=C
export LC_ALL
root=${LAN_ROOT:-} mac=${1-} address=${2-} router=${3-} wait=${LAN_WAIT:-90}
die() { printf 'set-lan: %s\n' "$*" >&2; exit 1; }

# the shell reads the whole group before it runs it, and no program reads the rest of the script
{
  # read by status-guest.sh
  record=$root/etc/homelab-gpu-lan
  # the first file that matches a card is used: it must sort before those of the image and of netplan
  file=$root/etc/systemd/network/05-homelab-gpu-lan.network
  networkd=
  if command -v systemctl >/dev/null && systemctl is-active -q systemd-networkd; then networkd=yes; fi

  if [ -z "$mac" ]; then
    rm -f "$record"
    if [ -e "$file" ]; then
      rm -f "$file"
      [ -z "$networkd" ] || networkctl reload
    fi
    exit
  fi

  command -v ip >/dev/null || die 'this guest has no ip: install iproute2, and run up again'
  card=
  for path in "$root"/sys/class/net/*; do
    # a VLAN or a bridge has the address of its card
    [ -e "$path/device" ] && [ "$(cat "$path/address")" = "$mac" ] && card=${path##*/}
  done
  [ -n "$card" ] || die "this VM has no network card $mac: it gets it at its next start by up"
  if [ -z "$networkd" ] && [ -n "$address" ]; then
    die "the network of this guest is not configured by systemd-networkd: remove address: in network:, and" \
      "configure $card ($mac) in the guest's own way"
  fi

  wanted() {
    printf '[Match]\nMACAddress=%s\n\n[Link]\nRequiredForOnline=no\n\n' "$mac"
    if [ -z "$address" ]; then
      printf '[Network]\nDHCP=ipv4\n\n[DHCPv4]\nClientIdentifier=mac\nRouteMetric=512\n'
    else
      printf '[Network]\nDHCP=no\nConfigureWithoutCarrier=yes\nAddress=%s\n' "$address"
      [ -z "$router" ] || printf '\n[Route]\nGateway=%s\nMetric=512\n' "$router"
    fi
  }
  [ "$(cat "$record" 2>/dev/null)" = "$mac" ] || echo "$mac" >"$record"
  # whether the card has its address; has: all addresses of it
  connected() {
    has=$(ip -4 -o address show dev "$card" scope global | awk '{ print $4 }')
    if [ -z "$address" ]; then [ -n "$has" ]; else printf '%s\n' "$has" | grep -qxF "$address"; fi
  }
  same=
  if [ "$(cat "$file" 2>/dev/null)" = "$(wanted)" ]; then same=yes; fi
  # a run that was interrupted may have written the file only
  if [ -n "$networkd" ] && { [ -z "$same" ] || ! connected; }; then
    if [ -z "$same" ]; then
      mkdir -p "${file%/*}"
      wanted >"$file.new"
      chmod 644 "$file.new"
      mv "$file.new" "$file"
    fi
    networkctl reload
    networkctl reconfigure "$card"
  fi

  waited=0
  until connected; do
    [ "$waited" -lt "$wait" ] ||
      die "$card ($mac) has no address in the LAN after $wait s:" \
        "is there a DHCP server in that network? A fixed one is written as address: in network:"
    waited=$((waited + 1))
    sleep 1
  done
  if [ -n "$address" ]; then has=$address; fi
  printf '%s\n' "$has" | sed 's|/.*||; q'
} </dev/null

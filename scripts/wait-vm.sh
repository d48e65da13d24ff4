#!/bin/sh
# Waits until a running VM answers over SSH: libvirt may have started it with the host, moments ago.
#
#   wait-vm.sh MACHINE SECONDS   in the lab's folder, which has ssh/MACHINE
set -eu
machine=$1 wait=$2
end=$(($(date +%s) + wait))
# a system that is still booting lets no user in
until answer=$(ssh -F "ssh/$machine" -o BatchMode=yes -o ConnectTimeout=5 "$machine" true 2>&1 </dev/null); do
  [ "$(date +%s)" -lt "$end" ] || {
    printf '%s\nwait-vm: %s is running, but did not answer over SSH within %s s\n' "$answer" "$machine" "$wait" >&2
    exit 1
  }
  sleep 1
done

#!/bin/sh
# Waits until a running VM answers over SSH: libvirt may have started it with the host, moments ago.
#
#   wait-vm.sh MACHINE SECONDS   in the lab's folder, which has ssh/MACHINE
set -eu
machine=$1 wait=$2
end=$(($(date +%s) + wait))
# A system that is still booting lets no user in. What is wrong with ssh's own files does not change.
until answer=$(ssh -F "ssh/$machine" -o BatchMode=yes -o ConnectTimeout=5 "$machine" true 2>&1 </dev/null); do
  case $answer in
    *[Bb]'ad configuration option'* | *'Bad owner or permissions'* | *"Can't open user config file"* | \
      *'Host key verification failed'* | *'no such identity'* | *'UNPROTECTED PRIVATE KEY'*)
      printf '%s\nwait-vm: ssh refuses its own files for %s, so waiting does not help\n' "$answer" "$machine" >&2
      exit 1
      ;;
  esac
  [ "$(date +%s)" -lt "$end" ] || {
    printf '%s\nwait-vm: %s is running, but did not answer over SSH within %s s\n' "$answer" "$machine" "$wait" >&2
    exit 1
  }
  sleep 1
done

#!/bin/sh
# What works in this guest, layer by layer, printed as it was found: run inside it, as root.
#
#   verify-guest.sh SECONDS SERVICE…
#
# Waits that long at most for the services to run (and to be healthy, where they have a health check).
# First line: name and version of this format; then lines KEY:VALUE as in probe-linux.sh.
LC_ALL=C
export LC_ALL
patience=${1:-0}
[ $# -gt 0 ] && shift

fact() { printf '%s:%s\n' "$1" "$2"; }
logged() { # KEY: standard input as lines of a log
  sed "s/^/$1:/" | tail -n 20
}

echo 'homelab-gpu-verify 1'
fact kernel "$(uname -r)"
[ -r /opt/homelab-gpu/compose.yaml ] && fact services-file "$(sha256sum </opt/homelab-gpu/compose.yaml | cut -d ' ' -f 1)"

# ADDRESS CLASS VENDOR:DEVICE DRIVER a line
for path in /sys/bus/pci/devices/*; do
  [ -r "$path/class" ] || continue
  read -r class <"$path/class"
  read -r vendor <"$path/vendor"
  read -r device <"$path/device"
  driver=none
  [ -e "$path/driver" ] && driver=$(basename "$(readlink "$path/driver")")
  fact pci "${path##*/} ${class#0x} ${vendor#0x}:${device#0x} $driver"
done

if ! command -v docker >/dev/null; then
  fact docker missing
elif ! version=$(docker version --format '{{.Server.Version}}' 2>/tmp/verify.$$); then
  fact docker stopped
  logged docker-log </tmp/verify.$$
  if command -v journalctl >/dev/null; then journalctl -u docker --no-pager -n 20 -o cat 2>/dev/null | logged docker-log; fi
else
  fact docker running
  fact docker-version "$version"
  states() { # SERVICE STATUS EXIT-CODE RESTARTS HEALTH RESTART-POLICY CONTAINER a line
    docker ps -aq --filter label=com.docker.compose.project=homelab-gpu | xargs -r docker inspect --format \
      '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{.State.ExitCode}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{or .HostConfig.RestartPolicy.Name "no"}} {{.Name}}'
  }
  waiting=yes
  while [ -n "$waiting" ]; do
    now=$(states)
    waiting=
    for service; do
      case $(printf '%s\n' "$now" | grep "^$service ") in
        "$service exited 0 "*' no '*) ;;
        "$service running "*' healthy '* | "$service running "*' none '*) ;;
        *) waiting=yes ;;
      esac
    done
    [ "$patience" -gt 0 ] || break
    [ -z "$waiting" ] || sleep 2
    patience=$((patience - 2))
  done
  # one that falls over at once shows by its count of restarts a moment later
  if [ $# -gt 0 ]; then
    sleep 2
    now=$(states)
  fi
  printf '%s\n' "$now" | while read -r service status code restarts health policy name; do
    [ -n "$service" ] || continue
    fact service "$service $status $code $restarts $health $policy ${name#/}"
    case $status$health in
      runningnone | runninghealthy) [ "$restarts" = 0 ] && continue ;;
    esac
    docker logs --tail 20 "${name#/}" 2>&1 | logged "service-log-$service"
  done
fi
rm -f "/tmp/verify.$$"
echo 'end:yes'

#!/bin/sh
# Prints the state of each layer in this guest, without judging it. Run it in the guest, as root.
#
#   verify-guest.sh SECONDS SERVICE…
#
# SERVICE is a name, or NAME=GPUS for a service that requests GPUs (a number, or all), or STACK/ for
# all services of a stack, as Compose listed them. Environment variables:
#
#   NVIDIA=yes          the guest has an NVIDIA card: check its driver, and the GPUs in the containers
#   PART=yes            with NVIDIA: the card is a part of the host's card (dxgkrnl)
#   GRAPHICS=amd,intel  the guest has cards by these makers, with drivers of the kernel
#   ENGINE=podman       the container engine; default: docker
#   STACKS_ROOT         folder of the stacks; default: /srv/homelab-gpu
#
# The script waits at most SECONDS until the services run. A service that was restarted must then
# run for SECONDS, so the script waits up to twice as long. If the health check of a service has no
# result yet, the script waits as long as start_period, interval, timeout and retries allow, at most
# 15 minutes. It prints on standard error what it waits for. The first line is the name and version
# of this format. Then come lines KEY:VALUE as in probe-linux.sh.
LC_ALL=C
export LC_ALL
patience=${1:-0} deadline=$(($(date +%s) + ${1:-0})) engine=${ENGINE:-docker} part=${PART:-} proc=${PROC:-/proc}
sys=${SYS:-/sys} dev=${DEV:-/dev} graphics=${GRAPHICS:-}
[ $# -gt 0 ] && shift
projects=${STACKS_ROOT:-/srv/homelab-gpu}/projects stacks=
for service; do
  shift
  case $service in
    */)
      stacks="$stacks ${service%/}"
      # shellcheck disable=SC2013 # names of services contain no spaces
      for one in $(cat "$projects/${service}services" 2>/dev/null); do set -- "$@" "$service$one"; done
      ;;
    *) set -- "$@" "$service" ;;
  esac
done

# a random name: other users may create links in /tmp under a name that they can guess
work=$(mktemp -d) || work=/run
fact() { printf '%s:%s\n' "$1" "$2"; }
logged() { # KEY: prints the last lines of standard input as a log
  sed "s|^|$1:|" | tail -n 20
}
cards() { # KEY: prints the lines of nvidia-smi -L without the UUID of each card
  sed -n "s/ (UUID: [^)]*)//; s|^GPU |$1:GPU |p"
}

echo 'homelab-gpu-verify 1'
fact kernel "$(uname -r)"
[ -r /opt/homelab-gpu/compose.yaml ] &&
  fact services-file "$(sha256sum </opt/homelab-gpu/compose.yaml | cut -d ' ' -f 1)"

wsl=/usr/lib/wsl
if [ -n "$part" ]; then
  fact expected nvidia
  [ -d /sys/module/dxgkrnl ] || modprobe dxgkrnl 2>&1 | logged modprobe-log
  if [ -e /dev/dxg ]; then fact dxg yes; else fact dxg no; fi
  if [ -d /sys/module/dxgkrnl ]; then fact dxgkrnl-loaded yes; else fact dxgkrnl-loaded no; fi
  if modinfo dxgkrnl >/dev/null 2>&1; then fact dxgkrnl-built yes; else fact dxgkrnl-built no; fi
  dkms status 2>/dev/null | grep '^dxgkrnl' | logged dkms
  dmesg 2>/dev/null | grep -i dxgk | logged kernel-log
  [ -r "$wsl/homelab-gpu.txt" ] && fact driver "$(cut -d ' ' -f 1 "$wsl/homelab-gpu.txt")"
  PATH=$PATH:$wsl/lib
elif [ -n "${NVIDIA-}" ]; then
  fact expected nvidia
  # the kernel loads the module if it finds the card; the error of modprobe shows why it could not
  grep -qE '^(nvidia|nouveau) ' /proc/modules 2>/dev/null || modprobe nvidia 2>&1 | logged modprobe-log
  fact modules "$(sed -nE 's/^(nvidia[a-z_]*|nouveau) .*/\1/p' /proc/modules 2>/dev/null | xargs)"
  if [ -r /sys/module/nvidia/version ]; then
    flavour=proprietary
    grep -q 'Open Kernel Module' /proc/driver/nvidia/version 2>/dev/null && flavour=open
    fact nvidia-loaded "$(cat /sys/module/nvidia/version) $flavour"
  fi
  # in Debian's packages the file has another name, which modprobe finds and modinfo does not
  module=$(modprobe --show-depends nvidia 2>/dev/null |
    sed -nE 's/^(install .* -i |insmod .*\/)(nvidia[a-z-]*).*/\2/p' | tail -n 1)
  built=$(modinfo -F version "${module:-nvidia}" 2>/dev/null) && fact nvidia-built "$built"
  if [ -e "/lib/modules/$(uname -r)/build/Makefile" ]; then fact headers yes; else fact headers no; fi
  dkms status 2>/dev/null | grep '^nvidia' | logged dkms
  case $(od -An -t u1 -j 4 -N 1 /sys/firmware/efi/efivars/SecureBoot-* 2>/dev/null) in
    *1) fact secure-boot on ;;
    *) fact secure-boot off ;;
  esac
  dmesg 2>/dev/null | grep -E 'NVRM|nvidia|nouveau' | logged kernel-log
fi

if [ -n "$graphics" ]; then
  fact graphics "$graphics"
  dmesg 2>/dev/null | grep -E 'amdgpu|radeon|kfd|i915|[^a-z]xe [0-9]' | logged graphics-log
  # per line: ADDRESS NODE
  for path in "$sys/class/drm"/renderD*; do
    [ -e "$path/device" ] || continue
    fact render "$(basename "$(readlink -f "$path/device")") ${path##*/}"
  done
  if [ -e "$dev/kfd" ]; then fact kfd yes; else fact kfd no; fi
fi

# per line: ADDRESS CLASS VENDOR:DEVICE DRIVER
for path in /sys/bus/pci/devices/*; do
  [ -r "$path/class" ] || continue
  read -r class <"$path/class"
  read -r vendor <"$path/vendor"
  read -r device <"$path/device"
  driver=none
  [ -e "$path/driver" ] && driver=$(basename "$(readlink "$path/driver")")
  fact pci "${path##*/} ${class#0x} ${vendor#0x}:${device#0x} $driver"
done

if [ -n "${NVIDIA-}" ]; then
  if command -v nvidia-smi >/dev/null; then
    timeout 60 nvidia-smi -L >"$work/said" 2>&1
    fact smi "$?"
    cards smi-gpu <"$work/said"
    grep -v '^GPU ' "$work/said" | logged smi-log
  else
    fact smi missing
  fi
  # Docker adds GPUs with the hook; Podman, and a partition of a card, need the CDI specification of
  # nvidia-ctk
  if [ "$engine$part" != docker ]; then tool=nvidia-ctk; else tool=nvidia-container-runtime-hook; fi
  if tool=$(command -v "$tool"); then
    fact toolkit "$(nvidia-ctk --version 2>/dev/null | sed -n '1s/.*version //p')"
    fact toolkit-since "$(stat -c %Z "$tool")"
  else
    fact toolkit missing
  fi
  if [ "$engine$part" != docker ]; then
    fact cdi "$(nvidia-ctk cdi list 2>/dev/null | grep -o 'nvidia\.com/gpu=[^ ]*' | xargs)"
  else
    grep -q nvidia-container-runtime /etc/docker/daemon.json 2>/dev/null && fact daemon-json nvidia
  fi
fi

server() { # prints the version of the running engine
  if [ "$engine" = podman ]; then
    podman info --format '{{.Version.Version}}'
  else
    docker version --format '{{.Server.Version}}'
  fi
}
fact engine "$engine"
if ! command -v "$engine" >/dev/null; then
  fact engine-state missing
elif ! version=$(server 2>"$work/said"); then
  fact engine-state stopped
  logged engine-log <"$work/said"
  if command -v journalctl >/dev/null; then
    journalctl -u "$engine" --no-pager -n 20 -o cat 2>/dev/null | logged engine-log
  fi
else
  fact engine-state running
  fact engine-version "$version"
  if [ -n "${NVIDIA-}" ] && [ "$engine" = docker ]; then
    fact runtimes "$(docker info --format '{{range $name, $runtime := .Runtimes}}{{$name}} {{end}}' 2>/dev/null)"
    fact default-runtime "$(docker info --format '{{.DefaultRuntime}}' 2>/dev/null)"
    [ -e /run/docker.pid ] && fact docker-since "$(stat -c %Y /run/docker.pid)"
  fi
  age() { # PROCESS: prints for how many seconds it has run, or 0 if it does not run
    # starttime is field 22, in hundredths of a second since boot; field 2 is in parentheses and can
    # contain anything
    since=$(sed 's/.*) //' "$proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20)
    if [ -n "$since" ]; then echo $(($(cut -d . -f 1 "$proc/uptime") - since / 100)); else echo 0; fi
  }
  # seconds that a service must run after a restart: longer than the time between two checks
  enough=$((patience + 3))
  # Prints per line: SERVICE STATUS EXIT-CODE RESTARTS HEALTH RESTART-POLICY CONTAINER. RESTARTS is
  # 0 for a service that has run for $enough seconds.
  states() {
    "$engine" ps -aq --filter label=com.docker.compose.project | xargs -r "$engine" inspect --format \
      '{{index .Config.Labels "com.docker.compose.project"}}/{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{.State.ExitCode}} {{.RestartCount}} {{if .State.Health}}{{or .State.Health.Status "none"}}{{else}}none{{end}} {{or .HostConfig.RestartPolicy.Name "no"}} {{.State.Pid}} {{.Name}}' |
      while read -r service status code restarts health policy process name; do
        case " homelab-gpu $stacks " in *" ${service%%/*} "*) ;; *) continue ;; esac
        [ "$restarts" = 0 ] || [ "$(age "$process")" -lt "$enough" ] || restarts=0
        echo "${service#homelab-gpu/} $status $code $restarts $health $policy $name"
      done
  }
  # Prints the seconds until a container's health check must have a result. Missing values are
  # Docker's defaults.
  health_takes() { # CONTAINER
    "$engine" inspect --format '{{.State.Pid}} {{json .Config.Healthcheck}}' "${1#/}" 2>/dev/null | {
      read -r process check
      of() {
        seconds=$(printf '%s\n' "$check" | sed -n "s/.*\"$1\":\([0-9]*\)[0-9]\{9\}.*/\1/p")
        echo "${seconds:-$2}"
      }
      retries=$(printf '%s\n' "$check" | sed -n 's/.*"Retries":\([1-9][0-9]*\).*/\1/p')
      takes=$(($(of StartPeriod 0) + (${retries:-3} + 1) * ($(of Interval 30) + $(of Timeout 30)) + 5))
      left=$((takes - $(age "${process:-0}")))
      echo $((left > 0 ? left : 0))
    }
  }
  began=$(date +%s) waits=
  waiting() { # SERVICE CONTAINER: sets $until, when the wait for its health check ends
    left=$(health_takes "$2")
    until=$(($(date +%s) + left))
    [ "$until" -le $((began + 900)) ] || until=$((began + 900))
    case $waits in *" $1 "*) ;; *)
      waits="$waits $1 "
      echo "verify-guest: $1 runs; its health check may take $left s more" >&2
      ;;
    esac
  }
  # Podman's answer has no DeviceRequests: CDI names are only in the command that created the container
  requests='{{json .HostConfig.DeviceRequests}} {{json .HostConfig.Devices}} {{.HostConfig.Runtime}}'
  [ "$engine" = docker ] || requests='{{json .HostConfig.Devices}} {{json .Config.CreateCommand}}'
  asked() { # REQUESTS as JSON: prints the number of GPUs that a container requests, or all
    if [ "$engine" != docker ]; then
      names=$(printf '%s' "$1" | grep -oE '"(--device=)?nvidia\.com/gpu=[^"\]*"' | sort -u)
      case $names in *=all\"*) names= ;; esac
      if [ -n "$names" ]; then echo "$names" | wc -l | xargs; else echo all; fi
      return
    fi
    count=$(printf '%s' "$1" | grep -o '"Count":[0-9-]*' | head -n 1 | cut -d : -f 2)
    ids=$(printf '%s' "$1" | sed -n 's/.*"DeviceIDs":\[\([^]]*\)\].*/\1/p' | grep -o '"[^"]*"' |
      grep -vc '=\?all"')
    if [ "${count:-0}" -gt 0 ]; then echo "$count"; elif [ "$ids" -gt 0 ]; then echo "$ids"; else echo all; fi
  }
  later() { [ "${till:-0}" -ge "$1" ] || till=$1; }
  fine=
  while true; do
    now=$(states)
    till=
    for service; do
      service=${service%%=*}
      # for each of its containers
      found=$(printf '%s\n' "$now" | grep "^$service ")
      IFS='
'
      for state in ${found:-none}; do
        unset IFS
        case $state in
          # it has ended and is not restarted
          "$service exited "*' no '* | "$service exited 0 "*' on-failure '*) ;;
          "$service running "*' 0 healthy '* | "$service running "*' 0 none '*) ;;
          "$service running "*' starting '*)
            waiting "$service" "${state##* }"
            later "$until"
            later "$deadline"
            ;;
          "$service running "*' healthy '* | "$service running "*' none '*) later $((deadline + enough)) ;;
          *) later "$deadline" ;;
        esac
      done
      unset IFS
    done
    if [ -n "$till" ]; then
      fine=
      [ "$(date +%s)" -lt "$till" ] || break
    elif [ -z "$fine" ] && [ $# -gt 0 ]; then
      # check again after a moment: a service can fail just after its start
      fine=yes
    else
      break
    fi
    sleep 2
  done
  printf '%s\n' "$now" | while read -r service status code restarts health policy name; do
    [ -n "$service" ] || continue
    fact service "$service $status $code $restarts $health $policy ${name#/}"
    # published ports: ADDRESS PORT of the VM, and PORT/PROTOCOL of the container
    # shellcheck disable=SC2016 # variables of the template
    "$engine" inspect --format '{{range $port, $all := .NetworkSettings.Ports}}{{range $all}}{{.HostIP}} {{.HostPort}} {{$port}}{{"\n"}}{{end}}{{end}}' \
      "${name#/}" 2>/dev/null | sed -n "/^[^ ]* [0-9][0-9]* [0-9]*\/[a-z]*$/s|^|port:$service |p" | sort -u
    case $status$health in
      runningnone | runninghealthy) [ "$restarts" = 0 ] && continue ;;
    esac
    {
      "$engine" logs --tail 20 "${name#/}" 2>&1
      # the error of a failed start, which is not in the log
      "$engine" inspect --format '{{if .State.Error}}{{.State.Error}}{{end}}' "${name#/}" 2>/dev/null | grep .
    } | logged "service-log-$service"
  done
  for stack in $stacks; do
    [ -r "$projects/$stack/applied" ] && fact stack "$stack $(cat "$projects/$stack/applied")"
    [ -r "$projects/$stack/failed" ] && fact stack-failed "$stack"
    [ -r "$projects/$stack/failed" ] && logged "stack-log-$stack" <"$projects/$stack/failed"
  done
  for service; do
    [ -n "$graphics" ] || continue
    service=${service%%=*}
    # for each running container; the key of the second one is SERVICE#2
    replica=0 any=
    for name in $(printf '%s\n' "$now" | sed -n "s|^$service running .* ||p"); do
      replica=$((replica + 1)) key=$service
      [ "$replica" = 1 ] || key=$service#$replica
      asked=$("$engine" inspect --format '{{json .HostConfig.Devices}}' "${name#/}" 2>/dev/null |
        grep -oE '"PathOnHost":"/dev/(kfd|dri)' | cut -d '"' -f 4 | sort -u | xargs)
      # a container without devices lacks its GPU if another one of the service has them
      if [ -z "$asked" ]; then
        [ -z "$any" ] || fact "graphics-nodes-$key" ''
        continue
      fi
      any=yes
      fact "graphics-asked-$key" "$asked"
      # the device nodes in the /dev of the container
      process=$("$engine" inspect --format '{{.State.Pid}}' "${name#/}" 2>/dev/null)
      nodes=
      for node in kfd $(cd "$proc/${process:-none}/root/dev" 2>/dev/null && ls -d dri/renderD* 2>/dev/null); do
        [ ! -e "$proc/${process:-none}/root/dev/$node" ] || nodes="$nodes $node"
      done
      fact "graphics-nodes-$key" "${nodes# }"
      # shellcheck disable=SC2016 # variables of the shell in the container
      timeout 60 "$engine" exec "${name#/}" sh -c \
        'for node in /dev/kfd /dev/dri/renderD*; do [ ! -e "$node" ] || (exec 3<>"$node") || exit 1; done' \
        >"$work/said" 2>&1
      fact "graphics-open-$key" "$?"
      logged "graphics-log-$key" <"$work/said"
    done
  done
  for service; do
    [ -n "${NVIDIA-}" ] || continue
    wanted=${service#*=} service=${service%%=*}
    # for each running container; the key of the second one is SERVICE#2
    replica=0
    for name in $(printf '%s\n' "$now" | sed -n "s|^$service running .* ||p"); do
      replica=$((replica + 1)) key=$service asks=$wanted
      [ "$replica" = 1 ] || key=$service#$replica
      if [ "$wanted" = "$service" ]; then
        # for a service of a stack, the container says whether it requests GPUs
        case $service in */*) ;; *) continue ;; esac
        asks=$("$engine" inspect --format "$requests" "${name#/}" 2>/dev/null)
        # arguments of the command that only contain such a name are no devices
        [ "$engine" = docker ] || asks=$(printf '%s' "$asks" |
          grep -oE '"PathOnHost":"[^"]*"|"(--device=)?nvidia\.com/gpu=[^"\]*"')
        case $asks in
          *'"gpu"'* | *nvidia* | */dev/dxg*) fact "gpu-asked-$key" "$(asked "$asks")" ;;
          *) continue ;;
        esac
      fi
      # the device nodes in the /dev of the container, which needs no nvidia-smi
      process=$("$engine" inspect --format '{{.State.Pid}}' "${name#/}" 2>/dev/null)
      nodes=
      for node in "/proc/${process:-none}/root/dev"/nvidia[0-9]* "/proc/${process:-none}/root/dev/dxg"; do
        [ -e "$node" ] && nodes="$nodes ${node##*/}"
      done
      [ -z "$nodes" ] || fact "gpu-nodes-$key" "${nodes# }"
      timeout 60 "$engine" exec "${name#/}" nvidia-smi -L >"$work/said" 2>&1
      fact "gpu-$key" "$?"
      cards "gpu-found-$key" <"$work/said"
      grep -v '^GPU ' "$work/said" | logged "gpu-log-$key"
    done
  done
fi
rm -f "$work/said"
rmdir "$work" 2>/dev/null
echo 'end:yes'

#!/bin/sh
# What works in this guest, layer by layer, printed as it was found: run inside it, as root.
#
#   verify-guest.sh SECONDS SERVICE…     SERVICE: a name, or NAME=GPUS where it asked for GPUs (a number, or all);
#                                        STACK/ for all services of a stack, as its Compose listed them
#   NVIDIA=yes verify-guest.sh …         the guest has a card by NVIDIA: its driver and its way into the containers too
#   NVIDIA=yes PART=yes …                and it is a part of its host's card, by dxgkrnl
#   GRAPHICS=amd,intel verify-guest.sh … the guest has cards by these makers, whose drivers are the kernel's
#   ENGINE=podman verify-guest.sh …      what runs the containers, if it is not docker
#
# Waits that long at most for the services to run. One that was restarted has to run for as long since, for which it waits as long again.
# One whose health check has not decided yet is waited for as long as that check takes by its own start_period, interval, timeout and
# retries, 15 minutes at most; what is waited for is said on standard error.
# First line: name and version of this format; then lines KEY:VALUE as in probe-linux.sh.
LC_ALL=C
export LC_ALL
patience=${1:-0} deadline=$(($(date +%s) + ${1:-0})) engine=${ENGINE:-docker} part=${PART:-} proc=${PROC:-/proc}
sys=${SYS:-/sys} dev=${DEV:-/dev} graphics=${GRAPHICS:-}
[ $# -gt 0 ] && shift
projects=/srv/homelab-gpu/projects stacks=
for service; do
  shift
  case $service in
    */)
      stacks="$stacks ${service%/}"
      # shellcheck disable=SC2013 # names of services are words
      for one in $(cat "$projects/${service}services" 2>/dev/null); do set -- "$@" "$service$one"; done
      ;;
    *) set -- "$@" "$service" ;;
  esac
done

# a name of its own: in a guest's /tmp others may have put links under names that can be guessed
work=$(mktemp -d) || work=/run
fact() { printf '%s:%s\n' "$1" "$2"; }
logged() { # KEY: standard input as lines of a log
  sed "s/^/$1:/" | tail -n 20
}
cards() { # KEY: the lines of nvidia-smi -L, without what only this card has
  sed -n "s/ (UUID: [^)]*)//; s/^GPU /$1:GPU /p"
}

echo 'homelab-gpu-verify 1'
fact kernel "$(uname -r)"
[ -r /opt/homelab-gpu/compose.yaml ] && fact services-file "$(sha256sum </opt/homelab-gpu/compose.yaml | cut -d ' ' -f 1)"

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
  # the kernel loads it where it finds the card; the error says why it could not
  grep -qE '^(nvidia|nouveau) ' /proc/modules 2>/dev/null || modprobe nvidia 2>&1 | logged modprobe-log
  fact modules "$(sed -nE 's/^(nvidia[a-z_]*|nouveau) .*/\1/p' /proc/modules 2>/dev/null | xargs)"
  if [ -r /sys/module/nvidia/version ]; then
    flavour=proprietary
    grep -q 'Open Kernel Module' /proc/driver/nvidia/version 2>/dev/null && flavour=open
    fact nvidia-loaded "$(cat /sys/module/nvidia/version) $flavour"
  fi
  # in Debian's own packages its file has another name, which modprobe knows and modinfo does not
  module=$(modprobe --show-depends nvidia 2>/dev/null | sed -nE 's/^(install .* -i |insmod .*\/)(nvidia[a-z-]*).*/\2/p' | tail -n 1)
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
  # ADDRESS NODE a line
  for path in "$sys/class/drm"/renderD*; do
    [ -e "$path/device" ] || continue
    fact render "$(basename "$(readlink -f "$path/device")") ${path##*/}"
  done
  if [ -e "$dev/kfd" ]; then fact kfd yes; else fact kfd no; fi
fi

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

if [ -n "${NVIDIA-}" ]; then
  if command -v nvidia-smi >/dev/null; then
    timeout 60 nvidia-smi -L >"$work/said" 2>&1
    fact smi "$?"
    cards smi-gpu <"$work/said"
    grep -v '^GPU ' "$work/said" | logged smi-log
  else
    fact smi missing
  fi
  # Docker finds GPUs by the hook; Podman, and parts of a card, by CDI's specifications, which nvidia-ctk makes
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

server() { # the version of what answers
  if [ "$engine" = podman ]; then podman info --format '{{.Version.Version}}'; else docker version --format '{{.Server.Version}}'; fi
}
fact engine "$engine"
if ! command -v "$engine" >/dev/null; then
  fact engine-state missing
elif ! version=$(server 2>"$work/said"); then
  fact engine-state stopped
  logged engine-log <"$work/said"
  if command -v journalctl >/dev/null; then journalctl -u "$engine" --no-pager -n 20 -o cat 2>/dev/null | logged engine-log; fi
else
  fact engine-state running
  fact engine-version "$version"
  if [ -n "${NVIDIA-}" ] && [ "$engine" = docker ]; then
    fact runtimes "$(docker info --format '{{range $name, $runtime := .Runtimes}}{{$name}} {{end}}' 2>/dev/null)"
    fact default-runtime "$(docker info --format '{{.DefaultRuntime}}' 2>/dev/null)"
    [ -e /run/docker.pid ] && fact docker-since "$(stat -c %Y /run/docker.pid)"
  fi
  age() { # PROCESS: the seconds that it has run, 0 if it does not
    # the 22nd value, in hundredths of a second since the system started; the second one is in brackets, and may be anything
    since=$(sed 's/.*) //' "$proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20)
    if [ -n "$since" ]; then echo $(($(cut -d . -f 1 "$proc/uptime") - since / 100)); else echo 0; fi
  }
  # how long a service has to run after a restart: longer than the time between two looks
  enough=$((patience + 3))
  states() { # SERVICE STATUS EXIT-CODE RESTARTS HEALTH RESTART-POLICY CONTAINER a line; RESTARTS is 0 once it has run for long enough
    for project in homelab-gpu $stacks; do
      "$engine" ps -aq --filter "label=com.docker.compose.project=$project"
    done | xargs -r "$engine" inspect --format \
      '{{index .Config.Labels "com.docker.compose.project"}}/{{index .Config.Labels "com.docker.compose.service"}} {{.State.Status}} {{.State.ExitCode}} {{.RestartCount}} {{if .State.Health}}{{or .State.Health.Status "none"}}{{else}}none{{end}} {{or .HostConfig.RestartPolicy.Name "no"}} {{.State.Pid}} {{.Name}}' |
      while read -r service status code restarts health policy process name; do
        [ "$restarts" = 0 ] || [ "$(age "$process")" -lt "$enough" ] || restarts=0
        echo "${service#homelab-gpu/} $status $code $restarts $health $policy $name"
      done
  }
  # seconds that a container's health check may still take to decide, of Docker's defaults where it has no values of its own
  health_takes() { # CONTAINER
    "$engine" inspect --format '{{.State.Pid}} {{json .Config.Healthcheck}}' "${1#/}" 2>/dev/null | {
      read -r process check
      of() { seconds=$(printf '%s\n' "$check" | sed -n "s/.*\"$1\":\([0-9]*\)[0-9]\{9\}.*/\1/p"); echo "${seconds:-$2}"; }
      retries=$(printf '%s\n' "$check" | sed -n 's/.*"Retries":\([1-9][0-9]*\).*/\1/p')
      takes=$(($(of StartPeriod 0) + (${retries:-3} + 1) * ($(of Interval 30) + $(of Timeout 30)) + 5))
      left=$((takes - $(age "${process:-0}")))
      echo $((left > 0 ? left : 0))
    }
  }
  began=$(date +%s) waits=
  waiting() { # SERVICE CONTAINER: until when it is waited for its health
    left=$(health_takes "$2")
    until=$(($(date +%s) + left))
    [ "$until" -le $((began + 900)) ] || until=$((began + 900))
    case $waits in *" $1 "*) ;; *)
      waits="$waits $1 "
      echo "verify-guest: $1 runs; its health check may take $left s more" >&2
      ;;
    esac
  }
  asked() { # REQUESTS as JSON: how many GPUs a container asked for, where that is a number; else all
    count=$(printf '%s' "$1" | grep -o '"Count":[0-9-]*' | head -n 1 | cut -d : -f 2)
    ids=$(printf '%s' "$1" | sed -n 's/.*"DeviceIDs":\[\([^]]*\)\].*/\1/p' | grep -o '"[^"]*"' | grep -vc '=\?all"')
    if [ "${count:-0}" -gt 0 ]; then echo "$count"; elif [ "$ids" -gt 0 ]; then echo "$ids"; else echo all; fi
  }
  later() { [ "${till:-0}" -ge "$1" ] || till=$1; }
  fine=
  while true; do
    now=$(states)
    till=
    for service; do
      service=${service%%=*}
      # each of its containers
      found=$(printf '%s\n' "$now" | grep "^$service ")
      IFS='
'
      for state in ${found:-none}; do
        unset IFS
        case $state in
          # it will not be started again, however it ended
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
      # one that falls over at once shows a moment later
      fine=yes
    else
      break
    fi
    sleep 2
  done
  printf '%s\n' "$now" | while read -r service status code restarts health policy name; do
    [ -n "$service" ] || continue
    fact service "$service $status $code $restarts $health $policy ${name#/}"
    # ADDRESS:PORT on the VM and PORT/PROTOCOL in the container, those published by Docker or Podman
    # shellcheck disable=SC2016 # the template's own
    "$engine" inspect --format '{{range $port, $all := .NetworkSettings.Ports}}{{range $all}}{{.HostIP}} {{.HostPort}} {{$port}}{{"\n"}}{{end}}{{end}}' \
      "${name#/}" 2>/dev/null | sed -n "/^[^ ]* [0-9][0-9]* [0-9]*\/[a-z]*$/s|^|port:$service |p" | sort -u
    case $status$health in
      runningnone | runninghealthy) [ "$restarts" = 0 ] && continue ;;
    esac
    {
      "$engine" logs --tail 20 "${name#/}" 2>&1
      # why it could not be started, which is in no log
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
    # each container that runs: the lines of the second one are those of SERVICE#2
    replica=0 any=
    for name in $(printf '%s\n' "$now" | sed -n "s|^$service running .* ||p"); do
      replica=$((replica + 1)) key=$service
      [ "$replica" = 1 ] || key=$service#$replica
      asked=$("$engine" inspect --format '{{json .HostConfig.Devices}}' "${name#/}" 2>/dev/null |
        grep -oE '"PathOnHost":"/dev/(kfd|dri)' | cut -d '"' -f 4 | sort -u | xargs)
      # one without devices beside one that has them lacks its GPU
      if [ -z "$asked" ]; then
        [ -z "$any" ] || fact "graphics-nodes-$key" ''
        continue
      fi
      any=yes
      fact "graphics-asked-$key" "$asked"
      # the devices that it has, by its own /dev
      process=$("$engine" inspect --format '{{.State.Pid}}' "${name#/}" 2>/dev/null)
      nodes=
      for node in kfd $(cd "$proc/${process:-none}/root/dev" 2>/dev/null && ls -d dri/renderD* 2>/dev/null); do
        [ ! -e "$proc/${process:-none}/root/dev/$node" ] || nodes="$nodes $node"
      done
      fact "graphics-nodes-$key" "${nodes# }"
      # shellcheck disable=SC2016 # the container's own shell
      timeout 60 "$engine" exec "${name#/}" sh -c \
        'for node in /dev/kfd /dev/dri/renderD*; do [ ! -e "$node" ] || (exec 3<>"$node") || exit 1; done' >"$work/said" 2>&1
      fact "graphics-open-$key" "$?"
      logged "graphics-log-$key" <"$work/said"
    done
  done
  for service; do
    [ -n "${NVIDIA-}" ] || continue
    wanted=${service#*=} service=${service%%=*}
    # each container that runs: the lines of the second one are those of SERVICE#2
    replica=0
    for name in $(printf '%s\n' "$now" | sed -n "s|^$service running .* ||p"); do
      replica=$((replica + 1)) key=$service asks=$wanted
      [ "$replica" = 1 ] || key=$service#$replica
      if [ "$wanted" = "$service" ]; then
        # of a stack the engine was asked for GPUs by this container
        case $service in */*) ;; *) continue ;; esac
        asks=$("$engine" inspect --format '{{json .HostConfig.DeviceRequests}} {{json .HostConfig.Devices}} {{.HostConfig.Runtime}}' "${name#/}" 2>/dev/null)
        case $asks in *'"gpu"'* | *nvidia* | */dev/dxg*) fact "gpu-asked-$key" "$(asked "$asks")" ;; *) continue ;; esac
      fi
      # the devices that it has, which shows in its own /dev even where it has no nvidia-smi
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

#!/bin/sh
# Prints the current state of this guest: its Compose services, file systems and cards. Run it in
# the guest, as root. It changes nothing.
#
#   status-guest.sh [services]        services: print only the services
#   ENGINE=podman status-guest.sh     the container engine; default: docker
#   SWARM=yes                         also the Swarm whose manager this guest is; logs: and the logs of its
#                                     services that do not run
#   SYS=FOLDER status-guest.sh        reads this folder instead of /sys; ETC=FOLDER instead of /etc
#
# The first line is the name and version of this format. Then come lines KEY:VALUE. The last line is
# end:yes.
LC_ALL=C
export LC_ALL
engine=${ENGINE:-docker} sys=${SYS:-/sys} etc=${ETC:-/etc} only=${1-}
fact() { printf '%s:%s\n' "$1" "$2"; }
limited() { # SECONDS COMMAND…
  if command -v timeout >/dev/null; then timeout "$@"; else shift && "$@"; fi
}

# Prints service:NAME STATUS CODE RESTARTS HEALTH POLICY CONTAINER and port:NAME ADDRESS PORT
# CONTAINER-PORT. NAME is STACK/SERVICE for a service of a stack.
services() {
  command -v "$engine" >/dev/null || { fact engine missing; return; }
  all=$(limited 15 "$engine" ps -aq --filter label=com.docker.compose.project 2>/dev/null) || {
    fact engine silent
    return
  }
  fact engine answers
  [ -n "$all" ] || return 0
  # shellcheck disable=SC2086,SC2016 # ids; variables of the template
  limited 15 "$engine" inspect --format '{{$name := printf "%s/%s" (index .Config.Labels "com.docker.compose.project") (index .Config.Labels "com.docker.compose.service")}}service:{{$name}} {{.State.Status}} {{.State.ExitCode}} {{.RestartCount}} {{if .State.Health}}{{or .State.Health.Status "none"}}{{else}}none{{end}} {{or .HostConfig.RestartPolicy.Name "no"}} {{.Name}}{{range $port, $all := .NetworkSettings.Ports}}{{range $all}}{{"\n"}}port:{{$name}} {{.HostIP}} {{.HostPort}} {{$port}}{{end}}{{end}}' $all 2>/dev/null |
    sed -E 's#^(service|port):homelab-gpu/#\1:#; s# /([^ /]*)$# \1#' | sort -u
}

# Prints gpu-nvidia: and the output of nvidia-smi, a line for each card.
nvidia() {
  PATH=$PATH:/usr/lib/wsl/lib
  command -v nvidia-smi >/dev/null || return 0
  limited 15 nvidia-smi --format=csv,noheader,nounits \
    --query-gpu=pci.bus_id,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw,power.limit \
    2>/dev/null |
    sed -n '/^[0-9A-Fa-f]*:[0-9A-Fa-f]*:/s/^/gpu-nvidia:/p'
}

value() { # NAME FILE
  [ -r "$2" ] && read -r text <"$2" 2>/dev/null && [ -n "$text" ] &&
    printf ' %s=%s' "$1" "$(printf %s "$text" | tr ' ' _)"
}
# Prints gpu-sysfs:ADDRESS driver=… and the values of the kernel's driver, in bytes, thousandths of
# a degree, and microwatts.
others() {
  for card in "$sys"/class/drm/card*; do
    case ${card##*/} in *-* | 'card*') continue ;; esac
    device=$(readlink -f "$card/device") || continue
    driver=$(readlink -f "$device/driver") || continue
    driver=${driver##*/}
    case $driver in amdgpu | radeon | i915 | xe) ;; *) continue ;; esac
    line=$(
      printf '%s driver=%s' "${device##*/}" "$driver"
      value id_vendor "$device/vendor"
      value id_device "$device/device"
      value name "$device/product_name"
      value busy "$device/gpu_busy_percent"
      value vram_used "$device/mem_info_vram_used"
      value vram_total "$device/mem_info_vram_total"
      value clock "$card/gt_act_freq_mhz" || value clock "$device/tile0/gt0/freq0/act_freq"
      for sensor in "$device"/hwmon/hwmon*; do
        value temperature "$sensor/temp1_input" || value temperature "$sensor/temp2_input"
        value power "$sensor/power1_average" || value power "$sensor/power1_input"
        value power_limit "$sensor/power1_cap" || value power_limit "$sensor/power1_max"
      done
    )
    fact gpu-sysfs "$line"
  done
}

# Prints lan:ADDRESS, the address of the network card in the LAN, whose MAC address set-lan.sh wrote to
# a file.
lan() {
  { [ -r "$etc/homelab-gpu-lan" ] && read -r mac <"$etc/homelab-gpu-lan"; } || return 0
  for path in "$sys"/class/net/*; do
    [ -e "$path/device" ] || continue
    [ "$(cat "$path/address")" = "$mac" ] || continue
    ip -4 -o address show dev "${path##*/}" scope global 2>/dev/null |
      awk '{ sub(/[/].*/, "", $4); print "lan:" $4; exit }'
  done
}

# Prints the services of the stacks in the Swarm that this guest manages: swarm-service:NAME RUNNING/WANTED, and
# swarm-ends:NAME for one that ends on purpose. NAME is STACK/SERVICE, or SERVICE for a service of the config.
swarm_services() {
  list=$(limited 15 docker service ls --filter label=com.docker.stack.namespace --format '{{.Name}} {{.Replicas}}' \
    2>/dev/null)
  [ -n "$list" ] || return 0
  names=$(printf '%s\n' "$list" | cut -d ' ' -f 1)
  # lines NAME STACK RESTART-CONDITION: the first two can have a _
  # shellcheck disable=SC2086 # names
  stacks=$(limited 15 docker service inspect \
    --format '{{.Spec.Name}} {{index .Spec.Labels "com.docker.stack.namespace"}} {{with .Spec.TaskTemplate.RestartPolicy}}{{.Condition}}{{end}}' \
    $names 2>/dev/null)
  printf '%s\n' "$list" | shown swarm-service:
  ending=$(printf '%s\n' "$stacks" | sed -nE 's/ [^ ]+ (none|on-failure)$//p')
  [ -z "$ending" ] || printf '%s\n' "$ending" | shown swarm-ends:
}
# Puts PREFIX and the name with its stack in place of the first word of each line: a service or a task of it.
shown() { # PREFIX
  { printf '%s\n\n' "$stacks" && cat; } | awk -v prefix="$1" '
    !ended { if (NF) stack[$1] = $2; else ended = 1; next }
    {
      name = $1
      if (!(name in stack)) sub(/[.][^.]*$/, "", name)
      if (!(name in stack)) next
      short = substr(name, length(stack[name]) + 2)
      if (stack[name] != "homelab-gpu-swarm") short = stack[name] "/" short
      print prefix short substr($0, length(name) + 1)
    }'
}

# Prints also the nodes, swarm-node:NAME READY AVAILABILITY, and for each service its tasks, the newest of each
# slot first: swarm-task:NAME.SLOT NODE DESIRED STATE ERROR. A task whose image could not be pulled reports only that
# there is no such image: swarm-pull:NAME TEXT is what the registry answers (moby/moby#52570). With SWARM=logs also the
# last lines of the log of a service of which not all tasks run: service-log-NAME:LINE.
swarm() {
  limited 15 docker node ls --format '{{.Hostname}} {{.Status}} {{.Availability}}' 2>/dev/null | sed 's/^/swarm-node:/'
  swarm_services
  [ -n "$list" ] || return 0
  # shellcheck disable=SC2086 # names
  tasks=$(limited 15 docker service ps --no-trunc \
    --format '{{.Name}} {{or .Node "-"}} {{.DesiredState}} {{.CurrentState}}|{{.Error}}' $names 2>/dev/null |
    sed -nE 's/^(\\_ )?([^ ]+ [^ ]+ [^ ]+ [^ |]+)[^|]*\|/\2 /p')
  printf '%s\n' "$tasks" | shown swarm-task:
  # These run in parallel, because the caller waits 30 s for all of them. Each writes short, whole lines, so their
  # output does not mix.
  pulls
  [ "${SWARM-}" != logs ] || service_logs
  wait
}
# Asks the registry for the images that could not be pulled, each once.
pulls() {
  failing=$(printf '%s\n' "$list" | while read -r name replicas rest; do
    [ "${replicas%%/*}" != "${replicas##*/}" ] || continue
    printf '%s\n' "$tasks" | grep -qE "^${name}[.][^ ]+ .*No such image" && printf '%s\n' "$name"
  done)
  [ -n "$failing" ] || return 0
  # shellcheck disable=SC2086 # names
  images=$(limited 10 docker service inspect --format '{{.Spec.Name}} {{.Spec.TaskTemplate.ContainerSpec.Image}}' \
    $failing 2>/dev/null)
  for image in $(printf '%s\n' "$images" | cut -d ' ' -f 2 | sort -u); do
    (
      said=$(limited 10 docker manifest inspect "$image" 2>&1 >/dev/null </dev/null) && exit 0
      [ -n "$said" ] || exit 0
      said=$(printf %s "$said" | tr -s '\n' ' ' | cut -c 1-300)
      printf '%s\n' "$images" | while read -r name its; do
        [ "$its" != "$image" ] || printf '%s %s\n' "$name" "$said" | shown swarm-pull:
      done
    ) &
  done
}
service_logs() {
  # shellcheck disable=SC2034 # replicas may be followed by "(max 1 per node)"
  while read -r name replicas rest; do
    # a job: 0/1 (1/1 completed). On each node: 0/0 as soon as the tasks ended, also those that failed
    case $rest in '('*' completed)') rest=${rest#?} replicas=${rest%% *} ;; esac
    [ "${replicas%%/*}" != "${replicas##*/}" ] || [ "$replicas" = 0/0 ] || continue
    key=$(printf '%s\n' "$name" | shown service-log-)
    limited 10 docker service logs --raw --tail 20 "$name" 2>&1 </dev/null | tr -d '\r' | cut -c 1-2000 |
      awk -v key="$key:" '{ print key $0; fflush() }' &
  done <<EOF
$list
EOF
}

echo 'homelab-gpu-status 1'
if [ "$only" = services ]; then
  services
  [ -z "${SWARM-}" ] || swarm_services
else
  # both write whole lines, so their order does not matter
  nvidia &
  others
  lan
  # disk:MOUNT-POINT SIZE USED, in KiB
  df -Pk / /srv 2>/dev/null | awk '$6 == "/srv" || ($6 == "/" && !n++) { print "disk:" $6 " " $2 " " $3 }'
  # original:PATH KIB, a folder that mount-data.sh copied to the data disk
  sed -n 's|^/|original:/|p' "$etc/homelab-gpu-data-originals" 2>/dev/null
  services
  [ -z "${SWARM-}" ] || swarm
  wait
fi
echo 'end:yes'

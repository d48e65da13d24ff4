#!/bin/sh
# Deploys /opt/homelab-gpu/swarm.new.yaml as a stack of the Swarm, and waits until its services run.
# Run it in the guest that is the manager, as root. A second run changes nothing.
#
#   deploy-stack.sh NAME TRIES     NAME: of the stack. TRIES: how often it looks, every 2 seconds,
#                                  while nothing is prepared (images are fetched)
#   PULL=yes                       looks for newer images and starts the services with them
#
# A file without services removes the stack; named volumes stay. On success the file is renamed to
# swarm.yaml, and a line for each service is printed: web: 2 running on ai bob.
set -eu
name=$1 tries=$2 pause=${PAUSE:-2}
say() { printf 'deploy-stack: %s\n' "$*" >&2; }
cd "${SERVICES_ROOT:-/opt/homelab-gpu}"
[ "$(docker info --format '{{.Swarm.ControlAvailable}}')" = true ] || {
  say "this node is not a manager of a Swarm"
  exit 1
}
if grep -q '^services: {}' swarm.new.yaml; then
  if docker stack ls --format '{{.Name}}' | grep -qx "$name"; then docker stack rm "$name" >&2; fi
  mv swarm.new.yaml swarm.yaml
  exit 0
fi
set -- --prune
# without it, newer versions of Docker's command line wait without a limit
if docker stack deploy --help 2>/dev/null | grep -q -e --detach; then set -- "$@" --detach=true; fi
[ -n "${PULL-}" ] || set -- "$@" --resolve-image changed
docker stack deploy "$@" -c swarm.new.yaml "$name" >&2

services() {
  docker service ls --filter "label=com.docker.stack.namespace=$name" --format '{{.Name}} {{.Replicas}}' |
    while read -r service replicas rest; do
      # a service that ends: 0/1 (1/1 completed); one with a limit for each node: 1/2 (max 1 per node)
      case $rest in '('*' completed)') rest=${rest#?} replicas=${rest%% *} ;; esac
      update=$(docker service inspect --format '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}' "$service")
      printf '%s %s %s\n' "$service" "$replicas" "${update:--}"
    done
}

# Docker does not try again to place a task that was pending when its service was deployed again
# (moby/moby#53722, seen with 20.10): a new task is placed.
replace_pending() { # SERVICE REPLICAS
  [ "${2%%/*}" = 0 ] || return 0
  tasks "$1" | grep -q '^Pending.*no suitable node' || return 0
  docker service update --force --detach --quiet "$1" >/dev/null
}

tasks() { # SERVICE
  docker service ps --no-trunc --filter desired-state=running --format '{{.CurrentState}}|{{.Node}}|{{.Error}}' "$1"
}

again=$((tries / 2))
sleep "$pause"
while :; do
  waiting='' preparing='' stuck=''
  all=$(services)
  while read -r service replicas update; do
    case $update in
      paused | rollback*) stuck="$service: the update is $update" && continue ;;
    esac
    [ "${replicas%%/*}" != "${replicas##*/}" ] || [ "$update" = updating ] || continue
    waiting="$waiting $service"
    if [ "$tries" -le "$again" ]; then replace_pending "$service" "$replicas"; fi
    if tasks "$service" | grep -qE '^(Preparing|Assigned|Accepted)'; then preparing=yes; fi
  done <<EOT
$all
EOT
  if [ "$tries" -le "$again" ]; then again=-1; fi
  [ -n "$waiting$stuck" ] || break
  [ -n "$preparing" ] || tries=$((tries - 1))
  if [ "$tries" -le 0 ] || [ -n "$stuck" ]; then
    [ -z "$stuck" ] || say "$stuck"
    for service in $waiting; do
      # the newest task with an error says why
      why=$(docker service ps --no-trunc --format '{{.Error}}' "$service" | grep -m 1 . || echo 'no task reports an error')
      say "$service does not run: $why"
    done
    exit 1
  fi
  sleep "$pause"
done
printf '%s\n' "$all" | while read -r service replicas _; do
  nodes=$(docker service ps --filter desired-state=running --format '{{.Node}}' "$service" | sort -u | xargs)
  printf '%s: %s running on %s\n' "${service#"$name"_}" "${replicas%%/*}" "${nodes:-no node}"
done
mv swarm.new.yaml swarm.yaml

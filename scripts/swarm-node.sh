#!/bin/sh
# Makes this guest a node of a Docker Swarm, or takes it out. Run it in the guest, as root. A second
# run changes nothing.
#
#   swarm-node.sh start                  starts a Swarm; this guest is its manager
#   swarm-node.sh ticket                 of the manager: prints its address, the ids of its nodes, and
#                                        the token for workers
#   swarm-node.sh join ADDRESS ID…       joins the Swarm of the manager at ADDRESS with the nodes ID…;
#                                        the token is the variable token, set in a line before this
#                                        script: it is in no command line and in no file
#   swarm-node.sh runtime                with NVIDIA cards: NVIDIA's runtime becomes Docker's default one, which
#                                        restarts Docker once
#   swarm-node.sh facts                  prints the id of this node, and the number of its NVIDIA cards
#   swarm-node.sh label NAME=ID=CARDS…   of the manager: labels each node; removes the entries of
#                                        machines that are gone. With a line CHECK=yes before this
#                                        script it only prints change if there is something to do
#   swarm-node.sh drain ID               of the manager: moves the tasks of a node to other nodes
#   swarm-node.sh remove ID              of the manager: forgets a node that has left
#   swarm-node.sh leave                  leaves the Swarm; its services stop here
set -eu
etc=${ETC:-/etc} sys=${SYS:-/sys} tries=${TRIES:-30} pause=${PAUSE:-2}
say() { printf 'swarm-node: %s\n' "$*" >&2; }
stop() { say "$@"; exit 1; }

# The address in the LAN, by the MAC address that set-lan.sh wrote to a file; without a card in the
# LAN, the address that packets to other networks leave from.
address() {
  if [ -r "$etc/homelab-gpu-lan" ] && read -r mac <"$etc/homelab-gpu-lan"; then
    for path in "$sys"/class/net/*; do
      [ -e "$path/device" ] || continue
      [ "$(cat "$path/address")" = "$mac" ] || continue
      ip -4 -o address show dev "${path##*/}" scope global | awk '{ sub(/[/].*/, "", $4); print $4; exit }'
    done
  else
    ip -4 -o route get 192.0.2.1 | sed -n 's/.* src \([0-9.]*\).*/\1/p'
  fi
}

# Sets state (inactive, pending, active, error, locked), manager (true, false), id and node_address.
read_state() {
  left=$tries
  while :; do
    answer=$(docker info --format \
      '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{or .Swarm.NodeID "-"}} {{or .Swarm.NodeAddr "-"}}') ||
      stop "Docker does not answer"
    # shellcheck disable=SC2086 # words
    set -- $answer
    state=$1 manager=$2 id=$3 node_address=$4
    # since the guest started, the node has not reached its manager yet
    if [ "$state" != pending ] || [ "$left" -le 0 ]; then break; fi
    left=$((left - 1))
    sleep "$pause"
  done
}

require_address() {
  own=$(address)
  [ -n "$own" ] || stop "this guest has no IPv4 address to advertise"
}

require_manager() {
  read_state
  [ "$manager" = true ] || stop "this node is not a manager of a Swarm (its state is $state)"
}

start() {
  read_state
  require_address
  case $state-$manager in
    active-true)
      [ "$node_address" = "$own" ] || stop "the Swarm advertises $node_address, and this guest now has $own:" \
        "give it a fixed address, or take all nodes out of the Swarm (docker swarm leave --force) and run up again"
      ;;
    inactive-*)
      docker swarm init --advertise-addr "$own" --data-path-addr "$own" >/dev/null
      say "started a Swarm at $own"
      ;;
    *) stop "this guest is already in another Swarm (its state is $state): docker swarm leave --force takes it out" ;;
  esac
}

ticket() {
  require_manager
  printf 'address:%s\n' "$node_address"
  docker node ls -q | sed 's/^/node:/'
  printf 'token:%s\n' "$(docker swarm join-token -q worker)"
}

# Docker's command line takes a token only as an argument, which every user of the guest can read:
# this sends it to the Engine's socket. perl is in every Debian and Ubuntu.
join() { # ADDRESS ID…
  manager_address=$1
  shift
  read_state
  case $state in
    active)
      case " $* " in *" $id "*) return 0 ;; esac
      stop "this guest is already in another Swarm: docker swarm leave --force takes it out"
      ;;
    inactive) ;;
    *) stop "this guest is already in a Swarm whose manager does not answer (its state is $state):" \
      "docker swarm leave --force takes it out" ;;
  esac
  require_address
  [ -n "${token-}" ] || stop "there is no token"
  printf '%s\n' "$own" "$manager_address" "$token" | perl -e '
    use strict; use IO::Socket::UNIX;
    chomp(my ($own, $manager, $token) = <STDIN>);
    my $body = sprintf("{\"ListenAddr\":\"0.0.0.0:2377\",\"AdvertiseAddr\":\"%s\",\"DataPathAddr\":\"%s\"," .
      "\"RemoteAddrs\":[\"%s:2377\"],\"JoinToken\":\"%s\"}", $own, $own, $manager, $token);
    my $socket = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "swarm-node: cannot connect to $ARGV[0]: $!\n";
    printf $socket "POST /swarm/join HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n" .
      "Content-Length: %d\r\n\r\n%s", length $body, $body;
    my $head = <$socket> // ""; my $answer = join "", $head, <$socket>;
    exit 0 if $head =~ m{^HTTP/1\.[01] 200};
    my ($message) = $answer =~ /"message":"((?:[^"\\]|\\.)*)"/;
    $message //= "no answer"; $message =~ s/\Q$token\E/.../g;
    die "Error response from daemon: $message\n";
  ' "${DOCKER_SOCKET:-/var/run/docker.sock}"
  say "joined the Swarm of $manager_address"
}

# A service of a Swarm cannot name a runtime. install-nvidia.sh writes daemon.json in the same way.
runtime() {
  command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU ' || return 0
  [ "$(docker info --format '{{.DefaultRuntime}}')" != nvidia ] || return 0
  command -v nvidia-ctk >/dev/null || {
    say "nvidia-ctk is missing: this box has no NVIDIA container toolkit"
    return 0
  }
  daemon=$etc/docker/daemon.json work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if [ -s "$daemon" ]; then cp -p "$daemon" "$work/before"; else echo '{}' >"$work/before"; fi
  cp "$work/before" "$work/daemon.json"
  nvidia-ctk runtime configure --runtime=docker --config="$work/daemon.json" --set-as-default >&2 ||
    stop "nvidia-ctk could not add its runtime: $daemon is unchanged"
  # Docker 23 and later
  if dockerd --help 2>/dev/null | grep -q -- '--validate'; then
    dockerd --validate --config-file "$work/daemon.json" >&2 || stop "Docker rejects the new settings: $daemon is unchanged"
  fi
  mkdir -p "${daemon%/*}"
  cp "$work/daemon.json" "$daemon.new"
  chmod 644 "$daemon.new"
  mv "$daemon.new" "$daemon"
  if ! systemctl restart docker; then
    cp "$work/before" "$daemon"
    systemctl restart docker || true
    stop "Docker did not start with NVIDIA's runtime as the default one: $daemon is as before"
  fi
  say "NVIDIA's runtime is Docker's default one now"
}

facts() {
  read_state
  cards=0
  if command -v nvidia-smi >/dev/null; then cards=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU ') || cards=0; fi
  runtime=$(docker info --format '{{.DefaultRuntime}}')
  if [ "$cards" -gt 0 ] && [ "$runtime" != nvidia ]; then
    say "$(hostname) gets no GPU label: Docker's default runtime is $runtime, not nvidia"
    cards=0
  fi
  printf 'id:%s\ncards:%s\n' "$id" "$cards"
}

labels_of() { docker node inspect --format '{{range $key, $value := .Spec.Labels}}{{$key}}={{$value}} {{end}}' "$1"; }

change() { # MESSAGE COMMAND…; with CHECK=yes prints only that there is something to change
  message=$1
  shift
  if [ "${CHECK-}" = yes ]; then
    echo change
  else
    "$@" >/dev/null </dev/null
    [ -z "$message" ] || say "$message"
  fi
}

label() { # NAME=ID=CARDS…
  require_manager
  for entry in "$@"; do
    name=${entry%%=*} cards=${entry##*=} node=${entry#*=}
    node=${node%=*}
    has=$(labels_of "$node")
    wanted="homelab-gpu.machine=$name"
    i=1
    while [ "$i" -le "$cards" ]; do wanted="$wanted homelab-gpu.gpu-$i=yes" i=$((i + 1)); done
    set --
    for one in $wanted; do
      case " $has" in *" $one "*) ;; *) set -- "$@" --label-add "$one" ;; esac
    done
    for one in $has; do
      case $one in
        # an earlier run that took it out was interrupted
        homelab-gpu.leaving=*) set -- "$@" --label-rm homelab-gpu.leaving --availability active ;;
        homelab-gpu.*) case " $wanted " in *" $one "*) ;; *) set -- "$@" --label-rm "${one%%=*}" ;; esac ;;
      esac
    done
    [ $# -eq 0 ] || change "" docker node update "$@" "$node"
    kept="${kept-} $node" names="${names-} $name"
  done
  # a VM that was removed while it could not leave, or the former node of a VM that was created again or moved
  docker node ls --format '{{.ID}} {{.Status}}' | while read -r node status; do
    case " ${kept-} " in *" $node "*) continue ;; esac
    has=$(labels_of "$node")
    former=$(printf '%s\n' "$has" | tr ' ' '\n' | sed -n 's/^homelab-gpu.machine=//p')
    [ -n "$former" ] || continue
    if [ "$status" != Down ]; then
      # so that services run on the node that has its name now
      case " ${names-} " in *" $former "*) ;; *) continue ;; esac
      set --
      for one in $has; do
        case $one in homelab-gpu.*) set -- "$@" --label-rm "${one%%=*}" ;; esac
      done
      change "removed the labels of the former node of $former: $node" \
        docker node update "$@" "$node"
      continue
    fi
    case " ${KEEP-} " in *" $former "*) continue ;; esac
    change "removed a node that is gone: $node" docker node rm --force "$node"
  done
}

drain() { # ID
  require_manager
  docker node update --availability drain --label-add homelab-gpu.leaving=yes "$1" >/dev/null
  left=$tries
  while [ "$left" -gt 0 ]; do
    busy=$(docker node ps --filter desired-state=running -q "$1") || busy=unknown
    [ -n "$busy" ] || return 0
    left=$((left - 1))
    sleep "$pause"
  done
  say "tasks still run on the node: they stop with it"
}

leave() {
  read_state
  [ "$state" != inactive ] || return 0
  docker swarm leave --force >/dev/null
  say "left the Swarm"
}

mode=${1-}
[ $# -eq 0 ] || shift
case $mode in
  start | ticket | runtime | facts | leave) "$mode" ;;
  join | label | drain) "$mode" "$@" ;;
  remove)
    require_manager
    docker node rm --force "$1" >/dev/null
    ;;
  *) say "usage: swarm-node.sh start|ticket|join|runtime|facts|label|drain|remove|leave" && exit 2 ;;
esac

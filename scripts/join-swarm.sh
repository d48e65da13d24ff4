#!/bin/sh
# Makes VMs the nodes of one Docker Swarm. Run it on the host, in the lab's folder:
# sh scripts/join-swarm.sh … <scripts/swarm-node.sh
#
#   join-swarm.sh join MANAGER NAME      NAME joins the Swarm of MANAGER
#   join-swarm.sh label MANAGER NAME…    labels each node with its name and its NVIDIA cards; OTHERS:
#                                        names of machines that do not run now, whose nodes stay
#   join-swarm.sh leave MANAGER NAME     NAME is drained, leaves the Swarm, and is forgotten
#   join-swarm.sh alone NAME             NAME leaves a Swarm whose manager is removed
#
# Standard input is the text of swarm-node.sh, which runs in the VMs.
# The token for workers goes from one VM to the other through pipes: it is in no command line, file
# or log.
set -eu
script=$(cat)
say() { printf 'join-swarm: %s\n' "$*" >&2; }
before=
on() { # NAME WORD…: runs the guest's script in a VM, after the line $before
  name=$1
  shift
  printf '%s\n%s\n' "$before" "$script" | ssh -F "ssh/$name" "$name" "sudo sh -s -- $*"
}
value() { printf '%s\n' "$2" | sed -n "s/^$1://p"; }

join() { # MANAGER NAME
  ticket=$(on "$1" ticket)
  token=$(value token "$ticket") address=$(value address "$ticket")
  case $token in
    '' | *[!A-Za-z0-9-]*) say "$1 gave no token" && exit 1 ;;
  esac
  case $address in
    '' | *[!0-9.]*) say "$1 gave no address" && exit 1 ;;
  esac
  nodes=$(value node "$ticket" | grep -xE '[a-z0-9]+' | xargs)
  before="token=$token"
  on "$2" "join $address $nodes"
}

label() { # MANAGER NAME…
  manager=$1
  shift
  words=
  for one in "$@"; do
    facts=$(on "$one" facts)
    id=$(value id "$facts") cards=$(value cards "$facts")
    case $id$cards in
      '' | *[!a-z0-9]*) say "$one is not a node" && exit 1 ;;
    esac
    words="$words $one=$id=$cards"
  done
  before="KEEP='${OTHERS-}'"
  on "$manager" "label$words"
}

# A VM that is removed anyway is not kept by a Swarm that does not answer.
leave() { # MANAGER NAME
  facts=$(on "$2" facts) || { say "$2 does not answer: the next up removes its node" && return 0; }
  id=$(value id "$facts")
  case $id in
    '' | - | *[!a-z0-9]*) return 0 ;;
  esac
  on "$1" "drain $id" || say "$1 does not move the services of $2"
  on "$2" leave || say "$2 did not leave"
  on "$1" "remove $id" || say "$1 did not remove the node of $2: the next up does"
}

# With the manager, the Swarm ends: nobody has to be asked.
alone() { # NAME
  on "$1" leave || say "$1 does not answer, and is still in the Swarm: run docker swarm leave --force there"
}

mode=${1-}
[ $# -eq 0 ] || shift
case $mode in
  join | label | leave | alone) "$mode" "$@" ;;
  *) say "usage: join-swarm.sh join|label|leave MANAGER NAME…, or alone NAME" && exit 2 ;;
esac

#!/bin/sh
# The tier swarm: the steps of `cluster: swarm` with two real Docker daemons, each in namespaces of its own. Needs root.
set -eu
cd "$(dirname "$0")/../.."
sh test/needs.sh test:swarm 'iproute2 iptables util-linux curl perl' ip iptables nsenter unshare curl perl
DOCKER_TREE=$(sh test/swarm/docker.sh)
COMPOSE_V2=$(sh test/tools/compose-v2.sh)
export DOCKER_TREE COMPOSE_V2
exec sh test/uvu.sh test/swarm swarm.mts$

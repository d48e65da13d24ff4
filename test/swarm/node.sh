#!/bin/sh
# Runs a Docker daemon in the present network namespace, as the first process of namespaces of its own: all of
# its processes end with it. usage: node.sh NAME FOLDER [WORD OF DOCKERD…]; DOCKER_TREE: from docker.sh
set -eu
name=$1 folder=$2
shift 2
hostname "$name"
PATH=$DOCKER_TREE/usr/bin:$DOCKER_TREE/usr/sbin:$PATH
export PATH
# ip netns exec mounts another /sys, without the cgroups
if [ "$(wc -l </proc/self/cgroup)" = 1 ]; then
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
  mount -t tmpfs cgroups /sys/fs/cgroup
  awk '$4 == 1 { print $1 }' /proc/cgroups | while read -r controller; do
    mkdir "/sys/fs/cgroup/$controller"
    mount -t cgroup -o "$controller" "$controller" "/sys/fs/cgroup/$controller" || rmdir "/sys/fs/cgroup/$controller"
  done
fi
mount -t tmpfs run /run
# where the steps put their files in a VM
mount -t tmpfs opt /opt
mount -t tmpfs srv /srv
mkdir -p /run/docker "$folder/state"
containerd --root "$folder/containerd" --state "$folder/state" --address /run/containerd.sock \
  >"$folder/containerd.log" 2>&1 &
while [ ! -S /run/containerd.sock ]; do sleep 0.2; done
dockerd --containerd /run/containerd.sock --data-root "$folder/data" --exec-root /run/exec --pidfile /run/docker.pid \
  -H "unix://$folder/docker.sock" --storage-driver vfs "$@" >"$folder/dockerd.log" 2>&1

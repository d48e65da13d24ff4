#!/bin/sh
# A key for one build, and the seed that lets it in: for cloud-init (user-data, meta-data) and for our own images
# (authorized_keys). Only this build's VM ever knows it: the finished box has Vagrant's key instead.
#
#   make-seed.sh FOLDER
set -eu
unset CDPATH
umask 077
mkdir -p "$1"
cd "$1"
rm -f key key.pub
ssh-keygen -q -t ed25519 -N '' -C build -f key
cp key.pub authorized_keys
echo 'instance-id: build' >meta-data
cat >user-data <<SEED
#cloud-config
users:
  - name: vagrant
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    lock_passwd: true
    ssh_authorized_keys: ["$(cat key.pub)"]
SEED

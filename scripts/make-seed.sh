#!/bin/sh
# Creates an SSH key for one build, and the seed files that allow it to log in: user-data and
# meta-data for cloud-init, authorized_keys for the images of make-image.sh. Only the VM of this
# build uses the key; the finished box has Vagrant's key.
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

#!/bin/sh
# Removes one version of a box from Vagrant, unless a VM of any lab was created from it.
#
#   remove-box.sh NAME VERSION PROVIDER
set -eu
# no update checks by Vagrant
export VAGRANT_CHECKPOINT_DISABLE=1
name=$1 version=$2 provider=$3
# Vagrant asks before it removes a box that a VM uses, and fails without a terminal
if said=$(vagrant box remove "$name" --box-version "$version" --provider "$provider" </dev/null 2>&1); then
  printf '%s\n' "$said"
else
  printf '%s\n' "$said" >&2
  echo "keeping the box $name $version: another VM uses it, or Vagrant could not remove it" >&2
fi

#!/bin/sh
# Adds a built box to Vagrant under a new version, so that no VM boots an older build of it.
#
#   add-box.sh NAME VERSION PROVIDER FILE
#
# NAME and VERSION are plain words. The current time becomes the last part of the version.
# FILE is deleted afterwards.
set -eu
unset CDPATH
# no update checks by Vagrant and Packer
export CHECKPOINT_DISABLE=1 VAGRANT_CHECKPOINT_DISABLE=1
name=$1 version=$2.$(date +%s) provider=$3 file=$4
path=$(cd "$(dirname "$file")" && pwd)/$(basename "$file")
# a URL, with every byte of the path encoded: it may contain spaces and quotes
url=file://$(printf '%s' "$path" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g; s/%2f/\//g')
cat >"$file.json" <<BOX
{
  "name": "$name",
  "versions": [
    {
      "version": "$version",
      "providers": [
        { "name": "$provider", "url": "$url" }
      ]
    }
  ]
}
BOX
vagrant box add --force --provider "$provider" "$file.json"
rm -f "$file" "$file.json"

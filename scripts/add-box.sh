#!/bin/sh
# Gives a finished box to Vagrant, with a version of its own, so that no VM ever boots an older build of it.
#
#   add-box.sh NAME VERSION PROVIDER FILE
#
# NAME and VERSION are plain words; the version gets the time as its last part. The file goes away afterwards.
set -eu
unset CDPATH
# no program that is run here asks its maker for news
export CHECKPOINT_DISABLE=1 VAGRANT_CHECKPOINT_DISABLE=1
name=$1 version=$2.$(date +%s) provider=$3 file=$4
path=$(cd "$(dirname "$file")" && pwd)/$(basename "$file")
# as an address, in which a blank or a quote of the path cannot stand
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

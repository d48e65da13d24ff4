#!/bin/sh
# Gives a finished box to Vagrant, with a version of its own, so that no VM ever boots an older build of it.
#
#   add-box.sh NAME VERSION PROVIDER FILE
#
# NAME and VERSION are plain words; the version gets the time as its last part. The file goes away afterwards.
set -eu
name=$1 version=$2.$(date +%s) provider=$3 file=$4
path=$(cd "$(dirname "$file")" && pwd)/$(basename "$file")
# the address is a JSON string
path=$(printf '%s' "$path" | sed 's/[\\"]/\\&/g')
cat >"$file.json" <<BOX
{
  "name": "$name",
  "versions": [
    {
      "version": "$version",
      "providers": [
        { "name": "$provider", "url": "$path" }
      ]
    }
  ]
}
BOX
vagrant box add --force --provider "$provider" "$file.json"
rm -f "$file" "$file.json"

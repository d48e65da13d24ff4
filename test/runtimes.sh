#!/bin/sh
# Every runtime that homelab-gpu claims, side by side: makes those that are missing and prints a line NAME PATH for each.
# They come from the npm registry (packages node and deno) and lie in the cache folder, outside the tree.
#
#   runtimes.sh [NAME…]     NAME: node20 node22 node24 node26 deno; default all
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/runtimes
[ $# -gt 0 ] || set -- node20 node22 node24 node26 deno

version() {
  case $1 in
    node20) echo node@20.20.2 ;;
    node22) echo node@22.23.3 ;;
    node24) echo node@24.21.0 ;;
    node26) echo node@26.10.0 ;;
    deno) echo deno@2.9.6 ;;
    *) echo "runtimes: there is no $1" >&2; exit 2 ;;
  esac
}
# an npm that runs this script has put its settings for this project's folder into the environment, where those of another folder would
# obey them; only how the registry is reached is the same for both
for name in $(env | sed -n 's/^\(npm_[a-z0-9_]*\)=.*/\1/p'); do
  case $name in
    npm_config_registry | npm_config_cache | npm_config_cafile | npm_config_*proxy | npm_config_userconfig | npm_config_globalconfig) ;;
    *) unset "$name" ;;
  esac
done
unset NODE_OPTIONS INIT_CWD
new=
trap '[ -z "$new" ] || rm -rf "$new"' EXIT
for name; do
  package=$(version "$name")
  folder=$cache/$(printf '%s' "$package" | tr @ -)
  program=$folder/node_modules/.bin/${name%%[0-9]*}
  if [ ! -x "$program" ]; then
    mkdir -p "$cache"
    # a folder of its own: two runs may both miss it
    new=$(mktemp -d "$folder.XXXXXX")
    (cd "$new" && echo '{"private": true, "allowScripts": {"node": true, "deno": true}}' >package.json && npm install --loglevel=error --no-audit --no-fund "$package" >&2)
    [ -x "$program" ] || { rm -rf "$folder" && mv "$new" "$folder"; }
    rm -rf "$new"
    new=
  fi
  echo "$name $program"
done

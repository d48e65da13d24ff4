#!/bin/sh
# Installs the runtimes that homelab-gpu supports and prints a line NAME PATH for each. They come
# from the npm registry (packages node and deno) and are kept in the cache folder, outside the
# checkout.
#
#   runtimes.sh [NAME…]     NAME: node20 node22 node24 node26 deno; default: all
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
# npm passes its settings for this project's folder in the environment. The npm below runs in
# another folder, so keep only the settings of the registry.
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
    # a temporary folder: two runs can install it at the same time
    new=$(mktemp -d "$folder.XXXXXX")
    (
      cd "$new" && echo '{"private": true, "allowScripts": {"node": true, "deno": true}}' >package.json &&
        npm install --loglevel=error --no-audit --no-fund "$package" >&2
    )
    [ -x "$program" ] || { rm -rf "$folder" && mv "$new" "$folder"; }
    rm -rf "$new"
    new=
  fi
  echo "$name $program"
done

#!/bin/sh
# Runs Compose projects in this guest. Run it in the guest, as root.
#
#   apply-stack.sh up NAME       unpacks /srv/homelab-gpu/projects/NAME.tar and runs the project
#   apply-stack.sh config NAME   unpacks it and writes what Compose reads in it to projects/NAME/model.json,
#                                for deploy-stack.sh
#   apply-stack.sh keep NAME…    takes down all other projects; keeps their volumes and folders
#
#   ENGINE       docker (default) or podman
#   PULL         yes: with up, fetch newer images first, and newer base images of images to build
#   STACKS_ROOT  folder of the projects; default: /srv/homelab-gpu
#
# The archive contains the files that changed on the host since the last copy, and in .homelab-gpu:
# the project's description, the list of all its files with their signatures, variables for Compose,
# one more Compose file, and commands that rewrite the Compose files for a Compose version that
# cannot merge this file. Other files in the guest stay unchanged.
# Errors of Compose are saved for verify-guest.sh, which reports them with its other results.
set -eu
engine=${ENGINE:-docker} root=${STACKS_ROOT:-/srv/homelab-gpu} minimum=2.20
say() { printf 'apply-stack: %s\n' "$*" >&2; }
of_project() { printf 'label=com.docker.compose.project=%s' "$1"; }

take_down() { # NAME
  containers=$("$engine" ps -aq --filter "$(of_project "$1")")
  # shellcheck disable=SC2086 # ids
  [ -z "$containers" ] || { "$engine" stop $containers && "$engine" rm $containers; } >/dev/null
  networks=$("$engine" network ls -q --filter "$(of_project "$1")")
  # shellcheck disable=SC2086 # ids
  [ -z "$networks" ] || "$engine" network rm $networks >/dev/null
  volumes=$("$engine" volume ls -q --filter "$(of_project "$1")" | xargs)
  say "$1 is taken down; kept: $root/stacks/$1${volumes:+, the volumes $volumes}"
  cd "$root/projects/$1"
  rm -f project variables override.yaml rewrite services applied failed
}

unpack() { # NAME
  own=$root/projects/$1 folder=$root/stacks/$1 archive=$root/projects/$1.tar
  [ -e "$archive" ] || return 0
  mkdir -p "$own" "$folder"
  chmod 700 "$root/projects" "$own"
  rm -rf "$own/new"
  mkdir "$own/new"
  tar -x -f "$archive" -C "$own/new" --no-same-owner --strip-components=1 .homelab-gpu
  touch "$own/manifest"
  LC_ALL=C sort "$own/manifest" >"$own/had"
  LC_ALL=C sort "$own/new/manifest" >"$own/has"
  LC_ALL=C comm -13 "$own/had" "$own/has" | sed 's/^[^ ]* /.\//' >"$own/changed"
  # until the services start with them; a start can fail
  cat "$own/changed" >>"$own/replaced"
  cut -d ' ' -f 2- "$own/had" | LC_ALL=C sort >"$own/names-had"
  cut -d ' ' -f 2- "$own/has" | LC_ALL=C sort >"$own/names-has"
  # deepest first; a folder that contains files of a container stays
  LC_ALL=C comm -23 "$own/names-had" "$own/names-has" | LC_ALL=C sort -r | while IFS= read -r path; do
    if [ -d "$folder/$path" ] && [ ! -L "$folder/$path" ]; then
      rmdir "$folder/$path" 2>/dev/null || true
    else
      rm -f "$folder/$path"
    fi
  done
  if [ -s "$own/changed" ]; then
    tr '\n' '\0' <"$own/changed" |
      tar -x -p -f "$archive" -C "$folder" --no-recursion --unlink-first --null --no-wildcards -T -
  fi
  rm -f "$own/project" "$own/variables" "$own/override.yaml" "$own/rewrite"
  mv "$own/new/manifest" "$own/new/project" "$own/new/variables" "$own/new/override.yaml" \
    "$own/new/rewrite" "$own/"
  # shellcheck disable=SC1090,SC1091 # written by homelab-gpu
  (cd "$folder" && . "$own/rewrite")
  rm -rf "$own/new" "$own/had" "$own/has" "$own/names-had" "$own/names-has" "$own/changed" "$archive"
}

# each start of Docker's command line is slow: this looks only once
find_compose() {
  if [ "$engine" = podman ]; then
    program=podman-compose
  elif version=$(docker compose version --short 2>/dev/null); then
    program='docker compose'
  else
    program=docker-compose version=$(docker-compose version --short 2>/dev/null) || version=
  fi
}

# WORD…: starts the services, with the arguments of the project's description at the end
compose_up() {
  while IFS= read -r line; do
    case $line in argument:*) set -- "$@" "${line#argument:}" ;; esac
  done <"$own/project"
  compose "$@"
}

compose() { # with the project's variables, in a subshell: they must not change this script's own
  # shellcheck disable=SC2086 # words
  set -- $program "$@"
  # shellcheck disable=SC1090,SC1091 # written by homelab-gpu
  (. "$own/variables" && exec "$@")
}

# A replaced file stays mounted in its old version in a running container. Removes such containers;
# the next up creates them again.
drop_outdated() { # NAME
  [ -s "$own/replaced" ] || return 0
  for container in $("$engine" ps -aq --filter "$(of_project "$1")"); do
    "$engine" inspect --format '{{range .Mounts}}{{.Source}}{{"\n"}}{{end}}' "$container" |
      while IFS= read -r source; do
        case $source in "$folder"/*) ;; *) continue ;; esac
        if ! [ -f "$source" ] || ! grep -qxF "./${source#"$folder"/}" "$own/replaced"; then continue; fi
        "$engine" rm -f "$container" >/dev/null
        break
      done
  done
  rm -f "$own/replaced"
}

older() { # VERSION THAN
  [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

run() { # NAME [config]
  own=$root/projects/$1 folder=$root/stacks/$1 only=${2-}
  [ -s "$own/project" ] || { say "$1 was not copied"; exit 1; }
  cd "$folder"
  name=$1
  set -- -p "$name"
  # Compose looks for .env in the folder of the first file. If that is a subfolder, name .env
  if grep -m 1 '^file:' "$own/project" | grep -q / && [ -e .env ]; then set -- "$@" --env-file "$folder/.env"; fi
  while IFS= read -r line; do
    case $line in
      file:*) set -- "$@" -f "$folder/${line#file:}" ;;
      profile:*) profiles="${profiles:-} ${line#profile:}" ;;
      digest:*) digest=${line#digest:} ;;
    esac
  done <"$own/project"
  [ ! -s "$own/override.yaml" ] || set -- "$@" -f "$own/override.yaml"
  for profile in ${profiles:-}; do set -- "$@" --profile "$profile"; done
  rm -f "$own/applied" "$own/failed" "$own/services.new"
  # deploy-stack.sh starts such services of a Swarm again
  [ "$only" = config ] || drop_outdated "$name"
  find_compose
  if [ "$engine" = docker ]; then
    version=${version#v}
    if older "${version:-0}" "$minimum"; then
      echo "Compose ${version:-of an unknown version} cannot run stacks, which need $minimum or later" >"$own/failed"
      return 1
    fi
    if [ "$only" = config ]; then
      # values of .env can be secrets
      (umask 077 && compose "$@" config --format json >"$own/model.new.json" 2>"$own/failed") || return 1
      # its warnings, such as variables without a value
      cat "$own/failed" >&2
      mv "$own/model.new.json" "$own/model.json"
      rm -f "$own/failed"
      return 0
    fi
    # the names of the services that must run: without those with 0 replicas
    code=$({ { compose "$@" config 2>"$own/failed"; echo $? >&3; } | awk '
      function finish() { if (name != "") print name; name = "" }
      /^[^ ]/ { finish(); inside = ($0 == "services:") }
      inside && /^  [^ ].*:$/ { finish(); name = $1; gsub(/[":]/, "", name) }
      inside && (/^    scale: 0$/ || /^      replicas: 0$/) { name = "" }
      END { finish() }' >"$own/services.new"; } 3>&1)
    [ "$code" = 0 ] || return 1
    mv "$own/services.new" "$own/services"
    if [ -n "${PULL-}" ]; then
      # A failed pull (an image that is only in this guest, a registry that does not answer) must
      # not stop the running services.
      { compose "$@" pull -q --ignore-pull-failures && compose "$@" build -q --pull; } >&2 ||
        say "not every image of $name could be fetched: using the local copies"
    fi
    code=$({ { compose_up "$@" up -d --build --remove-orphans --quiet-pull 2>&1; echo $? >&3; } |
      tee "$own/failed" >&2; } 3>&1)
  else
    # podman-compose cannot list services: take them from the labels of the containers
    : >"$own/services"
    [ -z "${PULL-}" ] || compose "$@" pull >&2 ||
      say "not every image of $name could be fetched: using the local copies"
    "$engine" ps -aq --filter "$(of_project "$name")" | xargs -r "$engine" rm -f >/dev/null
    code=$({ { compose_up "$@" up -d --build 2>&1; echo $? >&3; } | tee "$own/failed" >&2; } 3>&1)
    "$engine" ps -a --filter "$(of_project "$name")" --format '{{index .Labels "com.docker.compose.service"}}' |
      sort -u >"$own/services"
  fi
  [ "$code" = 0 ] || return 1
  rm -f "$own/failed"
  echo "$digest" >"$own/applied"
}

command -v "$engine" >/dev/null || {
  say "$engine is not in this box: set image: to build the box, or install it"
  exit 1
}
mode=$1
shift
case $mode in
  up)
    unpack "$1"
    if ! run "$1"; then
      sed 's/^/  /' "$root/projects/$1/failed" | tail -n 5 >&2
      say "$1 could not be started; the next step checks the services that run"
    fi
    ;;
  config)
    unpack "$1"
    run "$1" config || {
      sed 's/^/  /' "$root/projects/$1/failed" | tail -n 5 >&2
      say "Compose cannot read $1"
      exit 1
    }
    ;;
  keep)
    for path in "$root"/projects/*/project; do
      [ -e "$path" ] || continue
      name=$(basename "$(dirname "$path")")
      case " homelab-gpu $* " in *" $name "*) ;; *) take_down "$name" ;; esac
    done
    ;;
  *) say "usage: apply-stack.sh up|config NAME, or keep NAME…" && exit 2 ;;
esac

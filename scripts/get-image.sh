#!/bin/sh
# Gets the disk image that a box is built from, and makes LINK a symbolic link to it. Images are
# kept in the cache folder $XDG_CACHE_HOME/homelab-gpu/images, named by their checksum or by the
# inputs they are built from. An incomplete image never has its final name.
#
#   get-image.sh LINK published URL SUMS SUITE    a published image, verified against the publisher's
#                                                 list of checksums; if the list cannot be reached,
#                                                 builds SUITE from this host's package sources
#   get-image.sh LINK url URL CHECKSUM            an image with this checksum (sha256:… or sha512:…)
#   get-image.sh LINK file FILE                   a file of this host
#   get-image.sh LINK debootstrap SUITE [MIRROR]  builds one from package sources
#
# If $FRESH is not empty, an image built here is at most a day old, else at most a month.
# If URL or MIRROR is -, it is read from standard input, so other users cannot see a password in it.
# A transfer is stopped if it is slower than 10 KiB/s for a minute, or larger than $MAX_IMAGE_GIB
# (default: 32).
set -eu
unset CDPATH
# whatever the caller's umask is, other users must not write to these files
umask 022

say() { printf 'get-image: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
link=$1 way=$2
shift 2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/images
if [ -e "$link" ] && [ ! -L "$link" ]; then die "$link exists and is no symbolic link: it is not replaced"; fi
mkdir -p "$cache" "$(dirname "$link")"

# a file that another user puts into the cache would become a VM
# shellcheck disable=SC2012 # the names are known, and the options of stat differ between systems
for folder in "${cache%/images}" "$cache"; do
  owner=$(ls -ldn "$folder/" | awk '{ print $3 }')
  if [ "$owner" != "$(id -u)" ] && { [ "$(id -u)" != 0 ] || [ "$owner" != "${SUDO_UID:-}" ]; }; then
    die "the cache folder $folder belongs to another user: set XDG_CACHE_HOME to a folder of your own"
  fi
  case $(ls -ldn "$folder/") in
    d????w* | d???????w*)
      stranger=$(find "$folder" ! -user "$owner" 2>/dev/null | head -n 1)
      [ -z "$stranger" ] ||
        die "other users can write to the cache folder $folder, and $stranger belongs to one: remove the folder"
      say "removing the write permission of other users from the cache folder $folder"
      chmod go-w "$folder"
      ;;
  esac
done

# labs that share the cache get the same image one after the other
lock() { # KEY
  command -v flock >/dev/null || return 0
  exec 9>"$cache/.lock-$1"
  flock -n 9 || { say 'another run is getting this image: waiting for it'; flock 9; }
}

# A URL without its password and its query, which may contain one too.
public() { printf '%s\n' "$1" | sed 's|//[^/]*@|//…@|; s|?.*|?…|'; }

# curl reads the URL from standard input: every user can see the arguments of a command. -g turns
# off patterns in the URL.
fetch() { # URL ARGUMENT…
  address=$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')
  shift
  printf 'url = "%s"\n' "$address" |
    (
      # the unit is 512 bytes, in bash 1024 bytes
      blocks=$((${MAX_IMAGE_GIB:-32} * 1024 * 1024 * 2))
      # shellcheck disable=SC3028 # empty in other shells
      [ -z "${BASH_VERSION:-}" ] || blocks=$((blocks / 2))
      ulimit -f "$blocks" 2>/dev/null || true
      exec curl -K - -g -fL --connect-timeout 20 --speed-limit 10240 --speed-time 60 "$@"
    )
}

# Whether a file has this checksum. Deletes a file that does not.
intact() { # FILE KIND SUM
  [ -e "$1" ] || return 1
  [ "$("$2sum" <"$1" | cut -d ' ' -f 1)" != "$3" ] || return 0
  say "$1 is damaged: it is removed and fetched again"
  rm -f "$1"
  return 1
}

point() { # IMAGE
  ln -sfn "$1" "$link.new"
  mv -f "$link.new" "$link"
}

download() { # URL KIND SUM: to $cache/KIND-SUM; continues a partial download
  case $2 in sha256 | sha512) ;; *) die "the checksum must be sha256:… or sha512:…" ;; esac
  image=$cache/$2-$3
  name=$(public "$1")
  lock "$2-$3"
  if intact "$image" "$2" "$3"; then
    say "already downloaded: $image"
    return
  fi
  part=$image.part
  say "fetching $name"
  code=0
  fetch "$1" --retry 3 -C - -o "$part" || code=$?
  case $code in
    # 6, 7: no such server; 28: too slow; 25, 63, 153: too large
    0 | 6 | 7 | 25 | 28 | 63 | 153) ;;
    *)
      # the server cannot continue, or the partial file is longer than the image: start again
      rm -f "$part"
      code=0
      fetch "$1" --retry 3 -o "$part" || code=$?
      ;;
  esac
  case $code in
    0) ;;
    25 | 63 | 153) rm -f "$part"; die "$name is larger than ${MAX_IMAGE_GIB:-32} GiB" ;;
    # the next try continues the partial file
    *) die "cannot fetch $name" ;;
  esac
  sum=$("$2sum" <"$part" | cut -d ' ' -f 1)
  if [ "$sum" != "$3" ]; then
    rm -f "$part"
    die "$name is not what it should be: its $2 is $sum, and $3 was expected"
  fi
  mv "$part" "$image"
}

debootstrapped() { # SUITE [MIRROR]
  # named by its inputs: the script, the suite, the mirror, and the month or day, since packages age
  key=$(printf '%s\n' "$(cat "$here/make-image.sh")" "$*" "$(date "+%Y-%m${FRESH:+-%d}")" | sha256sum | cut -c 1-16)
  image=$cache/$1-$key.qcow2
  lock "$1-$key"
  if [ -e "$image.sha256" ] && intact "$image" sha256 "$(cat "$image.sha256")"; then
    say "already built: $image"
    return
  fi
  rm -f "$image.sha256"
  mkdir -p "$cache/packages"
  word=${2:-}
  case $word in *[@?]*) word=- ;; esac
  if [ "$(id -u)" = 0 ]; then
    printf '%s\n' "${2:-}" | CACHE_DIR=$cache/packages sh "$here/make-image.sh" "$1" "$image" "$word"
  else
    say 'debootstrap needs root'
    printf '%s\n' "${2:-}" | sudo env CACHE_DIR="$cache/packages" sh "$here/make-image.sh" "$1" "$image" "$word"
  fi
  sha256sum <"$image" | cut -d ' ' -f 1 >"$image.sha256"
}

case $way in
  published)
    url=$1 sums=$2 suite=$3
    # redirects to https only: nobody on the network may replace the checksums
    if list=$(fetch "$sums" --proto-redir =https -sS --max-time 60 --max-filesize 4194304 2>&1); then
      case $sums in *512*) kind=sha512 ;; *) kind=sha256 ;; esac
      sum=$(printf '%s\n' "$list" | awk -v name="${url##*/}" '$2 == name || $2 == "*" name { print $1 }')
      [ -n "$sum" ] || die "$sums has no checksum of ${url##*/}"
      download "$url" "$kind" "$sum"
    else
      say "cannot reach $sums ($(printf '%s' "$list" | tail -n 1))"
      say "building $suite from this host's package sources instead"
      debootstrapped "$suite"
    fi
    ;;
  url)
    url=$1
    if [ "$url" = - ]; then IFS= read -r url; fi
    download "$url" "${2%%:*}" "${2#*:}"
    ;;
  file)
    [ -f "$1" ] || die "there is no file $1"
    image=$1
    ;;
  debootstrap)
    mirror=${2:-}
    if [ "$mirror" = - ]; then IFS= read -r mirror; fi
    debootstrapped "$1" ${mirror:+"$mirror"}
    ;;
esac
point "$image"

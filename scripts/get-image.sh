#!/bin/sh
# Gets a disk image to build a box from, and makes LINK a symbolic link to it. What was got once is kept in the cache folder,
# $XDG_CACHE_HOME/homelab-gpu/images, by its checksum or by what it was made from; a part of an image never has its name.
#
#   get-image.sh LINK published URL SUMS SUITE   a published image, checked against the publisher's list of checksums; where
#                                                 that cannot be reached, SUITE from this host's package sources instead
#   get-image.sh LINK url URL CHECKSUM           an image whose checksum (sha256:… or sha512:…) is known
#   get-image.sh LINK file FILE                  one that is here
#   get-image.sh LINK debootstrap SUITE [MIRROR] one made from package sources
set -eu

say() { printf 'get-image: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
link=$1 way=$2
shift 2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/images
mkdir -p "$cache" "$(dirname "$link")"

# several labs may share the cache: one after the other
if command -v flock >/dev/null; then
  exec 9>"$cache/.lock"
  flock -n 9 || { say 'another run is getting an image: waiting for it'; flock 9; }
fi

point() { # IMAGE
  ln -sfn "$1" "$link.new"
  mv -f "$link.new" "$link"
}

download() { # URL KIND SUM: to $cache/KIND-SUM, going on where an earlier try stopped
  image=$cache/$2-$3
  if [ -e "$image" ]; then
    say "have it: $image"
    return
  fi
  part=$image.part
  say "fetching $1"
  if ! curl -fL --retry 3 --connect-timeout 20 -C - -o "$part" -sS "$1"; then
    # a server that cannot go on where it stopped, or a part longer than the whole: from the start
    rm -f "$part"
    curl -fL --retry 3 --connect-timeout 20 -o "$part" -sS "$1" || die "cannot fetch $1"
  fi
  sum=$("$2sum" <"$part" | cut -d ' ' -f 1)
  if [ "$sum" != "$3" ]; then
    rm -f "$part"
    die "$1 is not what it should be: its $2 is $sum, and $3 was expected"
  fi
  mv "$part" "$image"
}

debootstrapped() { # SUITE [MIRROR]
  # what it is made from is its name: the script, the suite, the mirror, the month, since packages age
  key=$(printf '%s\n' "$(cat "$here/make-image.sh")" "$*" "$(date +%Y-%m)" | sha256sum | cut -c 1-16)
  image=$cache/$1-$key.qcow2
  if [ -e "$image" ]; then
    say "have it: $image"
    return
  fi
  mkdir -p "$cache/packages"
  if [ "$(id -u)" = 0 ]; then
    CACHE_DIR=$cache/packages sh "$here/make-image.sh" "$1" "$image" "${2:-}"
  else
    say 'debootstrap needs root'
    sudo env CACHE_DIR="$cache/packages" sh "$here/make-image.sh" "$1" "$image" "${2:-}"
  fi
}

case $way in
  published)
    url=$1 sums=$2 suite=$3
    # what the image is verified by comes from nowhere that anybody on the way could stand in for
    if list=$(curl -fL --proto-redir =https -sS --connect-timeout 10 --max-time 60 "$sums" 2>&1); then
      case $sums in *512*) kind=sha512 ;; *) kind=sha256 ;; esac
      sum=$(printf '%s\n' "$list" | awk -v name="${url##*/}" '$2 == name || $2 == "*" name { print $1 }')
      [ -n "$sum" ] || die "$sums has no checksum of ${url##*/}"
      download "$url" "$kind" "$sum"
    else
      say "cannot reach $sums ($(printf '%s' "$list" | tail -n 1))"
      say "building $suite from this host's own package sources instead"
      debootstrapped "$suite"
    fi
    ;;
  url)
    download "$1" "${2%%:*}" "${2#*:}"
    ;;
  file)
    [ -f "$1" ] || die "there is no file $1"
    image=$1
    ;;
  debootstrap)
    debootstrapped "$@"
    ;;
esac
point "$image"

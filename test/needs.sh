#!/bin/sh
# Fails if a program of a tier is missing, so that no tier is skipped. A name with a slash is a
# file. usage: needs.sh TIER "DEBIAN PACKAGES" TOOL…
set -eu
tier=$1 packages=$2
shift 2
missing=
for tool; do
  case $tool in
    */*) [ -e "$tool" ] || missing="$missing $tool" ;;
    *) command -v "$tool" >/dev/null || missing="$missing $tool" ;;
  esac
done
[ -n "$missing" ] || exit 0
echo "$tier needs:$missing" >&2
echo "  Debian 12: apt-get install --no-install-recommends $packages" >&2
exit 1

#!/bin/sh
# A compiler for the trees, under the name of the real one. The build of NVIDIA's driver starts with some 300 small files that are compiled
# to see whether they can be, each named by a process id, so that ccache never has them. This remembers which ones compiled.
next=/usr/lib/ccache/${0##*/}
# else ccache takes this file, which comes first in PATH, for the compiler
export CCACHE_COMPILER="/usr/bin/${0##*/}"
source=''
for word; do source=$word; done
case "$source:$*" in
  conftest[0-9]*.c:*' -o '*) source='' ;;
  conftest[0-9]*.c:*' -c '*) ;;
  *) source='' ;;
esac
[ -n "$source" ] || exec "$next" "$@"
answers=/var/cache/ccache/conftest
mkdir -p "$answers"
# what was compiled, how, against which headers, and by which compiler
key=$({
  printf '%s\n' "$0 $*" | sed 's/conftest[0-9]*/conftest/g'
  cat "$source" /var/lib/dpkg/info/linux-headers-*.md5sums /var/lib/dpkg/info/gcc-[0-9]*.md5sums /var/lib/dpkg/info/cpp-[0-9]*.md5sums 2>/dev/null
} | sha256sum | cut -c 1-32)
if [ -e "$answers/$key.compiles" ]; then
  : >"${source%.c}.o"
  exit
fi
[ ! -e "$answers/$key.fails" ] || exit 1
code=0
"$next" "$@" || code=$?
case $code in
  0) : >"$answers/$key.compiles" ;;
  1) : >"$answers/$key.fails" ;;
  *) ;; # ended by a signal: that says nothing about the file
esac
exit "$code"

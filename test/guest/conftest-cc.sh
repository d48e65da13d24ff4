#!/bin/sh
# A wrapper with the name of the compiler, for the trees. The build of NVIDIA's driver first
# compiles about 300 small files to test the kernel. Their names contain a process id, so ccache
# never finds them. This wrapper caches which of them compile.
next=/usr/lib/ccache/${0##*/}
# else ccache uses this file as the compiler, since it is first in PATH
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
# the inputs: the file, the arguments, the kernel headers and the compiler
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
  *) ;; # stopped by a signal: the result is not known
esac
exit "$code"

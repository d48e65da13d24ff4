#!/bin/sh
# Runs Deno's linter, formatter and type checker on the project. lint.sh checks, lint.sh --fix
# formats.
set -eu
cd "$(dirname "$0")/.."
line=$(sh test/runtimes.sh deno)
deno=${line#deno }
if [ "${1-}" = --fix ]; then
  exec "$deno" fmt
fi
"$deno" fmt --check
"$deno" lint
"$deno" check homelab-gpu.mts lib test scripts

#!/bin/sh
# uvu under the Node that comes first in PATH, in the project's folder: one that does not read TypeScript by itself gets a loader for it.
#
#   uvu.sh FOLDER PATTERN
if [ "$(node -p process.features.typescript)" = strip ]; then
  exec node node_modules/uvu/bin.js "$@"
fi
exec node --import tsx node_modules/uvu/bin.js "$@"

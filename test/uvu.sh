#!/bin/sh
# Runs uvu in the project's folder, under the Node that is first in PATH. A Node that does not
# support TypeScript gets a loader.
#
#   uvu.sh FOLDER PATTERN
if [ "$(node -p process.features.typescript)" = strip ]; then
  exec node node_modules/uvu/bin.js "$@"
fi
exec node --import tsx node_modules/uvu/bin.js "$@"

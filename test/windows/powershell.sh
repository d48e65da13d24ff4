#!/bin/sh
# Installs PowerShell 7 for the tests and prints its path. It is a .NET tool (package PowerShell)
# and is kept in the cache folder, outside the checkout. The script fails if it cannot be installed,
# so that no test is skipped.
set -eu
version=7.6.9
folder=${XDG_CACHE_HOME:-$HOME/.cache}/homelab-gpu/powershell-$version
if [ ! -x "$folder/pwsh" ]; then
  command -v dotnet >/dev/null || {
    echo "test:powershell needs dotnet (the .NET SDK), or PowerShell $version in $folder" >&2
    exit 1
  }
  mkdir -p "${folder%/*}"
  # a temporary folder: two runs can install it at the same time
  new=$(mktemp -d "$folder.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 dotnet tool install PowerShell --version "$version" --tool-path "$new" >&2
  [ -x "$folder/pwsh" ] || { rm -rf "$folder" && mv "$new" "$folder"; }
fi
echo "$folder/pwsh"

#!/bin/sh
# Puts the host's GPU driver, which copy-driver.ps1 has brought, in its place, and makes the card's part known to containers: run inside the
# VM, as root. Without anything new it only looks whether all is well. ROOT=FOLDER is for tests: everything lies below it.
set -eu
root=${ROOT:-}
wsl=$root/usr/lib/wsl
brought=$root/tmp/homelab-gpu-driver
if [ -e "$brought.tar" ] && [ -e "$brought.txt" ]; then
  # whole or not at all: what is half copied is no driver
  rm -rf "$wsl.new"
  mkdir -p "$wsl.new"
  tar -xf "$brought.tar" -C "$wsl.new" --no-same-owner
  mv "$wsl.new/FileRepository" "$wsl.new/drivers"
  # Windows knows no right to run
  chmod -R a+rX "$wsl.new"
  chmod a+x "$wsl.new"/lib/*
  cp "$brought.txt" "$wsl.new/homelab-gpu.txt"
  rm -rf "$wsl.old"
  [ ! -e "$wsl" ] || mv "$wsl" "$wsl.old"
  mv "$wsl.new" "$wsl"
  rm -rf "$wsl.old" "$brought.tar" "$brought.txt"
  ldconfig
fi
if [ ! -e "$wsl/homelab-gpu.txt" ]; then
  echo 'receive-driver: the VM has no driver of its host' >&2
  exit 1
fi
modprobe dxgkrnl || true
if command -v nvidia-ctk >/dev/null && [ -e "$wsl/lib/nvidia-smi" ]; then
  mkdir -p "$root/etc/cdi"
  nvidia-ctk cdi generate --mode=wsl --output="$root/etc/cdi/nvidia.yaml"
fi

#!/bin/sh
# Installs the host's GPU driver that copy-driver.ps1 copied to this VM, and writes the CDI
# specification for containers. Run it in the VM, as root. Without a new copy it only checks the
# installed driver. ROOT=FOLDER is for tests: all paths are below it.
set -eu
root=${ROOT:-}
wsl=$root/usr/lib/wsl
brought=$root/tmp/homelab-gpu-driver
if [ -e "$brought.tar" ] && [ -e "$brought.txt" ]; then
  # replace the old driver only when the new one is complete
  rm -rf "$wsl.new"
  mkdir -p "$wsl.new"
  tar -xf "$brought.tar" -C "$wsl.new" --no-same-owner
  mv "$wsl.new/FileRepository" "$wsl.new/drivers"
  # Windows has no execute permission
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
  echo "receive-driver: the VM does not have its host's driver" >&2
  exit 1
fi
modprobe dxgkrnl || true
if command -v nvidia-ctk >/dev/null && [ -e "$wsl/lib/nvidia-smi" ]; then
  mkdir -p "$root/etc/cdi"
  nvidia-ctk cdi generate --mode=wsl --output="$root/etc/cdi/nvidia.yaml"
fi

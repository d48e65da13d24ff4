#!/bin/sh
# Builds signed package repositories with stand-ins for NVIDIA's packages, for machines that cannot
# reach NVIDIA's. They test everything except NVIDIA's own programs and modules.
#
#   repository.sh OUT      writes OUT/toolkit and OUT/driver, and OUT/key.asc, the key of both;
#                          OUT/*/Packages lists the packages
#
# toolkit: an nvidia-ctk that adds the runtime like the real one (pkg/config/engine/docker/{option,
# docker}.go in NVIDIA/nvidia-container-toolkit). It creates a missing file, reads only the first
# value of a file, fails for an empty file, sets the runtime, and sets default-runtime only on
# request. Its CDI specification has /dev/null as the GPU, or with --mode=wsl /dev/dxg.
# NVIDIA_CTK=FILE uses a real one instead.
# The other programs do nothing. driver: a module that does nothing, built by DKMS, with the other
# packages of the driver, in two branches, and the package of the keyring.
set -eu
out=$1
work=$(mktemp -d)
trap 'gpgconf --homedir "$work/gpg" --kill all; rm -rf "$work"' EXIT
mkdir -p "$out/toolkit" "$out/driver"
mkdir -m 700 "$work/gpg"
gpg() { command gpg --homedir "$work/gpg" --batch --quiet --yes --pinentry-mode loopback --passphrase '' "$@"; }
gpg --quick-gen-key 'homelab-gpu stand-in' ed25519 sign never 2>/dev/null
gpg --armor --export >"$out/key.asc"

tree=$work/package
program() { # NAME: a script from standard input
  mkdir -p "$tree/usr/bin"
  cat >"$tree/usr/bin/$1"
  chmod 755 "$tree/usr/bin/$1"
}
package() { # FOLDER FILE NAME VERSION [DEPENDS]: packs $tree
  mkdir -p "$tree/DEBIAN"
  printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: homelab-gpu\nDescription: stand-in\n' "$3" "$4" \
    >"$tree/DEBIAN/control"
  [ -z "${5-}" ] || echo "Depends: $5" >>"$tree/DEBIAN/control"
  dpkg-deb --root-owner-group -b "$tree" "$out/$1/$2" >/dev/null
  rm -rf "$tree"
}
sum() { sha256sum <"$1" | cut -d ' ' -f 1; }
size() { stat -c %s "$1"; }
repository() { # FOLDER LABEL
  (
    cd "$out/$1"
    for deb in *.deb; do
      dpkg-deb -f "$deb"
      printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(size "$deb")" "$(sum "$deb")"
    done >Packages
    printf 'Origin: homelab-gpu\nLabel: %s\nDate: %s\nSHA256:\n %s %s Packages\n' "$2" "$(date -Ru)" "$(sum Packages)" "$(size Packages)" |
      gpg --clearsign >InRelease
  )
}

# --- toolkit ---

if [ -n "${NVIDIA_CTK-}" ]; then program nvidia-ctk <"$NVIDIA_CTK"; else program nvidia-ctk <<'CTK'; fi
#!/bin/sh
set -eu
if [ "$1" = --version ]; then
  echo 'NVIDIA Container Toolkit CLI version 0.0 (stand-in)'
  exit
fi
case "$1 $2 ${3-}" in
  'cdi list '*)
    cat /etc/cdi/nvidia.yaml /var/run/cdi/nvidia.yaml 2>/dev/null |
      sed -n 's/^ *- name: "*\([^"]*\).*/nvidia.com\/gpu=\1/p'
    exit
    ;;
  'cdi generate --mode=wsl')
    # the device of dxgkrnl, and the host's driver
    cat >"${4#*=}" <<'YAML'
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
  - name: all
    containerEdits: {deviceNodes: [{path: /dev/dxg}]}
containerEdits:
  mounts:
    - {hostPath: /usr/lib/wsl, containerPath: /usr/lib/wsl, options: [ro, rbind]}
    - {hostPath: /usr/lib/wsl/lib/nvidia-smi, containerPath: /bin/nvidia-smi, options: [ro, bind]}
YAML
    exit
    ;;
  'cdi generate --output='*)
    # a device that every machine has, and a program that prints the same as the real one
    mkdir -p "$(dirname "${3#*=}")" /opt/stand-in
    printf '#!/bin/sh\necho "GPU 0: a stand-in (UUID: GPU-0)"\n' >/opt/stand-in/nvidia-smi
    chmod 755 /opt/stand-in/nvidia-smi
    cat >"${3#*=}" <<'YAML'
cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
  - name: "0"
    containerEdits: {deviceNodes: [{path: /dev/nvidia0, hostPath: /dev/null}]}
  - name: all
    containerEdits: {deviceNodes: [{path: /dev/nvidia0, hostPath: /dev/null}]}
containerEdits:
  mounts: [{hostPath: /opt/stand-in/nvidia-smi, containerPath: /bin/nvidia-smi, options: [ro, bind]}]
YAML
    exit
    ;;
esac
[ "$1 $2 $3" = 'runtime configure --runtime=docker' ]
shift 3
file=/etc/docker/daemon.json set='.'
for word; do
  case $word in
    --config=*) file=${word#*=} ;;
    --set-as-default) set='."default-runtime" = "nvidia"' ;;
    *) echo "flag provided but not defined: $word" >&2; exit 1 ;;
  esac
done
text='{}'
if [ -e "$file" ]; then text=$(cat "$file"); fi
[ -n "$(printf %s "$text" | tr -d '[:space:]')" ] || { echo 'unable to load config for runtime docker: EOF' >&2; exit 1; }
printf '%s\n' "$text" |
  jq -n --indent 4 "first(inputs) | .runtimes.nvidia = {args: [], path: \"nvidia-container-runtime\"} | $set" >"$file.out"
mv "$file.out" "$file"
CTK
for name in nvidia-container-runtime nvidia-container-runtime-hook; do
  printf '#!/bin/sh\necho "%s: a stand-in" >&2\nexit 1\n' "$name" | program "$name"
done
package toolkit nvidia-container-toolkit_0.0-1_amd64.deb nvidia-container-toolkit 0.0-1
repository toolkit stand-in

# --- driver ---

for version in 570.195.03 580.95.05; do
  source=$tree/usr/src/nvidia-$version
  mkdir -p "$source" "$tree/DEBIAN"
  cat >"$source/nvidia.c" <<C
#include <linux/module.h>
MODULE_LICENSE("Dual MIT/GPL");
MODULE_VERSION("$version");
MODULE_DESCRIPTION("stand-in");
C
  echo 'obj-m := nvidia.o' >"$source/Makefile"
  # shellcheck disable=SC2016 # DKMS fills these in
  printf '%s\n' 'PACKAGE_NAME="nvidia"' "PACKAGE_VERSION=\"$version\"" 'BUILT_MODULE_NAME[0]="nvidia"' 'DEST_MODULE_LOCATION[0]="/updates/dkms"' \
    'AUTOINSTALL="yes"' 'MAKE[0]="make -C ${kernel_source_dir} M=${dkms_tree}/${PACKAGE_NAME}/${PACKAGE_VERSION}/build modules"' >"$source/dkms.conf"
  # shellcheck disable=SC2016 # variables of the package's script
  printf '#!/bin/sh\nset -e\n[ "$1" != configure ] || /usr/lib/dkms/common.postinst nvidia %s\n' "$version" >"$tree/DEBIAN/postinst"
  printf '#!/bin/sh\nset -e\ndkms remove nvidia/%s --all\n' "$version" >"$tree/DEBIAN/prerm"
  chmod 755 "$tree/DEBIAN/postinst" "$tree/DEBIAN/prerm"
  package driver "nvidia-kernel-open-dkms_$version.deb" nvidia-kernel-open-dkms "$version-1" dkms
  mkdir -p "$tree/usr/lib/x86_64-linux-gnu"
  touch "$tree/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.$version"
  printf '#!/bin/sh\nexit 9\n' | program nvidia-smi
  package driver "nvidia-driver-cuda_$version.deb" nvidia-driver-cuda "$version-1"
done
mkdir -p "$tree/usr/share/keyrings"
gpg --export >"$tree/usr/share/keyrings/cuda-archive-keyring.gpg"
package driver cuda-keyring_1.1-1_all.deb cuda-keyring 1.1-1
repository driver 'NVIDIA CUDA'

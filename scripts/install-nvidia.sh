#!/bin/sh
# Installs NVIDIA's driver and Container Toolkit, and configures Docker or Podman for them. Run it
# as root when the box is built, on Debian 12 or 13, Ubuntu 22.04, 24.04 or 26.04. The guest has no
# card yet. A second run changes nothing. Settings are environment variables:
#
#   NVIDIA_SOURCE           nvidia (default): NVIDIA's repository
#                           distro: the distribution's packages
#                           host: no driver; the guest gets a partition of its host's card, and the
#                           host's driver
#   NVIDIA_BRANCH           such as 580; default: the newest branch of the source
#   NVIDIA_MODULES          open (default) or proprietary
#   ENGINE                  the container engine: docker (default) or podman
#   NVIDIA_DEFAULT_RUNTIME  yes: NVIDIA's runtime becomes Docker's default runtime
#                           no (default): the default runtime in daemon.json stays
#   NVIDIA_DRIVER_REPO      URL of a mirror of NVIDIA's repository for this distribution
#   NVIDIA_DRIVER_KEY       its key; default: the key in the repository's cuda-keyring package
#   NVIDIA_TOOLKIT_REPO     URL of a mirror of the toolkit's repository, as in a deb line
#   NVIDIA_TOOLKIT_KEY      its key
#
# A key is a URL, a path in the guest, or base64:TEXT. The file is a key (ASCII-armored or binary),
# or a package that contains the key.
#
# The script does not run nvidia-smi, which needs a card. Without a card it can only check that the
# module is built for the kernel of the next boot, and that the other files are installed. If not,
# it fails, and prints the compiler's errors if there are any.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

say() { printf 'install-nvidia: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
# Removes passwords and queries from the URLs in a text.
public() { sed 's|//[^/@ ]*@|//…@|g; s|\(://[^ ?]*\)?[^ ]*|\1?…|g'; }
changed=
did() { say "$*"; changed=yes; }

# settings that can contain passwords are in a file, not in the environment
# shellcheck disable=SC1091 # only some boxes have it
if [ -e /run/homelab-gpu/settings ]; then . /run/homelab-gpu/settings; fi
source=${NVIDIA_SOURCE:-nvidia} branch=${NVIDIA_BRANCH:-} modules=${NVIDIA_MODULES:-open}
default=${NVIDIA_DEFAULT_RUNTIME:-no} engine=${ENGINE:-docker}
case $engine in docker | podman) ;; *) die "ENGINE is $engine: docker or podman" ;; esac
case $source in nvidia | distro | host) ;; *) die "NVIDIA_SOURCE is $source: nvidia, distro or host" ;; esac
case $modules in open | proprietary) ;; *) die "NVIDIA_MODULES is $modules: open or proprietary" ;; esac
case $default in yes | no) ;; *) die "NVIDIA_DEFAULT_RUNTIME is $default: yes or no" ;; esac
case $branch in *[!0-9]*) die "NVIDIA_BRANCH is $branch: a number such as 580" ;; esac
# shellcheck disable=SC1091 # a file of the guest
distro=$(. /etc/os-release && echo "$ID${VERSION_ID:-}" | tr -d .)
case $distro in
  debian12 | debian13 | ubuntu2204 | ubuntu2404 | ubuntu2604) ;;
  *) die "$distro is not supported: Debian 12 and 13, Ubuntu 22.04, 24.04 and 26.04 are" ;;
esac
[ "$(dpkg --print-architecture)" = amd64 ] || die 'only amd64 is supported'
[ "$(id -u)" = 0 ] || die 'run it as root'

driver_repo=${NVIDIA_DRIVER_REPO:-https://developer.download.nvidia.com/compute/cuda/repos/$distro/x86_64}
driver_key=${NVIDIA_DRIVER_KEY:-$driver_repo/cuda-keyring_1.1-1_all.deb}
# shellcheck disable=SC2016 # apt fills in the architecture
toolkit_repo=${NVIDIA_TOOLKIT_REPO:-'https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH)'}
toolkit_key=${NVIDIA_TOOLKIT_KEY:-https://nvidia.github.io/libnvidia-container/gpgkey}
daemon=/etc/docker/daemon.json
nouveau=/etc/modprobe.d/homelab-gpu-nouveau.conf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# apt reads it as the user _apt
chmod 755 "$work"

# --- packages ---

updated=
apt() { apt-get -q -o DPkg::Lock::Timeout=600 "$@"; }
update() { [ -n "$updated" ] || apt update; updated=yes; }
add() { did "installing $*"; apt install -y --no-install-recommends --allow-downgrades "$@"; }
candidate() { apt-cache policy "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }
known() { [ -n "$(candidate "$1")" ]; }
those_known() { for package; do if known "$package"; then echo "$package"; fi; done; }
# Writes standard input to FILE if that differs. Not for the end of a pipe: $changed would be lost.
put() { # FILE
  cat >"$work/put"
  cmp -s "$work/put" "$1" && return
  did "writing $1"
  mkdir -p "$(dirname "$1")"
  install -m 644 "$work/put" "$1"
  case $1 in /etc/apt/sources.list.d/*) updated= ;; esac
}

fetch() { # URL FILE: with apt-helper, which uses apt's proxies and is in every image
  case $1 in
    base64:*) printf %s "${1#base64:}" | base64 -d >"$2" ;;
    /*) cp "$1" "$2" ;;
    *)
      if said=$(/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "$1" "$2" 2>&1); then
        got=yes
      else
        got=
      fi
      printf '%s\n' "$said" | public >&2
      [ -n "$got" ]
      ;;
  esac || die "cannot download $(printf '%s' "$1" | public)"
}

# Adds a package source. The keyring has the path from NVIDIA's instructions, so that a user who
# follows them later does not get a conflict between two keys.
repository() { # LIST URL KEY KEYRING
  if [ ! -e "$4" ]; then
    fetch "$3" "$work/key"
    case $(head -c 8 "$work/key" | tr -d '\0') in
      '!<arch>'*) dpkg-deb --fsys-tarfile "$work/key" | tar -xO --wildcards './usr/share/keyrings/*.gpg' ;;
      -----BEG*)
        sed -n '/^-----BEGIN/,/^-----END/p' "$work/key" | sed '1,/^[[:space:]]*$/d; /^=/d; /^-----END/d' | base64 -d
        ;;
      *) cat "$work/key" ;;
    esac >"$work/keyring"
    [ -s "$work/keyring" ] || die "$(printf '%s' "$3" | public) does not contain a key"
    put "$4" <"$work/keyring"
  fi
  echo "deb [signed-by=$4] ${2%/} /" >"$work/list"
  put "/etc/apt/sources.list.d/$1.list" <"$work/list"
}

# Adds the missing components to the distribution's package sources: repeats their entries with
# these components in separate files.
components() { # COMPONENT…
  # shellcheck disable=SC2016 # apt fills these in
  apt-get indextargets --format '$(SOURCESENTRY) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
    awk -v wanted="$*" '$1 !~ /homelab-gpu/ && ($3 == "Debian" || $3 == "Ubuntu") { has[$1] = has[$1] " " $2 " " }
      END { n = split(wanted, w, " "); for (entry in has) { lacks = ""
        for (i = 1; i <= n; i++) if (!index(has[entry], " " w[i] " ")) lacks = lacks " " w[i]
        if (lacks != "") print entry lacks } }' | sort >"$work/lacking"
  : >"$work/list"
  : >"$work/sources"
  while read -r entry lacks; do
    file=${entry%:*} n=${entry##*:}
    case $file in
      *.sources)
        grep -v '^#' "$file" | awk -v n="$n" 'BEGIN { RS = ""; ORS = "\n\n" } NR == n' |
          sed "s/^Types:.*/Types: deb/; s/^Components:.*/Components: $lacks/" >>"$work/sources"
        ;;
      *) sed -n "${n}p" "$file" | sed -E "s/^(deb +(\[[^]]*\] *)?[^ ]+ +[^ ]+) .*/\1 $lacks/" >>"$work/list" ;;
    esac
  done <"$work/lacking"
  if [ -s "$work/sources" ]; then put /etc/apt/sources.list.d/homelab-gpu-components.sources <"$work/sources"; fi
  if [ -s "$work/list" ]; then put /etc/apt/sources.list.d/homelab-gpu-components.list <"$work/list"; fi
}

# --- driver ---

kernels() {
  for image in /boot/vmlinuz-*; do if [ -e "$image" ]; then echo "${image#/boot/vmlinuz-}"; fi; done | sort -V
}
kernel=$(kernels | tail -n 1) # the kernel of the next boot

# In Debian's packages the file of nvidia is nvidia-current-open.ko or nvidia-current.ko. modprobe
# finds it through its configuration, modinfo does not.
module_info() { # FIELD
  module=$(modprobe -S "$kernel" --show-depends nvidia 2>/dev/null |
    sed -nE 's/^(install .* -i |insmod .*\/)(nvidia[a-z-]*).*/\2/p' | tail -n 1)
  modinfo -k "$kernel" -F "$1" "${module:-nvidia}" 2>/dev/null
}

driver_lacks() { # prints what is missing, as a message
  [ -n "$kernel" ] || { echo 'there is no kernel in /boot'; return; }
  if ! dkms status -k "$kernel" 2>/dev/null | grep -q '^nvidia.*: installed'; then
    echo "DKMS has no NVIDIA module installed for the kernel $kernel"
    return
  fi
  version=$(module_info version) || { echo "modinfo finds no module nvidia for the kernel $kernel"; return; }
  # open: Dual MIT/GPL
  case $(module_info license) in NVIDIA) is=proprietary ;; *) is=open ;; esac
  [ "$is" = "$modules" ] || { echo "the installed modules are $is, not $modules"; return; }
  case $version in
    "${branch:-${version%%.*}}".*) ;;
    *) echo "the driver is $version, not of branch $branch"; return ;;
  esac
  command -v nvidia-smi >/dev/null || { echo 'nvidia-smi is missing'; return; }
  [ -n "$(find /usr/lib -name "libnvidia-ml.so.$version")" ] ||
    echo "the libraries do not have the version of the module, $version"
}

# Prints the end of the build log and the compiler's errors, then fails.
no_module() {
  # shellcheck disable=SC2012 # names without blanks
  log=$(ls -t /var/lib/dkms/nvidia*/*/build/make.log 2>/dev/null | head -n 1)
  if [ -n "$log" ]; then
    say "the end of $log:"
    tail -n 20 "$log" >&2
    say "the driver's module does not build for the kernel $kernel: one of the two is too new for the other." \
      "The compiler's errors:"
    grep -m 3 -E '\b(fatal error|error|ERROR): |\*\*\* ' "$log" >&2 || true
  fi
  die "$1"
}

# Pins one version for the module and all its libraries; with two, nvidia-smi says "Driver/library
# version mismatch". Debian 12 has 535.309.01, but the open module only as 535.261.03.
pin() { # VERSION: a pattern, or nothing
  {
    echo '# from homelab-gpu: one version for the driver and all its libraries'
    if [ -n "$1" ]; then printf 'Package: *nv* *cuda*\nPin: version %s\nPin-Priority: 1001\n\n' "$1"; fi
    # as in the cuda-keyring package: prefer NVIDIA's version of a package to the distribution's
    if [ "$source" = nvidia ]; then printf 'Package: *\nPin: release l=NVIDIA CUDA\nPin-Priority: 600\n'; fi
  } >"$work/pin"
  put /etc/apt/preferences.d/homelab-gpu-nvidia <"$work/pin"
}

# Packages of the module and of the libraries for computing, without X: docs.nvidia.com, Driver
# Installation Guide, "Compute-only System".
driver_packages() {
  case $distro-$source-$modules in
    debian*-nvidia-open) echo nvidia-kernel-open-dkms nvidia-driver-cuda ;;
    debian*-nvidia-proprietary) echo nvidia-kernel-dkms nvidia-driver-cuda ;;
    debian*-distro-open) echo nvidia-open-kernel-dkms nvidia-smi libcuda1 libnvidia-cfg1 libnvidia-encode1 ;;
    debian*-distro-proprietary) echo nvidia-kernel-dkms nvidia-smi libcuda1 libnvidia-cfg1 libnvidia-encode1 ;;
    ubuntu*)
      # the name contains the branch (nvidia-dkms-580-server-open), except in NVIDIA's repository
      # since 590 (nvidia-dkms-open)
      open=''
      if [ "$modules" = open ]; then open=-open; fi
      kind='(-server)?'
      if [ "$source" = nvidia ]; then kind=''; fi
      numbered=$(apt-cache pkgnames nvidia-dkms- | grep -E "^nvidia-dkms-${branch:-[0-9]+}$kind$open\$" |
        sort -V | tail -n 1)
      if [ "$source" = nvidia ] && [ "${branch:-590}" -ge 590 ]; then numbered=nvidia-dkms$open; fi
      middle=${numbered#nvidia-dkms}
      middle=${middle%"$open"}
      [ -z "$numbered" ] ||
        echo "$numbered nvidia-utils$middle libnvidia-compute$middle libnvidia-decode$middle libnvidia-encode$middle"
      ;;
  esac
}

# Sets $headers: the headers of the installed kernels, and the package that adds the headers of
# later kernels. Mirrors drop the headers of older kernels; only then the newest kernel is installed
# with its headers. Otherwise the kernel stays, since a newer one may be too new for the driver.
kernel_headers() {
  headers=$(for one in $(kernels); do those_known "linux-headers-$one"; done)
  # shellcheck disable=SC2016 # dpkg fills these in
  images=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' 'linux-image-[a-z]*' 2>/dev/null |
    awk '$1 == "ii" && $2 !~ /-unsigned-/ { print $2 "=" $3 }')
  newest=$(those_known "linux-headers-$kernel")
  for image in $images; do
    next=linux-headers-${image#linux-image-}
    if [ -z "$newest" ]; then
      headers="$headers ${image%=*} ${next%=*}"
    elif apt-cache show "$next" >/dev/null 2>&1; then
      headers="$headers $next"
    fi
  done
}

install_driver() {
  update
  case $distro-$source in
    debian*-distro) components contrib non-free non-free-firmware ;;
    debian*-nvidia) components contrib ;;
    ubuntu*-distro) components restricted multiverse ;; # the component of a branch depends on the release
  esac
  if [ "$source" = nvidia ]; then
    repository "cuda-$distro-x86_64" "$driver_repo" "$driver_key" /usr/share/keyrings/cuda-archive-keyring.gpg
  fi
  update
  pin "${branch:+$branch.*}"
  packages=$(driver_packages)
  first=${packages%% *}
  version=
  if [ -n "$first" ]; then version=$(candidate "$first"); fi
  case $version in
    "${branch:-${version%%.*}}".*) ;;
    *)
      die "no driver${branch:+ of branch $branch} with $modules modules for $distro in the packages of" \
        "$source${version:+, which have $version}"
      ;;
  esac
  upstream=${version%-*}
  pin "$upstream-*"

  kernel_headers
  # shellcheck disable=SC2086 # words
  add $headers dkms make gcc openssl kmod
  kernel=$(kernels | tail -n 1)
  [ -e "/lib/modules/$kernel/build/Makefile" ] || die "kernel headers for kernel $kernel cannot be found"

  # shellcheck disable=SC2046,SC2086 # words
  add $packages $(those_known nvidia-modprobe) || no_module "the driver's packages could not be installed"
  for one in $(kernels); do
    # the packages build for the running kernel and the newest; this builds for the others
    if [ -e "/lib/modules/$one/build/Makefile" ]; then
      dkms autoinstall -k "$one" >&2 || say "the module is not built for the kernel $one"
    fi
  done
}

# --- toolkit and container engine ---

tools=nvidia-ctk
if [ "$engine" = docker ]; then tools='nvidia-ctk nvidia-container-runtime nvidia-container-runtime-hook'; fi
toolkit_lacks() { for tool in $tools; do command -v "$tool" >/dev/null || echo "$tool is missing"; done; }

install_toolkit() {
  repository nvidia-container-toolkit "$toolkit_repo" "$toolkit_key" \
    /usr/share/keyrings/nvidia-container-toolkit-keyring.gpg
  update
  known nvidia-container-toolkit ||
    die "the repository $(printf '%s' "$toolkit_repo" | public) has no nvidia-container-toolkit"
  add nvidia-container-toolkit
}

# Whether a file contains one JSON object and nothing else. nvidia-ctk writes back only the first
# value of a file, and fails for an empty file (pkg/config/engine/docker/option.go in
# NVIDIA/nvidia-container-toolkit).
readable() { # FILE
  jq -es 'length == 1 and (.[0] | type == "object" and ((.runtimes // {}) | type == "object"))' "$1" \
    >/dev/null 2>"$work/jq"
}
blank() { ! grep -q '[^[:space:]]' "$daemon" 2>/dev/null; }
daemon_lacks() {
  # shellcheck disable=SC2016 # variables of jq
  { ! blank && readable "$daemon" && jq -e --arg default "$default" '(.runtimes.nvidia.path | type == "string")
    and ($default == "no" or ."default-runtime" == "nvidia")' "$daemon" >/dev/null; } ||
    echo "$daemon has no runtime nvidia"
}

kept() { # whether nvidia-ctk kept all settings except its own
  # shellcheck disable=SC2016 # variables of jq
  jq -es --arg default "$default" 'def rest: del(.runtimes.nvidia) | if .runtimes == {} then del(.runtimes) else . end
    | if $default == "yes" then del(."default-runtime") else . end; length == 2 and (.[0] | rest) == (.[1] | rest)' \
    "$work/before" "$work/daemon.json" >/dev/null
}

configure_docker() {
  if blank; then echo '{}' >"$work/before"; else cat "$daemon" >"$work/before"; fi
  cp "$work/before" "$work/daemon.json"
  set -- --runtime=docker --config="$work/daemon.json"
  if [ "$default" = yes ]; then set -- "$@" --set-as-default; fi
  nvidia-ctk runtime configure "$@" >&2 || die "nvidia-ctk could not add its runtime: $daemon is unchanged"
  kept || die "nvidia-ctk changed more than its runtime: $daemon is unchanged"
  # Docker 23 and later
  if dockerd --help 2>/dev/null | grep -q -- '--validate'; then
    dockerd --validate --config-file "$work/daemon.json" >&2 ||
      die "Docker rejects the new settings: $daemon is unchanged"
  fi
  put "$daemon" <"$work/daemon.json"
}

# Podman finds GPUs in a CDI specification, which this unit writes at each boot. Since 1.18 the
# toolkit has its own unit for that.
cdi=/etc/systemd/system/homelab-gpu-cdi.service
cdi_lacks() {
  [ -n "$(find /usr/lib/systemd/system /lib/systemd/system -name nvidia-cdi-refresh.service 2>/dev/null)" ] ||
    [ -e "/etc/systemd/system/multi-user.target.wants/${cdi##*/}" ] ||
    echo 'no unit writes the CDI specification of the GPUs'
}
configure_podman() {
  put "$cdi" <<'UNIT'
[Unit]
Description=Specification of the GPUs for containers (CDI)
Before=podman-restart.service

[Service]
Type=oneshot
ExecStartPre=-/sbin/modprobe nvidia
ExecStart=/usr/bin/nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml

[Install]
WantedBy=multi-user.target
UNIT
  mkdir -p /etc/systemd/system/multi-user.target.wants
  ln -sf "$cdi" /etc/systemd/system/multi-user.target.wants/
}

# --- install ---

command -v jq >/dev/null || { update; add jq; }
# before the build, which takes minutes
[ "$engine" = podman ] || blank || readable "$daemon" ||
  die "$daemon is not a JSON object that settings can be added to; it is unchanged. $(cat "$work/jq")"

if [ "$source" != host ]; then
  put "$nouveau" <<'CONF'
# from homelab-gpu: the card is for NVIDIA's driver
blacklist nouveau
options nouveau modeset=0
CONF
  if [ -n "$(driver_lacks)" ]; then install_driver; fi
  lacks=$(driver_lacks)
  [ -z "$lacks" ] || no_module "$lacks"
fi
if [ -n "$(toolkit_lacks)" ]; then install_toolkit; fi
lacks=$(toolkit_lacks)
[ -z "$lacks" ] || die "$lacks"
engine_lacks() { if [ "$engine" = podman ]; then cdi_lacks; else daemon_lacks; fi; }
if [ -n "$(engine_lacks)" ]; then "configure_$engine"; fi
lacks=$(engine_lacks)
[ -z "$lacks" ] || die "$lacks"

# a GPU partition has only a CDI name; Docker enables CDI by default since 28.2
if [ "$source" = host ] && [ "$engine" = docker ]; then
  jq '.features.cdi = true' "$daemon" >"$work/cdi"
  put "$daemon" <"$work/cdi"
fi

# the initramfs may contain nouveau too
if [ "$source" != host ] && command -v update-initramfs >/dev/null; then
  for one in $(kernels); do
    if [ -n "$(find "/boot/initrd.img-$one" ! -newer "$nouveau" 2>/dev/null)" ]; then
      did "rebuilding the initramfs of $one"
      update-initramfs -u -k "$one" >&2
    fi
  done
fi
# dockerd looks for the toolkit only when it starts
if [ "$engine$changed" = dockeryes ] && [ -d /run/systemd/system ] && command -v dockerd >/dev/null; then
  systemctl restart docker
fi

if [ "$source" = host ]; then
  say "no driver: the guest uses its host's driver"
else
  say "driver $(module_info version), $modules modules, built for the kernel $kernel"
fi
has='Docker has the runtime nvidia'
if [ "$engine" = podman ]; then has="Podman gets CDI's specification at each start"; fi
say "$(nvidia-ctk --version | head -n 1), and $has"
[ -n "$changed" ] || say 'everything is installed: nothing was changed'

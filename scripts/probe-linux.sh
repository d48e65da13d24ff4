#!/bin/sh
# Prints what matters on this Linux host for passing a GPU to a VM, without judging it.
#
#   sh probe-linux.sh           reads this host; root can read more
#   HOMELAB_GPU_ASK='NAME…'     which of packer and libvirt to run; default: both
#   HOMELAB_GPU_HARDWARE=yes    leaves out the processes that use cards, and the firewall
#   sh probe-linux.sh ROOT      reads the folders ROOT/sys, ROOT/proc, ROOT/etc …; runs no program
#
# It changes nothing and reads no secret. It leaves out serial numbers, MAC addresses, host and user
# names, so the output can be published. The first line is the name and version of this format. Then
# come sections: a line [NAME], then lines KEY:VALUE. A key can occur more than once. A fact that
# could not be read has no line. If one grep reads many files, KEY is the path below the section's
# folder. Needs a POSIX shell, grep, sed, awk and ls (busybox is enough).

LC_ALL=C
# no update checks by Vagrant and Packer
CHECKPOINT_DISABLE=1
VAGRANT_CHECKPOINT_DISABLE=1
export LC_ALL CHECKPOINT_DISABLE VAGRANT_CHECKPOINT_DISABLE
unset CDPATH
root=${1:-}
root=${root%/}
live=
[ -n "$root" ] || live=yes
# some folders are entered to learn where a link leads: that needs no fork
begun=$PWD
case $root in '' | /*) ;; *) root=$begun/$root ;; esac
sys=$root/sys
proc=$root/proc

section() { printf '[%s]\n' "$1"; }
fact() { printf '%s:%s\n' "$1" "$2"; }
text() { # TEXT: all its lines
  if [ -n "$1" ]; then printf '%s\n' "$1"; fi
}
# The helpers below return their result in $value, since a command substitution costs a fork.
line() { # FILE: its first line
  value=
  [ -r "$1" ] && IFS= read -r value 2>/dev/null <"$1"
  [ -n "$value" ]
}
file() { # KEY FILE
  if line "$2"; then fact "$1" "$value"; fi
}
has_line() { # TEXT FILE
  [ -r "$2" ] || return 1
  while IFS= read -r value; do
    [ "$value" = "$1" ] && return 0
  done 2>/dev/null <"$2"
  return 1
}
readable() { [ -f "$1" ] && [ -r "$1" ]; } # PATH: whether it is a file that can be read; awk ends at a folder
failed() { # MESSAGE
  printf '%s\n' "$1" >&2
  exit 1
}
names() { # PATH…: the names of those that exist
  value=
  for path; do
    if [ -e "$path" ] || [ -L "$path" ]; then value="$value ${path##*/}"; fi
  done
  value=${value# }
  [ -n "$value" ]
}
# the folders of programs: those of PATH, and root's; each once, since most programs are in none of them
folders=
IFS_before=$IFS
IFS=:
for folder in $PATH /usr/local/sbin /usr/sbin /sbin; do
  [ -d "$folder" ] || continue
  for other in $folders; do
    # shellcheck disable=SC3013 # dash, bash and busybox have -ef; others search a folder twice
    [ "$folder" -ef "$other" ] 2>/dev/null && continue 2
  done
  folders=$folders${folders:+:}$folder
done
IFS=$IFS_before
program() { # NAME: its path
  IFS_before=$IFS
  IFS=:
  for folder in $folders; do
    value=$folder/$1
    if [ -f "$value" ] && [ -x "$value" ]; then
      IFS=$IFS_before
      return 0
    fi
  done
  IFS=$IFS_before
  return 1
}
# A program that does not answer within $patience seconds is stopped, with status 124 or 137.
# Without timeout(1) there is no limit.
patience=8
case ${HOMELAB_GPU_TIMEOUT_FACTOR:-} in
  0* | *[!0-9]* | ????* | '') ;;
  *) patience=$((patience * HOMELAB_GPU_TIMEOUT_FACTOR)) ;;
esac
timer=
[ -n "$live" ] && program timeout && timer=$value
limited() { # PROGRAM ARGUMENT…; in a subshell, which becomes the program
  if [ -n "$timer" ]; then exec "$timer" -k 2 "$patience" "$@"; else exec "$@"; fi
}
# PATH of a program: the path if it is in a system folder, else only its name, since other paths can
# contain names of people.
public() { # PATH
  case $1 in
    */home/* | */Users/*) value=…/${1##*/} ;;
    /usr/* | /bin/* | /sbin/* | /opt/* | /snap/bin/* | /nix/store/* | /run/current-system/* | /run/wrappers/* | \
      /gnu/store/*) value=$1 ;;
    *) value=…/${1##*/} ;;
  esac
}
target() { # PATH of a folder: where its links lead
  value=
  cd -P "$1" 2>/dev/null && value=$PWD
}
functions() { # PATH in /sys/devices: the PCI functions in this path, the nearest last
  value=
  rest=$1/
  while [ -n "$rest" ]; do
    part=${rest%%/*}
    rest=${rest#*/}
    case $part in
      *[!0-9a-f:.]*) ;;
      ????*:??:??.?) value="$value $part" ;;
    esac
  done
  value=${value# }
}

echo 'homelab-gpu-probe 1 linux'
release=
line "$proc/sys/kernel/osrelease" && release=$value
# What one awk prints of many files: a program for each file would take several times as long.
#
# Of the arguments of the kernel, the lines that configure drivers, modules and the initramfs, and
# the mount points, it prints only what matters here, since the rest can contain names of hosts,
# disks and people, serial numbers and addresses.
unread=
set --
for path in "$proc/self/mountinfo" "$proc/interrupts" "$proc/iomem" "$proc/net/route" "$proc/bus/input/devices"; do
  # (the last one never ends for a reader that reads single bytes, such as the shell's read)
  readable "$path" && set -- "$@" "$path"
done
readable "$proc/net/route" && for path in "$proc/net/ipv6_route" "$proc/net/pppoe"; do
  readable "$path" && set -- "$@" "$path"
done
set -- "$@" of=arguments
for path in "$proc/cpuinfo" "$proc/meminfo" "$proc/spl/kstat/zfs/arcstats" "$proc/cmdline" "$root/etc/default/grub" "$root"/etc/default/grub.d/*.cfg \
  "$root/etc/kernel/cmdline" "$root"/etc/kernel/cmdline.d/*.conf "$root"/etc/cmdline.d/*.conf \
  "$root"/boot/loader/entries/*.conf \
  "$root"/boot/efi/loader/entries/*.conf "$root"/efi/loader/entries/*.conf "$root/etc/kernelstub/configuration" \
  "$root"/usr/share/limine-entry-tool.d/*.conf "$root/etc/limine-entry-tool.conf" \
  "$root"/etc/limine-entry-tool.d/*.conf "$root/etc/default/limine" "$root/etc/update-extlinux.conf" \
  "$root/etc/sdboot-manage.conf" "$root"/usr/lib/sdboot-manage.conf.d/*.conf \
  "$root"/etc/sdboot-manage.conf.d/*.conf "$root/boot/refind_linux.conf" \
  "$root/boot/limine.conf" "$root/boot/limine/limine.conf" "$root"/boot/EFI/*limine/limine.conf \
  "$root/boot/EFI/BOOT/limine.conf" "$root/boot/efi/limine.conf" "$root/boot/efi/limine/limine.conf" \
  "$root"/boot/efi/EFI/*limine/limine.conf "$root/boot/efi/EFI/BOOT/limine.conf" "$root/efi/limine.conf" \
  "$root/efi/limine/limine.conf" "$root"/efi/EFI/*limine/limine.conf "$root/efi/EFI/BOOT/limine.conf" \
  "$root/etc/default/efibootmgr-kernel-hook"; do
  if readable "$path"; then
    set -- "$@" "$path"
  elif [ -e "$path" ] && ! [ -d "$path" ]; then
    unread="$unread ${path#"$root"}"
  fi
done
# folders of boot loaders that only root may list
for path in "$root/boot" "$root/boot/loader/entries" "$root/boot/efi" "$root/efi"; do
  [ -d "$path" ] && ! { [ -r "$path" ] && [ -x "$path" ]; } && unread="$unread ${path#"$root"}/…"
done
set -- "$@" of=kernel
# NixOS has the running kernel's modules in another folder
modules=$root/lib/modules/$release
[ -d "$modules" ] || modules=$root/run/booted-system/kernel-modules/lib/modules/$release
for path in "$root/boot/config-$release" "$modules/modules.builtin" "$modules/modules.dep"; do
  [ -n "$release" ] && readable "$path" && set -- "$@" "$path"
done
guests_files='/etc/default/libvirt-guests /etc/sysconfig/libvirt-guests /etc/conf.d/libvirt-guests'
if [ -n "$live" ]; then
  set -- "$@" of=process
  for path in /proc/self/limits /proc/self/status /etc/group; do
    readable "$path" && set -- "$@" "$path"
  done
  # the default of the program, then its configuration file
  set -- "$@" of=guests
  for path in /usr/lib/libvirt/libvirt-guests.sh /usr/libexec/libvirt-guests.sh $guests_files; do
    readable "$path" && set -- "$@" "$path"
  done
  set -- "$@" of=firewall
  for path in /etc/ufw/ufw.conf /etc/default/ufw /etc/libvirt/network.conf; do
    readable "$path" && set -- "$@" "$path"
  done
fi
set -- "$@" of=configured
of_read=/
[ -d "$root/etc" ] && for path in "$root"/etc/modprobe.d/*.conf "$root"/run/modprobe.d/*.conf \
  "$root"/usr/local/lib/modprobe.d/*.conf "$root"/usr/lib/modprobe.d/*.conf "$root"/lib/modprobe.d/*.conf "$root/etc/modules" "$root"/etc/modules-load.d/*.conf \
  "$root/etc/initramfs-tools/modules" "$root/etc/dracut.conf" "$root"/etc/dracut.conf.d/*.conf \
  "$root"/usr/lib/dracut/dracut.conf.d/*.conf "$root"/usr/lib/dracut/modules.d/*vfio*/*.sh \
  "$root/etc/mkinitcpio.conf" "$root"/etc/mkinitcpio.conf.d/*.conf "$root"/etc/mkinitcpio.d/*.preset \
  "$root/etc/kernel/install.conf" "$root"/etc/udev/rules.d/*.rules "$root"/usr/lib/udev/rules.d/*nvidia*.rules \
  "$root"/lib/udev/rules.d/*nvidia*.rules "$root"/etc/driverctl.d/* "$root"/etc/initramfs-tools/scripts/*/* \
  "$root"/etc/initcpio/hooks/* "$root"/etc/systemd/system/*.service "$root/etc/rc.local" \
  "$root"/etc/nixos/*.nix "$root"/etc/nixos/*/*.nix "$root"/etc/nixos/*/*/*.nix; do
  # modprobe and dracut read one file of a name: the folders are in their order
  case $path in
    */modprobe.d/* | */dracut.conf.d/*)
      [ -e "$path" ] || continue
      part=${path%/*}
      part=${part##*/}/${path##*/}
      case $of_read in */"$part"/*) continue ;; esac
      of_read=$of_read$part/
      ;;
  esac
  readable "$path" && set -- "$@" "$path"
done
loaded=
[ -d "$root/etc/nixos" ] && names "$sys"/module/* && loaded=$value
# The texts are separated by tabs, which none of them contains. The first line of each is its name.
texts=$(awk -v root="$root" -v loaded=" $loaded " '
  function out(to, text) {
    if (to != now) print (now == "" ? "" : "\t") to
    now = to
    gsub(/\t/, " ", text)
    print text
  }
  BEGIN {
    argument = "^((intel_|amd_)?iommu=|acpi=off$|intremap=|nointremap$|no(l)?apic$|iommu[.]|vfio|pci=|pcie|pci[-_]stub[.]ids=|" \
      "video=|nomodeset$|initcall_blacklist=|(modprobe[.]|module_)?blacklist=|rd[.]driver|(default_)?hugepage|" \
      "(nouveau|nvidia[-_a-z]*|amdgpu|i915|xe|kvm[_a-z]*|fbcon)[.=]|fbcon|kvm|efi=|vga=|" \
      "BOOT_IMAGE=|boot=(live|casper)$|rd[.]live[.]image$|(archiso|miso)basedir=|overlayroot=tmpfs|" \
      "snapd_recovery_mode=run$)"
    driver = "^(vfio|nouveau|nova|nvidia|amdgpu|radeon|i915|xe$|snd.hda.intel|xhci|i2c.nvidia|pci.stub)"
    n = split("/ /boot /boot/efi /boot/firmware /efi /etc /gnu /home /media /mnt /nix /nix/store /opt /ostree /root " \
      "/run /run/media /srv /sysroot /tmp /usr /usr/local /var /var/cache /var/lib /var/lib/containers " \
      "/var/lib/docker /var/lib/libvirt /var/lib/libvirt/images /var/lib/vz /var/log /var/tmp", part, " ")
    for (i = 1; i <= n; i++) known[part[i]]
  }
  # at the end of a file
  function finish(    i) {
    if (name == "/proc/self/mountinfo") {
      if (container != "") out("container", "container:" container)
      if (docker) out("docker", "yes")
      # the files of an image by OSTree are on the disk that is mounted at /sysroot
      if (sysroot != "" && "overlay composefs" in first) first["overlay composefs"] = first[sysroot]
      if (types["/"] ~ /^(tmpfs|ramfs|rootfs)$/ || types["/"] == "overlay" && in_memory(upper)) out("mounts", "memory")
      for (i = 1; i <= mounts; i++) out("mounts", first[order[i]] points[order[i]])
    }
    if (name == "/etc/group") {
      # a group that is not in the file has its name from elsewhere: id knows it
      for (i in gids) uid = ""
      if (uid != "") out("user", uid user)
    }
    if (name == "/proc/cpuinfo" && processors) out("arguments", "count:" processors)
    if (binds != "") out("configured", binds ":driver_override" addresses)
    binds = addresses = held = variable = ""
  }
  END {
    finish()
    for (i in servers) out("servers", i)
  }
  FNR == 1 {
    finish()
    name = substr(FILENAME, length(root) + 1)
    short = name
    if (of == "arguments") {
      if (name == "/proc/cpuinfo") out(of, "[cpu]")
      else if (name == "/proc/meminfo") out(of, "[memory]")
      else if (name ~ /\/arcstats$/) name = "arcstats"
      else {
        if (!arguments++) out(of, "[kernel-arguments]")
        out(of, (name == "/proc/cmdline" ? "read:" : "configuration:") public_name(name))
      }
      is_grub = name ~ /^\/etc\/default\/grub/
      is_entry = name ~ /\/loader\/entries\//
      is_quoted = is_grub || name ~ /^\/etc\/(kernel\/cmdline|cmdline[.]d)/
    } else if (of == "kernel") {
      sub(/.*\//, "", short)
      out(of, "read:" short)
    } else if (of == "guests") {
      if (name ~ /^\/etc\//) out(of, "guests-file:" name)
    } else if (of == "configured") {
      sub(/^\/etc\//, "", short)
      shown = short
      script = short ~ /(^dracut|^mkinitcpio|\/dracut[.]conf[.]d\/)/
      nix = short ~ /^nixos\//
      own = nix || short ~ /^(initramfs-tools\/scripts|initcpio|systemd|rc[.]local)|\/dracut\/modules[.]d\//
      if (nix) sub(/^nixos\/.*\//, "nixos/…/", shown)
      if (own && short !~ /(vfio|gpu|pci|passthrough|(^|\/)(hardware-)?configuration)[^\/]*$|^rc[.]local$/)
        sub(/[^\/]*$/, "…", shown)
      depth = inside = list = ended = comment = 0
      attribute = ""
    }
  }

  # Every mount point on a disk. If the path contains names that a person chose, only the known
  # folder above is printed. Loop devices are files of other mount points.
  function shown_point(point,    above) {
    above = point
    while (!(above in known)) if (!sub(/\/[^\/]*$/, "", above) || above == "") above = "/"
    return above == point ? point : (above == "/" ? "" : above) "/…"
  }
  # whether a folder of an overlay is on a file system in memory: the mount point above it decides
  function in_memory(folder) {
    for (; folder != ""; sub(/\/[^\/]*$/, "", folder))
      if (folder in types) return types[folder] ~ /^(tmpfs|ramfs)$/
    return 0
  }
  name == "/proc/self/mountinfo" {
    # containers without systemd: CRI-O leaves no marker, containerd only the path of its root file system, and LXC the
    # files of lxcfs
    if ($5 ~ /^\/proc\/(cpuinfo|meminfo)$/ && / - fuse[.]lxcfs /) container = "lxc"
    if ($5 == "/dev/termination-log") container = "kubernetes"
    if (container == "" && $5 == "/" && / - overlay .*upperdir=[^, ]*\/(containerd|nerdctl)\//) container = "containerd"
    if (/ \/etc\/(hostname|hosts|resolv[.]conf) /) docker = 1
    for (i = 7; i < NF && $i != "-"; i++);
    if (i + 2 > NF) next
    type = $(i + 1)
    types[$5] = type
    if ($5 == "/" && $6 ~ /^ro(,|$)/) out("mounts", "read-only")
    if ($5 == "/") upper = match($0, /[ ,]upperdir=[^, ]*/) ? substr($0, RSTART + 10, RLENGTH - 10) : ""
    source = $(i + 2)
    if ($5 != "/" && ($3 ~ /^7:/ || $3 ~ /^0:/ && type != "zfs" &&
      (source !~ /^\/dev\// || type ~ /^(fuse|tmpfs|devtmpfs)/ && type != "fuseblk"))) next
    if (type == "zfs") sub(/\/.*/, "", source)
    key = type == "zfs" || $3 ~ /^0:/ ? type " " source : $3
    if (!(key in first)) { first[key] = $3 " " type " " source; order[++mounts] = key }
    if ($5 == "/sysroot") sysroot = key
    point = shown_point($5)
    if (!seen[key, point]++) points[key] = points[key] " " point
    next
  }
  name == "/proc/interrupts" {
    for (i = 1; i <= NF; i++)
      if (match($i, /^(IR-)?(IO-APIC|PCI-MSIX?)/)) {
        kind = substr($i, 1, RLENGTH)
        if (!seen[kind]++) out("interrupts", "interrupt:" kind)
      }
    next
  }
  # a firmware framebuffer is on the nearest PCI function above it in the list
  name == "/proc/iomem" {
    if (match($0, /[0-9a-f]+:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]\.[0-7]/)) device = substr($0, RSTART, RLENGTH)
    if (/: (efifb|BOOTFB|simplefb|vesafb|simpledrm|simple-framebuffer|efi-framebuffer|vesa-framebuffer)/)
      out("framebuffers", "framebuffer:" device " " $NF)
    next
  }
  # The interface of a route to a single host by a gateway can be that of a server: programs of VPNs add one for theirs.
  name == "/proc/net/ipv6_route" {
    if ($1 ~ /^0+$/ && $2 == "00" && $NF != "lo" && !routed[$NF]++) out("routes", $NF)
    if ($2 == "80" && $5 !~ /^0+$/ && $NF != "lo") servers[$NF]
    next
  }
  name == "/proc/net/route" {
    if ($2 == "00000000" && !routed[$1]++) out("routes", $1)
    if ($8 == "FFFFFFFF" && $3 != "00000000") servers[$1]
    next
  }
  # the sessions of PPPoE: Id, Address, Device
  name == "/proc/net/pppoe" {
    if (FNR > 1 && NF == 3) out("sessions", $3)
    next
  }
  name == "/proc/bus/input/devices" {
    if (/^S: Sysfs=/) path = substr($0, 10)
    if (/^H: Handlers=.*sysrq.*kbd/) out("keyboards", path)
    next
  }

  # the kernel and GRUB take off the quotes of a value: vfio-pci.ids="10de:2786"
  function words(key, text,    n, i, part) {
    if (key != "configured" || is_quoted) gsub(/="/, "=", text)
    n = split(text, part, /[][ \t\r"\047;]+/)
    for (i = 1; i <= n; i++)
      if (part[i] ~ argument) {
        # options can follow, and with other values a password
        sub(/^overlayroot=.*/, "overlayroot=tmpfs", part[i])
        # written by GRUB: the path can contain names
        if (part[i] !~ /\/casper\/vmlinuz/) sub(/^BOOT_IMAGE=.*/, "BOOT_IMAGE=…", part[i])
        out("arguments", key ":" part[i])
      }
  }
  # The value without its quotes. It ends at the closing quote, so a comment after it is not read.
  function assigned(text,    i, c, quote, value) {
    for (i = 1; i <= length(text); i++) {
      c = substr(text, i, 1)
      if (c == "\\" && quote != "\047") { i++; c = substr(text, i, 1); value = value (c ~ /["\047]/ ? c : "\\" c) }
      else if (quote != "") { if (c == quote) quote = ""; else value = value c }
      else if (c ~ /["\047]/) quote = c
      else if (c ~ /[ \t;&|]/) break
      else value = value c
    }
    unclosed = quote
    return value
  }
  # Only the kernel version of the name of a boot entry. Before it is the machine id, or a name that
  # a person chose.
  function public_name(file,    version) {
    if (file !~ /\/loader\/entries\//) return file
    version = match(file, /-[0-9]+[.][0-9][^\/]*[.]conf$/) ? substr(file, RSTART) : ".conf"
    sub(/[^\/]*$/, "…", file)
    return file version
  }
  name == "/proc/cpuinfo" {
    if (!/^(processor|vendor_id|model name|address sizes|flags)[ \t]*:/) next
    split($0, part, /[ \t]*:[ \t]*/)
    if (part[1] == "processor") processors++
    else if (part[1] == "vendor_id" && !vendor++) out(of, "vendor:" part[2])
    else if (part[1] == "model name" && !model++) out(of, "model:" part[2])
    else if (part[1] == "address sizes" && !sizes++) out(of, "address-sizes:" part[2])
    else if (part[1] == "flags" && !flags++) {
      out(of, "flags-read:yes")
      n = split(part[2], flag, " ")
      for (i = 1; i <= n; i++) if (flag[i] ~ /^(vmx|svm|hypervisor|lm)$/) out(of, "flag:" flag[i])
    }
    next
  }
  name == "/proc/meminfo" {
    split($0, part, /[ \t]*:[ \t]*/)
    if (part[1] ~ /^(MemTotal|MemAvailable|SwapTotal|Hugepagesize|HugePages_Total|HugePages_Free)$/)
      out(of, sprintf("%s:%.0f", part[1], part[2]))
    next
  }
  # the cache of ZFS, which MemAvailable counts as used
  name == "arcstats" {
    if ($1 ~ /^(size|c_min)$/) out(of, sprintf("arc-%s:%.0f", $1 == "size" ? "size" : "min", $3 / 1024))
    next
  }
  name == "/proc/cmdline" { words("running", $0); next }
  of == "arguments" && is_grub {
    text = $0
    if (variable != "") text = held text
    else if (text ~ /^[ \t]*(export[ \t]+)?GRUB_CMDLINE_LINUX[A-Z_]*[+]?=/) {
      sub(/^[ \t]*(export[ \t]+)?/, "", text)
      variable = text
      sub(/[+]?=.*/, "", variable)
      adds = substr(text, length(variable) + 1, 1) == "+"
      sub(/^[^=]*=/, "", text)
      out(of, "grub:" variable " " substr(text, 1, 1))
    } else {
      if (text ~ /^[ \t]*GRUB_ENABLE_BLSCFG=.*true/) out(of, "bls:yes")
      next
    }
    # a value can continue on the next line
    if (text ~ /\\$/) { held = substr(text, 1, length(text) - 1); next }
    value = assigned(text)
    if (unclosed != "") { held = text " "; next }
    if (adds || value ~ "[$][{]?" variable "([^A-Z_]|$)") out(of, "grub-adds:" variable)
    words("configured", value)
    variable = ""
    next
  }
  of == "arguments" && is_entry {
    if (/^options/) {
      words("entry", $0)
      if (/[$]kernelopts/) out(of, "unread:/boot/grub2/grubenv")
    }
    next
  }
  of == "arguments" {
    if (!/^[ \t]*#/) words("configured", $0)
    next
  }

  of == "kernel" {
    if (/^CONFIG_(INTEL_IOMMU|AMD_IOMMU|IOMMU_DEFAULT|VFIO|DRM_SIMPLEDRM|SYSFB_SIMPLEFB)[A-Z_]*=/) out(of, "built:" $0)
    else if (/\/(vfio-pci|vfio_iommu_type1|tun|bridge|nouveau|nvidia|amdgpu|xhci-pci|snd-hda-intel)\.ko/) {
      sub(/:.*/, ""); sub(/.*\//, ""); sub(/\.ko.*/, "")
      if (short == "modules.builtin") out(of, "builtin:" $0)
      else if (short == "modules.dep") out(of, "available:" $0)
    }
    else if (short == "modules.builtin" && /\/kvm-(intel|amd)\.ko/) {
      sub(/.*\//, ""); sub(/\.ko.*/, "")
      out(of, "builtin:" $0)
    }
    next
  }

  of == "process" {
    if (name ~ /limits$/) {
      if (/^Max locked memory /) out("memlock", "memlock:" ($4 == "unlimited" ? $4 : sprintf("%.0f", $4 / 1024)))
    } else if (name ~ /status$/) {
      if ($1 == "Uid:") uid = $2
      if ($1 == "Gid:") gids[$2]
      if ($1 == "Groups:") for (i = 2; i <= NF; i++) gids[$i]
    } else {
      split($0, part, ":")
      if (part[3] in gids) user = user " " part[1]
      delete gids[part[3]]
    }
    next
  }
  of == "guests" {
    if (sub(/^ON_SHUTDOWN=["\047]?/, "")) {
      match($0, /^[a-z]*/)
      out(of, "on-shutdown:" substr($0, 1, RLENGTH))
    }
    next
  }
  of == "firewall" {
    if (name ~ /ufw[.]conf$/ && /^ENABLED=yes/) out("ufw", "enabled")
    else if (name ~ /\/ufw$/ && sub(/^DEFAULT_FORWARD_POLICY="?/, "")) {
      match($0, /^[A-Z]*/)
      out("policy", substr($0, 1, RLENGTH))
    } else if (name ~ /network[.]conf$/ && match($0, /^ *firewall_backend *= *"[a-z]*"/)) {
      split($0, part, "\"")
      out("backend", "backend:" part[2])
    }
    next
  }

  # Configuration of /etc for binding drivers, loading modules and building the initramfs, as
  # FILE:LINE. Prints only the relevant words of each line, without comments.
  function report(text) {
    gsub(/[ \t]+/, " ", text); sub(/^ /, "", text); sub(/ $/, "", text)
    out("configured", shown ":" text)
  }
  # whether a value continues on the next line, as in the shell
  function is_open(text) {
    return gsub(/[(]/, "", text) > gsub(/[)]/, "", text) || gsub(/"/, "", text) % 2 || gsub(/\047/, "", text) % 2
  }
  # the kernel takes off the quotes of a value, which may contain blanks
  function unquoted(text,    i, c, quote, value) {
    for (i = 1; i <= length(text); i++) {
      c = substr(text, i, 1)
      if (c == "\"") quote = !quote
      else if (!quote || c !~ /[ \t]/) value = value c
    }
    return value
  }
  # NixOS: the modules that the initramfs loads, in their order; its scripts and rules that can bind a card at boot
  nix {
    if (attribute == "" && /^[ \t]*\/[*]/) comment = 1
    if (comment) {
      if (/[*]\//) comment = 0
      next
    }
    sub(/(^|[ \t])#.*/, "")
    if (/initrd[ \t]*=[ \t]*[{]/ && !inside) inside = depth + 1
    # what a condition or another boot entry adds counts only if the running kernel has it
    maybe = /mkIf|specialisation|optionalAttrs|(^|[^A-Za-z])(then|else)([^A-Za-z]|$)/
    if (maybe && !/;[ \t]*$/ || waits) waits = !/[{;[]/
    if ((maybe || waited) && /[{]/ && !/[{][^}]*[}]/ && !within) within = depth + 1
    waited = waits
    if (/initrd[.]kernelModules[ \t]*=/ || inside && /(^|[^A-Za-z.])kernelModules[ \t]*=/) {
      list = 1
      unsure = 0
    }
    if (list) {
      line = ""
      n = split($0, part, "\"")
      for (i = 1; i <= n; i++) {
        if (i % 2) {
          # after the end of a list another one can follow
          if (sub(/.*(\]|[+][+])/, "", part[i])) unsure = 0
          if (part[i] ~ /mkIf|optional|(^|[^A-Za-z])(then|else)([^A-Za-z]|$)/) unsure = 1
          continue
        }
        module = part[i]
        gsub(/-/, "_", module)
        if (part[i] ~ driver && (!unsure && !within || index(loaded, " " module " "))) line = line " " part[i]
      }
      if (line != "") report("initrd.kernelModules+=" line)
      # after one list another one can follow: ] ++ lib.optionals …
      if (/\].*;|^[ \t)]*;/) list = 0
    }
    depth += gsub(/[{]/, "{") - gsub(/[}]/, "}")
    if (depth < inside) inside = 0
    if (depth < within) within = 0
    # a string of several lines begins and ends with two quotes, which also escape $, quotes and backslashes in it
    text = $0
    gsub(/\047\047[$\047\\]/, "", text)
    if (ended) attribute = ""
    begins = attribute == "" && match(text, /[A-Za-z]+[ \t]*=[^\047]*\047\047/)
    if (begins) attribute = substr(text, RSTART, RLENGTH)
    ended = gsub(/\047\047/, "", text) % 2 == !begins
    if (attribute !~ /^(script|rules|extraRules|(pre|post)(Device|LVM|Mount|Boot)Commands)[ \t=]/) next
  }
  # scripts that bind devices: FILE:driver_override ADDRESS…, without an address if they find the devices in another
  # way
  own {
    text = $0
    sub(/(^|[ \t])#.*/, "", text)
    if (text ~ /driver_override|drivers\/vfio-pci\/bind|driverctl/) binds = shown
    while (match(text, /[0-9a-f][0-9a-f][0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[0-9a-f][0-9a-f][.][0-7]/)) {
      addresses = addresses " " substr(text, RSTART, RLENGTH)
      text = substr(text, RSTART + RLENGTH)
    }
    next
  }
  { sub(/\r$/, "") }
  script { sub(/(^|[ \t])#.*/, "") }
  /\\$/ { held = held substr($0, 1, length($0) - 1); next }
  { text = held $0; held = "" }
  script && is_open(text) { held = text " "; next }
  text ~ /^[ \t]*(#|$)/ { next }
  short ~ /modprobe[.]d\// {
    if (text ~ /^[ \t]*options[ \t]/) text = unquoted(text)
    n = split(text, part, /[ \t]+/)
    begin = part[1] == "" ? 2 : 1
    kind = part[begin]; module = part[begin + 1]; line = kind " " module
    gsub(/_/, "-", module)
    if (kind == "options" && (module == "vfio-pci" || module == "pci-stub")) {
      for (i = begin + 2; i <= n; i++)
        if (part[i] ~ /^(ids|disable_vga|disable_idle_d3|enable_sriov|nointxmask|disable_denylist)(=[0-9A-Za-z:,]*)?$/)
          line = line " " part[i]
    } else if (kind == "softdep") {
      about = module ~ driver
      for (i = begin + 2; i <= n; i++) {
        if (part[i] ~ driver) about = 1
        if (part[i] ~ /^(pre|post):$/ || part[i] ~ driver) line = line " " part[i]
      }
      if (!about) next
    } else if (kind != "blacklist" && kind != "install" || module !~ driver && module !~ /^kvm(-intel|-amd)?$/) next
    # a command that does nothing keeps the module out, as hardening guides write it
    else if (kind == "install" && part[begin + 2] ~ /^(\/usr)?\/bin\/(true|false)$/) line = line " " part[begin + 2]
    report(line)
    next
  }
  short ~ /udev\// {
    if (text !~ /vfio|driver_override|[{]remove[}]/) next
    line = ""
    while (match(text, /(ACTION|SUBSYSTEM|KERNELS?|ATTRS?[{](vendor|device|class|driver_override|remove|subsystem_vendor|subsystem_device)[}])[ \t]*[=!:+]?=[ \t]*"[][0-9A-Za-z:.|*?_-]*"/)) {
      line = line (line == "" ? "" : ", ") substr(text, RSTART, RLENGTH)
      text = substr(text, RSTART + RLENGTH)
    }
    report(line)
    next
  }
  short ~ /^driverctl/ { if (text ~ /^[a-z_-]+$/) report(text); next }
  short ~ /^mkinitcpio[.]d/ {
    if (match(text, /^[a-zA-Z_]+(cmdline|config|image|uki)=["\047]?[0-9A-Za-z\/._+-]*/)) {
      text = substr(text, 1, RLENGTH)
      sub(/["\047]/, "", text)
      report(text)
    }
    next
  }
  short ~ /^kernel/ {
    if (match(text, /^(layout|initrd_generator|uki_generator)=[a-z]+/)) report(substr(text, 1, RLENGTH))
    next
  }
  # initramfs-tools gives each line to modprobe: a module and its options
  short ~ /^initramfs-tools\/modules/ {
    n = split(text, part, /[ \t]+/)
    begin = part[1] == "" ? 2 : 1
    line = part[begin]
    if (line !~ driver) next
    for (i = begin + 1; i <= n && part[i] !~ /^#/; i++) if (part[i] ~ /^ids=[0-9A-Za-z:,]*$/) line = line " " part[i]
    report(line)
    next
  }
  # names of modules, and settings of dracut and mkinitcpio
  {
    n = split(text, part, /[ \t"\047()=]+/)
    line = ""
    for (i = 1; i <= n; i++) {
      if (part[i] ~ /^#/) break
      if (part[i] ~ driver) line = line " " part[i]
    }
    if (script) {
      # without quotes: first the name of the setting, then its values
      if (match(text,
        /^[ \t]*(hostonly|uefi|kernel_cmdline|force_drivers|add_drivers|omit_drivers|MODULES|HOOKS)[+]?=/)) {
        key = substr(text, RSTART, RLENGTH)
        if (key ~ /hostonly|uefi/) line = text ~ /=["\047]?yes/ ? "yes" : "no"
        else if (key ~ /kernel_cmdline/) line = "…"
        else if (key ~ /HOOKS/) {
          line = ""
          for (i = 1; i <= n; i++) if (part[i] ~ /^(systemd|udev|modconf|kms)$/) line = line " " part[i]
        } else if (line == "") next
        report(key line)
      }
      next
    }
    if (line != "") report(line)
  }' "$@" /dev/null) || {
  # awk ended at a file: without the rest, "nothing is configured" would be a guess
  for path; do
    case $path in /*) ;; *) continue ;; esac
    grep -c . "$path" >/dev/null 2>&1
    [ $? -le 1 ] || failed "could not read ${path#"$root"}, which the probe needs"
  done
  failed 'awk could not read all files that the probe needs: run it again'
}
# Some shells write long here-documents into files. Without space for them, loops below would read nothing.
value=
IFS= read -r value <<END
whole
$texts
END
[ "$value" = whole ] || failed "this shell could not create a temporary file in ${TMPDIR:-/tmp}: is the disk full?"
of_mounts='' of_container='' of_docker='' of_interrupts='' of_framebuffers='' of_routes='' of_servers='' of_sessions='' of_keyboards=''
of_arguments='' of_kernel='' of_configured='' of_guests='' of_ufw='' of_policy='' of_backend='' of_user='' of_memlock=''
newline='
'
IFS_before=$IFS
IFS='	'
set -f
for value in $texts; do
  text=${value#*"$newline"}
  text=${text%"$newline"}
  case $value in
    mounts"$newline"*) of_mounts=$text ;;
    container"$newline"*) of_container=$text ;;
    docker"$newline"*) of_docker=$text ;;
    interrupts"$newline"*) of_interrupts=$text ;;
    framebuffers"$newline"*) of_framebuffers=$text ;;
    routes"$newline"*) of_routes=$text ;;
    servers"$newline"*) of_servers=$text ;;
    sessions"$newline"*) of_sessions=$text ;;
    keyboards"$newline"*) of_keyboards=$text ;;
    arguments"$newline"*) of_arguments=$text ;;
    kernel"$newline"*) of_kernel=$text ;;
    configured"$newline"*) of_configured=$text ;;
    guests"$newline"*) of_guests=$text ;;
    ufw"$newline"*) of_ufw=$text ;;
    policy"$newline"*) of_policy=$text ;;
    backend"$newline"*) of_backend=$text ;;
    user"$newline"*) of_user=$text ;;
    memlock"$newline"*) of_memlock=$text ;;
  esac
done
set +f
IFS=$IFS_before

section os
if [ -r "$root/etc/os-release" ]; then
  while IFS='=' read -r key text; do
    case $key in
      ID | ID_LIKE | VERSION_ID | VERSION_CODENAME | UBUNTU_CODENAME | DEBIAN_CODENAME | PRETTY_NAME)
        text=${text%[\"\']}
        fact "$key" "${text#[\"\']}"
        ;;
    esac
  done <"$root/etc/os-release"
fi
[ -n "$release" ] && fact kernel "$release"
if line "$proc/sys/kernel/arch"; then
  fact arch "$value"
elif [ -n "$live" ]; then
  fact arch "$(uname -m)"
fi
uid=
if [ -n "$live" ]; then
  IFS_before=$IFS
  IFS='=(), '
  groups=' '
  for word in ${of_user:-$(limited id)}; do
    case $word in
      [0-9]*) [ -n "$uid" ] || uid=$word ;;
      libvirt* | kvm | vboxusers | docker | disk | video | render)
        fact group "$word"
        groups="$groups$word "
        ;;
    esac
  done
  # a group that the user joined after this login has no effect yet; root needs none
  if [ "$uid" != 0 ]; then
    for word in $(limited id "$uid" 2>/dev/null); do
      case $groups$word in
        *" $word "*) ;;
        *' libvirt' | *' kvm') fact joined "$word" ;;
      esac
    done
  fi
  IFS=$IFS_before
  fact uid "$uid"
  text "$of_memlock"
  if [ -e /dev/kvm ]; then
    if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then fact kvm-access yes; else fact kvm-access no; fi
    # the user of libvirt's VMs is another one; where id has answered, groups have names at once
    [ -n "$uid" ] && fact kvm-mode "$(stat -L -c '%a %G' /dev/kvm 2>/dev/null)"
  fi
fi
for mark in run/systemd/system run/ostree-booted run/.containerenv run/WSL dev/dxg dev/vfio/vfio dev/kvm \
  dev/net/tun etc/pve; do
  [ -e "$root/$mark" ] && fact exists "/$mark"
done
# A WSL distribution or a VM that was made from an image of Docker has this file too, but not the
# files that Docker mounts into each container.
if [ -e "$root/.dockerenv" ] &&
  { ! [ -r "$proc/self/mountinfo" ] || [ -n "$of_docker" ]; }; then
  fact exists /.dockerenv
fi
for module in kvm_intel kvm_amd; do file "nested-$module" "$sys/module/$module/parameters/nested"; done
# the setting of Asus laptops that turns their NVIDIA or AMD card off
for path in "$sys/devices/platform/asus-nb-wmi/dgpu_disable" \
  "$sys/class/firmware-attributes/asus-armoury/attributes/dgpu_disable/current_value"; do
  if line "$path"; then
    fact dgpu-disable "$value"
    break
  fi
done
for name in sys_vendor product_name board_vendor board_name bios_vendor bios_version chassis_type; do
  file "dmi-$name" "$sys/class/dmi/id/$name"
done
if line "$root/run/systemd/container"; then
  fact container "$value"
elif [ -e "$root/.flatpak-info" ]; then
  fact container flatpak
else
  text "$of_container"
fi
file hypervisor "$sys/hypervisor/type"
# names the control domain of Xen; the file is missing if xenfs is not mounted
file xen-capabilities "$proc/xen/capabilities"
# for people who read a saved host: what libvirt may not open is only known when a VM starts
file apparmor "$sys/module/apparmor/parameters/enabled"
file selinux-enforcing "$sys/fs/selinux/enforce"
file lockdown "$sys/kernel/security/lockdown"
if [ -d "$sys/firmware/efi" ]; then
  fact efi yes
elif [ -d "$sys/firmware" ]; then
  fact efi no
fi
secure=$sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
[ -r "$secure" ] && program od && fact secure-boot "$(od -An -tu1 -j4 -N1 "$secure" 2>/dev/null)"
# the boot loader that started this system, where it says its name: UTF-16 after four bytes of attributes
loader=$sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
# an image with its arguments in it, which the firmware or a boot loader without a name started (systemd-stub(7))
stub=${loader%/*}/StubInfo${loader##*/LoaderInfo}
[ -r "$loader" ] || loader=$stub
[ -r "$loader" ] && program tr && fact loader "$(tr -cd 'A-Za-z0-9. -' 2>/dev/null <"$loader")"

text "$of_arguments"
if [ -n "$unread" ]; then
  section kernel-arguments
  for path in $unread; do
    case $path in */loader/entries/*) path=${path%/*}/….conf ;; esac
    fact unread "$path"
  done
fi
section hugepages
for path in "$sys"/kernel/mm/hugepages/hugepages-*; do
  file "${path##*-}-total" "$path/nr_hugepages"
  file "${path##*-}-free" "$path/free_hugepages"
done

if [ -n "$live" ]; then
  section disk
  cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}
  [ -d "$cache" ] || cache=${HOME:-/}
  images=/var/lib/libvirt/images
  for path in "$images" "$cache" .; do
    while [ ! -d "$path" ]; do
      case $path in
        /*/*) path=${path%/*} ;;
        /*) path=/ ;;
        */*) path=${path%/*} ;;
        *) path=. ;; # a relative path, such as ~
      esac
    done
    set -- "$@" "$path"
  done
  while [ $# -gt 3 ]; do shift; done
  number=0
  while read -r _ _ _ free _; do
    case $number in 1) fact images "$free" ;; 2) fact cache "$free" ;; 3) fact here "$free" ;; esac
    number=$((number + 1))
  done <<END
$(limited df -Pk "$@" 2>/dev/null)
END
fi

section kernel
# an update can remove the modules of the running kernel, and leave those of another kernel
[ -n "$release" ] && [ ! -d "$modules" ] && names "$root"/lib/modules/*/modules.dep && fact modules missing
text "$of_kernel"
for name in vfio_pci vfio_iommu_type1 nvidia nvidia_drm nouveau amdgpu radeon i915 xe kvm kvm_intel kvm_amd tun \
  bridge; do
  [ -d "$sys/module/$name" ] && fact loaded "$name"
done
file vfio_pci.disable_idle_d3 "$sys/module/vfio_pci/parameters/disable_idle_d3"
file vfio_iommu_type1.allow_unsafe_interrupts "$sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
file nvidia-version "$sys/module/nvidia/version"
# REFERENCES MODULES: what uses the driver of a card, and how many of these are other modules; the others are open
# device nodes, also those of processes that only root can see
for name in nvidia nvidia_uvm nvidia_modeset nvidia_drm nouveau amdgpu radeon i915 xe; do
  line "$sys/module/$name/refcnt" || continue
  references=$value
  names "$sys/module/$name"/holders/*
  # shellcheck disable=SC2086 # names without spaces
  set -- $value
  fact "users-$name" "$references $#"
done

section configured
text "$of_configured"

section iommu
if [ -d "$sys/class/iommu" ]; then
  names "$sys"/class/iommu/*
  fact units "$value"
fi
for path in "$sys"/class/iommu/*; do
  file "cap-${path##*/}" "$path/intel-iommu/cap"
  file "features-${path##*/}" "$path/amd-iommu/features"
done
if [ -d "$sys/firmware/acpi/tables" ]; then
  names "$sys"/firmware/acpi/tables/[A-Z]*
  fact acpi-tables "$value"
fi
[ -d "$sys/firmware/devicetree" ] && fact devicetree yes
if [ -r "$proc/interrupts" ]; then
  fact interrupts-read yes
  text "$of_interrupts"
fi
if [ -d "$sys/kernel/iommu_groups" ]; then
  fact groups-read yes
  for path in "$sys"/kernel/iommu_groups/*/devices/*; do
    [ -L "$path" ] || [ -e "$path" ] || continue
    group=${path%/devices/*}
    printf 'group:%s %s\n' "${group##*/}" "${path##*/}"
  done
  # the type of each group, and its reserved regions that are mapped one to one (direct)
  section iommu-groups
  # shellcheck disable=SC2035 # the names are numbers: none begins with a dash
  if cd "$sys/kernel/iommu_groups" && names *; then grep -HEs '^[^0]|direct' */type */reserved_regions; fi
fi

section pci
if [ -d "$sys/bus" ] && [ ! -d "$sys/bus/pci" ]; then
  # a machine without PCI, such as a small board
  fact read yes
  fact count 0
elif [ -d "$sys/bus/pci/devices" ]; then
  fact read yes
  # shellcheck disable=SC2035 # the names are PCI addresses: none begins with a dash
  if cd "$sys/bus/pci/devices"; then
    # The attributes and links of all devices, and on standard error the graphics cards and
    # accelerators (cards without display outputs), as DEVICE=GROUP=REGION,…: the regions without an
    # address. GROUP is empty if it was printed for another card.
    {
      cards=$({
        grep -HEs . */class */vendor */device */subsystem_vendor */subsystem_device */revision */driver_override \
          */boot_vga */reset_method */power_state */d3cold_allowed */numa_node */sriov_totalvfs */sriov_numvfs */index */resource
        # shellcheck disable=SC2012 # readlink takes one name per call
        exec ls -ldn * */driver */iommu_group */physfn */vfio-dev/vfio* 2>/dev/null
      } | awk '
        # a line of grep: those of ls begin with a mode
        !/^[a-z-][r-]/ {
          at = index($0, "/resource:")
          if (!at) {
            if ((at = index($0, "/class:")) && substr($0, at) ~ /^.class:0x(03|12)/) {
              gpu[++gpus] = substr($0, 1, at - 1)
              group[gpu[gpus]] = "none"
            }
            print
            next
          }
          path = substr($0, 1, at - 1)
          text = substr($0, at + 10)
          number = ++regions[path]
          if (text !~ /^0x0* 0x0* 0x0*$/) print path "/resource:" number ":" text
          if (number <= 6 && path in group && text ~ /^0x0* 0x0* /) unset[path] = unset[path] "," number - 1
          next
        }
        {
          link = $(NF - 1) == "->"
          path = link ? $(NF - 2) : $NF
          n = split(path, part, "/")
          target = link ? $NF : ""
          short = target
          sub(/.*\//, "", short)
        }
        n == 1 {
          device[++count] = path
          if (match(target, /.*devices\//)) print path "/path:devices/" substr(target, RLENGTH + 1)
        }
        n == 2 && link {
          links[path] = short
          if (part[2] != "physfn") print path ":" short
          if (part[2] == "iommu_group" && part[1] in group) group[part[1]] = seen[short]++ ? "" : short
        }
        n == 3 { nodes[part[1]] = nodes[part[1]] part[1] "/vfio-dev:" part[3] "\n" }
        # none for a missing driver or group, so that a missing line only means "not read"
        END {
          for (i = 1; i <= count; i++) {
            path = device[i]
            if (!((path "/driver") in links)) print path "/driver:none"
            if (!((path "/iommu_group") in links)) print path "/iommu_group:none"
            if (path in nodes) printf "%s", nodes[path]
            if ((path "/physfn") in links) print path "/physfn:" links[path "/physfn"]
          }
          print "count:" count + 0
          for (i = 1; i <= gpus; i++) print gpu[i] "=" group[gpu[i]] "=" substr(unset[gpu[i]], 2) > "/dev/stderr"
        }' 2>&1 >&3)
    } 3>&1
    named=
    for gpu in $cards; do
      case $gpu in *=*=*) ;; *) continue ;; esac # a message of awk
      unset=${gpu##*=}
      case $gpu in
        *=none=*) named="$named ${gpu%%=*}" ;;
        *==*) ;;
        *) named="$named ${gpu%%=*}/iommu_group/devices/*" ;;
      esac
      gpu=${gpu%%=*}
      # below a port that the firmware marks as external (Thunderbolt, USB4); since kernel 5.14
      line "$gpu/removable" && fact "$gpu/removable" "$value"
      if [ -e "$gpu/rom" ]; then fact "$gpu/rom" yes; else fact "$gpu/rom" none; fi
      # an empty list means that there are none
      if [ -r "$gpu/resource" ]; then
        IFS_before=$IFS
        IFS=,
        # shellcheck disable=SC2086 # a list with commas
        set -- $unset
        IFS=$IFS_before
        fact "$gpu/unset" "$*"
      fi
      drawn=
      names "$gpu"/drm/* && fact "$gpu/drm" "$value" && drawn=yes
      names "$gpu"/resource*_resize && fact "$gpu/resize" "$value"
      names "$gpu"/mdev_supported_types && fact "$gpu/mdev" yes
      connectors=0
      for connector in "$gpu"/drm/card*/card*-*; do
        case $connector in *-Writeback-*) continue ;; esac # writes to memory, not to a display
        line "$connector/status" || continue
        connectors=$((connectors + 1))
        [ "$value" = connected ] && fact "$gpu/display" "${connector##*/}"
      done
      [ -n "$drawn" ] && fact "$gpu/connectors" "$connectors"
      # a card that fell off the bus returns only ones; a card in D3cold is not woken
      if line "$gpu/power_state" && [ "$value" != D3cold ] && [ -r "$gpu/config" ] && program od; then
        fact "$gpu/config" "$(od -An -tx1 -N4 "$gpu/config" 2>/dev/null)"
      fi
      information=$proc/driver/nvidia/gpus/$gpu/information
      [ -r "$information" ] && while IFS= read -r value; do
        case $value in
          'Device Minor:'*) key=nvidia-minor ;;
          Model:*) key=model ;;
          *) continue ;;
        esac
        value=${value#*:}
        fact "$gpu/$key" "${value#"${value%%[! 	]*}"}"
      done <"$information"
    done
    # the names of these cards and of the other devices in their groups, from the host's pci.ids:
    # VENDOR:NAME, VENDOR/DEVICE:NAME
    for ids in "$root/usr/share/misc/pci.ids" "$root/usr/share/hwdata/pci.ids"; do
      readable "$ids" && break
    done
    if [ -n "$named" ] && readable "$ids"; then
      # (sorted by vendor: awk stops after the last vendor that it needs)
      # shellcheck disable=SC2086 # patterns
      set -- $named
      # shellcheck disable=SC2046 # these names contain no spaces
      grep -HEs . $(printf '%s/vendor\n' "$@") $(printf '%s/device\n' "$@") | awk '
        !known {
          value = substr($0, match($0, /:0x/) + 3, 4)
          path = substr($0, 1, RSTART - 8)
          if (substr($0, RSTART - 7, 7) == "/vendor") of[path] = value
          else if (path in of) {
            device[of[path] value]
            vendor[of[path]]
            if (of[path] > last) last = of[path]
          }
          next
        }
        last == "" { exit }
        !begun++ { print "[pci-names]" }
        /^\t/ {
          if (inside && (now substr($0, 2, 4)) in device) print now "/" substr($0, 2, 4) ":" substr($0, 8)
          next
        }
        /^[0-9a-f]/ {
          now = substr($0, 1, 4)
          if (now > last) exit
          if (inside = now in vendor) print now ":" substr($0, 7)
        }' - known=1 "$ids"
    fi
  fi
fi

section display
if [ -r "$proc/fb" ]; then
  while read -r number name; do fact fb "$number $name"; done <"$proc/fb"
fi
# the devices of the consoles: "(S) VGA+" is text on the boot VGA, "dummy device" is no display
for path in "$sys"/class/vtconsole/*/name; do file console "$path"; done
text "$of_framebuffers"

# Processes that have opened device nodes of graphics cards. Without root, only those of this user.
# Without a driver that has such nodes, no process can have opened one.
runner() { # PID COMMAND: the service or the container that a process belongs to
  while IFS= read -r value; do
    case $value in
      */docker-*.scope* | */docker/*) fact runs-in "$1 docker" ;;
      */libpod-*) fact runs-in "$1 podman" ;;
      */kubepods*) fact runs-in "$1 kubernetes" ;;
      */lxc/* | */lxc.payload*) fact runs-in "$1 lxc" ;;
      */system.slice/*.service)
        value=${value##*/}
        # the name of a service that a person wrote is printed only if it is that of the program
        if [ -e "$root/usr/lib/systemd/system/$value" ] || [ -e "$root/lib/systemd/system/$value" ] ||
          [ "$value" = "$2.service" ]; then
          fact runs-in "$1 $value"
        fi
        ;;
      *) continue ;;
    esac
    return 0
  done 2>/dev/null <"$proc/$1/cgroup"
}
if [ -n "$live" ] && [ -z "${HOMELAB_GPU_HARDWARE:-}" ]; then
  section holders
  if [ "$uid" = 0 ]; then fact seen all; else fact seen own; fi
  # shellcheck disable=SC2012 # hundreds of links: readlink takes one per call
  names "$sys"/module/nvidia "$sys"/class/drm/card* "$sys"/class/drm/render* "$sys"/class/kfd/* "$sys"/class/vfio/* \
    "$sys"/class/vfio-dev/* && { cd "$proc" && ls -ln [0-9]*/fd; } 2>/dev/null | awk '
    /^[0-9]+\/fd:$/ { split($1, part, "/"); pid = part[1] }
    $NF ~ /^\/dev\/(nvidia|dri\/|kfd|vfio\/)/ && !seen[pid $NF]++ { print pid " " $NF }' | {
    before=
    while read -r pid node; do
      line "$proc/$pid/comm" && fact holds "$pid $node $value"
      [ "$pid" = "$before" ] || runner "$pid" "$value"
      before=$pid
    done
  }
fi

# The PCI functions that the host itself needs. `untraced`: the function could not be found. `none`:
# it needs no PCI function. The helpers add functions to $found, and set $lost if a function could
# not be found. `mounts`, `swaps`, `routes` and `keyboards` are the numbers of these lines: a text
# that lost one of them is damaged.
section needs
add() { # the functions of $value
  for on in $value; do
    case " $found " in *" $on "*) ;; *) found="$found $on" ;; esac
  done
}
needs() { # KEY: prints the functions in $found, and counts the lines in $printed
  for on in $found; do
    fact "$1" "$on"
    printed=$((printed + 1))
  done
  if [ -n "$lost" ]; then set -- "$1" untraced; elif [ -z "$found" ]; then set -- "$1" none; else return 0; fi
  fact "$1" "$2"
  printed=$((printed + 1))
}
pool() { # NAME: the disks of a pool of ZFS, which /proc and /sys do not show
  disks=
  [ -n "$live" ] && program zpool &&
    disks=$(limited "$value" list -vHPL "$1" 2>/dev/null </dev/null | awk '$1 ~ "^/" { print $1 }')
  [ -n "$disks" ] || lost=yes
  for disk in $disks; do
    if node "$disk"; then block "$value"; else lost=yes; fi
  done
}
zvol() { # zdNUMBER: a volume of ZFS, which its links name: /dev/zvol/POOL/…
  for link in "$root"/dev/zvol/*/* "$root"/dev/zvol/*/*/* "$root"/dev/zvol/*/*/*/*; do
    # shellcheck disable=SC3013 # dash, bash and busybox have -ef; with others the disks are not found
    if [ -L "$link" ] && [ "$link" -ef "$root/dev/$1" ] 2>/dev/null; then
      link=${link#"$root"/dev/zvol/}
      pool "${link%%/*}"
      return 0
    fi
  done
  lost=yes
}
block() { # MAJOR:MINOR: also through device mapper, RAID and NVMe multipath
  target "$sys/dev/block/$1" || { lost=yes; return 0; }
  path=$value
  functions "$path"
  add
  [ -z "$value" ] || return 0
  # A virtual disk is memory or consists of other disks. An iSCSI disk is on another machine. Any
  # other disk is not on PCI.
  case $path in
    */devices/virtual/block/zram* | */devices/virtual/block/ram[0-9]*) return 0 ;;
    */devices/virtual/block/zd[0-9]*)
      path=${path##*/devices/virtual/block/}
      zvol "${path%%/*}"
      return 0
      ;;
    */devices/virtual/* | */session[0-9]*/*) ;;
    *) return 0 ;;
  esac
  set --
  for slave in "$path"/slaves/*/dev "${path%/*}"/slaves/*/dev; do line "$slave" && set -- "$@" "$value"; done
  case $path in
    */nvme-subsystem/*)
      rest=${path#*/nvme-subsystem/}
      path=${path%"$rest"}${rest%%/*}
      for controller in "$path"/nvme[0-9]*; do
        [ -L "$controller" ] || continue
        target "$controller"
        functions "$value"
        add
        [ -n "$value" ] || lost=yes
      done
      ;;
    *) [ $# -gt 0 ] || lost=yes ;;
  esac
  for slave; do block "$slave"; done
}
node() { # /dev/NAME: its MAJOR:MINOR
  case $1 in
    /dev/mapper/*)
      for path in "$sys"/class/block/dm-*/dm/name; do
        line "$path" && [ "$value" = "${1#/dev/mapper/}" ] && line "${path%/dm/name}/dev" && return 0
      done
      ;;
    /dev/*/*) ;;
    /dev/*) line "$sys/class/block/${1#/dev/}/dev" && return 0 ;;
    *) return 1 ;;
  esac
  # another name of the device, such as /dev/VG/LV
  [ -n "$live" ] && [ -b "$1" ] || return 1
  read -r _ _ _ _ major minor _ <<NODE
$(ls -lnL "$1" 2>/dev/null)
NODE
  value=${major%,}:$minor
}
volume() { # MAJOR:MINOR TYPE SOURCE, as in mountinfo; for ZFS, SOURCE is the name of the pool
  found=
  lost=
  volumes=
  device=$1
  case $2 in
    rootfs | tmpfs | ramfs) return 0 ;;
    zfs)
      pool "$3"
      return 0
      ;;
  esac
  case $device in
    0:*) # btrfs, bcachefs and overlays have no block device of their own: take the source
      rest=$3
      case $2 in
        bcachefs) # the source is a list of disks: /dev/sda:/dev/sdb
          while [ "$rest" != "${rest#*:}" ]; do
            if node "${rest%%:*}"; then volumes="$volumes $value"; else lost=yes; fi
            rest=${rest#*:}
          done
          ;;
      esac
      if ! node "$rest"; then
        lost=yes
        return 0
      fi
      device=$value
      ;;
  esac
  for disk in $volumes; do block "$disk"; done
  block "$device"
  [ "$2" = btrfs ] || return 0
  for member in "$sys"/fs/btrfs/*/devices/*; do
    if line "$member/dev" && [ "$value" = "$device" ]; then
      for disk in "${member%/*}"/*; do line "$disk/dev" && block "$value"; done
    fi
  done
}
if [ -r "$proc/self/mountinfo" ]; then
  printed=0
  while read -r device type source points; do
    [ -n "$device" ] || continue
    # changes to the system are lost at its next boot
    case $device in
      memory | read-only)
        fact root "$device"
        continue
        ;;
    esac
    volume "$device" "$type" "$source"
    for point in $points; do needs "mount-$point"; done
  done <<END
$of_mounts
END
  fact mounts "$printed"
fi
if [ -r "$proc/swaps" ]; then
  printed=0
  while read -r source kind _; do
    [ "$kind" = partition ] || continue # the disk of a swap file is that of its mount point
    volume 0:0 swap "$source"
    needs swap
  done <"$proc/swaps"
  fact swaps "$printed"
fi
carrier() { # INTERFACE: through bridges, bonds and VLANs; clears $lost if it finds a device
  if [ -e "$sys/class/net/$1/device" ]; then
    lost=
    target "$sys/class/net/$1/device"
    functions "$value"
    add
    return 0
  fi
  for lower in "$sys/class/net/$1"/lower_*; do
    [ -L "$lower" ] || [ -e "$lower" ] || continue
    carrier "${lower##*/lower_}"
  done
}
# Whether an interface can be a bridge of Open vSwitch. It has no links to its ports: the interface
# ovs-system has those of all such bridges.
virtual_switch() { # INTERFACE
  [ -e "$sys/class/net/ovs-system" ] && [ ! -e "$sys/class/net/$1/tun_flags" ] &&
    ! names "$sys/class/net/$1"/lower_* && line "$sys/class/net/$1/type" && [ "$value" = 1 ]
}
# The interface below a PPP interface: that of the sessions of PPPoE, if all of them have the same one and each PPP
# interface can be one of them. Other PPP interfaces are those of modems and VPNs.
session() { # INTERFACE
  line "$sys/class/net/$1/type" && [ "$value" = 512 ] || return 1 # ARPHRD_PPP
  below=
  for path in $of_sessions; do
    [ -z "$below" ] || [ "$below" = "$path" ] || return 1
    below=$path
  done
  [ -n "$below" ] || return 1
  # shellcheck disable=SC2086 # a list of names
  set -- $of_sessions
  for path in "$sys"/class/net/*/type; do
    if line "$path" && [ "$value" = 512 ]; then
      [ $# -gt 0 ] || return 1
      shift
    fi
  done
}
# Whether nothing but $found can carry the packets of an interface without a device: a route to a host can also be
# another one than that of the server. Cards that are down carry none; a modem has no device.
only_carrier() { # INTERFACE
  for path in "$sys"/class/net/*; do
    [ "${path##*/}" != "$1" ] || continue
    if [ ! -e "$path/device" ]; then
      line "$path/type" && [ "$value" = 512 ] && return 1 # ARPHRD_PPP
      continue
    fi
    line "$path/operstate" && case $value in down | notpresent) continue ;; esac
    target "$path/device"
    functions "$value"
    [ -n "$value" ] || [ -z "$found" ] || return 1
    for on in $value; do
      case " $found " in *" $on "*) ;; *) return 1 ;; esac
    done
  done
}
if [ -r "$proc/net/route" ]; then
  fact route-read yes
  printed=0
  while read -r interface; do
    [ -n "$interface" ] || continue
    found=
    lost=yes
    carrier "$interface"
    if [ -n "$lost" ] && virtual_switch "$interface"; then carrier ovs-system; fi
    if [ -n "$lost" ] && session "$interface"; then carrier "$below"; fi
    # the packets of a VPN leave by the interface that leads to its server
    if [ -n "$lost" ] && ! names "$sys/class/net/$interface"/lower_*; then
      for server in $of_servers; do [ "$server" = "$interface" ] || carrier "$server"; done
      if [ -z "$lost" ] && ! only_carrier "$interface"; then found='' lost=yes; fi
    fi
    needs route
  done <<END
$of_routes
END
  if [ "$printed" = 0 ]; then
    fact route none
    printed=1
  fi
  fact routes "$printed"
fi
for path in "$sys"/class/net/*/device; do
  [ -e "$path" ] || continue
  name=${path%/device}
  name=${name##*/}
  # a name that contains a MAC address: enx…, wlx…, and names that a person chose
  hex='[0-9a-fA-F]'
  hex=$hex$hex$hex$hex$hex$hex
  # shellcheck disable=SC2295 # a pattern
  case $name in *$hex$hex*) name=${name%%$hex$hex*}… ;; esac
  target "$path"
  functions "$value"
  [ -n "$value" ] && fact interface "${value##* } $name"
done
if [ -r "$proc/bus/input/devices" ]; then
  fact input-read yes
  printed=0
  while read -r path; do
    [ -n "$path" ] || continue
    functions "$path"
    case $path in
      */usb*) fact keyboard "${value##* }" ;;
      *) fact keyboard other ;;
    esac
    printed=$((printed + 1))
  done <<END
$of_keyboards
END
  fact keyboards "$printed"
fi

cd "$begun" 2>/dev/null || cd /

section firmware
for path in "$root"/usr/share/OVMF/OVMF_*.fd "$root"/usr/share/edk2/ovmf/OVMF_*.fd "$root"/usr/share/edk2/x64/OVMF*.fd \
  "$root"/usr/share/edk2-ovmf/x64/OVMF*.fd "$root"/usr/share/qemu/ovmf-x86_64*.bin \
  "$root"/usr/share/edk2-ovmf/OVMF*.fd "$root"/usr/share/edk2/OvmfX64/OVMF*.fd \
  "$root"/usr/share/qemu/edk2-x86_64*-code.fd "$root/usr/share/qemu/edk2-i386-vars.fd" \
  "$root"/run/libvirt/nix-ovmf/OVMF*.fd "$root"/run/libvirt/nix-ovmf/edk2-x86_64*.fd \
  "$root"/run/libvirt/nix-ovmf/edk2-i386-vars.fd; do
  [ -e "$path" ] && fact ovmf "${path#"$root"}"
done
# libvirt finds the daemon for virtiofs by these files (QEMU, docs/interop/vhost-user.json)
virtiofsd=none
for path in "$root"/etc/qemu/vhost-user/*.json "$root"/var/lib/qemu/vhost-user/*.json \
  "$root"/usr/share/qemu/vhost-user/*.json; do
  [ -r "$path" ] || continue
  type='' value=''
  while IFS= read -r row; do
    case $row in
      *'"type"'*'"fs"'*) type=fs ;;
      *'"binary"'*'"'*) value=${row#*'"binary"'} value=${value#*'"'} value=${value%%'"'*} ;;
    esac
  done <"$path"
  if [ "$type" = fs ] && [ -n "$value" ] && [ -x "$root$value" ]; then
    virtiofsd=$value
    break
  fi
done
fact virtiofsd "$virtiofsd"

if [ -n "$live" ]; then
  section programs
  for name in \
    apt-get dnf rpm-ostree pacman zypper transactional-update apk xbps-install emerge pveversion systemctl sudo \
    update-grub grub-mkconfig grub2-mkconfig grubby kernelstub proxmox-boot-tool sdbootutil bootctl kernel-install \
    reinstall-kernels sdboot-manage limine-mkinitcpio limine-dracut limine-update update-extlinux update-initramfs \
    mkinitramfs dracut dracut-rebuild generate-zbm mkinitcpio mkinitfs make-initrd elemental booster genkernel lsinitramfs lsinitrd \
    lsinitcpio packer vagrant virsh libvirtd virtqemud dnsmasq qemu-img qemu-system-x86_64 debootstrap xorriso curl \
    ssh ssh-keygen VBoxManage; do
    if program "$name"; then
      public "$value"
      fact "$name" "$value"
    fi
  done
  # since Ubuntu 25.10 this program belongs to dracut
  program update-initramfs && grep -qs dracut "$value" && fact update-initramfs-of dracut
  # EPEL is a repository that some users of RHEL and similar systems add
  [ -e /etc/yum.repos.d/epel.repo ] && fact epel yes
  # Versions: from file names where possible (vagrant needs most of a second for its plugins).
  # Programs that must be run are run at the same time.
  home=${VAGRANT_HOME:-${HOME:-}/.vagrant.d}
  for path in /usr/share/rubygems-integration/all/gems/vagrant-[0-9l]* /usr/share/gems/gems/vagrant-[0-9l]* \
    /opt/vagrant/embedded/gems/gems/vagrant-[0-9]* /opt/vagrant/embedded/gems/*/gems/vagrant-[0-9]* \
    /usr/lib/ruby/gems/*/gems/vagrant-[0-9]* "$home"/gems/*/gems/vagrant-*-[0-9]*; do
    [ -d "$path" ] || continue
    case ${path##*/} in
      vagrant-[0-9]*) fact vagrant-version "${path##*/vagrant-}" ;;
      vagrant-*-[0-9]*) fact vagrant-plugin "${path##*/}" ;;
    esac
  done
  ask() { # KEY PROGRAM ARGUMENT: prints the first line of its output
    program "$2" || return 0
    value=$(limited "$value" "$3" 2>/dev/null </dev/null)
    case $? in
      0)
        fact "$1" "${value%%"$newline"*}"
        ;;
      124 | 137) fact unanswered "$2" ;;
    esac
  }
  wanted() { # NAME
    case " ${HOMELAB_GPU_ASK-packer libvirt} " in *" $1 "*) ;; *) return 1 ;; esac
  }
  # These programs need several times as long for their version as everything else here; dpkg has the version of their
  # packages, and which files are theirs: words PACKAGE=VERSION and PACKAGE:PATH. A version that is not three plain
  # numbers is not always what the program says: 9.2.0~rc1 is 9.1.91. Debian counts QEMU's point releases in its own
  # part of the version, so 1:7.2+dfsg-7+deb12u18, which is 7.2.22, becomes 7.2: no check reads more of it.
  # $replaced has the paths that have a diversion or a mount of their own.
  dpkg=$root/var/lib/dpkg
  of_packages=' ' replaced=' ' by_change=''
  if [ -r "$dpkg/status" ] && [ -r "$dpkg/diversions" ] && { wanted packer || wanted libvirt; }; then
    set --
    for path in "$dpkg/info/packer.list" "$dpkg/info/libvirt-daemon.list" "$dpkg/info/qemu-system-x86.list"; do
      [ -r "$path" ] && set -- "$@" "$path"
    done
    name='' installed='' entries='' of_bin='/s?bin/(packer|libvirtd|virtqemud|qemu-system-x86_64)'
    [ $# = 0 ] || entries=$(grep -s -E -H -A 20 \
      "^(Package: (packer|libvirt-daemon|qemu-system-x86)|(/usr)?$of_bin)\$|^([^ ]+ ){4}/usr(/s?bin|$of_bin) " \
      "$dpkg/status" "$dpkg/diversions" "$proc/self/mountinfo" "$@")
    IFS_before=$IFS
    IFS=$newline
    set -f
    for entry in $entries; do
      # between name and line grep writes a colon, or a dash for a line after a match; an entry ends at an empty line
      case $entry in
        "$dpkg/status:Package: "*) name=${entry##* } installed='' ;;
        "$dpkg/status-") name= ;;
        "$dpkg/status-Status: "*' ok installed') installed=yes ;;
        "$dpkg/status-Version: "*)
          entry=${entry##* }
          entry=${entry#*:}
          entry=${entry%-*}
          case $entry in *+ds | *+ds[0-9] | *+dfsg | *+dfsg[0-9]) entry=${entry%+*} ;; esac
          case $entry in
            *[!0-9.]*) name= ;;
            *.*.*) ;;
            *.*) [ "$name" = qemu-system-x86 ] || name= ;;
            *) name= ;;
          esac
          [ -z "$name" ] || [ -z "$installed" ] || of_packages="$of_packages$name=$entry "
          name=
          ;;
        "$dpkg/diversions:"*) replaced="$replaced${entry#"$dpkg/diversions:"} " ;;
        "$proc/self/mountinfo:"*)
          entry=${entry#* * * * }
          replaced="$replaced${entry%% *} "
          ;;
        "$dpkg/info/"*.list:*)
          entry=${entry#"$dpkg/info/"}
          path=${entry#*.list:}
          of_packages="$of_packages${entry%%.list:*}:$path "
          set -- "$@" "$root$path"
          ;;
      esac
    done
    set +f
    IFS=$IFS_before
    # dpkg writes the list after the files: a file whose status changed later may be another one, even if it is older
    case $of_packages in *=*) by_change=$newline$(ls -1tc "$@" 2>/dev/null)$newline ;; esac
  fi
  packaged() { # PACKAGE PROGRAM: the version of the package, if the program at $value is from it and unchanged
    for of_path in "/usr/bin/$2" "/usr/sbin/$2"; do
      case $of_packages in *" $1:$of_path "*) ;; *) continue ;; esac
      # shellcheck disable=SC3013 # other shells run the program
      { [ "$root$of_path" -ef "$value" ] && ! [ -L "$root$of_path" ]; } 2>/dev/null || continue
      case $replaced in *" $of_path "* | *" ${of_path#/usr} "* | *" ${of_path%/*} "*) continue ;; esac
      case $by_change in *"$newline$dpkg/info/$1.list$newline"*"$root$of_path$newline"*) ;; *) continue ;; esac
      value=${of_packages#*" $1="}
      [ "$value" != "$of_packages" ] || return 1
      value=${value%% *}
      return 0
    done
    return 1
  }
  version() { # KEY PACKAGE PROGRAM ARGUMENT: from the package, or else from the program
    program "$3" || return 0
    if packaged "$2" "$3"; then fact "$1" "$value"; else ask "$1" "$3" "$4" & fi
  }
  if wanted packer; then version packer-version packer packer version; fi
  packs=
  if program VBoxManage; then
    ask virtualbox-version VBoxManage --version &
    packs=$(limited "$value" list extpacks 2>/dev/null </dev/null)
  fi

  for socket in "$root"/run/libvirt/libvirt-sock "$root"/run/libvirt/virtqemud-sock \
    "$root"/var/run/libvirt/libvirt-sock; do
    [ -S "$socket" ] && break
  done
  libvirt=
  if wanted libvirt && [ -S "$socket" ] && [ -r "$socket" ] && [ -w "$socket" ] && program virsh; then
    libvirt=$(limited "$value" -c qemu:///system 'version --daemon; net-list --all; pool-list --all' 2>&1 </dev/null)
    case $? in
      124 | 137) libvirt="error: virsh did not answer within $patience s" ;;
    esac
  fi
  # libvirt reports both versions; if it does not, ask the programs
  if wanted libvirt; then
    case $libvirt in
      *'Running against daemon: '*) ;;
      *)
        if program libvirtd; then
          version libvirt-version libvirt-daemon libvirtd --version
        else
          version libvirt-version libvirt-daemon virtqemud --version
        fi
        ;;
    esac
    case $libvirt in
      *'Running hypervisor: QEMU '*) ;;
      *) version qemu-version qemu-system-x86 qemu-system-x86_64 --version ;;
    esac
  fi
  wait
  # only the versions: after them come names that a person chose
  case $libvirt in
    'Compiled against'*)
      while read -r first second third rest; do
        case $first in
          Name) break ;;
          Running)
            case $second in
              against) fact libvirt-version "$rest" ;;
              hypervisor:) [ "$third" != QEMU ] || fact qemu-version "$rest" ;;
            esac
            ;;
        esac
      done <<END
$libvirt
END
      ;;
  esac

  if [ -n "$packs" ]; then
    section virtualbox
    if [ -d "$sys/module/vboxdrv" ]; then fact kernel-module yes; else fact kernel-module no; fi
    case $packs in
      *'Extension Packs: 0'*) fact extension-pack no ;;
      *'Extension Packs:'*) fact extension-pack yes ;;
    esac
  fi
  section libvirt
  if [ -S "$socket" ]; then
    fact socket "${socket#"$root"}"
    if [ -r "$socket" ] && [ -w "$socket" ]; then fact access yes; else fact access no; fi
  fi
  units=/etc/systemd/system
  if [ -d "$units" ] && { program libvirtd || program virtqemud; }; then
    if names "$units"/*.wants/libvirtd.service "$units"/*.wants/virtqemud.service; then
      fact starts-at-boot yes
    else
      fact starts-at-boot no
    fi
    if names "$units"/*.wants/libvirt-guests.service; then
      text "$of_guests"
      for path in $guests_files; do
        [ -r "$path" ] && ! [ -s "$path" ] && fact guests-file "$path"
      done
    fi
  fi
  # the path of a user's own socket contains a name
  case $libvirt in
    */home/* | */run/user/*)
      libvirt=$(printf '%s\n' "$libvirt" | sed 's|/home/[^/]*|/home/…|g; s|/run/user/[0-9]*|/run/user/…|g')
      ;;
  esac
  if [ -n "$libvirt" ]; then
    kind=
    while read -r name state rest; do
      # the heading of each list; -q would also suppress the output of virsh's echo
      case "$name $state" in
        'Name State')
          if [ -z "$kind" ]; then kind=network; else kind=pool; fi
          continue
          ;;
      esac
      case $name in
        '' | ---*) ;;
        error:) fact error "$state${rest:+ $rest}" ;;
        default) [ -z "$kind" ] || fact "$kind" "$name $state" ;;
        *) [ -z "$kind" ] || fact "$kind" "… $state" ;; # a name that a person chose
      esac
    done <<END
$libvirt
END
  fi
  [ -z "${HOMELAB_GPU_HARDWARE:-}" ] || { echo '[end]'; exit; }
  # the firewall chains for forwarded packets, which packets of guests pass; only root can read them
  section forwarding
  names "$sys"/class/net/docker0 && fact docker yes
  [ -z "$of_ufw" ] || fact ufw "${of_policy:-unknown}"
  text "$of_backend"
  if [ "$uid" = 0 ]; then
    # FAMILY COMMAND…: the rules that it prints, between a heading and, if it did not fail, an end
    rules() {
      printf '= %s\n' "$1"
      shift
      ("$@" 2>/dev/null </dev/null) && echo '= whole'
    }
    # before 1.8 iptables names no kind; what did not answer is neither
    is_iptables() { # KIND: whether iptables is of this kind (nft, legacy); its path in $value
      program iptables || return 1
      # shellcheck disable=SC3013 # other shells ask the program
      if [ "$value" -ef "${value%/*}/iptables-nft" ] 2>/dev/null; then
        [ "$1" = nft ]
        return
      fi
      case $(limited "$value" --version 2>/dev/null </dev/null) in
        *nf_tables*) [ "$1" = nft ] ;;
        *legacy* | "iptables v1."[0-7].*) [ "$1" = legacy ] ;;
        *) return 1 ;;
      esac
    }
    # nft prints a rule in many small writes: only where a chain may drop what is forwarded
    of_nft() { # NFT
      chains=$(limited "$1" list chains) || return
      case $chains in
        *'hook forward '*'policy drop'*) limited "$1" list ruleset ;;
        *) text "$chains" ;;
      esac
    }
    # Of each chain: FAMILY TABLE POLICY, and whether a rule accepts packets of libvirt's bridges. What a command printed
    # before it failed does not count. A person chose the names of other tables.
    {
      if program nft; then
        rules nft of_nft "$value"
      # on a kernel without any table, iptables would create one
      elif grep -qs '^nf_tables ' /proc/modules && is_iptables nft; then
        rules ip limited "$value" -S
      fi
      # the rules of the older iptables, which nft does not show
      if has_line filter /proc/net/ip_tables_names; then
        if is_iptables legacy && rules legacy limited "$value" -S; then
          :
        else
          { program iptables-legacy && rules legacy limited "$value" -S; } || echo '= unread'
        fi
      fi
    } | awk '
      BEGIN { known = " filter firewalld libvirt_network docker-bridges nixos-fw " }
      function chain(drops) {
        if (!(at in policy)) order[++count] = at
        if (policy[at] != "drop") policy[at] = drops ? "drop" : "accept"
      }
      $1 == "=" && $2 == "whole" { whole = count; read = 1; next }
      $1 == "=" {
        for (; count > whole; count--) {
          delete policy[order[count]]
          delete passed[order[count]]
        }
        family = $2
        if (family == "unread") unread = 1
      }
      $1 == "table" { at = $2 " " $3 }
      /hook forward/ { chain(/policy drop/) }
      # without .* in a pattern: a line with a large set has many such names
      /jump LIBVIRT_FW/ || (i = index($0, "\"virbr")) && index(substr($0, i), " accept") { passed[at] = 1 }
      # iptables has another output format
      /^-P FORWARD / { at = family " filter"; chain($3 == "DROP") }
      /^-A .*(-j LIBVIRT_FW|-i virbr.* -j ACCEPT)/ { passed[at] = 1 }
      END {
        for (i = 1; i <= whole; i++) {
          split(order[i], word, " ")
          printf "forward:%s %s %s %s\n", word[1], index(known, " " word[2] " ") ? word[2] : "…", policy[order[i]],
            order[i] in passed ? "yes" : "no"
        }
        if (read) print "forward-read:yes"
        if (unread) print "legacy-unread:yes"
      }'
  fi
fi
echo '[end]'

#!/bin/sh
# Packer's hyperv-iso builder, as the builder qemu of the real Packer: it refuses every host but
# Windows. The template's other blocks, its values and its scripts are used unmodified. The VM has
# UEFI, as one of generation 2. The result is a box with the layout of Hyper-V's export. dxgkrnl is
# not built.
#
#   packer.sh build -color=false -force .
#
# $PACKER is the real Packer, $CONFIG the VM's configuration in the box.
set -eu
[ "$1" = build ] || exec "$PACKER" "$@"
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
for fact in 'generation           = 2' 'enable_secure_boot = false' 'source "hyperv-iso" "box" {' 'output            = "box.box"'; do
  grep -qF "$fact" box.pkr.hcl || { echo "packer.sh: box.pkr.hcl has no longer: $fact" >&2; exit 1; }
done
# dxgkrnl is not built: the image creates a file /dev/dxg instead
for values in *.auto.pkrvars.json; do sed '/^ *"install-dxgkrnl.sh",$/d' "$values" >"$new/$values"; done
awk '
  /^source "hyperv-iso"/ {
    print "source \"qemu\" \"box\" {"
    print "  disk_image = true\n  disk_size = \"64G\"\n  format = \"qcow2\"\n  disk_interface = \"virtio\"\n  net_device = \"virtio-net\""
    print "  disk_cache = \"unsafe\"\n  skip_compaction = true\n  accelerator = \"tcg\"\n  machine_type = \"q35\"\n  vnc_bind_address = \"127.0.0.1\""
    print "  qemuargs = [[\"-cpu\", \"Nehalem\"], [\"-smp\", \"${var.cpus}\"], [\"-bios\", \"/usr/share/ovmf/OVMF.fd\"],"
    print "    [\"-device\", \"virtio-rng-pci\"], [\"-cdrom\", replace(var.seed, \"\\\\\", \"/\")]]"
    next
  }
  /^  (secondary_iso_images|switch_name|generation|first_boot_device|guest_additions_mode|enable_secure_boot|cpus) +=/ { next }
  /^  post-processor "vagrant"/ { skip = 1 }
  skip { if (/^  }/) skip = 0; next }
  { gsub(/source\.hyperv-iso\.box/, "source.qemu.box"); print }
' box.pkr.hcl >"$new/box.pkr.hcl"
"$PACKER" build -color=false -force "$new"

disk=$(ls output)
mkdir -p "$new/box/Virtual Hard Disks" "$new/box/Virtual Machines"
qemu-img convert -f qcow2 -O vhdx -o subformat=dynamic "output/$disk" "$new/box/Virtual Hard Disks/$disk.vhdx"
rm -rf output
sed "s|DISK|$disk.vhdx|; s|NAME|$disk|" "$CONFIG" >"$new/box/Virtual Machines/vm.xml"
echo '{"provider":"hyperv"}' >"$new/box/metadata.json"
tar -C "$new/box" -cf box.box metadata.json 'Virtual Hard Disks' 'Virtual Machines'

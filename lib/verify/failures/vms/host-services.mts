import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix, remedies } from "../../../fixes.mts";
import { install, vmWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near = new RegExp(`dnsmasq|${vmWords.source}`, "i");
const source = "libvirt (src/network, src/qemu), nftables, firewalld, d-i, cloud-init; read 2026-11";
/** Words of installers and of the screens before them. */
const installer = /packer|preseed|preconfiguration|kickstart|anaconda|kernel image|^boot: ?|10\.0\.2\.2|isolinux/i;
const deviceAcl = (device: string) =>
  `Add ${device} to cgroup_device_acl in /etc/libvirt/qemu.conf, with the defaults that it has, and restart libvirt`;

/** Services and devices of the host that a VM uses, and what a VM says about them. */
export const hostServiceFailures = (): Failure[] => [
  {
    pattern:
      /Failed to find path for dnsmasq|(?:find|exec\w{0,4}) '?(?:\/usr\/sbin\/)?dnsmasq'?.{0,40}(?:No such file|not found)/,
    near,
    check: "tools.present",
    layer: "network",
    message: "libvirt's networks need dnsmasq (addresses and names for the VMs), which is not installed",
    fix: (setting) => [
      install("Install it", { apt: "dnsmasq-base", dnf: "dnsmasq", pacman: "dnsmasq", zypper: "dnsmasq" })(setting),
      remedies.network,
    ],
    source,
  },
  ...rows({ layer: "vfio", source: `${source}; Proxmox VE (PCI.pm), Linux (drivers/vfio/pci)` }, [
    [
      "gpu.exclusive",
      "cause",
      /PCI device '?\S{1,20}'? (?:is )?already in use by VMID/,
      "another VM that runs has the card",
      "Shut that VM down (qm shutdown VMID), or remove hostpci0 from one of the two",
      commandFix("Check which VMs have a card", "grep -H hostpci /etc/pve/qemu-server/*.conf", { root: true }),
    ],
    [
      "gpu.driver",
      "cause",
      /vfio[-_]pci: invalid id string/,
      "the ids for vfio-pci are written in a form that it does not read, so that it takes no card",
      "Write them with commas and without spaces: options vfio-pci ids=10de:2684,10de:22ba",
      "Then rebuild the initramfs and reboot",
    ],
  ]),
  ...rows({ layer: "hypervisor", near: vmWords, source }, [
    [
      "provider.access",
      "cause",
      /\/dev\/kvmfr\d{1,2}\S{0,3}(?: for guest RAM)?: (?:Operation not permitted|Permission denied)/,
      "QEMU is not allowed to open Looking Glass' device /dev/kvmfr0: libvirt's list of devices leaves it out, or " +
      "it belongs to another user",
      deviceAcl('"/dev/kvmfr0"'),
      'Give it QEMU\'s user or the group kvm by a udev rule: SUBSYSTEM=="kvmfr", GROUP="kvm", MODE="0660"',
      "AppArmor: allow it in /etc/apparmor.d/local/abstractions/libvirt-qemu: /dev/kvmfr0 rw,",
    ],
    [
      "provider.access",
      "cause",
      /\/dev\/input\/\S{1,120}: (?:Operation not permitted|Permission denied)/,
      "QEMU is not allowed to open the keyboard or mouse that the VM is to share (evdev): libvirt's list of " +
      "devices leaves it out, or its user is not in the group input",
      deviceAcl("its path (/dev/input/by-id/…)"),
      "Write the device as <input type='evdev'> rather than in qemu:commandline: libvirt then gives it the " +
      "permission",
    ],
  ]),
  ...rows({ layer: "network", near, source }, [
    [
      "provider.access",
      "cause",
      /[Cc]annot (?:write to|open) \/proc\/sys\/net\/ipv[46]\/|cannot enable IPv[46] forwarding/,
      "libvirt is not allowed to change the host's network settings in /proc/sys: it runs in a container, or as " +
      "your user",
      "Use the system's libvirt on the host itself, or give its container a writable /proc/sys",
    ],
  ]),
  ...rows({ layer: "network", near: installer, source }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /can't connect to remote host \(10\.0\.2\.2\)|curl:? \(\d{1,2}\) Failed to connect to 10\.0\.2\.2/,
        /Failed to retrieve the preconfiguration file|needed for preconfiguration could not be retrieved/,
        /failed to fetch kickstart from (?:http|nfs|ftp|hd)|Error (?:downloading|fetching) kickstart|unable to (?:download|open) the kickstart file/,
        /(?:curl|wget)\S{0,4}:? .{0,80}10\.0\.2\.2.{0,60}(?:refused|timed out|No route)/,
      ),
      "the installer in the VM did not get its answer file (preseed, kickstart) from Packer's HTTP server: the " +
      "host's firewall drops it, the VM has no address yet, or the address or file name in boot_command is wrong",
      "Write http://{{ .HTTPIP }}:{{ .HTTPPort }}/FILE in boot_command with a FILE of http_directory, and let the " +
      "ports http_port_min to http_port_max through the firewall",
      'Without a server: give the file on a CD (cd_files; cd_label = "cidata" for Ubuntu, "OEMDRV" for Red Hat)',
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Could not find kernel image: \S/,
        /^(?:\w{1,40}\.{3}|(?:u?to|auto|linux|vmlinuz|preseed)\S{0,40}) failed: No such file or directory/,
      ),
      "the installer's boot prompt took a part of boot_command for the name of a kernel: keys were lost, came too " +
      "early, or are those of another boot loader (isolinux with BIOS, GRUB with UEFI) or release",
      'Type slower and later: boot_wait = "10s", boot_keygroup_interval = "250ms" (boot_key_interval for QEMU)',
      "Watch the VM's screen (headless = false), and write the keys of this installer's first screen",
    ],
  ]),
  ...rows({ layer: "network", source }, [
    [
      "provider.access",
      "cause",
      /nftables\.conf:\d{1,6}:\d{1,4}-\d{1,4}: Error: |nftables\.service: .{0,60}status=1\/FAILURE/,
      "the host's nftables rules were not loaded: the file has an error at that place, or names a table or set " +
      "that does not exist",
      commandFix("Show the error without loading anything", "nft -c -f /etc/nftables.conf", { root: true }),
      "A table of Docker or libvirt exists only while it runs: do not name it in that file, and do not flush the " +
      "whole ruleset there",
    ],
    [
      "provider.access",
      "cause",
      /COMMAND_FAILED: '\S{0,40}(?:ip6?tables|ebtables)-restore|COMMAND_FAILED: 'python-nftables' failed/,
      "firewalld could not load its rules: its backend does not fit the iptables that is installed, or the " +
      "kernel's modules for it are missing",
      "Write FirewallBackend=nftables in /etc/firewalld/firewalld.conf, then restart firewalld, Docker and " +
      "libvirt in this order",
      manualFix("If the kernel was updated and the host not rebooted since: reboot", { root: true, reboot: true }),
    ],
    [
      "verify.ssh",
      "cause",
      /Please login as the user "[\w-]{1,32}" rather than the user "root"/,
      "a cloud image allows no login as root: use the user that the line names",
      "Log in as that user, then use sudo; with Vagrant: vagrant ssh",
    ],
  ]),
  ...rows({ layer: "provider", source: `${source}; virtiofsd, RubyGems, Proxmox VE (vzdump)` }, [
    [
      "provider.mode",
      "cause",
      /virtio-?fs: tag <[^>]{1,60}> not found/,
      "the VM has no virtiofs share of that name: the tag in the VM's definition is another, the share was added " +
      "after its start, or an initramfs lacks the module virtio_pci",
      "Compare the tag with <target dir='…'/> of the VM (virsh dumpxml NAME), and start the VM again",
      guestFix("List the tags that the guest has", "sh -c 'cat /sys/fs/virtiofs/*/tag'"),
      "For a root file system: dracut -f --add-drivers virtio_pci (initramfs-tools: /etc/initramfs-tools/modules)",
    ],
    [
      "verify.ssh",
      "symptom",
      /'guest-fsfreeze-\w{4,6}' failed|issuing guest-agent 'fs-freeze' command .{0,20}ERROR/,
      "the guest agent did not freeze or thaw the VM's file systems in time, so that the backup is like one of a " +
      "machine that lost power",
      "Update qemu-guest-agent in the VM, and restart it; a file system that hangs (NFS, a full disk) stops it",
      "To leave it out: qm set ID -agent enabled=1,freeze-fs-on-backup=0",
    ],
  ]),
  ...rows({ layer: "packages", near: /vagrant|fog-|rubygems/i, source: `${source}; RubyGems (dependency.rb)` }, [
    [
      "tools.present",
      "cause",
      /Gem::MissingSpec(?:Version)?Error|Could not find '[\w-]{1,40}' \([^)]{1,30}\) among \d{1,5} total gem/,
      "Vagrant's Ruby libraries are not complete: Ruby or Vagrant was updated, and a plugin was installed for " +
      "the version before",
      commandFix("Install the plugins again", "vagrant plugin expunge --reinstall"),
      "With the distribution's Vagrant: install its vagrant-libvirt package too, and remove ~/.vagrant.d/gems of " +
      "another Ruby",
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { vagrantWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const noDrop = 'With Docker: its FORWARD policy is DROP; write "ip-forward-no-drop": true in /etc/docker/daemon.json ' +
  "(Docker 28 and later), or set net.ipv4.ip_forward=1 before Docker starts";
const exportsFix = commandFix("Check what this host exports", "exportfs -v", { root: true });

/** Firewalls of the host between VMs and their network, shared folders over NFS, and installers in a VM. */
export const guestNetworkFailures = (): Failure[] => [
  ...rows({ layer: "network", source: "Linux (netfilter log), ufw, firewalld, read 2026-11" }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /\[UFW BLOCK\] IN=virbr\d{1,3} OUT= .{0,400}DPT=(?:67|53)\b/,
        /(?:FINAL|INPUT\w{0,12}|filter_IN\w{0,20})_(?:REJECT|DROP): IN=virbr\d{1,3} OUT= /,
      ),
      "the host's firewall drops what VMs ask libvirt's network for (DHCP, DNS): they get no address or resolve " +
      "no names",
      commandFix("ufw: let them in", "ufw allow in on virbr0", { root: true }),
      "firewalld: put the bridge into libvirt's zone: firewall-cmd --permanent --zone=libvirt " +
      "--add-interface=virbr0, then --reload",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /\[UFW BLOCK\] IN=virbr\d{1,3} OUT=(?!virbr)\w/,
        /(?:FWD|FORWARD|filter_FWD)\w{0,30}_(?:REJECT|DROP): IN=virbr\d{1,3} OUT=\w/,
      ),
      "the host's firewall drops what VMs send to other networks: they reach this host, and nothing beyond it",
      commandFix("ufw: let them out", "ufw route allow in on virbr0", { root: true }),
      noDrop,
    ],
  ]),
  ...rows({ layer: "network", near: /libvirt|virbr/i, source: "iptables, Docker; kevoreilly/CAPEv2#2887 (2025)" }, [
    [
      "provider.access",
      "symptom",
      /Chain FORWARD \(policy DROP/,
      "this host drops forwarded packets unless a rule allows them (Docker sets that): VMs that no rule names reach " +
      "this host, and nothing beyond it",
      noDrop,
      commandFix(
        "Until the next start of Docker: let the VMs' bridge through",
        "iptables -I DOCKER-USER -i virbr0 -j ACCEPT",
        {
          root: true,
        },
      ),
    ],
  ]),
  ...rows({
    layer: "provider",
    near: vagrantWords,
    shared: true,
    source: "nfs-utils, util-linux, Vagrant; read 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      /mount\.nfs: access denied by server/,
      "this host's NFS server does not export that folder to the VM: the export is missing, names another address, " +
      "or is on a file system that cannot be exported (overlay, encrypted home)",
      exportsFix,
      commandFix("Read /etc/exports again", "exportfs -ra", { root: true }),
      "Or use another kind of folder: type: 'rsync' or 'virtiofs'",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /mount: (?:\S{1,120}: )?wrong fs type, bad option, bad superblock on \d[\d.]{6,15}:/,
        /bad option; for several filesystems \(e\.g\. nfs, cifs\) you might need a \/sbin\/mount/,
      ),
      "the guest cannot mount NFS: its NFS client is not installed",
      guestFix("Install it (Debian, Ubuntu; Fedora: nfs-utils)", "apt-get install -y nfs-common"),
      "Or use another kind of folder: type: 'rsync'",
    ],
  ]),
  ...rows({ layer: "provider", near: vagrantWords, source: "Vagrant (locales), vagrant-libvirt; read 2026-11" }, [
    [
      "provider.mode",
      "cause",
      /The provider '(?:kvm|qemu-kvm)' could not be found/,
      "Vagrant has no provider of that name: for KVM it is called libvirt",
      commandFix("Install its plugin", "vagrant plugin install vagrant-libvirt"),
      "Then: vagrant up --provider=libvirt",
    ],
    [
      "tools.present",
      "cause",
      /Ignoring ruby-libvirt-[\d.]{3,12} because its extensions are not built/,
      "vagrant-libvirt's library for Ruby was built for another Ruby: Vagrant or the system was updated",
      commandFix("Build the plugin again", "vagrant plugin repair"),
      "If that fails: install libvirt's headers (libvirt-dev, libvirt-devel), then vagrant plugin install " +
      "vagrant-libvirt",
    ],
  ]),
  ...rows({ layer: "packages", source: "canonical/subiquity, curtin; uroesch/packer-linux#22 (2023-04)" }, [
    [
      "guest.image",
      "symptom",
      anyOf(
        /system install failed for \[/,
        /subiquity\S{0,60}: .{0,80}(?:install_fail|error report|Unexpected error while running command)/,
        /curtin(?:\.|: |-).{0,120}(?:failed|ProcessExecutionError)/,
        /Sorry, there was a problem completing the installation/,
      ),
      "Ubuntu's installer in the VM stopped at a step: a package of packages: or a command of late-commands: " +
      "failed, often as the VM has no network yet",
      "Read /var/log/installer/curtin-install.log and subiquity-server-debug.log on the VM's console (Alt+F2)",
      "Leave packages: out and install them by a provisioner, after the first boot",
    ],
  ]),
  ...rows({
    layer: "vfio",
    source: "kmod (libkmod-config.c); Danilop95/Proxmox-Enhanced-Configuration-Utility#21 (2025-08)",
  }, [
    [
      "gpu.driver",
      "cause",
      anyOf(
        /kmod_config_parse: \S{1,120} line \d{1,6}: ignoring bad line/,
        /\/etc\/modprobe\.d\/\S{1,60} line \d{1,6}: ignoring bad line/,
      ),
      "a file in /etc/modprobe.d has a line that modprobe does not read, so that its settings (such as the ids " +
      "for vfio-pci) do nothing",
      "Write one line: options vfio-pci ids=10de:2684,10de:22ba",
      commandFix("Check what modprobe reads", "modprobe -c | grep -E 'vfio|blacklist'"),
      "Then rebuild the initramfs and reboot",
    ],
  ]),
];

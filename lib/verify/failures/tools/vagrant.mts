import type { Failure } from "../types.mts";
import { commandFix, doctorFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { vagrantWords, vmWords } from "../fixes.mts";

/**
 * Errors of Vagrant about a machine and what it has on the host: its VM, ports and shared folders.
 */
export const vagrantFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /(?<!INFO set_name_of_domain: Call to virDomainLookupByName failed: )(?:Domain not found|error: failed to get domain)\b.{0,80}no domain with matching (?:uuid|name)/,
      /(?<!INFO set_name_of_domain: )Call to virDomain\w{1,40} failed: Domain not found/,
    ),
    near: vmWords,
    check: "provider.access",
    strength: "symptom",
    layer: "provider",
    message:
      "libvirt does not know that VM: it was removed by hand or after a failed start, or belongs to another connection",
    fix: [
      commandFix("List the VMs of the system", "virsh -c qemu:///system list --all"),
      manualFix("If it failed while starting, the cause is in /var/log/libvirt/qemu/NAME.log"),
      commandFix("If it is gone: let Vagrant forget that one machine, then start again", "vagrant destroy NAME"),
    ],
    source: "libvirt; vagrant-libvirt/vagrant-libvirt#949 (2018-12)",
  },
  {
    pattern: /your machine doesn't support NFS/,
    check: "tools.present",
    layer: "provider",
    message: "Vagrant would share the folder by NFS, and this host has no NFS server",
    fix: [
      manualFix("Install it (Debian, Ubuntu: nfs-kernel-server; Fedora: nfs-utils)"),
      manualFix(
        "Or turn the share off: config.vm.synced_folder '.', '/vagrant', disabled: true; or use type: 'rsync'",
      ),
    ],
    source: "Vagrant (locales/en.yml), read 2026-11",
  },
  {
    pattern: /Vagrant cannot forward the specified ports|forwarded port to \d{1,5} is already in use/,
    check: "provider.access",
    layer: "network",
    message: "a port of this host that Vagrant forwards to the VM is in use, most often by another VM",
    fix: [
      commandFix("Check which program has it", "ss -lntp", { root: true }),
      manualFix("Stop that VM, or forward another port (auto_correct: true)"),
    ],
    source: "Vagrant (locales/en.yml), read 2026-11",
  },
  {
    pattern: /version of VirtualBox installed that is not supported by this version of Vagrant/,
    check: "provider.version",
    layer: "provider",
    message: "this Vagrant is older than the VirtualBox that is installed, and does not know it",
    fix: [manualFix("Update Vagrant (2.4.2 and later know VirtualBox 7.1), or install an older VirtualBox")],
    source: "Vagrant (locales/en.yml); hashicorp/vagrant#13501 (2024-09)",
  },
  {
    pattern:
      /Name `[^`]{1,80}` of domain about to create is already taken|domain '[^']{1,80}' already exists with uuid/,
    check: "provider.access",
    layer: "provider",
    message:
      "libvirt has a VM of that name already, which the state of this program (Vagrant's .vagrant, Terraform's) " +
      "does not know",
    fix: [
      commandFix("Show it", "virsh -c qemu:///system list --all"),
      commandFix("Remove its definition; its disk stays", "virsh -c qemu:///system undefine --nvram NAME"),
      commandFix(
        "If nothing in it is needed, remove its disk too",
        "virsh -c qemu:///system vol-delete --pool default NAME.img",
      ),
    ],
    source: "vagrant-libvirt; hashicorp/vagrant#11389 (2020-02), kind to date",
  },
  {
    pattern: anyOf(
      /Volume for domain is already created|storage vol '[^']{1,80}' already exists/,
      /storage volume name '[^']{1,80}' already in use|storage volume '[^']{1,120}' exists already/,
    ),
    check: "provider.access",
    layer: "provider",
    message: "a disk of that name is still in libvirt's pool, from a VM that is gone",
    fix: [
      commandFix("List the volumes", "virsh -c qemu:///system vol-list default"),
      commandFix("If nothing in it is needed, remove it", "virsh -c qemu:///system vol-delete --pool default NAME.img"),
    ],
    source: "vagrant-libvirt (locales/en.yml), read 2026-11",
  },
  {
    pattern: anyOf(
      /unknown filesystem type 'vboxsf'|unable to mount VirtualBox shared folders|Module vboxsf not found/,
      /mount\.vboxsf: mounting failed with the error: (?:No such device|Protocol error)|vboxsf: No mount data/,
      /VirtualBox Guest Additions: (?:Look at \S{1,80} to find out what went wrong|Kernel headers not found)/,
    ),
    near: new RegExp(`vboxsf|VirtualBox|${vagrantWords.source}`, "i"),
    check: "provider.access",
    layer: "provider",
    message:
      "the VM has no Guest Additions of VirtualBox, or they are older than its kernel and did not build, so that its " +
      "shared folder is not mounted",
    fix: [
      manualFix("Turn the share off: config.vm.synced_folder '.', '/vagrant', disabled: true; or use type: 'rsync'"),
      manualFix(
        "Or install them in the box: apt-get install virtualbox-guest-utils, or vagrant plugin " +
          "install vagrant-vbguest",
      ),
      manualFix(
        "If they do not build: install the kernel's headers in the VM, or newer Guest Additions, and read " +
          "/var/log/vboxadd-setup.log there",
      ),
    ],
    source: "Vagrant, VirtualBox; general knowledge, 2026-11",
  },
  {
    pattern: anyOf(
      /mount\.nfs: (?:Connection timed out|requested NFS version)/,
    ),
    near: vagrantWords,
    shared: true,
    check: "provider.access",
    layer: "provider",
    message: "the shared folder could not be mounted: NFS is blocked by the firewall, or the guest lacks what the " +
      "share needs",
    fix: [
      manualFix("Turn the share off: config.vm.synced_folder '.', '/vagrant', disabled: true; or use type: 'rsync'"),
      manualFix("NFS: let nfs, rpc-bind and mountd through the host's firewall from libvirt's bridges"),
    ],
    source: "Vagrant, nfs-utils, read 2026-11",
  },
  {
    pattern: /guest machine entered an invalid state while waiting for it/,
    check: "host.virtualization",
    layer: "hypervisor",
    strength: "symptom",
    message: "the VM ended while it booted",
    fix: [manualFix("Start it with its window (gui), and read its screen"), doctorFix("host.virtualization")],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08)",
  },
  {
    pattern: anyOf(
      /Vagrant can't use the requested machine because it is locked/,
      /An action '[^']{1,20}' was attempted on the machine '/,
      /attempted to acquire a lock named|requested Vagrant action is locked/,
    ),
    check: "provider.access",
    layer: "provider",
    message: "another Vagrant process works on this machine",
    fix: [commandFix("Find out which, and wait until it ends", "pgrep -af vagrant")],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08)",
  },
  {
    pattern: /sudo: a (?:password is required|terminal is required to read the password)|sudo: no tty present/,
    near: /vagrant|homelab|packer|ansible|nfs|==> /i,
    check: "provider.access",
    layer: "provider",
    message: "a step needs sudo's password and has no terminal to ask for it",
    fix: [
      commandFix("Enter it before, then run this again in the same terminal", "sudo -v"),
      guestFix(
        "If it happens in the VM: see that its user may use sudo without a password",
        "grep -rn NOPASSWD /etc/sudoers.d",
      ),
    ],
    source: "sudo, through Vagrant's NFS and Packer's provisioners, read 2026-11",
  },
];

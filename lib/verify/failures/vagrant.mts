import type { Failure } from "./types.mts";
import { commandFix, doctorFix, guestFix, manualFix, remedies } from "../../fixes.mts";
import { self } from "../../self.mts";
import { anyOf } from "../../text.mts";
import { each, install, vmWords } from "./fixes.mts";

const vagrantWords = /vagrant|==> |box|libvirt|downloading the remote file/i;

/** Errors of Vagrant and its plugins. */
export const vagrantFailures: Failure[] = [
  {
    pattern: /_libvirt\.so \(LoadError\)/,
    check: "tools.present",
    layer: "packages",
    message: "vagrant-libvirt does not load: Vagrant's own libraries and the system's libvirt do not fit together",
    fix: [
      manualFix("Use the distribution's packages for both (Debian, Ubuntu, Fedora: vagrant and vagrant-libvirt)"),
      commandFix("Or build the plugin again with this Vagrant", "vagrant plugin repair"),
    ],
    source: "Ruby; vagrant-libvirt/vagrant-libvirt#1185 (2020-12), kind to date",
  },
  {
    pattern: /undefined (?:local variable or )?method [`']\S{1,60}' for .{1,80}(?:NoMethodError|NameError)/,
    near: /vagrant|fog/i,
    check: "tools.present",
    strength: "symptom",
    layer: "provider",
    message:
      "Vagrant or one of its plugins stopped at an error in its own code: its release has a fault, or the two do not fit together",
    fix: [
      commandFix("See the releases", "vagrant --version && vagrant plugin list"),
      manualFix("Update Vagrant and the plugin that the trace names, or go one release back (2.4.5 has a known one)"),
    ],
    source: "Ruby; hashicorp/vagrant#13661 (2025-05)",
  },
  {
    pattern:
      /(?:Domain not found|error: failed to get domain)\b.{0,80}no domain with matching (?:uuid|name)|Call to virDomain\w{1,40} failed: Domain not found/,
    near: vmWords,
    check: "provider.access",
    strength: "symptom",
    layer: "provider",
    message:
      "libvirt does not know that VM (any more): it was removed by hand or after a failed start, or belongs to another connection",
    fix: [
      commandFix("See the VMs of the system", "virsh -c qemu:///system list --all"),
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
      manualFix("Or turn the share off: config.vm.synced_folder '.', '/vagrant', disabled: true; or use type: 'rsync'"),
    ],
    source: "Vagrant (locales/en.yml), read 2026-11",
  },
  {
    pattern: /Vagrant cannot forward the specified ports|forwarded port to \d{1,5} is already in use/,
    check: "provider.access",
    layer: "network",
    message: "a port of this host that Vagrant forwards to the VM is in use, most often by another VM",
    fix: [
      commandFix("See which program has it", "ss -lntp", { root: true }),
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
    message: "libvirt still has a VM of that name, which Vagrant's folder (.vagrant) no longer knows",
    fix: [
      commandFix("See it", "virsh -c qemu:///system list --all"),
      commandFix("Remove its definition; its disk stays", "virsh -c qemu:///system undefine --nvram NAME"),
      commandFix(
        "If nothing in it is needed, remove its disk too",
        "virsh -c qemu:///system vol-delete --pool default NAME.img",
      ),
    ],
    source: "vagrant-libvirt; hashicorp/vagrant#11389 (2020-02), kind to date",
  },
  {
    pattern:
      /Volume for domain is already created|storage vol '[^']{1,80}' already exists|storage volume name '[^']{1,80}' already in use|storage volume '[^']{1,120}' exists already/,
    check: "provider.access",
    layer: "provider",
    message: "a disk of that name is still in libvirt's pool, from a VM that is gone",
    fix: [
      commandFix("See the volumes", "virsh -c qemu:///system vol-list default"),
      commandFix("If nothing in it is needed, remove it", "virsh -c qemu:///system vol-delete --pool default NAME.img"),
    ],
    source: "vagrant-libvirt (locales/en.yml), read 2026-11",
  },
  {
    pattern: anyOf(
      /The specified wait_for timeout \(\d{1,4} seconds\) was exceeded/,
      /domain didn't get an IP|No IP address found for/,
      /Waiting for domain to get an IP address\.\.\.(?![^]{0,500}(?:SSH|Waiting for machine))/,
    ),
    near: vagrantWords,
    check: "verify.ssh",
    strength: "symptom",
    layer: "network",
    message:
      "the VM gets no address from libvirt's DHCP: the host's firewall or another bridge filter is in its way, or the guest does not boot",
    fix: [
      commandFix(
        "See whether the network runs, and its leases",
        "virsh -c qemu:///system net-dhcp-leases vagrant-libvirt",
      ),
      manualFix(
        "Look at the VM's console (virt-manager, or virsh console): if it does not boot, its firmware or disk bus is wrong",
      ),
      manualFix("Let DHCP and DNS in from libvirt's bridges: firewalld's zone libvirt, or ufw allow in on virbr1"),
      manualFix("Docker sets the policy of FORWARD to DROP: see that libvirt's rules come before it"),
    ],
    source: "vagrant-libvirt (fog); vagrant-libvirt/vagrant-libvirt#1145 (2020-09), kind to date",
  },
  {
    pattern: anyOf(
      /Unable to activate [\w.-]{1,60}, because [\w.-]{1,60} conflicts with/,
      /plugin\(s\) can't be installed due to the version conflicts below/,
      /Vagrant could not find compatible versions for gem /,
      /Vagrant failed to properly resolve required dependencies/,
      /conflicting dependencies [\w-]{1,40} \([~>=<]{1,2} ?[\d.]{1,12}\) and /,
    ),
    near: /vagrant|ruby|gem|libvirt|ffi/i,
    check: "tools.present",
    layer: "packages",
    message:
      "Vagrant and the plugin need different releases of one library: the plugin is for another Vagrant, or it is the wrong one (its name is vagrant-libvirt, not libvirt)",
    fix: [
      commandFix("Install the right one", "vagrant plugin install vagrant-libvirt"),
      manualFix("If that fails so too: update Vagrant, or take both from the distribution (Debian, Ubuntu, Fedora)"),
      commandFix("Remove what older releases left", "vagrant plugin expunge --reinstall"),
    ],
    source: "RubyGems, Vagrant; hashicorp/vagrant#13537 (2024-11), hashicorp/vagrant#13377 (2024-04)",
  },
  {
    pattern: anyOf(
      /libvirt library not found in default locations/,
      /You have to install development tools first/,
      /(?:development files for|depends on) a library which is not currently installed/,
      /(?:ERROR: |error: )?Failed to build gem native extension/,
      /An error occurred while installing (?:ruby-libvirt|fog-libvirt|nokogiri)/,
    ),
    near: /vagrant|ruby-libvirt|libvirt/i,
    check: "tools.present",
    layer: "packages",
    message: "the plugin vagrant-libvirt could not be built: libvirt's development files or a compiler are missing",
    fix: each(
      install("Install them", {
        apt: "libvirt-dev ruby-dev build-essential pkg-config",
        dnf: "libvirt-devel ruby-devel gcc make",
        pacman: "libvirt base-devel pkgconf",
        zypper: "libvirt-devel ruby-devel gcc make",
      }),
      commandFix("Then install the plugin", "vagrant plugin install vagrant-libvirt"),
      manualFix("Or use the distribution's own package (Debian, Ubuntu: vagrant-libvirt; Fedora: vagrant-libvirt)"),
    ),
    source: "ruby-libvirt (extconf.rb); vagrant-libvirt/vagrant-libvirt#1082 (2020-05), kind to date",
  },
  {
    pattern:
      /Vagrant Cloud request failed|The box '[^']{1,120}' could not be found|Failed to load box metadata|bsdtar(?:\.exe)?: Error opening archive|The box failed to unpackage properly|The requested URL returned error: (?:404|403|429|5\d\d)/,
    near: vagrantWords,
    check: "guest.image",
    layer: "provider",
    message:
      "Vagrant's catalogue of boxes gave no box: it is down or changed, the name does not exist, or the download was cut off",
    fix: [
      manualFix("Try again later; see the box's page at portal.cloud.hashicorp.com"),
      manualFix("Write image: in the config, so that this project builds the box from the distribution's own image"),
      manualFix("Vagrant before 2.4.2 asks the old address of the catalogue: update it"),
    ],
    source: "Vagrant; hashicorp/vagrant#13571 (2025-01)",
  },
  {
    pattern: /Couldn't open file (?:\/|[a-z]:|\S{1,200}\/)/,
    near: /downloading the remote file|vagrant/i,
    check: "guest.image",
    layer: "provider",
    message:
      "Vagrant knows no box of that name for this provider, and looked for a file of that name in the folder, which is not there",
    fix: [
      commandFix("See which boxes there are, and for which provider", "vagrant box list"),
      manualFix("Add the box (vagrant box add NAME FILE), or write its full name: OWNER/BOX"),
    ],
    source:
      "hashicorp/vagrant; vagrant-libvirt/vagrant-libvirt#331 (2015-04), udacity/devops-intro-project#85 (2019-09)",
  },
  {
    pattern: /An error occurred while downloading the remote file/,
    near: vagrantWords,
    check: "guest.image",
    strength: "symptom",
    layer: "provider",
    fallback: true,
    message: "Vagrant could not download a file, for the reason that follows",
    fix: [
      manualFix("Try again later; see the box's page at portal.cloud.hashicorp.com"),
      manualFix("Write image: in the config, so that this project builds the box from the distribution's own image"),
    ],
    source: "Vagrant; hashicorp/vagrant#13571 (2025-01)",
  },
  {
    pattern: /Could not load host key: \/etc\/ssh|No supported key exchange algorithms|no hostkeys available/,
    check: "verify.ssh",
    layer: "image",
    message:
      "the VM's SSH server has no keys of its own: they were removed from the image and not made again at the first boot",
    fix: [
      manualFix("On its console: ssh-keygen -A, then systemctl restart ssh (or sshd)"),
      manualFix(
        "In the image's build: leave the keys to cloud-init (ssh_deletekeys), or make them in a first-boot unit",
      ),
    ],
    source: "OpenSSH; hashicorp/packer#7651 (2019-05)",
  },
  {
    pattern: anyOf(
      /SSH authentication failed!/,
      /Permission denied \(publickey/,
      /Authentication failure\. Retrying/,
      /no matching host key type found|send_pubkey_test: no mutual signature|signature algorithm ssh-rsa not in/,
      /Too many authentication failures/,
    ),
    near: /vagrant|homelab|packer|==> |qemu|ssh-rsa|SSH authentication failed!|Warning: Authentication failure/i,
    check: "verify.ssh",
    layer: "network",
    message:
      "the VM runs and does not accept the key: its disk is older than the key, or the key's kind (ssh-rsa, SHA-1) is refused by new OpenSSH",
    fix: [
      manualFix("If the VM was made from a box with another key: recreate it"),
      remedies.recreate,
      manualFix("If it says ssh-rsa or “signature”: update Vagrant to 2.4 or later, which uses ed25519 keys"),
      manualFix("If Vagrant retries for minutes at the first boot: the box has no key of Vagrant's for that user"),
    ],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08), OpenSSH 8.8 and later",
  },
  {
    pattern:
      /Timed out while waiting for the machine to boot|(?:Warning: )?(?:Connection refused|Host unreachable|Remote connection disconnect)\. Retrying/,
    near: vagrantWords,
    check: "verify.ssh",
    strength: "symptom",
    layer: "network",
    message:
      "the VM did not answer over SSH in time: it hangs while it boots, has no network, or is slow because it is emulated",
    fix: [
      commandFix("See whether it runs and has an address", self("status")),
      manualFix("Look at its console (virt-manager, or virsh console NAME)"),
      doctorFix("host.virtualization"),
    ],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08)",
  },
  {
    pattern: /doesn't support the provider you requested|box you're attempting to add doesn't match the provider/,
    check: "guest.image",
    layer: "provider",
    message: "that box exists for other providers only",
    fix: [manualFix("Choose a box for this provider, or write image: in the config, so that this project builds one")],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08)",
  },
  {
    pattern: /Vagrant failed to initialize at a very early stage|The plugins failed to (?:load|initialize) correctly/,
    check: "provider.version",
    layer: "provider",
    message: "a plugin of Vagrant does not load, most often after an update of Vagrant or Ruby",
    fix: [
      commandFix("Repair the plugins", "vagrant plugin repair"),
      commandFix("If that does not help, install them again", "vagrant plugin expunge --reinstall"),
    ],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08)",
  },
  {
    pattern:
      /mount\.nfs: (?:access denied|Connection timed out|requested NFS version)|unknown filesystem type 'vboxsf'|unable to mount VirtualBox shared folders/,
    near: vagrantWords,
    check: "provider.access",
    layer: "provider",
    message:
      "the shared folder could not be mounted: NFS is blocked by the firewall, or the guest lacks what the share needs",
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
      /Vagrant can't use the requested machine because it is locked|An action '[^']{1,20}' was attempted on the machine '/,
      /attempted to acquire a lock named|requested Vagrant action is locked/,
    ),
    check: "provider.access",
    layer: "provider",
    message: "another Vagrant process works on this machine",
    fix: [commandFix("See which, and let it end", "pgrep -af vagrant")],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08)",
  },
  {
    pattern: anyOf(
      /An argument named "(?:cd_files|cd_label|efi_\w{1,30})" is not expected/,
      /"required_plugins" are not expected/,
      /Blocks of type "\w{1,30}" are not expected here/,
      /The following settings shouldn't exist/,
      /undefined method `\w{1,40}' for #<VagrantPlugins::ProviderLibvirt/,
    ),
    check: "provider.version",
    layer: "provider",
    message: "Packer, Vagrant or a plugin of it does not know a setting: it is too old",
    fix: [doctorFix("provider.version")],
    source: "Packer 1.6 (2020-06), Vagrant 2.3 (locales/en.yml), both seen",
  },
  {
    pattern: anyOf(
      /The executable '[^']{1,60}' Vagrant is trying/,
      /The provider '[^']{1,40}' could not be found/,
      /No usable default provider/,
      /Unable to find '[^']{1,60}' binary in \$PATH/,
      /supported CD ISO creation command/,
      /Failed creating Qemu driver: exec: /,
      /exec: "(?:qemu|ansible|xorriso|mkisofs|virsh|vagrant|packer|swtpm|virtiofsd)[\w-]{0,30}": executable file not found/,
    ),
    check: "tools.present",
    layer: "provider",
    message: "a program or a plugin that this needs is not installed",
    fix: [doctorFix("tools.present")],
    source: "Go's os/exec (Packer), libvirt 9.0 (2023-01), Packer 1.6, Vagrant 2.3 (locales/en.yml)",
  },
  {
    pattern: anyOf(
      /Checksums? did not match/,
      /checksum of the downloaded box did not match/,
      /calculated checksum of the requested file does not match/,
      /is not what it should be: its sha/,
    ),
    near: /vagrant|packer|qemu|box|image|get-image|of the requested file/i,
    check: "host.disk",
    layer: "provider",
    message:
      "the download does not have the checksum that its publisher names: it is cut short, damaged, or replaced since",
    fix: [
      manualFix("Run it again: a partial download is discarded"),
      manualFix("If that does not help, compare the checksum in the config with the publisher's"),
    ],
    source: "Packer 1.6 (2020-06), Vagrant 2.3 (locales/en.yml), scripts/get-image.sh",
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
  {
    pattern: /SSH command responded with a non-zero exit status/,
    check: "verify.ssh",
    strength: "symptom",
    layer: "packages",
    fallback: true,
    message: "a command in the VM ended with an error, which stands below it",
    fix: [manualFix("Read the lines below it; run the command in the VM by hand (vagrant ssh)")],
    source: "Vagrant (locales/en.yml), read 2026-11",
  },
];

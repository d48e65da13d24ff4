import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const packages = anyOf(
  /\bapt|dpkg|\bE: |\bW: |\bdnf\b|\bdnf5\b|\byum\b|pacman|makepkg|mkinitcpio|zypper|nvidia|akmods|docker/i,
  /vagrant|packer|qemu|vfio|initramfs|grub/i,
);
const packerWords = /packer|qemu|\.pkr|==> \w|Build '/i;
const windowsWords = /\bwsl|Wsl\/|Hyper-V|Windows|VBox/i;

/** Sentences of package managers, Packer, VirtualBox, WSL and Podman that no other table has, by topic. */
export const hostProgramFailures = (): Failure[] => [
  ...rows({
    layer: "kernel",
    near: /iptables|ip6tables|\bnft|add (?:rule|chain) /i,
    source:
      "iptables 1.8, nftables 1.1; NixOS/nixpkgs#343533 (2024-09), kubevirt/kubevirt#8719 (2022-11), kind to date",
  }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /iptables v1\.\S{1,8} \(nf_tables\): {1,2}(?:RULE|CHAIN)_\w{3,8} failed \(No such file or directory\): rule in chain/,
        /Extension .{2,40} not supported, missing kernel module\?/,
        /Could not process rule: Operation not supported/,
      ),
      "the kernel lacks a module for a firewall rule: mostly it was updated and the machine not rebooted since",
      "Reboot into the newest installed kernel, then start the firewall again",
      "After that still: install the kernel's extra modules (Ubuntu linux-modules-extra-…, Fedora " +
      "kernel-modules-extra)",
    ],
  ]),
  ...rows(
    { layer: "packages", source: "apt 3 (solver3.cc); zabbly/incus#113 (2026-05), eLvErDe/hwraid#150 (2025-11)" },
    [
      [
        "tools.present",
        "cause",
        /but none of the choices are installable:[\s"]{1,12}\[no choices\]/,
        "a package needs another one, named behind Depends, that no source of this system has: it was made for " +
        "another release of Debian or Ubuntu, or a source is missing",
        "Take the package, or its maker's source, for this release (VERSION_CODENAME in /etc/os-release)",
        commandFix("Check whether a source has it", "apt-cache policy NAME"),
        "If none has: apt-get update, and turn on contrib, non-free (Debian), universe, restricted (Ubuntu)",
      ],
      [
        "tools.present",
        "symptom",
        /Reached two conflicting (?:assignments|decisions)/,
        "apt finds no way to install it: point 2 refuses what point 1 selects; sources of two releases are mixed, or " +
        "a package is held back or excludes the other",
        "Look up the packages of both points, and from which source each version is: apt-cache policy NAME NAME",
        commandFix("Check what is held back", "apt-mark showhold"),
        "Update the system first (apt-get update, apt-get full-upgrade), or remove the package that you do not need",
      ],
    ],
  ),
  ...rows({ layer: "packages", near: packages, source: "apt, dpkg, dnf, pacman, mkinitcpio, GRUB, read 2026-11" }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /pkgProblemResolver::Resolve generated breaks|following packages were removed and essential/,
        /(?:Essential )?packages were (?:removed|downgraded) and -y was used without/,
        /[Pp]roblem with installed package(?![^]{0,200}akmods\S{0,60} conflicts)/,
        /Processing Conflict: (?!akmods)\S{2,80} conflicts \S/,
      ),
      "what should be installed conflicts with what is installed: the package manager would have to remove or " +
      "downgrade packages",
      "Read which packages it names, and remove the one that you do not need",
      "Keep driver and Docker packages from one source each, and update the system",
      "apt-mark showhold lists those that are held back",
    ],
    [
      "tools.present",
      "cause",
      /Processing Conflict: akmods\S{0,80} conflicts \S|akmods\S{0,60} conflicts with \S/,
      "akmods cannot be installed together with the package that the line names: kernel-debug-devel",
      commandFix("Remove that one, then install again", "dnf remove kernel-debug-devel", { root: true }),
    ],
    [
      "tools.present",
      "cause",
      /Couldn't find any package by (?:glob|regex)/,
      "the package has another name here, or its source is not set up, or apt-get update was not run",
      commandFix("Read the package lists again", "apt-get update", { root: true }),
    ],
    [
      "tools.present",
      "cause",
      /method driver \S{1,60} could not be found/,
      "apt lacks the program for that kind of source (https, tor): its package is not installed",
      commandFix("Install it", "apt-get install -y apt-transport-https ca-certificates", { root: true }),
    ],
    [
      "tools.present",
      "note",
      /stored in legacy trusted\.gpg|apt-key is deprecated/,
      "apt warns about an old place of the source's key, which still works",
      "Nothing to do now; Signed-By with a file in /etc/apt/keyrings is the new way",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /files list file for package '[^']{1,60}' is missing|unrecoverable fatal error, aborting/,
        /archive uses unknown compression for member|is not a Debian format archive/,
      ),
      "dpkg's lists are damaged (a full disk, a hard stop), or the package file is for a newer dpkg or not whole",
      commandFix("Check that the disk is not full", "df -h /var"),
      "Install the named package again: apt-get install --reinstall NAME; download a .deb again",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /This command has to be run with superuser privileges|you cannot perform this operation unless you are root/,
        /lock(?: ?file)? \/var\/(?:lib|cache)\/(?:dpkg|apt)\S{0,40}(?: - open \(13| - open \(30|: Permission denied|$)|dpkg frontend lock \([^)]{1,80}\), are you root/,
        /Unable to lock directory \/var\/(?:lib|cache)\/apt|requested operation requires superuser privilege/,
      ),
      "the package manager needs root",
      "Run it with sudo",
    ],
    [
      "gpu.driver",
      "cause",
      /module not found: [`']?(?:vfio|nvidia|amdgpu)|Failed to find module '?(?:vfio|nvidia|amdgpu)/,
      "the initramfs asks for a module that this kernel does not have: it is built in, was renamed, or its " +
      "package is missing",
      "Remove it from the list (vfio_virqfd since Linux 6.2), or install the headers and DKMS package, then build " +
      "the initramfs again",
    ],
    [
      "gpu.driver",
      "note",
      /Possible missing firmware \S{1,120} for (?:built-in driver|module)/,
      "the initramfs lacks firmware for a card that this machine may not have, which matters only if that driver " +
      "drives it at boot",
      "Nothing to do; for a card of that driver install its firmware package",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /unexpected EOF while looking for matching|default\/grub: .{0,40}Syntax error/,
        /etc\/default\/grub: (?:line )?\d{1,4}: /,
        /failed to get canonical path of/,
      ),
      "GRUB's configuration was not written: /etc/default/grub has a slip (a quote is missing), or the boot disk " +
      "is not found (live system, chroot)",
      "Correct that line: one pair of quotes around all arguments; then write the configuration again",
    ],
  ]),
  ...rows({
    layer: "packages",
    near: packerWords,
    source: "hashicorp/packer, packer-plugin-qemu (builder/qemu), read 2026-11",
  }, [
    [
      "provider.access",
      "fallback",
      /errored after .{1,60}: Build was halted|Step ".{1,60}" failed, aborting/,
      "Packer stopped the build: an earlier line of the same build says why",
      "Read the lines above; with PACKER_LOG=1 it tells more",
    ],
    [
      "verify.ssh",
      "cause",
      /Script disconnected unexpectedly|remote command exited without exit status or exit signal/,
      "the SSH connection to Packer's VM broke while a script ran: the VM rebooted, its network was changed, or " +
      "it ran out of memory",
      "A script that reboots: expect_disconnect = true and pause_before for the next one; otherwise give the " +
      "build more memory",
    ],
    [
      "verify.ssh",
      "symptom",
      /SSH handshake err: |handshake failed: (?:EOF|read tcp)/,
      "the VM that Packer builds takes connections on its port, but SSH does not answer yet: it still " +
      "installs or boots",
      "Wait; if it lasts, look at its screen over VNC, and raise ssh_timeout and ssh_handshake_attempts",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Unable to find available (?:VNC|SSH|HTTP|host)[\w ]{0,20}port between/,
        /[Ee]rror binding to (?:VNC|host|SSH) ?port|Error finding (?:VNC )?port/,
      ),
      "Packer finds no free port of the range that it may use",
      "Check who has them (ss -tlnp), or widen the range (vnc_port_min, host_port_min)",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /[Ee]rror using file source; the file must exist|invalid accelerator[:,] |iso_urls? must be specified/,
        /invalid disk_interface|unrecognized (?:disk|cache|discard)[\w ]{0,20}type|iso_checksum must be specified/,
      ),
      "the Packer template names a file that does not exist, or a value that its builder does not know",
      "A template of this project: run up again, which writes it; your own: packer validate names the line",
    ],
  ]),
  ...rows({
    layer: "provider",
    near: windowsWords,
    source: "microsoft/WSL (localization), VirtualBox 7 (Main), read 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /E_ACCESSDENIED \(0x80070005\)(?![^]{0,200}EnableStaticIPConfig)/,
        /Machine settings file '[^']{1,200}' already exists/,
        /VBOX_E_FILE_ERROR \(0x80bb0004\)/,
      ),
      "VirtualBox cannot use that file or VM: it is another user's, is open in another window, or was left over " +
      "from an earlier VM",
      "Close VirtualBox's windows, and start everything as one user; move the leftover folder of the VM away",
      commandFix("List the VMs", "VBoxManage list vms"),
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /0x8007019e|HCS_E_SERVICE_NOT_AVAILABLE|WSL_E_WSL_OPTIONAL_COMPONENT_REQUIRED/,
        /CreateVm\/HCS\/E_INVALIDARG/,
      ),
      "WSL's parts of Windows are not installed or not turned on, or its settings (.wslconfig) ask for what this " +
      "machine does not have",
      "Install them: wsl --install --no-distribution, then restart Windows; check memory and processors in " +
      ".wslconfig",
    ],
    [
      "provider.access",
      "cause",
      /(?:MountVhd|MountDisk|AttachDisk)\/(?:HCS\/)?ERROR_SHARING_VIOLATION|ERROR_SHARING_VIOLATION/,
      "the virtual disk is in use by another program: a backup, antivirus software, or a WSL that still runs",
      "End WSL (wsl --shutdown), wait, and try again; leave the folder out of scans and backups",
    ],
    [
      "hyperv.driver",
      "cause",
      /wsl: Failed to mount drivers|libcuda\.so\.1 is not a symbolic link/,
      "the driver files that Windows gives its Linux guests are incomplete or were copied by hand",
      "Update NVIDIA's driver of Windows and WSL (wsl --update), and restart; the warning about the link alone is " +
      "harmless",
    ],
  ]),
];

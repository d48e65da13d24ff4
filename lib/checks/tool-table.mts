/** The programs that up may need, and how each is installed. */
import type { Fix } from "../findings.mts";
import type { Host } from "../host/types.mts";
import type { Family } from "../host/installers.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { isNixos } from "../host/nixos.mts";

/** A program that must be installed before anything starts. */
export interface Tool {
  name: string;
  /** What it is needed for. */
  for: string;
  /** Whether the host has it; undefined if that was not read. */
  there(host: Host): boolean | undefined;
  /**
   * Packages by family of distributions; lib/host/packages.mts has the releases that have them.
   * Otherwise `fallback` says what to do.
   */
  packages: Partial<Record<Family, string[]>>;
  fallback: Fix;
  /** What to do on Windows Server, if that differs. */
  onServer?: Fix;
}

const program = (name: string) => (host: Host) => (host.programs ? name in host.programs : undefined);

const hashicorp = (name: string) =>
  manualFix(`Install ${name} from HashiCorp's repository: https://developer.hashicorp.com/${name}/install`);

/** Every tool that `up` may need, by name. */
export const tools: Record<string, Tool> = Object.fromEntries(
  ([
    {
      name: "packer",
      for: "building the box",
      there: program("packer"),
      packages: {
        apt: ["packer"],
        pacman: ["packer"],
        winget: ["Hashicorp.Packer"],
        brew: ["hashicorp/tap/packer"],
      },
      fallback: hashicorp("packer"),
    },
    {
      name: "vagrant",
      for: "running the VM",
      there: program("vagrant"),
      packages: {
        apt: ["vagrant"],
        dnf: ["vagrant"],
        pacman: ["vagrant"],
        winget: ["Hashicorp.Vagrant"],
        brew: ["hashicorp/tap/hashicorp-vagrant"],
      },
      fallback: hashicorp("vagrant"),
    },
    {
      name: "vagrant-libvirt",
      for: "Vagrant's plugin for libvirt",
      // on NixOS it is in the package vagrant, where the probe does not look
      there: (host) =>
        !host.programs || (isNixos(host) && "vagrant" in host.programs && !("vagrant-libvirt" in host.vagrantPlugins))
          ? undefined
          : "vagrant-libvirt" in host.vagrantPlugins,
      packages: { apt: ["vagrant-libvirt"], dnf: ["vagrant-libvirt"] },
      fallback: commandFix("Install the plugin, as yourself", "vagrant plugin install vagrant-libvirt"),
    },
    {
      name: "libvirt",
      for: "running the VM",
      there: (
        { programs },
      ) => (programs
        ? ("libvirtd" in programs || "virtqemud" in programs) && "virsh" in programs && "dnsmasq" in programs
        : undefined),
      packages: {
        apt: ["libvirt-daemon-system", "libvirt-clients", "dnsmasq-base", "iptables"],
        dnf: ["libvirt-daemon-kvm", "libvirt-client", "dnsmasq"],
        pacman: ["libvirt", "dnsmasq", "iptables-nft"],
        zypper: ["libvirt-daemon-qemu", "libvirt-client", "dnsmasq"],
        apk: ["libvirt-daemon", "libvirt-qemu", "libvirt-client", "dnsmasq", "iptables"],
        emerge: ["app-emulation/libvirt", "net-dns/dnsmasq"],
        xbps: ["libvirt", "dnsmasq"],
      },
      fallback: manualFix("Install libvirt with its QEMU driver and virsh: https://libvirt.org"),
    },
    {
      name: "qemu",
      for: "running the VM",
      there: ({ programs }) => (programs ? "qemu-system-x86_64" in programs && "qemu-img" in programs : undefined),
      packages: {
        apt: ["qemu-system-x86", "qemu-utils"],
        dnf: ["qemu-system-x86-core", "qemu-img"],
        pacman: ["qemu-base"],
        zypper: ["qemu-x86", "qemu-tools"],
        apk: ["qemu-system-x86_64", "qemu-img"],
        emerge: ["app-emulation/qemu"],
        xbps: ["qemu"],
      },
      fallback: manualFix("Install QEMU for x86_64 and qemu-img: https://www.qemu.org/download"),
    },
    {
      name: "qemu-img",
      for: "converting the image to a disk of Hyper-V",
      there: program("qemu-img"),
      packages: { winget: ["SoftwareFreedomConservancy.QEMU"] },
      fallback: manualFix("Install QEMU, which has qemu-img: https://www.qemu.org/download/#windows"),
    },
    {
      name: "virtiofsd",
      for: "the folders of folders:",
      there: ({ virtiofsd }) => (virtiofsd === undefined ? undefined : virtiofsd !== "none"),
      packages: {
        apt: ["virtiofsd"],
        dnf: ["virtiofsd"],
        pacman: ["virtiofsd"],
        zypper: ["virtiofsd"],
        apk: ["virtiofsd"],
        emerge: ["app-emulation/virtiofsd"],
        xbps: ["virtiofsd"],
      },
      fallback: manualFix("Install virtiofsd where libvirt finds it"),
    },
    {
      name: "ovmf",
      for: "UEFI firmware for a guest with a GPU",
      there: ({ ovmf }) => ovmf && ovmf.length > 0,
      packages: {
        apt: ["ovmf"],
        dnf: ["edk2-ovmf"],
        pacman: ["edk2-ovmf"],
        zypper: ["qemu-ovmf-x86_64"],
        apk: ["ovmf"],
        emerge: ["sys-firmware/edk2-bin"],
        // QEMU's own, in /usr/share/qemu (void-linux/void-packages, srcpkgs/qemu)
        xbps: ["qemu"],
      },
      fallback: manualFix("Install OVMF"),
    },
    {
      name: "hyperv",
      for: "running the VM",
      there: ({ windows }) => windows?.hyperv,
      packages: {},
      fallback: commandFix(
        "Turn Hyper-V on, with its PowerShell module, in a PowerShell that was started as administrator",
        "Enable-WindowsOptionalFeature -Online -All -FeatureName Microsoft-Hyper-V",
        { root: true, reboot: true },
      ),
      // on a server the feature does not include the PowerShell module (Microsoft, Install Hyper-V, 2026-11)
      onServer: commandFix(
        "Install the role Hyper-V with its PowerShell module, in a PowerShell that was started as administrator",
        "Install-WindowsFeature -Name Hyper-V -IncludeManagementTools",
        { root: true, reboot: true },
      ),
    },
    {
      name: "virtualbox",
      for: "running the VM",
      there: program("VBoxManage"),
      packages: { winget: ["Oracle.VirtualBox"], brew: ["--cask virtualbox"] },
      fallback: manualFix("Install VirtualBox: https://www.virtualbox.org/wiki/Downloads"),
    },
    {
      name: "parallels",
      for: "running the VM",
      there: program("prlctl"),
      packages: {},
      fallback: manualFix(
        "Install Parallels Desktop Pro or Business, for the prlctl that Vagrant needs: https://www.parallels.com",
      ),
    },
    {
      name: "vagrant-parallels",
      for: "Vagrant's plugin for Parallels",
      there: (host) => (host.programs ? "vagrant-parallels" in host.vagrantPlugins : undefined),
      packages: {},
      fallback: commandFix("Install the plugin", "vagrant plugin install vagrant-parallels"),
    },
    {
      name: "xorriso",
      for: "the CD that gives Packer access to the image",
      there: program("xorriso"),
      packages: {
        apt: ["xorriso"],
        dnf: ["xorriso"],
        pacman: ["libisoburn"],
        zypper: ["xorriso"],
        apk: ["xorriso"],
        emerge: ["dev-libs/libisoburn"],
        xbps: ["xorriso"],
      },
      fallback: manualFix("Install xorriso"),
    },
    {
      name: "curl",
      for: "downloading the image",
      there: program("curl"),
      packages: {
        apt: ["curl", "ca-certificates"],
        dnf: ["curl"],
        pacman: ["curl"],
        zypper: ["curl"],
        apk: ["curl"],
        emerge: ["net-misc/curl"],
        xbps: ["curl"],
      },
      fallback: manualFix("Install curl"),
    },
    {
      name: "debootstrap",
      for: "building the image from this host's package sources",
      there: program("debootstrap"),
      packages: {
        apt: ["debootstrap"],
        dnf: ["debootstrap"],
        pacman: ["debootstrap", "debian-archive-keyring"],
        zypper: ["debootstrap"],
        apk: ["debootstrap"],
        emerge: ["dev-util/debootstrap"],
        xbps: ["debootstrap"],
      },
      fallback: manualFix("Install debootstrap"),
    },
    {
      name: "ssh",
      for: "connecting to the VM",
      there: ({ programs }) => (programs ? "ssh" in programs && "ssh-keygen" in programs : undefined),
      packages: {
        apt: ["openssh-client"],
        dnf: ["openssh-clients"],
        pacman: ["openssh"],
        zypper: ["openssh-clients"],
        apk: ["openssh-client"],
        emerge: ["net-misc/openssh"],
        xbps: ["openssh"],
      },
      fallback: manualFix("Install OpenSSH's client"),
    },
  ] satisfies Tool[]).map((tool) => [tool.name, tool]),
);

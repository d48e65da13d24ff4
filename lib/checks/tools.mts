import type { ResolvedMachine } from "../resolve/types.mts";
import type { Fix } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { applianceOf } from "../host/appliances.mts";
import { type Family, installerOf } from "../host/installers.mts";
import { isPackaged } from "../host/packages.mts";
import { upstreamSteps } from "../host/upstream.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { refusals } from "../resolve/support.mts";
import { isOwn, providerOf } from "../resolve/providers.mts";
import { fail, pass, unknown } from "./results.mts";

/** A program that must be installed before anything starts. */
export interface Tool {
  name: string;
  /** What it is needed for. */
  for: string;
  /** Whether the host has it; undefined if that was not read. */
  there(host: Host): boolean | undefined;
  /**
   * Packages by family of distributions; lib/host/packages.mts has the releases that have them.
   * Otherwise `otherwise` says what to do.
   */
  packages: Partial<Record<Family, string[]>>;
  fallback: Fix;
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
      for: "Vagrant's way to libvirt",
      there: (host) => (host.programs ? "vagrant-libvirt" in host.vagrantPlugins : undefined),
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
        "Install Parallels Desktop, Pro or Business, whose prlctl Vagrant needs: https://www.parallels.com",
      ),
    },
    {
      name: "vagrant-parallels",
      for: "Vagrant's way to Parallels",
      there: (host) => (host.programs ? "vagrant-parallels" in host.vagrantPlugins : undefined),
      packages: {},
      fallback: commandFix("Install the plugin", "vagrant plugin install vagrant-parallels"),
    },
    {
      name: "xorriso",
      for: "the CD that lets Packer into the image",
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
      for: "getting the image",
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
      for: "reaching the VM",
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

/**
 * The tools that a machine needs on this host, each once, in the order of use; empty where the host
 * cannot run the machine.
 */
export function toolsFor(machine: ResolvedMachine, host: Host): Tool[] {
  if (!isOwn(machine.provider) || refusals(machine, host).some(({ sure }) => sure)) return [];
  const names = providerOf(machine.provider).tools(host, machine);
  if (machine.image && machine.provider !== "libvirt") names.push("packer");
  if (machine.image && machine.provider === "libvirt") {
    names.push("packer", "xorriso");
    // a known image that cannot be downloaded is built with debootstrap, on hosts with apt
    if (machine.image.kind === "known" || machine.image.kind === "url") names.push("curl");
    if (
      machine.image.kind === "debootstrap" || (machine.image.kind === "known" && installerOf(host)?.family === "apt")
    ) {
      names.push("debootstrap");
    }
  }
  names.push("ssh");
  return [...new Set(names)].map((name) => tools[name]!);
}

/** How to install these tools here: one command for all packaged ones, and steps for the others. */
export function installs(missing: Tool[], host: Host): Fix[] {
  if (host.hypervisor === "xen-dom0") {
    return [
      manualFix("KVM does not run in Xen's control domain: run this on another host, or boot this one without Xen"),
    ];
  }
  const kept = applianceOf(host)?.packages;
  if (kept) return [manualFix(kept)];
  const installer = installerOf(host);
  const own = missing.filter((tool) => packagesOf(tool, host).length > 0);
  const packages = [...new Set(own.flatMap((tool) => packagesOf(tool, host)))];
  const rest = missing.filter((tool) => !own.includes(tool));
  // these have steps for each distribution; the plugin's come last, since it needs vagrant and
  // libvirt
  const stepped = rest.filter(({ name }) => upstreamSteps([name], host).length > 0);
  return [
    ...(installer && packages.length > 0
      ? [
        commandFix(`Install ${own.map(({ name }) => name).join(", ")}`, installer.install(packages), {
          root: installer.root,
          safe: installer.safe,
          ...(installer.reboot ? { reboot: true } : {}),
        }),
      ]
      : []),
    ...rest.filter((tool) => !stepped.includes(tool)).map(({ fallback }) => fallback),
    ...upstreamSteps(stepped.map(({ name }) => name), host),
  ];
}

/** The packages of a tool on this host; empty if its release has none. */
function packagesOf(tool: Tool, host: Host): string[] {
  const installer = installerOf(host);
  return installer && isPackaged(tool.name, host) ? (tool.packages[installer.family] ?? []) : [];
}

/** The programs of each tool whose version the probe reads. */
const asked: Record<string, string[]> = {
  packer: ["packer"],
  libvirt: ["libvirtd", "virtqemud"],
  qemu: ["qemu-system-x86_64"],
  virtualbox: ["VBoxManage"],
};

/** Programs that did not answer the version query: a fail if a machine needs them. */
function unanswered({ unanswered = [] }: Host, needed: string[]): Verdict[] {
  const inUse = unanswered.filter((name) => needed.some((tool) => asked[tool]?.includes(name)));
  if (inUse.length === 0) return [];
  return [
    fail(
      `${inUse.join(", ")} did not answer: a step that runs it would hang`,
      inUse.map((name) => ({ read: `${name} version`, value: "no answer in time" })),
      [manualFix(`Run it by hand and see what it waits for: ${inUse[0]}`)],
    ),
  ];
}

/** Whether the programs that the machines need are installed. */
export const toolChecks: Check[] = [
  {
    id: "tools.present",
    about: "the programs that build and run the machines",
    why: "each step of up runs one of them",
    check(host, { machines }) {
      const needed = [...new Set(machines.flatMap((machine) => toolsFor(machine, host)))];
      if (!host.programs) {
        return [unknown("programs were not looked for: this is another machine's tree")];
      }
      if (needed.length === 0) return [];
      const missing = needed.filter((tool) => tool.there(host) === false);
      const unseen = needed.filter((tool) => tool.there(host) === undefined);
      const hanging = unanswered(host, needed.map(({ name }) => name));
      if (hanging.length > 0) return hanging;
      if (missing.length === 0 && unseen.length > 0) {
        const names = unseen.map(({ name }) => name).join(", ");
        return [unknown(`whether ${names} is there could not be seen`)];
      }
      if (missing.length === 0) {
        const versions = Object.entries(host.versions).filter(([name]) => needed.some((tool) => tool.name === name));
        return [
          pass(
            `${needed.map(({ name }) => name).join(", ")}: all there`,
            versions.map(([name, value]) => ({ read: `${name} version`, value })),
          ),
        ];
      }
      return [
        fail(
          `missing: ${missing.map((tool) => `${tool.name} (${tool.for})`).join(", ")}`,
          missing.map(({ name }) => ({ read: `${name} in PATH`, value: "not found" })),
          installs(missing, host),
        ),
      ];
    },
  },
];

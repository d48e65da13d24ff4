/**
 * Detects the system of a disk image by its file name, and whether the guest scripts support it.
 */
import type { Source } from "./sources.mts";

/** A system, recognised by the names of its images. */
export interface ImageSystem extends Source {
  name: string;
  pattern: RegExp;
  /** The suite, if the guest scripts support everything on it. */
  suite?: string;
  /** Whether it has apt-get, which install-docker.sh and install-podman.sh need. */
  apt: boolean;
}

const scripts = { source: "scripts/install-docker.sh and install-nvidia.sh", checked: "2026-11-26" } as const;
const named = (name: string, pattern: RegExp, apt = false): ImageSystem => ({ name, pattern, apt, ...scripts });
const installed = (name: string, pattern: RegExp, suite: string): ImageSystem => ({
  ...named(name, pattern, true),
  suite,
});

/** The first match counts. The patterns match the publishers' cloud images. */
export const imageSystems: ImageSystem[] = [
  installed("Debian 12", /\bdebian-?12(?!\d)|bookworm/, "bookworm"),
  installed("Debian 13", /\bdebian-?13(?!\d)|trixie/, "trixie"),
  installed("Ubuntu 22.04", /\bubuntu-?22\.?04|jammy/, "jammy"),
  installed("Ubuntu 24.04", /\bubuntu-?24\.?04|noble/, "noble"),
  installed("Ubuntu 26.04", /\bubuntu-?26\.?04|resolute/, "resolute"),
  named("Debian 9 or older", /\bdebian-?\d(?!\d)|stretch|jessie/, true),
  named("Debian 10", /\bdebian-?10(?!\d)|buster/, true),
  named("Debian 11", /\bdebian-?11(?!\d)|bullseye/, true),
  named("Debian 14", /\bdebian-?14(?!\d)|forky/, true),
  named("Debian unstable", /\bdebian-?sid|\bsid\b/, true),
  named(
    "another release of Ubuntu",
    /\bubuntu-?\d\d\.?\d\d|focal|bionic|xenial|oracular|plucky|questing|stonking|mantic|lunar/,
    true,
  ),
  // an Ubuntu release whose code name is not in this table: recognised by the form of its image
  // names
  named("another release of Ubuntu", /-(server|minimal)-cloudimg-/, true),
  named("Kali", /\bkali/, true),
  named("Devuan", /\bdevuan/, true),
  named("Pop!_OS", /\bpop-?os\b|\bpop_os|pop-os_/, true),
  named("Proxmox VE", /\bproxmox/, true),
  named("DGX OS", /\bdgx-?os/, true),
  named("Linux Mint", /linux-?mint/, true),
  named("Fedora", /fedora/),
  named("CentOS", /centos/),
  named("Rocky Linux", /rocky/),
  named("AlmaLinux", /alma-?linux/),
  named("Oracle Linux", /oracle-?linux|\bol\d+u?\d*[-_]/),
  named("Red Hat Enterprise Linux", /\brhel|redhat/),
  named("Amazon Linux", /\bal20\d\d|amzn|amazon-?linux/),
  named("openSUSE", /opensuse|tumbleweed|\bleap-?\d/),
  named("SUSE Linux Enterprise", /\bsles?-?\d/),
  named("Arch Linux", /\barch-?linux|\barch-/),
  named("Alpine", /alpine/),
  named("Gentoo", /gentoo/),
  named("NixOS", /nixos/),
  named("Void Linux", /\bvoid-/),
  named("Flatcar", /flatcar/),
  named("Talos", /\btalos/),
  named("openEuler", /openeuler/),
  named("Photon OS", /\bphoton-/),
  named("Azure Linux", /azure-?linux|cbl-mariner/),
  named("Home Assistant OS", /\bhaos[_-]/),
  named("Clear Linux", /\bclear-\d+-(kvm|cloud)/),
  named("Guix", /\bguix/),
  named("FreeBSD", /freebsd/),
  named("OpenBSD", /openbsd/),
  named("Windows", /windows|\bwin(10|11|20\d\d)/),
];

/**
 * The system of an image, by the file name in its URL or path, else by the folder names, the
 * nearest first. Undefined where no name matches.
 */
export function systemByName(path: string): ImageSystem | undefined {
  const parts = path.toLowerCase().replace(/[?#].*$/, "").split(/[/\\]/).filter(Boolean).reverse();
  for (const part of parts) {
    const found = imageSystems.find(({ pattern }) => pattern.test(part));
    if (found) return found;
  }
  return undefined;
}

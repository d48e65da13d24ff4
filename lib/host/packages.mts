/** The programs that distributions package, by release, with sources. */
import type { Host } from "./types.mts";
import { codenameOf, isEnterprise, isFedora, isLike, isProxmox } from "./distributions.mts";

/** A row about a distribution's packages; `source` was read on that day. */
interface Row {
  packages: string[];
  here(host: Host): boolean;
  source: string;
  date: string;
}

const based = (...names: string[]) => (host: Host) => names.includes(codenameOf(host) ?? "");

/** The distributions whose own repositories have HashiCorp's programs; others do not have them. */
export const packaged: Row[] = [
  {
    packages: ["packer"],
    here: based("bullseye", "bookworm", "focal", "jammy"),
    source: "packages.debian.org, packages.ubuntu.com: packer; left out since its change of licence",
    date: "2026-11-26",
  },
  {
    packages: ["vagrant", "vagrant-libvirt"],
    here: based("bullseye", "bookworm", "trixie", "sid", "focal", "jammy"),
    source: "packages.debian.org, packages.ubuntu.com: vagrant, vagrant-libvirt; not in forky, noble and later",
    date: "2026-11-26",
  },
  {
    packages: ["vagrant", "vagrant-libvirt"],
    here: isFedora,
    source: "packages.fedoraproject.org: Fedora 42 to 44 and Rawhide; not in EPEL",
    date: "2026-11-26",
  },
  {
    packages: ["packer", "vagrant"],
    here: (host) => isLike(host, "arch"),
    source: "archlinux.org/packages, extra (packer 1.15.0-2 of February 2026, vagrant); vagrant-libvirt is not there",
    date: "2026-11-26",
  },
  {
    packages: ["packer", "vagrant"],
    here: ({ os }) => os.platform === "windows" || os.platform === "macos",
    source: "winget-pkgs manifests Hashicorp.Packer, Hashicorp.Vagrant; HashiCorp's tap of Homebrew",
    date: "2026-11-26",
  },
  {
    packages: ["debootstrap"],
    here: (host) => !isEnterprise(host) || host.epel === true,
    source: "packages.fedoraproject.org, EPEL 9 and 10: debootstrap; RHEL itself has none",
    date: "2026-11-26",
  },
  {
    packages: ["qemu"],
    here: (host) => !isEnterprise(host) && !isProxmox(host),
    source: "RHEL: qemu-kvm only, at /usr/libexec/qemu-kvm; Proxmox: pve-qemu-kvm provides qemu-system-x86, and " +
      "Debian's removes proxmox-ve (pve-qemu, debian/control)",
    date: "2026-11-26",
  },
  {
    packages: ["libvirt"],
    here: (host) => !isProxmox(host),
    source:
      "Proxmox VE: libvirt next to its own management is not supported, and its recommended QEMU removes proxmox-ve",
    date: "2026-11-26",
  },
];

/**
 * Whether QEMU's own packages have virtiofsd (packages.debian.org, packages.ubuntu.com: qemu-system-common has
 * /usr/lib/qemu/virtiofsd up to QEMU 7.2; later releases have a package virtiofsd; 2026-11-27).
 */
export const qemuHasVirtiofsd = based("bullseye", "bookworm", "jammy");

/** The sources of package names that are in no other row. */
export const packageNames = [
  {
    name: "packages of Gentoo",
    source: "https://github.com/gentoo/gentoo (vagrant 2.4.9-r1 and packer 1.16.0 are ~amd64; edk2-bin, libisoburn)",
    date: "2026-11-26",
  },
  {
    name: "packages of Void",
    source: "https://github.com/void-linux/void-packages (qemu, xorriso, debootstrap)",
    date: "2026-11-26",
  },
  {
    name: "virtiofsd",
    source: "https://github.com/gentoo/gentoo app-emulation/virtiofsd, void-linux/void-packages srcpkgs/virtiofsd, " +
      "alpinelinux/aports community/virtiofsd, archlinux.org/packages extra/virtiofsd; NixOS: nixpkgs libvirtd.nix",
    date: "2026-11-27",
  },
  {
    name: "EPEL",
    source: "https://docs.fedoraproject.org/en-US/epel/getting-started, percona/postgresql-docs#859 (RHEL 9 and 10)",
    date: "2026-11-26",
  },
];

/** Whether a host's own repositories have a tool's packages. */
export function isPackaged(tool: string, host: Host): boolean {
  const rows = packaged.filter(({ packages }) => packages.includes(tool));
  return rows.length === 0 || rows.some(({ here }) => here(host));
}

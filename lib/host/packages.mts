/**
 * The packages that install a program, by distribution and release, and the source of programs that
 * a distribution does not package.
 */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { applianceOf } from "./appliances.mts";
import { isTransactional, program } from "./programs.mts";
import { commandFix, manualFix } from "../fixes.mts";

/** Families of distributions with the same package names. */
export type Family = "apt" | "dnf" | "pacman" | "zypper" | "apk" | "emerge" | "xbps" | "winget" | "brew";

/** How a host installs packages from its own repositories. */
export interface Installer {
  family: Family;
  install(packages: string[]): string;
  /** The command needs root. */
  root: boolean;
  /** `--yes` may run it without a question: it changes only packages, which can be used at once. */
  safe: boolean;
  reboot?: true;
}

const list = (packages: string[]) => packages.join(" ");

/**
 * Installers, the most specific first: an image-based system also has its family's tool, which
 * fails there.
 */
const installers: { here(host: Host): boolean; installer: Installer }[] = [
  {
    // packages become a layer of the next deployment, so a reboot is needed (rpm-ostree(1),
    // install)
    here: (host) => host.marks.includes("/run/ostree-booted") && program(host, "rpm-ostree"),
    installer: {
      family: "dnf",
      install: (packages) => `rpm-ostree install --idempotent ${list(packages)}`,
      root: true,
      safe: false,
      reboot: true,
    },
  },
  {
    // the root is read-only: zypper fails, and packages go into a new snapshot
    // (transactional-update(8), pkg)
    here: isTransactional,
    installer: {
      family: "zypper",
      install: (packages) => `transactional-update --non-interactive pkg install ${list(packages)}`,
      root: true,
      safe: false,
      reboot: true,
    },
  },
  {
    here: (host) => program(host, "apt-get"),
    installer: {
      family: "apt",
      install: (packages) =>
        `apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${list(packages)}`,
      root: true,
      safe: true,
    },
  },
  {
    here: (host) => program(host, "dnf"),
    installer: { family: "dnf", install: (packages) => `dnf install -y ${list(packages)}`, root: true, safe: true },
  },
  {
    here: (host) => program(host, "pacman"),
    installer: {
      family: "pacman",
      install: (packages) => `pacman -S --needed --noconfirm ${list(packages)}`,
      root: true,
      safe: true,
    },
  },
  {
    here: (host) => program(host, "zypper"),
    installer: {
      family: "zypper",
      install: (packages) => `zypper --non-interactive install ${list(packages)}`,
      root: true,
      safe: true,
    },
  },
  {
    here: (host) => program(host, "apk"),
    installer: { family: "apk", install: (packages) => `apk add ${list(packages)}`, root: true, safe: true },
  },
  {
    // Portage compiles for minutes or hours, so nobody is asked to run it with --yes
    here: (host) => program(host, "emerge"),
    installer: {
      family: "emerge",
      install: (packages) => `emerge --noreplace ${list(packages)}`,
      root: true,
      safe: false,
    },
  },
  {
    here: (host) => program(host, "xbps-install"),
    installer: { family: "xbps", install: (packages) => `xbps-install -Sy ${list(packages)}`, root: true, safe: true },
  },
  {
    // winget and brew ask for administrator rights themselves, and brew refuses to run as root
    here: (host) => program(host, "winget"),
    installer: {
      family: "winget",
      install: (packages) =>
        packages.map((id) => `winget install --exact --id ${id} --accept-package-agreements`).join("; "),
      root: false,
      safe: true,
    },
  },
  {
    here: (host) => program(host, "brew"),
    installer: {
      family: "brew",
      install: (packages) => packages.map((name) => `brew install ${name}`).join(" && "),
      root: false,
      safe: true,
    },
  },
];

/**
 * How this host installs packages; undefined where the tool or its package names are not known, or
 * where packages do not persist.
 */
export function installerOf(host: Host): Installer | undefined {
  if (applianceOf(host)) return undefined;
  const found = installers.find(({ here }) => here(host))?.installer;
  // openEuler, Amazon Linux and other systems with dnf have other package names than Fedora and
  // RHEL
  return found?.family === "dnf" && rpmBaseOf(host) === undefined ? undefined : found;
}

/**
 * The distribution whose packages a host with dnf has: by its id, by the release in its kernel's
 * name (`.fc43`, `.el9_7`), or by ID_LIKE. RHEL, Oracle Linux and Amazon Linux have fedora in
 * ID_LIKE; Nobara, which is based on Fedora, has rhel.
 */
function rpmBaseOf({ os }: Host): "fedora" | "enterprise" | undefined {
  const enterprise = ["rhel", "rocky", "almalinux", "centos", "ol", "eurolinux", "scientific", "miraclelinux"];
  if (os.id === "fedora") return "fedora";
  if (enterprise.includes(os.id ?? "")) return "enterprise";
  if (os.id === "amzn" || os.like.includes("ubuntu")) return undefined;
  const built = /\.(fc|el)\d/.exec(os.kernel ?? "")?.[1];
  if (built) return built === "fc" ? "fedora" : "enterprise";
  return os.like.includes("rhel") ? "enterprise" : os.like.includes("fedora") ? "fedora" : undefined;
}

/** RHEL and its rebuilds. */
const isEnterprise = (host: Host) => rpmBaseOf(host) === "enterprise";
const isFedora = (host: Host) => rpmBaseOf(host) === "fedora";
const isProxmox = (host: Host) => host.marks.includes("/etc/pve") || program(host, "pveversion");

/**
 * The Debian or Ubuntu releases of derivatives, by the derivative's version, where the derivative
 * does not name the release.
 */
const bases: Record<string, Record<string, string>> = {
  debian: { 11: "bullseye", 12: "bookworm", 13: "trixie", 14: "forky" },
  devuan: { 4: "bullseye", 5: "bookworm", 6: "trixie", 7: "forky" },
  ubuntu: { 20: "focal", 22: "jammy", 24: "noble", 26: "resolute" },
  pop: { 22: "jammy", 24: "noble" },
  linuxmint: { 20: "focal", 21: "jammy", 22: "noble" },
  lmde: { 6: "bookworm", 7: "trixie" },
  zorin: { 17: "jammy", 18: "noble" },
  elementary: { 7: "jammy", 8: "noble" },
  neon: { 22: "jammy", 24: "noble" },
};

/**
 * The code name of the Debian or Ubuntu release whose packages a host has; undefined where it is
 * not known.
 */
function baseOf({ os }: Host): string | undefined {
  const id = os.id === "linuxmint" && !os.like.includes("ubuntu") ? "lmde" : os.id ?? "";
  return os.base ?? bases[id]?.[os.version?.split(".")[0] ?? ""] ??
    (id === "debian" || id === "ubuntu" ? os.codename : undefined);
}

/** A row about a distribution's packages; `source` was read on that day. */
interface Row {
  packages: string[];
  here(host: Host): boolean;
  source: string;
  date: string;
}

const based = (...names: string[]) => (host: Host) => names.includes(baseOf(host) ?? "");

/** Where a distribution's own repositories have HashiCorp's programs; without a row they do not. */
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
    here: (host) => [host.os.id, ...host.os.like].includes("arch"),
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
    source:
      "RHEL: qemu-kvm only, at /usr/libexec/qemu-kvm; Proxmox: pve-qemu-kvm provides qemu-system-x86, and Debian's removes proxmox-ve (pve-qemu, debian/control)",
    date: "2026-11-26",
  },
  {
    packages: ["libvirt"],
    here: (host) => !isProxmox(host),
    source:
      "Proxmox VE: libvirt beside its own management is not supported, and its recommended QEMU removes proxmox-ve",
    date: "2026-11-26",
  },
];

/** Where the names of packages were read that no other row is about. */
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

/** The fix for Proxmox VE, where packages of both sources would replace Proxmox's own. */
const onProxmox = manualFix(
  "Proxmox VE has a QEMU of its own, and Debian's removes proxmox-ve when it is installed: run this in a VM of it, or on another host",
);

/**
 * Steps to install tools that the distribution does not package, to be run by hand. Empty where no
 * steps are known.
 */
export function upstreamSteps(tools: string[], host: Host): Fix[] {
  const programs = tools.filter((name) => name === "packer" || name === "vagrant");
  const installer = installerOf(host);
  const steps: Fix[] = [];
  if (tools.some((name) => name === "qemu" || name === "libvirt")) {
    if (isProxmox(host)) steps.push(onProxmox);
    else if (installer && isEnterprise(host) && tools.includes("qemu")) {
      steps.push(commandFix(
        "Install QEMU, which this distribution has under another name",
        "dnf install -y qemu-kvm qemu-img && ln -sf /usr/libexec/qemu-kvm /usr/local/bin/qemu-system-x86_64",
        { root: true },
      ));
    }
  }
  if (tools.includes("debootstrap") && isEnterprise(host)) {
    steps.push(...epel(host, installer));
  }
  if (programs.length > 0) steps.push(...hashicorp(programs, host, installer));
  if (tools.includes("vagrant-libvirt")) steps.push(...plugin(host, installer));
  return steps;
}

/** Steps for EPEL and debootstrap. The package that adds EPEL has a name of its own on each system. */
function epel({ os }: Host, installer: Installer | undefined): Fix[] {
  const release = /^\d+/.exec(os.version ?? "")?.[0];
  const own = ["rocky", "almalinux", "centos"].includes(os.id ?? "")
    ? "epel-release"
    : os.id === "ol" && release
    ? `oracle-epel-release-el${release}`
    : os.id === "rhel" && release
    ? `https://dl.fedoraproject.org/pub/epel/epel-release-latest-${release}.noarch.rpm`
    : undefined;
  if (!own || !installer) {
    return [
      manualFix("Install debootstrap from EPEL: https://docs.fedoraproject.org/en-US/epel/getting-started", {
        root: true,
      }),
    ];
  }
  return [
    commandFix("Add EPEL, which has debootstrap", installer.install([own]), { root: true }),
    commandFix("Install debootstrap from it", installer.install(["debootstrap"]), { root: true }),
  ];
}

/**
 * The newest Fedora release with a folder in HashiCorp's repository. HashiCorp adds a release some
 * time after Fedora publishes it.
 */
export const hashicorpFedora = {
  newest: 43,
  source: "https://rpm.releases.hashicorp.com/fedora/43 (repository files that use it on Fedora 44)",
  date: "2026-11-26",
} as const;

/**
 * Steps for HashiCorp's repository and the packages. The packages are the same for every release,
 * so the steps name a release that the repository certainly has.
 */
function hashicorp(programs: string[], host: Host, installer: Installer | undefined): Fix[] {
  const shown = programs.join(" and ");
  const say = `Add HashiCorp's package repository, since this release has no ${shown}`;
  const more = { root: true, ...(installer?.reboot ? { reboot: true } : {}) };
  const install = installer && commandFix(`Install ${shown} from it`, installer.install(programs), more);
  if (installer?.family === "apt") {
    const suite = ["jammy", "noble"].find((name) => name === baseOf(host)) ??
      ([host.os.id, ...host.os.like].includes("ubuntu") ? "noble" : "bookworm");
    const key = "/usr/share/keyrings/hashicorp.asc";
    return [
      commandFix(
        say,
        `sh -ec 'curl -fsSL https://apt.releases.hashicorp.com/gpg -o ${key}; echo "deb [signed-by=${key}] https://apt.releases.hashicorp.com ${suite} main" >/etc/apt/sources.list.d/hashicorp.list'`,
        { root: true },
      ),
      install!,
    ];
  }
  if (installer?.family === "dnf") {
    const where = isEnterprise(host) ? "RHEL" : "fedora";
    const file = "/etc/yum.repos.d/hashicorp.repo";
    const add = `curl -fsSL https://rpm.releases.hashicorp.com/${where}/hashicorp.repo -o ${file}`;
    const pin = where === "fedora" && Number(host.os.version) > hashicorpFedora.newest
      ? ` && sed -i 's/$releasever/${hashicorpFedora.newest}/' ${file}`
      : "";
    return [
      commandFix(pin ? `${say}; its folder for Fedora ${hashicorpFedora.newest} is the newest` : say, add + pin, {
        root: true,
      }),
      install!,
    ];
  }
  if (installer?.family === "emerge") {
    const atoms = programs.map((name) => name === "packer" ? "dev-util/packer" : "app-emulation/vagrant");
    return [
      manualFix(
        `Accept ~amd64 for ${atoms.join(" and ")} and what they need, in /etc/portage/package.accept_keywords`,
        { root: true },
      ),
      commandFix(`Install ${shown}`, installer.install(atoms), more),
    ];
  }
  if (installer?.family === "apk" && programs.includes("vagrant")) {
    return [
      manualFix("Vagrant has no release for Alpine, whose libc is musl: run this on a host with another distribution"),
    ];
  }
  return programs.map((name) =>
    manualFix(`Install ${name} from HashiCorp's downloads: https://developer.hashicorp.com/${name}/install`)
  );
}

/**
 * The packages that the plugin's extension for libvirt needs to compile (ruby-libvirt: a compiler,
 * make, pkg-config, libvirt's headers).
 */
const compilers: Partial<Record<Family, string[]>> = {
  apt: ["build-essential", "pkg-config", "libvirt-dev"],
  dnf: ["gcc", "make", "pkgconf-pkg-config", "libvirt-devel"],
  pacman: ["base-devel", "libvirt"],
  zypper: ["gcc", "make", "pkgconf-pkg-config", "libvirt-devel"],
  xbps: ["base-devel", "libvirt-devel"],
  emerge: ["app-emulation/libvirt", "virtual/pkgconfig"],
};

function plugin(host: Host, installer: Installer | undefined): Fix[] {
  const packages = installer && compilers[installer.family];
  const own = commandFix("Install the plugin, as yourself", "vagrant plugin install vagrant-libvirt");
  if (!packages) {
    return [{ ...own, title: `${own.title}; it compiles against libvirt's headers, with gcc, make and pkg-config` }];
  }
  // RHEL has headers in a repository that is disabled by default: crb, or powertools in RHEL 8
  const repository = isEnterprise(host)
    ? host.os.id === "rhel" ? undefined : host.os.version?.startsWith("8") ? "powertools" : "crb"
    : undefined;
  const run = installer.install(packages);
  return [
    commandFix(
      "Install what the plugin vagrant-libvirt needs to compile",
      repository ? run.replace("dnf install -y", `dnf install -y --enablerepo=${repository}`) : run,
      { root: true, ...(installer.reboot ? { reboot: true } : {}) },
    ),
    own,
  ];
}

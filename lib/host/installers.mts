/** How a host installs packages from its own repositories: a table with one entry for each package manager. */
import type { Host } from "./types.mts";
import { applianceOf } from "./appliances.mts";
import { isTransactional, program } from "./programs.mts";
import { rpmBaseOf } from "./distributions.mts";

/** Families of distributions with the same package names. */
export type Family = "apt" | "dnf" | "pacman" | "zypper" | "apk" | "emerge" | "xbps" | "winget" | "brew";

/** How a host installs packages from its own repositories. */
export interface Installer {
  family: Family;
  install(packages: string[]): string;
  /** Whether the command needs root. */
  root: boolean;
  /** Whether `--yes` may run it without a question: it changes only packages, which can be used at once. */
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
    here: (host) => host.existingPaths.includes("/run/ostree-booted") && program(host, "rpm-ostree"),
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
    // ALT and PCLinuxOS have apt-get for RPM packages, with different package names
    here: (host) => program(host, "apt-get") && !/^(alt|pclinuxos)/.test(host.os.id ?? ""),
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
    // Chimera has Alpine's tool and its own packages
    here: (host) => program(host, "apk") && host.os.id !== "chimera",
    installer: { family: "apk", install: (packages) => `apk add ${list(packages)}`, root: true, safe: true },
  },
  {
    // Portage compiles for minutes or hours, so --yes does not run it
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
    // winget and brew ask for administrator permissions themselves; brew refuses to run as root
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
  if (applianceOf(host)?.packages !== undefined) return undefined;
  const found = installers.find(({ here }) => here(host))?.installer;
  // openEuler, Amazon Linux and other systems with dnf use other package names than Fedora and RHEL
  return found?.family === "dnf" && rpmBaseOf(host) === undefined ? undefined : found;
}

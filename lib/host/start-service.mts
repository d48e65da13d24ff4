/** How a host without systemd starts a service: by its init system, as far as its distribution decides that. */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { isLike } from "./distributions.mts";

/** An init system other than systemd. */
interface Init {
  name: string;
  here(host: Host): boolean;
  /** Starts a service now; absent where the host may have one of several init systems. */
  start?(service: string): string;
  /** Whether `start` also lets it start at each boot. */
  always?: true;
  /** Lets it start at each boot too; absent where the package or `start` does that. */
  enable?(service: string): Fix;
  source: string;
  date: string;
}

const date = "2026-11-27";

/** Init systems by distribution. Their packages have scripts of libvirtd; of virtqemud none was found. */
export const inits: Init[] = [
  {
    name: "OpenRC",
    here: ({ os }) => ["alpine", "postmarketos", "gentoo", "funtoo"].includes(os.id ?? ""),
    start: (service) => `rc-service ${service} start`,
    enable: (service) => commandFix("Start it at each boot too", `rc-update add ${service} default`, { root: true }),
    source: "https://pkgs.alpinelinux.org/contents?name=libvirt-daemon-openrc: /etc/init.d/libvirtd, no virtqemud; " +
      "https://wiki.gentoo.org/wiki/Libvirt",
    date,
  },
  {
    name: "sysvinit of Devuan",
    // its package of libvirt has the scripts for sysvinit; Debian's own needs one more package for them
    here: (host) => isLike(host, "devuan"),
    start: (service) => `service ${service} start`,
    source: "https://packages.debian.org/trixie/libvirt-daemon-system-sysv: /etc/init.d/libvirtd",
    date,
  },
  {
    name: "runit of Void",
    here: ({ os }) => os.id === "void",
    start: (service) => `ln -sf /etc/sv/virtlogd /etc/sv/virtlockd /etc/sv/${service} /var/service/`,
    always: true,
    source: "https://docs.voidlinux.org/config/containers-and-vms/libvirt.html (three services; runit starts what is " +
      "linked in /var/service, now and at each boot)",
    date,
  },
  {
    name: "Artix",
    // the user chose one of four init systems
    here: ({ os }) => os.id === "artix",
    enable: (service) =>
      manualFix(
        "To start it at each boot: install libvirt-openrc, -runit, -dinit or -s6 for this host's init system, and " +
          `enable ${service} with it (for OpenRC: rc-update add ${service} default)`,
        { root: true },
      ),
    source: "https://wiki.artixlinux.org/Main/Installation (packages with the services of each init system)",
    date,
  },
];

/**
 * Starts a daemon of libvirt on a host without systemd, and lets it start at each boot. Where the init system has no
 * script for it, or is not known, the daemon itself goes to the background.
 */
export function startDaemon(daemon: "libvirtd" | "virtqemud", host: Host): Fix[] {
  const init = daemon === "libvirtd" ? inits.find(({ here }) => here(host)) : undefined;
  const itself = daemon === "libvirtd"
    ? "pgrep -x virtlogd >/dev/null || virtlogd -d; libvirtd -d"
    : "virtlogd -d; virtnetworkd -d; virtstoraged -d; virtqemud -d";
  const run = init?.start?.(daemon) ?? `sh -c '${itself}'`;
  return [
    commandFix(init?.always ? `Start ${daemon}, now and at each boot` : `Start ${daemon}`, run, {
      root: true,
      safe: true,
    }),
    ...(init?.enable ? [init.enable(daemon)] : []),
  ];
}

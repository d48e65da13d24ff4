/** The distribution that a host is based on, and the release whose packages it has. */
import type { Host } from "./types.mts";
import { program } from "./programs.mts";

/** Whether a host is one of these distributions or a derivative of one: by ID or ID_LIKE of os-release. */
export const isLike = ({ os }: Host, ...ids: string[]) => [os.id, ...os.like].some((id) => ids.includes(id ?? ""));

/**
 * The distribution whose packages a host with dnf has: by its id, by the release in its kernel's
 * name (`.fc43`, `.el9_7`), or by ID_LIKE. RHEL, Oracle Linux and Amazon Linux have fedora in
 * ID_LIKE; Nobara, which is based on Fedora, has rhel. Mageia has fedora in it, but its own package
 * names.
 */
export function rpmBaseOf({ os }: Host): "fedora" | "enterprise" | undefined {
  const enterprise = ["rhel", "rocky", "almalinux", "centos", "ol", "eurolinux", "scientific", "miraclelinux"];
  if (os.id === "fedora") return "fedora";
  if (enterprise.includes(os.id ?? "")) return "enterprise";
  const mandriva = ["mageia", "openmandriva", "rosa"].includes(os.id ?? "") || os.like.includes("mandriva");
  if (os.id === "amzn" || mandriva || os.like.includes("ubuntu")) return undefined;
  const built = /\.(fc|el)\d/.exec(os.kernel ?? "")?.[1];
  if (built) return built === "fc" ? "fedora" : "enterprise";
  return os.like.includes("rhel") ? "enterprise" : os.like.includes("fedora") ? "fedora" : undefined;
}

/** RHEL and its rebuilds. */
export const isEnterprise = (host: Host) => rpmBaseOf(host) === "enterprise";
/** Fedora and its derivatives. */
export const isFedora = (host: Host) => rpmBaseOf(host) === "fedora";
/** Systems that run on Xen only: XenServer and XCP-ng (both have this id), Qubes OS. */
export const isXenSystem = ({ os }: Host) => ["xenenterprise", "qubes"].includes(os.id ?? "");
/** Proxmox VE. */
export const isProxmox = (host: Host) => host.existingPaths.includes("/etc/pve") || program(host, "pveversion");

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
export function codenameOf({ os }: Host): string | undefined {
  const id = os.id === "linuxmint" && !os.like.includes("ubuntu") ? "lmde" : os.id ?? "";
  return os.base ?? bases[id]?.[os.version?.split(".")[0] ?? ""] ??
    (id === "debian" || id === "ubuntu" ? os.codename : undefined);
}

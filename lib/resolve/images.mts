import type { Image } from "../config/types.mts";
import type { Source } from "./sources.mts";
import { publicUrl } from "../urls.mts";

/**
 * A published cloud image, and the suite that is built instead where the image cannot be
 * downloaded.
 */
export interface KnownImage {
  /**
   * URL of the disk image. Debian: cloud.debian.org/images/cloud; Ubuntu: cloud-images.ubuntu.com.
   */
  url: string;
  /** URL of the publisher's list of checksums, in the format of sha512sum or sha256sum. */
  sums: string;
  suite: string;
  /** The Vagrant box of that system for the providers in `publishedFor`: Chef's bento. */
  published: string;
}

/** Providers that bento publishes boxes for. It builds none for Hyper-V. */
export const publishedFor: { providers: string[] } & Source = {
  providers: ["virtualbox", "parallels"],
  source: "https://github.com/chef/bento (CHANGELOG.md, 202510.26.0)",
  checked: "2026-11-26",
};

/** The pages that list the published images. */
export const imageSources: Source[] = [
  { source: "https://cloud.debian.org/images/cloud", checked: "2026-11-26" },
  { source: "https://cloud-images.ubuntu.com", checked: "2026-11-26" },
];

/**
 * Images that a box can be built from, by name. They have the distribution's standard kernel, since
 * the cloud kernel lacks drivers.
 */
export const knownImages: Record<string, KnownImage> = {
  "debian-12": debian("bookworm", 12),
  "debian-13": debian("trixie", 13),
  "ubuntu-22.04": ubuntu("jammy", "22.04"),
  "ubuntu-24.04": ubuntu("noble", "24.04"),
  "ubuntu-26.04": ubuntu("resolute", "26.04"),
};

/** Suites that `make-image.sh` can build, with their system. */
export const suites: Record<string, { os: "debian" | "ubuntu"; version: string }> = {
  bookworm: { os: "debian", version: "12" },
  trixie: { os: "debian", version: "13" },
  jammy: { os: "ubuntu", version: "22.04" },
  noble: { os: "ubuntu", version: "24.04" },
  resolute: { os: "ubuntu", version: "26.04" },
};

/** `trixie` → `Debian 13` */
export function systemOf(suite: string): string {
  const { os, version } = suites[suite]!;
  return `${os === "debian" ? "Debian" : "Ubuntu"} ${version}`;
}

/**
 * The systems that the guest scripts support, as text: `Debian 12 and 13, Ubuntu 22.04, 24.04 and
 * 26.04`.
 */
export function supportedSystems(): string {
  const versions = (os: "debian" | "ubuntu") => {
    const all = Object.values(suites).filter((suite) => suite.os === os).map(({ version }) => version);
    return `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
  };
  return `Debian ${versions("debian")}, Ubuntu ${versions("ubuntu")}`;
}

/** The suite of an image of Debian or Ubuntu; undefined for a user's own image. */
export function suiteOf(image: Image | undefined): string | undefined {
  if (image?.kind === "known") return knownImages[image.name]?.suite;
  return image?.kind === "debootstrap" ? image.suite : undefined;
}

/**
 * The box that Packer's vagrant builder starts from, for a provider; undefined for an image that is
 * not a box, or has no box for the provider.
 */
export function boxSource(image: Image, provider: string): { source: string; checksum: string } | undefined {
  switch (image.kind) {
    case "known":
      if (!publishedFor.providers.includes(provider)) return undefined;
      return { source: knownImages[image.name]!.published, checksum: "none" };
    case "file":
      return image.file.endsWith(".box") ? { source: image.file, checksum: "none" } : undefined;
    case "url":
      return image.url.endsWith(".box") ? { source: image.url, checksum: image.checksum } : undefined;
    case "debootstrap":
      return undefined;
  }
}

/** The name of an image in messages. */
export function imageName(image: Image): string {
  switch (image.kind) {
    case "known":
      return image.name;
    case "file":
      return image.file;
    case "url":
      return publicUrl(image.url);
    case "debootstrap":
      return `${image.suite} from package sources`;
  }
}

function debian(suite: string, version: number): KnownImage {
  const base = `https://cloud.debian.org/images/cloud/${suite}/latest`;
  return {
    url: `${base}/debian-${version}-generic-amd64.qcow2`,
    sums: `${base}/SHA512SUMS`,
    suite,
    published: `bento/debian-${version}`,
  };
}

function ubuntu(suite: string, version: string): KnownImage {
  const base = `https://cloud-images.ubuntu.com/${suite}/current`;
  return {
    url: `${base}/${suite}-server-cloudimg-amd64.img`,
    sums: `${base}/SHA256SUMS`,
    suite,
    published: `bento/ubuntu-${version}`,
  };
}

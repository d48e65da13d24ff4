/**
 * AMD's and Intel's cards in a guest: their drivers are part of the kernel, and their firmware is a
 * package of the distribution.
 */
import { vendorIds } from "../host/vendors.mts";
import { isOlder } from "../text.mts";
import { suiteOf, systemOf } from "./images.mts";
import { isOwn } from "./providers.mts";
import type { Source } from "./sources.mts";
import type { ResolvedMachine } from "./types.mts";

/** A vendor of cards whose driver is part of the kernel. */
export type GraphicsVendor = "amd" | "intel";

const vendors: Record<string, GraphicsVendor> = { [vendorIds.amd]: "amd", [vendorIds.intel]: "intel" };

/** Each vendor's name, its drivers, and the device nodes of its cards. */
export const graphicsMakers: Record<GraphicsVendor, { name: string; drivers: string[]; nodes: string[] }> = {
  amd: { name: "AMD", drivers: ["amdgpu", "radeon"], nodes: ["/dev/kfd", "/dev/dri"] },
  intel: { name: "Intel", drivers: ["i915", "xe"], nodes: ["/dev/dri"] },
};

/** The vendor with this id (hex text); undefined for NVIDIA and others. */
export const graphicsVendorOf = (vendorId: string): GraphicsVendor | undefined => vendors[vendorId];

/**
 * The vendors of the cards that a machine gets as PCI functions, each once, in the order `amd`,
 * `intel`. A partition with Hyper-V is not a PCI function of the guest.
 */
export function graphicsOf({ gpus, provider }: Pick<ResolvedMachine, "gpus" | "provider">): GraphicsVendor[] {
  const requested = gpus.filter(({ mode }) => mode === "passthrough" || provider === "libvirt")
    .map(({ vendorId }) => graphicsVendorOf(vendorId));
  return (["amd", "intel"] as const).filter((vendor) => requested.includes(vendor));
}

/** The vendors for which install-graphics.sh runs in the machine's box; empty if the box is used unmodified. */
export function installedGraphics(machine: ResolvedMachine): GraphicsVendor[] {
  return machine.image && isOwn(machine.provider) ? graphicsOf(machine) : [];
}

/** The kernel of a suite's images, `major.minor`. */
export interface SuiteKernel extends Source {
  kernel: string;
}

const debian = { source: "https://packages.debian.org (linux-image-amd64)", checked: "2026-11-26" } as const;
const ubuntu = {
  source: "https://packages.ubuntu.com/search?keywords=linux-image-virtual",
  checked: "2026-11-27",
} as const;

/** The kernels of the suites' images. */
export const suiteKernels: Record<string, SuiteKernel> = {
  bookworm: { kernel: "6.1", ...debian },
  trixie: { kernel: "6.12", ...debian },
  jammy: { kernel: "5.15", ...ubuntu },
  noble: { kernel: "6.8", ...ubuntu },
  resolute: { kernel: "7.0", ...ubuntu },
};

/** Cards that need a recent kernel: an older one does not drive them, or only with a parameter. */
export interface RecentCard extends Source {
  name: string;
  vendor: string;
  /** Matches the device id, hex text. */
  device: RegExp;
  /** The first kernel that drives them by itself, `major.minor`. */
  kernel: string;
}

const amd = { vendor: vendorIds.amd, checked: "2026-11-27" } as const;
const intel = { vendor: vendorIds.intel, checked: "2026-11-27" } as const;

/**
 * The first kernel that drives each recent card. The sources name the kernels that were read; an
 * exact first release between two of them is from general knowledge, and no suite has a kernel
 * between them. A card also needs firmware of the same age, which the suite of that kernel has.
 */
export const recentCards: RecentCard[] = [
  {
    vendor: vendorIds.amd,
    name: "AMD Hawaii (Radeon R9 290, 390) with amdgpu instead of radeon",
    device: /^67[ab][0-9a-f]$/,
    kernel: "6.19",
    source: "https://timur.hu/blog/2025/love-song-for-linux-gamers-with-old-gpus-eoy2025",
    checked: "2026-11-27",
  },
  {
    ...amd,
    name: "AMD Navi 31 and 33 (Radeon RX 7900, 7600)",
    device: /^(744[0-9a-f]|745[0-9a-f]|748[0-9a-f])$/,
    kernel: "6.0",
    source: "https://www.phoronix.com/news/Mesa-22.2-Intel-DG2-Ready (5.20, which became 6.0)",
  },
  {
    ...amd,
    name: "AMD Navi 32 (Radeon RX 7800 XT, 7700 XT)",
    device: /^(747[0-9a-f])$/,
    kernel: "6.5",
    source: "kernel 6.8, amdgpu_discovery.c (GC 11.0.3); linux-firmware, amdgpu/gc_11_0_3_*.bin (August 2023)",
  },
  {
    ...amd,
    name: "AMD Navi 48 and 44 (Radeon RX 9070, 9060)",
    device: /^(755[0-9a-f]|759[0-9a-f])$/,
    kernel: "6.12",
    source: "kernel, amdgpu_discovery.c (GC 12.0.0 and 12.0.1 in 6.12, not in 6.8)",
  },
  {
    ...amd,
    name: "AMD Instinct MI300",
    device: /^(74a[0-9a-f]|74b[0-9a-f])$/,
    kernel: "6.6",
    source: "kernel 6.8, amdgpu_discovery.c (GC 9.4.3)",
  },
  {
    ...intel,
    name: "Intel Arc A (Alchemist)",
    device: /^(56[9ab][0-9a-f]|56c[0-9a-f])$/,
    kernel: "6.2",
    source: "https://www.phoronix.com/news/Linux-6.2-DRM",
  },
  {
    ...intel,
    name: "Intel Arc B (Battlemage)",
    device: /^(e2[0-9a-f]{2})$/,
    kernel: "6.12",
    source: "kernel 6.12, drivers/gpu/drm/xe/xe_pci.c (bmg_desc without require_force_probe)",
  },
];

/** Cards of AMD that ROCm does not find, whatever the kernel: their driver is for graphics only. */
export const graphicsOnly: Omit<RecentCard, "kernel">[] = [
  {
    vendor: vendorIds.amd,
    name: "AMD GCN 1 and Bonaire (Radeon HD 7700 to 7970, R7 240 to 265, R9 270 and 280)",
    device: /^(66[0-6]|67[89]|68[0-3])[0-9a-f]$|^684c$/,
    source: "kernel, drivers/gpu/drm/amd/amdkfd/kfd_device.c (kgd2kfd_probe: of GCN 1 and 2 only Kaveri and Hawaii)",
    checked: "2026-11-27",
  },
  {
    vendor: vendorIds.amd,
    name: "AMD before GCN (Radeon X1000 to HD 6900, and the APUs of that time)",
    device: /^(67[0-7]|68[89a-f])[0-9a-f]$|^9[4-7]..$|^980[0-9a-f]$|^7[12]..$/,
    source: "pci-ids.ucw.cz; kernel, drivers/gpu/drm/radeon: only that driver has them, and it has no kfd",
    checked: "2026-11-28",
  },
];

/** The first card of a machine that is for graphics only. */
export function graphicsOnlyOf({ gpus }: ResolvedMachine): (typeof graphicsOnly)[number] | undefined {
  const ids = gpus.map(({ vendorId, deviceId, match }) => ({
    vendor: vendorId,
    device: (match.kind === "card" ? match.card.gpu.device : deviceId) ?? "",
  }));
  return graphicsOnly.find((row) => ids.some(({ vendor, device }) => vendor === row.vendor && row.device.test(device)));
}

/** The row of a card by its vendor and device id (hex text); undefined if older kernels drive it. */
export function recentCard(vendor: string | undefined, device: string | undefined): RecentCard | undefined {
  return recentCards.find((row) => row.vendor === vendor && row.device.test(device ?? ""));
}

/** A suite whose kernel is too old for a card. */
export interface OldKernel {
  system: string;
  kernel: string;
  card: RecentCard;
}

/**
 * The first card of a machine that the kernel of its image does not drive. Undefined if there is
 * none, or if the image's kernel is not known.
 */
export function oldKernelOf({ image, gpus }: ResolvedMachine): OldKernel | undefined {
  const suite = suiteOf(image);
  const suiteKernel = suite === undefined ? undefined : suiteKernels[suite];
  if (suite === undefined || !suiteKernel) return undefined;
  const cards = gpus.map(({ vendorId, deviceId, match }) =>
    recentCard(vendorId, match.kind === "card" ? match.card.gpu.device : deviceId)
  );
  const card = cards.find((row) => row && isOlder(suiteKernel.kernel, row.kernel));
  return card && { system: systemOf(suite), kernel: suiteKernel.kernel, card };
}

/** The names of known images whose kernel drives a card: `debian-13`. */
export function suitesWith({ kernel }: RecentCard): string[] {
  return Object.keys(suiteKernels).filter((suite) => !isOlder(suiteKernels[suite]!.kernel, kernel));
}

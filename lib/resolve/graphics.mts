/**
 * The guest's side of cards by AMD and Intel: their drivers are part of the kernel, and their firmware is
 * a package of the distribution.
 */
import { vendorIds } from "../host/vendors.mts";
import { isOlder } from "../text.mts";
import { suiteOf, systemOf } from "./images.mts";
import { isOwn } from "./providers.mts";
import type { Source } from "./sources.mts";
import type { ResolvedMachine } from "./types.mts";

/** A maker of cards whose driver is part of the kernel. */
export type GraphicsVendor = "amd" | "intel";

const vendors: Record<string, GraphicsVendor> = { [vendorIds.amd]: "amd", [vendorIds.intel]: "intel" };

/** Each maker's name, its drivers, and the device nodes of its cards. */
export const graphicsMakers: Record<GraphicsVendor, { name: string; drivers: string[]; nodes: string[] }> = {
  amd: { name: "AMD", drivers: ["amdgpu", "radeon"], nodes: ["/dev/kfd", "/dev/dri"] },
  intel: { name: "Intel", drivers: ["i915", "xe"], nodes: ["/dev/dri"] },
};

/** The maker with this vendor id (hex text); undefined for NVIDIA and others. */
export const graphicsVendorOf = (vendorId: string): GraphicsVendor | undefined => vendors[vendorId];

/**
 * The makers of the cards that a machine gets as PCI functions, each once: `amd` and `intel` in this
 * order. Hyper-V's parts of a card are no PCI functions of the guest.
 */
export function graphicsOf({ gpus, provider }: Pick<ResolvedMachine, "gpus" | "provider">): GraphicsVendor[] {
  const own = gpus.filter(({ mode }) => mode === "passthrough" || provider === "libvirt")
    .map(({ vendorId }) => graphicsVendorOf(vendorId));
  return (["amd", "intel"] as const).filter((vendor) => own.includes(vendor));
}

/** The makers for which install-graphics.sh runs in the machine's box; empty if the box is used unmodified. */
export function installedGraphics(machine: ResolvedMachine): GraphicsVendor[] {
  return machine.image && isOwn(machine.provider) ? graphicsOf(machine) : [];
}

/** The kernel of a suite's images, `major.minor`. */
export interface SuiteKernel extends Source {
  kernel: string;
}

const debian = { source: "https://packages.debian.org (linux-image-amd64)", checked: "2026-11-26" } as const;
const ubuntu = { source: "general knowledge (linux-image-virtual)", checked: "2026-11-26" } as const;

/** The kernels of the suites' images. */
export const suiteKernels: Record<string, SuiteKernel> = {
  bookworm: { kernel: "6.1", ...debian },
  trixie: { kernel: "6.12", ...debian },
  jammy: { kernel: "5.15", ...ubuntu },
  noble: { kernel: "6.8", ...ubuntu },
  resolute: { kernel: "7.0", ...ubuntu },
};

/** Cards that older kernels do not drive, or not without a parameter. */
export interface RecentCard extends Source {
  name: string;
  vendor: string;
  /** Matches the device id, hex text. */
  device: RegExp;
  /** The first kernel that drives them by itself, `major.minor`. */
  kernel: string;
}

const amd = { vendor: vendorIds.amd, checked: "2026-11-26" } as const;
const intel = { vendor: vendorIds.intel, checked: "2026-11-26" } as const;

/** The first kernel of recent cards; the rows are from general knowledge, and name where it is to be seen. Firmware of the same age is needed too, which a suite has with its kernel. */
export const recentCards: RecentCard[] = [
  {
    ...amd,
    name: "AMD Navi 31 and 33 (Radeon RX 7900, 7600)",
    device: /^(744[0-9a-f]|745[0-9a-f]|748[0-9a-f])$/,
    kernel: "6.0",
    source: "general knowledge (kernel, drivers/gpu/drm/amd/amdgpu/amdgpu_discovery.c (GC 11.0.0, 11.0.2))",
  },
  {
    ...amd,
    name: "AMD Navi 32 (Radeon RX 7800 XT, 7700 XT)",
    device: /^(747[0-9a-f])$/,
    kernel: "6.5",
    source: "general knowledge (linux-firmware, amdgpu/gc_11_0_3_*.bin (August 2023))",
  },
  {
    ...amd,
    name: "AMD Navi 48 and 44 (Radeon RX 9070, 9060)",
    device: /^(755[0-9a-f]|759[0-9a-f])$/,
    kernel: "6.12",
    source: "general knowledge (kernel, drivers/gpu/drm/amd/amdgpu/amdgpu_discovery.c (GC 12.0.0, 12.0.1))",
  },
  {
    ...amd,
    name: "AMD Instinct MI300",
    device: /^(74a[0-9a-f]|74b[0-9a-f])$/,
    kernel: "6.6",
    source: "general knowledge (kernel, drivers/gpu/drm/amd/amdgpu/amdgpu_discovery.c (GC 9.4.3))",
  },
  {
    ...intel,
    name: "Intel Arc A (Alchemist)",
    device: /^(56[9ab][0-9a-f]|56c[0-9a-f])$/,
    kernel: "6.2",
    source: "general knowledge (kernel, drivers/gpu/drm/i915/i915_pci.c (dg2_info without require_force_probe))",
  },
  {
    ...intel,
    name: "Intel Arc B (Battlemage)",
    device: /^(e2[0-9a-f]{2})$/,
    kernel: "6.12",
    source: "general knowledge (kernel, drivers/gpu/drm/xe/xe_pci.c (battlemage without require_force_probe))",
  },
];

/** The row of a card by its vendor and device id (hex text), if older kernels do not drive it. */
export function recentCard(vendor: string | undefined, device: string | undefined): RecentCard | undefined {
  return recentCards.find((row) => row.vendor === vendor && row.device.test(device ?? ""));
}

/** A suite's system, and its kernel, where that kernel is too old for a card. */
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
  const own = suite === undefined ? undefined : suiteKernels[suite];
  if (suite === undefined || !own) return undefined;
  const cards = gpus.map(({ vendorId, deviceId, match }) =>
    recentCard(vendorId, match.kind === "card" ? match.card.gpu.device : deviceId)
  );
  const card = cards.find((row) => row && isOlder(own.kernel, row.kernel));
  return card && { system: systemOf(suite), kernel: own.kernel, card };
}

/** The names of known images whose kernel drives a card: `debian-13`. */
export function suitesWith({ kernel }: RecentCard): string[] {
  return Object.keys(suiteKernels).filter((suite) => !isOlder(suiteKernels[suite]!.kernel, kernel));
}

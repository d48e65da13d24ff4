/**
 * Which card a request matches, which functions are passed with it, and which functions share its
 * IOMMU group.
 */
import type { GpuRequest } from "../config/types.mts";
import { isBoardChip } from "./boards.mts";
import type { Card, CardMatch, ResolvedGpuRequest, ResolvedMachine } from "./types.mts";
import type { Bar, PciFunction } from "../host/pci-types.mts";
import type { Host } from "../host/types.mts";
import { isAccelerator, isBridge, isDisplay, slotOf } from "../host/pci.mts";
import { vendorIds } from "../host/vendors.mts";
import { fitsRequest } from "./requests.mts";

/**
 * Whether a function is a card, by its class: display controllers, and AMD's accelerators without a
 * display (Instinct MI300 and later, class 12).
 */
export function isGpu(fn: PciFunction): boolean {
  return isDisplay(fn) || (isAccelerator(fn) && fn.vendor === vendorIds.amd);
}

/**
 * Finds the card that matches a request: by ids, and by address where one is given. resolve.mts
 * calls it once for each request.
 */
export function matchCard(request: GpuRequest, host: Host): CardMatch {
  if (!host.pci) return { kind: "unknown" };
  const named = request.deviceId !== undefined || request.address !== undefined;
  // an accelerator of another vendor than AMD matches only a request with its ids
  const cards = host.pci.filter((fn) => isGpu(fn) || (named && isAccelerator(fn)));
  const fitting = cards.filter((fn) => fitsRequest(request, fn));
  const [first] = fitting;
  if (!first) return { kind: "none", hostCards: cards };
  const card = cardOf(first, host);
  // a card with two display functions is one card, and so is a board whose GPUs cannot be separated
  return fitting.every((fn) => card.assignedFunctions.includes(fn))
    ? { kind: "card", card }
    : { kind: "several", fitting };
}

/**
 * The cards that these requests of one machine match and that are passed whole to its VM, each
 * once. Cards that share a group can be passed to the same machine: libvirt unbinds all functions
 * of a VM from their host drivers before QEMU opens the first group
 * (qemuHostdevPrepareDomainDevices).
 */
export function cardsOf(requests: Pick<ResolvedGpuRequest, "mode" | "match">[]): Card[] {
  const found = requests.flatMap(({ mode, match }) =>
    mode === "passthrough" && match.kind === "card" ? [match.card] : []
  );
  const cards = found.filter((card, i) => found.findIndex(({ gpu }) => gpu.bdf === card.gpu.bdf) === i);
  const all = cards.flatMap(({ assignedFunctions }) => assignedFunctions);
  return cards.map((card) => ({
    ...card,
    alsoPassed: card.groupPeers.filter((fn) => all.includes(fn)),
    groupPeers: card.groupPeers.filter((fn) => !all.includes(fn)),
  }));
}

/**
 * The functions that are passed to a VM with these cards, each once. Each of two GPUs of one board
 * includes the other.
 */
export function allAssigned(cards: Card[]): PciFunction[] {
  return [...new Set(cards.flatMap(({ assignedFunctions }) => assignedFunctions))];
}

/** A card with the functions around it. */
export function cardOf(gpu: PciFunction, host: Host): Card {
  const all = host.pci ?? [];
  const slot = all.filter((fn) => slotOf(fn) === slotOf(gpu) && !isBridge(fn) && isOwnOf(fn, gpu));
  const board = boardOf(gpu, all);
  const assignedFunctions = all.filter((fn) =>
    fn === gpu || (slot.includes(fn) && isCompanion(fn, gpu)) || board.includes(fn)
  );
  const groups = [...new Set(assignedFunctions.flatMap(({ group }) => group ?? []))];
  const members = all.filter(({ group }) => group !== undefined && group !== null && groups.includes(group));
  const virtualFunctions = all.filter(({ physicalFunction }) => physicalFunction === gpu.bdf);
  return {
    gpu,
    assignedFunctions,
    groups,
    staysOnHost: slot.filter((fn) => !assignedFunctions.includes(fn)),
    alsoPassed: [],
    groupPeers: members.filter((fn) => !isBridge(fn) && !assignedFunctions.includes(fn)),
    bridges: members.filter(isBridge),
    virtualFunctions,
    unverified: unverifiedMembers(assignedFunctions, groups, members, host),
  };
}

/**
 * Whether a function in the same slot belongs to the same device. Virtual functions are in the slot
 * of their physical function, but are separate devices.
 */
function isOwnOf(fn: PciFunction, gpu: PciFunction): boolean {
  return fn === gpu || (gpu.physicalFunction === undefined && fn.physicalFunction === undefined);
}

/**
 * Whether a function in the same slot is part of the card: its second display function, or its
 * audio, USB or USB-C controller, of the same vendor. On a processor with graphics, the slot also
 * has other functions (the security processor, the board's USB and audio), which stay on the host.
 * Companions are passed even where each function has its own group: resetting the slot requires
 * owning all of it (VFIO_DEVICE_PCI_HOT_RESET, linux/vfio.h).
 */
function isCompanion(fn: PciFunction, gpu: PciFunction): boolean {
  return fn.vendor === gpu.vendor && /^(03|0403|0c03|0c80)/.test(fn.class ?? "");
}

/**
 * The functions of a card in other slots. Cards such as Intel's Arc have their own switch, with
 * audio on a bus below it; boards with two GPUs have one too. A switch belongs to the card if
 * everything below it has the card's vendor and kind. The board's other GPUs are included where
 * they share the group, since the kernel does not release a part of a group.
 */
function boardOf(gpu: PciFunction, all: PciFunction[]): PciFunction[] {
  if (gpu.physicalFunction !== undefined) return [];
  for (const bridge of gpu.upstreamBridges.slice(1)) {
    const below = all.filter((fn) => fn.upstreamBridges.includes(bridge) && !isBridge(fn));
    const isPart = (fn: PciFunction) =>
      fn.vendor === gpu.vendor && (isGpu(fn) || /^0403/.test(fn.class ?? "") || slotOf(fn) === slotOf(gpu));
    if (!below.every(isPart)) continue;
    const chips = below.filter(isGpu);
    const slots = new Set(chips.map(slotOf));
    const others = below.filter((fn) => slotOf(fn) !== slotOf(gpu));
    if (slots.size === 1) return others;
    const alike = chips.every((fn) => fn.device === gpu.device);
    if (!alike || !isBoardChip(gpu.vendor, gpu.device)) continue;
    const shared = chips.filter(({ group }) => group && group === gpu.group).map(slotOf);
    return others.filter((fn) => shared.includes(slotOf(fn)));
  }
  return [];
}

/**
 * GPUs of the same model that are on the same switch and share the card's group. They may be on one
 * board, or in two slots of a mainboard with a switch: no readable fact distinguishes these cases.
 */
export function siblingsOf({ gpu, groupPeers }: Card): PciFunction[] {
  const switches = gpu.upstreamBridges.slice(1);
  return groupPeers.filter((fn) =>
    isGpu(fn) && fn.vendor === gpu.vendor && fn.device === gpu.device &&
    fn.upstreamBridges.some((bdf) => switches.includes(bdf))
  );
}

/**
 * Reasons why the groups are not certain. The kernel lists their members twice, in a group's folder
 * and by each function's link: the two must agree, every function's group must be known, and each
 * member's class and driver must have been read.
 */
function unverifiedMembers(passed: PciFunction[], groups: string[], members: PciFunction[], host: Host): string[] {
  const all = host.pci ?? [];
  const listed = groups.flatMap((group) => host.iommu.groups?.get(group) ?? []);
  const linked = members.map(({ bdf }) => bdf);
  return [
    ...new Set([
      ...listed.filter((bdf) => !linked.includes(bdf)),
      ...linked.filter((bdf) => !listed.includes(bdf)),
      ...all.filter(({ group }) => group === undefined).map(({ bdf }) => bdf),
      ...passed.filter(({ group }) => groups.length > 0 && !group).map(({ bdf }) => bdf),
      ...members.filter((fn) => fn.class === undefined || fn.vendor === undefined || fn.driver === undefined).map((
        { bdf },
      ) => bdf),
      ...(host.pciCount === all.length
        ? []
        : [`${host.pciCount ?? "an unknown number of"} functions counted, ${all.length} read`]),
    ]),
  ];
}

/**
 * Whether a driver gives its device to VFIO: vfio-pci, or the variant for one kind of device, such as xe_vfio_pci or
 * mlx5_vfio_pci (kernel, drivers/vfio/pci).
 */
export const isVfioDriver = (driver: string): boolean => /(^|[-_])vfio[-_]pci$/.test(driver);

/**
 * Whether a driver keeps a group viable: VFIO's own, which for some devices have other names
 * (mlx5_vfio_pci, xe_vfio_pci, qat_vfio_pci), and pci-stub, which drives nothing (kernel,
 * drivers/vfio/pci, driver_managed_dma).
 */
export const isHarmlessDriver = (driver: string): boolean => driver === "pci-stub" || isVfioDriver(driver);

/** The endpoints in a card's groups that block it: those bound to a host driver. */
export function blockersOf({ groupPeers }: Card): PciFunction[] {
  return groupPeers.filter(({ driver }) => typeof driver === "string" && !isHarmlessDriver(driver));
}

/** What the host uses a function for, as text; empty if it needs it for nothing. */
export function usesOf({ bdf }: PciFunction, { needs }: Host): { use: string; vital: boolean }[] {
  const points = needs.mounts.filter((mount) => mount.bdf === bdf).map(({ point }) => point);
  const keyboards = needs.keyboards ?? [];
  return [
    ...points.map((point) => ({ use: diskOf(point), vital: true })),
    ...(needs.swap.includes(bdf) ? [{ use: "swap", vital: true }] : []),
    ...(needs.route?.includes(bdf) ? [{ use: "the default route", vital: true }] : []),
    ...(keyboards.includes(bdf) ? [{ use: "the keyboard", vital: keyboards.every((on) => on === bdf) }] : []),
    ...needs.interfaces.filter((one) => one.bdf === bdf).map(({ name }) => ({
      use: `network interface ${name}`,
      vital: false,
    })),
  ];
}

function diskOf(point: string): string {
  if (point === "/") return "the root disk";
  if (point === "/…") return "a mounted disk";
  return point.endsWith("/…") ? `a disk mounted below ${point.slice(0, -2)}` : `the disk of ${point}`;
}

/** The memory regions of all functions that are passed to a VM. */
export function barsOf(cards: Card[]): Bar[] {
  return allAssigned(cards).flatMap(({ bars }) => bars);
}

/**
 * The MMIO window for 64-bit regions that a guest's firmware needs, MiB: the sum of the regions
 * rounded up to the next power of two, since each is aligned to its own size. OVMF's default is 32
 * GiB where it cannot rely on the CPU's address width, so windows up to half of that need no
 * setting (edk2 OvmfPkg/Library/PlatformInitLib/MemDetect.c; canonical/lxd#14381 has 32 GiB + 32
 * MiB → 65536).
 */
export function mmioWindowOf(cards: Card[]): number {
  const sum = barsOf(cards).filter(({ is64Bit }) => is64Bit).reduce((total, { size }) => total + size, 0n);
  let window = 1n << 20n;
  while (window < sum) window <<= 1n;
  return Number(window >> 20n);
}

/**
 * The limit of a guest's address width, bits, where the IOMMU translates fewer bits than the CPU
 * has: VFIO_MAP_DMA fails for a region beyond it. Undefined where no limit is needed, or where the
 * CPU is emulated with 40 bits.
 */
export function addressLimitOf({ accelerator }: Pick<ResolvedMachine, "accelerator">, host: Host): number | undefined {
  const [cpu, iommu] = [host.cpu.physicalBits, iommuBits(host)];
  return accelerator === "kvm" && cpu !== undefined && iommu !== undefined && cpu > iommu ? iommu : undefined;
}

/** MMIO windows above this size, MiB, are written into the VM: half of OVMF's default. */
export const ampleMmioWindow = 16384;

/**
 * The number of address bits that the IOMMU translates: the lowest of all units (Intel: capability
 * register, bits 21:16, plus one).
 */
export function iommuBits({ iommu }: Host): number | undefined {
  const widths = Object.values(iommu.capabilities).filter((text) => /^[0-9a-f]{1,16}$/.test(text)).map((text) =>
    Number((BigInt(`0x${text}`) >> 16n) & 0x3fn) + 1
  );
  return widths.length > 0 ? Math.min(...widths) : undefined;
}

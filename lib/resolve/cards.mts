/** Which card a machine gets, what goes with it, and what stands beside it. */
import type { GpuRequest } from "../config/types.mts";
import type { ResolvedMachine } from "./types.mts";
import type { Bar, Host, PciFunction } from "../host/types.mts";
import { isBridge, isDisplay, slotOf } from "../host/pci.mts";

/** A graphics card: the display function that was asked for, and everything around it that decides whether it can go. */
export interface Card {
  gpu: PciFunction;
  /** The functions of its slot that go to the VM with it, itself among them, by address. */
  assignedFunctions: PciFunction[];
  /** Numbers of the IOMMU groups that these are in: one, as a rule. */
  groups: string[];
  /** Functions of its slot that are no part of it, and stay. */
  staysOnHost: PciFunction[];
  /** Functions of its groups that the same machine gets with another card. */
  alsoPassed: PciFunction[];
  /** The other endpoints of its groups: in the way if a host driver holds them. */
  groupPeers: PciFunction[];
  /** Bridges of its groups: they never count and are never bound. */
  bridges: PciFunction[];
  /** BDFs of which the group's membership or driver is not known, so that no verdict on the group is possible. */
  unverified: string[];
}

/** What a wish comes to on a host. */
export type CardMatch =
  | { kind: "card"; card: Card }
  /** No such card; what is there instead. */
  | { kind: "none"; there: PciFunction[] }
  /** More than one fits. */
  | { kind: "several"; fitting: PciFunction[] }
  /** The PCI bus could not be read. */
  | { kind: "unknown" };

/** Finds the card that a wish names: by ids, and by address where one is given. */
export function matchCard(wish: GpuRequest, host: Host): CardMatch {
  if (!host.pci) return { kind: "unknown" };
  const there = host.pci.filter(isDisplay);
  const fitting = there.filter(({ bdf, vendor, device }) =>
    vendor === wish.vendorId && (wish.deviceId === undefined || device === wish.deviceId) &&
    (wish.address === undefined || bdf === wish.address)
  );
  // a card with two display functions is one card
  const slots = new Set(fitting.map(slotOf));
  if (slots.size > 1) return { kind: "several", fitting };
  return fitting.length > 0 ? { kind: "card", card: cardOf(fitting[0]!, host) } : { kind: "none", there };
}

/**
 * The cards that a machine gets whole, as far as they are found, each once. Cards that share a group may go to one machine: libvirt
 * takes every function of a VM from its host driver before QEMU opens the first group (qemuHostdevPrepareDomainDevices).
 */
export function cardsOf(machine: ResolvedMachine, host: Host): Card[] {
  const found = machine.gpus.filter(({ mode }) => mode === "passthrough").map((wish) => matchCard(wish, host)).flatMap((
    choice,
  ) => (choice.kind === "card" ? [choice.card] : []));
  const cards = found.filter((card, i) => found.findIndex(({ gpu }) => gpu.bdf === card.gpu.bdf) === i);
  const all = cards.flatMap(({ assignedFunctions }) => assignedFunctions);
  return cards.map((card) => ({
    ...card,
    alsoPassed: card.groupPeers.filter((fn) => all.includes(fn)),
    groupPeers: card.groupPeers.filter((fn) => !all.includes(fn)),
  }));
}

/** Every function that goes to a machine's VM (of a card in parts none does), or undefined if one of its wishes does not come to a card: then nothing may be rendered. */
export function assignedFunctionsOf(machine: ResolvedMachine, host: Host): PciFunction[] | undefined {
  const choices = machine.gpus.map((wish) => matchCard(wish, host));
  if (choices.some(({ kind }) => kind !== "card")) return undefined;
  return cardsOf(machine, host).flatMap(({ assignedFunctions }) => assignedFunctions);
}

/** A card with its surroundings. */
export function cardOf(gpu: PciFunction, host: Host): Card {
  const all = host.pci ?? [];
  const slot = all.filter((fn) => slotOf(fn) === slotOf(gpu) && !isBridge(fn));
  const assignedFunctions = gpu.group ? slot.filter((fn) => fn.group === gpu.group || isCompanion(fn, gpu)) : slot;
  const groups = [...new Set(assignedFunctions.flatMap(({ group }) => group ?? []))];
  const members = all.filter(({ group }) => group !== undefined && group !== null && groups.includes(group));
  return {
    gpu,
    assignedFunctions,
    groups,
    staysOnHost: slot.filter((fn) => !assignedFunctions.includes(fn)),
    alsoPassed: [],
    groupPeers: members.filter((fn) => !isBridge(fn) && !assignedFunctions.includes(fn)),
    bridges: members.filter(isBridge),
    unverified: unverifiedMembers(assignedFunctions, groups, members, host),
  };
}

/**
 * Whether a function of the same slot is a part of the card: its sound, its USB, its USB-C controller, of the same maker. On a
 * processor with graphics the slot holds others' as well, and those stay. Where each function has a group of its own the companions
 * go along all the same: a reset of the slot is only allowed to whoever has all of it (VFIO_DEVICE_PCI_HOT_RESET, linux/vfio.h).
 */
function isCompanion(fn: PciFunction, gpu: PciFunction): boolean {
  return fn.vendor === gpu.vendor && /^(0403|0c03|0c80)/.test(fn.class ?? "");
}

/**
 * What keeps us from being sure of the groups. The kernel tells their members twice, in a group's folder and by each function's link;
 * the two have to agree, no function's group may be unknown, and each member's class and driver must have been read.
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
      ...members.filter((fn) => fn.class === undefined || fn.driver === undefined).map(({ bdf }) => bdf),
      ...(host.pciCount === all.length
        ? []
        : [`${host.pciCount ?? "an unknown number of"} functions counted, ${all.length} read`]),
    ]),
  ];
}

/** Drivers that leave a device to user space: the kernel counts a function that one of them holds as no hindrance (driver-api/vfio.rst). */
export const harmlessDrivers = ["vfio-pci", "pci-stub"];

/** Endpoints beside a card that keep its group from being viable: those that a host driver holds. */
export function blockersOf({ groupPeers }: Card): PciFunction[] {
  return groupPeers.filter(({ driver }) => typeof driver === "string" && !harmlessDrivers.includes(driver));
}

/** What the host uses a function for, in words; empty if for nothing that it could not do without. */
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

/** Memory regions of everything that goes to a VM. */
export function barsOf(cards: Card[]): Bar[] {
  return cards.flatMap(({ assignedFunctions }) => assignedFunctions.flatMap(({ bars }) => bars));
}

/**
 * Room for 64-bit regions that a guest's firmware must make, MiB: the next power of two of their sum, since each lies at a multiple of
 * its own size. OVMF without being told makes 32 GiB where it cannot trust the CPU's width, so that less than half of it needs no word
 * (edk2 OvmfPkg/Library/PlatformInitLib/MemDetect.c; canonical/lxd#14381 has 32 GiB + 32 MiB → 65536).
 */
export function mmioWindowOf(cards: Card[]): number {
  const sum = barsOf(cards).filter(({ is64Bit }) => is64Bit).reduce((total, { size }) => total + size, 0n);
  let window = 1n << 20n;
  while (window < sum) window <<= 1n;
  return Number(window >> 20n);
}

/**
 * Bits that a guest's addresses have to be limited to, where the IOMMU translates fewer than the CPU has: a guest that lays a region
 * beyond fails with VFIO_MAP_DMA. Undefined where nothing needs a limit, or the CPU is an emulated one of 40 bits.
 */
export function addressLimitOf({ accelerator }: ResolvedMachine, host: Host): number | undefined {
  const [cpu, iommu] = [host.cpu.physicalBits, iommuBits(host)];
  return accelerator === "kvm" && cpu !== undefined && iommu !== undefined && cpu > iommu ? iommu : undefined;
}

/** Windows beyond this many MiB are written into the VM: half of what OVMF makes by itself. */
export const ampleMmioWindow = 16384;

/** Bits of addresses that the IOMMU translates: the least of all units (Intel: capability register, bits 21:16, plus one). */
export function iommuBits({ iommu }: Host): number | undefined {
  const widths = Object.values(iommu.capabilities).filter((text) => /^[0-9a-f]{1,16}$/.test(text)).map((text) =>
    Number((BigInt(`0x${text}`) >> 16n) & 0x3fn) + 1
  );
  return widths.length > 0 ? Math.min(...widths) : undefined;
}

import type { Card, Resolved } from "../resolve/types.mts";
import type { Evidence } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { aboveFour, commandFix, manualFix, remedies } from "../fixes.mts";
import { addressLimitOf, ampleMmioWindow, barsOf, iommuBits, mmioWindowOf } from "../resolve/cards.mts";
import { moduleOption } from "../host/module-options.mts";
import { isOlder } from "../text.mts";
import { formatAddresses, formatFunction, isBridge, isIntegrated } from "../host/pci.mts";
import { flrRowOf, noResetRowOf } from "../resolve/resets.mts";
import { eachCard } from "./each.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import { vendorIds } from "../host/vendors.mts";
import { isVm, outer } from "./outer-hypervisor.mts";

/** The card's hardware: whether it can be reset, responds, and fits into a guest. */
export const gpuHardwareChecks: Check[] = [
  {
    id: "gpu.reset",
    about: "whether the kernel can reset the card between VMs, and whether that card is known to come back",
    why: "a card that is not reset keeps the last VM's state, and the next start of the VM fails",
    confirm: "cat /sys/bus/pci/devices/*/reset_method",
    check: (host, config) => eachCard(host, config, (card) => reset(card, host)),
  },
  {
    id: "gpu.power",
    about: "whether the card answers",
    why: "a card without power does not answer the VM",
    confirm: "cat /sys/bus/pci/devices/*/power_state",
    check: (host, config) => eachCard(host, config, (card) => power(card, host)),
  },
  {
    id: "gpu.window",
    about: "whether the card's memory regions have addresses here and fit into the guest's address space",
    why: "a driver finds no card behind a memory region that has no address",
    check: window,
  },
];

/**
 * The other functions that a bus reset affects. A bus reset requires owning all of them; the root
 * bus of the processor cannot be reset (drivers/pci/pci.c, pci_parent_bus_reset; vfio_pci_core.c,
 * vfio_pci_ioctl_pci_hot_reset).
 */
function busNeighbours({ gpu, assignedFunctions, alsoPassed }: Card, { pci = [] }: Host): PciFunction[] {
  const bus = (fn: PciFunction) => fn.bdf.slice(0, fn.bdf.lastIndexOf(":"));
  const passed = [...assignedFunctions, ...alsoPassed];
  return pci.filter((fn) =>
    bus(fn) === bus(gpu) && !passed.includes(fn) && !isBridge(fn) && fn.physicalFunction !== gpu.bdf
  );
}

/** What a fix adds where the kernel loads signed modules only; empty elsewhere. */
function signingNote({ lockdown }: Host): string {
  return lockdown === undefined
    ? ""
    : `. This kernel loads signed modules only (lockdown: ${lockdown}): sign it with a key that the firmware knows`;
}

function reset(card: Card, host: Host): Verdict {
  const { gpu } = card;
  const { os } = host;
  const evidence = [{
    read: `/sys/bus/pci/devices/${gpu.bdf}/reset_method`,
    value: gpu.resets?.join(" ") ?? "not there",
  }];
  // the file exists since 5.15, and not for functions that cannot be reset (drivers/pci/pci.c,
  // reset_method_attr_is_visible)
  if (gpu.resets === undefined && (os.kernel === undefined || isOlder(os.kernel, "5.15"))) {
    return unknown("could not read how the card is reset: kernels before 5.15 do not show it", evidence);
  }
  const methods = gpu.resets ?? [];
  // a virtual function can have the id of its physical function, but is reset differently
  const resetRow = gpu.physicalFunction === undefined ? noResetRowOf(gpu) : undefined;
  const instead = resetRow && [
    manualFix(
      resetRow.instead ??
        "Install the out-of-tree module vendor-reset, which is made for this chip, with its udev rule: since " +
          `Linux 5.15 it is used only if reset_method is device_specific${signingNote(host)}`,
      { root: true },
    ),
  ];
  if (methods.every((method) => method === "pm")) {
    const message = methods.length === 0
      ? "the kernel has no method to reset the card"
      : "the kernel can reset the card only by its power state";
    return warn(
      `${message}: the VM starts once, the next start may need a reboot of the host`,
      evidence,
      // vendor-reset knows only some chips, and no graphics of a current processor
      instead ?? [],
    );
  }
  const own = methods.some((method) => method === "device_specific");
  if (resetRow && !own) {
    return warn(
      `${resetRow.name} is known not to reset by ${
        methods.join(" or ")
      }: the VM starts once, the next start may need a reboot of the host`,
      [...evidence, { read: resetRow.source, value: `as of ${resetRow.date}` }],
      instead,
    );
  }
  const lost = methods.includes("flr") ? flrRowOf(gpu) : undefined;
  if (lost) {
    return warn(
      `the kernel lists flr for this card, but ${lost.name} does not recover from one: it may be gone after ` +
        "the VM's first stop, until the host is turned off and on",
      [...evidence, { read: lost.source, value: `as of ${lost.date}` }],
      [
        commandFix(
          "Let the kernel reset it by its bus only, at each boot",
          `sh -c 'echo bus >/sys/bus/pci/devices/${gpu.bdf}/reset_method'`,
          { root: true },
        ),
        manualFix("Or boot a newer kernel: kernels that know the erratum do not list flr", {
          root: true,
          reboot: true,
        }),
      ],
    );
  }
  const neighbours = busNeighbours(card, host);
  if (methods.every((method) => method === "bus" || method === "pm") && neighbours.length > 0) {
    return warn(
      `the kernel can reset it by ${methods.join(" or ")} only, which resets the whole bus, and ${
        formatAddresses(neighbours)
      } of that bus ${
        neighbours.length === 1 ? "stays" : "stay"
      } on this host: without a reset the next start of the VM may need a reboot of the host`,
      [
        ...evidence,
        ...neighbours.slice(0, 8).map((fn) => ({ read: "on the same bus", value: formatFunction(fn) })),
      ],
    );
  }
  return pass(`the kernel can reset the card by ${methods.join(" or ")}`, evidence);
}

function power({ assignedFunctions }: Card, host: Host): Verdict {
  const evidence = assignedFunctions.map(({ bdf, power, config }) => ({
    read: `/sys/bus/pci/devices/${bdf}`,
    value: `power_state ${power ?? "not there"}${config ? `, config ${config}` : ""}`,
  }));
  // the id registers of a virtual function always read all ones (PCI Express Base Specification,
  // 9.3.4.1, Vendor ID and Device ID of VFs)
  const gone = assignedFunctions.some(({ config = "", physicalFunction }) =>
    physicalFunction === undefined && /^f{8}$/.test(config)
  );
  if (gone) {
    // QEMU refuses such a device: “Unknown PCI header type '127'” (hw/vfio/pci.c)
    return fail(
      "the card's configuration space reads all ones: it has fallen off the bus, or was switched off",
      evidence,
      [
        remedies.powerCycle,
      ],
    );
  }
  if (assignedFunctions.some(({ power }) => power === "D3cold")) {
    return warn(
      "the card is powered off (D3cold), and some cards do not wake from it (“Unable to change power state from " +
        "D3cold to D0”)",
      evidence,
      [moduleOption(host, remedies.awake.title, "vfio-idle", "vfio-pci disable_idle_d3=1")],
    );
  }
  return assignedFunctions.every(({ power }) => power === undefined)
    ? unknown("could not read the card's power state", evidence)
    : pass("the card answers", evidence);
}

/**
 * Memory regions of a card that have no address. Their lines in `resource` keep a size and a flag,
 * or are all zeros, like those of regions that do not exist (drivers/pci/setup-bus.c,
 * reset_resource). Every card has a memory region. NVIDIA's and AMD's cards are known to have a
 * large 64-bit prefetchable one, which is the first that finds no space below 4 GiB.
 */
function withoutAddress({ gpu, assignedFunctions }: Card): { message: string; read: string; value: string }[] {
  const found = assignedFunctions.flatMap(({ bdf, bars }) =>
    bars.filter(({ unplaced }) => unplaced).map(({ index, size }) => ({
      message: `memory region ${index} of ${bdf} (${size >> 20n} MiB) has no address`,
      read: `/sys/bus/pci/devices/${bdf}/resource`,
      value: `region ${index} starts at 0`,
    }))
  );
  const { unset, bars, ports = [], bdf, vendor, device = "", physicalFunction } = gpu;
  const large = bars.some(({ is64Bit, prefetch }) => is64Bit && prefetch);
  const allRegionsRead = unset !== undefined &&
    new Set([...unset, ...ports, ...bars.map(({ index }) => index)]).size === 6;
  // AMD's ids since Graphics Core Next (pci.ids): older cards may have only 32-bit regions
  const isRecentAmd = vendor === vendorIds.amd && /^(6[6-9a-f]|7[3-9]|13|15|16)/.test(device);
  // Intel's cards: DG1, Alchemist, Battlemage and Ponte Vecchio (pci.ids); integrated graphics are
  // not cards
  const isIntelCard = vendor === vendorIds.intel && /^(49|56|e2|0bd)/.test(device) && !isIntegrated(gpu);
  const expected = bars.length === 0 || (!large && (vendor === vendorIds.nvidia || isRecentAmd || isIntelCard));
  // the regions of a virtual function are described by its physical function
  if (found.length === 0 && allRegionsRead && expected && physicalFunction === undefined) {
    return [{
      message: bars.length === 0
        ? `${bdf} has no memory region, which every card has`
        : `${bdf} has no 64-bit prefetchable memory region, which every card of this kind has`,
      read: `/sys/bus/pci/devices/${bdf}/resource`,
      value: `no address: ${unset.map((index) => `region ${index}`).join(", ") || "none"}`,
    }];
  }
  return found;
}

function window(host: Host, { machines }: Resolved): Verdict[] {
  return machines.flatMap((machine): Verdict[] => {
    const { cards } = machine;
    if (cards.length === 0 || host.os.platform !== "linux") return [];
    const bars = barsOf(cards);
    const needed = mmioWindowOf(cards);
    const cpu = host.cpu.physicalBits;
    const iommu = iommuBits(host);
    const bits = Math.min(cpu ?? Infinity, iommu ?? Infinity);
    const evidence: Evidence[] = [
      {
        read: "resource of all functions",
        value: `${bars.length} regions, 64-bit ones need a window of ${needed} MiB`,
      },
      { read: "/proc/cpuinfo address sizes", value: cpu === undefined ? "not read" : `${cpu} bits physical` },
      { read: "/sys/class/iommu/*/intel-iommu/cap", value: iommu === undefined ? "not there" : `${iommu} bits` },
    ];
    const unplaced = cards.flatMap(withoutAddress);
    if (unplaced.length > 0) {
      return [{
        machine: machine.name,
        ...fail(
          `${
            unplaced.map(({ message }) => message).join("; ")
          }: the firmware found no address space for it, and no driver can use the card`,
          [...unplaced.map(({ read, value }) => ({ read, value })), ...evidence],
          [
            isVm(host) ? outer.window : aboveFour,
            manualFix("Or let the kernel assign addresses: boot with pci=realloc", { root: true, reboot: true }),
          ],
        ),
      }];
    }
    if (bars.length === 0) {
      return [{ machine: machine.name, ...unknown("could not read the card's memory regions", evidence) }];
    }
    if (bits === Infinity) {
      return [{ machine: machine.name, ...unknown("could not read the width of this host's addresses", evidence) }];
    }
    // the window is aligned to its own size, above the guest's memory: twice its size must be
    // addressable
    if (2 * needed * 2 ** 20 > 2 ** bits) {
      return [{
        machine: machine.name,
        ...fail(
          `the card's regions need a window of ${needed} MiB, and this host's addresses have ${bits} bits`,
          evidence,
          [remedies.smallRegions],
        ),
      }];
    }
    const message = needed > ampleMmioWindow
      ? `the VM gets an MMIO window of ${needed} MiB`
      : "its memory regions fit into the guest's default MMIO window";
    const limit = addressLimitOf(machine, host);
    const limited = limit === undefined ? "" : `; the VM's addresses are limited to the IOMMU's ${limit} bits`;
    return [{ machine: machine.name, ...pass(message + limited, evidence) }];
  });
}

import type { Resolved } from "../resolve/types.mts";
import type { Evidence } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { manualFix, remedies } from "../fixes.mts";
import {
  addressLimitOf,
  ampleMmioWindow,
  barsOf,
  type Card,
  cardsOf,
  iommuBits,
  mmioWindowOf,
} from "../resolve/cards.mts";
import { isOlder } from "../text.mts";
import { eachCard } from "./each.mts";

/** The card's hardware: whether it can be reset, answers, and fits into a guest. */
export const gpuHardwareChecks: Check[] = [
  {
    id: "gpu.reset",
    about: "whether the kernel can reset the card between VMs",
    why: "a card that is not reset keeps the last VM's state, and the next start of the VM fails",
    confirm: "cat /sys/bus/pci/devices/*/reset_method",
    check: (host, config) => eachCard(host, config, (card) => reset(card, host)),
  },
  {
    id: "gpu.power",
    about: "whether the card answers",
    why: "a card without power does not answer the VM",
    confirm: "cat /sys/bus/pci/devices/*/power_state",
    check: (host, config) => eachCard(host, config, power),
  },
  {
    id: "gpu.window",
    about: "whether the card's memory regions fit into the guest's address space",
    why: "a guest that finds no addresses for the card's memory leaves the card out",
    confirm: "npx zx homelab-gpu.mts doctor gpu.window",
    check: window,
  },
];

function reset({ gpu }: Card, { os }: Host): Verdict {
  const evidence = [{
    read: `/sys/bus/pci/devices/${gpu.bdf}/reset_method`,
    value: gpu.resets?.join(" ") ?? "not there",
  }];
  // the file came with 5.15, and a function that cannot be reset has none (drivers/pci/pci.c, reset_method_attr_is_visible)
  if (gpu.resets === undefined && (os.kernel === undefined || isOlder(os.kernel, "5.15"))) {
    return {
      status: "unknown",
      message: "how the card is reset could not be read: kernels before 5.15 do not tell",
      evidence,
    };
  }
  const methods = gpu.resets ?? [];
  if (methods.every((method) => method === "pm")) {
    const says = methods.length === 0
      ? "the kernel knows no way to reset the card"
      : "the kernel can reset the card by power state only";
    return {
      status: "warn",
      message: `${says}: the VM's first start works, the second may need a reboot of the host`,
      evidence,
      fix: [manualFix("Some AMD cards: the out-of-tree module vendor-reset", { root: true })],
    };
  }
  // function 0 of a card with several lists bus as well, and yet it may not be had: the list is made before the others are found
  return { status: "pass", message: `the kernel resets it by ${methods.join(" or ")}`, evidence };
}

function power({ assignedFunctions }: Card): Verdict {
  const evidence = assignedFunctions.map(({ bdf, power, config }) => ({
    read: `/sys/bus/pci/devices/${bdf}`,
    value: `power_state ${power ?? "not there"}${config ? `, config ${config}` : ""}`,
  }));
  if (assignedFunctions.some(({ config }) => /^f{8}$/.test(config ?? ""))) {
    return {
      status: "warn",
      message: "the card's configuration space reads all ones: it has fallen off the bus",
      evidence,
      fix: [remedies.powerCycle],
    };
  }
  if (assignedFunctions.some(({ power }) => power === "D3cold")) {
    return {
      status: "warn",
      message:
        "the card is without power (D3cold), and some do not come back (“Unable to change power state from D3cold to D0”)",
      evidence,
      fix: [remedies.awake],
    };
  }
  return assignedFunctions.every(({ power }) => power === undefined)
    ? { status: "unknown", message: "the card's power state could not be read", evidence }
    : { status: "pass", message: "the card answers", evidence };
}

function window(host: Host, { machines }: Resolved): Verdict[] {
  return machines.flatMap((machine): Verdict[] => {
    const cards = cardsOf(machine, host);
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
    if (bars.length === 0) {
      return [{
        machine: machine.name,
        status: "unknown",
        message: "the card's memory regions could not be read",
        evidence,
      }];
    }
    if (bits === Infinity) {
      return [{
        machine: machine.name,
        status: "unknown",
        message: "the width of this host's addresses could not be read",
        evidence,
      }];
    }
    // the window lies at a multiple of its own size, above the guest's memory: twice its size must be addressable
    if (2 * needed * 2 ** 20 > 2 ** bits) {
      return [{
        machine: machine.name,
        status: "fail",
        message: `the card's regions need a window of ${needed} MiB, and this host's addresses have ${bits} bits`,
        evidence,
        fix: [remedies.smallRegions],
      }];
    }
    const says = needed > ampleMmioWindow
      ? `a window of ${needed} MiB is written into the VM`
      : "its regions fit into the guest's ordinary window";
    const limit = addressLimitOf(machine, host);
    const limited = limit === undefined ? "" : `; the VM's addresses are limited to the IOMMU's ${limit} bits`;
    return [{ machine: machine.name, status: "pass", message: says + limited, evidence }];
  });
}

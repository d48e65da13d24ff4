/** Virtual functions (SR-IOV) of a requested card. */
import { commandFix, manualFix } from "../fixes.mts";
import type { Fix } from "../findings.mts";
import { formatAddresses } from "../host/pci.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { isNvidia } from "../host/vendors.mts";
import { isVfioDriver } from "../resolve/cards.mts";
import { counted } from "../text.mts";
import { fail, warn } from "./results.mts";
import type { Verdict } from "./types.mts";

/** `7 virtual functions (0000:00:02.1, … and 4 more)` */
export const countVirtual = (parts: PciFunction[]): string =>
  `${counted(parts.length, "virtual function")} (${formatAddresses(parts)})`;

/** The verdict on a request for a physical function with active virtual functions. */
export function physicalVerdict(message: string, gpu: PciFunction, virtualFunctions: PciFunction[]): Verdict {
  const evidence = [{
    read: `/sys/bus/pci/devices/${gpu.bdf}/sriov_numvfs`,
    value: `${gpu.activeVirtualFunctions ?? virtualFunctions.length}`,
  }];
  const count = countVirtual(virtualFunctions);
  const [they, them] = virtualFunctions.length > 1 ? ["they end", "them"] : ["it ends", "it"];
  const instead = insteadOf(gpu, virtualFunctions, " or mode: partition");
  if (isVfioDriver(gpu.driver ?? "")) {
    return warn(
      `${message}, a physical function: a reset of it ends its ${count} in every other VM`,
      evidence,
      instead,
    );
  }
  // vfio-pci refuses it (drivers/vfio/pci/vfio_pci_core.c: “Cannot bind to PF with SR-IOV enabled”).
  // Some drivers turn virtual functions off when they release the card; without a driver nothing
  // does.
  return (gpu.driver === null || gpu.driver === "pci-stub" ? fail : warn)(
    `${message}, a physical function: its ${count} must be off before a VM can take it: ${they} on this host and ` +
      "in every other VM",
    evidence,
    [
      commandFix(
        `Turn ${them} off. Stop the VMs that use ${them} first`,
        `sh -c 'echo 0 >/sys/bus/pci/devices/${gpu.bdf}/sriov_numvfs'`,
        { root: true },
      ),
      ...instead,
    ],
  );
}

/**
 * The fix that takes a virtual function instead of its whole card; none for NVIDIA, whose virtual
 * functions need the vGPU software.
 */
export function insteadOf(card: PciFunction, virtual: PciFunction[], partition: string): Fix[] {
  if (isNvidia(card)) return [];
  const free = virtual.find(({ driver }) => driver === null || isVfioDriver(driver ?? "")) ?? virtual[0]!;
  return [manualFix(`To take one virtual function, write address: "${free.bdf}"${partition}`)];
}

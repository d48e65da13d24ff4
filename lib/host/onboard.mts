/** Functions that are part of a host's board, and cannot be moved to another slot. */
import type { PciFunction } from "./pci-types.mts";

/** Whether a function is on the first bus, and behind no bridge. */
export const isOnRootBus = ({ bdf, upstreamBridges }: PciFunction): boolean =>
  /^0000:00:/.test(bdf) && upstreamBridges.length === 0;

/**
 * Whether a function is known to be part of the board: by its firmware, on the first bus, or of AMD's processor or
 * chipset (1022).
 */
export const isOnboard = (fn: PciFunction): boolean => fn.onboard === true || isOnRootBus(fn) || fn.vendor === "1022";

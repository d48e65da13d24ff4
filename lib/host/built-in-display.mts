/** The built-in display of a notebook or hand-held. */
import { isIntegrated, isPortable } from "./pci.mts";
import type { PciFunction } from "./pci-types.mts";
import type { Host } from "./types.mts";

/** Whether a display function is the processor's, and a notebook or hand-held displays on it. */
export const isBuiltInDisplay = (gpu: PciFunction, host: Pick<Host, "dmi" | "pci">): boolean =>
  isPortable(host) && isIntegrated(gpu, host.pci) && (gpu.bootVga === true || gpu.displays.length > 0);

/** What processors lack, whatever the firmware offers. */
import type { Host } from "./types.mts";

/** Desktop processors without VT-d, whose locked versions have it. */
const withoutVtd = /\bi[57]-(2500K|2600K|2700K|3570K|3770K|4670K|4770K)\b/;

/** The source of that list. */
export const withoutVtdSource = {
  source: "https://ark.intel.com (Virtualization Technology for Directed I/O: No), QubesOS/qubes-issues#6741",
  checked: "2026-11-28",
};

/** The name of a host's processor, such as `i7-4770K`, if it is known to have no VT-d; else undefined. */
export const processorWithoutVtd = ({ cpu }: Host): string | undefined => withoutVtd.exec(cpu.model ?? "")?.[0];

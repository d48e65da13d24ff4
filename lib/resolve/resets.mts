/**
 * Cards whose reset is known to fail, by id. Each row has its source and the date on which it was
 * read.
 */
import type { PciFunction } from "../host/pci-types.mts";
import { vendorIds } from "../host/vendors.mts";

/** A chip with a known reset problem. */
export interface ResetRow {
  /** The name of the chip. */
  name: string;
  vendor: string;
  /** Ranges of device ids, first and last id inclusive; hex text. */
  ids: [first: string, last: string][];
  source: string;
  /** Date on which the source was read (year, month, day). */
  date: string;
  /** What to do instead, where the module vendor-reset does not support the chip. */
  instead?: string;
}

const vendorReset = { vendor: vendorIds.amd, source: "https://github.com/gnif/vendor-reset", date: "2026-11-26" };
const noFlr = {
  vendor: vendorIds.nvidia,
  source: "https://github.com/tinygrad/tinygrad/pull/18199 (ids of Linux' quirk_no_flr, drivers/pci/quirks.c)",
  date: "2026-11-26",
};
// the report about the MI300X gives the id of another Instinct (740f); in pci.ids the MI300X is
// 74a1
const instinct = {
  vendor: vendorIds.amd,
  source: "https://github.com/amd/MxGPU-Virtualization/issues/25",
  date: "2026-11-26",
  instead: "Turn on the card's virtual functions with AMD's driver GIM, and give one of them to the VM",
};

/**
 * AMD chips that do not recover from a reset: those that the module vendor-reset supports
 * (src/device-db.h), and accelerators that were reported to read all ones after a reset.
 */
export const noReset: ResetRow[] = [
  { ...vendorReset, name: "Polaris 10", ids: [["67c0", "67df"], ["6fdf", "6fdf"]] },
  { ...vendorReset, name: "Polaris 11", ids: [["67e0", "67ff"]] },
  { ...vendorReset, name: "Polaris 12", ids: [["6980", "699f"]] },
  { ...vendorReset, name: "Vega 10", ids: [["6860", "687f"]] },
  { ...vendorReset, name: "Vega 20", ids: [["66a0", "66af"]] },
  { ...vendorReset, name: "Navi 10", ids: [["7310", "731f"]] },
  { ...vendorReset, name: "Navi 14", ids: [["7340", "734f"]] },
  { ...vendorReset, name: "Navi 12", ids: [["7360", "7362"]] },
  { ...instinct, name: "the Instinct MI300X or MI355X", ids: [["74a1", "74a1"], ["75a3", "75a3"]] },
];

/** Cards that do not recover from a function level reset. Newer kernels do not use it on them. */
export const noFunctionReset: ResetRow[] = [
  { ...noFlr, name: "the GeForce RTX 5090", ids: [["2b85", "2b85"]] },
  { ...noFlr, name: "the GeForce RTX 5090 D", ids: [["2b87", "2b87"], ["2b8c", "2b8c"]] },
];

const rowOf = (rows: ResetRow[], { vendor, device = "" }: PciFunction) =>
  rows.find((row) => row.vendor === vendor && row.ids.some(([first, last]) => first <= device && device <= last));

/** The row of a chip that cannot be reset; undefined for other chips. */
export const noResetRowOf = (gpu: PciFunction): ResetRow | undefined => rowOf(noReset, gpu);
/**
 * The row of a card that does not recover from a function level reset; undefined for other cards.
 */
export const flrRowOf = (gpu: PciFunction): ResetRow | undefined => rowOf(noFunctionReset, gpu);

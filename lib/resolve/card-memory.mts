/** The memory of common cards. */
import type { Source } from "./sources.mts";
import { vendorIds } from "../host/vendors.mts";

/**
 * Memory in GiB of cards by their device id: the most that a card with this id has. Those of mobile cards are left out.
 * Ids: pci-ids.ucw.cz, edition of {@link ./architectures.mts}; sizes: general knowledge, not read.
 */
const nvidia: [gib: number, ids: string][] = [
  [4, "13c0 13c2 1c82 1f82 2187"],
  [6, "17c8 1c03 1f08 1e89 2182 2184 21c4"],
  [8, "1b80 1b81 1b82 1bb3 1e81 1e82 1e84 1e87 1f02 1f06 1f07 2482 2484 2486 2488 2489 2507 2803 2882 2d05"],
  [10, "2206 2216"],
  [11, "1b06 1e04 1e07"],
  [12, "1d81 1f03 2208 220a 2503 2504 2571 2709 2782 2783 2786 2f04"],
  [16, "15f8 1db1 1db4 1eb8 24b0 25b6 2702 2704 2705 2805 2c02 2c05 2d04"],
  [20, "2232 27b0 27b2"],
  [24, "1b38 17fd 2203 2204 2231 2236 2237 2684 2685 20b7 27b8"],
  [32, "1db5 1db6 2b85"],
  [40, "20b0 20f1"],
  [48, "1e30 2230 2235 26b1 26b5 26b9"],
  [80, "20b2 20b5 2330 2331"],
  [94, "2321"],
  [96, "2bb1 2bb5"],
  [141, "2335"],
];

const amd: [gib: number, ids: string][] = [
  [8, "73ff"],
  [12, "73df"],
  [16, "73bf 747e 7480 7550 7590"],
  [24, "744c"],
];

/** The source of all rows. */
export const cardMemorySource: Source = {
  source: "https://pci-ids.ucw.cz (ids); sizes: general knowledge",
  checked: "2026-11-28",
};

const tables: Record<string, [gib: number, ids: string][]> = { [vendorIds.nvidia]: nvidia, [vendorIds.amd]: amd };

/** All device ids of the tables, by vendor. */
export const cardMemoryIds = (vendorId: string): string[] =>
  (tables[vendorId] ?? []).flatMap(([, ids]) => ids.split(" "));

/** The memory of a card in GiB, by its ids (hex text); undefined if it is not in the table. */
export function cardMemoryOf(vendorId: string, deviceId: string): number | undefined {
  return tables[vendorId]?.find(([, ids]) => ids.split(" ").includes(deviceId))?.[0];
}

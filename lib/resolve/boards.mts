/** Boards with two or more GPUs, and GPUs that can be partitioned into MIG instances. */
import type { Source } from "./sources.mts";
import { chipOf } from "./architectures.mts";

/** A GPU of such a board, by its vendor and device id. */
export interface BoardChip extends Source {
  /** `10de:102d` */
  id: string;
  /** The board, or the boards and cards with this id. */
  name: string;
}

const pciIds = { source: "https://pci-ids.ucw.cz (2025.06.09)", checked: "2026-11-26" } as const;

/**
 * GPUs on boards with more than one of them. Some of these ids belong to single cards as well: they
 * form a board only together with a switch that has nothing else below it.
 */
export const boardChips: BoardChip[] = [
  { id: "10de:0ff2", name: "GRID K1", ...pciIds },
  { id: "10de:1001", name: "GeForce GTX TITAN Z", ...pciIds },
  { id: "10de:102d", name: "Tesla K80", ...pciIds },
  { id: "10de:1088", name: "GeForce GTX 590", ...pciIds },
  { id: "10de:1188", name: "GeForce GTX 690", ...pciIds },
  { id: "10de:118f", name: "Tesla K10", ...pciIds },
  { id: "10de:11bf", name: "GRID K2", ...pciIds },
  { id: "10de:13bd", name: "Tesla M10", ...pciIds },
  { id: "10de:13f2", name: "Tesla M60", ...pciIds },
  { id: "1002:66a3", name: "Radeon Pro Vega II, Radeon Pro Vega II Duo", ...pciIds },
  { id: "1002:671d", name: "Radeon HD 6990", ...pciIds },
  { id: "1002:679b", name: "Radeon HD 7990", ...pciIds },
  { id: "1002:67b9", name: "Radeon R9 295X2", ...pciIds },
  { id: "1002:67c4", name: "Radeon Pro WX 7100", ...pciIds },
  { id: "1002:6864", name: "Radeon Pro V340", ...pciIds },
  { id: "1002:689c", name: "Radeon HD 5970", ...pciIds },
  { id: "1002:7300", name: "Radeon R9 Fury, Radeon Pro Duo", ...pciIds },
  { id: "1002:73a2", name: "Radeon Pro W6900X", ...pciIds },
  { id: "1002:73ab", name: "Radeon Pro W6800X, Radeon Pro W6800X Duo", ...pciIds },
];

const ids = new Set(boardChips.map(({ id }) => id));

/** Whether a GPU with this vendor and device (hex text) may be one of several on a board. */
export const isBoardChip = (vendor: string | undefined, device: string | undefined): boolean =>
  ids.has(`${vendor}:${device}`);

/** The source of {@link hasMig}. */
export const migSource: Source = {
  source: "https://docs.nvidia.com/datacenter/tesla/mig-user-guide/615 (Supported GPUs, Deployment Considerations)",
  checked: "2026-11-26",
};

/** Chips whose data-centre cards all have MIG: A100 and A30, H100 to H200, B200 and B300. */
const migChips = ["GA100", "GH100", "GB100", "GB110"];
/** RTX PRO 6000 (three editions) and 5000 Blackwell. The chip has other cards without MIG. */
const migCards = ["2bb1", "2bb3", "2bb4", "2bb5"];
/** CMP 170HX, a GA100 for mining. */
const withoutMig = ["2082", "20c2"];

/**
 * Whether an NVIDIA card (device id, hex text) can be partitioned into MIG instances; undefined where
 * that is not known: RTX PRO 4500 Blackwell has MIG, and its id is not known here.
 */
export function hasMig(device: string): boolean | undefined {
  if (withoutMig.includes(device)) return false;
  if (migCards.includes(device)) return true;
  const chip = chipOf(device)?.chip;
  if (chip === undefined || chip === "GB203") return undefined;
  return migChips.includes(chip);
}

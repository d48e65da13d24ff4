/** NVIDIA boards whose NVSwitches are not PCI functions of the host. */
import type { Source } from "./sources.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { vendorIds } from "../host/vendors.mts";

/** A GPU on such a board, by its device id. */
export interface SwitchBoard extends Source {
  device: string;
  /** The name of the board. */
  name: string;
}

const guide = {
  source: "https://docs.nvidia.com/datacenter/tesla/fabric-manager-user-guide (1.3.2, 1.6.4)",
  checked: "2026-11-26",
} as const;

/**
 * NVSwitches of the fourth generation are managed through functions of ConnectX cards, and have no
 * functions of their own.
 */
export const switchBoards: SwitchBoard[] = [
  { device: "2901", name: "HGX B200", ...guide },
  { device: "3182", name: "HGX B300", ...guide },
];

/** The board of a GPU; undefined for all other GPUs, and for virtual functions. */
export const switchBoardOf = ({ vendor, device, physicalFunction }: PciFunction): SwitchBoard | undefined =>
  vendor === vendorIds.nvidia && physicalFunction === undefined
    ? switchBoards.find((row) => row.device === device)
    : undefined;

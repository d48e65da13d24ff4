/** Names of cards for people. */
import { className } from "../host/pci.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { chipOf } from "../resolve/architectures.mts";
import { vendorIds } from "../host/vendors.mts";

const makers: Record<string, string> = {
  [vendorIds.nvidia]: "NVIDIA",
  [vendorIds.amd]: "AMD",
  [vendorIds.intel]: "Intel",
};

/**
 * What a card is: the name that the host's pci.ids has (`NVIDIA GeForce RTX 4070`); without it maker, chip and ids
 * (`NVIDIA AD104 (10de:2786)`), as far as they are known.
 */
export function cardName(gpu: PciFunction): string {
  const { vendor = "", device = "", name, model } = gpu;
  const maker = Object.hasOwn(makers, vendor) ? makers[vendor]! : undefined;
  const ownName = name ?? model;
  if (ownName) return maker && !ownName.startsWith(maker) ? `${maker} ${ownName}` : ownName;
  const found = vendor === vendorIds.nvidia ? chipOf(device) : undefined;
  // the oldest row has many chips
  const chip = found?.architecture === "Kepler or older" ? undefined : found?.chip;
  return [maker, chip ?? className(gpu), `(${vendor || "?"}:${device || "?"})`].filter(Boolean).join(" ");
}

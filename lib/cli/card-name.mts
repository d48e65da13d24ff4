/** Names of cards for people. */
import { className } from "../host/pci.mts";
import type { PciFunction } from "../host/types.mts";
import { chipOf } from "../resolve/architectures.mts";

const makers: Record<string, string> = { "10de": "NVIDIA", "1002": "AMD", "8086": "Intel" };

/**
 * What a card is: the name that the host's pci.ids has (`NVIDIA GeForce RTX 4070`); without it maker, chip and ids
 * (`NVIDIA AD104 (10de:2786)`), as far as they are known.
 */
export function cardName(gpu: PciFunction): string {
  const { vendor = "", device = "", name, model } = gpu;
  const maker = Object.hasOwn(makers, vendor) ? makers[vendor]! : undefined;
  const known = name ?? model;
  if (known) return maker && !known.startsWith(maker) ? `${maker} ${known}` : known;
  const chip = vendor === "10de" ? chipOf(device)?.chip : undefined;
  return [maker, chip ?? className(gpu), `(${vendor || "?"}:${device || "?"})`].filter(Boolean).join(" ");
}

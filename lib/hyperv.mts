/** Parts of a card by Hyper-V: which of the cards that it can divide a wish is for. */
import type { GpuWish, Host, Partitionable } from "./types.mts";
import { choose } from "./gpus.mts";
import { hardwareOf } from "./host/windows.mts";

/** Of these cards (default: all that Hyper-V can divide) those that a wish fits: by ids, and by the instance where it names an address. */
export function partsFor(wish: GpuWish, host: Host, among = host.windows?.partitionable ?? []): Partitionable[] {
  const choice = wish.address ? choose(wish, host) : undefined;
  const instance = choice?.kind === "card" ? choice.card.gpu.instance : undefined;
  return among.filter(({ path }) => {
    const hardware = hardwareOf(path);
    return hardware?.vendor === wish.vendorId && (wish.deviceId === undefined || hardware.device === wish.deviceId) &&
      (instance === undefined || hardware.instance.toLowerCase() === instance.toLowerCase());
  });
}

/** The one card that a wish is for; undefined if there is none, or more than one. */
export function partOf(wish: GpuWish, host: Host): Partitionable | undefined {
  const fitting = partsFor(wish, host);
  return fitting.length === 1 ? fitting[0] : undefined;
}

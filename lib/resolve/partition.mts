/** Parts of a card by Hyper-V: which of the cards that it can divide a wish is for. */
import type { GpuRequest } from "../config/types.mts";
import type { ResolvedGpuRequest, ResolvedMachine } from "./types.mts";
import type { Host, Partitionable, VideoDriver } from "../host/types.mts";
import { matchCard } from "./cards.mts";
import { hardwareOf, nvidiaVersion } from "../host/windows.mts";

/** Of these cards (default: all that Hyper-V can divide) those that a wish fits: by ids, and by the instance where it names an address. */
export function partitionsFor(
  wish: GpuRequest,
  host: Host,
  among = host.windows?.partitionable ?? [],
): Partitionable[] {
  const choice = wish.address ? matchCard(wish, host) : undefined;
  const instance = choice?.kind === "card" ? choice.card.gpu.instance : undefined;
  return among.filter(({ path }) => {
    const hardware = hardwareOf(path);
    return hardware?.vendor === wish.vendorId && (wish.deviceId === undefined || hardware.device === wish.deviceId) &&
      (instance === undefined || hardware.instance.toLowerCase() === instance.toLowerCase());
  });
}

/** The one card that a wish is for; undefined if there is none, or more than one. */
export function partitionableOf(wish: GpuRequest, host: Host): Partitionable | undefined {
  const fitting = partitionsFor(wish, host);
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** The card of which a machine gets a part; undefined if it gets none. */
export function partitionRequest(
  { provider, gpus }: Pick<ResolvedMachine, "provider" | "gpus">,
): ResolvedGpuRequest | undefined {
  return provider === "hyperv" ? gpus.find(({ mode }) => mode === "partition") : undefined;
}

/** The host's driver for a card, which serves its parts too. */
export function hostDriver(wish: GpuRequest, host: Host): VideoDriver | undefined {
  return host.windows?.drivers.find(({ id }) => partitionsFor(wish, host, [{ path: id }]).length > 0);
}

/** A driver as its maker numbers it, where that is known. */
export function driverVersion({ version }: VideoDriver): string | undefined {
  return nvidiaVersion(version) ?? version;
}

/** What tells one state of the host's driver from the next: its version, and the name of its folder, which Windows makes from its contents. */
export function driverState(machine: ResolvedMachine, host: Host): string | undefined {
  const wish = partitionRequest(machine);
  const driver = wish && hostDriver(wish, host);
  return driver && [driver.version, driver.folder].join(" ");
}

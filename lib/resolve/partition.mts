/** Partitions of a card with Hyper-V: which partitionable card a request matches. */
import type { CardMatch, GpuRequestWithMode, ResolvedGpuRequest, ResolvedMachine } from "./types.mts";
import type { Host } from "../host/types.mts";
import type { Partitionable, VideoDriver } from "../host/windows-types.mts";
import { hardwareOf, nvidiaVersion } from "../host/windows.mts";
import { hasRequestedIds } from "./requests.mts";

/**
 * Windows' facts for a request: the matching cards that Hyper-V can partition, and the card's
 * driver, which partitions use too.
 */
export function windowsCards(
  request: GpuRequestWithMode,
  match: CardMatch,
  { windows }: Host,
): Pick<ResolvedGpuRequest, "partitionable" | "hostDriver"> {
  const fits = (path: string) => isRequested(path, request, match);
  return {
    partitionable: windows?.partitionable?.filter(({ path }) => fits(path)) ?? [],
    hostDriver: windows?.drivers.find(({ id }) => fits(id)),
  };
}

/**
 * Whether a Windows device path belongs to the requested card: by ids, and by the instance where
 * the request names an address.
 */
function isRequested(path: string, request: GpuRequestWithMode, match: CardMatch): boolean {
  const instance = request.address && match.kind === "card" ? match.card.gpu.instance : undefined;
  const hardware = hardwareOf(path);
  return hardware !== undefined && hasRequestedIds(request, hardware) &&
    (instance === undefined || hardware.instance.toLowerCase() === instance.toLowerCase());
}

/**
 * The one card that a request for a partition matches; undefined if none matches, or several do.
 */
export function partitionableOf(
  { partitionable }: Pick<ResolvedGpuRequest, "partitionable">,
): Partitionable | undefined {
  return partitionable.length === 1 ? partitionable[0] : undefined;
}

/** A machine's request for a partition of a card; undefined if it has none. */
export function partitionRequest(
  { provider, gpus }: Pick<ResolvedMachine, "provider" | "gpus">,
): ResolvedGpuRequest | undefined {
  return provider === "hyperv" ? gpus.find(({ mode }) => mode === "partition") : undefined;
}

/** A driver's version in its vendor's form, where that is known. */
export function driverVersion({ version }: VideoDriver): string | undefined {
  return nvidiaVersion(version) ?? version;
}

/**
 * A text that changes with the host's driver: its version, and the name of its folder, which
 * Windows derives from its contents.
 */
export function driverState(machine: Pick<ResolvedMachine, "provider" | "gpus">): string | undefined {
  const driver = partitionRequest(machine)?.hostDriver;
  return driver && [driver.version, driver.folder].join(" ");
}

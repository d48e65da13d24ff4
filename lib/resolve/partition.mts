/** Parts of a card by Hyper-V: which of the cards that it can divide a request is for. */
import type { CardMatch, GpuRequestWithMode, ResolvedGpuRequest, ResolvedMachine } from "./types.mts";
import type { Host, Partitionable, VideoDriver } from "../host/types.mts";
import { hardwareOf, nvidiaVersion } from "../host/windows.mts";

/** What Windows has for a request: the cards that Hyper-V can divide and that it fits, and the driver, which serves parts as well. */
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

/** Whether a device path of Windows is of the requested card: by ids, and by the instance where the request names an address. */
function isRequested(path: string, { vendorId, deviceId, address }: GpuRequestWithMode, match: CardMatch): boolean {
  const instance = address && match.kind === "card" ? match.card.gpu.instance : undefined;
  const hardware = hardwareOf(path);
  return hardware?.vendor === vendorId && (deviceId === undefined || hardware.device === deviceId) &&
    (instance === undefined || hardware.instance.toLowerCase() === instance.toLowerCase());
}

/** The one card that a request for a part is for; undefined if none fits, or more than one. */
export function partitionableOf(
  { partitionable }: Pick<ResolvedGpuRequest, "partitionable">,
): Partitionable | undefined {
  return partitionable.length === 1 ? partitionable[0] : undefined;
}

/** The request of a machine for a part of a card; undefined if it has none. */
export function partitionRequest(
  { provider, gpus }: Pick<ResolvedMachine, "provider" | "gpus">,
): ResolvedGpuRequest | undefined {
  return provider === "hyperv" ? gpus.find(({ mode }) => mode === "partition") : undefined;
}

/** A driver's version as its maker writes it, where that is known. */
export function driverVersion({ version }: VideoDriver): string | undefined {
  return nvidiaVersion(version) ?? version;
}

/** Text that changes with the host's driver: its version, and the name of its folder, which Windows makes from its contents. */
export function driverState(machine: Pick<ResolvedMachine, "provider" | "gpus">): string | undefined {
  const driver = partitionRequest(machine)?.hostDriver;
  return driver && [driver.version, driver.folder].join(" ");
}

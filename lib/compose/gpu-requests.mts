/** What services reserve of a machine's GPUs, by our `gpu:` and in Compose's own ways. */
import type { Service } from "../config/types.mts";
import { isMap, mapAt } from "../maps.mts";
import { Verbatim } from "../verbatim.mts";

/** One entry of `deploy.resources.reservations.devices` (compose-spec, deploy.md), as it was written. */
export type Reservation = Record<string, unknown>;

/** What asks for GPUs: how many, or which. */
export interface ServiceGpuRequest {
  /** Where it stands in the service. */
  key: string;
  count: number | "all";
  /** Numbers or UUIDs, where it names them. */
  ids?: string[];
}

/** A service's own reservations of devices. */
export function reservationsOf(body: Service["body"]): Reservation[] {
  const devices = mapAt(mapAt(mapAt(body, "deploy"), "resources"), "reservations").devices;
  return Array.isArray(devices) ? devices.filter(isMap) : [];
}

/** Capabilities by which Docker takes its driver nvidia, `gpu` and NVIDIA's own (moby daemon/nvidia_linux.go). */
const gpuCapabilities = ["gpu", "nvidia", "compute", "compat32", "graphics", "utility", "video", "display"];

/** Whether a reservation is for GPUs: by Docker's driver nvidia, or by a capability, whatever serves it. */
export function isForGpu({ driver, capabilities }: Reservation): boolean {
  return driver === "nvidia" || texts(capabilities).some((one) => gpuCapabilities.includes(one));
}

/** A reservation with what `gpu:` says where it leaves that open. What it says itself stays. */
export function withCount(reservation: Reservation, count: number | "all"): Reservation {
  const { capabilities, ...rest } = reservation;
  const counted = rest.count !== undefined || rest.device_ids !== undefined;
  return {
    driver: "nvidia",
    ...rest,
    ...(counted ? {} : { count }),
    capabilities: [...new Set(["gpu", ...texts(capabilities)])],
  };
}

/**
 * Everything in a service that asks for GPUs: `gpu:`, its own reservations, the attribute `gpus` (Compose 2.30), CDI's names under
 * `devices`. A reservation that `gpu:` completes is counted once.
 */
export function gpuRequestsOf({ gpu, body }: Service): ServiceGpuRequest[] {
  const own = reservationsOf(body).filter(isForGpu);
  const open = gpu !== undefined && own[0]?.count === undefined && own[0]?.device_ids === undefined;
  const gpus = body.gpus === "all" ? [{}] : Array.isArray(body.gpus) ? body.gpus.filter(isMap) : [];
  const devices = texts(body.devices).filter((name) => name.startsWith(cdi));
  return [
    ...(open ? [{ key: "gpu", count: gpu }] : []),
    ...own.slice(open ? 1 : 0).map((one) => demand("deploy", one)),
    ...gpus.map((one) => demand("gpus", one)),
    ...(devices.length > 0 ? [demand("devices", { device_ids: devices })] : []),
  ];
}

/** How many GPUs a service is to have in its container; undefined if it asks for none. */
export function gpusOf(service: Service): number | "all" | undefined {
  const counts = gpuRequestsOf(service).map(({ count }) => count);
  if (counts.length === 0) return undefined;
  return counts.includes("all") ? "all" : counts.reduce<number>((sum, count) => sum + Number(count), 0) || undefined;
}

/** Whether a service needs a machine with a GPU. */
export function asksForGpu(service: Service): boolean {
  return gpuRequestsOf(service).length > 0;
}

/** What CDI's names of GPUs begin with; a number, a UUID, or `all` follows. */
export const cdi = "nvidia.com/gpu=";

/** Without a count and without names, Compose reserves all (compose-spec, deploy.md). */
function demand(key: string, { count, device_ids }: Reservation): ServiceGpuRequest {
  const ids = texts(device_ids).map((id) => (id.startsWith(cdi) ? id.slice(cdi.length) : id));
  if (ids.length > 0) return ids.includes("all") ? { key, count: "all" } : { key, count: ids.length, ids };
  const whole = ["number", "bigint"].includes(typeof count) || (typeof count === "string" && /^\d+$/.test(count)) ||
    count instanceof Verbatim;
  return { key, count: whole ? Number(String(count).replaceAll("_", "")) : "all" };
}

/** Texts of a list; YAML makes numbers of device ids without quotes. */
function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((one) => ["string", "number", "bigint"].includes(typeof one) || one instanceof Verbatim).map(String)
    : [];
}

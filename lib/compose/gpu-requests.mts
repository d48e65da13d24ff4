/** What services ask of a machine's GPUs: by our `gpu:` and in each of Compose's own ways. */
import type { Service } from "../config/types.mts";
import { isMap, mapAt } from "../maps.mts";
import { devicesOf, environmentOf, mountsOf, texts } from "./service.mts";
import { Verbatim } from "../verbatim.mts";

/** One entry of `deploy.resources.reservations.devices` (compose-spec, deploy.md), as it was written. */
export type Reservation = Record<string, unknown>;

/** Whose cards a request is for. `any`: it names no vendor. `drm`: /dev/dri, which Intel's and AMD's cards are used through. */
export type GpuVendor = "nvidia" | "amd" | "any" | "drm";

/** What asks for GPUs: how many, or which. */
export interface ServiceGpuRequest {
  /** The key of the service that asks: gpu, deploy, gpus, runtime, devices, volumes. */
  key: string;
  count: number | "all";
  /** Numbers, UUIDs or MIG ids, where it names them. */
  ids?: string[];
  vendor: GpuVendor;
  /** The driver that it names. */
  driver?: string;
}

/** A service's own reservations of devices. */
export function reservationsOf(body: Service["body"]): Reservation[] {
  const devices = mapAt(mapAt(mapAt(body, "deploy"), "resources"), "reservations").devices;
  return Array.isArray(devices) ? devices.filter(isMap) : [];
}

/** Capabilities by which Docker takes its driver nvidia, `gpu` and NVIDIA's own (moby daemon/nvidia_linux.go). */
export const gpuCapabilities = ["gpu", "nvidia", "compute", "compat32", "graphics", "utility", "video", "display"];

/** The drivers that Docker has: nvidia and cdi (moby daemon/nvidia_linux.go, cdi.go), amd from 29 on (daemon/amd_linux.go). */
export const deviceDrivers = ["nvidia", "cdi", "amd"];

/** Whether a reservation is for GPUs: by its driver, by a capability, or by CDI's names. */
export function isForGpu({ driver, capabilities, device_ids }: Reservation): boolean {
  return driver === "nvidia" || driver === "amd" ||
    texts(capabilities).some((one) => gpuCapabilities.includes(one)) ||
    texts(device_ids).some((id) => id.startsWith(cdi) || id.startsWith(amdCdi)) ||
    (typeof driver === "string" && /nvidia|amd|gpu|cuda|rocm/i.test(driver));
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
 * Everything in a service that asks for GPUs: `gpu:`, reservations of devices, the attribute `gpus` (Compose 2.30), `runtime: nvidia`,
 * CDI's names and device nodes under `devices` or `volumes`. A reservation that `gpu:` completes is counted once.
 */
export function gpuRequestsOf({ gpu, body }: Pick<Service, "gpu" | "body">): ServiceGpuRequest[] {
  const own = reservationsOf(body).filter(isForGpu);
  const open = gpu !== undefined && own[0]?.count === undefined && own[0]?.device_ids === undefined;
  const gpus = body.gpus === "all" ? [{}] : Array.isArray(body.gpus) ? body.gpus.filter(isMap) : [];
  return [
    ...(open ? [{ key: "gpu", count: gpu, vendor: "any" as const }] : []),
    ...own.slice(open ? 1 : 0).map((one) => requestOf("deploy", one)),
    ...gpus.map((one) => requestOf("gpus", one)),
    ...runtimeRequest(body),
    ...nodeRequests("devices", devicesOf(body).map(({ source }) => source)),
    ...nodeRequests("volumes", mountsOf(body).map(({ source = "" }) => source)),
  ];
}

/** How many NVIDIA GPUs a service is to have in its container; undefined if it asks for none. Ways that overlap are one request. */
export function gpusOf(service: Service): number | "all" | undefined {
  const requests = gpuRequestsOf(service).filter(({ vendor }) => vendor === "nvidia" || vendor === "any");
  if (requests.some(({ count }) => count === "all")) return "all";
  const sums = new Map<string, number>();
  for (const { key, count } of requests) sums.set(key, (sums.get(key) ?? 0) + Number(count));
  return Math.max(0, ...sums.values()) || undefined;
}

/** Whether a service needs a machine with a GPU, of whatever vendor. */
export function asksForGpu(service: Pick<Service, "gpu" | "body">): boolean {
  return gpuRequestsOf(service).length > 0;
}

/** Whether a service asks for a GPU that may be one of NVIDIA's. */
export function asksForNvidia(service: Pick<Service, "gpu" | "body">): boolean {
  return gpuRequestsOf(service).some(({ vendor }) => vendor === "nvidia" || vendor === "any");
}

/** What CDI's names of NVIDIA's GPUs begin with; a number, a UUID, or `all` follows. */
export const cdi = "nvidia.com/gpu=";
/** The same of AMD's (ROCm/container-toolkit). */
export const amdCdi = "amd.com/gpu=";

/** A device node of NVIDIA's cards: one card's, or one that all of them share (nvidiactl, nvidia-uvm, nvidia-modeset, nvidia-caps). */
export const isNvidiaNode = (path: string) => /^\/dev\/nvidia(\d+|ctl|-[a-z-]+)?(\/|$)/.test(path);
/** A device node of AMD's compute driver. */
export const isAmdNode = (path: string) => path === "/dev/kfd";
/** A node of the kernel's graphics interface, or the folder of them. */
export const isDrmNode = (path: string) => /^\/dev\/dri(\/|$)/.test(path);

/** Without a count and without names, Compose reserves all (compose-spec, deploy.md); -1 is how it prints that. */
function requestOf(key: string, { count, device_ids, driver }: Reservation): ServiceGpuRequest {
  const named = texts(device_ids);
  const ids = named.map((id) => id.replace(/^(nvidia|amd)\.com\/gpu=/, ""));
  const vendor = driver === "amd" || named.some((id) => id.startsWith(amdCdi))
    ? "amd"
    : driver === undefined || driver === ""
    ? "any"
    : "nvidia";
  const common = { key, vendor, ...(typeof driver === "string" && driver ? { driver } : {}) } as const;
  if (ids.length > 0) return ids.includes("all") ? { ...common, count: "all" } : { ...common, count: ids.length, ids };
  // YAML keeps numbers as they are written, with Go's underscores
  const number = ["number", "bigint", "string"].includes(typeof count) || count instanceof Verbatim
    ? Number(String(count).replaceAll("_", "") || NaN)
    : NaN;
  return { ...common, count: number >= 0 ? number : "all" };
}

/** `runtime: nvidia`; which GPUs, NVIDIA_VISIBLE_DEVICES says, and its absence leaves it to the image (container toolkit's documentation). */
function runtimeRequest(body: Service["body"]): ServiceGpuRequest[] {
  if (typeof body.runtime !== "string" || !/^nvidia(-|$)/.test(body.runtime)) return [];
  const visible = environmentOf(body).NVIDIA_VISIBLE_DEVICES;
  if (visible !== undefined && visible !== null && ["", "none", "void"].includes(visible.trim())) return [];
  const ids = (visible ?? "all").split(",").map((id) => id.trim().replace(cdi, "")).filter(Boolean);
  const variable = ids.some((id) => id.includes("$"));
  return [{
    key: "runtime",
    vendor: "nvidia",
    ...(ids.includes("all") || variable ? { count: "all" as const } : { count: ids.length, ids }),
  }];
}

/** What device nodes and CDI's names in a list ask for, by vendor. */
function nodeRequests(key: string, sources: string[]): ServiceGpuRequest[] {
  const of = (prefix: string, vendor: GpuVendor) => {
    const named = sources.filter((source) => source.startsWith(prefix));
    return named.length > 0 ? [{ ...requestOf(key, { device_ids: named }), vendor }] : [];
  };
  const nodes = sources.filter(isNvidiaNode);
  const numbers = nodes.flatMap((node) => /^\/dev\/nvidia(\d+)$/.exec(node)?.[1] ?? []);
  const amd = sources.filter(isAmdNode);
  const drm = sources.filter(isDrmNode);
  return [
    ...of(cdi, "nvidia"),
    ...of(amdCdi, "amd"),
    ...(nodes.length === 0
      ? []
      : numbers.length > 0
      ? [{ key, count: numbers.length, ids: numbers, vendor: "nvidia" as const }]
      : [{ key, count: "all" as const, vendor: "nvidia" as const }]),
    ...(amd.length > 0 ? [{ key, count: "all" as const, vendor: "amd" as const }] : []),
    ...(drm.length > 0 && amd.length === 0 ? [{ key, count: "all" as const, vendor: "drm" as const }] : []),
  ];
}

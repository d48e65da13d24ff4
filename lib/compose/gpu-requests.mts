/** The GPUs that services request: by `gpu:` of the config, and in each of Compose's own ways. */
import type { Service } from "../config/types.mts";
import { isMap, mapAt } from "../maps.mts";
import { devicesOf, environmentOf, mountsOf, texts } from "./service.mts";
import { Verbatim } from "../verbatim.mts";

/** One entry of `deploy.resources.reservations.devices` (compose-spec, deploy.md), as written. */
export type Reservation = Record<string, unknown>;

/**
 * The vendor of the requested cards. `any`: the request names no vendor. `drm`: /dev/dri, which
 * Intel and AMD cards use.
 */
export type GpuVendor = "nvidia" | "amd" | "any" | "drm";

/** A request for GPUs: a count, or ids. */
export interface ServiceGpuRequest {
  /**
   * The key of the service that makes the request: gpu, deploy, gpus, runtime, devices, volumes.
   */
  key: string;
  count: number | "all";
  /** Indexes, UUIDs or MIG ids, if the request names GPUs. */
  ids?: string[];
  vendor: GpuVendor;
  /** The driver, if the request names one. */
  driver?: string;
}

/** The device reservations of a service. */
export function reservationsOf(body: Service["body"]): Reservation[] {
  const devices = mapAt(mapAt(mapAt(body, "deploy"), "resources"), "reservations").devices;
  return Array.isArray(devices) ? devices.filter(isMap) : [];
}

/**
 * Capabilities for which Docker selects its driver nvidia: `gpu` and NVIDIA's own (moby
 * daemon/nvidia_linux.go).
 */
export const gpuCapabilities = ["gpu", "nvidia", "compute", "compat32", "graphics", "utility", "video", "display"];

/**
 * Docker's device drivers: nvidia and cdi (moby daemon/nvidia_linux.go, cdi.go), amd from version
 * 29 (daemon/amd_linux.go).
 */
export const deviceDrivers = ["nvidia", "cdi", "amd"];

/** Whether a reservation is for GPUs: by its driver, a capability, or CDI names. */
export function isForGpu({ driver, capabilities, device_ids }: Reservation): boolean {
  return driver === "nvidia" || driver === "amd" ||
    texts(capabilities).some((one) => gpuCapabilities.includes(one)) ||
    texts(device_ids).some((id) => id.startsWith(cdi) || id.startsWith(amdCdi)) ||
    (typeof driver === "string" && /nvidia|amd|gpu|cuda|rocm/i.test(driver));
}

/** A reservation completed with the count of `gpu:`. Its own values are kept. */
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
 * All GPU requests of a service: `gpu:`, device reservations, the attribute `gpus` (Compose 2.30),
 * `runtime: nvidia`, CDI names and device nodes under `devices` or `volumes`. A reservation that
 * `gpu:` completes counts once.
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

/**
 * How many NVIDIA GPUs a service gets in its container; undefined if it requests none. Overlapping
 * requests count as one.
 */
export function gpusOf(service: Service): number | "all" | undefined {
  const requests = gpuRequestsOf(service).filter(({ vendor }) => vendor === "nvidia" || vendor === "any");
  if (requests.some(({ count }) => count === "all")) return "all";
  const sums = new Map<string, number>();
  for (const { key, count } of requests) sums.set(key, (sums.get(key) ?? 0) + Number(count));
  return Math.max(0, ...sums.values()) || undefined;
}

/** Whether a service needs a machine with a GPU of any vendor. */
export function asksForGpu(service: Pick<Service, "gpu" | "body">): boolean {
  return gpuRequestsOf(service).length > 0;
}

/** Whether a service requests a GPU that may be an NVIDIA GPU. */
export function asksForNvidia(service: Pick<Service, "gpu" | "body">): boolean {
  return gpuRequestsOf(service).some(({ vendor }) => vendor === "nvidia" || vendor === "any");
}

/** The prefix of NVIDIA's CDI names; an index, a UUID, or `all` follows. */
export const cdi = "nvidia.com/gpu=";
/** The prefix of AMD's CDI names (ROCm/container-toolkit). */
export const amdCdi = "amd.com/gpu=";

/**
 * Whether a path is a device node of NVIDIA: of one card, or one shared by all cards (nvidiactl,
 * nvidia-uvm, nvidia-modeset, nvidia-caps).
 */
export const isNvidiaNode = (path: string) => /^\/dev\/nvidia(\d+|ctl|-[a-z-]+)?(\/|$)/.test(path);
/** Whether a path is the device node of AMD's compute driver. */
const isAmdNode = (path: string) => path === "/dev/kfd";
/**
 * Whether a path is a node of the kernel's graphics interface (DRM), or the folder of these nodes.
 */
export const isDrmNode = (path: string) => /^\/dev\/dri(\/|$)/.test(path);

/**
 * Without a count and ids, Compose reserves all GPUs (compose-spec, deploy.md), and prints that as
 * -1.
 */
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
  // numbers keep their spelling, which may have Go's underscores
  const number = ["number", "bigint", "string"].includes(typeof count) || count instanceof Verbatim
    ? Number(String(count).replaceAll("_", "") || NaN)
    : NaN;
  return { ...common, count: number >= 0 ? number : "all" };
}

/** Whether a service has AMD's container runtime, which the AMD Container Toolkit installs by the name `amd`. */
export const isAmdRuntime = ({ runtime }: Service["body"]) => runtime === "amd";

/**
 * The GPUs that AMD_VISIBLE_DEVICES names for AMD's runtime: `all`, or indexes and ranges of them
 * (`0-3,8`). AMD's runtime gives no GPU for any other value (ROCm/container-toolkit,
 * internal/oci/oci.go, read 2026-11-27). Undefined if a name is not an index, such as a unique id
 * or a variable.
 */
function amdIndexes(visible: string): string[] | "all" | undefined {
  const value = visible.trim();
  if (["", "none", "void"].includes(value)) return [];
  if (/^(all|All|ALL)$/.test(value)) return "all";
  const parts = value.split(",").map((part) => /^\s*(\d{1,3})(?:-(\d{1,3}))?\s*$/.exec(part));
  if (!parts.every((part) => part !== null)) return undefined;
  return parts.flatMap(([, first, last = first]) =>
    Array.from({ length: Math.max(0, Number(last) - Number(first) + 1) }, (_, i) => String(Number(first) + i))
  );
}

/**
 * The request of `runtime: amd`. If AMD_VISIBLE_DEVICES is unset or names something else than
 * indexes, it counts as all.
 */
function amdRuntimeRequest(body: Service["body"]): ServiceGpuRequest[] {
  const visible = environmentOf(body).AMD_VISIBLE_DEVICES;
  const ids = visible === undefined || visible === null ? "all" : amdIndexes(visible) ?? "all";
  if (ids.length === 0) return [];
  return [{ key: "runtime", vendor: "amd", ...(ids === "all" ? { count: ids } : { count: ids.length, ids }) }];
}

/**
 * The request of `runtime: nvidia`. NVIDIA_VISIBLE_DEVICES selects the GPUs; if it is unset, the
 * image decides (documentation of the NVIDIA Container Toolkit).
 */
function runtimeRequest(body: Service["body"]): ServiceGpuRequest[] {
  if (isAmdRuntime(body)) return amdRuntimeRequest(body);
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

/** The requests of the device nodes and CDI names in a list, by vendor. */
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

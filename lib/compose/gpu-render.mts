/** Rewrites every GPU request of a service into a form that the guest's engine supports. */
import type { Service } from "../config/types.mts";
import { isMap, mapAt } from "../maps.mts";
import { abilitiesOf } from "./engines.mts";
import {
  amdCdi,
  cdi,
  gpuRequestsOf,
  isAmdRuntime,
  isForGpu,
  isNvidiaNode,
  type Reservation,
  reservationsOf,
  type ServiceGpuRequest,
  withCount,
} from "./gpu-requests.mts";
import { devicesOf, texts } from "./service.mts";
import type { ComposeService, GuestEngine } from "./types.mts";

/**
 * Returns a service's keys in a form that the guest's engine supports; the same object if nothing
 * has to change. Requests that the engine supports keep their form.
 */
export function renderGpuRequests({ gpu, body }: Pick<Service, "gpu" | "body">, engine: GuestEngine): ComposeService {
  const requests = gpuRequestsOf({ ...(gpu === undefined ? {} : { gpu }), body });
  // no guest has AMD's runtime: Docker would refuse the name
  if (requests.length === 0) return isAmdRuntime(body) ? without(body, { runtime: true }) : body;
  const { vendor = "nvidia" } = engine;
  if (vendor !== "nvidia") return withNodes(body, requests, vendor);
  const nvidiaRequests = requests.filter((one) => one.vendor === "nvidia" || one.vendor === "any");
  const own = requests.length > nvidiaRequests.length ? withNodes(body, requests, vendor) : body;
  if (nvidiaRequests.length === 0) return own;
  if (engine.partition || engine.engine === "podman") return withCdi(own, nvidiaRequests, engine);
  const rendered = forDocker(own, nvidiaRequests, gpu, engine);
  return abilitiesOf(engine).tags ? rendered : withAllCounted(rendered);
}

function forDocker(body: ComposeService, wanted: ServiceGpuRequest[], gpu: Service["gpu"], engine: GuestEngine) {
  const can = abilitiesOf(engine);
  const isKnown = (reservation: Reservation) => reservation.driver !== "cdi" || can.cdi;
  const ways: { foreign: ServiceGpuRequest[]; native: ServiceGpuRequest[] } = { foreign: [], native: [] };
  for (const request of wanted) {
    const names = devicesOf(body).filter(({ source }) => source.startsWith(cdi)).length > 0;
    const native = request.key === "gpu" || request.key === "runtime" ||
      (request.key === "deploy" && (request.driver !== "cdi" || can.cdi)) ||
      (request.key === "gpus" && can.gpus && (request.driver !== "cdi" || can.cdi)) ||
      (request.key === "devices" && names && can.cdiDevices && can.cdi);
    ways[native ? "native" : "foreign"].push(request);
  }
  if (ways.foreign.length === 0) return withGpu(body, gpu);
  const keys = new Set(ways.foreign.map(({ key }) => key));
  const capabilities = [
    ...(keys.has("gpus") && Array.isArray(body.gpus) ? body.gpus.filter(isMap) : []),
    ...(keys.has("deploy") ? reservationsOf(body).filter((one) => !isKnown(one)) : []),
  ].flatMap((one) => texts(one.capabilities));
  const stripped = without(body, {
    gpus: keys.has("gpus"),
    devices: keys.has("devices"),
    reservation: (one) => keys.has("deploy") && isForGpu(one) && !isKnown(one),
  });
  if (ways.native.length > 0) return withGpu(stripped, gpu);
  return withReservation(stripped, {
    driver: "nvidia",
    ...amountOf(ways.foreign),
    capabilities: [...new Set(["gpu", ...capabilities])],
  });
}

/**
 * Adds `count: all` to reservations without a count and ids: Compose 1.29 would request no GPU for
 * them (run, see engines.mts).
 */
function withAllCounted(body: ComposeService): ComposeService {
  const isOpen = (one: unknown): one is Reservation =>
    isMap(one) && isForGpu(one) && one.count === undefined && one.device_ids === undefined;
  if (!reservationsOf(body).some(isOpen)) return body;
  return mapReservations(body, (own) => own.map((one) => (isOpen(one) ? { ...one, count: "all" } : one)));
}

/** The sum of a service's requests: all, or the ids that they name, or the largest count. */
function amountOf(requests: ServiceGpuRequest[]): { count: number | "all" } | { device_ids: string[] } {
  const ids = [...new Set(requests.flatMap(({ ids = [] }) => ids))];
  if (ids.length > 0) return { device_ids: ids };
  if (requests.some(({ count }) => count === "all")) return { count: "all" };
  return { count: Math.max(...requests.map(({ count }) => Number(count))) };
}

/**
 * Writes `gpu:` in the form of the Compose specification. If the service already reserves a GPU,
 * that reservation is completed: with two of them Docker would set NVIDIA_VISIBLE_DEVICES twice
 * (moby daemon/nvidia_linux.go). Users write NVIDIA's capabilities (compute, video, …) themselves,
 * in the reservation or in the environment.
 */
function withGpu(body: ComposeService, count: Service["gpu"]): ComposeService {
  if (count === undefined) return body;
  const first = reservationsOf(body).find(isForGpu);
  if (!first) return withReservation(body, { driver: "nvidia", count, capabilities: ["gpu"] });
  return mapReservations(body, (own) => own.map((one) => (one === first ? withCount(first, count) : one)));
}

/**
 * Writes the requests as CDI names. Podman supports nothing else (podman-run(1), --device), and
 * podman-compose reads reservations only from 1.1. A partition of a card has the single name `all`
 * (nvidia-container-toolkit, pkg/nvcdi/device-wsl.go). For Docker they become reservations of the
 * driver cdi, since Compose passes `devices:` on as CDI names only from 2.30.
 */
function withCdi(body: ComposeService, wanted: ServiceGpuRequest[], { engine, partition = false }: GuestEngine) {
  const ids = wanted.flatMap(({ count, ids }) =>
    count === "all" || partition ? ["all"] : (ids ?? Array.from({ length: count }, (_, i) => String(i)))
  );
  const named = [...new Set(ids.map((id) => `${cdi}${id}`))];
  const stripped = without(body, { gpus: true, runtime: true, devices: true, reservation: isForGpu });
  if (engine === "docker") {
    return withReservation(stripped, { driver: "cdi", device_ids: named, capabilities: ["gpu"] });
  }
  return { ...stripped, devices: [...listOf(stripped.devices), ...named] };
}

/**
 * Writes the requests as device nodes, which every engine supports, for cards of other vendors than
 * NVIDIA: AMD's containers use /dev/kfd and /dev/dri (ROCm's documentation), Intel's use /dev/dri.
 * AMD's CDI names and its runtime become nodes too, since no distribution packages AMD's toolkit.
 */
function withNodes(body: ComposeService, requests: ServiceGpuRequest[], vendor: "nvidia" | "amd" | "intel") {
  const named = devicesOf(body).some(({ source }) => source.startsWith(amdCdi));
  const isAmd = (one: Reservation) => one.driver === "amd" || texts(one.device_ids).some((id) => id.startsWith(amdCdi));
  const neutral = vendor !== "nvidia" && requests.some((one) => one.vendor === "any");
  const reserved = reservationsOf(body).some(isAmd);
  const byRuntime = isAmdRuntime(body);
  if (!named && !neutral && !reserved && !byRuntime) return body;
  const amd = named || reserved || byRuntime || vendor === "amd";
  const nodes = amd ? ["/dev/kfd", "/dev/dri"] : ["/dev/dri"];
  const isNeutral = (one: Reservation) => neutral && isForGpu(one) && !one.driver;
  const stripped = without(body, {
    gpus: neutral,
    runtime: byRuntime,
    reservation: (one) => isNeutral(one) || isAmd(one),
  });
  const others = listOf(stripped.devices).filter((one) => !sourceOf(one).startsWith(amdCdi));
  const sources = others.map(sourceOf);
  return { ...stripped, devices: [...others, ...nodes.filter((node) => !sources.includes(node))] };
}

/** A service without its requests for NVIDIA's cards, and without `gpus:` and `runtime:` for any card. */
export const withoutGpuRequests = (body: ComposeService): ComposeService =>
  without(body, { gpus: true, runtime: true, devices: true, reservation: isForGpu });

interface Removal {
  gpus?: boolean;
  runtime?: boolean;
  /** NVIDIA's entries under `devices`: CDI names and nodes. */
  devices?: boolean;
  reservation?: (reservation: Reservation) => boolean;
}

/** A service without the given kinds of request, and without maps and lists that become empty. */
function without(body: ComposeService, { gpus, runtime, devices, reservation }: Removal): ComposeService {
  const isNvidia = (device: unknown) => sourceOf(device).startsWith(cdi) || isNvidiaNode(sourceOf(device));
  const isRuntime = typeof body.runtime === "string" && /^(nvidia(-|$)|amd$)/.test(body.runtime);
  const stripped = Object.fromEntries(
    Object.entries(body).flatMap(([key, value]): [string, unknown][] => {
      if ((key === "gpus" && gpus) || (key === "runtime" && runtime && isRuntime)) return [];
      if (key !== "devices" || !devices || !Array.isArray(value)) return [[key, value]];
      const others = value.filter((one) => !isNvidia(one));
      return others.length > 0 ? [[key, others]] : [];
    }),
  );
  return reservation
    ? mapReservations(stripped, (own) => own.filter((one) => !isMap(one) || !reservation(one)))
    : stripped;
}

function withReservation(body: ComposeService, reservation: Reservation): ComposeService {
  return mapReservations(body, (own) => [...own, reservation]);
}

/** A service with its device reservations changed. Maps that become empty are removed. */
function mapReservations(body: ComposeService, change: (own: unknown[]) => unknown[]): ComposeService {
  const own = listOf(mapAt(mapAt(mapAt(body, "deploy"), "resources"), "reservations").devices);
  const next = change(own);
  if (own.length === 0 && next.length === 0) return body;
  const path = ["deploy", "resources", "reservations"];
  const after = within(body, [...path, "devices"], next);
  const reservations = path.reduce(mapAt, after);
  const { mem_reservation: memory } = body;
  // next to reservations without memory, Compose refuses mem_reservation (compose-go, loader/validate.go)
  if (next.length === 0 || memory === undefined || memory === null || reservations.memory !== undefined) return after;
  return within(after, path, { ...reservations, memory });
}

/**
 * A map with the list or map at this path replaced. An empty one, and maps that become empty, are
 * removed.
 */
function within(
  map: Record<string, unknown>,
  [key, ...below]: string[],
  list: unknown[] | Record<string, unknown>,
): Record<string, unknown> {
  const value = below.length > 0 ? within(mapAt(map, key!), below, list) : list;
  if (Object.keys(value).length > 0) return { ...map, [key!]: value };
  const { [key!]: _, ...rest } = map;
  return rest;
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const sourceOf = (device: unknown) =>
  isMap(device) ? String(device.source ?? "") : typeof device === "string" ? device.split(":")[0]! : "";

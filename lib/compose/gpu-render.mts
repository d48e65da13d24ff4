/** Turns every way in which a service asks for a GPU into one that the guest's engine understands. */
import type { Service } from "../config/types.mts";
import { isMap, mapAt } from "../maps.mts";
import { abilitiesOf } from "./engines.mts";
import {
  amdCdi,
  cdi,
  gpuRequestsOf,
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
 * A service's keys as the guest's engine understands them; the very same object where nothing has to change. What the engine
 * understands already stays as it is written.
 */
export function renderGpuRequests({ gpu, body }: Pick<Service, "gpu" | "body">, engine: GuestEngine): ComposeService {
  const requests = gpuRequestsOf({ ...(gpu === undefined ? {} : { gpu }), body });
  if (requests.length === 0) return body;
  const { vendor = "nvidia" } = engine;
  if (vendor !== "nvidia") return withNodes(body, requests, vendor);
  const wanted = requests.filter((one) => one.vendor === "nvidia" || one.vendor === "any");
  const own = requests.length > wanted.length ? withNodes(body, requests, vendor) : body;
  if (wanted.length === 0) return own;
  if (engine.partition || engine.engine === "podman") return withCdi(own, wanted, engine);
  const rendered = forDocker(own, wanted, gpu, engine);
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

/** Compose 1.29 asks for none where a reservation has neither count nor ids, instead of all (run, see engines.mts). */
function withAllCounted(body: ComposeService): ComposeService {
  const isOpen = (one: unknown): one is Reservation =>
    isMap(one) && isForGpu(one) && one.count === undefined && one.device_ids === undefined;
  if (!reservationsOf(body).some(isOpen)) return body;
  return mapReservations(body, (own) => own.map((one) => (isOpen(one) ? { ...one, count: "all" } : one)));
}

/** What several requests of one service come to: all, or the ids that they name, or the largest number. */
function amountOf(requests: ServiceGpuRequest[]): { count: number | "all" } | { device_ids: string[] } {
  const ids = [...new Set(requests.flatMap(({ ids = [] }) => ids))];
  if (ids.length > 0) return { device_ids: ids };
  if (requests.some(({ count }) => count === "all")) return { count: "all" };
  return { count: Math.max(...requests.map(({ count }) => Number(count))) };
}

/**
 * `gpu:` in the Compose specification's form. A GPU that the service reserves itself is that one, with what it leaves open filled in:
 * for two of them Docker sets NVIDIA_VISIBLE_DEVICES twice (moby daemon/nvidia_linux.go). NVIDIA's capabilities (compute, video, …)
 * are the user's to write, there or in the environment.
 */
function withGpu(body: ComposeService, count: Service["gpu"]): ComposeService {
  if (count === undefined) return body;
  const first = reservationsOf(body).find(isForGpu);
  if (!first) return withReservation(body, { driver: "nvidia", count, capabilities: ["gpu"] });
  return mapReservations(body, (own) => own.map((one) => (one === first ? withCount(first, count) : one)));
}

/**
 * CDI's names: the only way of Podman (podman-run(1), --device), whose podman-compose knows reservations from 1.1 on only; and of a
 * part of a card, which has the one name `all` (nvidia-container-toolkit, pkg/nvcdi/device-wsl.go). Docker takes them as reservations
 * of the driver cdi: `devices:` reaches it as CDI's names from Compose 2.30 on only.
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
 * Device nodes, which every engine takes, for a card that is not NVIDIA's: AMD's containers use /dev/kfd and /dev/dri (ROCm's
 * documentation), Intel's /dev/dri. No distribution packages AMD's CDI specification, so that its names become nodes too.
 */
function withNodes(body: ComposeService, requests: ServiceGpuRequest[], vendor: "nvidia" | "amd" | "intel") {
  const named = devicesOf(body).some(({ source }) => source.startsWith(amdCdi));
  const isAmd = (one: Reservation) => one.driver === "amd" || texts(one.device_ids).some((id) => id.startsWith(amdCdi));
  const neutral = vendor !== "nvidia" && requests.some((one) => one.vendor === "any");
  const reserved = reservationsOf(body).some(isAmd);
  if (!named && !neutral && !reserved) return body;
  const amd = named || reserved || vendor === "amd";
  const wanted = amd ? ["/dev/kfd", "/dev/dri"] : ["/dev/dri"];
  const isNeutral = (one: Reservation) => neutral && isForGpu(one) && !one.driver;
  const stripped = without(body, {
    gpus: neutral,
    reservation: (one) => isNeutral(one) || isAmd(one),
  });
  const others = listOf(stripped.devices).filter((one) => !sourceOf(one).startsWith(amdCdi));
  const there = others.map(sourceOf);
  return { ...stripped, devices: [...others, ...wanted.filter((node) => !there.includes(node))] };
}

interface Removal {
  gpus?: boolean;
  runtime?: boolean;
  /** NVIDIA's under `devices`: CDI's names and nodes. */
  devices?: boolean;
  reservation?: (reservation: Reservation) => boolean;
}

/** A service without some of its ways, and without the maps and lists that they leave empty. */
function without(body: ComposeService, { gpus, runtime, devices, reservation }: Removal): ComposeService {
  const isNvidia = (device: unknown) => sourceOf(device).startsWith(cdi) || isNvidiaNode(sourceOf(device));
  const isRuntime = typeof body.runtime === "string" && /^nvidia(-|$)/.test(body.runtime);
  const kept = Object.fromEntries(
    Object.entries(body).flatMap(([key, value]): [string, unknown][] => {
      if ((key === "gpus" && gpus) || (key === "runtime" && runtime && isRuntime)) return [];
      if (key !== "devices" || !devices || !Array.isArray(value)) return [[key, value]];
      const others = value.filter((one) => !isNvidia(one));
      return others.length > 0 ? [[key, others]] : [];
    }),
  );
  return reservation ? mapReservations(kept, (own) => own.filter((one) => !isMap(one) || !reservation(one))) : kept;
}

function withReservation(body: ComposeService, reservation: Reservation): ComposeService {
  return mapReservations(body, (own) => [...own, reservation]);
}

/** A service with its reservations of devices replaced; maps that are empty then are left out. */
function mapReservations(body: ComposeService, change: (own: unknown[]) => unknown[]): ComposeService {
  const own = listOf(mapAt(mapAt(mapAt(body, "deploy"), "resources"), "reservations").devices);
  const next = change(own);
  if (own.length === 0 && next.length === 0) return body;
  return within(body, ["deploy", "resources", "reservations", "devices"], next);
}

/** A map with the list at this path replaced; an empty one, and maps that are empty then, are left out. */
function within(map: Record<string, unknown>, [key, ...below]: string[], list: unknown[]): Record<string, unknown> {
  const value = below.length > 0 ? within(mapAt(map, key!), below, list) : list;
  if (Object.keys(value).length > 0) return { ...map, [key!]: value };
  const { [key!]: _, ...rest } = map;
  return rest;
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const sourceOf = (device: unknown) =>
  isMap(device) ? String(device.source ?? "") : typeof device === "string" ? device.split(":")[0]! : "";

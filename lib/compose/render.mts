import type { Engine, Service } from "../config/types.mts";
import { isMap, mapAt } from "../maps.mts";
import { cdi, gpuRequestsOf, isForGpu, reservationsOf, withCount } from "./gpu-requests.mts";
import { writeYaml } from "../config/yaml.mts";
import { getTag, Verbatim, withTag } from "../verbatim.mts";

/**
 * The Compose file of the services that run on one machine, as YAML.
 *
 * `$` stands for itself: Compose would fill in variables of the VM's environment, where nothing is, so it is doubled. `$$`, which
 * is how one writes a `$` for Compose, stays as it is.
 *
 * `by`: what runs them, or that the machine has a part of a card, which containers get by CDI whatever runs them.
 */
export function composeFile(services: Service[], by: Engine | "part" = "docker"): string {
  const named = services.map((service) => [
    service.name,
    literal(by === "docker" ? renderGpu(service) : withDevices(service, by === "part")),
  ]);
  const volumes = services.flatMap(volumesOf);
  const networks = services.flatMap(networksOf);
  return writeYaml({
    services: Object.fromEntries(named),
    ...(networks.some((name) => name !== "default") ? { networks: declaredNames(networks) } : {}),
    ...(volumes.length > 0 ? { volumes: declaredNames(volumes) } : {}),
  });
}

/** Names as a section that says nothing more of them. */
function declaredNames(names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** Names that Compose has for volumes and networks; of any other it says best itself what is wrong. */
const isName = (value: unknown): value is string => typeof value === "string" && /^[a-zA-Z0-9._-]+$/.test(value);

/**
 * The networks of a service, which is in `default` where it names none. Compose knows that one by itself; where only others are
 * declared, podman-compose takes the only one for it, or none.
 */
function networksOf({ body }: Service): string[] {
  const { networks } = body;
  const own = (Array.isArray(networks) ? networks : Object.keys(mapAt(body, "networks"))).filter(isName);
  return own.length > 0 ? own : ["default"];
}

/**
 * The named volumes of a service. In the short form that is what stands before the first colon, unless it is a path, be it one with a
 * drive of Windows' (compose-go, format/volume.go).
 */
function volumesOf({ body: { volumes } }: Service): string[] {
  if (!Array.isArray(volumes)) return [];
  const sources = volumes.map((volume) => {
    if (typeof volume === "string") return /^(?!\p{L}:|[./~])([^:]+):/u.exec(volume)?.[1];
    return volume?.type === "volume" ? volume.source : undefined;
  });
  return sources.filter(isName);
}

/**
 * A reservation of GPUs in the Compose specification's form (deploy.resources.reservations.devices). A GPU that the service reserves
 * itself is that one, with what it leaves open filled in: for two of them Docker sets NVIDIA_VISIBLE_DEVICES twice (moby
 * daemon/nvidia_linux.go). NVIDIA's capabilities (compute, video, …) are the user's to write, there or in the environment.
 */
function renderGpu({ body, gpu: count }: Service): Service["body"] {
  if (count === undefined) return body;
  const deploy = mapAt(body, "deploy");
  const resources = mapAt(deploy, "resources");
  const reservations = mapAt(resources, "reservations");
  const own: Record<string, unknown>[] = Array.isArray(reservations.devices) ? reservations.devices : [];
  const first = reservationsOf(body).find(isForGpu);
  const devices = first
    ? own.map((one) => (one === first ? withCount(one, count) : one))
    : [...own, { driver: "nvidia", count, capabilities: ["gpu"] }];
  return { ...body, deploy: { ...deploy, resources: { ...resources, reservations: { ...reservations, devices } } } };
}

/**
 * The same for Podman, where GPUs are CDI's devices (podman-run(1), --device): podman-compose knows Compose's reservations from 1.1 on
 * only, and Debian 12 has 1.0. Reservations of GPUs become such devices, whoever wrote them.
 */
function withDevices(service: Service, part: boolean): Service["body"] {
  const { body } = service;
  const demands = gpuRequestsOf(service);
  if (demands.length === 0) return body;
  // a part of a card has the one name all (nvidia-container-toolkit, pkg/nvcdi/device-wsl.go)
  const ids = demands.flatMap(({ count, ids }) =>
    count === "all" || part ? ["all"] : (ids ?? Array.from({ length: count }, (_, i) => String(i)))
  );
  const { gpus: _, devices: own, ...rest } = body;
  const named = ids.map((id) => `${cdi}${id}`);
  const others = Array.isArray(own) ? own.filter((one) => !named.includes(one)) : [];
  return { ...withoutReservations(rest), devices: [...others, ...new Set(named)] };
}

/** A service without its reservations of GPUs, and without the maps that they leave empty. */
function withoutReservations(body: Service["body"]): Service["body"] {
  const own = mapAt(mapAt(mapAt(body, "deploy"), "resources"), "reservations").devices;
  if (!Array.isArray(own)) return body;
  const devices = own.filter((one) => !isForGpu(one));
  return within(body, ["deploy", "resources", "reservations", "devices"], devices);
}

/** A map with the list at this path replaced; an empty one, and maps that are empty then, are left out. */
function within(map: Record<string, unknown>, [key, ...below]: string[], list: unknown[]): Record<string, unknown> {
  const { [key!]: _, ...rest } = map;
  const value = below.length > 0 ? within(mapAt(map, key!), below, list) : list;
  return Object.keys(value).length > 0 ? { ...rest, [key!]: value } : rest;
}

function literal(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/\$\$?/g, "$$$$");
  if (Array.isArray(value)) return withTag(value.map(literal), getTag(value));
  if (isMap(value)) {
    return withTag(Object.fromEntries(Object.entries(value).map(([key, one]) => [key, literal(one)])), getTag(value));
  }
  // true, null, numbers, and what goes out as it was written
  return value instanceof Verbatim && value.source.includes("$")
    ? new Verbatim(value.source.replace(/\$\$?/g, "$$$$"), value.tag, value.quoted)
    : value;
}

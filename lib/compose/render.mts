import type { Engine, Service } from "../config/types.mts";
import { mapAt } from "../maps.mts";
import { renderGpuRequests } from "./gpu-render.mts";
import type { GuestEngine } from "./types.mts";
import { writeYaml } from "../config/write-yaml.mts";

/**
 * Returns the Compose file of the services of one machine, as YAML.
 *
 * Variables stay: Compose in the VM replaces them, from copies of the `.env` next to the config and
 * of the caller's environment.
 *
 * `by`: the engine as precisely as it is known; or only its name, or `part` for a machine with a
 * partition of a card.
 */
export function composeFile(services: Service[], by: GuestEngine | Engine | "part" = "docker"): string {
  const engine: GuestEngine = typeof by !== "string"
    ? by
    : by === "part"
    ? { engine: "docker", partition: true }
    : { engine: by };
  const named = services.map((service) => [service.name, renderGpuRequests(service, engine)]);
  return writeYaml({ services: Object.fromEntries(named), ...declaredSections(services) });
}

/** The sections `networks` and `volumes` with the names that services use, without settings; absent if none. */
export function declaredSections(services: Service[]): Record<string, unknown> {
  const volumes = services.flatMap(volumesOf);
  const networks = services.flatMap(networksOf);
  return {
    ...(networks.some((name) => name !== "default") ? { networks: declaredNames(networks) } : {}),
    ...(volumes.length > 0 ? { volumes: declaredNames(volumes) } : {}),
  };
}

/** A section with these names, without settings. */
function declaredNames(names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** Whether a text is a valid name of a volume or network. Compose reports any other text. */
const isName = (value: unknown): value is string => typeof value === "string" && /^[a-zA-Z0-9._-]+$/.test(value);

/**
 * The networks of a service: `default` if it names none. Compose always has that network.
 * podman-compose needs it to be declared: if only others are declared, it uses the only one
 * instead, or none.
 */
function networksOf({ body }: Service): string[] {
  const { networks } = body;
  const own = (Array.isArray(networks) ? networks : Object.keys(mapAt(body, "networks"))).filter(isName);
  return own.length > 0 ? own : ["default"];
}

/**
 * The named volumes of a service. In the short form the name is the text before the first colon,
 * unless it is a path, which may have a Windows drive (compose-go, format/volume.go).
 */
function volumesOf({ body: { volumes } }: Service): string[] {
  if (!Array.isArray(volumes)) return [];
  const sources = volumes.map((volume) => {
    if (typeof volume === "string") return /^(?!\p{L}:|[./~])([^:]+):/u.exec(volume)?.[1];
    return volume?.type === "volume" ? volume.source : undefined;
  });
  return sources.filter(isName);
}

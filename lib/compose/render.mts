import type { Engine, Service } from "../config/types.mts";
import { mapAt } from "../maps.mts";
import { renderGpuRequests } from "./gpu-render.mts";
import type { GuestEngine } from "./types.mts";
import { writeYaml } from "../config/yaml.mts";

/**
 * The Compose file of the services that run on one machine, as YAML.
 *
 * `$` is Compose's own: it fills in variables from `.env` beside the config and from the caller's environment, which travel with it.
 *
 * `by`: what runs them, as precisely as it is known; or only its name, or that the machine has a part of a card.
 */
export function composeFile(services: Service[], by: GuestEngine | Engine | "part" = "docker"): string {
  const engine: GuestEngine = typeof by !== "string"
    ? by
    : by === "part"
    ? { engine: "docker", partition: true }
    : { engine: by };
  const named = services.map((service) => [service.name, renderGpuRequests(service, engine)]);
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

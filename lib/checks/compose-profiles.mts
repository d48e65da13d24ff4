/** What to write in the config to turn on a profile of a stack. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { publishedPorts } from "../compose/service.mts";

/**
 * The key of the stack with this profile and those that are active, such as `profiles: [cpu, gpu]`: the key replaces
 * the COMPOSE_PROFILES of the project's `.env`. A profile whose services take the ports or the names of this one's
 * containers is left out: it is the other variant.
 */
export function withProfile({ profiles, model }: Pick<ComposeProject, "profiles" | "model">, profile: unknown): string {
  const of = (one: string) =>
    Object.values(model?.services ?? {}).filter(({ profiles }) => Array.isArray(profiles) && profiles.includes(one));
  const own = of(String(profile)).flatMap(taken);
  const compatible = profiles.filter((one) =>
    one === profile || !of(one).some((service) =>
      !of(String(profile)).includes(service) &&
      taken(service).some((port) => own.includes(port))
    )
  );
  return `profiles: [${[...new Set([...compatible, String(profile)])].join(", ")}]`;
}

/** The ports and the container name that only one running service can have. */
const taken = (service: ComposeService) => [
  ...publishedPorts(service).map(({ first, protocol }) => `${first}/${protocol}`),
  ...(typeof service.container_name === "string" ? [service.container_name] : []),
];

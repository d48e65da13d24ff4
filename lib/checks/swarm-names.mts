/** Names of a project that Docker refuses in a Swarm, where it writes the stack's name before them. */
import { attachedNetworks, isExternal } from "../compose/service.mts";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { grantNameFlaw, type NameFlaw, swarmNameFlaw } from "../config/swarm-names.mts";
import { quoted } from "../config/scalars.mts";
import { isMap } from "../maps.mts";
import { flaw, type ProjectFlaw, type TopEntry } from "./compose-flaw.mts";

/** The flaws of the names of the services, networks, secrets and configs of a project in a Swarm. */
export function swarmNameFlaws(project: ComposeProject, services: [string, ComposeService][]): ProjectFlaw[] {
  const { model, name: stack } = project;
  const attached = new Set(services.flatMap(([, service]) => attachedNetworks(service)));
  const top = (message: string, at: string, mend: string, atTop: TopEntry): ProjectFlaw => ({
    ...flaw(message, at, mend),
    atTop,
  });
  return [
    ...services.flatMap(([name]) => {
      const found = swarmNameFlaw(name, stack);
      return found === undefined ? [] : [{
        ...flaw(`the name of the service ${name} ${found.is}`, `${name}:`, serviceMend(found, stack)),
        service: name,
      }];
    }),
    ...Object.entries(model?.networks ?? {}).flatMap(([key, network]): ProjectFlaw[] => {
      if (isMap(network) && isExternal(network) || !attached.has(key)) return [];
      const own = ownName(network, `${stack}_${key}`);
      const found = own === undefined ? swarmNameFlaw(key, stack) : swarmNameFlaw(own);
      return found === undefined ? [] : [top(
        `the name of the network ${own ?? key} ${found.is}`,
        own ?? `${key}:`,
        `Write name: ${
          found.write === undefined ? "and a shorter name" : quoted(found.write)
        } below the network ${key}`,
        { section: "networks", key },
      )];
    }),
    // deploy-stack.sh shortens those from files
    ...(["secrets", "configs"] as const).flatMap((section) =>
      Object.entries(model?.[section] ?? {}).flatMap(([key, one]): ProjectFlaw[] => {
        if (isMap(one) && isExternal(one)) return [];
        const own = ownName(one, `${stack}_${key}`);
        const refused = grantNameFlaw(own ?? `${stack}_${key}`);
        if (refused === undefined) return [];
        const kind = section.slice(0, -1);
        return [top(
          `the name of the ${kind} ${own ?? key} ${refused}`,
          own ?? `${key}:`,
          `Write another name for the ${kind}`,
          { section, key },
        )];
      })
    ),
  ];
}

/** The name: of an entry; undefined if it is the one that Compose gives it, or has variables. */
function ownName(entry: unknown, byCompose: string): string | undefined {
  const name = isMap(entry) ? entry.name : undefined;
  return typeof name === "string" && name !== byCompose && !name.includes("$") ? name : undefined;
}

/** What to write instead of the name of a service. */
function serviceMend({ write, most }: NameFlaw, stack: string): string {
  if (write !== undefined) return `Write ${quoted(write)} for it, also where others refer to it`;
  return most !== undefined && most > 0
    ? `Write a name with at most ${most} characters, or a shorter name: for the stack ${stack}`
    : `Write a shorter name: for the stack ${stack}`;
}

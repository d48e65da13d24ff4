/** What the stacks of a Swarm expect to be in it: external networks, secrets and configs. */
import { grantsOf } from "../compose/grants.mts";
import { attachedNetworks } from "../compose/service.mts";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { manualFix } from "../fixes.mts";
import { isMap } from "../maps.mts";
import { self } from "../self.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";

/** Networks that are on every node. */
const ownNetworks = ["host", "bridge", "none", "ingress"];

/** An entry that is external: its name in the project, and in Docker. */
interface External {
  key: string;
  named: string;
}

/** The external entries of a section that services use. */
function externals(
  project: ComposeProject,
  section: "networks" | "secrets" | "configs",
  used: Set<string>,
): External[] {
  return Object.entries(project.model?.[section] ?? {}).flatMap(([key, one]) => {
    if (!isMap(one) || !one.external || !used.has(key)) return [];
    const named = String((isMap(one.external) ? one.external.name : undefined) ?? one.name ?? key);
    return named.includes("$") ? [] : [{ key, named }];
  });
}

/** Whether a project creates a network with that name in Docker. */
const creates = (named: string) => ({ model, name }: ComposeProject) =>
  Object.entries(model?.networks ?? {}).some(([key, one]) =>
    !(isMap(one) && one.external) && ((isMap(one) ? one.name : undefined) ?? `${name}_${key}`) === named
  );

/**
 * The flaws of the external entries of a project in a Swarm. `all`: the projects of the Swarm, in the order in which
 * they are deployed. Whether somebody created an entry by hand is not known.
 */
export function externalFlaws(
  project: ComposeProject,
  services: [string, ComposeService][],
  all: ComposeProject[],
): ProjectFlaw[] {
  const used = (of: (service: ComposeService) => string[]) => new Set(services.flatMap(([, service]) => of(service)));
  const manager = project.inSwarm?.[0] ?? project.machine;
  const create = (command: string) => self(`ssh ${manager} -- sudo docker ${command}`);
  const top = { atTop: true } as const;
  const networks = externals(project, "networks", used(attachedNetworks)).flatMap(({ key, named }): ProjectFlaw[] => {
    if (ownNetworks.includes(named)) return [];
    const creator = all.find(creates(named));
    if (creator && all.indexOf(creator) < all.indexOf(project)) return [];
    if (creator) {
      return [{
        status: "fail",
        message: `the network ${named} is external, and ${creator.name}, which creates it, is deployed later`,
        at: `${key}:`,
        ...top,
        fix: manualFix(`Write the stack ${creator.name} before ${project.name} in stacks:`),
      }];
    }
    return [{
      status: "warn",
      message: `the network ${named} is external, and no stack creates it: it must be in the Swarm before ` +
        project.name,
      at: `${key}:`,
      ...top,
      fix: manualFix(
        `Remove external: and write attachable: true, so that ${project.name} creates it; or, once ${manager} ` +
          `manages the Swarm: ${create(`network create --driver overlay --attachable ${named}`)}`,
      ),
    }];
  });
  const grants = (["secrets", "configs"] as const).flatMap((section) =>
    externals(project, section, used((service) => grantsOf(service[section]))).map(({ key, named }): ProjectFlaw => {
      const kind = section.slice(0, -1);
      return {
        status: "warn",
        message: `the ${kind} ${named} is external: it must be in the Swarm before ${project.name}`,
        at: `${key}:`,
        ...top,
        fix: manualFix(
          `Write file: instead of external:, so that up creates it; or, once ${manager} manages the Swarm: ${
            create(`${kind} create ${named} -`)
          } <FILE`,
        ),
      };
    })
  );
  return [...networks, ...grants];
}

/** What the stacks of a Swarm expect to be in it: external networks, secrets and configs. */
import { createsNetwork } from "../compose/created-networks.mts";
import { enabledOf } from "../compose/enabled.mts";
import { grantsOf } from "../compose/grants.mts";
import { attachedNetworks, externalName, isExternal } from "../compose/service.mts";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { grantNameFlaw, swarmNameFlaw } from "../config/swarm-names.mts";
import { quoted } from "../config/scalars.mts";
import { manualFix } from "../fixes.mts";
import { isMap } from "../maps.mts";
import { guestWord } from "../render.mts";
import { self } from "../self.mts";
import { joinList } from "../text.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";

/** Networks that are on every node. */
const ownNetworks = ["host", "bridge", "none", "ingress"];

type Section = "networks" | "secrets" | "configs";

/** An entry that is external: its name in the project, and in Docker. */
interface External {
  key: string;
  named: string;
}

/** The external entries of a section that services use. */
function externals(
  project: ComposeProject,
  section: Section,
  used: Set<string>,
): External[] {
  return Object.entries(project.model?.[section] ?? {}).flatMap(([key, one]) => {
    if (!isMap(one) || !isExternal(one) || !used.has(key)) return [];
    const named = externalName(key, one);
    return named.includes("$") ? [] : [{ key, named }];
  });
}

/**
 * The flaws of the external entries of a project in a Swarm. `all`: the projects of the Swarm, in the order in which
 * they are deployed. Whether somebody created an entry by hand is not known.
 */
export function externalFlaws(
  project: ComposeProject,
  services: [string, ComposeService][],
  all: ComposeProject[],
): ProjectFlaw[] {
  return [
    ...networkFlaws(project, services, all),
    ...(["secrets", "configs"] as const).flatMap((section) => grantFlaws(section, project, services, all)),
  ];
}

const usedIn = (services: [string, ComposeService][], section: Section) =>
  new Set(
    services.flatMap(([, service]) => section === "networks" ? attachedNetworks(service) : grantsOf(service[section])),
  );

/** The names of the projects that need an external entry; none if an earlier one than `project` has the finding. */
function needing(project: ComposeProject, all: ComposeProject[], section: Section, named: string): string[] {
  const users = all.filter((one) =>
    externals(one, section, usedIn(enabledOf(one), section)).some((other) => other.named === named)
  );
  return users.length > 0 && users[0] !== project ? [] : users.map(({ name }) => name);
}

/** A command for the manager of the Swarm, with the name of an entry as one word. */
function create(project: ComposeProject, words: string, named: string, rest = ""): string {
  const manager = project.inSwarm?.[0] ?? project.machine;
  return `once ${manager} manages the Swarm: ${
    self(`ssh ${manager} -- sudo docker ${words} ${guestWord(named)}${rest}`)
  }`;
}

function networkFlaws(
  project: ComposeProject,
  services: [string, ComposeService][],
  all: ComposeProject[],
): ProjectFlaw[] {
  return externals(project, "networks", usedIn(services, "networks")).flatMap(({ key, named }): ProjectFlaw[] => {
    if (ownNetworks.includes(named)) return [];
    const place = { at: `${key}:`, atTop: { section: "networks", key } } as const;
    const refused = swarmNameFlaw(named);
    if (refused) return [nameless("network", named, refused.is, place)];
    const creator = all.find((one) => createsNetwork(one, named));
    if (creator && all.indexOf(creator) < all.indexOf(project)) return [];
    if (creator) {
      return [{
        status: "fail",
        message: `the network ${named} is external, and ${creator.name}, which creates it, is deployed later`,
        ...place,
        fix: manualFix(`Write the stack ${creator.name} before ${project.name} in stacks:`),
      }];
    }
    const users = needing(project, all, "networks", named);
    if (users.length === 0) return [];
    return [{
      status: "warn",
      message: `the network ${named} is external, and no stack creates it: it must be in the Swarm before ${
        joinList(users)
      }`,
      ...place,
      fix: manualFix(
        `Remove external: and write name: ${
          quoted(named)
        } and attachable: true, so that ${project.name} creates it; or, ` +
          create(project, "network create --driver overlay --attachable", named),
      ),
    }];
  });
}

function grantFlaws(
  section: "secrets" | "configs",
  project: ComposeProject,
  services: [string, ComposeService][],
  all: ComposeProject[],
): ProjectFlaw[] {
  return externals(project, section, usedIn(services, section)).flatMap(({ key, named }): ProjectFlaw[] => {
    const kind = section.slice(0, -1);
    const place = { at: `${key}:`, atTop: { section, key } };
    const refused = grantNameFlaw(named);
    if (refused !== undefined) return [nameless(kind, named, refused, place)];
    const users = needing(project, all, section, named);
    if (users.length === 0) return [];
    return [{
      status: "warn",
      message: `the ${kind} ${named} is external: it must be in the Swarm before ${joinList(users)}`,
      ...place,
      fix: manualFix(
        `Write file: instead of external:, so that up creates it; or, ${
          create(project, `${kind} create`, named, " - <FILE")
        }`,
      ),
    }];
  });
}

/** An external entry with a name that Docker refuses: nobody can create it. */
const nameless = (
  kind: string,
  named: string,
  is: string,
  place: Pick<ProjectFlaw, "at" | "atTop">,
): ProjectFlaw => ({
  status: "fail",
  message: `the name of the external ${kind} ${named} ${is}: no ${kind} of a Swarm has it`,
  ...place,
  fix: manualFix(`Write the name of a ${kind} that Docker accepts`),
});

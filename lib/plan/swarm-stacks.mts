/** The files and steps that deploy Compose projects to a Swarm: its manager gets their folders. */
import { type Project, projectDigest } from "../compose/project.mts";
import type { Lab } from "../host/lab.mts";
import type { SwarmState } from "../host/state.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import { joinList } from "../text.mts";
import { copySteps, projectFiles } from "./stacks.mts";
import type { File, Step } from "./types.mts";
import { runAsRoot, ssh } from "./vm-steps.mts";

/** The folder in the manager that has the projects, as apply-stack.sh takes it. */
const guestRoot = "/srv/homelab-gpu/swarm";

/** The path of what was deployed last of a stack, a line for each service. */
export const deployedStackPath = (name: string) => `verify/swarm.${name}.txt`;

/** The digest of each stack, for the record of the Swarm; absent without stacks. */
export function stackDigests(stacks: Project[]): Pick<SwarmState, "stacks"> {
  const digests = stacks.map((project): [string, string] => [project.name, projectDigest(project)]);
  return digests.length === 0 ? {} : { stacks: Object.fromEntries(digests) };
}

/** The record of the stacks while steps change some of them, or `all`: those have no digest. */
export function stacksDuring(wanted: SwarmState["stacks"] = {}, before: SwarmState["stacks"] = {}, all: boolean) {
  const names = Object.keys({ ...before, ...wanted });
  const during = names.map((name): [string, string] => {
    const isSame = !all && before[name] !== undefined && before[name] === wanted[name];
    return [name, isSame ? before[name]! : ""];
  });
  return during.length === 0 ? {} : { stacks: Object.fromEntries(during) };
}

/** How a project is copied to the manager. */
function copyOf(project: Project, config: Resolved, lab: Lab) {
  const way = { whole: true, away: config.otherHost !== undefined, ssh: ssh(project.machine), root: guestRoot };
  return copySteps(project, lab, {}, way);
}

/** The files of the stacks of a Swarm. */
export function stackFiles(config: Resolved, lab: Lab): File[] {
  return (config.swarm?.stacks ?? []).flatMap((project) => [
    ...projectFiles(project),
    ...copyOf(project, config, lab).files,
  ]);
}

/** Whether a VM runs at a known address and is not replaced: a step can log in to it before the machines' steps. */
export function isThere(lab: Lab, name: string, replaces: string[]): boolean {
  const { state, savedAddress } = lab.machines[name] ?? {};
  return state === "running" && savedAddress === undefined && !replaces.includes(name);
}

/**
 * The step that removes the stacks that the Swarm no longer has. `now`: before the steps of the machines, where one of
 * them may take the ports of such a stack; that needs a manager that runs and stays. Otherwise after them.
 */
export function goneStackSteps(config: Resolved, lab: Lab, replaces: string[], now: boolean): Step[] {
  const { swarm } = config;
  const manager = config.machines.find(({ name }) => name === swarm?.manager);
  if (!swarm || !manager || lab.swarm?.manager !== manager.name) return [];
  const names = swarm.stacks.map(({ name }) => name);
  const gone = Object.keys(lab.swarm.stacks ?? {}).filter((name) => !names.includes(name));
  if (isThere(lab, manager.name, replaces) !== now || gone.length === 0) return [];
  return [{
    title: `Remove ${gone.length === 1 ? "the stack" : "the stacks"} ${joinList(gone)} from the Swarm`,
    command: [
      ...ssh(manager.name),
      [runAsRoot(manager, `SERVICES_ROOT=${guestRoot}/projects`), "-- --keep", ...names].join(" "),
    ],
    input: "scripts/deploy-stack.sh",
    removes: gone.map(deployedStackPath),
  }];
}

/**
 * The steps that deploy the stacks that changed. `all`: every stack is deployed, since the manager may not have what
 * was deployed last, or newer images are wanted.
 */
export function stackSteps(
  manager: ResolvedMachine,
  config: Resolved,
  lab: Lab,
  { all, pull, tries }: { all: boolean; pull: boolean; tries: number },
): Step[] {
  const { stacks: before = {} } = lab.swarm ?? {};
  const changed = config.swarm!.stacks.filter((project) => all || before[project.name] !== projectDigest(project));
  return changed.flatMap((project) => [
    ...copyOf(project, config, lab).steps,
    {
      title: `Read the stack ${project.name} with the Compose of ${manager.name}`,
      command: [...ssh(manager.name), `${runAsRoot(manager, `STACKS_ROOT=${guestRoot}`)} -- config ${project.name}`],
      input: "scripts/apply-stack.sh",
    },
    {
      title: `Deploy the stack ${project.name} to the Swarm`,
      command: [
        ...ssh(manager.name),
        `${
          runAsRoot(manager, `SERVICES_ROOT=${guestRoot}/projects/${project.name}`, ...(pull ? ["PULL=yes"] : []))
        } -- ${project.name} ${tries}`,
      ],
      input: "scripts/deploy-stack.sh",
      output: deployedStackPath(project.name),
    },
  ]);
}

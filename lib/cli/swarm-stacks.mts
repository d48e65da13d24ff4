/** Reads the stacks of the Swarm with Compose, and adds to each what places its services on nodes with cards. */
import { findCompose } from "../compose/host-compose.mts";
import { readProject } from "../compose/read-project.mts";
import { swarmOverride } from "../compose/swarm-override.mts";
import { guestEngineOf } from "../resolve/guest-engine.mts";
import type { Resolved } from "../resolve/types.mts";
import { hereOf, type Shell } from "../shell.mts";
import { type ModelOptions, withoutGpuServices } from "./project-models.mts";

/**
 * A config with the stacks of its Swarm read: `projects` for the checks, and our own file for each. `withheld`: what
 * `--no-gpu` leaves out, as `STACK/SERVICE` or `STACK`.
 */
export async function withSwarmModels(
  there: Shell,
  resolved: Resolved,
  { gpu, here }: ModelOptions,
): Promise<{ resolved: Resolved; withheld: string[] }> {
  const { swarm } = resolved;
  const manager = resolved.machines.find(({ name }) => name === swarm?.manager);
  if (!swarm || !manager || swarm.stacks.length === 0) return { resolved, withheld: [] };
  const shell = hereOf(there);
  const compose = await findCompose(shell);
  const nodes = [...resolved.machines, ...resolved.elsewhere ?? []].map(({ name }) => name);
  const all = await Promise.all(swarm.stacks.map(async (stack) => {
    const { name, machine, path: folder, composeFiles: files, profiles, variables } = stack;
    const request = { name, machine, folder, files, profiles, variables, copied: Object.keys(stack.files) };
    const read = await readProject(shell, request, compose);
    const asked = here || read.readBy !== "reader" ? read : { noAnswer: "this host has no Compose 2", ...read };
    const project = { ...asked, inSwarm: nodes };
    if (!gpu) return withoutGpuServices(stack, project, guestEngineOf(manager, resolved));
    const override = project.model && swarmOverride(project.model);
    return {
      ...{ stacks: [override === undefined ? stack : { ...stack, override }], projects: [project] },
      withheld: [],
    };
  }));
  return {
    resolved: {
      ...resolved,
      swarm: {
        ...swarm,
        stacks: all.flatMap(({ stacks }) => stacks),
        projects: all.flatMap(({ projects }) => projects),
      },
    },
    withheld: all.flatMap(({ withheld }) => withheld),
  };
}

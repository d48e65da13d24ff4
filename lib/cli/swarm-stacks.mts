/** Reads the stacks of the Swarm with Compose, and adds to each what places its services on nodes with cards. */
import process from "node:process";
import { findCompose } from "../compose/host-compose.mts";
import { readProject } from "../compose/read-project.mts";
import { swarmOverride } from "../compose/swarm-override.mts";
import type { Stack } from "../config/types.mts";
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
  const far = resolved.sharedSwarm?.unread ?? [];
  if (!swarm || !manager || swarm.stacks.length + far.length === 0) return { resolved, withheld: [] };
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
  const { sharedSwarm } = resolved;
  const projects = await readElsewhere(shell, far, compose);
  const unread = far.filter((_, i) => !projects[i]!.model);
  return {
    resolved: {
      ...resolved,
      ...(sharedSwarm ? { sharedSwarm: { ...sharedSwarm, projects, unread } } : {}),
      swarm: {
        ...swarm,
        stacks: all.flatMap(({ stacks }) => stacks),
        projects: all.flatMap(({ projects }) => projects),
      },
    },
    withheld: all.flatMap(({ withheld }) => withheld),
  };
}

/** The stacks of other hosts, for the ports that they publish. Their own hosts report what is wrong with them. */
async function readElsewhere(shell: Shell, stacks: Stack[], compose: Awaited<ReturnType<typeof findCompose>>) {
  const ofCaller = Object.entries(process.env);
  return await Promise.all(stacks.map(({ name, machine, path: folder, profiles, env }) => {
    const given = [...ofCaller, ...Object.entries(env)].filter((pair): pair is [string, string] => pair[1] != null);
    return readProject(shell, { name, machine, folder, profiles, variables: Object.fromEntries(given) }, compose);
  }));
}

/** Reads the stacks with Compose, and adds to each what its VM's engine needs for GPUs. */
import { asksForGpu } from "../compose/gpu-requests.mts";
import { overrideFor, rewrittenFiles, takesOverride } from "../compose/override.mts";
import { modesOf, type Project } from "../compose/project.mts";
import { findCompose } from "../compose/host-compose.mts";
import { readProject } from "../compose/read-project.mts";
import type { ComposeModel, ComposeProject, GuestEngine } from "../compose/types.mts";
import { dependenciesOf } from "../config/dependencies.mts";
import { guestEngineOf } from "../resolve/guest-engine.mts";
import type { Resolved } from "../resolve/types.mts";
import { hereOf, type Shell } from "../shell.mts";

/** How stacks are read. */
export interface ModelOptions {
  /** False with `--no-gpu`: services that ask for a GPU, and those that need one of these, are left out. */
  gpu: boolean;
  /** Whether the checked host is this one: how a saved host gets Compose is not known. */
  here: boolean;
}

/**
 * A config with its stacks read: `projects` for the checks, and in `stacks` our own file for each.
 * `withheld`: what `--no-gpu` leaves out, as `STACK/SERVICE`, or `STACK` where the guest's Compose
 * cannot leave out some of its services.
 */
export async function withModels(
  there: Shell,
  resolved: Resolved,
  { gpu, here }: ModelOptions,
): Promise<{ resolved: Resolved; withheld: string[] }> {
  const all = resolved.stacks ?? [];
  if (all.every((stack) => !isStack(stack))) return { resolved: { ...resolved, projects: [] }, withheld: [] };
  // the files of stacks are on this machine
  const shell = hereOf(there);
  const compose = await findCompose(shell);
  const read = await Promise.all(all.map(async (stack) => {
    const machine = resolved.machines.find(({ name }) => name === stack.machine);
    if (!isStack(stack) || !machine) return { stacks: [stack], projects: [], withheld: [] };
    const { name, path: folder, composeFiles: files, profiles, variables } = stack;
    const copied = Object.keys(stack.files);
    const { outerLinks = {} } = stack;
    const state = { copied, modes: modesOf(stack), outerLinks, ...(stack.folders ? { access: stack.folders } : {}) };
    const request = { name, machine: machine.name, folder, files, profiles, variables, ...state };
    const read = await readProject(shell, request, compose);
    const project: ComposeProject = here || read.readBy !== "reader"
      ? read
      : { noAnswer: "this host has no Compose 2", ...read };
    const engine = guestEngineOf(machine, resolved);
    return gpu ? { ...withGpuFiles(stack, project, engine), withheld: [] } : withoutGpuServices(stack, project, engine);
  }));
  return {
    resolved: {
      ...resolved,
      stacks: read.flatMap(({ stacks }) => stacks),
      projects: read.flatMap(({ projects }) => projects),
    },
    withheld: read.flatMap(({ withheld }) => withheld),
  };
}

/** The project of inline services with files: it has no Compose files of its own. */
const isStack = ({ composeFiles }: Project) => composeFiles.length > 0;

function withGpuFiles(stack: Project, project: ComposeProject, engine: GuestEngine) {
  const { model, texts } = project;
  if (!model) return { stacks: [stack], projects: [project] };
  if (takesOverride(engine)) {
    const override = overrideFor(model, engine);
    return { stacks: [override === undefined ? stack : { ...stack, override }], projects: [project] };
  }
  return { stacks: [{ ...stack, rewritten: rewrittenFiles(texts, engine) }], projects: [project] };
}

/** A profile that is never active. */
const offProfile = "homelab-gpu-needs-a-gpu";

/** A stack without the services that ask for a GPU, and those that need one of these. */
export function withoutGpuServices(stack: Project, project: ComposeProject, engine: GuestEngine) {
  const left = project.model ? gpuServices(project.model) : [];
  if (left.length === 0) return { stacks: [stack], projects: [project], withheld: [] };
  const withheld = left.filter((name) => project.enabled?.includes(name) ?? true).map((name) =>
    `${stack.name}/${name}`
  );
  const remaining = Object.entries(project.model!.services).filter(([name]) => !left.includes(name));
  const some = project.enabled ? project.enabled.some((name) => !left.includes(name)) : remaining.length > 0;
  // Compose fails where no service is left
  if (withheld.length > 0 && !(some && takesOverride(engine))) {
    return { stacks: [], projects: [], withheld: [stack.name] };
  }
  if (!takesOverride(engine)) return { stacks: [stack], projects: [project], withheld };
  const off = left.map((name) => `  ${JSON.stringify(name)}:\n    profiles: !override ["${offProfile}"]\n`);
  const rest: ComposeProject = {
    ...project,
    model: { ...project.model!, services: Object.fromEntries(remaining) },
    ...(project.enabled ? { enabled: project.enabled.filter((name) => !left.includes(name)) } : {}),
  };
  return { stacks: [{ ...stack, override: `services:\n${off.join("")}` }], projects: [rest], withheld };
}

/** The services that ask for a GPU, and those that depend on one of them. */
function gpuServices({ services }: ComposeModel): string[] {
  const all = Object.entries(services);
  const left = new Set(all.filter(([, body]) => asksForGpu({ body })).map(([name]) => name));
  for (let before = -1; before < left.size;) {
    before = left.size;
    for (const [name, body] of all) if (dependenciesOf(body).some((one) => left.has(one))) left.add(name);
  }
  return all.map(([name]) => name).filter((name) => left.has(name));
}

/** Records about VMs that a run saves: the files of their stacks, the earlier drivers of their cards. */
import { writeCopies } from "../host/copies.mts";
import { readVmId } from "../host/vagrant-files.mts";
import { readState, writeState } from "../host/state.mts";
import type { Plan } from "../plan/types.mts";
import { stacksDuring } from "../plan/swarm-stacks.mts";
import { mergePreviousDrivers } from "../verify/gpu-return.mts";
import type { Context } from "./context.mts";
import type { Inspection } from "./inspect.mts";

/** Deletes the records before stacks are copied: until the run succeeds, the files in the VMs are not known. */
export async function forgetCopies({ shell }: Context, { names, lab, loaded: { folder } }: Inspection): Promise<void> {
  for (const name of names) if (lab.machines[name]?.copies) await writeCopies(shell, folder, name);
}

/** Saves which files of their stacks the machines got. */
export async function saveCopies({ shell }: Context, { names, resolved, loaded }: Inspection): Promise<void> {
  for (const name of names) {
    const own = (resolved.stacks ?? []).filter(({ machine }) => machine === name);
    const vm = own.length > 0 ? await readVmId(shell, loaded.folder, name) : undefined;
    if (vm === undefined) continue;
    const stacks = Object.fromEntries(own.map((project) => [project.name, project.files]));
    await writeCopies(shell, loaded.folder, name, { schema: "homelab-gpu/copies/1", vm, stacks });
  }
}

/**
 * Saves the Swarm of a plan: before its steps without the hash of what they change (`done` is false), and then as it
 * is.
 */
export async function saveSwarm(
  { shell }: Context,
  { loaded: { folder } }: Inspection,
  { swarm, deploysAll }: Pick<Plan, "swarm" | "deploysAll">,
  done: boolean,
): Promise<void> {
  if (swarm === undefined) return;
  const { swarm: before, ...state } = await readState(shell, folder);
  const { services: _, stacks: __, ...begun } = swarm ?? before ?? { manager: "", nodes: [] };
  const now = done ? swarm : { ...begun, ...stacksDuring(swarm?.stacks, before?.stacks, deploysAll) };
  await writeState(shell, folder, { ...state, ...(now ? { swarm: now } : {}) });
}

/** Saves which drivers the cards have before libvirt takes them. */
export async function savePreviousDrivers(
  { shell }: Context,
  { loaded: { folder }, names, resolved, lab }: Inspection,
): Promise<void> {
  const state = await readState(shell, folder);
  const vms = Object.values({ ...lab.machines, ...lab.orphans })
    .filter(({ state }) => state === "running" || state === "half-made")
    .map(({ hardware }) => hardware?.assignedFunctions.map(({ host }) => host));
  for (const machine of resolved.machines.filter(({ name, gpus }) => gpus.length > 0 && names.includes(name))) {
    state.previousDrivers = mergePreviousDrivers(
      state.previousDrivers,
      machine.name,
      machine.assignedFunctions ?? [],
      vms,
    );
  }
  if (Object.keys(state.previousDrivers).length > 0) await writeState(shell, folder, state);
}

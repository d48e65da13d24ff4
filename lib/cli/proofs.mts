/** The proofs of machines: what the proving steps of a run found. */
import type { Finding } from "../findings.mts";
import type { Lab } from "../host/lab.mts";
import { readState, type State, writeState } from "../host/state.mts";
import { projectHashes, servicesHash } from "../plan/proof.mts";
import type { Step } from "../plan/types.mts";
import { driverState } from "../resolve/partition.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Context } from "./context.mts";
import { inspect, type Inspection } from "./inspect.mts";
import { verifyMachines } from "./verify-machines.mts";

/** What the proving steps of a run found. */
interface Judgement {
  judged: Finding[];
  /** The lab as it is now, with the new proofs; absent if nothing was judged. */
  lab?: Lab;
}

/**
 * Reads the output of the proving steps, saves the valid proofs, and returns all findings. `some`: a
 * step failed, and only the machines whose proving step ran are judged. `planned`: what was
 * applied, even if the files of the stacks have changed since.
 */
export async function judgeProofs(
  context: Context,
  planned: Inspection,
  steps: Step[],
  some: boolean,
): Promise<Judgement> {
  const source = planned.loaded;
  const all = steps.flatMap(({ proves, output }) => (proves && output ? [{ name: proves, output }] : []));
  const fingerprints = await Promise.all(
    all.map(({ output }) => context.shell.fingerprint(`${source.folder}/${output}`)),
  );
  const names = all.flatMap(({ name }, i) => (!some || fingerprints[i] !== undefined ? [name] : []));
  if (names.length === 0) return { judged: [] };
  const inspection = await inspect(context, source, [], "never");
  const now = { ...inspection, resolved: { ...inspection.resolved, stacks: planned.resolved.stacks ?? [] } };
  const machines = now.resolved.machines.filter(({ name }) => names.includes(name));
  const judged = await verifyMachines(context, now, machines);
  const proofs = await saveProofs(
    context,
    now,
    machines.filter(({ name }) =>
      judged.every(({ machine, status, check }) =>
        machine !== name || (status !== "fail" && !(status === "unknown" && check === "verify.service"))
      )
    ),
  );
  const labMachines = Object.entries(now.lab.machines).map(([name, there]) => {
    const proof = Object.hasOwn(proofs, name) ? proofs[name] : undefined;
    return [name, proof ? { ...there, proof } : there];
  });
  return { judged, lab: { ...now.lab, machines: Object.fromEntries(labMachines) } };
}

/**
 * Marks the proofs of machines as no longer valid, before steps change what was proven or after a
 * verification failed: without a new proof, the next `up` starts all services again.
 */
export async function invalidateProofs({ shell }: Context, folder: string, machines: string[]): Promise<void> {
  const state: State = await readState(shell, folder);
  const proofs = Object.entries(state.proofs).filter(([name, { invalid }]) => machines.includes(name) && !invalid);
  if (proofs.length === 0) return;
  for (const [, proof] of proofs) proof.invalid = true;
  await writeState(shell, folder, state);
}

/** Saves the proofs of these machines, and returns all saved proofs by machine. */
async function saveProofs(
  { shell }: Context,
  now: Inspection,
  machines: ResolvedMachine[],
): Promise<State["proofs"]> {
  const { folder } = now.loaded;
  const state: State = await readState(shell, folder);
  for (const machine of machines) {
    const { bootId } = now.lab.machines[machine.name]!;
    if (bootId) {
      const driver = driverState(machine);
      state.proofs[machine.name] = {
        bootId,
        services: servicesHash(machine, now.resolved),
        ...(driver ? { driver } : {}),
        projects: projectHashes(machine, now.resolved),
        at: new Date().toISOString(),
      };
    }
  }
  await writeState(shell, folder, state);
  return state.proofs;
}

/** Carries a plan out: writes its files, runs its steps, judges the proofs. */
import { Interrupted, UserError } from "../errors.mts";
import type { Finding } from "../findings.mts";
import type { Lab } from "../host/lab.mts";
import type { Plan, Step } from "../plan/types.mts";
import type { Lock } from "../run/lock.mts";
import { diffFiles, runSteps, writeFiles } from "../run/steps.mts";
import { type Context, reporterOf } from "./context.mts";
import type { Inspection } from "./inspect.mts";
import { invalidateProofs, judgeProofs } from "./proofs.mts";
import { forgetCopies, saveCopies, savePreviousDrivers, saveSwarm } from "./records.mts";
import { printFindings, printWarnings } from "./report.mts";

/** What came of the steps of a plan. */
export interface Outcome {
  /** The error of a failed step. */
  failure?: UserError;
  /** The findings of the machines whose proving step ran. */
  judged: Finding[];
  /** The lab after the steps, if machines were judged. */
  lab?: Lab;
}

/** Writes the files of a plan that differ. `take` takes the lock, before the first one is written. */
export async function writePlan(
  { shell }: Context,
  { loaded: { folder } }: Inspection,
  { files }: Plan,
  take: () => Promise<unknown>,
): Promise<void> {
  const changes = await diffFiles(shell, folder, files);
  if (changes.every(({ change }) => change === "same")) return;
  await take();
  await writeFiles(shell, folder, files, changes);
}

/** Runs the steps of a plan, judges the proofs, and prints them unless all is proven. */
export async function carryOut(context: Context, found: Inspection, plan: Plan, lock: Lock): Promise<Outcome> {
  await printWarnings(context, found);
  await savePreviousDrivers(context, found);
  await forgetCopies(context, found);
  await saveSwarm(context, found, plan, false);
  const { folder } = found.loaded;
  let boots = false;
  const reporter = {
    ...reporterOf(context),
    beforeProof: (machines: string[]) => invalidateProofs(context, folder, machines),
    begins: ({ command: [program, verb] }: Step) => boots ||= program === "vagrant" && verb === "up",
  };
  const failure = await runSteps(reporter, folder, plan.steps, lock).then(
    () => undefined,
    (error: unknown) => asUserError(error, found.lab, boots),
  );
  if (!failure) {
    await saveCopies(context, found);
    await saveSwarm(context, found, plan, true);
  }
  const { judged, lab } = await judgeProofs(context, found, plan.steps, failure !== undefined);
  const statuses = judged.map(({ status }) => status);
  if (statuses.includes("fail") || statuses.includes("unknown")) printFindings(context, judged, found.host);
  return { judged, ...(lab ? { lab } : {}), ...(failure ? { failure } : {}) };
}

/**
 * The error of a step; any other error is thrown again. An interruption gets what keeps running: the machines that ran
 * before, and those that a step `boots`.
 */
function asUserError(error: unknown, { machines }: Lab, boots: boolean): UserError {
  if (error instanceof UserError) return error;
  if (error instanceof Interrupted) {
    const before = Object.keys(machines).filter((name) => machines[name]!.state === "running");
    throw new Interrupted([...before, ...(boots ? ["machines that this run has started"] : [])]);
  }
  throw error;
}

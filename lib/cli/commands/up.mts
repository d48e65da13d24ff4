import { UserError } from "../../errors.mts";
import { readLab } from "../../host/lab.mts";
import type { Plan } from "../../plan/types.mts";
import { acquireLock, type Lock } from "../../run/lock.mts";
import { diffFiles, runSteps, writeFiles } from "../../run/steps.mts";
import { agreedPlan } from "../agreed-plan.mts";
import { type Context, log, reporterOf } from "../context.mts";
import { inspect, type Inspection } from "../inspect.mts";
import { closeLab } from "../lab-state.mts";
import { judgeProofs } from "../proofs.mts";
import { forgetCopies, saveCopies, savePreviousDrivers } from "../records.mts";
import { logOrphans, printFindings, printOutdated, printWarnings } from "../report.mts";
import { applySafeFixes } from "../safe-fixes.mts";
import { printMachines } from "../seen.mts";

/**
 * `up [machine…]`: inspect → fix → check → plan → write → build → boot → start services → verify.
 * Nothing is changed while a check fails.
 */
export async function up(context: Context): Promise<number> {
  const { shell, args } = context;
  let found = await inspect(context, undefined, args, context.options.pull ? "always" : "unproven");
  const { config, folder, name, withheldServices } = found.loaded;
  await closeLab(context, folder);
  log(context, `config: ${name}`);
  logOrphans(context, found.lab);
  const withheld = [...withheldServices, ...found.withheld];
  if (withheld.length > 0) log(context, `without a GPU these services are left out: ${withheld.join(", ")}`);

  let lock: Lock | undefined;
  const take = async () => (lock ??= await acquireLock(shell, folder, "up", (line) => log(context, line)));
  try {
    found = await applySafeFixes(context, found, take);
    if (found.findings.some(({ status }) => status === "fail")) {
      printFindings(context, found.findings, found.host);
      return 1;
    }
    const agreed = await agreedPlan(context, found, take);
    if (!agreed) return 1;
    const { plan } = agreed;
    found = agreed.found;
    const stops = plan.findings.filter(({ status }) => status === "fail");
    if (stops.length > 0) {
      printFindings(context, stops, found.host);
      return 1;
    }
    printOutdated(context, plan.findings, found.host);
    const changes = await diffFiles(shell, folder, plan.files);
    if (changes.some(({ change }) => change !== "same")) {
      await take();
      await writeFiles(shell, folder, plan.files, changes);
    }
    if (plan.steps.length === 0) log(context, "nothing to do");
    const isProven = plan.steps.length === 0 || (await carryOut(context, found, plan, await take()));
    const lab = plan.steps.length === 0 ? found.lab : await readLab(shell, config, folder);
    await printMachines(context, found, lab);
    return isProven ? 0 : 1;
  } finally {
    await lock?.release();
  }
}

/** Runs the steps of a plan and judges the proofs; returns whether none failed. Throws what a failed step threw. */
async function carryOut(context: Context, found: Inspection, plan: Plan, lock: Lock): Promise<boolean> {
  await printWarnings(context, found);
  await savePreviousDrivers(context, found);
  await forgetCopies(context, found);
  const failure = await runSteps(reporterOf(context), found.loaded.folder, plan.steps, lock).then(
    () => undefined,
    asUserError,
  );
  if (!failure) await saveCopies(context, found);
  const judged = await judgeProofs(context, found, plan.steps, failure !== undefined);
  const statuses = judged.map(({ status }) => status);
  if (statuses.includes("fail") || statuses.includes("unknown")) printFindings(context, judged, found.host);
  if (failure) throw failure;
  return !statuses.includes("fail");
}

/** The error of a step; any other error is thrown again. */
function asUserError(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}

import { readLab } from "../../host/lab.mts";
import { acquireLock, type Lock } from "../../run/lock.mts";
import { agreedPlan } from "../agreed-plan.mts";
import { carryOut, type Outcome, writePlan } from "../carry-out.mts";
import { type Context, log, logConfig, selfFor, withheldLines } from "../context.mts";
import { printOriginals } from "../data-migration.mts";
import { inspect } from "../inspect.mts";
import { closeLab } from "../lab-state.mts";
import { leftVms, logLeft, refuseOtherName } from "../moved.mts";
import { printChecks, printOutdated } from "../report.mts";
import { applySafeFixes } from "../safe-fixes.mts";
import { printMachines } from "../seen.mts";
import { endUpgrades } from "../upgrades.mts";

/**
 * `up [machine…]`: inspect → fix → check → plan → write → build → boot → start services → verify.
 * Nothing is changed while a check fails.
 */
export async function up(context: Context): Promise<number> {
  const { shell, args } = context;
  let found = await inspect(context, undefined, args, context.options.pull ? "always" : "unproven");
  const { config, folder, name, withheldServices } = found.loaded;
  const left = await leftVms(context, found.loaded, found.lab);
  refuseOtherName(context, found.loaded, left);
  await closeLab(context, folder);
  logConfig(context, name);
  logLeft(context, left);
  for (const line of withheldLines([...withheldServices, ...found.withheld])) log(context, line);

  let lock: Lock | undefined;
  const take = async () => (lock ??= await acquireLock(shell, folder, "up", (line) => log(context, line)));
  try {
    found = await applySafeFixes(context, found, take);
    if (found.findings.some(({ status }) => status === "fail")) {
      printChecks(context, found.findings, found.host);
      return 1;
    }
    const agreed = await agreedPlan(context, found, take);
    if (!agreed) return 1;
    const { plan } = agreed;
    found = agreed.found;
    const stops = plan.findings.filter(({ status }) => status === "fail");
    if (stops.length > 0) {
      printChecks(context, stops, found.host);
      return 1;
    }
    printOutdated(context, plan.findings, found.host);
    await writePlan(context, found, plan, take);
    if (plan.steps.length === 0) log(context, "nothing to do");
    const { judged, lab: after, failure }: Outcome = plan.steps.length === 0
      ? { judged: [] }
      : await carryOut(context, found, plan, await take());
    for (const name of await endUpgrades(context, found, { judged }, take)) {
      log(context, `the upgrade of ${name} is not finished: ${selfFor(context, `upgrade ${name}`)} continues it`);
    }
    if (failure) throw failure;
    const lab = plan.steps.length === 0 ? found.lab : after ?? await readLab(shell, config, folder);
    await printMachines(context, found, lab);
    printOriginals(context, found, plan.gainsData);
    context.on?.ran?.(found.resolved);
    return judged.some(({ status }) => status === "fail") ? 1 : 0;
  } finally {
    await lock?.release();
  }
}

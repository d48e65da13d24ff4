import { UserError } from "../../errors.mts";
import { makePlan } from "../../plan/plan.mts";
import { hasBox, upgradeRefusal } from "../../plan/upgrade.mts";
import { readLab } from "../../host/lab.mts";
import { acquireLock, type Lock } from "../../run/lock.mts";
import { agreesToLose } from "../agreed-plan.mts";
import { carryOut, type Outcome, writePlan } from "../carry-out.mts";
import { type Context, log, logConfig, selfFor } from "../context.mts";
import { inspect, type Inspection } from "../inspect.mts";
import { closeLab } from "../lab-state.mts";
import { readTexts } from "../plan-texts.mts";
import { printChecks, printFindings } from "../report.mts";
import { applySafeFixes } from "../safe-fixes.mts";
import { sayTo } from "../say.mts";
import { printMachines } from "../seen.mts";
import { endUpgrades, newUpgrades, recordUpgrades, selectUpgrades, upgradeFindings } from "../upgrades.mts";

/**
 * `upgrade [machine…]`: builds a box with the packages of today, creates the VMs from it, and proves
 * them. A VM that is not proven is created from its old box again. The box that no VM needs is removed
 * last. The records in state.json let the next run continue after a kill.
 */
export async function upgrade(context: Context): Promise<number> {
  const { shell, args } = context;
  let found = await inspect(context, undefined, args);
  const { folder, name } = found.loaded;
  await closeLab(context, folder);
  logConfig(context, name);
  const names = selectUpgrades(context, found);

  let lock: Lock | undefined;
  const take = async () => (lock ??= await acquireLock(shell, folder, "upgrade", (line) => log(context, line)));
  try {
    found = await applySafeFixes(context, found, take);
    const findings = upgradeFindings(found, names);
    if (findings.some(({ status }) => status === "fail")) {
      printChecks(context, findings, found.host);
      return 1;
    }
    if (!(await agreesToLose(context, found, existing(found, names), "upgrade"))) return 1;
    // another run may have changed what was read before the lock was held
    await take();
    found = { ...await inspect(context, found.loaded, args), names };
    const { lab, resolved } = found;
    if (resolved.machines.some((one) => names.includes(one.name) && upgradeRefusal(one, lab.machines[one.name]!))) {
      throw new UserError("another run changed the lab meanwhile: run the command again", 1);
    }
    const records = newUpgrades(found, await readTexts(context, found.loaded.config), Date.now());
    found = await recordUpgrades(context, found, records);
    const resumed = names.filter((one) => records[one]!.failed);
    const proofs = Object.fromEntries(
      await Promise.all(names.map(async (one) => [one, await shell.read(`${folder}/verify/${one}.txt`)])),
    );
    const first = await attempt(context, found, take, proofs);
    const unproven = await failedUpgrades(context, found, first);
    const back = unproven.filter((one) => !resumed.includes(one));
    const left = unproven.filter((one) => resumed.includes(one));
    const last = back.length > 0 ? await goBack(context, found, back, take) : first;
    if (last !== first) left.push(...last.left);
    if (last.hasRun) context.on?.ran?.(found.resolved);
    for (const one of left) {
      log(
        context,
        `${one} is not proven with its box from before either: ${selfFor(context, `up ${one}`)} tries again`,
      );
    }
    if (left.length === 0 && (first.isFine || back.length > 0)) {
      await printMachines(context, found, await readLab(shell, found.loaded.config, folder));
    }
    return first.isFine && resumed.length === 0 ? 0 : 1;
  } finally {
    await lock?.release();
  }
}

const existing = ({ lab }: Inspection, names: string[]) =>
  names.filter((name) => ["off", "running"].includes(lab.machines[name]!.state));

interface Attempt extends Outcome {
  /** The machines whose upgrade is not finished. */
  left: string[];
  isFine: boolean;
  /** Whether all its steps succeeded, proven or not. */
  hasRun: boolean;
}

/** Carries the plan of an upgrade out, and ends the upgrades of machines that are proven. */
async function attempt(
  context: Context,
  found: Inspection,
  take: () => Promise<Lock>,
  proofs: Record<string, string | undefined> = {},
): Promise<Attempt> {
  const { resolved, host, lab, names, loaded } = found;
  const texts = await readTexts(context, loaded.config);
  const plan = makePlan(resolved, host, lab, texts, {
    recreate: false,
    upgrade: true,
    pull: context.options.pull,
    names,
  });
  const stops = plan.findings.filter(({ status }) => status === "fail");
  if (stops.length > 0) {
    printFindings(context, stops, host);
    return { judged: stops, left: names, isFine: false, hasRun: false };
  }
  await writePlan(context, found, plan, take);
  const outcome = plan.steps.length === 0 ? { judged: [] } : await carryOut(context, found, plan, await take());
  if (outcome.failure) sayTo(context.shell, outcome.failure.message);
  const left = await endUpgrades(context, found, outcome, take, proofs);
  const hasRun = !outcome.failure;
  return { ...outcome, left, isFine: hasRun && left.length === 0, hasRun };
}

/**
 * The machines that are not proven after an attempt. A machine whose VM was not replaced keeps it, and
 * one that could not be judged keeps both boxes: both are logged and left out.
 */
async function failedUpgrades(context: Context, found: Inspection, { left, judged, failure }: Attempt) {
  if (left.length === 0) return [];
  const lab = await readLab(context.shell, found.loaded.config, found.loaded.folder);
  const failed: string[] = [];
  for (const name of left) {
    const there = lab.machines[name]!;
    const { upgrade, state } = there;
    const fails = judged.some(({ machine, status }) => machine === name && status === "fail");
    if (upgrade && !upgrade.failed && hasBox(there, upgrade.from) && state !== "half-made") {
      await recordUpgrades(context, found, { [name]: undefined });
      log(context, `${name} is not upgraded: it keeps its VM and its box ${there.boxName} ${there.box}`);
    } else if (failure || fails || state !== "running") failed.push(name);
    else {
      log(
        context,
        `not all of ${name} could be checked: its box from before stays until ${selfFor(context, "up")} proves it`,
      );
    }
  }
  return failed;
}

/** Creates VMs from their old boxes again, and proves them. */
async function goBack(
  context: Context,
  found: Inspection,
  names: string[],
  take: () => Promise<Lock>,
): Promise<Attempt> {
  const records = Object.fromEntries(
    names.map((name) => [name, { ...found.lab.machines[name]!.upgrade!, failed: true as const }]),
  );
  for (const name of names) {
    const { from } = records[name]!;
    log(context, `${name} is not proven with its new box: going back to ${from.name} ${from.version}`);
  }
  await recordUpgrades(context, found, records);
  const now = await inspect(context, found.loaded, names);
  return await attempt(context, { ...now, names }, take);
}

/** Unfinished upgrades: which machines can be upgraded, their records in state.json, and what ends them. */
import { runChecks } from "../checks/index.mts";
import { UserError } from "../errors.mts";
import { readLab, validProof } from "../host/lab.mts";
import { readState, type Upgrade, writeState } from "../host/state.mts";
import { boxesOf, boxKey, type Texts } from "../plan/box.mts";
import { boxRemovals, hasBox, spareBoxes, upgradeRefusal } from "../plan/upgrade.mts";
import { versionChanges } from "../verify/version-changes.mts";
import type { Lock } from "../run/lock.mts";
import { runSteps } from "../run/steps.mts";
import type { Outcome } from "./carry-out.mts";
import { type Context, log, reporterOf } from "./context.mts";
import type { Inspection } from "./inspect.mts";

/**
 * The machines of a command line that can be upgraded. Throws {@link UserError} if a machine was named
 * that cannot be, or if none can be; others are logged with the reason.
 */
export function selectUpgrades(context: Context, { names, resolved, lab }: Inspection): string[] {
  const refused = resolved.machines.filter(({ name }) => names.includes(name)).flatMap((machine) => {
    const reason = upgradeRefusal(machine, lab.machines[machine.name]!);
    return reason === undefined ? [] : [{ name: machine.name, line: `${machine.name} cannot be upgraded: ${reason}` }];
  });
  if (refused.length > 0 && (context.args.length > 0 || refused.length === names.length)) {
    throw new UserError(refused.map(({ line }) => line).join("\n"), 1);
  }
  for (const { line } of refused) log(context, line);
  return names.filter((one) => refused.every(({ name }) => name !== one));
}

/**
 * The findings for an upgrade of some machines. `host.disk` counts no box for a VM that runs; an upgrade
 * that begins builds one beside the old box.
 */
export function upgradeFindings({ findings, host, resolved, lab, names: named }: Inspection, names: string[]) {
  const builds = (name: string) => names.includes(name) && lab.machines[name]!.upgrade === undefined;
  const machines = resolved.machines
    .filter(({ name, running }) => running || named.includes(name))
    .map((machine) => (builds(machine.name) ? { ...machine, running: false } : machine));
  const space = runChecks(host, { ...resolved, machines }, ["host.disk"]);
  return [...findings.filter(({ check }) => check !== "host.disk"), ...space];
}

/** Milliseconds after which a box that an interrupted upgrade built is built again. */
const boxAge = 24 * 60 * 60 * 1000;

/** The records of upgrades that begin, or go on. `now`: milliseconds since 1970. */
export function newUpgrades({ names, resolved, host, lab }: Inspection, texts: Texts, now: number) {
  const boxes = boxesOf(resolved, host, lab, texts);
  return Object.fromEntries(
    resolved.machines.filter(({ name }) => names.includes(name)).map((machine): [string, Upgrade] => {
      const { upgrade, box, boxName } = lab.machines[machine.name]!;
      if (upgrade?.failed) return [machine.name, upgrade];
      const to = { name: machine.box, version: boxes.get(boxKey(machine))!.version };
      const from = upgrade?.from ?? { name: boxName!, version: box! };
      const goesOn = upgrade?.to.name === to.name && upgrade.to.version === to.version &&
        (!hasBox(lab.machines[machine.name]!, from) || now - Date.parse(upgrade.at) < boxAge);
      return [machine.name, { from, to, at: goesOn ? upgrade.at : new Date(now).toISOString() }];
    }),
  );
}

/** Saves the records of some machines, and returns the inspection with them; `undefined` deletes a record. */
export async function recordUpgrades(
  { shell }: Context,
  found: Inspection,
  changed: Record<string, Upgrade | undefined>,
): Promise<Inspection> {
  const { folder } = found.loaded;
  const { upgrades = {}, ...state } = await readState(shell, folder);
  const left = Object.entries({ ...upgrades, ...changed }).filter((one): one is [string, Upgrade] => !!one[1]);
  await writeState(shell, folder, { ...state, ...(left.length > 0 ? { upgrades: Object.fromEntries(left) } : {}) });
  const machines = Object.entries(found.lab.machines).map(([name, { upgrade, ...there }]) => {
    const now = Object.hasOwn(changed, name) ? changed[name] : upgrade;
    return [name, { ...there, ...(now ? { upgrade: now } : {}) }];
  });
  return { ...found, lab: { ...found.lab, machines: Object.fromEntries(machines) } };
}

/**
 * Ends the unfinished upgrade of each proven machine: the machine keeps the box that its VM has, and
 * the other one is removed. `proofs`: the output of each VM's last verification before the upgrade.
 * Returns the machines whose upgrade stays unfinished.
 */
export async function endUpgrades(
  context: Context,
  found: Inspection,
  { judged }: Outcome,
  take: () => Promise<Lock>,
  proofs: Record<string, string | undefined> = {},
): Promise<string[]> {
  const { loaded: { config, folder }, resolved } = found;
  const begun = found.names.filter((name) => found.lab.machines[name]!.upgrade !== undefined);
  if (begun.length === 0) return [];
  const lab = await readLab(context.shell, config, folder);
  const left: string[] = [];
  for (const name of begun) {
    const there = lab.machines[name]!;
    const { upgrade } = there;
    const isProven = validProof(there) !== undefined &&
      judged.every(({ machine, status }) => machine !== name || status !== "fail");
    if (!isProven || !upgrade) {
      left.push(name);
      continue;
    }
    const spare = spareBoxes(upgrade, there, lab);
    const { provider } = resolved.machines.find((machine) => machine.name === name)!;
    const steps = boxRemovals(spare, provider);
    if (steps.length > 0) await runSteps(reporterOf(context), folder, steps, await take());
    await recordUpgrades(context, found, { [name]: undefined });
    const box = `${there.boxName} ${there.box}`;
    const changes = versionChanges(proofs[name], await context.shell.read(`${folder}/verify/${name}.txt`));
    log(
      context,
      hasBox(there, upgrade.from)
        ? `${name} is not upgraded: it has its box from before, ${box}, and is proven`
        : `${name} is upgraded and proven: its box is ${[box, ...changes].join(", ")}`,
    );
  }
  return left;
}

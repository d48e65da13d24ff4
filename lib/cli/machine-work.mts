/** What down and destroy share: which machines, the question, the lock, the steps. */
import type { Step } from "../plan/types.mts";
import { type Lab, type LabMachine, readLab, requireLibvirtAnswer } from "../host/lab.mts";
import { acquireLock } from "../run/lock.mts";
import { formatPlan } from "./print.mts";
import { confirmed } from "./confirm.mts";
import { runSteps } from "../run/steps.mts";
import { type Context, log, logConfig, reporterOf, styleFor } from "./context.mts";
import { writeScripts } from "./step-scripts.mts";
import { logUnreadState } from "./lab-state.mts";
import { refuseHosts, selectNames } from "./select-machines.mts";
import type { LoadedConfig } from "./load-config.mts";

/** The existing ones of these machines, and the machines that the config no longer has. */
export function machinesOf({ machines, orphans }: Lab, names: string[]): [string, LabMachine][] {
  return Object.entries({ ...machines, ...orphans }).filter(([name]) => names.includes(name));
}

/** What a command does to machines. */
interface Work {
  /** Printed if there is nothing to do. */
  nothing: string;
  /** The machines that it applies to, of these. */
  choose(machines: [string, LabMachine][]): string[];
  steps(names: string[], lab: Lab): Step[] | Promise<Step[]>;
  /** The question before it begins; without one, it removes nothing. */
  question?(names: string[], lab: Lab): string;
  /** The command and its machines, as part of a sentence. */
  action(names: string[]): string;
  before?(): Promise<void>;
}

/**
 * Runs the steps of a command. The machines are chosen before it asks; their state is read again
 * once the lock is held, since another run may have changed it.
 */
export async function runWork(
  context: Context,
  source: LoadedConfig,
  command: string,
  work: Work,
): Promise<{ code: number; names: string[]; ran: boolean }> {
  const { shell, options, args } = context;
  const { config, folder } = source;
  const looked = async () => {
    const lab = await readLab(shell, config, folder);
    logUnreadState(context, lab);
    requireLibvirtAnswer(lab);
    return lab;
  };
  logConfig(context, source.name);
  if (!options.dryRun && await shell.read(`${folder}/lock`) !== undefined) {
    // a killed run may have left a step that still creates a VM: who takes the lock ends it
    await (await acquireLock(shell, folder, command, (line) => log(context, line))).release();
  }
  const lab = await looked();
  const known = Object.keys({ ...lab.machines, ...lab.orphans });
  refuseHosts(config, args.filter((word) => !known.includes(word)));
  const names = work.choose(machinesOf(lab, selectNames(args, known)));
  const steps = await work.steps(names, lab);
  if (steps.length === 0) {
    log(context, work.nothing);
    return { code: 0, names, ran: false };
  }
  if (options.dryRun) {
    shell.stdout(`${formatPlan(folder, [], steps, styleFor(context, "out")).join("\n")}\n`);
    return { code: 0, names, ran: false };
  }
  if (work.question && !(await confirmed(context, work.question(names, lab), work.action(names)))) {
    log(context, "nothing was removed");
    return { code: 1, names, ran: false };
  }
  const lock = await acquireLock(shell, folder, command, (line) => log(context, line));
  try {
    const now = await looked();
    const left = await work.steps(work.choose(machinesOf(now, names)), now);
    await work.before?.();
    await writeScripts(shell, folder, left);
    await runSteps(reporterOf(context), folder, left, lock);
  } finally {
    await lock.release();
  }
  return { code: 0, names, ran: true };
}

/** Runs a plan: writes its files, and runs, shows and logs its steps. */
import type { File, FileChange, Step } from "../plan/types.mts";
import type { Shell } from "../shell.mts";
import { Interrupted, UserError } from "../errors.mts";
import { majorCount, majorNumber, type ScheduledStep, scheduleOf } from "../plan/stages.mts";
import { Lines } from "../lines.mts";
import { forgetFailed, programOf, rememberFailed } from "./failed.mts";
import { type Durations, readDurations, saveDurations } from "./durations.mts";
import { changingLine, passedOn } from "./progress.mts";
import type { Lock } from "./lock.mts";
import { commandLine } from "../plan/command-line.mts";
import { formatDuration } from "../text.mts";

/** The target of a run's messages, and how it shows steps. */
export interface Reporter {
  shell: Shell;
  options: { quiet: boolean; verbose: boolean };
  /** Whether a step is shown as one line that changes, on a terminal whose lines can be rewritten. */
  folds?: boolean;
  /** Prints a line about the run itself. */
  log(text: string): void;
  /**
   * Explains the log of a failed step of that program, as text that follows the error; empty if
   * nothing is known.
   */
  explain(log: string, program: string): Promise<string>;
  /** Called before the steps in running VMs that end with a proof, with the names of their machines. */
  beforeProof?(machines: string[]): Promise<void>;
  /** Called before the program of a step is started. */
  begins?(step: Step): void;
  /** Runs a command on the host of the Swarm's manager; gives what went wrong there, if anything did. */
  askManager?(command: string[], input: string): Promise<string | undefined>;
}

/** The changes that writing these files would make. */
export async function diffFiles(shell: Shell, folder: string, files: File[]): Promise<FileChange[]> {
  return await Promise.all(files.map(async ({ path, text, secret }) => {
    const before = await shell.read(`${folder}/${path}`);
    const change = before === undefined ? "create" : before === text ? "same" : "update";
    return { path, change, before: before ?? "", text, ...(secret ? { secret } : {}) };
  }));
}

/** Writes the files that differ, each atomically. */
export async function writeFiles(shell: Shell, folder: string, files: File[], changes: FileChange[]): Promise<void> {
  const differing = new Set(changes.filter(({ change }) => change !== "same").map(({ path }) => path));
  for (const { path, text, mode } of files) if (differing.has(path)) await shell.write(`${folder}/${path}`, text, mode);
}

/**
 * Runs steps in the lab's folder, stage by stage, and shows and logs each with its title, output
 * and time. A failed step ends its queue. Other queues run to their ends, so that no long work is
 * lost; then it throws {@link UserError}. A step that verifies a machine may fail: its findings
 * give the details.
 */
export async function runSteps(reporter: Reporter, folder: string, steps: Step[], lock: Lock): Promise<void> {
  // the proof of an earlier run does not count
  for (const { proves, output } of steps) if (proves && output) await reporter.shell.remove(`${folder}/${output}`);
  const took: Durations = {};
  // shown only on a terminal
  const usual = reporter.folds ? await readDurations(reporter.shell, folder) : {};
  for (const queues of scheduleOf(steps)) {
    const machines = queues.flat().flatMap(({ step }) => step.proves ?? []);
    if (machines.length > 0) await reporter.beforeProof?.(machines);
    const run = { folder, lock, steps, alone: queues.length === 1, took, usual };
    const ended = await Promise.allSettled(queues.map(async (queue) => {
      for (const scheduled of queue) await runStep(reporter, scheduled, run);
    }));
    const failed = ended.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
    if (Object.keys(took).length > 0) await saveDurations(reporter.shell, folder, took);
    const first = failed.find((error) => !(error instanceof UserError)) ?? failed[0];
    if (first instanceof UserError) throw new UserError(failed.map(({ message }) => message).join("\n"), 1);
    if (first) throw first;
  }
  await forgetFailed(reporter.shell, folder);
}

/** The state of a run that a step is part of. */
interface Run {
  folder: string;
  lock: Lock;
  /** All steps. */
  steps: Step[];
  /** Whether no other step runs at the same time. */
  alone: boolean;
  /** The durations of finished steps. */
  took: Durations;
  /** The durations of steps when they last succeeded. */
  usual: Durations;
}

/** The number of bytes at the end of a log that are searched for a cause. */
const logEnd = 4 * 1024 * 1024;

async function runStep(
  reporter: Reporter,
  { step, at }: ScheduledStep,
  { folder, lock, steps, alone, took, usual }: Run,
): Promise<void> {
  const { shell, options } = reporter;
  if (shell.interrupted) throw new Interrupted();
  const logPath = `${folder}/logs/${String(at + 1).padStart(2, "0")}-${
    step.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60)
  }.log`;
  const folds = reporter.folds && !options.verbose && !options.quiet;
  const number = folds ? `${majorNumber(steps, at)}/${majorCount(steps)}` : `${at + 1}/${steps.length}`;
  const folded = folds && alone && !step.terminal;
  const isQuiet = folded || folds && step.minor;
  if (!isQuiet) reporter.log(`${number} ${step.title}`);
  if (options.verbose) reporter.log(`$ ${commandLine(step)}`);
  if (step.managerHost !== undefined) {
    const input = (step.input && await shell.read(`${folder}/${step.input}`)) ?? "";
    const trouble = await reporter.askManager?.(step.command, input);
    if (trouble !== undefined) reporter.log(`${number} not done: ${trouble}; the next up does it`);
    return;
  }
  // lines of steps in parallel are prefixed with their queue
  const lines = alone ? undefined : new Lines((line) => shell.stderr(`${step.queue} | ${line}\n`));
  const show = (text: string) => (lines ? lines.add(text) : shell.stderr(text));
  const now = () => performance.now();
  const about = {
    number,
    title: step.title,
    lastTime: Object.hasOwn(usual, step.title) ? usual[step.title] : undefined,
    minor: step.minor === true,
  };
  // between the lines of other runs on a terminal, the output of programs would hide what happens
  const isCrowded = shell.terminal.shared && shell.terminal.err && !options.verbose;
  const hidden = options.quiet || isCrowded || (step.output !== undefined && !step.proves);
  const progress = folded
    ? changingLine(shell, about, now)
    : passedOn(about, hidden ? undefined : show, (text) => reporter.log(text), now);
  const start = now();
  reporter.begins?.(step);
  let running: number | undefined;
  let done = false;
  const { code, tail, unlogged } = await shell.run(step.command, {
    cwd: step.cwd ? `${folder}/${step.cwd}` : folder,
    log: logPath,
    started: (group) => lock.step(running = group),
    ...(step.env ? { env: step.env } : {}),
    ...(step.input ? { input: `${folder}/${step.input}` } : {}),
    ...(step.output ? { output: `${folder}/${step.output}` } : {}),
    ...(step.terminal ? { terminal: true } : {}),
    ...(step.here ? { here: true } : {}),
    ...(hidden && !folded ? {} : { show: (text: string) => progress.add(text) }),
  }).then((result) => {
    done = result.code === 0;
    return result;
  }).finally(() => progress.end(done));
  lines?.end();
  if (running !== undefined) lock.ended(running);
  const ms = now() - start;
  const time = formatDuration(ms);
  if (code !== 0 && !step.proves) {
    if (!alone) {
      reporter.log(`${number} ${isQuiet ? `${step.title} ` : ""}failed after ${time}; the other steps continue`);
    }
    const excerpt = hidden || step.output || folded ? `\n${tail.map((line) => `  ${line}`).join("\n")}` : "";
    const failed = `${step.title}: failed with code ${code ?? "none (killed)"} after ${time}`;
    if (unlogged) throw new UserError(failed, 1);
    await rememberFailed(shell, folder, step, logPath).catch(() => {});
    const why = await reporter.explain(
      (await shell.readTail(logPath, logEnd))?.text ?? tail.join("\n"),
      programOf(step),
    );
    throw new UserError(`${failed}${excerpt}\n  the whole log: ${logPath}${why}`, 1);
  }
  for (const path of step.removes ?? []) await shell.remove(`${folder}/${path}`);
  took[step.title] = Math.round(ms);
  if (!isQuiet) reporter.log(`${number} done in ${time}`);
}

/** Runs what a plan says: writes its files, runs its steps, shows and logs them. */
import type { File, Step } from "../plan/types.mts";
import { Interrupted, Trouble } from "../errors.mts";
import { type Placed, stagesOf } from "../plan/stages.mts";
import { forgetFailed, programOf, rememberFailed } from "./failed.mts";
import { Lines } from "./lines.mts";
import type { Lock } from "./lock.mts";
import { type Change, commandLine, oneFinding } from "../cli/print.mts";
import type { Session } from "../cli/context.mts";
import { lookOf, talk } from "../cli/context.mts";
import { duration } from "../text.mts";

/** What writing these files would change. */
export async function changesOf({ shell }: Session, folder: string, files: File[]): Promise<Change[]> {
  return await Promise.all(files.map(async ({ path, text }) => {
    const before = await shell.read(`${folder}/${path}`);
    const change = before === undefined ? "create" : before === text ? "same" : "update";
    return { path, change, before: before ?? "", text };
  }));
}

/** Writes the files that differ; none is ever half written. */
export async function writeFiles({ shell }: Session, folder: string, files: File[], changes: Change[]): Promise<void> {
  const differing = new Set(changes.filter(({ change }) => change !== "same").map(({ path }) => path));
  for (const { path, text, mode } of files) if (differing.has(path)) await shell.write(`${folder}/${path}`, text, mode);
}

/**
 * Runs steps in the lab's folder, stage by stage, each with its title, its own words as they come, its time, its log.
 *
 * A step that fails ends its lane; those beside it go on to their ends, so that nothing is lost that took long. Then {@link Trouble} is thrown. A step
 * that proves something may fail, since its findings say more.
 */
export async function runSteps(session: Session, folder: string, steps: Step[], lock: Lock): Promise<void> {
  // what an earlier run proved is no proof of this one
  for (const { proves, output } of steps) if (proves && output) await session.shell.remove(`${folder}/${output}`);
  for (const lanes of stagesOf(steps)) {
    const run = { folder, lock, of: steps.length, alone: lanes.length === 1 };
    const ended = await Promise.allSettled(lanes.map(async (lane) => {
      for (const placed of lane) await runStep(session, placed, run);
    }));
    const failed = ended.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
    const first = failed.find((error) => !(error instanceof Trouble)) ?? failed[0];
    if (first instanceof Trouble) throw new Trouble(failed.map(({ message }) => message).join("\n"), 1);
    if (first) throw first;
  }
  await forgetFailed(session.shell, folder);
}

/** What a step is a part of. */
interface Run {
  folder: string;
  lock: Lock;
  /** Steps in all. */
  of: number;
  /** Nothing runs beside it. */
  alone: boolean;
}

async function runStep(session: Session, { step, at }: Placed, { folder, lock, of, alone }: Run): Promise<void> {
  const { shell, options } = session;
  if (shell.interrupted) throw new Interrupted();
  const log = `${folder}/logs/${String(at + 1).padStart(2, "0")}-${
    step.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60)
  }.log`;
  const number = `${at + 1}/${of}`;
  talk(session, `${number} ${step.title}`);
  if (options.verbose) talk(session, `$ ${commandLine(step)}`);
  // beside others its lines say whose they are
  const lines = alone ? undefined : new Lines((line) => shell.say(`${step.lane} | ${line}\n`));
  const start = performance.now();
  let running: number | undefined;
  const { code, tail } = await shell.run(step.command, {
    cwd: step.cwd ? `${folder}/${step.cwd}` : folder,
    log,
    started: (group) => lock.step(running = group),
    ...(step.env ? { env: step.env } : {}),
    ...(step.input ? { input: `${folder}/${step.input}` } : {}),
    ...(step.output ? { output: `${folder}/${step.output}` } : {}),
    ...(step.terminal ? { terminal: true } : {}),
    ...(options.quiet || step.output ? {} : { show: (text: string) => (lines ? lines.add(text) : shell.say(text)) }),
  });
  lines?.end();
  if (running !== undefined) lock.ended(running);
  const time = duration(performance.now() - start);
  if (code !== 0 && !step.proves) {
    if (!alone) talk(session, `${number} failed after ${time}; what runs beside it goes on`);
    const said = options.quiet || step.output ? `\n${tail.map((line) => `  ${line}`).join("\n")}` : "";
    await rememberFailed(shell, folder, step, log).catch(() => {});
    const why = await causesIn(session, (await shell.tail(log, logLimit))?.text ?? tail.join("\n"), programOf(step));
    throw new Trouble(
      `${step.title}: failed with code ${code ?? "none (killed)"} after ${time}${said}\n  the whole log: ${log}${why}`,
      1,
    );
  }
  for (const path of step.removes ?? []) await shell.remove(`${folder}/${path}`);
  talk(session, `${number} done in ${time}`);
}

/** Bytes of a failed step's log that are read for its cause: its end. */
const logLimit = 16 * 2 ** 20;

/** What a failed step's log is known to mean: the likely cause and what follows from it, at most three. */
async function causesIn(session: Session, log: string, program: string): Promise<string> {
  const { asFinding, likelyCauses } = await import("../verify/failures/index.mts");
  const findings = likelyCauses(log, { program }).slice(0, 3).map(asFinding);
  const look = lookOf(session, "err");
  if (findings.length === 0) return "";
  return `\nThe likely cause:\n${findings.flatMap((finding) => oneFinding(finding, look)).join("\n")}`;
}

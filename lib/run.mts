/** Runs what a plan says: writes its files, runs its steps, shows and logs them. */
import type { File, Step } from "./types/plan.mts";
import { Trouble } from "./errors.mts";
import type { Lock } from "./lock.mts";
import { type Change, commandLine, oneFinding } from "./print.mts";
import type { Session } from "./session.mts";
import { lookOf, talk } from "./session.mts";
import { duration } from "./text.mts";

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
 * Runs steps one after the other in the lab's folder, each with its title, its own words as they come, its time, its log.
 *
 * Throws {@link Trouble} at the first that fails; a step that proves something may fail, since its findings say more.
 */
export async function runSteps(session: Session, folder: string, steps: Step[], lock: Lock): Promise<void> {
  const { shell, options } = session;
  for (const [i, step] of steps.entries()) {
    const log = `${folder}/logs/${String(i + 1).padStart(2, "0")}-${
      step.title.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60)
    }.log`;
    talk(session, `${i + 1}/${steps.length} ${step.title}`);
    if (options.verbose) talk(session, `$ ${commandLine(step)}`);
    const start = performance.now();
    const { code, tail } = await shell.run(step.command, {
      cwd: step.cwd ? `${folder}/${step.cwd}` : folder,
      log,
      started: (group) => lock.step(group),
      ...(step.env ? { env: step.env } : {}),
      ...(step.input ? { input: `${folder}/${step.input}` } : {}),
      ...(step.output ? { output: `${folder}/${step.output}` } : {}),
      ...(step.terminal ? { terminal: true } : {}),
      ...(options.quiet || step.output ? {} : { show: (text: string) => shell.say(text) }),
    });
    const time = duration(performance.now() - start);
    if (code !== 0 && !step.proves) {
      const said = options.quiet || step.output ? `\n${tail.map((line) => `  ${line}`).join("\n")}` : "";
      const why = await causesIn(session, (await shell.read(log)) ?? tail.join("\n"));
      throw new Trouble(
        `${step.title}: failed with code ${
          code ?? "none (killed)"
        } after ${time}${said}\n  the whole log: ${log}${why}`,
        1,
      );
    }
    for (const path of step.removes ?? []) await shell.remove(`${folder}/${path}`);
    talk(session, `${i + 1}/${steps.length} done in ${time}`);
  }
}

/** What a failed step's log is known to mean: the likely cause and what follows from it, at most three. */
async function causesIn(session: Session, log: string): Promise<string> {
  const { asFinding, likelyCauses } = await import("./failures.mts");
  const findings = likelyCauses(log).slice(0, 3).map(asFinding);
  const look = lookOf(session, "err");
  if (findings.length === 0) return "";
  return `\nThe likely cause:\n${findings.flatMap((finding) => oneFinding(finding, look)).join("\n")}`;
}

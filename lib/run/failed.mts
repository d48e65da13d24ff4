/** The step that failed last, recorded in the lab's folder for `explain`. */
import type { Shell } from "../shell.mts";
import type { Step } from "../plan/types.mts";

/** A failed step: its title, the file with its log, and the name of its program. */
export interface FailedStep {
  title: string;
  log: string;
  program: string;
}

const fileOf = (folder: string) => `${folder}/logs/failed.json`;

/** The name of the program that a step runs. */
export const programOf = ({ command }: Step): string => command[0]?.split(/[\\/]/).at(-1) ?? "";

/** Records a failed step. */
export async function rememberFailed(shell: Shell, folder: string, step: Step, log: string): Promise<void> {
  const failed: FailedStep = { title: step.title, log, program: programOf(step) };
  await shell.write(fileOf(folder), `${JSON.stringify(failed)}\n`);
}

/** Deletes the record, before steps run again. */
export const forgetFailed = (shell: Shell, folder: string): Promise<void> => shell.remove(fileOf(folder));

/** The step that failed in the last run; undefined if none did. */
export async function failedStep(shell: Shell, folder: string): Promise<FailedStep | undefined> {
  try {
    const { title, log, program } = JSON.parse(await shell.read(fileOf(folder)) ?? "null") ?? {};
    const all = [title, log, program].every((text) => typeof text === "string");
    return all ? { title, log, program } : undefined;
  } catch {
    return undefined;
  }
}

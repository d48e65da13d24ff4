/** The durations of steps when they last succeeded, stored with the logs. */
import type { Shell } from "../shell.mts";

/** Milliseconds by the title of a step. */
export type Durations = Record<string, number>;

const fileIn = (folder: string) => `${folder}/logs/durations.json`;

/** The durations of earlier runs; empty if there is no readable file. `folder` is the lab's. */
export async function readDurations(shell: Shell, folder: string): Promise<Durations> {
  try {
    const read: unknown = JSON.parse((await shell.read(fileIn(folder))) ?? "{}");
    const valid = Object.entries(read ?? {}).filter(([, ms]) => typeof ms === "number" && ms >= 0);
    return Object.fromEntries(valid) as Durations;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** Saves the durations, and keeps those of other steps. */
export async function saveDurations(shell: Shell, folder: string, durations: Durations): Promise<void> {
  const all = { ...(await readDurations(shell, folder)), ...durations };
  await shell.write(fileIn(folder), `${JSON.stringify(all, null, 2)}\n`);
}

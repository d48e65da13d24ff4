import { asset, names } from "../plan/assets.mts";
import type { Step } from "../plan/types.mts";
import type { Shell } from "../shell.mts";

/**
 * Writes the scripts that steps run or send to a machine into the lab's folder. It lacks them if a user has removed
 * it, or if an older release made it.
 */
export async function writeScripts(shell: Shell, folder: string, steps: Step[]): Promise<void> {
  const words = new Set(steps.flatMap(({ command, input }) => [...command, input]));
  for (const name of names) {
    const path = name.replace(/^templates\//, "");
    if (words.has(path)) await shell.write(`${folder}/${path}`, await asset(shell, name));
  }
}

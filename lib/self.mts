import process from "node:process";

/** What this program is called in the lines that people copy, and its version. */

/** The version, as in package.json. */
export const version = "0.1.0";

/**
 * The command line that starts a command of this program: `up --recreate` → `npx zx homelab-gpu.mts
 * up --recreate`. A program that starts this one says in `HOMELAB_GPU_COMMAND` how it was typed.
 */
export function self(command: string): string {
  return `${process.env.HOMELAB_GPU_COMMAND || "npx zx homelab-gpu.mts"} ${command}`;
}

import process from "node:process";

/** The version of this program, and its name in commands for users. */

/** The version, as in package.json. */
export const version = "0.1.0";

/**
 * The command line for a command of this program: `up --recreate` → `npx zx homelab-gpu.mts up
 * --recreate`. A program that starts this one sets `HOMELAB_GPU_COMMAND` to the command that the
 * user typed.
 */
export function self(command: string): string {
  return `${process.env.HOMELAB_GPU_COMMAND || "npx zx homelab-gpu.mts"} ${command}`;
}

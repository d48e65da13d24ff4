/** What this program is called in the lines that people copy, and its version. */

/** The version, as in package.json. */
export const version = "0.1.0";

/** The command line that starts a command of this program: `up --recreate` → `npx zx homelab-gpu.mts up --recreate`. */
export function self(command: string): string {
  return `npx zx homelab-gpu.mts ${command}`;
}

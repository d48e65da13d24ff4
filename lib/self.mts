/** How this program is started, in the lines that people copy. */

/** The command line that starts a command of this program: `up --recreate` → `npx zx homelab-gpu.mts up --recreate`. */
export function self(command: string): string {
  return `npx zx homelab-gpu.mts ${command}`;
}

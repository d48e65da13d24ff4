/** How programs are started: without a shell in between, in process groups of their own. */
import { spawn } from "node:child_process";
import process from "node:process";
import type { ProcessPromise } from "zx/core";

/** Children lead process groups of their own, so that all of a step can be ended at once. */
export const quietly = { nothrow: true, quiet: true, detached: process.platform !== "win32" };

/** Names that change what a shell or zx does with a script, whoever set them (bash(1), zx's configuration). */
const foreignSettings = /^(CDPATH|BASH_ENV|SHELLOPTS|BASHOPTS|PS4|GREP_OPTIONS|NODE_OPTIONS|ZX_.*|BASH_FUNC_.*)$/;

/** Keeps settings of the user's shell from the programs that are started, and makes nothing that others may write to. */
export function takeOverEnvironment(): void {
  for (const name of Object.keys(process.env)) if (foreignSettings.test(name)) delete process.env[name];
  // HashiCorp's programs ask for news of their versions, and say who asks
  process.env.CHECKPOINT_DISABLE = "1";
  process.env.VAGRANT_CHECKPOINT_DISABLE = "1";
  if (process.platform !== "win32") process.umask(process.umask() | 0o022);
}

/** Starts a program. What it does not want to read of its input is its own affair. */
export function start($: typeof import("zx/core").$, settings: object): ProcessPromise {
  const child = $(settings as Parameters<typeof $>[0] & object)`direct` as unknown as ProcessPromise;
  child.child?.stdin?.on("error", () => {});
  return child;
}

/** Lets go of a program that cannot be ended, so that this process can end. */
export function abandon({ child }: ProcessPromise): void {
  for (const stream of child?.stdio ?? []) stream?.destroy();
  child?.unref();
}

/** What a shell says of a program that is not there: where none stands in between, it is said for it. */
export const notFound = 127;

/** Lets zx start a program itself, whatever stands in its template; without an input it gets none. */
export function directly(command: string[], alone: boolean) {
  const [program = "", ...words] = command;
  return {
    shell: true as const,
    prefix: "",
    postfix: "",
    quote: String,
    ...(alone ? { stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] } : {}),
    spawn:
      ((_program: string, _words: string[], options: object) =>
        spawn(program, words, { ...options, shell: false })) as typeof spawn,
  };
}

/** The folder and the environment for a program: those of this process where none are given. */
export function placed(cwd?: string, env?: Record<string, string>): { cwd?: string; env?: NodeJS.ProcessEnv } {
  return { ...(cwd ? { cwd } : {}), ...(env ? { env: { ...process.env, ...env } } : {}) };
}

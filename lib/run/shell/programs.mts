/** Starts programs directly, in process groups of their own. */
import { spawn, type SpawnOptions, type StdioOptions } from "node:child_process";
import process from "node:process";
import type { Writable } from "node:stream";
import type { ProcessPromise } from "zx/core";

/** Children are leaders of process groups, so that a whole step can be ended at once. */
export const quietly = { nothrow: true, quiet: true, detached: process.platform !== "win32" };

/** Variables that change how a shell or zx runs a script, whoever set them (bash(1), zx's configuration). */
const foreignSettings = /^(CDPATH|BASH_ENV|SHELLOPTS|BASHOPTS|PS4|GREP_OPTIONS|NODE_OPTIONS|ZX_.*|BASH_FUNC_.*)$/;

/**
 * Removes settings of the user's shell that would affect started programs, and makes new files
 * private to this user.
 */
export function takeOverEnvironment(): void {
  for (const name of Object.keys(process.env)) if (foreignSettings.test(name)) delete process.env[name];
  // without it, HashiCorp's programs report to their vendor when they check for new versions
  process.env.CHECKPOINT_DISABLE = "1";
  process.env.VAGRANT_CHECKPOINT_DISABLE = "1";
  if (process.platform !== "win32") process.umask(process.umask() | 0o022);
}

/** Starts a program. It may close its input early. */
export function start($: typeof import("zx/core").$, settings: object): ProcessPromise {
  const child = $(settings as Parameters<typeof $>[0] & object)`direct` as unknown as ProcessPromise;
  child.child?.stdin?.on("error", () => {});
  return child;
}

/** Detaches from a program that cannot be ended, so that this process can exit. */
export function abandon({ child }: Pick<ProcessPromise, "child">): void {
  for (const stream of child?.stdio ?? []) stream?.destroy();
  child?.unref();
}

/** A shell's exit code for a missing program; also used where no shell starts the program. */
export const notFound = 127;

/** Waits for a line, then becomes the program; ends if the run exits before it writes the line. */
const untilLetGo = 'IFS= read -r line <&3 && exec 3<&- && exec "$@"';

/** Whether a program can be held before it starts: the shell that holds it does not exist on Windows. */
export const canHold = process.platform !== "win32";

/** Lets a held program start. */
export function letGo({ child }: ProcessPromise): void {
  const stream = child?.stdio[3] as Writable | null | undefined;
  stream?.on("error", () => {});
  stream?.end("\n");
}

/**
 * Makes zx start the program directly. Without an input, its standard input is empty. A `held`
 * program does nothing until {@link letGo}.
 */
export function directly(command: string[], alone: boolean, held = false) {
  const [program = "", ...words] = held ? ["sh", "-c", untilLetGo, "homelab-gpu", ...command] : command;
  const stdio: StdioOptions = [alone ? "ignore" : "pipe", "pipe", "pipe", ...(held ? ["pipe" as const] : [])];
  return {
    shell: true as const,
    prefix: "",
    postfix: "",
    quote: String,
    ...(alone ? { stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] } : {}),
    spawn:
      ((_program: string, _words: string[], options: SpawnOptions) =>
        spawn(program, words, { ...options, ...(held ? { stdio } : {}), shell: false })) as typeof spawn,
  };
}

/** The folder and environment of a program: by default those of this process. */
export function placed(cwd?: string, env?: Record<string, string>): { cwd?: string; env?: NodeJS.ProcessEnv } {
  return { ...(cwd ? { cwd } : {}), ...(env ? { env: { ...process.env, ...env } } : {}) };
}

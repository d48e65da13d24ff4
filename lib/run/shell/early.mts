/**
 * Programs that start before most of the code is loaded. The one file has this module twice, in its
 * start and in its program, so what was started is kept in the global object.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, lstatSync, readdirSync } from "node:fs";
import process from "node:process";
import { takeOverEnvironment } from "./programs.mts";

/** How a program ended, as zx reports it. */
interface Ended {
  ok: boolean;
  /** Null if a signal ended it, or if it could not be started. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** A program that was started early; `pid` is undefined if it could not be started. */
export interface EarlyProgram {
  pid: number | undefined;
  child: ChildProcess;
  ended: Promise<Ended>;
}

const place = Symbol.for("homelab-gpu: programs that were started early");
const holder = globalThis as { [place]?: Map<string, EarlyProgram> };
const keyOf = (command: string[], folder: string) => JSON.stringify([folder, ...command]);

/**
 * Starts a program in a folder. It waits for its input, and ends with this process if nobody takes it.
 * Its output is kept from the start.
 */
export function startEarly([program = "", ...words]: string[], folder: string): void {
  takeOverEnvironment();
  const child = spawn(program, words, { cwd: folder, stdio: "pipe", detached: true });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", () => {});
  const ended = new Promise<Ended>((resolve) => {
    const end = (code: number | null) => {
      const [stdout, stderr] = [out, err].map((all) => Buffer.concat(all).toString()) as [string, string];
      resolve({ ok: code === 0, exitCode: code, stdout, stderr });
    };
    child.on("error", () => end(null)).on("close", end);
  });
  waitFor(child, false);
  if (!holder[place]) process.on("exit", endUntaken);
  (holder[place] ??= new Map()).set(keyOf([program, ...words], folder), { pid: child.pid, child, ended });
}

/** Whether this process waits for a program before it exits. */
function waitFor(child: ChildProcess, waits: boolean): void {
  // Deno cannot do it for a program that could not be started
  if (!child.pid) return;
  const verb = waits ? "ref" : "unref";
  child[verb]();
  for (const stream of child.stdio) (stream as { ref?(): void; unref?(): void } | null)?.[verb]?.();
}

function endUntaken(): void {
  for (const { pid } of holder[place]?.values() ?? []) {
    try {
      if (pid) process.kill(-pid, "SIGTERM");
    } catch {
      // it has ended
    }
  }
}

/** The program that was started early with this command in this folder, once; it gets its input now. */
export function takeEarly(command: string[], folder: string | undefined, input: string): EarlyProgram | undefined {
  const key = keyOf(command, folder ?? process.cwd());
  const early = holder[place]?.get(key);
  if (!early) return undefined;
  holder[place]!.delete(key);
  waitFor(early.child, true);
  early.child.stdin!.end(input);
  return early;
}

/** The first of these files that exists. */
export const firstThere = (paths: string[]): string | undefined => paths.find((path) => existsSync(path));

/**
 * The files in a folder inside of `outer`. None unless both folders and the files are this user's own, only
 * this user can enter `outer`, and no other one can write to the rest. Not on Windows, which has no such
 * modes.
 */
export function ownFiles(outer: string, inner: string): string[] {
  const id = process.getuid?.();
  const isOwn = (path: string, open: number) => {
    const { uid, mode } = lstatSync(path);
    return uid === id && (mode & open) === 0;
  };
  try {
    const folder = `${outer}/${inner}`;
    if (id === undefined || !isOwn(outer, 0o077) || !isOwn(folder, 0o022)) return [];
    return readdirSync(folder).filter((name) =>
      lstatSync(`${folder}/${name}`).isFile() && isOwn(`${folder}/${name}`, 0o022)
    );
  } catch {
    return [];
  }
}

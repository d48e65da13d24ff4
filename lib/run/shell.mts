/**
 * The real {@link Shell}: the only code, with its parts in shell/, that uses files, processes and
 * streams. Tests use a fake.
 */
import { Buffer } from "node:buffer";
import { createWriteStream } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import process from "node:process";
import type { ProcessPromise } from "zx/core";
import { Interrupted } from "../errors.mts";
import { Lines } from "../lines.mts";
import type { CaptureOptions, RunOptions, Shell } from "../shell.mts";
import { Screen, withoutPasswords } from "../urls.mts";
import { takeEarly } from "./shell/early.mts";
import { files, folderOf } from "./shell/files.mts";
import { askOnInput, isTerminal, sizeOf, write } from "./shell/output.mts";
import {
  abandon,
  canHold,
  directly,
  letGo,
  notFound,
  placed,
  quietly,
  start,
  takeOverEnvironment,
} from "./shell/programs.mts";
import { attempt, refused } from "./shell/reasons.mts";

/** The shell of this machine. Programs are started directly, so arguments need no quoting. */
export function realShell(): Shell {
  takeOverEnvironment();
  const groups = new Set<number>();
  const captured = new Set<() => void>();
  const shell = { interrupted: false };
  // a question ends when the user asks to stop
  let asking: (() => void) | undefined;
  // Windows has no process groups, which have negative ids
  const kill = (id: number, signal: NodeJS.Signals | 0) => {
    try {
      return process.kill(process.platform === "win32" ? Math.abs(id) : id, signal);
    } catch {
      return false;
    }
  };
  // children have process groups of their own, so the terminal's Ctrl-C reaches them only from
  // here; a second Ctrl-C kills them
  const stop = (signal: NodeJS.Signals) => {
    for (const group of groups) kill(-group, shell.interrupted ? "SIGKILL" : signal);
    if (groups.size === 0 && shell.interrupted) process.exit(130);
    shell.interrupted = true;
    asking?.();
  };
  let listening = false;
  const listen = () => {
    if (!listening) {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(signal));
    }
    listening = true;
  };
  const watched = (child: Pick<ProcessPromise, "pid" | "child">) => {
    listen();
    const group = child.pid;
    if (!group) return () => {};
    groups.add(group);
    // what a stopped step left running in its process group is stopped too
    child.child?.once("exit", () => shell.interrupted && kill(-group, "SIGTERM"));
    return () => groups.delete(group);
  };

  const ask = async (question: string): Promise<string> => {
    if (!isTerminal("stdin")) return "";
    listen();
    // if standard error is redirected, the question goes to the terminal that answers it
    if (isTerminal("stderr") || !askOnInput(question)) write.stderr(question);
    const line = await new Promise<string>((resolve) => {
      const { stdin } = process;
      const finish = (text: string) => {
        stdin.off("data", hear).off("end", silence).off("error", silence);
        stdin.pause();
        asking = undefined;
        resolve(text);
      };
      const hear = (chunk: Buffer | string) => finish(String(chunk));
      const silence = () => finish("");
      asking = silence;
      stdin.on("data", hear).on("end", silence).on("error", silence);
      stdin.resume();
    });
    if (!line.includes("\n")) write.stderr("\n");
    if (shell.interrupted) throw new Interrupted();
    return line.trim();
  };

  const { rows } = sizeOf("stdout");
  return Object.assign(shell, {
    async capture(command: string[], options: CaptureOptions = {}) {
      const { input, cwd, env, about } = options;
      const limit = (options.limit ?? patience.answer) * timeoutFactor(process.env);
      const early = input === undefined || env ? undefined : takeEarly(command, cwd, input);
      // zx leaves the input open for an empty text, not for empty bytes
      const settings = {
        ...quietly,
        ...placed(cwd, env),
        ...(input === undefined ? {} : { input: Buffer.from(input) }),
      };
      const child = early ??
        start((await import("zx/core")).$, { ...settings, ...directly(command, input === undefined) });
      const done = watched(child);
      const telling = setTimeout(() => {
        const label = about ?? shortened(withoutPasswords(command.join(" ")));
        write.stderr(`homelab-gpu: waiting for ${label} (at most ${limit} s)\n`);
      }, patience.silence * 1000);
      let leave = () => {};
      const gaveUp = new Promise<undefined>((resolve) => leave = () => resolve(undefined));
      const end = () => {
        if (child.pid) kill(-child.pid, "SIGTERM");
        leave();
      };
      captured.add(end);
      let timedOut = false;
      const ending = [
        setTimeout(() => {
          timedOut = true;
          if (child.pid) kill(-child.pid, "SIGTERM");
        }, limit * 1000),
        setTimeout(() => child.pid && kill(-child.pid, "SIGKILL"), (limit + patience.end) * 1000),
        // a process that waits for a device cannot be killed
        setTimeout(() => leave(), (limit + 2 * patience.end) * 1000),
      ];
      const ended = await Promise.race([early?.ended ?? child as ProcessPromise, gaveUp]);
      for (const timer of [telling, ...ending]) clearTimeout(timer);
      captured.delete(end);
      done();
      if (!ended) abandon(child);
      if (shell.interrupted) throw new Interrupted();
      const { ok = false, exitCode = null, stdout: out = "", stderr: err = "" } = ended ?? {};
      if (!timedOut) return { ok, code: child.pid ? exitCode : notFound, out, err };
      const error = err === "" || err.endsWith("\n") ? err : `${err}\n`;
      return {
        ok: false,
        code: null,
        out,
        err: `${error}${about ?? command[0]} did not answer within ${limit} s`,
        timedOut,
      };
    },

    async run(command: string[], options: RunOptions) {
      const { input, output, log, show } = options;
      const partial = output && `${output}.${process.pid}.part`;
      for (const path of [log, partial]) if (path) folderOf(path);
      const { $ } = await import("zx/core");
      let file = log ? createWriteStream(log) : undefined;
      // a failed log does not fail the step
      file?.on("error", (error) => {
        file = undefined;
        show?.(`homelab-gpu: ${refused("write", log!, error).message}; the step continues without a log\n`);
      });
      const lines = new Lines((line) => file?.write(`${line}\n`));
      const settings = { ...quietly, detached: !options.terminal, ...placed(options.cwd, options.env) };
      const fed = input ? { input: await attempt("read", input, () => readFile(input)) } : {};
      // a step that is not yet in the lock must not outlive this run
      const held = canHold && !options.terminal && options.started !== undefined;
      const child = start($, { ...settings, ...fed, ...directly(command, !input, held) });
      const heard: Buffer[] = [];
      if (partial) child.stdout.on("data", (chunk: Buffer) => heard.push(Buffer.from(chunk)));
      // immediately: output without a listener is lost
      for (const stream of partial ? [child.stderr] : [child.stdout, child.stderr]) {
        const screen = new Screen((text) => show?.(text));
        stream.on("data", (chunk: Buffer | string) => {
          lines.add(String(chunk));
          screen.add(String(chunk));
        });
        stream.on("end", () => screen.end());
      }
      const done = options.terminal ? () => {} : watched(child);
      try {
        if (child.pid && !options.terminal) await options.started?.(child.pid);
        if (held) letGo(child);
      } catch (error) {
        // a step that continues would be in no lock
        if (child.pid) kill(-child.pid, "SIGTERM");
        await child;
        done();
        throw error;
      }
      const { exitCode } = await child;
      done();
      lines.end();
      const open = file;
      if (open) await new Promise((resolve) => open.end(resolve));
      if (output && partial && exitCode === 0) {
        await attempt("write", output, async () => {
          await writeFile(partial, Buffer.concat(heard));
          await rename(partial, output);
        });
      }
      if (shell.interrupted) throw new Interrupted();
      return { code: child.pid ? exitCode : notFound, tail: lines.tail };
    },

    async interactive(command: string[], { cwd, env }: { cwd?: string; env?: Record<string, string> } = {}) {
      const { $ } = await import("zx/core");
      // the terminal sends Ctrl-C to the program itself; it must not end this script first
      const ignore = () => {};
      process.on("SIGINT", ignore);
      const settings = { nothrow: true, quiet: true, stdio: "inherit" as const, detached: false, ...placed(cwd, env) };
      const { exitCode } = await start($, { ...directly(command, false), ...settings });
      process.off("SIGINT", ignore);
      return exitCode ?? 1;
    },

    close() {
      for (const end of captured) end();
    },

    ...files,
    signal: (id: number, signal: NodeJS.Signals | 0) => Promise.resolve(kill(id, signal)),
    pid: process.pid,
    stdout: (text: string) => write.stdout(text),
    stderr: (text: string) => write.stderr(text),

    ask,
    confirm: async (question: string) => /^y(es)?$/i.test(await ask(`${question} [y/N] `)),

    platform: process.platform,
    terminal: {
      in: isTerminal("stdin"),
      out: isTerminal("stdout"),
      err: isTerminal("stderr"),
      columns: sizeOf("stdout").columns || sizeOf("stderr").columns || 80,
      ...(rows ? { rows } : {}),
    },
  });
}

/**
 * Seconds: until a message says that a program is still running, until an answer is given up, and
 * from SIGTERM to SIGKILL.
 */
const patience = { silence: 3, answer: 30, end: 2 };

/**
 * The factor for time limits of answers, from `HOMELAB_GPU_TIMEOUT_FACTOR`: a whole number from 1
 * to 999, else 1. The probes read the same variable.
 */
export function timeoutFactor({ HOMELAB_GPU_TIMEOUT_FACTOR: text = "" }: NodeJS.ProcessEnv): number {
  return /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 1;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

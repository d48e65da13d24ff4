/** The only door out: everything that touches the world goes through a {@link Shell}. Tests bring a fake one. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { link, lstat, mkdir, open, readdir, readFile, rename, rm, stat, unlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import type { ProcessPromise } from "zx/core";
import type { AskOptions, RunOptions, Shell } from "../shell.mts";
import { Interrupted, Trouble } from "../errors.mts";
import { decoded, encodingOf } from "./decode.mts";
import { Lines } from "./lines.mts";

/**
 * The shell of this machine. `direct`: programs are started without a shell in between, as on Windows, where none takes every argument
 * as it is, and PowerShell rewrites what is redirected.
 */
export function realShell(direct = process.platform === "win32"): Shell {
  // tsx is for this process; programs that are started elsewhere would not find it
  delete process.env.NODE_OPTIONS;
  const groups = new Set<number>();
  const shell = { interrupted: false };
  // Windows knows no process groups, whose ids are negative
  const kill = (id: number, signal: NodeJS.Signals | 0) => {
    try {
      return process.kill(process.platform === "win32" ? Math.abs(id) : id, signal);
    } catch {
      return false;
    }
  };
  // children are process groups of their own, so the terminal's Ctrl-C reaches them only from here; a second one is final
  const stop = (signal: NodeJS.Signals) => {
    for (const group of groups) kill(-group, shell.interrupted ? "SIGKILL" : signal);
    if (groups.size === 0 && shell.interrupted) process.exit(130);
    shell.interrupted = true;
  };
  let listening = false;
  const watched = (child: ProcessPromise) => {
    if (!listening) {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(signal));
    }
    listening = true;
    const group = child.pid;
    if (!group) return () => {};
    groups.add(group);
    // what a step leaves behind in its group when it was told to stop is told so too
    child.child?.once("exit", () => shell.interrupted && kill(-group, "SIGTERM"));
    return () => groups.delete(group);
  };

  return Object.assign(shell, {
    async ask(command: string[], { input, cwd, env }: AskOptions = {}) {
      const { $ } = await import("zx/core");
      const settings = { ...quietly, ...placed(cwd, env), ...(input === undefined ? {} : { input }) };
      const child = direct
        ? $({ ...settings, ...directly(command, input === undefined) })`direct`
        : input === undefined
        ? $(settings)`${command} < /dev/null`
        : $(settings)`${command}`;
      const done = watched(child);
      const { ok, exitCode, stdout, stderr } = await child;
      done();
      if (shell.interrupted) throw new Interrupted();
      return { ok, code: child.pid ? exitCode : notFound, out: stdout, err: stderr };
    },

    async run(command: string[], options: RunOptions) {
      const { input, output, log, show } = options;
      const kept = output && `${output}.${process.pid}.part`;
      for (const path of [log, kept]) if (path) await folderOf(path);
      const { $ } = await import("zx/core");
      let file = log ? createWriteStream(log) : undefined;
      // a step is not given up for its log
      file?.on("error", (error) => {
        file = undefined;
        show?.(`homelab-gpu: ${refused("write", log!, error).message}; the step goes on without it\n`);
      });
      const lines = new Lines((line) => file?.write(`${line}\n`));
      const settings = { ...quietly, detached: !options.terminal, ...placed(options.cwd, options.env) };
      const from = input ?? "/dev/null";
      const fed = direct && input ? { input: await readFile(input) } : {};
      const child = direct
        ? $({ ...settings, ...fed, ...directly(command, !input) })`direct`
        : kept
        ? $(settings)`${command} < ${from} > ${kept}`
        : $(settings)`${command} < ${from}`;
      const heard: Buffer[] = [];
      if (direct && kept) child.stdout.on("data", (chunk: Buffer) => heard.push(Buffer.from(chunk)));
      // at once, since what nobody listens to is gone
      for (const stream of direct && kept ? [child.stderr] : [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer | string) => {
          lines.add(String(chunk));
          show?.(String(chunk));
        });
      }
      const done = options.terminal ? () => {} : watched(child);
      try {
        if (child.pid && !options.terminal) await options.started?.(child.pid);
      } catch (error) {
        // nobody would know of a step that runs on
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
      if (direct && kept) await writeFile(kept, Buffer.concat(heard));
      if (output && kept) await (exitCode === 0 ? rename(kept, output) : rm(kept, { force: true }));
      if (shell.interrupted) throw new Interrupted();
      return { code: child.pid ? exitCode : notFound, tail: lines.tail };
    },

    async attach(command: string[], { cwd, env }: { cwd?: string; env?: Record<string, string> } = {}) {
      const { $ } = await import("zx/core");
      // the terminal sends Ctrl-C to the program itself; here it must not end the script first
      const ignore = () => {};
      process.on("SIGINT", ignore);
      const settings = { nothrow: true, quiet: true, stdio: "inherit" as const, detached: false, ...placed(cwd, env) };
      const { exitCode } =
        await (direct ? $({ ...directly(command, false), ...settings })`direct` : $(settings)`${command}`);
      process.off("SIGINT", ignore);
      return exitCode ?? 1;
    },

    read: (path: string) =>
      unlessMissing(
        "read",
        path,
        undefined,
        async () => decoded(path === "-" ? (await lastOf(process.stdin)).bytes : await readFile(path)),
      ),

    tail: (path: string, limit: number) =>
      unlessMissing("read", path, undefined, async () => {
        const { bytes, skipped, first } = await endOf(path, limit);
        // a part that does not begin at the file's start has no mark of its own
        const wide = skipped > 0 && encodingOf(first) !== "utf-8" && (bytes[0] !== first[0] || bytes[1] !== first[1]);
        return { text: decoded(wide ? Buffer.concat([first.subarray(0, 2), bytes]) : bytes), skipped };
      }),

    async write(path: string, text: string, mode = 0o644) {
      const temporary = beside(path);
      await folderOf(path);
      try {
        const handle = await open(temporary, "wx", mode);
        try {
          await handle.writeFile(text);
        } finally {
          await handle.close();
        }
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw refused("write", path, error);
      }
    },

    async create(path: string, text: string) {
      const temporary = beside(path);
      await this.write(temporary, text, 0o600);
      try {
        await link(temporary, path);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
        throw refused("write", path, error);
      } finally {
        await unlink(temporary);
      }
    },

    async claim(path: string) {
      try {
        await mkdir(path, { recursive: true, mode: 0o700 });
        const [link, { uid, mode }] = [await lstat(path), await stat(path)];
        // whoever used sudo before or now is one and the same
        const own = [process.getuid?.() ?? uid, ...(process.getuid?.() === 0 ? [Number(process.env.SUDO_UID)] : [])];
        const why = ![link.uid, uid].every((one) => own.includes(one))
          ? "it is another user's"
          : (mode & 0o002) !== 0
          ? "everybody may write into it"
          : undefined;
        if (why) {
          throw new Trouble(`${path} is not used: ${why}\n  remove it, or move the config to a folder of your own`, 1);
        }
      } catch (error) {
        throw error instanceof Trouble ? error : refused("make", path, error);
      }
    },

    async remove(path: string) {
      await rm(path, { recursive: true, force: true });
    },

    move: (from: string, to: string) => unlessMissing("move", from, false, () => rename(from, to).then(() => true)),

    stamp: (path: string) =>
      unlessMissing("read", path, undefined, async () => {
        const { size, mtimeMs } = await stat(path);
        return `${size} ${mtimeMs}`;
      }),

    list: (path: string) => unlessMissing("list", path, [], async () => (await readdir(path)).sort()),

    signal: kill,
    print: (text: string) => void process.stdout.write(text),
    say: (text: string) => void process.stderr.write(text),

    async confirm(question: string) {
      if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
      const { createInterface } = await import("node:readline/promises");
      const reader = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
      } finally {
        reader.close();
      }
    },

    platform: process.platform,
    terminal: {
      in: Boolean(process.stdin.isTTY),
      out: Boolean(process.stdout.isTTY),
      err: Boolean(process.stderr.isTTY),
      columns: process.stdout.columns || process.stderr.columns || 80,
    },
  });
}

/** The last bytes of a stream, at most `limit` of them (an even number), with the first ones and how many were left out. */
async function lastOf(stream: AsyncIterable<Buffer | string>, limit = Infinity) {
  const chunks: Buffer[] = [];
  let [kept, skipped] = [0, 0];
  let first = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Buffer);
    if (first.length < 512) first = Buffer.concat([first, bytes.subarray(0, 512)]);
    chunks.push(bytes);
    kept += bytes.length;
    while (kept - chunks[0]!.length >= limit) {
      skipped += chunks[0]!.length;
      kept -= chunks.shift()!.length;
    }
  }
  const all = Buffer.concat(chunks);
  const cut = Math.max(0, all.length - limit);
  const start = cut + (skipped + cut) % 2;
  return {
    bytes: all.subarray(cut > 0 || skipped > 0 ? start : 0),
    skipped: skipped + (cut > 0 || skipped > 0 ? start : 0),
    first,
  };
}

/** The same of a file, without reading what is left out; of standard input for `-`. */
async function endOf(path: string, limit: number) {
  if (path === "-") return await lastOf(process.stdin, limit);
  const { size } = await stat(path);
  if (size <= limit) {
    const bytes = await readFile(path);
    // pipes and devices have no size
    if (bytes.length <= limit) return { bytes, skipped: 0, first: bytes.subarray(0, 512) };
    return {
      bytes: bytes.subarray(bytes.length - limit),
      skipped: bytes.length - limit,
      first: bytes.subarray(0, 512),
    };
  }
  const skipped = size - limit + (size - limit) % 2;
  const handle = await open(path);
  try {
    const part = async (length: number, position: number) => {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    };
    return { bytes: await part(size - skipped, skipped), skipped, first: await part(512, 0) };
  } finally {
    await handle.close();
  }
}

/** Children lead process groups of their own, so that all of a step can be ended at once. */
const quietly = { nothrow: true, quiet: true, detached: process.platform !== "win32" };

/** What a shell says of a program that is not there: where none stands in between, it is said for it. */
const notFound = 127;

/** Lets zx start a program itself, whatever stands in its template; without an input it gets none. */
function directly(command: string[], alone: boolean) {
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

function placed(cwd?: string, env?: Record<string, string>): { cwd?: string; env?: NodeJS.ProcessEnv } {
  return { ...(cwd ? { cwd } : {}), ...(env ? { env: { ...process.env, ...env } } : {}) };
}

async function folderOf(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw refused("write", path, error);
  }
}

/** A name beside a file's that nobody else takes. */
function beside(path: string): string {
  return `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
}

/** What is done with a file, or `none` where there is no such file. */
async function unlessMissing<T, N>(verb: string, path: string, none: N, act: () => Promise<T>): Promise<T | N> {
  try {
    return await act();
  } catch (error) {
    if (isMissing(error)) return none;
    throw refused(verb, path, error);
  }
}

function isMissing(error: unknown): boolean {
  // a file below /proc is gone with its process, even when it is open already: ESRCH
  return ["ENOENT", "ENOTDIR", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "");
}

const reasons: Record<string, string> = {
  EACCES: "no permission",
  EPERM: "not permitted",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  EISDIR: "it is a folder",
  ENOTDIR: "a file stands where a folder should be",
  EEXIST: "a file stands where a folder should be",
  EDQUOT: "the disk quota is used up",
};

function refused(verb: string, path: string, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return reasons[code] ? new Trouble(`cannot ${verb} ${path}: ${reasons[code]}`, 1) : (error as Error);
}

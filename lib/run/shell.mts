/** The only door out: everything that touches the world goes through a {@link Shell}. Tests bring a fake one. */
import { spawn } from "node:child_process";
import { constants, createWriteStream, writeSync } from "node:fs";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { getSystemErrorMap } from "node:util";
import type { ProcessPromise } from "zx/core";
import type { CaptureOptions, Entry, RunOptions, Shell } from "../shell.mts";
import { decodeBytes, encodeText } from "../encoding.mts";
import { Interrupted, UserError } from "../errors.mts";
import { Lines } from "../lines.mts";

/** The shell of this machine. Programs are started without a shell in between, so that no argument needs quoting. */
export function realShell(): Shell {
  takeOverEnvironment();
  const groups = new Set<number>();
  const shell = { interrupted: false };
  // what waits for a person ends when somebody asks to stop
  let asking: (() => void) | undefined;
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
    asking?.();
  };
  let listening = false;
  const listen = () => {
    if (!listening) {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(signal));
    }
    listening = true;
  };
  const watched = (child: ProcessPromise) => {
    listen();
    const group = child.pid;
    if (!group) return () => {};
    groups.add(group);
    // what a step leaves behind in its group when it was told to stop is told so too
    child.child?.once("exit", () => shell.interrupted && kill(-group, "SIGTERM"));
    return () => groups.delete(group);
  };

  return Object.assign(shell, {
    async capture(command: string[], options: CaptureOptions = {}) {
      const { input, cwd, env, about } = options;
      const limit = (options.limit ?? patience.answer) * timeoutFactor(process.env);
      const { $ } = await import("zx/core");
      const settings = { ...quietly, ...placed(cwd, env), ...(input === undefined ? {} : { input }) };
      const child = start($, { ...settings, ...directly(command, input === undefined) });
      const done = watched(child);
      const telling = setTimeout(() => {
        const what = about ?? shortened(command.join(" "));
        write.stderr(`homelab-gpu: waiting for ${what} (at most ${limit} s)\n`);
      }, patience.silence * 1000);
      let late: (() => void) | undefined;
      const gaveUp = new Promise<undefined>((resolve) => late = () => resolve(undefined));
      let timedOut = false;
      const ending = [
        setTimeout(() => {
          timedOut = true;
          if (child.pid) kill(-child.pid, "SIGTERM");
        }, limit * 1000),
        setTimeout(() => child.pid && kill(-child.pid, "SIGKILL"), (limit + patience.end) * 1000),
        // one that waits for a device cannot be killed
        setTimeout(() => late?.(), (limit + 2 * patience.end) * 1000),
      ];
      const ended = await Promise.race([child, gaveUp]);
      for (const timer of [telling, ...ending]) clearTimeout(timer);
      done();
      if (!ended) abandon(child);
      if (shell.interrupted) throw new Interrupted();
      const { ok = false, exitCode = null, stdout: out = "", stderr: err = "" } = ended ?? {};
      if (!timedOut) return { ok, code: child.pid ? exitCode : notFound, out, err };
      const said = err === "" || err.endsWith("\n") ? err : `${err}\n`;
      return {
        ok: false,
        code: null,
        out,
        err: `${said}${about ?? command[0]} did not answer within ${limit} s`,
        timedOut,
      };
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
      const fed = input ? { input: await attempt("read", input, () => readFile(input)) } : {};
      const child = start($, { ...settings, ...fed, ...directly(command, !input) });
      const heard: Buffer[] = [];
      if (kept) child.stdout.on("data", (chunk: Buffer) => heard.push(Buffer.from(chunk)));
      // at once, since what nobody listens to is gone
      for (const stream of kept ? [child.stderr] : [child.stdout, child.stderr]) {
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
      if (output && kept && exitCode === 0) {
        await attempt("write", output, async () => {
          await writeFile(kept, Buffer.concat(heard));
          await rename(kept, output);
        });
      }
      if (shell.interrupted) throw new Interrupted();
      return { code: child.pid ? exitCode : notFound, tail: lines.tail };
    },

    async interactive(command: string[], { cwd, env }: { cwd?: string; env?: Record<string, string> } = {}) {
      const { $ } = await import("zx/core");
      // the terminal sends Ctrl-C to the program itself; here it must not end the script first
      const ignore = () => {};
      process.on("SIGINT", ignore);
      const settings = { nothrow: true, quiet: true, stdio: "inherit" as const, detached: false, ...placed(cwd, env) };
      const { exitCode } = await start($, { ...directly(command, false), ...settings });
      process.off("SIGINT", ignore);
      return exitCode ?? 1;
    },

    read: (path: string) =>
      undefinedIfMissing("read", path, undefined, async () => {
        const { text, skipped } = await readEnd(path, largest);
        if (skipped === 0) return text;
        throw new UserError(`cannot read ${path}: it is larger than ${largest / 1024 / 1024} MiB`, 1);
      }),

    readTail: (path: string, bytes: number) =>
      undefinedIfMissing("read", path, undefined, async () => {
        const { text, skipped } = await readEnd(path, bytes);
        // a line that was cut says something else than the whole one
        const cut = skipped > 0 ? Buffer.byteLength(text.slice(0, text.indexOf("\n") + 1)) : 0;
        return { text: skipped > 0 ? text.slice(text.indexOf("\n") + 1) : text, skipped: skipped + cut };
      }),

    save: (path: string, text: string, replaceable: (start: string) => boolean) =>
      attempt("write", path, () => saveTo(path, text, replaceable)),

    async write(path: string, text: string, mode = 0o644) {
      const temporary = beside(path);
      await folderOf(path);
      try {
        const handle = await open(temporary, "wx", mode);
        try {
          await handle.writeFile(encodeText(text));
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
        const { code = "" } = error as NodeJS.ErrnoException;
        if (code === "EEXIST") return false;
        if (!linkless.includes(code)) throw refused("write", path, error);
        return await createWithoutLink(path, text);
      } finally {
        await unlink(temporary).catch(() => {});
      }
    },

    ensurePrivateDir: (path: string) => attempt("make", path, () => makePrivate(path)),

    remove: (path: string) => attempt("remove", path, () => rm(path, { recursive: true, force: true })),

    move: (from: string, to: string) =>
      undefinedIfMissing("move", from, false, () => rename(from, to).then(() => true)),

    fingerprint: (path: string) =>
      undefinedIfMissing("read", path, undefined, async () => {
        const { size, mtimeMs } = await stat(path);
        return `${size} ${mtimeMs}`;
      }),

    walk: (path: string, enters: (folder: string) => boolean) =>
      undefinedIfMissing("list", path, undefined, () => walk(path, "", enters)),

    list: (path: string) => undefinedIfMissing("list", path, [], async () => (await readdir(path)).sort()),

    signal: kill,
    stdout: (text: string) => write.stdout(text),
    stderr: (text: string) => write.stderr(text),

    async confirm(question: string) {
      if (!process.stdin.isTTY) return false;
      listen();
      const words = `${question} [y/N] `;
      // where standard error goes elsewhere, the terminal that answers is also the one that is asked
      if (process.stderr.isTTY || !askOnInput(words)) write.stderr(words);
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
      return /^y(es)?$/i.test(line.trim());
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

/** Seconds: until it is said what is waited for, for an answer, and for a program to end once it was told to. */
const patience = { silence: 3, answer: 30, end: 2 };

/** The largest file that is read whole, in bytes. */
const largest = 256 * 1024 * 1024;

/** What is below a folder; `below` is the part of the path that was walked, empty or with a slash at its end. */
async function walk(root: string, below: string, enters: (folder: string) => boolean): Promise<Entry[]> {
  const found: Entry[] = [];
  const names = await readdir(`${root}/${below}`).catch((error: unknown) => {
    throw refused("list", `${root}/${below}`.replace(/\/$/, ""), error);
  });
  for (const name of names.sort()) {
    const path = below + name;
    const { mode, size, mtimeMs, ...is } = await lstat(`${root}/${path}`).then((one) => ({
      ...{ mode: one.mode, size: one.size, mtimeMs: one.mtimeMs },
      kind: one.isFile() ? "file" : one.isDirectory() ? "folder" : one.isSymbolicLink() ? "link" : "other",
    } as const));
    const target = is.kind === "link" ? await readlink(`${root}/${path}`) : undefined;
    const entry = { path, kind: is.kind, mode: mode & 0o7777, size, mtime: Math.round(mtimeMs) };
    found.push({ ...entry, ...(target === undefined ? {} : { target }) });
    if (is.kind === "folder" && enters(path)) found.push(...await walk(root, `${path}/`, enters));
  }
  return found;
}

/** Children lead process groups of their own, so that all of a step can be ended at once. */
const quietly = { nothrow: true, quiet: true, detached: process.platform !== "win32" };

/** Names that change what a shell or zx does with a script, whoever set them (bash(1), zx's configuration). */
const foreignSettings = /^(CDPATH|BASH_ENV|SHELLOPTS|BASHOPTS|PS4|GREP_OPTIONS|NODE_OPTIONS|ZX_.*|BASH_FUNC_.*)$/;

/** Keeps settings of the user's shell from the programs that are started, and makes nothing that others may write to. */
function takeOverEnvironment(): void {
  for (const name of Object.keys(process.env)) if (foreignSettings.test(name)) delete process.env[name];
  // HashiCorp's programs ask for news of their versions, and say who asks
  process.env.CHECKPOINT_DISABLE = "1";
  process.env.VAGRANT_CHECKPOINT_DISABLE = "1";
  if (process.platform !== "win32") process.umask(process.umask() | 0o022);
}

/** Starts a program. What it does not want to read of its input is its own affair. */
function start($: typeof import("zx/core").$, settings: object): ProcessPromise {
  const child = $(settings as Parameters<typeof $>[0] & object)`direct` as unknown as ProcessPromise;
  child.child?.stdin?.on("error", () => {});
  return child;
}

/** Lets go of a program that cannot be ended, so that this process can end. */
function abandon({ child }: ProcessPromise): void {
  for (const stream of child?.stdio ?? []) stream?.destroy();
  child?.unref();
}

/**
 * By how much each limit of an answer is longer than usual, from `HOMELAB_GPU_TIMEOUT_FACTOR`: a whole number from 1 to 999, else 1.
 * The probes read the same variable.
 */
export function timeoutFactor({ HOMELAB_GPU_TIMEOUT_FACTOR: text = "" }: NodeJS.ProcessEnv): number {
  return /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 1;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** Writes to the terminal that standard input is; false where that may only be read. */
function askOnInput(text: string): boolean {
  try {
    writeSync(0, text);
    return true;
  } catch {
    return false;
  }
}

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

/** What is done with a file; what goes wrong becomes a sentence with its path and reason. */
async function attempt<T>(verb: string, path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw refused(verb, path, error);
  }
}

/** What is done with a file, or `none` where there is no such file. */
async function undefinedIfMissing<T, N>(verb: string, path: string, none: N, act: () => Promise<T>): Promise<T | N> {
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

/** Streams whose reader is gone. */
const closed = new Set<string>();
let failed = false;
let guarded = false;

/** Listens to what goes wrong, once: a stream that nobody listens to would end the process. */
function guard(): void {
  if (guarded) return;
  guarded = true;
  for (const name of ["stdout", "stderr"] as const) {
    process[name].on("error", (error: NodeJS.ErrnoException) => {
      if (closed.has(name)) return;
      closed.add(name);
      // a reader that has seen enough is no failure; a disk that is full is one
      if (name === "stderr" || ["EPIPE", "ECONNRESET", "EIO", "ERR_STREAM_DESTROYED"].includes(error.code ?? "")) {
        return;
      }
      failed = true;
      write.stderr(`homelab-gpu: cannot write to standard output: ${error.message}\n`);
    });
  }
  process.on("exit", () => {
    if (failed && !process.exitCode) process.exitCode = 1;
  });
}

function to(name: "stdout" | "stderr"): (text: string) => void {
  return (text) => {
    guard();
    if (closed.has(name)) return;
    try {
      process[name].write(text);
    } catch {
      closed.add(name);
    }
  };
}

/** Writes text to a stream. Once its reader is gone, what is written to it is dropped and the work goes on. */
const write = { stdout: to("stdout"), stderr: to("stderr") };

/** Reasons in the words of this project; the system's own words serve for every other one. */
const reasons: Record<string, string> = {
  EACCES: "no permission",
  EPERM: "not permitted",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  EISDIR: "it is a folder",
  ENOTDIR: "a file stands where a folder should be",
  EEXIST: "a file stands where a folder should be",
  EDQUOT: "the disk quota is used up",
  ENOENT: "there is no such file or folder",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  ERR_FS_FILE_TOO_LARGE: "it is too large",
  ERR_STRING_TOO_LONG: "it is too large",
};

/** The sentence for what went wrong with a file. What has no error code is a bug and stays as it is. */
function refused(verb: string, path: string, error: unknown): Error {
  if (error instanceof UserError) return error;
  const reason = reasonOf(error);
  return reason === undefined ? (error as Error) : new UserError(`cannot ${verb} ${path}: ${reason}`, 1);
}

/** Why the system refused something, in words; undefined for an error without a code. */
export function reasonOf(error: unknown): string | undefined {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || code === "") return undefined;
  if (Object.hasOwn(reasons, code)) return reasons[code];
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return `${known ?? String(message).split("\n")[0]} (${code})`;
}

/** Codes of file systems that know no hard links (link(2)). */
const linkless = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** Makes a file unless there is one, where a file system has no links; says whether it did. */
async function createWithoutLink(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx", 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw refused("write", path, error);
  }
}

/** The last bytes of a file, or of standard input for `-`, as text, and how many were before them. */
async function readEnd(path: string, bytes: number): Promise<{ text: string; skipped: number }> {
  if (path === "-") return await endOf(process.stdin, bytes);
  const handle = await open(path, "r");
  try {
    const found = await handle.stat();
    const from = found.isFile() ? Math.max(0, found.size - bytes) : 0;
    const { text, skipped } = await endOf(handle.createReadStream({ start: from, autoClose: false }), bytes);
    return { text, skipped: from + skipped };
  } finally {
    await handle.close();
  }
}

async function endOf(
  stream: AsyncIterable<Buffer | string>,
  bytes: number,
): Promise<{ text: string; skipped: number }> {
  let chunks: Buffer[] = [];
  let [size, skipped] = [0, 0];
  for await (const part of stream) {
    const chunk = Buffer.from(part as Buffer);
    chunks.push(chunk);
    size += chunk.length;
    if (size < 2 * bytes + 65536) continue;
    const kept = Buffer.concat(chunks).subarray(size - bytes);
    skipped += size - bytes;
    [chunks, size] = [[kept], bytes];
  }
  const all = Buffer.concat(chunks);
  const from = Math.max(0, size - bytes);
  return { text: decodeBytes(all.subarray(from)), skipped: skipped + from };
}

/** See Shell.save. */
async function saveTo(path: string, text: string, replaceable: (start: string) => boolean): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!found) return await writeNew(await targetOf(path), text);
  if (found.isDirectory()) throw new UserError(`cannot write ${path}: it is a folder`);
  if (!found.isFile()) return await writeInPlace(path, text, found.isFIFO());
  const { text: start } = await readStart(path);
  if (start !== "" && !replaceable(start)) {
    throw new UserError(`${path} is a file of another kind: it is not overwritten\n  name another file`);
  }
  const real = await realpath(path);
  const temporary = `${real}.${process.pid}.tmp`;
  try {
    if (found.nlink > 1) throw Object.assign(new Error("other names share its content"), { code: "EMLINK" });
    await writeNew(temporary, text);
    await chmod(temporary, found.mode & 0o7777);
    const made = await stat(temporary);
    if (made.uid !== found.uid || made.gid !== found.gid) await chown(temporary, found.uid, found.gid);
    await rename(temporary, real);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    if (!["EMLINK", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    // a folder that may not be written to may hold a file that may be
    await writeInPlace(real, text, false);
  }
}

/** Where a link that leads to nothing leads. */
async function targetOf(path: string): Promise<string> {
  let now = path;
  for (let steps = 0; steps < 40; steps++) {
    const to = await readlink(now).catch(() => undefined);
    if (to === undefined) return now;
    now = resolve(dirname(now), to);
  }
  return now;
}

async function writeNew(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "wx", 0o644);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}

async function writeInPlace(path: string, text: string, pipe: boolean): Promise<void> {
  const { O_WRONLY, O_NONBLOCK, O_TRUNC } = constants;
  // the opening of a pipe waits for its reader; without waiting it says that there is none
  const reader = pipe ? await open(path, O_WRONLY | O_NONBLOCK) : undefined;
  try {
    const handle = await open(path, pipe ? O_WRONLY : O_WRONLY | O_TRUNC);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
  } finally {
    await reader?.close();
  }
}

async function readStart(path: string): Promise<{ text: string }> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return { text: buffer.subarray(0, bytesRead).toString("utf8") };
  } finally {
    await handle.close();
  }
}

/** See Shell.ensurePrivateDir. */
async function makePrivate(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  const [link, found] = [await lstat(path), await stat(path)];
  const own = ownIds(found.uid);
  const refuse = (why: string) =>
    new UserError(`${path} is not used: ${why}\n  remove it, or move the config to a folder of your own`, 1);
  if (![link.uid, found.uid].every((id) => own.includes(id))) throw refuse("it is another user's");
  if (process.platform === "win32" || made !== undefined && (found.mode & 0o077) === 0) return;
  if ((found.mode & 0o022) !== 0) {
    const foreign = await foreignIn(path, own);
    if (foreign) throw refuse(`others may write into it, and ${foreign} is another user's`);
  }
  if ((found.mode & 0o077) === 0) return;
  await chmod(path, found.mode & 0o700);
  write.stderr(`homelab-gpu: ${path} was open to other users (mode ${octal(found.mode)}): it is now yours alone\n`);
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, "0");

/** Whoever used sudo before or now is one and the same. */
function ownIds(fallback: number): number[] {
  const id = process.getuid?.() ?? fallback;
  return id === 0 ? [0, Number(process.env.SUDO_UID)] : [id];
}

/** Something below a folder that belongs to somebody else. */
async function foreignIn(folder: string, own: number[]): Promise<string | undefined> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!own.includes((await lstat(path)).uid)) return path;
    const below = entry.isDirectory() ? await foreignIn(path, own) : undefined;
    if (below) return below;
  }
  return undefined;
}

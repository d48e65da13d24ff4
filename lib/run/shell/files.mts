/** Files and folders: the part of the shell that reads and writes them. */
import { constants } from "node:fs";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  unlink,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { decodeBytes, encodeText } from "../../encoding.mts";
import { UserError } from "../../errors.mts";
import type { Entry, Shell } from "../../shell.mts";
import { write } from "./output.mts";
import { attempt, refused, undefinedIfMissing } from "./reasons.mts";

/** What a shell does with files and folders. */
type Files = Pick<
  Shell,
  | "read"
  | "readTail"
  | "save"
  | "write"
  | "create"
  | "ensurePrivateDir"
  | "remove"
  | "move"
  | "fingerprint"
  | "walk"
  | "list"
>;

/** See {@link Shell}. */
export const files: Files = {
  read: (path: string) =>
    undefinedIfMissing("read", path, undefined, async () => {
      const { text, skipped } = await readEnd(path, largest);
      if (skipped === 0) return text;
      throw new UserError(`cannot read ${path}: it is larger than ${largest / 1024 / 1024} MiB`, 1);
    }),

  readTail: (path: string, bytes: number) =>
    undefinedIfMissing("read", path, undefined, async () => {
      const { text, skipped } = await readEnd(path, bytes);
      // a cut line could mean something else
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
    await files.write(temporary, text, 0o600);
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

  move: (from: string, to: string) => undefinedIfMissing("move", from, false, () => rename(from, to).then(() => true)),

  fingerprint: (path: string) =>
    undefinedIfMissing("read", path, undefined, async () => {
      const { size, mtimeMs } = await stat(path);
      return `${size} ${mtimeMs}`;
    }),

  walk: (path: string, enters: (folder: string) => boolean) =>
    undefinedIfMissing("list", path, undefined, () => walk(path, "", enters)),

  list: (path: string) => undefinedIfMissing("list", path, [], async () => (await readdir(path)).sort()),
};

/** The largest file that is read whole, in bytes. */
const largest = 256 * 1024 * 1024;

/**
 * The entries below a folder; `below` is the part of the path that was walked, empty or with a
 * slash at its end.
 */
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

/** Makes the folder that a file lies in. Throws UserError. */
export async function folderOf(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw refused("write", path, error);
  }
}

/** A temporary name next to a file that no other process uses. */
function beside(path: string): string {
  return `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
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
    // a pipe has no positions (pread(2), ESPIPE)
    const stream = handle.createReadStream({ ...(found.isFile() ? { start: from } : {}), autoClose: false });
    const { text, skipped } = await endOf(stream, bytes);
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

/** The target of a dangling link. */
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
  const made = await mkdir(path, { recursive: true, mode: 0o700 }).catch(async (error: NodeJS.ErrnoException) => {
    const isMissing = await stat(path).then(() => false, ({ code }: NodeJS.ErrnoException) => code === "ENOENT");
    const target = isMissing ? await readlink(path).catch(() => undefined) : undefined;
    throw target === undefined
      ? error
      : new UserError(`cannot make ${path}: it is a link to ${target}, which is not there`, 1);
  });
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

/** The user ids that count as this user's, with or without sudo. */
function ownIds(fallback: number): number[] {
  const id = process.getuid?.() ?? fallback;
  return id === 0 ? [0, Number(process.env.SUDO_UID)] : [id];
}

/** A path below a folder that belongs to another user; undefined if there is none. */
async function foreignIn(folder: string, own: number[]): Promise<string | undefined> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!own.includes((await lstat(path)).uid)) return path;
    const below = entry.isDirectory() ? await foreignIn(path, own) : undefined;
    if (below) return below;
  }
  return undefined;
}

/** The part of the shell that reads and writes files and folders. */
import process from "node:process";
import { readdirSync, statSync } from "node:fs";
import { link, lstat, open, readdir, readlink, rename, rm, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { encodeText } from "../../encoding.mts";
import { UserError } from "../../errors.mts";
import type { Entry, Shell } from "../../shell.mts";
import { attempt, refused, undefinedIfMissing } from "./reasons.mts";
import { makeFolder } from "./make-folder.mts";
import { saveTo } from "./save.mts";
import { makePrivate } from "./private-folder.mts";
import { readEnd } from "./read-end.mts";

/** The methods of a shell for files and folders. */
type Files = Pick<
  Shell,
  | "read"
  | "readTail"
  | "save"
  | "write"
  | "create"
  | "ensurePrivateDir"
  | "remove"
  | "fingerprint"
  | "walk"
  | "list"
>;

/** What pipes had, by their paths. */
const pipes = new Map<string, ReturnType<typeof readEnd>>();

/** Reads a whole file. Standard input and pipes, such as that of `<(…)`, have their text once: it is kept. */
function readOnce(path: string): ReturnType<typeof readEnd> {
  if (path !== "-" && !statSync(path).isFIFO()) return readEnd(path, largest);
  const text = pipes.get(path) ?? readEnd(path, largest);
  pipes.set(path, text);
  return text;
}

/** See {@link Shell}. */
export const files: Files = {
  read: (path: string) =>
    undefinedIfMissing("read", path, undefined, async () => {
      const { text, skipped } = await readOnce(path);
      if (skipped === 0) return text;
      throw new UserError(`cannot read ${path}: it is larger than ${largest / 1024 / 1024} MiB`, 1);
    }),

  readTail: (path: string, bytes: number) =>
    undefinedIfMissing("read", path, undefined, async () => {
      const { text, skipped } = await readEnd(path, bytes);
      // a line that is cut off could be misread
      const cut = skipped > 0 ? Buffer.byteLength(text.slice(0, text.indexOf("\n") + 1)) : 0;
      return { text: skipped > 0 ? text.slice(text.indexOf("\n") + 1) : text, skipped: skipped + cut };
    }),

  save: (path: string, text: string, replaceable: (start: string) => boolean) =>
    attempt("write", path, () => saveTo(path, text, replaceable)),

  async write(path: string, text: string, mode = 0o644) {
    const temporary = temporaryPath(path);
    folderOf(path);
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
    const temporary = temporaryPath(path);
    await files.write(temporary, text, 0o600).catch((error: unknown) => {
      // the user knows the file by its own name
      throw error instanceof UserError ? new UserError(error.message.replace(temporary, path), error.code) : error;
    });
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

  ensurePrivateDir: (path: string) => attempt("create", path, () => makePrivate(path)),

  remove: (path: string) => attempt("remove", path, () => rm(path, { recursive: true, force: true })),

  fingerprint: (path: string) =>
    undefinedIfMissing("read", path, undefined, () => {
      const { size, mtimeMs } = statSync(path);
      return `${size} ${mtimeMs}`;
    }),

  walk: (path: string, enters: (folder: string) => boolean) =>
    undefinedIfMissing("list", path, undefined, () => walk(path, "", enters)),

  list: (path: string) => undefinedIfMissing("list", path, [], () => readdirSync(path).sort()),
};

/** The largest file that is read whole, in bytes. */
const largest = 256 * 1024 * 1024;

/**
 * The entries below a folder. `below` is the part of the path that was walked: empty, or with a
 * slash at its end.
 */
async function walk(root: string, below: string, enters: (folder: string) => boolean): Promise<Entry[]> {
  const found: Entry[] = [];
  const names = await readdir(`${root}/${below}`).catch((error: unknown) => {
    // of the folder itself, the caller knows whether it exists
    throw below === "" ? error : refused("list", `${root}/${below}`.replace(/\/$/, ""), error);
  });
  for (const name of names.sort()) {
    const path = below + name;
    const { mode, size, mtimeMs, uid, ...is } = await lstat(`${root}/${path}`).then((one) => ({
      ...{ mode: one.mode, size: one.size, mtimeMs: one.mtimeMs, uid: one.uid },
      kind: one.isFile() ? "file" : one.isDirectory() ? "folder" : one.isSymbolicLink() ? "link" : "other",
    } as const));
    const target = is.kind === "link" ? await readlink(`${root}/${path}`) : undefined;
    const entry = { path, kind: is.kind, mode: mode & 0o7777, size, mtime: Math.round(mtimeMs) };
    const owner = process.platform === "win32" ? {} : { uid };
    found.push({ ...entry, ...owner, ...(target === undefined ? {} : { target }) });
    // a folder can have more entries than a call can have arguments
    if (is.kind === "folder" && enters(path)) {
      for (const one of await walk(root, `${path}/`, enters)) found.push(one);
    }
  }
  return found;
}

/** Creates the folder of a file. Throws UserError. */
export function folderOf(path: string): void {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw refused("write", path, error);
  }
}

/** An unused temporary name next to a file. */
function temporaryPath(path: string): string {
  return `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
}

/** Error codes of file systems without hard links (link(2)). */
const linkless = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** Creates a new file, on file systems without hard links; returns whether it did. */
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

import process from "node:process";
import { chmod, lstat, readdir, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../errors.mts";
import { makeFolder } from "./make-folder.mts";
import { write } from "./output.mts";

/** See Shell.ensurePrivateDir. */
export async function makePrivate(path: string): Promise<void> {
  const created = await newFolder(path);
  const [link, found] = [await lstat(path), await stat(path)];
  const own = ownIds(found.uid);
  const refuse = (why: string) =>
    new UserError(`${path} is not used: ${why}\n  remove it, or move the config to another folder`, 1);
  if (![link.uid, found.uid].every((id) => own.includes(id))) throw refuse("another user owns it");
  if (process.platform === "win32" || created !== undefined && (found.mode & 0o077) === 0) return;
  if ((found.mode & 0o022) !== 0) {
    const foreign = await foreignIn(path, own);
    if (foreign) throw refuse(`other users may write to it, and another user owns ${foreign}`);
  }
  if ((found.mode & 0o077) === 0) return;
  await chmod(path, found.mode & 0o700);
  write.stderr(
    `homelab-gpu: ${path} was open to other users (mode ${octal(found.mode)}): now only you have access to it\n`,
  );
}

/** Creates the folder; gives the first one that was created. A link to nothing is an error of its own. */
async function newFolder(path: string): Promise<string | undefined> {
  try {
    return makeFolder(path, 0o700);
  } catch (error) {
    const isMissing = await stat(path).then(() => false, ({ code }: NodeJS.ErrnoException) => code === "ENOENT");
    const target = isMissing ? await readlink(path).catch(() => undefined) : undefined;
    throw target === undefined
      ? error
      : new UserError(`cannot create ${path}: it is a link to ${target}, which does not exist`, 1);
  }
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(4, "0");

/** The ids of this user, with or without sudo. */
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

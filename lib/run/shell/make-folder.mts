/** Creates folders. */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Creates a folder, and those above it that are missing. Returns the first one that was created; undefined if the
 * folder existed. Throws the error of mkdir(2).
 *
 * Node's own recursive mkdir repeats without end in a folder that exists and in which mkdir(2) reports ENOENT, such as
 * /proc (seen with Node 24).
 */
export function makeFolder(path: string, mode = 0o777): string | undefined {
  const full = resolve(path);
  let [above, error] = [undefined as string | undefined, makeOne(full, mode)];
  if (error?.code === "ENOENT" && dirname(full) !== full) {
    above = makeFolder(dirname(full), mode);
    error = makeOne(full, mode);
  }
  if (!error) return above ?? full;
  // an existing folder on a read-only file system is reported as EROFS, a root folder as EPERM or EISDIR
  if (isFolder(full, error)) return above;
  throw error;
}

/** Creates one folder; gives the error of mkdir(2). */
function makeOne(path: string, mode: number): NodeJS.ErrnoException | undefined {
  try {
    mkdirSync(path, { mode });
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/** Whether a folder that could not be created exists. Throws the error that says most: a loop of links is one. */
function isFolder(path: string, error: NodeJS.ErrnoException): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (why) {
    throw error.code === "EEXIST" && (why as NodeJS.ErrnoException).code !== "ENOENT" ? why : error;
  }
}

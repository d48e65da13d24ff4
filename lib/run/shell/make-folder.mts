/** Creates folders. */
import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Creates a folder, and those above it that are missing. Returns the first one that was created; undefined if the
 * folder existed. Throws the error of mkdir(2).
 *
 * Node's own recursive mkdir repeats without end in a folder that exists and in which mkdir(2) reports ENOENT, such as
 * /proc (seen with Node 24).
 */
export async function makeFolder(path: string, mode = 0o777): Promise<string | undefined> {
  const full = resolve(path);
  try {
    await mkdir(full, { mode });
    return full;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(full) !== full) {
      const first = await makeFolder(dirname(full), mode);
      // another process may have created it meanwhile
      if (await mkdir(full, { mode }).then(() => true, (again) => again.code !== "EEXIST" && Promise.reject(again))) {
        return first ?? full;
      }
      return first;
    }
    // an existing folder on a read-only file system is reported as EROFS, a root folder as EPERM or EISDIR
    const found = await stat(full).catch((why: NodeJS.ErrnoException) => {
      throw code === "EEXIST" && why.code !== "ENOENT" ? why : error;
    });
    if (found.isDirectory()) return undefined;
    throw error;
  }
}

/** Saves a file that the user named, and replaces an existing one. */
import process from "node:process";
import { constants } from "node:fs";
import { chmod, chown, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UserError } from "../../errors.mts";

/** See Shell.save. */
export async function saveTo(path: string, text: string, replaceable: (start: string) => boolean): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!found) return await writeNew(await targetOf(path), text);
  if (found.isDirectory()) throw new UserError(`cannot write ${path}: it is a folder`);
  if (!found.isFile()) return await writeInPlace(path, text, found.isFIFO());
  const { text: start } = await readStart(path);
  if (start !== "" && !replaceable(start)) {
    throw new UserError(`${path} has other content and is not overwritten\n  name another file`);
  }
  const real = await realpath(path);
  const temporary = `${real}.${process.pid}.tmp`;
  try {
    if (found.nlink > 1) throw Object.assign(new Error("it has several hard links"), { code: "EMLINK" });
    await writeNew(temporary, text);
    await chmod(temporary, found.mode & 0o7777);
    const copy = await stat(temporary);
    if (copy.uid !== found.uid || copy.gid !== found.gid) await chown(temporary, found.uid, found.gid);
    await rename(temporary, real);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    if (!["EMLINK", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    // a file may be writable in a folder that is not
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

/**
 * Writes a file that does not exist; on a full disk none is left, which would look like a saved one. Creates no folder:
 * its name may be a typo.
 */
async function writeNew(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  const handle = await open(path, "wx", 0o644).catch(async (error: NodeJS.ErrnoException) => {
    const isThere = error.code !== "ENOENT" || (await stat(folder).catch(() => undefined)) !== undefined;
    throw isThere ? error : new UserError(`cannot write ${path}: there is no folder ${folder}`);
  });
  try {
    await handle.writeFile(text);
  } catch (error) {
    await rm(path, { force: true }).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}

async function writeInPlace(path: string, text: string, pipe: boolean): Promise<void> {
  const { O_WRONLY, O_NONBLOCK, O_TRUNC } = constants;
  // opening a pipe waits for a reader; in non-blocking mode it fails if there is none
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

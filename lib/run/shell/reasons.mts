/** The reason of a system error, as a sentence. */
import { getSystemErrorMap } from "node:util";
import { UserError } from "../../errors.mts";

/**
 * Runs a file operation. An error becomes a UserError with the path and the reason: `cannot VERB
 * PATH: REASON`.
 */
export async function attempt<T>(verb: string, path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw refused(verb, path, error);
  }
}

/** Like {@link attempt}; returns `none` if the file does not exist. */
export async function undefinedIfMissing<T, N>(
  verb: string,
  path: string,
  none: N,
  act: () => T | Promise<T>,
): Promise<T | N> {
  try {
    return await act();
  } catch (error) {
    if (isMissing(error)) return none;
    throw refused(verb, path, error);
  }
}

function isMissing(error: unknown): boolean {
  // a file below /proc disappears with its process, even while it is open: ESRCH
  return ["ENOENT", "ENOTDIR", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Reasons in plain words; for other codes the system's message is used. */
export const reasons: Record<string, string> = {
  EACCES: "no permission",
  EPERM: "not permitted",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "a part of its path is a file",
  EDQUOT: "the disk quota is used up",
  ENOENT: "no such file or folder",
  ELOOP: "its links form a loop",
  ENAMETOOLONG: "its name is too long",
  ERR_FS_FILE_TOO_LARGE: "it is too large",
  ERR_STRING_TOO_LONG: "it is too large",
};

/** The error for a failed operation on a file. An error without a code is a bug and is returned unchanged. */
export function refused(verb: string, path: string, error: unknown): Error {
  if (error instanceof UserError) return error;
  const reason = reasonOf(error);
  return reason === undefined ? (error as Error) : new UserError(`cannot ${verb} ${path}: ${reason}`, 1);
}

/** Why the system refused something, in words; undefined for an error without a code. */
export function reasonOf(error: unknown): string | undefined {
  const { code, errno, message } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || code === "") return undefined;
  if (Object.hasOwn(reasons, code)) return reasons[code];
  const text = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return `${text ?? String(message).split("\n")[0]} (${code})`;
}

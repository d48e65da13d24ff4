/** Reads the files of a project, and records why a file could not be read. */
import type { Shell } from "../shell.mts";
import type { PathKind } from "./types.mts";

/** Reads the files of a project, and collects failures. */
export interface ProjectReads {
  /**
   * The reason of each failure, as a sentence, by absolute path. A missing file and a folder are
   * not failures.
   */
  failed: Map<string, string>;
  /** A file's text; undefined if it does not exist or could not be read. */
  read(path: string): Promise<string | undefined>;
  /** The names in a folder; empty if it does not exist or could not be read. */
  list(path: string): Promise<string[]>;
  /** Whether a path is a file or a folder. Sockets and devices count as files. */
  kind(path: string): Promise<PathKind>;
}

/** Reads with a shell. No method throws: failures are added to `failed`. */
export function projectReads(shell: Shell): ProjectReads {
  const failed = new Map<string, string>();
  const keep = (path: string, error: unknown) => void failed.set(path, (error as Error).message);
  return {
    failed,
    async read(path) {
      try {
        return await shell.read(path);
      } catch (error) {
        if (await kindOf(shell, path).catch(() => "unknown") !== "folder") keep(path, error);
        return undefined;
      }
    },
    async list(path) {
      try {
        return await shell.list(path);
      } catch (error) {
        keep(path, error);
        return [];
      }
    },
    async kind(path) {
      try {
        return await kindOf(shell, path);
      } catch (error) {
        keep(path, error);
        return "unknown";
      }
    },
  };
}

async function kindOf(shell: Shell, path: string): Promise<PathKind> {
  if ((await shell.fingerprint(path)) === undefined) {
    return (await shell.list(path)).length > 0 ? "folder" : "missing";
  }
  if ((await shell.list(path)).length > 0) return "folder";
  // an empty folder has `.` below it, a file has nothing below it
  return (await shell.fingerprint(`${path}/.`)) === undefined ? "file" : "folder";
}

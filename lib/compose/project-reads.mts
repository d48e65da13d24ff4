/** Reads the files of a project, and keeps why one could not be read. */
import type { Shell } from "../shell.mts";
import type { PathKind } from "./types.mts";

/** What a project reads, and what failed. */
export interface ProjectReads {
  /** Reasons, as sentences, by absolute path. A file that does not exist and a folder are no failures. */
  failed: Map<string, string>;
  /** A file's text; undefined if there is none, or if it could not be read. */
  read(path: string): Promise<string | undefined>;
  /** Names in a folder; none if there is no such folder, or if it could not be read. */
  list(path: string): Promise<string[]>;
  /** Whether a path is a file or a folder. Sockets and devices count as files. */
  kind(path: string): Promise<PathKind>;
}

/** Reads by a shell. No method throws: a failure is in `failed`. */
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

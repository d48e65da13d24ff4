/**
 * A Compose project that is copied into a VM: its files, which of them are copied, and the digest
 * of its state.
 */
import { createHash } from "node:crypto";
import { dirname, isAbsolute, join } from "node:path/posix";
import type { Entry } from "../shell.mts";
import type { Stack } from "../config/types.mts";
import { ignoreRules } from "./dockerignore.mts";
import { variablesIn } from "./variables.mts";

/** Who may write into a folder. */
export interface FolderAccess {
  /** Permission bits. */
  mode: number;
  /** Number of its owner; undefined where the system has none (Windows). */
  uid?: number;
}

/** A stack's folder as read. */
export interface Project extends Stack {
  /** Its Compose files in the order of `-f`, relative to the folder. */
  composeFiles: string[];
  /**
   * The files to copy, by path relative to the folder. The value changes with a file's contents,
   * mode, owner or time.
   */
  files: Record<string, string>;
  /** Size of the files to copy, bytes. */
  size: number;
  /** Who may write into its folders, by path relative to the folder. */
  folders?: Record<string, FolderAccess>;
  /** Its links to paths that are not copied with it, by path relative to the folder, with their targets. */
  outerLinks?: Record<string, string>;
  /** What its folder has that is not copied, by name; of folders that are copied in part, nothing is listed. */
  leftOut?: string[];
  /** The bytes of each file and folder directly in its folder, the largest first. */
  sizes?: { name: string; size: number }[];
  /** Sockets, devices and similar files, which are not copied. */
  skipped: string[];
  /** Variables that Compose gets in the VM. */
  variables: Record<string, string>;
  /** For inline services: the variables without a value that they use, as `SERVICE: NAME`. */
  unset?: string[];
  /**
   * The generated override file, the last `-f`: rewrites every GPU request for the guest's engine.
   */
  override?: string;
  /**
   * For a Compose that cannot replace lists in an override file: the rewritten Compose files, by
   * path relative to the folder.
   */
  rewritten?: Record<string, string>;
}

/** The stacks of a config, as they were read. */
export interface Stacks {
  /**
   * Those of its machines, and for each machine whose inline services use variables or env files a project named
   * `homelab-gpu` with these files.
   */
  own: Project[];
  /** Those of its Swarm. */
  inSwarm: Project[];
}

/**
 * Whether a project has anything to copy or run. A project that only lists unset variables has not.
 */
export function isCarried({ composeFiles, files, variables }: Project): boolean {
  return composeFiles.length > 0 || Object.keys(files).length > 0 || Object.keys(variables).length > 0;
}

/**
 * Names of Compose files; the first one that exists counts (compose-go, cli/options.go,
 * DefaultFileNames; read 2026-11).
 */
export const composeFileNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** Names of override files, added if they exist (DefaultOverrideFileNames). */
const overrideFileNames = [
  ...["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"],
];

/** The folder of generated files in the copy. A folder of this name is never copied. */
export const ownFolder = ".homelab-gpu";

/**
 * The Compose files of a folder, relative to it: those in `COMPOSE_FILE`, else the first default
 * name that exists and its override. `names`: the files in the folder. `variables`: those of `.env`
 * and of the stack. Empty if there is none.
 */
export function composeFilesOf(names: string[], variables: Record<string, string>): string[] {
  const named = variables.COMPOSE_FILE;
  if (named) return named.split(variables.COMPOSE_PATH_SEPARATOR || ":").filter((name) => name !== "");
  const first = composeFileNames.find((name) => names.includes(name));
  if (first === undefined) return [];
  const override = overrideFileNames.find((name) => names.includes(name));
  return [first, ...(override ? [override] : [])];
}

/**
 * Which paths of a folder are copied: all but those in `.dockerignore`. Compose files, `.env` and
 * the files that the project `names` are always copied, since `.dockerignore` is meant for builds.
 */
export function travelRules(dockerignore: string, composeFiles: string[], names: string[] = []) {
  const rules = ignoreRules(dockerignore);
  const always = new Set([...composeFiles, ".env", ".dockerignore", ...names].map((path) => path.replace(/^\.\//, "")));
  const above = [...always].flatMap((path) =>
    path.split("/").slice(0, -1).map((_, i, all) => all.slice(0, i + 1).join("/"))
  );
  return {
    travels: (path: string) => always.has(path) || (path !== ownFolder && !rules.ignores(path)),
    enters: (folder: string) => folder !== ownFolder && (above.includes(folder) || !rules.prunes(folder)),
  };
}

/**
 * The patterns of a stack's `.dockerignore`, after this toolkit's config and script, which are not
 * the project's, and the folder of Git unless a service `reads` the folder itself: builds from it
 * or mounts it, and so may use its history. `!.git` in `.dockerignore` brings it back.
 */
export const ignorePatterns = (dockerignore: string, reads: boolean) =>
  `homelab-gpu.yaml\nhomelab-gpu.m[jt]s\n${reads ? "" : ".git\n"}${dockerignore}`;

/**
 * The project of a stack, from the entries of its folder. Ignored entries are left out, and so are
 * folders that were read only for an exception.
 */
export function projectOf(
  stack: Stack,
  { composeFiles, dockerignore, named = [], names = [], entries, variables }: {
    composeFiles: string[];
    dockerignore: string;
    named?: string[];
    /** The names in its folder. */
    names?: string[];
    entries: Entry[];
    variables: Record<string, string>;
  },
): Project {
  const { travels } = travelRules(dockerignore, composeFiles, named);
  const taken = entries.filter(({ path }) => travels(path));
  const carried = taken.filter(({ kind }) => kind !== "other");
  const sizes = new Map<string, number>();
  for (const { path, kind, size } of carried) {
    const [name = ""] = path.split("/");
    sizes.set(name, (sizes.get(name) ?? 0) + (kind === "file" ? size : 0));
  }
  const owner = carried.find(({ path }) => path === composeFiles[0])?.uid;
  return {
    ...stack,
    composeFiles,
    variables,
    files: Object.fromEntries(carried.map((entry) => [entry.path, signature(entry, owner)])),
    folders: Object.fromEntries(
      carried.filter(({ kind }) => kind === "folder").map(({ path, mode, uid }) => [
        path,
        { mode, ...(uid === undefined ? {} : { uid }) },
      ]),
    ),
    outerLinks: Object.fromEntries(
      carried.flatMap(({ path, target }) =>
        target !== undefined && /^\/|^\.\.(\/|$)/.test(isAbsolute(target) ? target : join(dirname(path), target))
          ? [[path, target]]
          : []
      ),
    ),
    leftOut: names.filter((name) =>
      name !== ownFolder && !entries.some((one) => one.path === name && travels(name)) && !sizes.has(name)
    ),
    sizes: [...sizes].map(([name, size]) => ({ name, size })).sort((a, b) => b.size - a.size),
    size: carried.reduce((sum, { kind, size }) => sum + (kind === "file" ? size : 0), 0),
    skipped: taken.filter(({ kind }) => kind === "other").map(({ path }) => path),
  };
}

/**
 * A text that changes with an entry: kind, mode, size, time of change, and its owner, if that is another one than
 * `owner`. A folder's time changes with its contents and is not used.
 */
function signature({ kind, mode, size, mtime, target, uid }: Entry, owner: number | undefined): string {
  const bits = mode.toString(8).padStart(4, "0");
  const other = uid === owner ? "" : `-u${uid}`;
  if (kind === "folder") return `d${bits}${other}`;
  if (kind === "link") return `l${createHash("sha256").update(target ?? "").digest("hex").slice(0, 16)}`;
  return `f${bits}-${size}-${mtime}${other}`;
}

/** The permission bits of the files of a project, from their signatures; empty for files of Windows, which has none. */
export function modesOf({ path, files }: Pick<Project, "path" | "files">): Record<string, number> {
  if (/^[A-Za-z]:/.test(path)) return {};
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, signed]) => {
      const [, bits] = /^f(\d{4})-/.exec(signed) ?? [];
      return bits === undefined ? [] : [[name, parseInt(bits, 8)]];
    }),
  );
}

/**
 * A project's files as sorted lines `SIGNATURE PATH`. The VM compares them with those of its last
 * copy.
 */
export function manifestText(files: Record<string, string>): string {
  return Object.keys(files).sort().map((path) => `${files[path]} ${path}\n`).join("");
}

/**
 * SHA-256 of everything that decides what runs: files, Compose files, profiles, variables. The
 * generated override file depends only on these and on the guest, so it is left out.
 */
export function projectDigest({ composeFiles, profiles, variables, files, compose }: Project): string {
  const names = Object.keys(variables).sort();
  const parts = [composeFiles, profiles, names.map((name) => [name, variables[name]]), ...(compose ? [compose] : [])];
  return createHash("sha256").update(`${JSON.stringify(parts)}\n${manifestText(files)}`).digest("hex");
}

/**
 * Variables of the login session. A service does not get them: paths and names of the host mean
 * nothing in a VM.
 */
const ofSession =
  /^(HOME|PATH|PWD|OLDPWD|USER|LOGNAME|SHELL|SHLVL|TERM|LANG|LANGUAGE|LC_.*|TMPDIR|TEMP|TMP|HOSTNAME|DISPLAY|XDG_.*|SSH_.*|_)$/;

/**
 * Names of variables that a Compose file takes from its caller's environment: those in `${NAME}`,
 * and those under `environment` without a value. Comments may add names; their values are not used.
 */
export function variableNames(text: string): string[] {
  const bare = [...text.matchAll(/^[ \t]*(?:-[ \t]+["']?([A-Za-z_]\w*)["']?|([A-Za-z_]\w*):)[ \t]*(?:#.*)?$/gm)].map(
    ([, item, key]) => item ?? key!,
  );
  return [...new Set([...variablesIn(text), ...bare])].filter((name) => !ofSession.test(name));
}

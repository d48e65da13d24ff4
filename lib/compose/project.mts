/** A Compose project that is copied into a VM: which files it has, what travels, and what identifies its state. */
import { createHash } from "node:crypto";
import type { Entry } from "../shell.mts";
import type { Stack } from "../config/types.mts";
import { ignoreRules } from "./dockerignore.mts";

/** A stack's folder as it was read. */
export interface Project extends Stack {
  /** Its Compose files in the order of `-f`, relative to the folder. */
  composeFiles: string[];
  /** What travels: by path relative to the folder, something that changes with its contents, mode, owner or time. */
  files: Record<string, string>;
  /** Size of what travels, bytes. */
  size: number;
  /** Sockets, devices and the like, which do not travel. */
  skipped: string[];
  /** Variables that its Compose gets in the VM. */
  variables: Record<string, string>;
  /** Of inline services: variables without a value that they use, as `SERVICE: NAME`. */
  unset?: string[];
  /** Our own file behind its `-f`s: every way of asking for a GPU as the guest's engine understands it. */
  override?: string;
  /** For a Compose in which a further file cannot replace lists: Compose files with that in them, by path relative to the folder. */
  rewritten?: Record<string, string>;
}

/** Whether a project has anything that is copied or run: one that only says what is unset has not. */
export function isCarried({ composeFiles, files, variables }: Project): boolean {
  return composeFiles.length > 0 || Object.keys(files).length > 0 || Object.keys(variables).length > 0;
}

/** Names of Compose files, the first that is there counts (compose-go, cli/options.go, DefaultFileNames; read 2026-11). */
export const composeFileNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** Files that are added to it where they are there (DefaultOverrideFileNames). */
export const overrideFileNames = [
  ...["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"],
];

/** Where our own files of a project lie in what is copied: no folder of that name travels. */
export const ownFolder = ".homelab-gpu";

/**
 * The Compose files of a folder, relative to it: those that `COMPOSE_FILE` names, else the first of Compose's names that is there and its
 * override. `names` are those in the folder, `variables` those of `.env` and the stack's own. Empty if there is none.
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
 * Which paths of a folder travel: all but those that `.dockerignore` names. Compose's own files, `.env` and the files that the project
 * `names` always do: `.dockerignore` is about what a build copies.
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

/** A project of a stack, from what its folder has. Entries that are ignored, or folders that an exception alone made readable, are left out. */
export function projectOf(
  stack: Stack,
  { composeFiles, dockerignore, named = [], entries, variables }: {
    composeFiles: string[];
    dockerignore: string;
    named?: string[];
    entries: Entry[];
    variables: Record<string, string>;
  },
): Project {
  const { travels } = travelRules(dockerignore, composeFiles, named);
  const taken = entries.filter(({ path }) => travels(path));
  const carried = taken.filter(({ kind }) => kind !== "other");
  return {
    ...stack,
    composeFiles,
    variables,
    files: Object.fromEntries(carried.map((entry) => [entry.path, signature(entry)])),
    size: carried.reduce((sum, { kind, size }) => sum + (kind === "file" ? size : 0), 0),
    skipped: taken.filter(({ kind }) => kind === "other").map(({ path }) => path),
  };
}

/** One word that changes with what an entry is: kind, mode, size and time of change; a folder's time changes with what is in it. */
function signature({ kind, mode, size, mtime, target }: Entry): string {
  const bits = mode.toString(8).padStart(4, "0");
  if (kind === "folder") return `d${bits}`;
  if (kind === "link") return `l${createHash("sha256").update(target ?? "").digest("hex").slice(0, 16)}`;
  return `f${bits}-${size}-${mtime}`;
}

/** A project's files as lines `SIGNATURE PATH`, in one order: what the VM compares with what it got last. */
export function manifestText(files: Record<string, string>): string {
  return Object.keys(files).sort().map((path) => `${files[path]} ${path}\n`).join("");
}

/**
 * SHA-256 over everything that decides what runs: files, Compose files, profiles, variables. Our own file follows from these and the guest,
 * and need not be known to see that nothing changed.
 */
export function projectDigest({ composeFiles, profiles, variables, files }: Project): string {
  const names = Object.keys(variables).sort();
  const parts = [composeFiles, profiles, names.map((name) => [name, variables[name]])];
  return createHash("sha256").update(`${JSON.stringify(parts)}\n${manifestText(files)}`).digest("hex");
}

/** Variables of a session, which are not those of a service: a path or a name of the host means nothing in a VM. */
const ofSession =
  /^(HOME|PATH|PWD|OLDPWD|USER|LOGNAME|SHELL|SHLVL|TERM|LANG|LANGUAGE|LC_.*|TMPDIR|TEMP|TMP|HOSTNAME|DISPLAY|XDG_.*|SSH_.*|_)$/;

/**
 * Names of variables that a Compose file takes from its caller's environment: those in `${NAME}`, and those under `environment` that have
 * no value. Comments may add names; what is passed for them is not used.
 */
export function variableNames(text: string): string[] {
  const filled = [...text.replaceAll("$$", "").matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name]) => name!);
  const bare = [...text.matchAll(/^[ \t]*(?:-[ \t]+["']?([A-Za-z_]\w*)["']?|([A-Za-z_]\w*):)[ \t]*(?:#.*)?$/gm)].map(
    ([, item, key]) => item ?? key!,
  );
  return [...new Set([...filled, ...bare])].filter((name) => !ofSession.test(name));
}

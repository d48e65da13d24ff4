import { basename, isAbsolute, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { shellCommand } from "./render.mts";

/** The version of this program, and its name in commands for users. */

/** The version, as in package.json. */
export const version = "0.1.0";

/** What a runtime says about how it was started. */
export interface Started {
  argv: string[];
  argv0: string;
  execArgv: string[];
  /** The current folder; undefined if it was deleted. */
  folder: string | undefined;
  home: string | undefined;
  path: string | undefined;
  isWindows: boolean;
  isDeno: boolean;
  /** The file that this code is in: of a copy that is one file, the script itself, whatever its name. */
  file?: string;
}

const ownName = /^homelab-gpu(\.m[tj]s)?$/;

/**
 * How the user started this program, for the commands in its messages: `npx zx homelab-gpu.mts`, `node
 * dotfiles/homelab-gpu.mjs`, `deno run -A homelab-gpu.mts`. Undefined if another script started it.
 */
export function commandOf(started: Started): string | undefined {
  const { argv, execArgv, isDeno, file } = started;
  const isOwn = (word: string) =>
    ownName.test(basename(word)) || file !== undefined && basename(word) === basename(file);
  const at = argv.findIndex((word, i) => i > 0 && isOwn(word));
  if (at < 1) return undefined;
  const word = (text: string) => commandWord(text, started.isWindows);
  // Node and Deno give the script's whole path, zx gives what was typed
  // Windows' PowerShell takes npx for npx.ps1, which its execution policy may refuse
  const npx = started.isWindows ? "npx.cmd" : "npx";
  if (at > 1) return /^(zx|cli\.js)$/.test(basename(argv[1]!)) ? `${npx} zx ${word(argv[at]!)}` : undefined;
  const script = shortPath(argv[at]!, started);
  if (isDeno) return `deno run -A ${script}`;
  if (execArgv.some((one) => /tsx[\\/]dist[\\/]preflight/.test(one))) return `${npx} tsx ${script}`;
  return [nodeOf(started), ...execArgv.map(word), script].join(" ");
}

/** A path as people type it: relative to the current folder or to the home folder, if it is in one of them. */
function shortPath(path: string, { folder, home, isWindows }: Started): string {
  const within = (place: string | undefined) => {
    const rest = place === undefined || place === "" ? "" : relative(place, path);
    return rest === "" || rest.startsWith("..") || isAbsolute(rest) ? undefined : rest;
  };
  const here = within(folder);
  if (here !== undefined) return commandWord(here, isWindows);
  const below = isWindows ? undefined : within(home);
  const short = below === undefined ? undefined : `~/${below}`;
  // the shell does not read ~ in quotes
  return short === undefined || shellCommand(short) !== short ? commandWord(path, isWindows) : short;
}

/** `node`, or its path where `PATH` does not have that folder. */
function nodeOf({ argv0, path = "", isWindows }: Started): string {
  const folder = argv0.slice(0, -basename(argv0).length - 1);
  const isFound = folder === "" || path.split(":").includes(folder);
  return isWindows ? "node" : shellCommand(isFound ? basename(argv0) : argv0);
}

/** A word as people type it: in quotes only if they are necessary. */
function commandWord(word: string, isWindows: boolean): string {
  if (!isWindows) return shellCommand(word);
  return /^[\w@+=:,.\\/~-]+$/.test(word) ? word : `"${word}"`;
}

let found: string | undefined;

/**
 * The command line for a command of this program, as the user started it: `up --recreate` → `npx zx
 * homelab-gpu.mts up --recreate`. A program that starts this one sets `HOMELAB_GPU_COMMAND` to the command that the
 * user typed.
 */
export function self(command: string): string {
  found ??= commandOf({
    argv: process.argv,
    argv0: process.argv0,
    execArgv: process.execArgv,
    folder: currentFolder(),
    home: process.env.HOME,
    path: process.env.PATH,
    isWindows: process.platform === "win32",
    isDeno: "Deno" in globalThis,
    ...(import.meta.url.startsWith("file:") ? { file: fileURLToPath(import.meta.url) } : {}),
  }) ?? `${process.platform === "win32" ? "npx.cmd" : "npx"} zx homelab-gpu.mts`;
  return `${process.env.HOMELAB_GPU_COMMAND || found} ${command}`;
}

function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

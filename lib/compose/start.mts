/** What a service runs when its container starts. */
import type { BuiltStart } from "./dockerfile-start.mts";
import type { ComposeService } from "./types.mts";

/** What a service runs: its words, and where they are written. */
export interface Start {
  words: string[];
  /** The key of the service that has the program; undefined if its Dockerfile has it. */
  key?: "entrypoint" | "command";
  /** The line of the Dockerfile that has the program. */
  line?: number;
}

/**
 * What a service runs, from its own keys and its Dockerfile. An entrypoint of the service replaces the image's command
 * too (compose-spec, entrypoint). Empty words: the base image decides.
 */
export function startOf({ entrypoint, command }: ComposeService, built?: BuiltStart): Start {
  const own = wordsOf(entrypoint);
  const command2 = wordsOf(command);
  if (own.length > 0) return { words: [...own, ...command2], key: "entrypoint" };
  const of = entrypoint === undefined || entrypoint === null ? built?.entrypoint : undefined;
  const second = command2.length > 0 ? command2 : built?.command?.words ?? [];
  if (of) return { words: [...of.words, ...second], line: of.line };
  if (command2.length > 0) return { words: command2, key: "command" };
  return { words: second, ...(built?.command ? { line: built.command.line } : {}) };
}

/** The words of a command: those of a list, or those that Compose splits a text into. */
function wordsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  if (typeof value !== "string") return [];
  return [...value.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) =>
    double ?? single ?? plain!
  );
}

const wrappers = /^(\S*\/)?(tini|tini-static|dumb-init|catatonit)$/;
const shells = /^(\S*\/)?(ba|da|a|z)?sh$/;

/** The program that a start runs, behind a small init. `byShell`: it is the script of a shell. */
export function programOf({ words }: Start): { path: string; byShell: boolean } | undefined {
  const from = wrappers.test(words[0] ?? "") ? words.findIndex((one, i) => i > 0 && !one.startsWith("-")) : 0;
  const [first = "", second = ""] = from < 0 ? [] : words.slice(from);
  const byShell = shells.test(first);
  const path = byShell ? second : first;
  const isPath = /^[\w./@+-]*\/[\w./@+-]+$/.test(path) || (byShell && /^\w[\w.-]*\.sh$/.test(path));
  return isPath ? { path, byShell } : undefined;
}

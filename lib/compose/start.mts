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
  const [ownEntrypoint, ownCommand] = [wordsOf(entrypoint), wordsOf(command)];
  if (ownEntrypoint.length > 0) return { words: [...ownEntrypoint, ...ownCommand], key: "entrypoint" };
  const ofImage = entrypoint === undefined || entrypoint === null ? built?.entrypoint : undefined;
  const rest = ownCommand.length > 0 ? ownCommand : built?.command?.words ?? [];
  if (ofImage) return { words: [...ofImage.words, ...rest], line: ofImage.line };
  if (ownCommand.length > 0) return { words: ownCommand, key: "command" };
  return { words: rest, ...(built?.command ? { line: built.command.line } : {}) };
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

/** What a Dockerfile says of the start of its image: the folder, the entrypoint, the command, and the copied files. */
import { join } from "node:path/posix";
import { fromPattern, heredocsIn, instructionsOf } from "./dockerfile-instructions.mts";
import { stageAt } from "./dockerfile-stages.mts";

/** A command of a Dockerfile. */
export interface BuiltCommand {
  /** Its words; those of the shell form follow `/bin/sh -c`. */
  words: string[];
  /** The line of its instruction, from 1. */
  line: number;
}

/** How the image of a build starts, as far as its Dockerfile shows it. */
export interface BuiltStart {
  /** The last WORKDIR, absolute; undefined if the Dockerfile has none whose value is known. */
  folder?: string;
  entrypoint?: BuiltCommand;
  command?: BuiltCommand;
  /** What is copied from the build context, in this order: paths in the context, and where they go, absolute. */
  copies: { sources: string[]; target: string }[];
  /** The image that the last stage starts from, as written. */
  base: string;
  /** A RUN or COPY changes the modes of files, or may change them in a here-document, which is not read. */
  changesModes: boolean;
  /** A RUN removes the line ends of Windows, or may remove them in a here-document. */
  changesLineEnds: boolean;
}

/**
 * How the last stage, or the stage `target`, starts, with what it takes from the stages of this Dockerfile that it is
 * built on. `values`: of the variables that are known. Undefined for another syntax, or without such a stage
 * (docs.docker.com/reference/dockerfile: ENTRYPOINT, CMD, WORKDIR and COPY; read 2026-11-28).
 */
export function builtStart(
  text: string,
  values: Record<string, string | null>,
  target?: string,
): BuiltStart | undefined {
  const stages: { name?: string; image: string; copies: string[]; start: BuiltStart }[] = [];
  const known: Record<string, string> = {};
  for (const { text: instruction, line } of instructionsOf(text) ?? []) {
    const [, image, name] = fromPattern.exec(instruction) ?? [];
    if (image !== undefined) {
      const base = stages[stageAt(stages, image, stages.length)];
      const start = base
        ? { ...base.start, copies: [...base.start.copies] }
        : { base: image, copies: [], changesModes: false, changesLineEnds: false };
      stages.push({ image, ...(name ? { name: name.toLowerCase() } : {}), copies: [], start });
      continue;
    }
    for (const [key, value] of settings(instruction)) {
      const given = /^\s*ARG/i.test(instruction) && Object.hasOwn(values, key) ? values[key] : undefined;
      const filled = given ?? fill(value, known);
      if (filled !== undefined && filled !== "") known[key] = filled;
    }
    const start = stages.at(-1)?.start;
    if (start) take(start, instruction, line, known);
  }
  const at = target === undefined ? stages.length - 1 : stageAt(stages, target, stages.length);
  return stages[at]?.start;
}

function take(start: BuiltStart, instruction: string, line: number, known: Record<string, string>): void {
  const [, key = "", rest = ""] = /^\s*([A-Za-z]+)\s+(.*)$/s.exec(instruction) ?? [];
  const folder = start.folder ?? "/";
  switch (key.toUpperCase()) {
    case "WORKDIR": {
      const path = fill(rest.trim().replace(/^(["'])(.*)\1$/, "$2"), known);
      if (path === undefined || (!path.startsWith("/") && start.folder === undefined)) delete start.folder;
      else start.folder = path.startsWith("/") ? path.replace(/(.)\/+$/, "$1") : join(folder, path);
      break;
    }
    case "ENTRYPOINT":
      start.entrypoint = { words: wordsOf(rest), line };
      // the one of the base image does not count then
      delete start.command;
      break;
    case "CMD":
      start.command = { words: wordsOf(rest), line };
      break;
    case "COPY":
    case "ADD": {
      const [, flags = "", paths = ""] = /^((?:--\S+\s+)*)(.*)$/s.exec(rest.trim()) ?? [];
      if (/--chmod\b/i.test(flags)) start.changesModes = true;
      if (/--from\b/i.test(flags)) break;
      const words = /^\s*\[/.test(paths) ? jsonWords(paths) ?? [] : paths.trim().split(/\s+/);
      const to = fill(words.at(-1) ?? "$", known);
      const sources = words.slice(0, -1).flatMap((one) => fill(one, known) ?? []);
      if (to === undefined || (!to.startsWith("/") && start.folder === undefined)) break;
      start.copies.push({ sources, target: to.startsWith("/") ? to : join(folder, to) });
      break;
    }
    case "RUN": {
      const hasHeredoc = heredocsIn(rest).length > 0;
      if (hasHeredoc || /\b(chmod|install\s+-)/.test(rest)) start.changesModes = true;
      if (hasHeredoc || /\\r|dos2unix/.test(rest)) start.changesLineEnds = true;
    }
  }
}

/** The variables that an ARG or ENV sets. */
function settings(instruction: string): [string, string][] {
  const [, kind = "", rest = ""] = /^\s*(ARG|ENV)\s+(.*)$/is.exec(instruction) ?? [];
  if (kind === "") return [];
  const pairs = [...rest.matchAll(/(\w+)=("[^"]*"|'[^']*'|\S*)/g)].map(([, key, value]) =>
    [key!, value!.replace(/^(["'])(.*)\1$/s, "$2")] as [string, string]
  );
  const [, key, value = ""] = /^(\w+)(?:\s+(.*))?$/s.exec(rest.trim()) ?? [];
  return pairs.length > 0 ? pairs : key === undefined ? [] : [[key, value]];
}

/** A text with its variables filled in; undefined if one of them is not known. */
function fill(text: string, known: Record<string, string>): string | undefined {
  const filled = text.replace(
    /\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g,
    (whole, braced, fallback, plain) => known[braced ?? plain] ?? fallback ?? whole,
  );
  return filled.includes("$") ? undefined : filled;
}

/** The words of the exec form, or of the shell form behind its shell. */
const wordsOf = (text: string): string[] =>
  (/^\s*\[/.test(text) ? jsonWords(text) : undefined) ?? ["/bin/sh", "-c", text.trim()];

function jsonWords(text: string): string[] | undefined {
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((one) => typeof one === "string") ? words : undefined;
  } catch {
    return undefined;
  }
}

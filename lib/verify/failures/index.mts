/**
 * Known error texts of libvirt, QEMU, the kernel, Vagrant, Packer, Docker and NVIDIA, each with its
 * check and fixes, as data.
 */
import type { Finding } from "../../findings.mts";
import { type Catalogue, catalogueOf, type Index } from "./catalogue.mts";
import { firstErrorIn } from "./first-error.mts";
import { fixesFor } from "./named-fixes.mts";
import { lists } from "./lists.mts";
import { lineAt, lineStarts } from "../../places.mts";
import { matcher } from "./match.mts";
import { readPaste } from "./paste.mts";
import { ready } from "./ready.mts";
import { reasonIn, withReason } from "./reasons.mts";
import { type Cause, type Failure, layers, type Setting, type Strength } from "./types.mts";

export type { Cause, Failure, Setting } from "./types.mts";

/** Every entry of the catalogue, in its order. */
export const failures = (): Failure[] => catalogue().all();

/** What a search needs of the catalogue as plain data: the one-file build has it. */
export const catalogueIndex = (): Index => catalogue().index;

let created: Catalogue | undefined;
const catalogue = (): Catalogue => created ??= catalogueOf(lists, ready());

const order: Strength[] = ["cause", "symptom", "note"];
/** A line of a detailed log that is no error for the program that wrote it, since it tries again. */
const quiet = /^ {0,2}(?:INFO|DEBUG|TRACE) |\[(?:INFO|DEBUG|TRACE)\]|\blevel=(?:info|debug|trace)\b/;
/** A line of a log with levels that is only a warning: one of `ERROR` comes before it. */
const warned = /^\S{1,40} .{0,60}\bWARN {1,6}|\[WARN\]|\blevel=warn(?:ing)?\b/;
let find: ReturnType<typeof matcher> | undefined;

/**
 * Finds the failures that a log shows: each once, with the first line that shows it. Causes come
 * before symptoms and notes, and lower layers before upper ones, so the first is the likely cause
 * and the others usually follow from it.
 *
 * @param text the log, in any form in which people paste it
 * @param setting what is known about the machine that wrote it
 */
export function likelyCauses(text: string, setting: Setting = {}): Cause[] {
  const paste = readPaste(text);
  find ??= matcher(catalogue());
  const matches = find(paste, setting.program !== undefined);
  if (matches.length === 0) return [];
  const starts = lineStarts(paste.text);
  const placed = matches.map((match) => ({ ...match, line: lineAt(starts, match.start) }));
  const strength = ({ failure }: { failure: Failure }) => order.indexOf(failure.strength ?? "cause");
  /** Strength and, of equal ones, whether the program that wrote the line took it for an error. */
  const weight = (one: typeof placed[number]) =>
    strength(one) + levelOf(paste.shown[one.line]!.slice(0, 160), strength(one) === 0);
  const counting = placed.filter((one) =>
    !placed.some((other) =>
      (other.rank < one.rank || (one.failure.fallback && !other.failure.fallback)) &&
      (one.failure.fallback || (!other.failure.fallback && strength(other) <= strength(one))) &&
      (other.line === one.line || (other.start < one.end && one.start < other.end))
    )
  );
  const telling = counting.filter(({ failure }) => !failure.fallback);
  // a note says nothing about a failure, so it does not replace an entry for a failure of unknown cause
  const fails = telling.some((one) => strength(one) < 2);
  // of two entries that say little about containers, the first of the catalogue says more
  const layer = ({ failure }: { failure: Failure }) =>
    Math.min(layers.indexOf(failure.layer), failure.fallback ? layers.indexOf("docker") : Infinity);
  const episode = episodes(telling.map(({ line }) => line));
  const fit = fixesFor(paste.text, setting.host);
  return (fails || setting.specific ? telling : counting)
    .sort((a, b) =>
      weight(a) - weight(b) || layer(a) - layer(b) ||
      // of two causes, and of two symptoms that are far from each other, the earlier line comes first, since it led
      // to the other; of near symptoms, the more specific one
      (strength(a) === 0 ? 0 : episode(a.line) - episode(b.line)) ||
      (strength(a) === 0 ? a.line - b.line : a.rank - b.rank)
    )
    .map((
      { failure: { pattern: _, near: __, fallback: ___, fix, strength = "cause", ...rest }, line, start, end },
    ) => {
      const shown = paste.shown.slice(line, lineAt(starts, Math.max(start, end - 1)) + 1).join("\n");
      const part = paste.text.slice(start, start + 40).split("\n")[0]!;
      return {
        ...rest,
        ...reasonOf(rest.message, shown.slice(Math.max(0, shown.indexOf(part)))),
        strength,
        fix: fit(typeof fix === "function" ? fix(setting) : fix, shown),
        line: around(paste.shown[line]!, part),
        number: line + 1,
      };
    });
}

/** The number of the part of a log that a line is in. Parts have no line of these in 30 lines between them. */
function episodes(lines: number[]): (line: number) => number {
  const starts = [...lines].sort((a, b) => a - b).filter((line, i, all) => line - (all[i - 1] ?? 0) > 30);
  return (line) => starts.filter((start) => start <= line).length;
}

/** How little the program that wrote a line took it for an error; some write symptoms as warnings. */
const levelOf = (line: string, isCause: boolean) => quiet.test(line) ? 0.5 : isCause && warned.test(line) ? 0.25 : 0;

/** The first line of a log that reports an error, known or not: see {@link firstErrorIn}. */
export const firstError = (text: string) => firstErrorIn(readPaste(text).shown);

/** Returns a cause in the form of a finding. */
export function asFinding({ check, message, reason, fix, line, number, strength }: Cause): Finding {
  const status = strength === "note" ? "warn" : "fail";
  return {
    check,
    machine: null,
    status,
    message: withReason(message, reason),
    evidence: [{ read: `line ${number}`, value: line }],
    fix,
  };
}

/** The reason in the lines of an error, if its message leaves the reason to them. */
function reasonOf(message: string, shown: string): { reason?: string } {
  const reason = reasonIn(shown);
  return reason === undefined || withReason(message, reason) === message ? {} : { reason };
}

/**
 * The relevant part of a line, at most 200 characters, without anything that can move the
 * terminal's cursor.
 */
function around(line: string, part: string): string {
  const start = line.length > 200 ? Math.max(0, line.indexOf(part) - 60) : 0;
  return line.slice(start, start + 200).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
}

import type { Fix } from "../../findings.mts";
import { manualFix } from "../../fixes.mts";
import type { Failure, Strength } from "./types.mts";

/**
 * One entry in short form: check, strength (`fallback`: a symptom that is left out where another
 * entry matches), pattern, meaning, fixes. A text is a fix without a command.
 */
export type Row = [
  check: string,
  strength: Strength | "fallback",
  pattern: RegExp,
  message: string,
  ...fix: (string | Fix)[],
];

/** Entries that share their layer, context and source. */
export function rows(shared: Pick<Failure, "layer" | "source" | "near" | "shared">, list: Row[]): Failure[] {
  return list.map(([check, strength, pattern, message, ...fix]): Failure => ({
    pattern,
    check,
    strength: strength === "fallback" ? "symptom" : strength,
    ...(strength === "fallback" ? { fallback: true } : {}),
    message,
    fix: fix.map((one) => typeof one === "string" ? manualFix(one) : one),
    ...shared,
  }));
}

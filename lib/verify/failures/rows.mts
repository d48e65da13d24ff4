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

/**
 * Error numbers of Windows (HRESULT) as programs print them: hexadecimal, as a decimal with and without sign; those
 * of HCS also as NTSTATUS (0xC037…).
 */
export const hresult = (...numbers: number[]): RegExp =>
  new RegExp(
    `(?:${
      numbers.flatMap((one) => one >>> 16 === 0x8037 ? [one, one + 0x40000000] : [one])
        .flatMap((one) => [`0x${one.toString(16)}`, `${one - 0x100000000}`, `\\b${one}`]).join("|")
    })(?![\\da-f])`,
    "i",
  );

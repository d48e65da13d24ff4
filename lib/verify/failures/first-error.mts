/** Finds the first line of a log that reports an error, for a log without a known one. */
import { anyOf } from "../../text.mts";

/** Words with which programs report a failure. */
const words =
  /\b(?:errors?|err|fatal|fail(?:ed|ure|s)?|cannot|can't|couldn't|could not|unable to|denied|refused|panic(?:ked)?|exception|not found|no such|invalid|unsupported|critical|aborted|timed out|crash(?:ed)?|killed|faulted|suspended|segfault|segmentation fault|unavailable)\b|(?:Error|Exception)\b/i;
/** Counts and values that say that nothing failed, and settings about errors. */
const fine = anyOf(
  /\b(?:0|no|without|zero) (?:\w+ )?(?:errors?|failures?|failed)\b/i,
  /\b(?:err(?:or)?s?|failed|denied|refused)(?: count)?["']?[=:] ?["']?(?:0|<?nil>?|none|null|false|\[\])(?=["',;)}\]]|\s*$|\s+\w+=)/,
  /\bon-failure\b|--fail\b|\berror\.log\b|\blog[_ ]level\b/,
);

/**
 * Returns the first line that reports an error, and its number, starting at 1. The line is at most
 * 120 characters long and has no control characters.
 */
export function firstErrorIn(lines: string[]): { number: number; line: string } | undefined {
  const index = lines.findIndex((line) => words.test(line.slice(0, 2000)) && !fine.test(line.slice(0, 2000)));
  if (index < 0) return undefined;
  const line = lines[index]!.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  const at = words.exec(line)?.index ?? 0;
  const start = line.length > 120 ? Math.max(0, at - 60) : 0;
  return { number: index + 1, line: line.slice(start, start + 120) };
}

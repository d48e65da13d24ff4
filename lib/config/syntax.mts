/** Messages for invalid YAML where the parser's own are not clear. */

import type { Problem } from "../errors.mts";
import { findSlips } from "./indentation.mts";
import type { Lexeme } from "./lexemes.mts";
import { mistakeOf } from "./syntax-mistakes.mts";

/** An error of the package `yaml`: its code, the offset at which it begins, its message. */
interface SyntaxIssue {
  code: string;
  at: number;
  message: string;
}

/**
 * Problems of a text that is not valid YAML: lines indented differently from their siblings, and at
 * most one error per line, since further ones usually follow from the first. `lexemes` gives those
 * of the text, `place` line and column of an offset.
 */
export function syntaxProblems(
  text: string,
  lexemes: () => Iterable<Lexeme>,
  errors: SyntaxIssue[],
  place: (at: number) => { line: number; column: number },
): Problem[] {
  if (errors.length === 0 && !mayHaveSlips(text)) return [];
  const conflicts = [...text.matchAll(/^<{7} /gm)];
  // other errors follow from these lines
  if (errors.length > 0 && conflicts.length > 0) {
    return conflicts.map(({ index }) => ({ ...place(index), ...conflict }));
  }
  const slips = findSlips(text, lexemes()).filter(({ isText }) => isText || errors.length > 0);
  const problems: Problem[] = slips.map(({ line, indent, message, instead }) => (
    { line, column: indent + 1, message, instead }
  ));
  const lines = new Set(slips.map(({ line }) => line));
  // a list with dashes in brackets causes more errors, like a key without a colon
  let colonMissing = errors.some(({ code, at }) => code === "BLOCK_IN_FLOW" && isDash(text, at));
  const open = errors.length > 0 ? openings(lexemes()) : undefined;
  for (const { code, at: reported, message } of errors) {
    const at = /directives-end/.test(message) ? directiveBefore(text, reported) : reported;
    const { line } = place(at);
    if (implicitKey.includes(code)) {
      if (colonMissing) continue;
      colonMissing = code === "MULTILINE_IMPLICIT_KEY";
    }
    // an unexpected token usually follows from an earlier error
    if (lines.size > 0 && code === "UNEXPECTED_TOKEN") continue;
    if (lines.has(line) || (slips.length > 0 && isFromIndentation(code, message))) continue;
    lines.add(line);
    if (/call stack/.test(message)) {
      problems.push({ ...place(at), message: "this is nested too deeply" });
    } else {
      const isKey = code === "BLOCK_IN_FLOW" && !isDash(text, at);
      const begun = isKey ? secondKeyAt(text, at) : undefined;
      const { begins, message: why, instead } = !isKey
        ? mistakeOf(code, message, open!.bracket.has(at))
        : begun === undefined
        ? mistakeOf("BLOCK_AS_IMPLICIT_KEY", "", true)
        : mistakeOf("MISSING_CHAR", "Missing , ", true);
      const assigned = assignmentIn(text, line);
      if (assigned !== undefined && ["MISSING_CHAR", "UNEXPECTED_TOKEN", ...implicitKey].includes(code)) {
        const { key, value, indent, sign, above } = assigned;
        const isPair = sign === ":" ? "a colon needs a space after it" : "a key needs a colon, not =";
        const why = above === undefined ? isPair : `this is not a key, and is not indented as the value of ${above}:`;
        const instead = above === undefined
          ? `${key}: ${value}`
          : `more spaces before it, or for a key ${sign === ":" ? "a space after the colon" : "a colon, not ="}`;
        problems.push({
          line,
          column: indent + 1,
          message: `this is not valid YAML: ${why}`,
          instead,
        });
        continue;
      }
      const start = begun ?? (begins && open?.[begins].get(at)) ?? at;
      const outdented = begins === "bracket" && isClosed(text, start);
      problems.push({
        ...place(start),
        message: `this is not valid YAML: ${outdented ? "the lines in these brackets have too few spaces" : why}`,
        ...(outdented ? { instead: "more spaces than its key has" } : instead ? { instead } : {}),
      });
    }
  }
  return problems;
}

/**
 * Whether valid YAML can contain an item that reads as text of the item above it, which takes items
 * in two columns.
 */
function mayHaveSlips(text: string): boolean {
  return new Set([...text.matchAll(/^[^\S\n]*(?=-\s|-$)/gm)].map(([blanks]) => blanks.length)).size > 1;
}

/** Error codes that a wrongly indented line causes, there and on later lines. */
const causedByIndentation = [
  ...["BAD_INDENT", "BLOCK_AS_IMPLICIT_KEY", "MULTILINE_IMPLICIT_KEY", "MISSING_CHAR", "UNEXPECTED_TOKEN"],
  ...["BLOCK_IN_FLOW", "IMPOSSIBLE"],
];

/**
 * Whether wrong indentation can cause a parser error: errors about a quote, a bracket or a comment
 * have other causes.
 */
function isFromIndentation(code: string, message: string): boolean {
  return causedByIndentation.includes(code) && !/closing .quote|^Comments|^Flow/.test(message);
}

/** Where the last line that begins with % starts before an offset: the parser reports the line after it. */
const directiveBefore = (text: string, at: number): number =>
  [...text.slice(0, at).matchAll(/^%/gm)].at(-1)?.index ?? at;

/** The lines that Git writes where two versions of a text differ. */
const conflict = {
  message: "a merge conflict of Git begins here",
  instead: "one of its two versions, without the marks",
};

/**
 * A line of the form `key = value`, as TOML and HCL have it, or `key:value`. `above`: the key without a value in the
 * line above, which has as many spaces or more.
 */
function assignmentIn(text: string, line: number) {
  const lines = text.split("\n");
  const [, blanks, key, equals, colon, value] =
    /^(\s*)([\w.-]+)(?:\s*(=)\s*|(:)(?!\/\/))(\S.{0,40}?)\s*$/.exec(lines[line - 1] ?? "") ?? [];
  if (key === undefined) return undefined;
  const before = lines.slice(0, line - 1).findLast((one) => !/^\s*(#|$)/.test(one)) ?? "";
  const [, outer = "", open] = /^([\s-]*)([\w.-]+):\s*(?:#.*)?$/.exec(before) ?? [];
  const above = open !== undefined && outer.length >= blanks!.length ? open : undefined;
  return { key, value: value!, indent: blanks!.length, sign: equals ?? colon, ...(above ? { above } : {}) };
}

/** Error codes of keys. */
const implicitKey = ["MULTILINE_IMPLICIT_KEY", "BLOCK_AS_IMPLICIT_KEY"];

/** Whether an item of a list begins at an offset. */
const isDash = (text: string, at: number): boolean => /^-\s/.test(text.slice(at, at + 2));

/** Whether the bracket at an offset has its end anywhere below; quotes are not read. */
function isClosed(text: string, at: number): boolean {
  const ends: string[] = [];
  for (const [bracket] of text.slice(at).matchAll(/[[\]{}]/g)) {
    if (bracket === "[" || bracket === "{") ends.push(bracket === "[" ? "]" : "}");
    else if (ends.pop() !== bracket) return false;
    if (ends.length === 0) return true;
  }
  return false;
}

/** Where the second key begins in `ai box: x` at an offset, which is in brackets and lacks a comma. */
function secondKeyAt(text: string, at: number): number | undefined {
  const [, before] = /^([^\s,:[\]{}"'-][^,:[\]{}\n]*\s)[^\s,:[\]{}]+:(?=\s)/.exec(text.slice(at, at + 1000)) ?? [];
  return before === undefined ? undefined : at + before.length;
}

/**
 * The offsets of unclosed quotes and brackets: of a quote by the offset at which its text ends, of
 * a bracket by the offset of a lexeme inside it.
 */
function openings(text: Iterable<Lexeme>) {
  const [quote, bracket] = [new Map<number, number>(), new Map<number, number>()];
  const brackets: number[] = [];
  const within = (at: number) => brackets.length > 0 && bracket.set(at, brackets.at(-1)!);
  let end = 0;
  for (const { at, lexeme } of text) {
    within(at);
    end = at + lexeme.length;
    if (/^["']/.test(lexeme)) quote.set(at + lexeme.length, at);
    if (lexeme === "[" || lexeme === "{") brackets.push(at);
    if (lexeme === "]" || lexeme === "}") brackets.pop();
  }
  within(end);
  return { quote, bracket };
}

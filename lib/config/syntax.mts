/** Messages for invalid YAML where the parser's own are not clear. */

import type { Problem } from "../errors.mts";
import { findSlips } from "./indentation.mts";
import type { Lexeme } from "./lexemes.mts";

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
  const slips = findSlips(text, lexemes()).filter(({ isText }) => isText || errors.length > 0);
  const problems: Problem[] = slips.map(({ line, indent, message, instead }) => (
    { line, column: indent + 1, message, instead }
  ));
  const lines = new Set(slips.map(({ line }) => line));
  const open = errors.length > 0 ? openings(lexemes()) : undefined;
  for (const { code, at, message } of errors) {
    const { line } = place(at);
    // an unexpected token usually follows from an earlier error
    if (lines.size > 0 && code === "UNEXPECTED_TOKEN") continue;
    if (lines.has(line) || (slips.length > 0 && isFromIndentation(code, message))) continue;
    lines.add(line);
    if (/call stack/.test(message)) {
      problems.push({ ...place(at), message: "this is nested too deeply" });
    } else {
      const { begins, message: why, instead } = mistakeOf(code, message);
      const start = (begins && open?.[begins].get(at)) ?? at;
      problems.push({ ...place(start), message: `this is not valid YAML: ${why}`, ...(instead ? { instead } : {}) });
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

/**
 * What is wrong, and what to write instead. `begins`: the error is reported at the opening quote or
 * bracket.
 */
interface Mistake {
  begins?: "quote" | "bracket";
  message: string;
  instead?: string;
}

/** Common slips by the parser's error code and, where a code covers several slips, its message. */
const mistakes: (Mistake & { code: string; of?: RegExp })[] = [
  { code: "MISSING_CHAR", of: /closing .quote/, begins: "quote", message: "this quote is not closed", instead: '"…"' },
  { code: "MISSING_CHAR", of: /^Comments/, message: "a comment needs a space before it", instead: "a space before #" },
  { code: "MISSING_CHAR", of: /map values/, message: "a key needs a colon and a space after it", instead: "key: …" },
  { code: "BAD_INDENT", of: /^Flow/, begins: "bracket", message: "this bracket is not closed", instead: "[…] or {…}" },
  { code: "TAB_AS_INDENT", message: "a tab cannot indent a line", instead: "spaces" },
  { code: "BLOCK_AS_IMPLICIT_KEY", message: "text that contains a colon and a space needs quotes", instead: '"…: …"' },
  { code: "BAD_SCALAR_START", message: "text that begins with this character needs quotes", instead: '"…"' },
  { code: "BAD_DQ_ESCAPE", message: "unknown escape sequence", instead: "\\\\ for a backslash, or single quotes" },
  { code: "MULTIPLE_DOCS", message: "a second document begins here, but only one is read", instead: "no ---" },
];

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

/** The message for an error of the package `yaml`: the one in the table, else the package's own. */
function mistakeOf(code: string, message: string): Mistake {
  const mistake = mistakes.find((one) => one.code === code && (one.of?.test(message) ?? true));
  return mistake ?? { message: message.charAt(0).toLowerCase() + message.slice(1) };
}

/**
 * The offsets of unclosed quotes and brackets: of a quote by the offset at which its text ends, of
 * a bracket by the offset of a lexeme inside it.
 */
function openings(text: Iterable<Lexeme>): { quote: Map<number, number>; bracket: Map<number, number> } {
  const found = { quote: new Map<number, number>(), bracket: new Map<number, number>() };
  const brackets: number[] = [];
  const within = (at: number) => brackets.length > 0 && found.bracket.set(at, brackets.at(-1)!);
  let end = 0;
  for (const { at, lexeme } of text) {
    within(at);
    end = at + lexeme.length;
    if (/^["']/.test(lexeme)) found.quote.set(at + lexeme.length, at);
    if (lexeme === "[" || lexeme === "{") brackets.push(at);
    if (lexeme === "]" || lexeme === "}") brackets.pop();
  }
  within(end);
  return found;
}

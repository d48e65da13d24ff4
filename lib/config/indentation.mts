/** Keys and list items that are not in the column of their siblings: the commonest slip in a YAML file. */
import type { Lexeme } from "./syntax.mts";

/** A key or an item in a column where it belongs to nothing. */
export interface IndentationSlip {
  /** Line, from 1. */
  line: number;
  /** Spaces before it. */
  indent: number;
  /** An item after an item: YAML reads it as more of that item's text, which nobody means. */
  isText: boolean;
  message: string;
  /** What to write: the line's first words with the right number of spaces. */
  instead: string;
}

/** What is open at a line: keys of a mapping, or items of a list, in one column. */
interface Level {
  indent: number;
  item: boolean;
}

const keyOf = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"[\]{},&*!|>%@`-][^#]*?|-[^\s#][^#]*?):(?=\s|$)(.*)$/;

/** A value that does not end on its line: none, an anchor or a tag alone, or a comment. */
const isOpen = (value: string) => /^\s*([&!]\S*\s*)*(#.*)?$/.test(value);

/**
 * Finds them in a text. `lexemes` are those of the text. Where the parser finds no error, only those that are `isText` are slips: others
 * may be forms of YAML that are not looked for here.
 */
export function findSlips(text: string, lexemes: Iterable<Lexeme>): IndentationSlip[] {
  const slips: IndentationSlip[] = [];
  const skipped = linesWithin(text, lexemes);
  const levels: Level[] = [];
  // whether the last key takes a mapping or a list below it
  let open = true;
  text.split("\n").forEach((whole, i) => {
    const written = whole.replace(/\r$/, "");
    if (skipped.has(i + 1) || /^\s*(#|$)/.test(written) || /^(---|\.\.\.|%)/.test(written)) return;
    let rest = written.trimStart();
    let column = written.length - rest.length;
    if (written.slice(0, column).includes("\t")) return;
    const place = (item: boolean, name: string, fits: (level: Level) => boolean) => {
      const before = levels.map((level) => ({ ...level }));
      while (levels.length > 0 && levels.at(-1)!.indent > column) levels.pop();
      const top = levels.at(-1);
      // a list may be in the column of its key
      if (top && top.indent === column && (fits(top) || open)) {
        if (!fits(top)) levels.push({ indent: column, item });
        return;
      }
      if (top && top.indent === column && top.item && !item && levels.at(-2)?.indent === column) {
        levels.pop();
        return;
      }
      const deeper = before.at(-1);
      if (open && (!deeper || deeper.indent < column)) {
        levels.push({ indent: column, item });
        return;
      }
      const siblings = nearest(before.filter(fits).map(({ indent }) => indent), column);
      if (siblings.length === 0) return;
      const right = siblings[0]!;
      slips.push({
        line: i + 1,
        indent: column,
        isText: item && before.at(-1)!.item && column > before.at(-1)!.indent,
        message: `${name} is indented by ${column}, its siblings by ${siblings.join(" or ")}`,
        instead: `${" ".repeat(right)}${rest.length > 40 ? `${rest.slice(0, 40)}…` : rest} (${
          siblings.join(" or ")
        } spaces)`,
      });
      levels.splice(0, levels.length, ...before.filter(({ indent }) => indent <= right));
    };
    while (/^-(\s|$)/.test(rest)) {
      place(true, "this item", ({ item }) => item);
      const inner = rest.slice(1).trimStart();
      column += rest.length - inner.length;
      rest = inner;
      open = true;
      // the keys of an item have a column of their own
      while (levels.length > 0 && levels.at(-1)!.indent >= column) levels.pop();
    }
    const [, key, value = ""] = keyOf.exec(rest) ?? [];
    if (key === undefined) {
      open = rest === "" || isOpen(rest);
      return;
    }
    place(false, `\`${key}\``, ({ item }) => !item);
    open = isOpen(value);
  });
  return slips;
}

/** The columns nearest to one; of two as near, the deeper first. */
function nearest(columns: number[], to: number): number[] {
  const least = Math.min(...columns.map((column) => Math.abs(column - to)));
  return [...new Set(columns.filter((column) => Math.abs(column - to) === least))].sort((a, b) => b - a);
}

/** Lines that begin within quotes, brackets or a block of text (`|`, `>`), where columns mean nothing. */
function linesWithin(text: string, lexemes: Iterable<Lexeme>): Set<number> {
  const found = new Set<number>();
  let [line, depth, at, reached] = [1, 0, 0, 0];
  let header = false;
  for (const { at: start, lexeme } of lexemes) {
    for (; at < start; at++) if (text[at] === "\n") line++;
    const last = line + lexeme.split("\n").length - 1;
    const isText = !/^([\x02\x18\x1f]|\s*|#.*)$/.test(lexeme);
    if (depth > 0 && isText && line > reached) found.add(line);
    if (isText) reached = last;
    if (/^["']/.test(lexeme)) { for (let i = line + 1; i <= last; i++) found.add(i); }
    if (header && isText) { for (let i = line; i <= last; i++) if (i < last || !lexeme.endsWith("\n")) found.add(i); }
    if (isText) header = /^[|>][-+\d]*$/.test(lexeme);
    if (lexeme === "[" || lexeme === "{") depth++;
    if (lexeme === "]" || lexeme === "}") depth = Math.max(0, depth - 1);
  }
  return found;
}

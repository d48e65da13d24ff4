/**
 * Finds keys and list items that are not in the column of their siblings: the most common mistake
 * in a YAML file.
 */
import type { Lexeme } from "./lexemes.mts";

/** A key or an item in a column that matches no mapping or list. */
export interface IndentationSlip {
  /** Line number, from 1. */
  line: number;
  /** Number of spaces before it. */
  indent: number;
  /**
   * An item below an item, indented further: YAML reads it as more text of the first item, which is
   * never intended.
   */
  isText: boolean;
  message: string;
  /** What to write: the first words of the line with the right number of spaces. */
  instead: string;
}

/** A mapping or list that is open at a line: the column of its keys or items. */
interface Level {
  indent: number;
  item: boolean;
}

const keyOf = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"[\]{},&*!|>%@`-][^#]*?|-[^\s#][^#]*?):(?=\s|$)(.*)$/;

/** The first words of a line. */
const cut = (line: string): string => line.length > 40 ? `${line.slice(0, 40)}…` : line;

/** Whether a value continues on the next line: nothing, an anchor or tag alone, or a comment. */
const isOpen = (value: string) => /^\s*([&!]\S*(\s+|$))*(#.*)?$/.test(value);

/**
 * Finds the slips in a text. `lexemes` are those of the text. If the parser finds no error, only
 * items with `isText` count: other lines may be valid YAML of a form that this module does not
 * know.
 */
export function findSlips(text: string, lexemes: Iterable<Lexeme>): IndentationSlip[] {
  const slips: IndentationSlip[] = [];
  const skipped = linesWithin(text, lexemes);
  const levels: Level[] = [];
  // whether the last key may have a mapping or a list below it
  let open = true;
  // the column of text without a key on the line above: a key that lacks its colon
  let textAt: number | undefined;
  // the column of a dash without a space after it: what is below it follows from that
  let dashAt: number | undefined;
  text.split("\n").forEach((whole, i) => {
    const written = whole.replace(/\r$/, "");
    if (skipped.has(i + 1) || /^\s*(#|$)/.test(written) || /^(---|\.\.\.|%)/.test(written)) return;
    let rest = written.trimStart();
    let column = written.length - rest.length;
    if (written.slice(0, column).includes("\t")) return;
    if (dashAt !== undefined && column > dashAt) return;
    dashAt = undefined;
    if (/^-\w[\w-]*:(\s|$)/.test(rest)) {
      const instead = `- ${cut(rest.slice(1))}`;
      slips.push({ line: i + 1, indent: column, isText: false, message: "a dash needs a space after it", instead });
      dashAt = column;
      return;
    }
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
        instead: `${" ".repeat(right)}${cut(rest)} (${siblings.join(" or ")} spaces)`,
      });
      levels.splice(0, levels.length, ...before.filter(({ indent }) => indent <= right));
    };
    while (/^-(\s|$)/.test(rest)) {
      place(true, "this item", ({ item }) => item);
      const inner = rest.slice(1).trimStart();
      column += rest.length - inner.length;
      rest = inner;
      open = true;
      // the keys of an item have their own column
      while (levels.length > 0 && levels.at(-1)!.indent >= column) levels.pop();
    }
    const [, key, value = ""] = keyOf.exec(rest) ?? [];
    const above = textAt;
    textAt = key === undefined && rest !== "" ? column : undefined;
    if (key === undefined) {
      open = rest === "" || isOpen(rest);
      return;
    }
    if (above === column && levels.at(-1)?.indent !== column) levels.push({ indent: column, item: false });
    place(false, `\`${key}\``, ({ item }) => !item);
    open = isOpen(value);
  });
  return slips;
}

/** The columns nearest to one; at the same distance, the deeper column first. */
function nearest(columns: number[], to: number): number[] {
  const least = Math.min(...columns.map((column) => Math.abs(column - to)));
  return [...new Set(columns.filter((column) => Math.abs(column - to) === least))].sort((a, b) => b - a);
}

/** Lines that begin inside quotes, brackets or a block of text (`|`, `>`), where columns have no meaning. */
function linesWithin(text: string, lexemes: Iterable<Lexeme>): Set<number> {
  const found = new Set<number>();
  let [line, depth, at, reached] = [1, 0, 0, 0];
  let header = false;
  for (const { at: start, lexeme } of lexemes) {
    for (; at < start; at++) if (text[at] === "\n") line++;
    const last = line + lexeme.split("\n").length - 1;
    const isText = !/^([\x02\x18\x1f]|\s*|#.*)$/.test(lexeme);
    if (depth > 0 && isText && line > reached) found.add(line);
    if (depth > 0 && isText) { for (let i = line + 1; i <= last; i++) found.add(i); }
    if (isText) reached = last;
    if (/^["']/.test(lexeme)) { for (let i = line + 1; i <= last; i++) found.add(i); }
    if (header && isText) { for (let i = line; i <= last; i++) if (i < last || !lexeme.endsWith("\n")) found.add(i); }
    if (isText) header = /^[|>][-+\d]*$/.test(lexeme);
    if (lexeme === "[" || lexeme === "{") depth++;
    if (lexeme === "]" || lexeme === "}") depth = Math.max(0, depth - 1);
  }
  return found;
}

/** Tabs that Compose refuses, although the package `yaml` accepts them, and characters that only look like spaces. */
import { lexemes } from "../config/yaml.mts";

/**
 * The offsets of tabs before a key, an item, a comment or the end of a blank line outside of
 * brackets, where Compose's parser accepts only spaces (go-yaml, scannerc.go,
 * yaml_parser_scan_to_next_token; tested with Compose 2.26.1 on 2026-11-26). A tab after `key:` or
 * after a value is valid.
 */
export function refusedTabs(text: string): number[] {
  if (!text.includes("\t")) return [];
  const all = [...lexemes(text)].filter(({ lexeme }) => !/^[\x02\x18]$/.test(lexeme));
  const found: number[] = [];
  // a key or an item can begin here
  let start = true;
  let depth = 0;
  let indent = 0;
  let blanks = 0;
  let plain = false;
  for (const [i, { at, lexeme }] of all.entries()) {
    if (lexeme === "\n") {
      [start, blanks] = [true, 0];
    } else if (/^[ \t]+$/.test(lexeme)) {
      const tab = lexeme.indexOf("\t");
      const spaces = blanks + (tab < 0 ? lexeme.length : tab);
      // a blank line that belongs to the plain text above it
      const within = plain && spaces > indent && all[i + 1]?.lexeme === "\n";
      if (tab >= 0 && start && depth === 0 && !within) found.push(at + tab);
      blanks += lexeme.length;
    } else if (lexeme === "\x1f") {
      if (start) indent = blanks;
      [start, plain] = [false, true];
    } else {
      if (start) indent = blanks;
      if (lexeme === "{" || lexeme === "[") depth++;
      if (lexeme === "}" || lexeme === "]") depth--;
      blanks += lexeme.length;
      start = start && (lexeme === "-" || lexeme === "?");
      plain = all[i - 1]?.lexeme === "\x1f" && !lexeme.includes("\n");
    }
  }
  return found;
}

/**
 * A text with spaces where a line begins with characters that look like spaces, and the first of them; undefined if no
 * line does. To YAML they are part of the key or the value behind them. Block scalars and quoted texts are not changed.
 */
export function withoutLookalikes(text: string): { text: string; at: number } | undefined {
  if (!blanks.test(text)) return undefined;
  const all = [...lexemes(text)];
  const found = all.flatMap(({ at, lexeme }, i) => {
    const start = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
    const [own = ""] = /^[ \u00a0\u2000-\u200a\u202f\u205f\u3000]+/.exec(lexeme) ?? [];
    const isPlain = all[i - 1]?.lexeme === "\x1f" && !/^\s*$/.test(lexeme) && !/^["']/.test(lexeme);
    return isPlain && blanks.test(own) && /^ *$/.test(start) && !lexeme.startsWith(" ")
      ? [{ at, length: own.length }]
      : [];
  });
  const mended = found.map(({ at, length }, i) =>
    text.slice(i === 0 ? 0 : found[i - 1]!.at + found[i - 1]!.length, at) + " ".repeat(length)
  );
  const last = found.at(-1);
  return last && { text: mended.join("") + text.slice(last.at + last.length), at: found[0]!.at };
}

const blanks = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/;

/** Characters that look like those of YAML, which editors, web pages and chats put into a file. */
import type { Problem } from "../errors.mts";

/** A kind of such characters: where they are in a line, what they are, and what to write. */
interface Lookalike {
  of: RegExp;
  /** Where it can be the cause of invalid YAML. Default: everywhere. */
  inSyntax?: RegExp;
  what: string;
  instead: string;
}

const lookalikes: Lookalike[] = [
  {
    of: /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/,
    inSyntax: /(?<![^\s:,[{}\]-])[\u00a0\u2000-\u200a\u202f\u205f\u3000]/,
    what: "a character that looks like a space, but is none in YAML",
    instead: "a space",
  },
  {
    of: /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/,
    what: "an invisible character",
    instead: "the line without it",
  },
  { of: /[\u2010-\u2015\u2212](?<=^\s*.)(?=\s)/, what: "a dash, where YAML needs a hyphen", instead: "- …" },
  { of: /\uff1a/, what: "a full-width colon", instead: "key: …" },
  { of: /\uff0c/, what: "a full-width comma", instead: "[a, b] or {a: 1, b: 2}" },
  { of: /[\uff3b\uff3d\uff5b\uff5d]/, what: "a full-width bracket", instead: "[…] or {…}" },
  {
    of: /(?<=^\s*|[\s:,[{])[\u2018-\u201f](?=[^\u2018-\u201f]*[\u2018-\u201f])/,
    what: "a typographic quote, which YAML reads as text",
    instead: '"…"',
  },
];

/**
 * A line without its comment, and with x for what is in quotes. A quote without an end is part of the match, so that no
 * other one in the rest of the line is tried.
 */
const bare = (line: string): string =>
  line.replace(/"(?:\\.|[^"\\])*("?)|'[^']*'/g, (text, end) => end === "" ? text : "x".repeat(text.length))
    .replace(/(?<=^|\s)#.*/, "");

/**
 * The problems of a text, where the lines that have such a character have one problem each: that character.
 * `isSyntax`: the text is not valid YAML.
 */
export function nameLookalikes(text: string, problems: Problem[], isSyntax = false): Problem[] {
  const lines = text.split(/\r?\n/);
  const named = new Map<number, Problem | undefined>();
  for (const line of new Set(problems.map((one) => one.line))) {
    named.set(line, lookalikeIn(bare(lines[line - 1] ?? ""), line, isSyntax));
  }
  const others = problems.filter(({ line }) => !named.get(line));
  return [...others, ...[...named.values()].filter((one) => one !== undefined)];
}

function lookalikeIn(text: string, line: number, isSyntax: boolean): Problem | undefined {
  for (const { of, inSyntax = of, what, instead } of lookalikes) {
    const at = text.search(isSyntax ? inSyntax : of);
    if (at < 0) continue;
    const code = text.codePointAt(at)!.toString(16).toUpperCase().padStart(4, "0");
    return { line, column: at + 1, message: `U+${code} is ${what}`, instead };
  }
  return undefined;
}

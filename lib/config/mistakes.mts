/** What is no YAML, in words for whoever wrote it. */
/** A piece of a text as the lexer has it, and where it begins. */
export interface Lexeme {
  at: number;
  lexeme: string;
}

/** What is wrong, and what to write instead; `begins` where it is told at what was opened and not closed. */
interface Mistake {
  begins?: "quote" | "bracket";
  says: string;
  write: string;
}

/** What the package finds to be no YAML, in own words: the first row of its code, and of its message where that tells several things apart. */
const mistakes: (Mistake & { code: string; of?: RegExp })[] = [
  { code: "MISSING_CHAR", of: /closing .quote/, begins: "quote", says: "this quote is not closed", write: '"…"' },
  { code: "MISSING_CHAR", of: /^Comments/, says: "a comment begins behind a blank", write: "… # …" },
  { code: "MISSING_CHAR", of: /without - indicator/, says: "an item of a list begins with a hyphen", write: "- …" },
  { code: "MISSING_CHAR", of: /^Missing ,/, says: "a comma is missing before this", write: ", …" },
  { code: "MISSING_CHAR", says: "a key needs a colon and a blank behind it", write: "key: …" },
  { code: "MULTILINE_IMPLICIT_KEY", says: "a key is one line, with a colon and a blank behind it", write: "key: …" },
  { code: "KEY_OVER_1024_CHARS", says: "a key this long is none", write: "key: …" },
  { code: "BAD_INDENT", of: /^Flow/, begins: "bracket", says: "this bracket is not closed", write: "[…] or {…}" },
  {
    code: "BAD_INDENT",
    says: "this begins in another column than what it belongs to",
    write: "as many blanks before it as before that",
  },
  { code: "TAB_AS_INDENT", says: "a tab does not indent: only blanks do", write: "blanks for it" },
  {
    code: "BLOCK_AS_IMPLICIT_KEY",
    says: "what is in a mapping stands below its key, further in; text with a colon and a blank in it needs quotes",
    write: 'key: "…: …"',
  },
  { code: "BLOCK_IN_FLOW", says: "between brackets commas part the items, and no hyphens", write: "[…, …]" },
  { code: "BAD_SCALAR_START", says: "text that begins with this needs quotes", write: '"…"' },
  {
    code: "BAD_DQ_ESCAPE",
    says: "in double quotes a backslash means something, and this nothing",
    write: "two backslashes, or single quotes around the text",
  },
  { code: "UNEXPECTED_TOKEN", of: /header includes/, says: "behind | or > the line ends", write: "|" },
  {
    code: "UNEXPECTED_TOKEN",
    of: /-end token/,
    says: "this bracket closes none; in text it needs quotes",
    write: '"…"',
  },
  { code: "UNEXPECTED_TOKEN", of: /^Unexpected (,|empty item)/, says: "this comma parts nothing", write: "one comma" },
  {
    code: "UNEXPECTED_TOKEN",
    says: "what stands before this is whole without it; if both are one text, that needs quotes",
    write: '"…"',
  },
  { code: "MULTIPLE_DOCS", says: "a second document begins here, and only one is read", write: "no --- here" },
  {
    code: "BAD_ALIAS",
    says: "an anchor (&) or alias (*) needs a name; text that begins so needs quotes",
    write: '"…"',
  },
  { code: "TAG_RESOLVE_FAILED", says: "this is not what its tag (!) says", write: "it without the tag" },
];

/** Of all that has no row. */
const other: Mistake = {
  says: "this is not understood",
  write: '"…", if it is text',
};

/** The words for an error of the package `yaml`. */
export function mistakeOf(code: string, message: string): Mistake {
  return mistakes.find((one) => one.code === code && (one.of?.test(message) ?? true)) ?? other;
}

/** Where what is open begins: a quote, by where its text ends; a bracket, by where a lexeme begins within it. */
export function openings(text: Iterable<Lexeme>): { quote: Map<number, number>; bracket: Map<number, number> } {
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

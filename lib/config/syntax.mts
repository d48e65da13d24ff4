/** What is not valid YAML, in the words of this project where they say more than the parser's. */

/** A piece of a text as the lexer has it, and where it begins. */
export interface Lexeme {
  at: number;
  lexeme: string;
}

/** What is wrong, and what to write instead; `begins` where the place to name is where a quote or bracket was opened. */
interface Mistake {
  begins?: "quote" | "bracket";
  message: string;
  instead?: string;
}

/** The slips that people make, by the parser's code and, where that covers several, its message. */
const mistakes: (Mistake & { code: string; of?: RegExp })[] = [
  { code: "MISSING_CHAR", of: /closing .quote/, begins: "quote", message: "this quote is not closed", instead: '"…"' },
  { code: "MISSING_CHAR", of: /^Comments/, message: "a comment needs a space before it", instead: "a space before #" },
  { code: "MISSING_CHAR", of: /map values/, message: "a key needs a colon and a space after it", instead: "key: …" },
  { code: "BAD_INDENT", of: /^Flow/, begins: "bracket", message: "this bracket is not closed", instead: "[…] or {…}" },
  { code: "TAB_AS_INDENT", message: "a tab cannot indent a line", instead: "spaces" },
  { code: "BLOCK_AS_IMPLICIT_KEY", message: "text that contains a colon and a space needs quotes", instead: '"…: …"' },
  { code: "BAD_SCALAR_START", message: "text that begins with this character needs quotes", instead: '"…"' },
  { code: "BAD_DQ_ESCAPE", message: "unknown escape sequence", instead: "\\\\ for a backslash, or single quotes" },
  { code: "MULTIPLE_DOCS", message: "a second document begins here; only one is read", instead: "no ---" },
];

/** Codes of errors that a line with the wrong indentation causes, there and on the lines after it. */
const causedByIndentation = [
  ...["BAD_INDENT", "BLOCK_AS_IMPLICIT_KEY", "MULTILINE_IMPLICIT_KEY", "MISSING_CHAR", "UNEXPECTED_TOKEN"],
  ...["BLOCK_IN_FLOW", "IMPOSSIBLE"],
];

/** Whether wrong indentation can cause an error of the parser: not one about a quote, a bracket or a comment. */
export function isFromIndentation(code: string, message: string): boolean {
  return causedByIndentation.includes(code) && !/closing .quote|^Comments|^Flow/.test(message);
}

/** The words for an error of the package `yaml`: its own message where the table has nothing better. */
export function mistakeOf(code: string, message: string): Mistake {
  const known = mistakes.find((one) => one.code === code && (one.of?.test(message) ?? true));
  return known ?? { message: message.charAt(0).toLowerCase() + message.slice(1) };
}

/** Where a quote or bracket that is still open begins: a quote, by where its text ends; a bracket, by where a lexeme begins within it. */
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

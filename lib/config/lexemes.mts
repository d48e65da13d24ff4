/** Tokens of YAML's lexer. */

/** A token of the lexer, and the offset at which it begins. */
export interface Lexeme {
  at: number;
  lexeme: string;
}

/**
 * The deepest nesting of lists and mappings in brackets. The package recurses once per level, and
 * is slow when the stack runs out.
 */
const deepest = 100;

/**
 * The offset of the first bracket that is nested too deeply; undefined if there is none. `lexemes`
 * returns those of the text; it is called only for a text with that many brackets.
 */
export function tooDeep(text: string, lexemes: () => Iterable<Lexeme>): number | undefined {
  if ((text.match(/[[{]/g)?.length ?? 0) <= deepest) return undefined;
  let depth = 0;
  for (const { at, lexeme } of lexemes()) {
    if (lexeme === "[" || lexeme === "{") depth++;
    if (lexeme === "]" || lexeme === "}") depth--;
    if (depth > deepest) return at;
  }
  return undefined;
}

/** What each error of the package `yaml` means, in plain words. */

/**
 * What is wrong, and what to write instead. `begins`: the error is reported at the opening quote or
 * bracket.
 */
export interface Mistake {
  begins?: "quote" | "bracket";
  message: string;
  instead?: string;
}

/** An error by its code and, where a code has several meanings, its message, and whether it is in brackets. */
interface Row extends Mistake {
  code: string;
  of?: RegExp;
  inside?: boolean;
}

const comma = { message: "a comma is missing before this", instead: "[a, b] or {a: 1, b: 2}" };
const tooMany = { message: "there is one comma too many", instead: "[a, b] or {a: 1, b: 2}" };
const noColon = { message: "a key needs a colon and a space after it", instead: "key: …" };
const reserved = { message: "text that begins with this character needs quotes", instead: '"…"' };
const notClosed = { begins: "bracket" as const, message: "this bracket is not closed", instead: "[…] or {…}" };
const second = {
  message: "a second document begins here, but only one is read",
  instead: "remove it, and use another file for the rest",
};
const column = { message: "this line is not in the column of its siblings" };
const directive = {
  message: "a line that begins with % is a directive of YAML",
  instead: 'no such line, or quotes around the text: "%…"',
};
const header = {
  message: "text cannot follow | or > on the same line",
  instead: "the text on the next line, indented more than its key",
};

/** The first row that matches counts. Codes and messages are those of yaml 2.9 (node_modules/yaml/dist). */
const rows: Row[] = [
  { code: "MISSING_CHAR", of: /closing .quote/, begins: "quote", message: "this quote is not closed", instead: '"…"' },
  { code: "MISSING_CHAR", of: /^Comments/, message: "a comment needs a space before it", instead: "a space before #" },
  { code: "MISSING_CHAR", of: /map values/, ...noColon },
  { code: "MISSING_CHAR", of: /^Missing , /, ...comma },
  { code: "MISSING_CHAR", of: /space after :/, message: "a colon needs a space after it", instead: "key: value" },
  { code: "MISSING_CHAR", of: /^Flow .* must end/, ...notClosed },
  { code: "MISSING_CHAR", of: /without - indicator/, message: "an item of a list needs a dash", instead: "- …" },
  {
    code: "MISSING_CHAR",
    of: /^Tags and anchors/,
    message: "a tag or an anchor needs a space after it",
    instead: "a space after it",
  },
  {
    code: "MISSING_CHAR",
    of: /^Block scalars with more-indented/,
    message: "the empty lines above this text have more spaces than it",
    instead: "empty lines without spaces",
  },
  {
    code: "MISSING_CHAR",
    of: /^Block collection cannot start/,
    message: "a key or a list cannot follow --- on the same line",
    instead: "it on the next line",
  },
  { code: "MISSING_CHAR", of: /directives-end/, ...directive },
  {
    code: "MISSING_CHAR",
    of: /^Missing newline after/,
    message: "a list cannot follow an anchor or a tag on the same line",
    instead: "the list on the next line",
  },
  {
    code: "BAD_INDENT",
    of: /^Block scalar/,
    message: "this line of the text below | or > has too few spaces",
    instead: "more spaces than its key has",
  },
  { code: "BAD_INDENT", of: /^Flow/, ...notClosed },
  { code: "BAD_INDENT", ...column },
  { code: "TAB_AS_INDENT", message: "a tab cannot indent a line", instead: "spaces" },
  { code: "BLOCK_AS_IMPLICIT_KEY", of: /block sequence/, message: "a list cannot be a key", instead: "key: …" },
  { code: "BLOCK_AS_IMPLICIT_KEY", message: "text that contains a colon and a space needs quotes", instead: '"…: …"' },
  { code: "BLOCK_IN_FLOW", message: "a list with dashes cannot be in brackets", instead: "[a, b]" },
  {
    code: "MULTILINE_IMPLICIT_KEY",
    inside: true,
    message: "a comma is missing at the end of this line",
    instead: "[a, b] or {a: 1, b: 2}",
  },
  { code: "MULTILINE_IMPLICIT_KEY", ...noColon },
  { code: "KEY_OVER_1024_CHARS", message: "this key is longer than 1,024 characters", instead: "a shorter key" },
  { code: "BAD_SCALAR_START", ...reserved },
  { code: "BAD_ALIAS", ...reserved },
  { code: "BAD_DQ_ESCAPE", message: "unknown escape sequence", instead: "\\\\ for a backslash, or single quotes" },
  { code: "MULTIPLE_DOCS", ...second },
  { code: "UNEXPECTED_TOKEN", of: /doc-end|trailing content/, ...second },
  { code: "UNEXPECTED_TOKEN", of: /[Bb]lock scalar header/, ...header },
  { code: "UNEXPECTED_TOKEN", of: /^Not a YAML token/, ...header },
  { code: "UNEXPECTED_TOKEN", of: /^Unexpected (?:,|empty item) in/, ...tooMany },
  {
    code: "UNEXPECTED_TOKEN",
    of: /flow-(?:seq|map)-end|"[\]}]"/,
    message: "there is no opening bracket for this one",
    instead: "no closing bracket here",
  },
  { code: "UNEXPECTED_TOKEN", of: /block-seq-ind/, message: "a list begins on the next line", instead: "- …" },
  { code: "UNEXPECTED_TOKEN", inside: true, ...comma },
  {
    code: "UNEXPECTED_TOKEN",
    of: /at node end/,
    message: "text follows a closing quote or bracket",
    instead: "quotes around all of the text, or nothing after it",
  },
  { code: "MULTIPLE_ANCHORS", message: "a value can have only one anchor", instead: "one &…" },
  { code: "MULTIPLE_TAGS", message: "a value can have only one tag", instead: "one !…" },
  { code: "ALIAS_PROPS", message: "an alias can have no anchor and no tag", instead: "*… alone" },
  { code: "BAD_PROP_ORDER", message: "an anchor or a tag belongs after the dash or the colon", instead: "- &… value" },
  { code: "TAG_RESOLVE_FAILED", message: "this tag is not supported", instead: "the value without it" },
  { code: "BAD_COLLECTION_TYPE", message: "this tag does not fit this value", instead: "the value without it" },
  { code: "BAD_DIRECTIVE", ...directive },
  { code: "NON_STRING_KEY", message: "a key must be plain text", instead: "key: …" },
  { code: "DUPLICATE_KEY", message: "this key already exists", instead: "it once" },
  { code: "RESOURCE_EXHAUSTION", message: "this is nested too deeply" },
];

/** The meaning of an error that has no row. */
const unclear: Mistake = {
  message: "this does not belong here",
  instead: "quotes around text with special characters, or check the brackets and the spaces above",
};

/** Whether a mistake is the one of errors without a row. */
export const isUnclear = (mistake: Mistake): boolean => mistake === unclear;

/** The meaning of an error. `inside`: it is in brackets. */
export function mistakeOf(code: string, message: string, inside: boolean): Mistake {
  return rows.find((row) =>
    row.code === code && (row.of?.test(message) ?? true) && (row.inside === undefined || row.inside === inside)
  ) ?? unclear;
}

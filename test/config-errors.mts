// The errors of configs in tests.
import { parseConfig } from "../lib/config/parse.mts";
import { ConfigError } from "../lib/errors.mts";

/** A config with one machine that has these keys. */
export const one = (keys: string) =>
  `machines:\n  - name: devlab\n    box: lab/box\n${keys.replace(/^(?=.)/gm, "    ")}`;

/** All errors in a text, as the user sees them. */
export function advice(text: string) {
  try {
    parseConfig(text);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
  return [];
}

/** The errors in a text, as `line:column text`. */
export const wrong = (text: string): string[] =>
  advice(text).map(({ line, column, message }) => `${line}:${column} ${message}`);

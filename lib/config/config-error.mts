import { ConfigError, type Problem } from "../errors.mts";
import { withoutPasswords } from "../urls.mts";

/** How many problems are shown at most. */
const shownProblems = 20;

/** The columns of a line that are shown at most. */
const shownColumns = 68;

/** Makes one error of the problems: each with its place, its line, and what to write instead. */
export function configError(problems: Problem[], text: string, name: string): ConfigError {
  const lines = text.split(/\r?\n/);
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const parts = sorted.slice(0, shownProblems).map(({ line, column, message, instead }) => {
    const gutter = String(line).padStart(5);
    const whole = withoutPasswords(lines[line - 1] ?? "", true);
    // a long line is cut on both sides of the place, so that the marker below it stays in view
    const from = whole.length <= shownColumns ? 0 : Math.max(0, column - 50);
    const excerpt = whole.slice(from, from + shownColumns).replaceAll("\t", " ")
      .replace(/[\u0000-\u001f\u007f-\u009f]/g, "·");
    return [
      `${name}:${line}:${column}: ${message}`,
      `${gutter} | ${excerpt}`,
      `${" ".repeat(gutter.length)} | ${" ".repeat(column - 1 - from)}^`,
      ...(instead ? [`      ${/^remove it\b/.test(instead) ? "" : "write  "}${instead}`] : []),
    ].join("\n");
  });
  const more = sorted.length - parts.length;
  return new ConfigError(sorted, [...parts, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"));
}

/** Marks for terminals that show only ASCII. */
import type { Shell } from "../shell.mts";

/** This program's own marks, and what replaces them; one character each where columns count. */
const marks: Record<string, string> = {
  "✓": "+",
  "✗": "x",
  "→": ">",
  "←": "<",
  "├": "|",
  "└": "`",
  "│": "|",
  "─": "-",
  "·": "-",
  "×": "x",
  "…": "...",
  "“": '"',
  "”": '"',
  "‘": "'",
  "’": "'",
  "°": " ",
};

/**
 * A text with this program's marks in ASCII. Other characters, such as those of a file's name, stay. Spaces
 * before another column make room for three dots.
 */
export function toAscii(text: string): string {
  return text.replace(/…(\S*) {2}(?= )/g, "...$1").replace(/[✓✗→←├└│─·×…“”‘’°]/g, (mark) => marks[mark]!);
}

/**
 * Whether a terminal shows only ASCII: the Linux console (`TERM=linux`), and a locale whose
 * character set is not UTF-8 (locale(7): the first of these variables that is set counts; none is
 * the POSIX locale). Windows and macOS set no locale and have UTF-8.
 */
export function isAscii({ TERM, LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (TERM === "linux") return true;
  const locale = LC_ALL || LC_CTYPE || LANG || "";
  if (locale === "" && platform !== "linux") return false;
  return !/utf-?8/i.test(locale);
}

/** A shell that writes ASCII marks to streams that are such a terminal, and everything else unchanged. */
export function withMarks(shell: Shell, env: NodeJS.ProcessEnv): Shell {
  const { out, err } = shell.terminal;
  if (!(out || err) || !isAscii(env, shell.platform)) return shell;
  return Object.assign(Object.create(shell) as Shell, {
    ...(out ? { stdout: (text: string) => shell.stdout(toAscii(text)) } : {}),
    ...(err ? { stderr: (text: string) => shell.stderr(toAscii(text)) } : {}),
  });
}

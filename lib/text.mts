import process from "node:process";
import { self } from "./self.mts";
import { closest } from "./suggest.mts";
import { withoutPasswords } from "./urls.mts";

/** Characters of East Asian scripts that take two columns (Unicode, UAX #11). Emoji are two code units already. */
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g;

/** The columns of a terminal that a text takes. `…` counts three: terminals without it get three dots. */
export function columnsOf(text: string): number {
  return text.length + 2 * (text.split("…").length - 1) + (text.match(wide)?.length ?? 0);
}

/** A text cut to so many columns. */
export function cutTo(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let end = columns - 3;
  while (end > 0 && columnsOf(text.slice(0, end)) > columns - 3) end--;
  return `${text.slice(0, Math.max(end, 0))}…`;
}

/**
 * Wraps a text at spaces to a width, with a prefix before the first line and one before the others;
 * a word longer than a line stays whole.
 */
export function wrap(text: string, width: number, first = "", next = " ".repeat(first.length)): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && columnsOf(`${line} ${word}`) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push((lines.length === 0 ? first : next) + word);
  }
  return lines;
}

/**
 * A text and the command that ends it: in one line, or, where that is too wide, the wrapped text and below it the
 * command, which is not wrapped. Prefixes as for {@link wrap}.
 */
export function wrapBefore(
  text: string,
  command: string,
  width: number,
  first = "",
  next = " ".repeat(first.length),
): string[] {
  const line = `${first}${text} ${command}`;
  return columnsOf(line) <= width ? [line] : [...wrap(text, width, first, next), `${next}${command}`];
}

/**
 * A message for a terminal with that many columns, printed after a name such as `homelab-gpu: `.
 * Lines that are too wide are wrapped at spaces, except those that quote a file (`   12 | text`). A command of this
 * program at the end of such a line has a line of its own, and is not wrapped.
 */
export function wrapMessage(text: string, width: number, name: string): string {
  return (name + text).split("\n").flatMap((line) => {
    if (columnsOf(line) <= width || /^ *\d* \|/.test(line)) return [line];
    const indent = /^ */.exec(line)![0];
    const at = line.indexOf(`: ${self("")}`);
    const [before, command] = at < 0 ? [line, []] : [line.slice(0, at + 1), [`${indent}  ${line.slice(at + 2)}`]];
    return [...wrap(before.trimStart(), width, indent, `${indent}  `), ...command];
  }).join("\n");
}

/** The message for an unknown name: it offers the most similar name, or else lists all names. */
export function unknownName(kind: string, name: string, names: string[]): string {
  const meant = closest(name, names);
  if (meant !== undefined) return `there is no ${kind} ${name}: did you mean ${meant}?`;
  return `there is no ${kind} ${name}\n  ${kind}s: ${names.join(", ")}`;
}

/** The names that exist: `the machines are a, b`, `the only machine is a`. */
export function existing(kind: string, names: string[]): string {
  return names.length === 1 ? `the only ${kind} is ${names[0]}` : `the ${kind}s are ${names.join(", ")}`;
}

/** Milliseconds as text: `0.4 s`, `58 s`, `4 min 55 s`. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** `a, b and c`; `last` is the word before the last item. */
export function joinList(words: string[], last: "and" | "or" = "and"): string {
  return words.length > 1 ? `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}` : words.join("");
}

/** `1 line`, `3 lines`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/**
 * The first items of a list, and the number of the others if there are more than `most`: `[a, b,
 * and 3 more]`.
 */
export function firstFew(texts: string[], most: number): string[] {
  return [...texts.slice(0, most), ...(texts.length > most ? [`and ${texts.length - most} more`] : [])];
}

/** One pattern that matches any of several. */
export function anyOf(...patterns: RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join("|"), patterns[0]!.flags);
}

/**
 * Whether one version is older than another: `1.6.6` < `1.10`. Compares the leading numbers and
 * ignores the rest.
 */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => (/^\d+(\.\d+)*/.exec(text)?.[0] ?? "0").split(".").map(Number)) as [
    number[],
    number[],
  ];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** The home folder; Windows uses another variable for it. Empty if there is none. */
export function homeDir(): string {
  return process.env.HOME ?? process.env.USERPROFILE ?? "";
}

/** Whether an IPv4 address is in a subnet such as `172.20.0.0/16`; undefined if one of them is not valid. */
export function isInSubnet(address: string, subnet: string): boolean | undefined {
  const bits = (text: string) => {
    const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
    return parts?.every((part) => part < 256) ? parts.reduce((sum, part) => sum * 256 + part, 0) : undefined;
  };
  const [network = "", length = ""] = subnet.split("/");
  const [a, b] = [bits(address), bits(network)];
  if (a === undefined || b === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  const size = 2 ** (32 - Number(length));
  return Math.floor(a / size) === Math.floor(b / size);
}

/**
 * Makes untrusted text safe for a terminal: characters that move the cursor, set colours or titles,
 * or change the direction of text are written as escapes, such as `\\x1b`. Line ends and tabs stay.
 * URLs show no password.
 */
export function visible(text: string): string {
  // C0 without tab and line feed, DEL, C1 (ECMA-48); controls of direction (Unicode, UAX #9)
  return withoutPasswords(text).replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => {
      const code = character.codePointAt(0)!.toString(16);
      return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
    },
  );
}

/** A text of a user's file in one line: line ends and tabs are written as `\\n`, `\\r` and `\\t`. */
export const oneLine = (text: string): string =>
  text.replace(/[\n\r\t]/g, (character) => JSON.stringify(character).slice(1, -1));

/** A number of bytes as text: `812 B`, `3.4 MiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4);
  const value = bytes / 1024 ** power;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

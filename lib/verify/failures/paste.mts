/** Turns pasted logs back into the text and the lines that the program wrote. */
import { plain } from "../../lines.mts";
import { translated } from "./languages/translated.mts";

/** A log prepared for the search: `text` and `shown` have the same lines, one for one. */
export interface Pasted {
  /** The text without the prefixes that journald, Compose, Vagrant and others add to a line. */
  text: string;
  /** The lines as they are displayed. */
  shown: string[];
}

/**
 * Reads a log: removes escape codes, HTML entities, typographic and escaped quotes, and line
 * prefixes.
 */
export function readPaste(raw: string): Pasted {
  let text = raw.charCodeAt(0) === 0xfeff ? raw.slice(1) : raw;
  if (text.includes("\u0000")) text = text.replaceAll("\u0000", "");
  // UTF-16 of wsl.exe, as programs show it that read bytes
  if (text.includes(" W i n d o w s ")) text = text.replace(spaced, (run) => run.replace(/(.) /g, "$1"));
  if (text.includes("\u001b")) text = plain(text);
  if (/_x00[01][0-9a-f]_/i.test(text)) text = withoutClixml(text);
  if (text.includes("\r")) text = text.replace(/\r+(?=\n|$)/g, "");
  if (/&(?:#\d|#x|quot;|lt;|gt;|amp;|apos;|nbsp;)/i.test(text)) text = unescaped(text);
  if (text.includes("<br")) text = text.replace(/<br ?\/?>$/gm, "");
  if (/[\u2018-\u201f\u00a0]/.test(text)) {
    text = text.replace(/[\u2018\u2019\u201a\u201b]/g, "'").replace(/[\u201c-\u201f]/g, '"').replaceAll("\u00a0", " ");
  }
  // Markdown's escapes, as forums copy them
  if (text.includes("\\_")) text = text.replace(/\\([_*#<>[\]])/g, "$1");
  if (text.includes("\\x0a")) text = text.replace(/\\x0a(?:NVRM: ?)?/g, " ");
  // lines that are strings of JSON each
  if (/^"/m.test(text)) text = text.replace(/^"((?:[^"\\\n]|\\[^\n]){8,4000})",?$/gm, "$1");
  if (/\\["'nt]/.test(text)) {
    // a quoted message of another program can be escaped more than once
    text = text.replace(/\\{1,4}(["'])/g, "$1").replace(/\\{1,2}[nt](?![a-z]*[\\:])/g, " ");
  }
  const shown = text.split("\n");
  // Markdown's bold; not the asterisks of make
  if (text.includes("**")) text = text.replace(/(?<![*\/\w])\*\*_?(?=\w)|(?<=[\w.:])_?\*\*(?![*\/\w])/g, "");
  // the frames that Rich and other programs draw around a message
  if (/[\u2502\u2503]/.test(text)) text = text.replace(/[ \t]{0,160}[\u2502\u2503][ \t]{0,20}$/gm, "");
  if (text.length <= translatedLimit) text = translated(text);
  return { text: text.replace(prefixes, ""), shown };
}

/** Words with a space behind each character. */
const spaced = /(?<!\w)(?:[!-~] (?: {2}){0,2}){8,}[!-~]?/g;

/** Longer logs are not searched for translations. Characters. */
const translatedLimit = 1 << 20;

/**
 * Resolves what PowerShell writes errors in where its output is no console (CLIXML): control
 * characters as `_x001B_`, a message cut into elements at the width of a line, and the colours of
 * PowerShell 7.
 */
function withoutClixml(text: string): string {
  return text.replace(/_x001B_\[[0-9;]{0,20}m/gi, "").replace(
    /[ \t]{0,200}_x000D__x000A_(?:<\/S><S S="\w{1,20}">)?/gi,
    " ",
  );
}

/** Resolves HTML entities that are escaped once or twice. */
function unescaped(text: string): string {
  const names: Record<string, string> = { quot: '"', lt: "<", gt: ">", apos: "'", nbsp: " ", amp: "&" };
  const once = (given: string) =>
    given.replace(/&(?:#(\d{1,5})|#x([0-9a-f]{1,4})|(quot|lt|gt|apos|nbsp|amp));/gi, (_, decimal, hex, name) => {
      if (name) return names[name.toLowerCase()]!;
      const plain = String.fromCharCode(decimal ? Number(decimal) : parseInt(hex, 16));
      return plain === "\n" || plain === "\r" ? " " : plain;
    });
  return once(once(text));
}

/**
 * Prefixes before a program's own text in a line, in any order, at most four. The names of NVIDIA's services and
 * of dnsmasq stay, since few of their messages name them.
 */
const prefixes = new RegExp(
  `^(?:${
    [
      /[ \t]{0,40}> /,
      /<\d{1,3}>(?=\[)|\[pod\/[^\]\s]{1,160}\] |[\w.-]{1,60} \((?:remote|local)-exec\): | {0,6}\d{1,6}\t|\d{1,6}:(?=[^\d\s])/,
      /[^\t\n]{1,60}\t[^\t\n]{1,80}\t(?=\d{4}-\d\d-\d\dT)|- [\w.]{1,40} - [A-Z]{4,8} - |\{"(?:log|message|msg|MESSAGE)": ?"/,
      /\[ {0,12}\d{1,9}\.\d{1,9}\] (?:kernel: )?/,
      /\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}\] /,
      /\[[+ ]{1,10}\d{1,9}\.\d{1,9}\] /,
      /\d{4}[-\/]\d\d[-\/]\d\d[T ]\d\d:\d\d:\d\d[.,]?\d{0,9}(?:Z|[+-]\d\d:?\d\d)? (?:[\w.-]{1,64} (?:kernel|(?!nvidia-(?!c)|nv-\w|dnsmasq)[\w@.\/-]{1,40}\[\d{1,8}\]): ?)?/,
      /[A-Z][a-z]{2} \d{4}-\d\d-\d\d [\d:]{8} [A-Z]{2,5} [\w.-]{1,64} (?:kernel|(?!nvidia-(?!c)|nv-\w|dnsmasq)[\w@.\/-]{1,40}\[\d{1,8}\]): ?/,
      /(?:(?:[^\s\d]{2,9}|\d{1,2}[\u6708\uc6d4]) [ \d]\d(?= \d\d:\d\d:)|\d{4}-\d\d-\d\dT)[ \dT:.+-]{8,40} [\w.-]{1,64} (?:(?=nvidia-(?!c)|nv-\w|dnsmasq\[)|[\w@.\/-]{1,40}(?:\[\d{1,8}\]: ?|: )|kernel:)/,
      /(?:[\d.]{7,15}: )?(?:kern|user|daemon) *: *\w{1,10} *: (?:\[[^\]]{10,40}\]: )?/,
      / {0,5}\[?[\w.@-]{1,90}\]? {1,30}\| /,
      /[ \t]{0,80}[\u2502\u2503] {0,4}/,
      /==> [\w.-]{1,40}:(?: |(?![\d-]))/,
      / {4}[a-z][\w.-]{0,40}: /,
      /#\d{1,4} \d{1,6}\.\d{1,6} /,
      /##\[error\]/,
    ].map(({ source }) => source).join("|")
  }){1,4}`,
  "gm",
);

/** The length of the longest line; 0 without lines. A log has more lines than a call can have arguments. */
const widest = (lines: string[]) => lines.reduce((most, { length }) => Math.max(most, length), 0);

/**
 * The text without the line breaks that a window added. Each becomes one space, so positions stay.
 * A break was added by a window if the next word would not have fitted into the longest line.
 * Undefined if no line looks wrapped.
 */
export function unwrapped({ text, shown }: Pasted): string | undefined {
  const lines = text.split("\n");
  // a single word that is longer than the window says nothing about its width
  const several = (line: string) => /\S\s+\S/.test(line);
  const [wide, raw] = [widest(lines.filter(several)), widest(shown.filter(several))];
  if (lines.length < 2 || raw < 50 || raw > 250) return undefined;
  let joined = lines[0]!;
  for (let i = 1; i < lines.length; i++) {
    const next = /^\s*(\S*)/.exec(lines[i]!)![1]!.length;
    const full = lines[i - 1]!.length + 1 + next > wide || shown[i - 1]!.length + 1 + next > raw;
    joined += (full && next > 0 ? " " : "\n") + lines[i]!;
  }
  return joined;
}

/**
 * The text without breaks that split words at a fixed width, and the positions of those breaks.
 * Undefined if there are none.
 */
export function rejoined({ text, shown }: Pasted): { text: string; breaks: number[] } | undefined {
  const lines = text.split("\n");
  const raw = widest(shown);
  if (raw < 60 || raw > 250 || lines.length < 2) return undefined;
  let joined = "";
  const breaks: number[] = [];
  for (const [i, line] of lines.entries()) {
    joined += line;
    if (i === lines.length - 1) break;
    if (shown[i]!.length === raw) breaks.push(joined.length);
    else joined += "\n";
  }
  return breaks.length > 0 ? { text: joined, breaks } : undefined;
}

/** A line that says more about the error before it, as PostgreSQL, Git and compilers write it. */
const detail = /^ {0,8}(?:DETAIL|HINT|CONTEXT|STATEMENT|LOCATION|note|hint|help): /;

/** Returns whether lines are one line and its details: lines that are indented more, or begin with a word for them. */
export function isOneMessage(lines: string[]): boolean {
  const [first = "", ...rest] = lines.filter((line) => line.trim() !== "");
  const indent = /^\s*/.exec(first)![0];
  return rest.every((line) => detail.test(line) || (line.startsWith(indent) && /^\s/.test(line.slice(indent.length))));
}

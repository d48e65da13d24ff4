/** The forms in which people paste logs → the text that the program wrote, with the lines that it had. */
import { plain } from "../../lines.mts";

/** A log as it is searched: lines of `text` and of `shown` belong together, one by one. */
export interface Pasted {
  /** Without the prefixes that journald, Compose, Vagrant and others put before a line. */
  text: string;
  /** The lines as they are shown. */
  shown: string[];
}

/** Reads a log: takes away escape codes, HTML entities, typographic and escaped quotes, and the prefixes of lines. */
export function readPaste(raw: string): Pasted {
  let text = raw.charCodeAt(0) === 0xfeff ? raw.slice(1) : raw;
  if (text.includes("\u0000")) text = text.replaceAll("\u0000", "");
  if (text.includes("\u001b")) text = plain(text);
  if (text.includes("\r")) text = text.replace(/\r+(?=\n|$)/g, "");
  if (/&(?:#\d|#x|quot;|lt;|gt;|amp;|apos;|nbsp;)/i.test(text)) text = unescaped(text);
  if (/[\u2018-\u201f\u00a0]/.test(text)) {
    text = text.replace(/[\u2018\u2019\u201a\u201b]/g, "'").replace(/[\u201c-\u201f]/g, '"').replaceAll("\u00a0", " ");
  }
  if (text.includes("\\x0a")) text = text.replace(/\\x0a(?:NVRM: )?/g, " ");
  if (/\\["'nt]/.test(text)) {
    // escaped more than once where a program quotes another's message
    text = text.replace(/\\{1,4}(["'])/g, "$1").replace(/\\{1,2}[nt](?![a-z]*[\\:])/g, " ");
  }
  return { text: text.replace(prefixes, ""), shown: text.split("\n") };
}

/** HTML entities, escaped once or twice. */
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

/** What stands before a program's own words in a line, in any order, at most four of them. */
const prefixes = new RegExp(
  `^(?:${
    [
      /[ \t]{0,40}> /,
      /\[ {0,12}\d{1,9}\.\d{1,9}\] /,
      /\[[+ ]{1,10}\d{1,9}\.\d{1,9}\] /,
      /\d{4}[-\/]\d\d[-\/]\d\d[T ]\d\d:\d\d:\d\d[.,]?\d{0,9}(?:Z|[+-]\d\d:?\d\d)? /,
      /(?:[A-Z][a-z]{2} [ \d]\d|\d{4}-\d\d-\d\dT)[ \dT:.+-]{8,40} [\w.-]{1,64} [\w@.\/-]{1,40}(?:\[\d{1,8}\])?: /,
      /(?:[\d.]{7,15}: )?(?:kern|user): +\w{1,10}: \[[^\]]{10,40}\]: /,
      /[\w.-]{1,60} {1,30}\| /,
      /==> [\w.-]{1,40}: /,
      / {4}[a-z][\w.-]{0,40}: /,
      /#\d{1,4} \d{1,6}\.\d{1,6} /,
      /##\[error\]/,
    ].map(({ source }) => source).join("|")
  }){1,4}`,
  "gm",
);

/**
 * The text with the line breaks taken back that somebody's window put in, each by one space, so that positions stay. A line was
 * broken where the next word would not have fitted into the longest line. Undefined where nothing looks broken.
 */
export function unwrapped({ text, shown }: Pasted): string | undefined {
  const lines = text.split("\n");
  // a single word that is too long for the window says nothing of its width
  const widths = (of: string[]) =>
    Math.max(0, ...of.filter((line) => /\S\s+\S/.test(line)).map(({ length }) => length));
  const [wide, raw] = [widths(lines), widths(shown)];
  if (lines.length < 2 || raw < 50 || raw > 250) return undefined;
  let joined = lines[0]!;
  for (let i = 1; i < lines.length; i++) {
    const next = /^\s*(\S*)/.exec(lines[i]!)![1]!.length;
    const full = lines[i - 1]!.length + 1 + next > wide || shown[i - 1]!.length + 1 + next > raw;
    joined += (full && next > 0 ? " " : "\n") + lines[i]!;
  }
  return joined;
}

/** The text with the breaks taken back that split words at a fixed width, and where each of them was. Undefined where none looks so. */
export function rejoined({ text, shown }: Pasted): { text: string; breaks: number[] } | undefined {
  const lines = text.split("\n");
  const raw = Math.max(0, ...shown.map(({ length }) => length));
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

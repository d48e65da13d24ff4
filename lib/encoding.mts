/** Converts between bytes and text without loss. */

/**
 * Bytes as text, without loss: UTF-8, and every byte that is not UTF-8 becomes one of the
 * surrogates U+DC80 to U+DCFF, which UTF-8 does not have (Python calls this `surrogateescape`, PEP
 * 383). A byte order mark stays.
 */
export function decodeBytes(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return decodeLossless(bytes);
  }
}

function decodeLossless(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const parts: string[] = [];
  let start = 0;
  const flush = (end: number) => void (end > start && parts.push(decoder.decode(bytes.subarray(start, end))));
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    flush(at);
    parts.push(String.fromCharCode(0xdc00 + bytes[at]!));
    start = ++at;
  }
  flush(bytes.length);
  return parts.join("");
}

/** How many bytes the UTF-8 sequence at an index has; 0 if there is none (The Unicode Standard, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = bytes[at + 1] ?? 0;
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

const escaped = /[\udc80-\udcff]/;

/** The bytes that {@link decodeBytes} made a text from. Any other text is encoded as UTF-8. */
export function encodeText(text: string): Uint8Array {
  const encoder = new TextEncoder();
  // split by code point: the second half of a surrogate pair is not an escaped byte
  if (!escaped.test(text)) return encoder.encode(text);
  const parts = [...text].map((char) => {
    const code = char.charCodeAt(0);
    return char.length === 1 && code >= 0xdc80 && code <= 0xdcff ? Uint8Array.of(code - 0xdc00) : encoder.encode(char);
  });
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The text of a file, and the first problem with its encoding. */
export interface DecodedText {
  text: string;
  /** `at`: where the problem is in `text`. `instead`: what to write instead. */
  problem?: { at: number; message: string; instead: string };
}

/**
 * Decodes a text of {@link decodeBytes} as UTF-8, or as UTF-16 if it has that byte order mark. For
 * any other encoding, the problem names the first byte that is not UTF-8 and its offset in the
 * file, counted from 0.
 */
export function decodeFile(raw: string): DecodedText {
  const asUtf8 = "the file as UTF-8";
  const first = encodeText(raw.slice(0, 4));
  const starts = (...mark: number[]) => mark.every((byte, i) => first[i] === byte);
  const wide = starts(0xff, 0xfe, 0, 0) || starts(0, 0, 0xfe, 0xff);
  if (wide) return { text: "", problem: { at: 0, message: "the file is UTF-32, not UTF-8", instead: asUtf8 } };
  const order = starts(0xff, 0xfe) ? "utf-16le" : starts(0xfe, 0xff) ? "utf-16be" : undefined;
  if (order) {
    try {
      return { text: new TextDecoder(order, { fatal: true }).decode(encodeText(raw)) };
    } catch {
      const message =
        `the file begins with the byte order mark of ${order.toUpperCase()} and is not ${order.toUpperCase()}`;
      return { text: "", problem: { at: 0, message, instead: asUtf8 } };
    }
  }
  const text = raw.replace(/^\ufeff/, "");
  const zero = /^(\0[^\0]|[^\0]\0)/.exec(text);
  if (zero) {
    const name = zero[0].startsWith("\0") ? "UTF-16BE" : "UTF-16LE";
    const message = `byte 0x00 at offset ${
      zero[0].indexOf("\0")
    } is not text: the file looks like ${name} without a byte order mark`;
    return { text: "", problem: { at: 0, message, instead: asUtf8 } };
  }
  // a surrogate without its other half
  const at = /(?<![\ud800-\udbff])[\udc80-\udcff]/.exec(text)?.index;
  if (at === undefined) return { text };
  const byte = text.charCodeAt(at) - 0xdc00;
  const offset = encodeText(raw.slice(0, at + raw.length - text.length)).length;
  const strange = [...text].filter((char) => char.length === 1 && escaped.test(char));
  const others = [...text].some((char) => char > "\x7f" && !strange.includes(char));
  const isText = !/[\0-\x06\x0e-\x1a]/.test(text);
  const looks = !isText
    ? "the file is not text"
    : others
    ? "the rest of the file is UTF-8"
    : strange.some((char) => char < "\udca0")
    ? "the file looks like Windows-1252"
    : "the file looks like Latin-1 (ISO 8859-1)";
  const message = `byte 0x${byte.toString(16).toUpperCase()} at offset ${offset} is not UTF-8: ${looks}`;
  // shown in the encoding that it probably has
  const visibleText = text.replace(
    /(?<![\ud800-\udbff])[\udc80-\udcff]/g,
    (char) => String.fromCharCode(char.charCodeAt(0) - 0xdc00),
  );
  return { text: visibleText, problem: { at, message, instead: isText ? asUtf8 : "a text file in YAML" } };
}

/**
 * The text of a log: decoded from UTF-16 if it starts with that byte order mark or if every second
 * byte at its start is zero, as PowerShell's `>` writes it; otherwise unchanged. Takes a text of
 * {@link decodeBytes}.
 */
export function decodeLog(raw: string): string {
  const encoding = encodingOf(encodeText(raw.slice(0, 512)));
  return encoding === "utf-8" ? raw : new TextDecoder(encoding).decode(encodeText(raw));
}

/** The encoding of bytes, judged by the first of them. */
function encodingOf(bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  const start = bytes.subarray(0, 512);
  if (start.length < 8) return "utf-8";
  const zeros = (from: number) => start.filter((byte, i) => i % 2 === from && byte === 0).length / (start.length / 2);
  if (zeros(1) > 0.7 && zeros(0) < 0.1) return "utf-16le";
  if (zeros(0) > 0.7 && zeros(1) < 0.1) return "utf-16be";
  return "utf-8";
}

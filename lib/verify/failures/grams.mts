/**
 * Which patterns a log can match, by runs of characters: eight characters of each key, or four of a short one, as
 * hashes. A log with none of a pattern's hashes has none of its keys, so the entry need not be created.
 */
import { endsOf, folded } from "./words.mts";

/** How a run is hashed: each step shifts the hash, and what leaves its bits is the character before the run. */
interface Kind {
  size: number;
  shift: number;
  mask: number;
}
const long: Kind = { size: 8, shift: 3, mask: 0x3fffff };
const short: Kind = { size: 4, shift: 6, mask: 0x3fffff };
const kindOf = (key: string) => key.length < long.size ? short : long;

/** Spreads the characters over the bits of a hash. */
const spread = Int32Array.from(folded, (code) => Math.imul(code + 1, 0x9e3779b1) >>> 10);

/** The hash of the run that ends with each character. */
function visit(text: string, { shift, mask }: Kind, seen: (hash: number) => void): void {
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    seen(hash = (hash << shift ^ spread[code < 128 ? code : 0]!) & mask);
  }
}

/** The hashes of patterns, as plain data. */
export interface Grams {
  /** How many hashes each pattern has of long runs, and of short ones. */
  long: number[];
  short: number[];
  /** The hashes of each pattern, those of long runs first: 3 bytes each, in base64. */
  hashes: string;
}

/** The hashes of patterns with these keys. */
export function gramsOf(patterns: string[][]): Grams {
  const keys = [...new Set(patterns.flat())];
  const ends = endsOf(keys);
  const hashes = new Map(keys.map((key, i) => {
    const kind = kindOf(key);
    let hash = 0;
    // the run with the four characters that the fewest other keys have
    visit(key.slice(0, Math.max(ends[i]! + 1, kind.size)), kind, (last) => hash = last);
    return [key, hash];
  }));
  const of = (
    keys: string[],
    kind: Kind,
  ) => [...new Set(keys.filter((key) => kindOf(key) === kind).map((key) => hashes.get(key)!))];
  const all = patterns.map((keys) => ({ long: of(keys, long), short: of(keys, short) }));
  const bytes = all.flatMap(({ long, short }) =>
    [...long, ...short].flatMap((hash) => [hash >> 16, hash >> 8 & 255, hash & 255])
  );
  return {
    long: all.map(({ long }) => long.length),
    short: all.map(({ short }) => short.length),
    hashes: Buffer.from(bytes).toString("base64"),
  };
}

/** Returns the function that gives the indices of the patterns one of whose hashes a text has, in their order. */
export function candidates(grams: Grams): (text: string) => number[] {
  const bytes = Buffer.from(grams.hashes, "base64");
  const hashes = Int32Array.from(
    { length: bytes.length / 3 },
    (_, i) => bytes[3 * i]! << 16 | bytes[3 * i + 1]! << 8 | bytes[3 * i + 2]!,
  );
  // a bit for each hash; cleared for each text, since to create it again takes longer
  const [ofLong, ofShort] = [new Uint8Array(1 << 19), new Uint8Array(1 << 19)];
  return (text) => {
    for (const [kind, bits] of [[long, ofLong], [short, ofShort]] as const) {
      bits.fill(0);
      visit(text, kind, (hash) => bits[hash >> 3]! |= 1 << (hash & 7));
    }
    const found: number[] = [];
    let at = 0;
    for (let pattern = 0; pattern < grams.long.length; pattern++) {
      const short = at + grams.long[pattern]!;
      const end = short + grams.short[pattern]!;
      let has = 0;
      for (; at < end; at++) {
        const hash = hashes[at]!;
        has |= (at < short ? ofLong : ofShort)[hash >> 3]! & 1 << (hash & 7);
      }
      if (has !== 0) found.push(pattern);
    }
    return found;
  };
}

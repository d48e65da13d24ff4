/** A log without some of its characters, or with those that a paste lost, and where its parts were in the log. */

/** Longer logs were not typed or copied by hand, which is how spaces are lost. Characters. */
export const typedLimit = 1 << 17;

/** A text without some of a log's characters, and the position in the log of a position in it. */
export interface Shortened {
  text: string;
  original: (at: number) => number;
}

/** Blanks beyond the first, and those at the ends of a line. */
export const surplusBlanks = /(?<=\n) +| +(?=[ \n])/g;
/** A space before a colon, as some languages write it. */
export const spaceBeforeColon = / (?=: )/g;
/**
 * Marks behind which a paste lost the space. Not those in a link, a time, a PCI address or id, and not those
 * between the keys and values of JSON. `marks`: a class. `more`: what else can follow.
 */
const lostSpace = (marks: string, more = "") =>
  new RegExp(
    `(?<=[^\\s:,])(?<!"(?=[:,](?:["{[]|true\\b|false\\b|null\\b)))${marks}(?=[a-z'"\`[({<$*|/-]|\\.{1,2}/${more})` +
      "(?!//|(?<=\\d.)\\d|(?<=\\b[\\da-f]{2,4}:)[\\da-f]{2,4}\\b)",
    "gi",
  );
/** A number behind a colon is mostly part of an address or a tag. */
export const lostSpaces = [lostSpace(":"), lostSpace(":", "|:?\\d"), lostSpace(",", "|\\d")];
/** What NVIDIA's kernel module writes before each line of a message. */
export const moduleName = /(?<=\n)NVRM: ?/g;

/** A text in which one space is between words, for the patterns that match.mts compiles. */
export const squeezed = (text: string): string => shorten({ text, original: (at) => at }, surplusBlanks).text;

/** Leaves out what a pattern matches. Tabs become spaces. */
export function shorten({ text, original }: Shortened, surplus: RegExp): Shortened {
  /** Positions in the shorter text before which something is left out, and how much up to there. */
  const places: number[] = [];
  const removed = [0];
  const shorter = (text.includes("\t") ? text.replaceAll("\t", " ") : text).replace(surplus, (part, at: number) => {
    const before = removed.at(-1)!;
    places.push(at - before);
    removed.push(before + part.length);
    return "";
  });
  return { text: shorter, original: (at) => original(at + removed[firstFrom(places, at + 1)]!) };
}

/** The texts with the spaces that a paste lost behind colons and commas. Empty if it lost none. */
export function withLostSpaces(text: string): Shortened[] {
  const found = new Map<string, Shortened>();
  for (const lostSpace of lostSpaces) {
    /** Positions in the longer text that a space was inserted at. */
    const places: number[] = [];
    const longer = text.replace(lostSpace, (mark, at: number) => {
      places.push(at + 1 + places.length);
      return `${mark} `;
    });
    if (places.length > 0) found.set(longer, { text: longer, original: (at) => at - firstFrom(places, at) });
  }
  return [...found.values()];
}

/** The index of the first of ascending numbers that is at least `least`. */
export function firstFrom(numbers: number[], least: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Finds many fixed texts in one pass over a long text (Aho and Corasick, 1975). */

/**
 * Searches for all keys at once, without regard to case. A run of blanks or line breaks counts as
 * one space.
 *
 * @param keys lower-case texts without blanks at their ends
 * @returns a function that calls `found` with the index of a key and the position of its last
 *   character, in the order of the text
 */
export function searcher(keys: string[]): (text: string, found: (key: number, at: number) => void) => void {
  // characters that occur in no key share one class
  const classes = new Uint8Array(128);
  let count = 1;
  for (const key of keys) {
    for (const char of key) {
      const code = char.charCodeAt(0);
      if (classes[code] === 0) classes[code] = count++;
    }
  }
  for (let code = 65; code <= 90; code++) classes[code] = classes[code + 32]!;
  const space = classes[32]!;
  for (const code of [9, 10, 11, 12, 13]) classes[code] = space;

  // a row of transitions for each state; there are at most as many states as characters
  const next = new Int32Array((1 + keys.reduce((sum, { length }) => sum + length, 0)) * count);
  const ends: number[][] = [[]];
  for (const [number, key] of keys.entries()) {
    let state = 0;
    for (const char of key) {
      const slot = state * count + classes[char.charCodeAt(0)]!;
      if (next[slot] === 0) {
        next[slot] = ends.length;
        ends.push([]);
      }
      state = next[slot]!;
    }
    ends[state]!.push(number);
  }
  const fail = new Int32Array(ends.length);
  const queue: number[] = [];
  for (let i = 0; i < count; i++) if (next[i] !== 0) queue.push(next[i]!);
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head]!;
    ends[state]!.push(...ends[fail[state]!]!);
    for (let i = 0; i < count; i++) {
      const slot = state * count + i;
      const back = next[fail[state]! * count + i]!;
      if (next[slot] === 0) next[slot] = back;
      else {
        fail[next[slot]!] = back;
        queue.push(next[slot]!);
      }
    }
  }
  const table = next.subarray(0, ends.length * count).map((state) => state * count);
  const hits: (number[] | undefined)[] = ends.map((numbers) => numbers.length > 0 ? numbers : undefined);
  const isEnd = Uint8Array.from(hits, (numbers) => numbers ? 1 : 0);

  return (text, found) => {
    let row = 0;
    let blank = false;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      const kind = code < 128 ? classes[code]! : 0;
      if (kind === space && space !== 0) {
        if (blank) continue;
        blank = true;
      } else blank = false;
      row = table[row + kind]!;
      if (row !== 0 && isEnd[row / count] === 1) { for (const key of hits[row / count]!) found(key, i); }
    }
  };
}

/** The alternatives of a pattern: its parts between `|` outside any brackets. */
export function alternatives(source: string): string[] {
  const found = [""];
  let depth = 0;
  for (const [part] of source.matchAll(/\\.|\[(?:\\.|[^\]])*\]|[^]/g)) {
    if (part === "(") depth++;
    if (part === ")") depth--;
    if (part === "|" && depth === 0) found.push("");
    else found[found.length - 1] += part;
  }
  return found;
}

/**
 * Texts, in lower case, one of which occurs in every match of a pattern: its longest literal part,
 * or those of the alternatives of a group. Quotes and markup characters are left out. Empty if
 * there are none.
 */
export function keysOf(source: string): string[] {
  const choices = alternatives(source);
  if (choices.length > 1) {
    const keys = choices.map(keysOf);
    return keys.some((found) => found.length === 0) ? [] : keys.flat();
  }
  const candidates: string[][] = [];
  let run = "";
  const end = () => {
    if (run.trim() !== "") candidates.push([run.trim().toLowerCase()]);
    run = "";
  };
  const parts = [...source.matchAll(/\\.|\[(?:\\.|[^\]])*\]|\{\d+(?:,\d*)?\}|[^]/g)].map(([part]) => part);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (part === "(") {
      let depth = 1;
      let last = i + 1;
      for (; depth > 0; last++) depth += parts[last] === "(" ? 1 : parts[last] === ")" ? -1 : 0;
      const inner = parts.slice(i + 1, last - 1).join("").replace(/^\?(?::|<[=!]|[=!])/, "");
      const looks = /^\?(?:[=!]|<[=!])/.test(parts.slice(i + 1, last - 1).join(""));
      end();
      if (!looks && !/^[?*{]/.test(parts[last] ?? "")) candidates.push(keysOf(inner));
      i = last - 1;
      continue;
    }
    const literal = part.length === 1 && !/[.^$[\]|?*+{}'"<>&]/.test(part)
      ? part
      : /^\\[^\w'"]$/.test(part)
      ? part[1]!
      : undefined;
    if (literal === undefined || /^[?*{]/.test(parts[i + 1] ?? "")) end();
    else {
      run += literal;
      if (parts[i + 1] === "+") end();
    }
  }
  end();
  const worth = (keys: string[]) => Math.min(...keys.map(({ length }) => length));
  return candidates.filter((keys) => keys.length > 0).reduce<string[]>(
    (best, keys) => best.length === 0 || worth(keys) > worth(best) ? keys : best,
    [],
  );
}

/** Finds many fixed texts in one pass over a long text, and the fixed texts that a pattern requires. */

/** The characters of ASCII in lower case, with a space for a line break. */
export const folded = Uint8Array.from(
  { length: 128 },
  (_, code) => code === 10 ? 32 : code >= 65 && code <= 90 ? code + 32 : code,
);
/** The hash of four characters, without regard to case: each step shifts the first of them out. */
const step = (hash: number, code: number) => (hash << 4 ^ (code < 128 ? folded[code]! : 0)) & 0xffff;

/**
 * The four characters by which each key is found, those that the fewest other keys have: the position of the last one.
 *
 * @param keys lower-case ASCII texts of at least four characters
 */
export function endsOf(keys: string[]): number[] {
  const uses = new Uint16Array(0x10000);
  const hashes = keys.map((key) => {
    let hash = 0;
    return Array.from(key, (char) => hash = step(hash, char.charCodeAt(0)));
  });
  for (const all of hashes) for (const hash of all.slice(3)) uses[hash]!++;
  return hashes.map((all) => {
    let end = 3;
    for (let i = 4; i < all.length; i++) if (uses[all[i]!]! < uses[all[end]!]!) end = i;
    return end;
  });
}

function isAt(text: string, key: string, from: number): boolean {
  if (from < 0 || from + key.length > text.length) return false;
  for (let i = 0; i < key.length; i++) {
    const code = text.charCodeAt(from + i);
    if (code >= 128 || folded[code] !== key.charCodeAt(i)) return false;
  }
  return true;
}

/**
 * Searches for all keys at once, without regard to case. A space of a key also matches a line break.
 * Each key is found by its last four characters; the rest is compared where these four are.
 *
 * @param keys lower-case ASCII texts of at least four characters
 * @returns a function that calls `found` with the index of a key and a position inside of it, in the
 *   order of the text
 */
export function searcher(keys: string[]): (text: string, found: (key: number, at: number) => void) => void {
  const isUsed = new Uint8Array(0x10000);
  const byHash = new Map<number, number[]>();
  for (const [key, text] of keys.entries()) {
    let hash = 0;
    for (let at = text.length - 4; at < text.length; at++) hash = step(hash, text.charCodeAt(at));
    isUsed[hash] = 1;
    const others = byHash.get(hash);
    if (others) others.push(key);
    else byHash.set(hash, [key]);
  }
  return (text, found) => {
    let hash = 0;
    for (let i = 0; i < text.length; i++) {
      hash = step(hash, text.charCodeAt(i));
      if (isUsed[hash] === 0) continue;
      for (const key of byHash.get(hash)!) if (isAt(text, keys[key]!, i + 1 - keys[key]!.length)) found(key, i);
    }
  };
}

/** The alternatives of a pattern: its parts between `|` outside any brackets. */
export function alternatives(source: string): string[] {
  const found = [""];
  let depth = 0;
  for (const [part] of source.matchAll(/[^\\[()|]+|\\.|\[(?:\\.|[^\]])*\]|[^]/g)) {
    if (part === "(") depth++;
    if (part === ")") depth--;
    if (part === "|" && depth === 0) found.push("");
    else found[found.length - 1] += part;
  }
  return found;
}

/** Texts of many logs: as keys they would cost most of the time of a search. */
const common = new RegExp(
  `^[: ]*(?:${
    "failed|failed to|error:|error!|timeout|timed out|unable|unable to|could not|cannot|not found|no such file|" +
    "missing|invalid|warning|error|device|connection|already|response|starting|https://|no such|command|failure"
  })$`,
);
/** The pieces of a pattern: runs of characters, escapes, classes, bounds and single characters. */
const pieces = (source: string): string[] =>
  [...source.matchAll(/[\w ,:;=/-]+(?![?*+{])|\\.|\[(?:\\.|[^\]])*\]|\{\d+(?:,\d*)?\}|[^]/g)].map(([part]) => part);
/** The text that a piece of a pattern stands for, if it is one. Quotes and markup characters are left out. */
const literalOf = (part: string): string | undefined =>
  !/^\\|[.^$[\]|?*+{}()'"<>&]/.test(part) ? part : /^\\[^\w'"]$/.test(part) ? part[1]! : undefined;

/** The literal text with which every match of a pattern without alternatives begins. */
function headOf(source: string): string {
  const parts = pieces(source);
  let head = "";
  for (const [i, part] of parts.entries()) {
    const literal = literalOf(part);
    if (literal === undefined || /^[?*{]/.test(parts[i + 1] ?? "")) break;
    head += literal;
    if (parts[i + 1] === "+") break;
  }
  return head;
}

/**
 * Texts, in lower case, one of which occurs in every match of a pattern: its longest literal part,
 * or those of the alternatives of a group, each with the literal part before the group. Texts of
 * many logs are taken only if there are no others. Quotes and markup characters are left out.
 * Empty if there are none.
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
  const parts = pieces(source);
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (part === "(") {
      let depth = 1;
      let last = i + 1;
      for (; depth > 0; last++) depth += parts[last] === "(" ? 1 : parts[last] === ")" ? -1 : 0;
      const inner = parts.slice(i + 1, last - 1).join("").replace(/^\?(?::|<[=!]|[=!])/, "");
      const looks = /^\?(?:[=!]|<[=!])/.test(parts.slice(i + 1, last - 1).join(""));
      const before = run;
      end();
      if (!looks && !/^[?*{]/.test(parts[last] ?? "")) {
        candidates.push(keysOf(inner));
        const together = alternatives(inner).map((one) => (before + headOf(one)).trim().toLowerCase());
        if (before.trim() !== "") candidates.push([...new Set(together)]);
      }
      i = last - 1;
      continue;
    }
    const literal = literalOf(part);
    if (literal === undefined || /^[?*{]/.test(parts[i + 1] ?? "")) end();
    else {
      run += literal;
      if (parts[i + 1] === "+") end();
    }
  }
  end();
  const worth = (keys: string[]) =>
    Math.min(...keys.map((key) => key.length < 5 ? 0 : common.test(key) ? 1 : key.length));
  return candidates.filter((keys) => keys.length > 0).reduce<string[]>(
    (best, keys) => best.length === 0 || worth(keys) > worth(best) ? keys : best,
    [],
  );
}

/** The most characters that a pattern without `^` and `$` can match. Infinity if there is no bound. */
export function longest(source: string): number {
  const parts = pieces(source);
  let [total, last] = [0, 0];
  const of = (choices: string[]) => Math.max(...choices.map(longest));
  const add = (length: number) => total += last = length;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const [, least, most] = /^\{(\d+)(,\d*)?\}$/.exec(part) ?? [];
    if (part === "|") return of(alternatives(source));
    if (part === "(") {
      let depth = 1;
      let end = i + 1;
      for (; depth > 0; end++) depth += parts[end] === "(" ? 1 : parts[end] === ")" ? -1 : 0;
      const inner = parts.slice(i + 1, end - 1).join("");
      add(/^\?(?:[=!]|<[=!])/.test(inner) ? 0 : of(alternatives(inner.replace(/^\?:/, ""))));
      i = end - 1;
    } else if (least !== undefined) total += last * ((most === "," ? Infinity : Number(most?.slice(1) ?? least)) - 1);
    else if (part === "*" || part === "+") total += last * Infinity;
    else if (part !== "?") add(/^(?:\\.|\[)/.test(part) ? 1 : part.length);
  }
  return Number.isNaN(total) ? Infinity : total;
}

/** Finds where the entries of a catalogue match in a log, and decides which matches count. */
import { lineAt, lineStarts } from "../../places.mts";
import type { Failure } from "./types.mts";
import { type Pasted, rejoined, unwrapped } from "./paste.mts";
import { keysOf, searcher } from "./words.mts";

/** A match of an entry in a log. */
export interface Match {
  failure: Failure;
  /** The entry's index in the catalogue. */
  rank: number;
  /** Positions of the start and end of the match in the log's text. */
  start: number;
  end: number;
}

/** Longer logs come from files and pipes, where no window has wrapped the lines. Characters. */
const pasteLimit = 1 << 20;
/** The pattern must match within this many characters before and after a key. */
const reach = 800;

/** Prepares a catalogue. Returns the function that finds its entries in a log. */
export function matcher(failures: Failure[]): (paste: Pasted, ours: boolean) => Match[] {
  const patterns = failures.map(({ pattern }) => spaced(pattern));
  const keyed = failures.flatMap(({ pattern }, rank) => keysOf(pattern.source).map((key) => ({ rank, key })));
  const keys = [...new Set(keyed.map(({ key }) => key))];
  const ranks = keys.map((key) => [...new Set(keyed.filter((one) => one.key === key).map(({ rank }) => rank))]);
  const search = searcher(keys);

  function find(text: string, fits: (failure: Failure, start: number, end: number) => boolean): Map<number, Match> {
    const found = new Map<number, Match>();
    const tried = new Map<number, number>();
    search(text, (key, at) => {
      for (const rank of ranks[key]!) {
        // no match is longer than half a window: a match that begins in its first half was found
        // with the earlier key
        if (found.has(rank) || at < (tried.get(rank) ?? 0)) continue;
        const from = at < reach ? 0 : text.indexOf("\n", at - reach) + 1 || at - reach;
        const begin = from > at ? at - reach : from;
        const pattern = patterns[rank]!;
        const part = text.slice(begin, at + reach);
        pattern.lastIndex = 0;
        let match: RegExpExecArray | null;
        while ((match = pattern.exec(part))) {
          const start = begin + match.index + (/^\s*/.exec(match[0])![0].length);
          const end = begin + match.index + match[0].length;
          if (!fits(failures[rank]!, start, end)) {
            if (match[0] === "") break;
            continue;
          }
          found.set(rank, { failure: failures[rank]!, rank, start, end });
          break;
        }
        tried.set(rank, at + reach / 2);
      }
    });
    return found;
  }

  return (paste, ours) => {
    const { text, shown } = paste;
    const near = nearby(paste, ours);
    const found = find(text, near);
    if (text.length <= pasteLimit) {
      const whole = unwrapped(paste);
      if (whole !== undefined) {
        for (const [rank, match] of find(whole, near)) if (!found.has(rank)) found.set(rank, match);
      }
      const joined = rejoined({ text, shown });
      if (joined) {
        // each removed line break moved the following text by one
        const back = (at: number) => at + joined.breaks.filter((place) => place <= at).length;
        const moved = find(joined.text, (failure, start, end) => near(failure, back(start), back(end)));
        for (const [rank, match] of moved) {
          if (!found.has(rank)) found.set(rank, { ...match, start: back(match.start), end: back(match.end) });
        }
      }
    }
    return [...found.values()];
  };
}

/** The pattern as it runs: spaces match any run of blanks or a line break, and case is ignored. */
export function spaced({ source }: RegExp): RegExp {
  const blank = "(?:[ \\t]{1,80}|[ \\t]{0,80}\\n[ \\t]{0,80}(?:NVRM:[ \\t]{0,20})?)";
  let inClass = false;
  const compiled = [...source.matchAll(/\\.|[^]/g)].map(([part]) => {
    if (part === "[") inClass = true;
    if (part === "]") inClass = false;
    return part === " " && !inClass ? blank : part;
  });
  return new RegExp(compiled.join(""), "gim");
}

/** Words about graphics cards, their drivers and passthrough. */
const cardWords =
  /nvidia|NVRM|nouveau|vfio|amdgpu|radeon|vendor-reset|AMD_(?:NAVI|POLARIS|VEGA)|\bi915\b|\bvga\b|\bgpu|hostdev|snd_hda_intel|10de:|\[drm/i;
/** Words of programs that use VFIO for other devices. */
const otherPrograms = /\bEAL:|\bdpdk|\bspdk/i;
/** Words about devices that are not graphics cards. */
const otherDevices =
  /\bnvme|thunderbolt|xhci|mlx[45]|\bigb\b|\bixgbe|\bi40e|\be1000e?\b|iwlwifi|r8169|megaraid|mpt3sas/i;

/** What a program writes before its message, such as `ERROR: ` or `fatal: `. */
const levels = new RegExp(
  `^[\\s"'\`]*(?:(?:${
    [
      "\\[?(?:error|err|warning|warn|fatal|failed|failure|e|w)\\b\\]?",
      "kernel|kvm|docker|podman|qemu[\\w.-]{0,20}|libvirt[\\w.]{0,16}|task error",
      "internal error|operation failed|unsupported configuration|error response from daemon",
      "requested operation is not valid|invalid argument|timed out during operation|error from service|resource busy",
    ].join("|")
  })[!: \\t]{1,4}){0,5}$`,
  "i",
);

/** A PCI address, with or without its domain. */
const address = /\b(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/i;
const addresses = new RegExp(address.source, "gi");

/** The index of the first of ascending numbers that is at least `least`. */
function firstFrom(numbers: number[], least: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns whether a match has the context that its entry requires. */
function nearby({ text, shown }: Pasted, ours: boolean) {
  const starts = lineStarts(text);
  const lines = new Map<RegExp, number[]>();
  /** Numbers of the lines that match a context. */
  const linesOf = (context: RegExp): number[] => {
    let found = lines.get(context);
    if (!found) {
      lines.set(context, found = shown.flatMap((line, i) => context.test(line) ? [i] : []));
    }
    return found;
  };
  /** PCI addresses in lines that name a card. */
  let cards: Set<string> | undefined;
  const alone = shown.filter((line) => line.trim() !== "").length === 1;
  return ({ near }: Failure, start: number, end: number): boolean => {
    // only the error was pasted
    if (alone && levels.test(text.slice(0, start)) && text.length - end < 300) return true;
    const [first, last] = [lineAt(starts, start), lineAt(starts, Math.max(start, end - 1))];
    const own = shown.slice(first, last + 1).join("\n");
    if (otherPrograms.test(own) || (otherDevices.test(own) && !cardWords.test(own))) return false;
    if (!near || ours) return true;
    if (near !== "card") {
      const at = linesOf(near);
      const next = at[firstFrom(at, first - 30)];
      return (next !== undefined && next <= last + 30) || near.test(own);
    }
    if (cardWords.test(own)) return true;
    const [device] = address.exec(own) ?? [];
    if (device === undefined) return false;
    cards ??= new Set(
      linesOf(cardWords).flatMap((i) =>
        [...shown[i]!.matchAll(addresses)].flatMap(([found]) => [found, found.slice(-7)])
      ),
    );
    return cards.has(device);
  };
}

/** Finds where the entries of a catalogue match in a log, and decides which matches count. */
import { lineAt, lineStarts } from "../../places.mts";
import type { Catalogue } from "./catalogue.mts";
import type { Failure } from "./types.mts";
import { isOneMessage, type Pasted, rejoined, unwrapped } from "./paste.mts";
import { ahead, type Part, partsOf, reach } from "./parts.mts";
import { isOther, isRemark, mayRelate, speakerOf } from "./speakers.mts";
import {
  firstFrom,
  lostSpaces,
  moduleName,
  shorten,
  type Shortened,
  spaceBeforeColon,
  surplusBlanks,
  typedLimit,
  withLostSpaces,
} from "./shorten.mts";
import { searcher } from "./words.mts";
import { anyOf } from "../../text.mts";

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
/** A part is not tried more often in one line, which then has one text again and again. */
const mostTries = 400;
/**
 * Prepares a catalogue. Returns the function that finds its entries in a log. `compile`: creates
 * the expression that runs on a squeezed text (shorten.mts) from an alternative of an entry's pattern.
 */
export function matcher(
  catalogue: Catalogue,
  compile = compiled,
): (paste: Pasted, ours: boolean) => Match[] {
  const partsIn = partsOf(catalogue, compile);

  /** Adds the entries that are not found yet. `original`: the position in the log's text. */
  function find(
    { text, original }: Shortened,
    fits: (failure: Failure, start: number, end: number) => boolean,
    found: Map<number, Match>,
  ): void {
    const earlier = new Set(found.keys());
    const partsWith = new Map<string, Set<Part>>();
    for (const part of partsIn(text)) {
      for (const key of part.keys) partsWith.set(key, (partsWith.get(key) ?? new Set()).add(part));
    }
    const lists = [...partsWith.values()].map((parts) => [...parts]);
    /** Of each part where to try it again. */
    const next = new Map<Part, number>();
    /** Of each part how often it was tried in the line that ends here. */
    const tries = new Map<Part, number>();
    let lineEnd = -1;
    searcher([...partsWith.keys()])(text, (key, at) => {
      if (at > lineEnd) {
        lineEnd = text.indexOf("\n", at);
        if (lineEnd < 0) lineEnd = text.length;
        tries.clear();
      }
      for (const part of lists[key]!) {
        if (at < (next.get(part) ?? 0)) continue;
        const times = tries.get(part) ?? 0;
        if (times > mostTries) continue;
        const { rank, failure } = part;
        const known = found.get(rank);
        // another alternative can begin before the one that is found
        if (known && (earlier.has(rank) || original(at) - known.start > reach)) continue;
        tries.set(part, times + 1);
        const { expression, before, skip } = part.search();
        // not by indexOf in the text: that would search a long line up to its end, for each key
        const begin = at < before ? 0 : at - before + text.slice(at - before, at).indexOf("\n") + 1;
        const window = text.slice(begin, at + reach);
        const whole = at + reach >= text.length ? Infinity : window.length;
        expression.lastIndex = 0;
        let match: RegExpExecArray | null;
        while ((match = expression.exec(window))) {
          // a match at the window's end may be cut off, or what follows it: it is found whole with a later key
          if (match.index + match[0].length + ahead >= whole) break;
          const start = original(begin + match.index + (/^\s*/.exec(match[0])![0].length));
          const end = original(begin + match.index + match[0].length);
          if (known && start >= known.start) break;
          if (fits(failure, start, end)) {
            found.set(rank, { failure, rank, start, end });
            break;
          }
          if (match[0] === "") break;
        }
        next.set(part, at + skip);
      }
    });
  }

  return (paste, ours) => {
    const { text, shown } = paste;
    const found = new Map<number, Match>();
    const near = nearby(paste, ours);
    const findIn = (one: Shortened) => {
      const squeezed = shorten(one, surplusBlanks);
      find(squeezed, near, found);
      // the kernel's module writes its name before each line of a message
      if (squeezed.text.includes("\nNVRM:")) find(shorten(squeezed, moduleName), near, found);
    };
    findIn({ text, original: (at) => at });
    if (text.length <= pasteLimit) {
      const whole = unwrapped(paste);
      if (whole !== undefined) findIn({ text: whole, original: (at) => at });
      // a text that was typed from a picture
      if (/\w : /.test(text)) findIn(shorten({ text, original: (at) => at }, spaceBeforeColon));
      if (text.length <= typedLimit) { for (const spaced of withLostSpaces(text)) findIn(spaced); }
      const joined = rejoined({ text, shown });
      // each removed line break moved the following text by one
      if (joined) findIn({ text: joined.text, original: (at) => at + firstFrom(joined.breaks, at + 1) });
    }
    return [...found.values()];
  };
}

/** The pattern as it runs on a squeezed text (shorten.mts): a space also matches a line break, and case is ignored. */
export function compiled({ source }: RegExp): RegExp {
  const parts = [...source.matchAll(/[^\\[ ]+|\\.|\[(?:\\.|[^\]])*\]|[^]/g)].map(([part]) => part);
  return new RegExp(parts.map((part) => part === " " ? "[ \\n]" : part).join(""), "gim");
}

/** Words about graphics cards, their drivers and passthrough. */
const cardWords = anyOf(
  /nvidia|NVRM|nouveau|vfio|pciback|amdgpu|radeon|vendor-reset|AMD_(?:NAVI|POLARIS|VEGA)|\bi915\b|\bxe [\da-f]{4}:|nova[-_]core|\bvga\b|\bgpu/i,
  /hostdev|snd_hda_intel|10de:|\[drm/i,
);
/** Makers of graphics cards and their drivers. */
const makers = /nvidia|NVRM|nouveau|amdgpu|radeon|\bi915\b|\bxe [\da-f]{4}:|nova[-_]core|\bvga\b|\bgpu/i;
/** Words of programs that use VFIO for other devices. */
const otherPrograms = /\bEAL ?:|\bdpdk|\bspdk/i;
/** Words about devices that are not graphics cards. */
const otherDevices =
  /\bnvme(?!dia)|thunderbolt|xhci|\bahci\b|mlx[45]|\bigb\b|\bixgbe|\bi40e|\be1000e?\b|iwlwifi|\bath\d{1,2}k|\brtw\d|\bmt79|r8169|megaraid|mpt3sas/i;

/** What a program writes before its message, such as `ERROR: `, `fatal: ` or `ERRO[0000] `. */
const levels = new RegExp(
  `^(?:-> )?(?:(?:time=\\S{4,40} )?level=\\w{4,8} msg=)?[\\s"'\`]*(?:\\[[\\w ]{2,30} @ 0x[0-9a-f]{1,16}\\] )?(?:(?:${
    [
      "\\w{2,40}(?:Error|Exception)",
      "\\[?(?:error|err|warning|warn|fatal|failed|failure|e|w)\\b\\]?|(?:erro|warn|fata)\\[\\d{4,8}\\]",
      "kernel|kvm|docker|podman|qemu[\\w.-]{0,20}|libvirt[\\w.]{0,16}|task error",
      "internal error|operation failed|unsupported configuration|error response from daemon",
      "requested operation is not valid|invalid argument|timed out during operation|error from service|resource busy",
    ].join("|")
  })[!: \\t]{1,4}){0,5}$`,
  "i",
);

/** The head of a line of an error of Python, whose message can begin with other words than an entry's. */
const pythonError = /^(?:\[rank\d{1,3}\]: )?[\w.]{2,80}(?:Error|Exception): /;

/** Programs that a line names as its own: an entry for another one does not answer a single line of theirs. */
const engines =
  /\b(?:crun|runc|netavark|buildah|conmon|rootlesskit)\b|response from daemon|OCI (?:runtime|permission)|Error: statfs/i;

/** A command that prints what follows. */
const echoed = /\becho (?:-[ne]{1,2} |>&2 ){0,2}["'][^"'\n]{0,80}$/;

/** A PCI address, with or without its domain. */
const address = /\b(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b/i;
const addresses = new RegExp(address.source, "gi");

/** Returns whether a match has the context that its entry requires. */
function nearby({ text, shown }: Pasted, ours: boolean) {
  const starts = lineStarts(text);
  const isTyped = text.length <= typedLimit;
  /** Returns whether a context is in a text, also if that lost the spaces behind its colons. */
  const has = (context: RegExp, part: string) =>
    context.test(part) ||
    (isTyped && context.source.includes(" ") && context.test(part.replace(lostSpaces[0]!, "$& ")));
  /** The lines of the last match, and what is known of them: one long line can have many matches. */
  let place = { first: -1, last: -1, own: "", known: new Map<RegExp, boolean>() };
  /** Of each context, which lines match it: 1 yes, 2 no, 0 not known yet. */
  const tested = new Map<RegExp, Uint8Array>();
  const isContext = (context: RegExp, i: number): boolean => {
    let known = tested.get(context);
    if (!known) tested.set(context, known = new Uint8Array(shown.length));
    return (known[i] ||= has(context, shown[i]!) ? 1 : 2) === 1;
  };
  /** PCI addresses in lines that name a card. */
  let cards: Set<string> | undefined;
  const alone = isTyped && isOneMessage(shown);
  return ({ near, shared }: Failure, start: number, end: number): boolean => {
    const [first, last] = [lineAt(starts, start), lineAt(starts, Math.max(start, end - 1))];
    if (place.first !== first || place.last !== last) {
      place = { first, last, own: shown.slice(first, last + 1).join("\n"), known: new Map() };
    }
    const { own, known } = place;
    const once = (context: RegExp, test: () => boolean): boolean => {
      if (!known.has(context)) known.set(context, test());
      return known.get(context)!;
    };
    const says = (context: RegExp) => once(context, () => context.test(own));
    const speaker = speakerOf(shown[first]!);
    if (isRemark(shown[first]!) || (isOther(shown[first]!) && !says(cardWords))) return false;
    // only the error was pasted, and it does not name a program of another kind
    const before = text.slice(starts[first]!, start).trimStart();
    if (alone && !shared && (levels.test(before) || pythonError.test(before)) && text.length - end < 300) {
      if (!(near instanceof RegExp) || once(near, () => has(near, own)) || !says(engines)) return true;
    }
    const named = near instanceof RegExp && once(near, () => has(near, own));
    // a make's recipe or a traced script shows the message that it would print
    if (echoed.test(text.slice(Math.max(starts[first]!, start - 200), start))) return false;
    if (says(otherPrograms) || (says(otherDevices) && !says(cardWords) && !named)) return false;
    // a kernel's line between those of such a program is about the program's device
    if (
      near === "card" && !says(makers) &&
      otherPrograms.test(shown.slice(Math.max(0, first - 2), last + 3).join("\n"))
    ) {
      return false;
    }
    if (!near || ours) return true;
    if (near !== "card") {
      for (let i = Math.max(0, first - 30); i <= Math.min(last + 30, shown.length - 1); i++) {
        if (!isContext(near, i)) continue;
        const other = speakerOf(shown[i]!);
        // the service manager writes about a program next to its lines
        if (mayRelate(speaker, other) || (other === "systemd" && Math.abs(i - first) < 4)) return true;
      }
      return named;
    }
    if (says(cardWords)) return true;
    const [device] = address.exec(own) ?? [];
    if (device === undefined) return false;
    cards ??= new Set(
      shown.filter((line) => cardWords.test(line)).flatMap((line) =>
        [...line.matchAll(addresses)].flatMap(([found]) => [found, found.slice(-7)])
      ),
    );
    return cards.has(device);
  };
}

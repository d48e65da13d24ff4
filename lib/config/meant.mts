/** What a value that does not fit most likely means, as text for an error. Nothing here is accepted in its place. */
import type { Shape } from "./shape.mts";
import { quoted } from "./scalars.mts";
import { sizeInMib } from "./sizes.mts";
import { closest } from "../suggest.mts";
import { withoutPasswords } from "../urls.mts";
import { scalarText } from "./values.mts";
import { isMap, isScalar, isSeq, type Node } from "./yaml.mts";

/** The longest text that an error repeats as what to write. */
const longest = 60;

/**
 * What to write for a value that does not fit its shape, made of what is written: `16` → `16 GiB`, `./a.sh` in place
 * of a list → `[./a.sh]`. Undefined if the value does not show what is meant.
 */
export function meantBy(shape: Shape, node: Node | null): string | undefined {
  if (shape.kind === "texts") return variables(shape, node);
  if (shape.kind === "list" && isMap(node)) return inList(shape, node) ?? namedItems(shape, node);
  if ((shape.kind === "services" || shape.kind === "maps") && isSeq(node)) return byName(node);
  const isAlone = isSeq(node) && node.items.length === 1 && shape.kind !== "list";
  const text = scalarText(isAlone ? node.items[0] as Node | null : node)?.trim();
  if (text === undefined || text === "" || !isShort(text)) return undefined;
  return fromText(shape, text, isAlone);
}

/** Whether a value says that there is none of something: `0`, `false`, `none`. */
export const meansNone = (node: Node | null): boolean => /^(0|false|no|off|none)$/i.test(scalarText(node) ?? "");

/** Whether a text can be repeated in a line: short, without line breaks, control characters and passwords. */
const isShort = (text: string) => text.length <= longest && !/\p{C}/u.test(text) && withoutPasswords(text) === text;

/** What a text means as a value of that shape. `isValue`: a text that fits is an answer too. */
function fromText(shape: Shape, text: string, isValue = true): string | undefined {
  switch (shape.kind) {
    case "text":
      return isValue && new RegExp(shape.pattern).test(text) ? quoted(text) : shape.meant?.(text);
    case "hex": {
      if (new RegExp(`^[0-9a-fA-F]{${shape.digits}}$`).test(text)) return text;
      const named = shape.named && closest(text, Object.keys(shape.named));
      return named === undefined ? shape.meant?.(text) : shape.named![named];
    }
    case "choice":
      return shape.values().includes(text) ? text : shape.meant?.(text) ?? closest(text, shape.values());
    case "whole":
      return shape.size ? sizeMeant(text, shape) : inRange(countIn(text), shape);
    case "flag":
      if (/^(true|yes|y|on|1)$/i.test(text)) return "true";
      return /^(false|no|n|off|0|none)$/i.test(text) ? "false" : undefined;
    case "list": {
      if (/\s/.test(text)) return undefined;
      const item = shape.meant?.(text) ?? fromText(shape.of, text);
      return item === undefined ? undefined : `[${item}]`;
    }
    case "map": {
      const pairs = pairsIn(text, Object.keys(shape.keys));
      if (pairs !== undefined) return pairs;
      const key = shape.short === undefined ? undefined : shape.keys[shape.short];
      const value = shape.meant === undefined && key ? fromText(key, text) : undefined;
      return value === undefined ? shape.meant?.(text) : `{${shape.short}: ${value}}`;
    }
    case "either": {
      const own = shape.meant?.(text);
      if (own !== undefined) return own;
      for (const option of shape.of) {
        const found = option.kind === "list" ? undefined : fromText(option, text);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    default:
      return undefined;
  }
}

/** `name:ai box:lab/x` or `name = ai box = lab/x` as a mapping with these keys. */
function pairsIn(text: string, keys: string[]): string | undefined {
  const pairs = text.replace(/\s*=\s*/g, ":").split(/[\s,]+/).map((word) =>
    /^(\w+):(?!\/\/)([^\s,:[\]{}]+)$/.exec(word)
  );
  if (pairs.some((pair) => !pair || !keys.includes(pair[1]!))) return undefined;
  return `{${pairs.map((pair) => `${pair![1]}: ${quoted(pair![2]!)}`).join(", ")}}`;
}

/** The number that a text begins with; undefined if it is part of a size, a share, an address or another notation. */
const countIn = (text: string): string | undefined =>
  /^\d{1,9}(?!\d|[_,:]\w|e[+-]?\d|x|(\.\d+){3}|\s*%|\s*[kmgt](i?b)?\b)/i.exec(text)?.[0];

const inRange = (text: string | undefined, { min, max }: { min: number; max: number }): string | undefined =>
  text !== undefined && Number(text) >= min && Number(text) <= max ? String(Number(text)) : undefined;

/** The size that a text means: without quotes and separators, and in GiB if it is too small for MiB. */
function sizeMeant(text: string, { min, max, suits = () => true }: Shape & { kind: "whole" }): string | undefined {
  const plain = text.replace(/(?<=\d)_(?=\d)/g, "").replace(/^\d{1,3}(,\d{3})+(?!\d)/, (all) => all.replaceAll(",", ""))
    .replace(/^(\d+),(?=\d)/, "$1.");
  const mibOf = (form: string) => /^\d+$/.test(form) ? Number(form) : sizeInMib(form);
  const next = Math.ceil((mibOf(plain) ?? NaN) / 1024);
  // also 16, 16 gigs, and 16 Go as in French
  const gib = /^(\d+) *(?:go|gigs?|gigabytes?)?$/i.exec(plain)?.[1];
  // 8 GB RAM, 2048,
  const begun = /^\d+(\.\d+)?(\s*[kmgt](i?b)?)?(?=[\s,;#])/i.exec(plain)?.[0];
  const forms = [
    plain,
    // 16.000 MB, as in German
    plain.replace(/^\d{1,3}(\.\d{3})+(?![\d.])/, (all) => all.replaceAll(".", "")),
    ...(begun === undefined ? [] : [begun]),
    ...(gib === undefined ? [] : [`${gib} GiB`]),
    `${next} GiB`,
  ];
  return forms.find((form) => {
    const mib = mibOf(form);
    return mib !== undefined && mib >= min && mib <= max && suits(mib);
  });
}

/** A mapping in place of a list: its one item, if it has the keys of one. */
function inList({ of }: Shape & { kind: "list" }, node: Node | null): string | undefined {
  if (of.kind !== "map" || !isMap(node) || node.items.length === 0) return undefined;
  const pairs = node.items.map(({ key, value }) => [
    isScalar(key) ? String(key.value) : "",
    scalarText(value as Node | null),
  ]);
  const names = pairs.map(([key]) => key!);
  if (names.some((name) => !Object.hasOwn(of.keys, name))) return undefined;
  const isWhole = Object.entries(of.keys).every(([key, { required }]) => !required || names.includes(key));
  const text = pairs.map(([key, value]) => `${key}: ${value === undefined ? "" : quoted(value)}`).join(", ");
  const isRepeated = isWhole && isShort(text) && pairs.every(([, value]) => value !== undefined);
  return isRepeated ? `[{${text}}]` : undefined;
}

/** The keys and texts of a mapping of texts; undefined if it has other values. */
function textsOf(node: unknown): [key: string, value: string][] | undefined {
  const pairs = isMap(node)
    ? node.items.map(({ key, value }) => [scalarText(key as Node), scalarText(value as Node)])
    : [];
  const isWhole = pairs.length > 0 && pairs.every(([key, value]) => key !== undefined && value !== undefined);
  return isWhole ? pairs as [string, string][] : undefined;
}

const flow = (pairs: [key: string, value: string][]): string =>
  `{${pairs.map(([key, value]) => `${key}: ${quoted(value)}`).join(", ")}}`;

/** Items by name in place of a list: `{ai: {box: x}}` → `[{name: ai, box: x}]`. */
function namedItems({ of }: Shape & { kind: "list" }, node: Node | null): string | undefined {
  if (of.kind !== "map" || !isMap(node) || !Object.hasOwn(of.keys, "name")) return undefined;
  const items = node.items.map(({ key, value }) => {
    const [name, pairs] = [scalarText(key as Node), textsOf(value)];
    if (name === undefined || !pairs) return undefined;
    return flow(pairs.some(([one]) => one === "name") ? pairs : [["name", name], ...pairs]);
  });
  const text = items.join(", ");
  return items.length > 0 && items.every((one) => one !== undefined) && isShort(text) ? `[${text}]` : undefined;
}

/** A list in place of values by name: `[{name: web, image: x}]` → `{web: {image: x}}`. */
function byName(node: Node | null): string | undefined {
  const items = isSeq(node) ? node.items.map(textsOf) : [];
  const named = items.map((pairs) => {
    const name = pairs?.find(([key]) => key === "name")?.[1];
    return name === undefined ? undefined : `${name}: ${flow(pairs!.filter(([key]) => key !== "name"))}`;
  });
  const text = named.join(", ");
  return named.length > 0 && named.every((one) => one !== undefined) && isShort(text) ? `{${text}}` : undefined;
}

/** A list of `NAME=VALUE` in place of texts by name. */
function variables({ names }: Shape & { kind: "texts" }, node: Node | null): string | undefined {
  if (!isSeq(node) || node.items.length === 0) return undefined;
  const pairs = node.items.map((item) => /^([^=]+)=(.*)$/.exec(scalarText(item as Node | null) ?? ""));
  const text = pairs.map((pair) => `${pair?.[1]}: ${quoted(pair?.[2] ?? "")}`).join(", ");
  const isWhole = pairs.every((pair) => pair && new RegExp(names).test(pair[1]!)) && isShort(text);
  return isWhole ? `{${text}}` : undefined;
}

/** What an error says to write for a key that its mapping does not have. */
import type { Shape } from "./shape.mts";
import { ownValue } from "../maps.mts";
import { closest } from "../suggest.mts";
import { meantBy } from "./meant.mts";
import { fits, kind, printable, scalarText, takes } from "./values.mts";
import { isMap, type Node } from "./yaml.mts";

/** A mapping that is being read. */
export interface Level {
  shape: Shape & { kind: "map" };
  /** The keys that are written in it. */
  written: string[];
  /** The key in it whose value is read now. */
  inside?: string;
}

/** What an unknown key means. */
export interface KeyMeant {
  /** The key of the same mapping that is meant. */
  near?: string;
  /** What to write; undefined if nothing is meant. */
  write?: string;
}

/** The meaning of a key that its mapping does not have. `levels`: from the outermost mapping to its own. */
export function keyMeant(key: string, value: Node | null, levels: Level[]): KeyMeant {
  const { shape, written } = levels.at(-1)!;
  const keys = Object.keys(shape.keys);
  const apart = ownValue(shape.apart ?? {}, key.toLowerCase());
  if (apart !== undefined) {
    // the fault of one key is not the absence of another one too
    const near = keys.find((one) => apart.startsWith(`${one}: `));
    return { write: apart, ...(near === undefined ? {} : { near }) };
  }
  if (Object.hasOwn(shape.keys, "services") && isService(value)) return { write: inside("services") };
  const [, name, text] = /^([\w.-]+)\s*[=:]\s*(\S.*)$/.exec(key) ?? [];
  if (name !== undefined && keys.includes(name) && (value === null || kind(value) === "null")) {
    return { near: name, write: `${name}: ${printable(text!)}` };
  }
  const word = ownValue(shape.words ?? {}, key.toLowerCase());
  const outer = word === undefined
    ? levels.slice(0, -1).findLast(({ shape: { keys }, written }) =>
      Object.hasOwn(keys, key) && !written.includes(key) &&
      (fits(value, keys[key]!) || meantBy(keys[key]!, value) !== undefined)
    )
    : undefined;
  if (outer) {
    const shape = outer.shape.keys[key]!;
    const it = fits(value, shape) ? "it" : `${key}: ${meantBy(shape, value)}`;
    return { write: `${it} next to ${outer.inside}:, not inside it` };
  }
  const near = word?.replace(/^not /, "") ?? closest(key, keys) ?? byPart(key, shape);
  if (near !== undefined) {
    const write = written.includes(near)
      ? `remove it: ${near} exists already`
      : `${near}: ${flagMeant(shape.keys[near], value, word?.startsWith("not ") ?? false)}`;
    return { near, write };
  }
  const owner = keys.find((candidate) => takes(shape.keys[candidate]!, key));
  return owner === undefined ? {} : { write: inside(owner) };
}

const inside = (owner: string) => `it inside ${owner}:, indented further than ${owner}`;

/** Whether a value is a service of Compose, not a machine, whose image is that of its box. */
function isService(node: Node | null): boolean {
  const keys = isMap(node) ? node.items.map(({ key }) => scalarText(key as Node)) : [];
  return (keys.includes("image") || keys.includes("build")) && !keys.includes("box");
}

/** What a flag of another name is as the value of a key: the same, or with `opposite` the other one; else `…`. */
function flagMeant(key: Shape | undefined, node: Node | null, opposite: boolean): string {
  if (key?.kind !== "flag") return "…";
  const value = kind(node) === "flag" ? scalarText(node)!.toLowerCase() : meantBy(key, node);
  return value === undefined ? "…" : String((value === "true") !== opposite);
}

/** Parts of a name that say nothing about the key: `memory_mb`, `vm.box`, `cpuCount`. */
const filling = /^(vm|guest|machine|config|size|count|num|number|of|total|max|amount|in|[mg]i?b)$/;

/** The key that one part of a name means, if its other parts say nothing. */
function byPart(name: string, { keys, words = {} }: Level["shape"]): string | undefined {
  const parts = name.split(/[-_.\s]+|(?<=[a-z])(?=[A-Z])/).map((part) => part.toLowerCase());
  const [part, ...others] = parts.filter((one) => !filling.test(one));
  if (parts.length < 2 || part === undefined || others.length > 0) return undefined;
  const found = Object.hasOwn(keys, part) ? part : ownValue(words, part);
  return found?.startsWith("not ") ? undefined : found;
}

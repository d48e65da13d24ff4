import { composeSections, sizeInMib } from "./sizes.mts";
import { ConfigError, type Problem } from "../errors.mts";
import type { Key, Shape } from "./shape.mts";
import { closest } from "../suggest.mts";
import { wrap } from "../text.mts";
import { withoutPasswords } from "../urls.mts";
import { kindOf, type ScalarKind } from "./scalars.mts";
import { isMap, isPlain, isScalar, isSeq, type Node, offset, tagOf, Yaml } from "./yaml.mts";

/**
 * Reads nodes by their shapes, remembers where each value is in the text, and collects the
 * problems.
 */
export class Reader {
  readonly problems: Problem[];
  readonly #yaml: Yaml;
  readonly #places = new Map<string, number>();

  constructor(text: string) {
    this.#yaml = new Yaml(text);
    this.problems = [...this.#yaml.problems];
  }

  /** Reads the whole text by a shape. Wrong values become undefined and are added to `problems`. */
  read(shape: Shape): unknown {
    if (this.problems.length > 0) return undefined;
    if (!this.#yaml.root) {
      this.problem(0, "the file is empty", shape.example);
      return undefined;
    }
    return this.#value(this.#yaml.resolve(this.#yaml.root), shape, "the file", "");
  }

  /** Adds a problem with the value at a path such as `machines.0.name`. */
  at(path: string, message: string, write?: string): void {
    this.problem(this.#places.get(path) ?? 0, message, write);
  }

  problem(at: number, message: string, instead?: string): void {
    this.problems.push({ ...this.#yaml.place(at), message, ...(instead ? { instead } : {}) });
  }

  /** Reads one value. `name` is what errors call the value, `path` where it is in the file. */
  #value(node: Node | null, shape: Shape, name: string, path: string, at = offset(node) ?? 0): unknown {
    this.#places.set(path, at);
    const tag = node && tagOf(node);
    if (tag === "!reset" || tag === "!override") {
      const message = `the tag ${tag} is for Compose's keys of a service, not for ${name}`;
      return this.problem(at, message, "the value without it");
    }
    const item = /\.\d+$/.test(path);
    const wrong = (expected: string, example = shape.example) => {
      const write = item ? `- ${example}` : path ? `${name}: ${example}` : example;
      this.problem(at, `${item ? `an item of ${name}` : name} must be ${expected}, not ${quotePreview(node)}`, write);
    };
    switch (shape.kind) {
      case "text": {
        const text = scalarText(node);
        const plain = kind(node) === "text";
        if (text === undefined || !new RegExp(shape.pattern).test(text)) return wrong(form(shape));
        return plain
          ? text
          : wrong(`text (put quotes around it)`, text.length <= 40 ? JSON.stringify(text) : undefined);
      }
      case "hex": {
        const hex = textual(node, new RegExp(`^[0-9a-fA-F]{${shape.digits}}$`));
        return hex?.toLowerCase() ?? wrong(form(shape));
      }
      case "choice": {
        const choice = scalarText(node);
        return choice !== undefined && [...shape.values(), ...(shape.also?.() ?? [])].includes(choice)
          ? choice
          : wrong(form(shape), likely(shape, choice));
      }
      case "whole": {
        const text = scalarText(node);
        const digits = shape.quoted && text !== undefined && /^[0-9]{1,9}$/.test(text);
        const size = shape.size && text !== undefined ? sizeInMib(text) : undefined;
        const whole = size ?? (kind(node) === "number" || digits ? Number(text) : NaN);
        return Number.isInteger(whole) && whole >= shape.min && whole <= shape.max ? whole : wrong(form(shape, node));
      }
      case "flag":
        return kind(node) === "flag" ? scalarText(node)!.toLowerCase() === "true" : wrong(form(shape));
      case "list":
        if (!isSeq(node)) return wrong(form(shape));
        return node.items.map((item, i) =>
          this.#value(this.#yaml.resolve(item), shape.of, name, `${path}.${i}`, offset(item) ?? at)
        );
      case "map":
        if (!isMap(node)) return wrong(form(shape));
        return this.#map(this.#yaml.pairs(node), shape, name, path, at);
      case "either": {
        const fitting = shape.of.filter((option) => fits(node, option));
        // a mapping or list is checked in detail; for a scalar the list of allowed forms is enough
        if (fitting.length === 1 && !isScalar(node)) return this.#value(node, fitting[0]!, name, path, at);
        for (const option of fitting) {
          const before = this.problems.length;
          const value = this.#value(node, option, name, path, at);
          if (this.problems.length === before) return value;
          this.problems.length = before;
        }
        return wrong(form(shape, node), likely(shape, scalarText(node)));
      }
      case "texts":
        if (!isMap(node)) return wrong(form(shape));
        return this.#texts(this.#yaml.pairs(node), shape, name);
      case "services":
        if (!isMap(node)) return wrong(form(shape));
        return Object.fromEntries(
          this.#yaml.pairs(node).flatMap(({ key, at, value }) => {
            const service = this.#service(key, at, value, shape.keys);
            return service ? [[key, service]] : [];
          }),
        );
      case "refused":
        return this.problem(at, `${name} ${shape.message}`, shape.example);
    }
  }

  #map(
    pairs: ReturnType<Yaml["pairs"]>,
    shape: Shape & { kind: "map" },
    name: string,
    path: string,
    at: number,
  ): Record<string, unknown> {
    const keys = Object.keys(shape.keys);
    const found: Record<string, unknown> = {};
    for (const pair of pairs) {
      const key = Object.hasOwn(shape.keys, pair.key) ? shape.keys[pair.key] : undefined;
      if (!key) {
        if (shape.extensions && pair.key.startsWith("x-")) continue;
        const isFile = path === "" && Object.hasOwn(shape.keys, "services");
        const section = isFile && Object.hasOwn(composeSections, pair.key) ? composeSections[pair.key] : undefined;
        if (section !== undefined) {
          this.problem(pair.at, `“${pair.key}” is a section of a Compose file, which has no place here`, section);
          continue;
        }
        const near = closest(pair.key, keys);
        const owner = keys.find((candidate) => takes(shape.keys[candidate]!, pair.key));
        this.problem(
          pair.at,
          `unknown key “${printable(pair.key)}”`,
          near
            ? `${near}: …`
            : owner
            ? `it inside ${owner}:, indented further than ${owner}`
            : `one of ${keys.join(", ")}`,
        );
      } else {
        found[pair.key] = this.#value(
          pair.value,
          key,
          pair.key,
          path ? `${path}.${pair.key}` : pair.key,
          offset(pair.value) ?? pair.at,
        );
      }
    }
    for (const [key, { required, example }] of Object.entries(shape.keys)) {
      if (required && !Object.hasOwn(found, key)) this.problem(at, `${key} is missing`, `${key}: ${example}`);
    }
    if (shape.exactlyOne) {
      const given = shape.exactlyOne.filter((key) => Object.hasOwn(found, key));
      if (given.length !== 1) {
        this.problem(at, `${name} needs exactly one of ${shape.exactlyOne.join(", ")}`, `${name}: ${shape.example}`);
      }
    }
    return found;
  }

  /** Texts by name, as written: `0042` and `yes` stay text. */
  #texts(
    pairs: ReturnType<Yaml["pairs"]>,
    shape: Shape & { kind: "texts" },
    name: string,
  ): Record<string, string | null> {
    const found: [string, string | null][] = [];
    for (const { key, at, value } of pairs) {
      const text = scalarText(this.#yaml.resolve(value));
      const empty = value === null || kind(value) === "null";
      if (!new RegExp(shape.names).test(key)) {
        this.problem(at, `“${printable(key)}” is no name for ${name}: letters, digits and underscores`, shape.example);
      } else if (text === undefined && !(empty && shape.empty)) {
        this.problem(offset(value) ?? at, `${key} must be text, not ${quotePreview(value)}`, `${key}: …`);
      } else found.push([key, text ?? null]);
    }
    return Object.fromEntries(found);
  }

  #service(name: string, at: number, node: Node | null, keys: Record<string, Key>): object | undefined {
    if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
      this.problem(
        at,
        `“${printable(name)}” is no name for a service: letters, digits, dots, hyphens and underscores`,
        "web: …",
      );
      return undefined;
    }
    if (!isMap(node)) {
      this.problem(
        offset(node) ?? at,
        `service ${name} must be a mapping, not ${quotePreview(node)}`,
        `${name}: {image: nginx}`,
      );
      return undefined;
    }
    const path = `services.${name}`;
    this.#places.set(path, at);
    const ours: Record<string, unknown> = {};
    for (const pair of this.#yaml.pairs(node)) {
      const key = Object.hasOwn(keys, pair.key) ? keys[pair.key] : undefined;
      if (key) {
        const at = key.kind === "refused" ? pair.at : offset(pair.value) ?? pair.at;
        ours[pair.key] = this.#value(pair.value, key, pair.key, `${path}.${pair.key}`, at);
      }
    }
    try {
      const all = this.#yaml.data(node) as Record<string, unknown>;
      return { ...ours, body: Object.fromEntries(Object.entries(all).filter(([key]) => !Object.hasOwn(keys, key))) };
    } catch (error) {
      this.problem(at, `service ${name} cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }
}

/** Whether a shape describes a mapping, or a list of mappings, that may have the key. */
function takes(shape: Shape, key: string): boolean {
  if (shape.kind === "either") return shape.of.some((option) => takes(option, key));
  if (shape.kind === "list") return takes(shape.of, key);
  return (shape.kind === "map" || shape.kind === "services") && Object.hasOwn(shape.keys, key);
}

/** Whether a node is of a shape's form (mapping, list or scalar); its value is not checked here. */
function fits(node: Node | null, shape: Shape): boolean {
  if (shape.kind === "map" || shape.kind === "services" || shape.kind === "texts") return isMap(node);
  if (shape.kind === "list") return isSeq(node);
  return isScalar(node);
}

/** What a value must be, as words for an error. `node`: the value that was found. */
function form(shape: Shape, node: Node | null = null): string {
  switch (shape.kind) {
    case "text":
      return shape.expected;
    case "hex":
      return `${shape.digits} hex digits`;
    case "choice": {
      const values = shape.values();
      return values.length === 1 ? values[0]! : `one of ${values.join(", ")}`;
    }
    case "whole": {
      const digits = kind(node) === "text" && /^[0-9]+$/.test(scalarText(node)!);
      return `a whole number from ${shape.min} to ${shape.max}${digits && !shape.quoted ? " (without quotes)" : ""}`;
    }
    case "flag":
      return "true or false";
    case "list":
      return "a list";
    case "map":
      return shape.expected ?? "a mapping";
    case "either":
      return shape.of.map((option) => form(option, node)).join(", or ");
    case "texts":
      return "a mapping of texts by name";
    case "services":
      return "a mapping of services by name";
    case "refused":
      return "left out";
  }
}

/** The kind of a scalar: text if it is quoted. Undefined for other nodes. */
function kind(node: Node | null): ScalarKind | undefined {
  if (!isScalar(node)) return undefined;
  return isPlain(node) ? kindOf(String(node.value)) : "text";
}

/**
 * A scalar's text as written: YAML would read ids such as `1e84` and `0042` as numbers and return
 * 1e+84 and 42. Undefined for other nodes and for an empty scalar.
 */
function scalarText(node: Node | null): string | undefined {
  return isScalar(node) && kind(node) !== "null" ? String(node.value) : undefined;
}

function textual(node: Node | null, pattern: RegExp): string | undefined {
  const text = scalarText(node);
  return text !== undefined && pattern.test(text) ? text : undefined;
}

/** A value as an error shows it. */
function quotePreview(node: Node | null): string {
  const text = scalarText(node);
  if (text !== undefined) return `“${printable(text)}”`;
  if (isMap(node)) return "a mapping";
  if (isSeq(node)) return "a list";
  return "empty";
}

function printable(text: string): string {
  const plain = withoutPasswords(text).replace(/[\u0000-\u001f\u007f-\u009f]/g, "·");
  return plain.length > 40 ? `${plain.slice(0, 40)}…` : plain;
}

/** The value of a choice that somebody most likely meant by a text; undefined where none or several are like it. */
function likely(shape: Shape, written: string | undefined): string | undefined {
  const options = shape.kind === "either" ? shape.of : [shape];
  return closest(written ?? "", options.flatMap((option) => (option.kind === "choice" ? option.values() : [])));
}

/** The prefix of every message. */
const speaker = "homelab-gpu: ";

/** How many problems are shown at most. */
const shownProblems = 20;

/** Makes one message of the problems: each with its place, the line, and what to write instead. */
export function configError(problems: Problem[], text: string, name: string): ConfigError {
  const lines = text.split(/\r?\n/);
  const sorted = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const parts = sorted.slice(0, shownProblems).map(({ line, column, message, instead }, i) => {
    const gutter = String(line).padStart(5);
    // a long line is cut on both sides of the place, so the mark below stays under it
    const from = Math.max(0, column - 50);
    const shown = withoutPasswords(lines[line - 1] ?? "", true).slice(from, from + 68).replaceAll("\t", " ");
    return [
      ...wrap(`${name}:${line}:${column}: ${message}`, 80, i === 0 ? speaker : "", "  ").map((line) =>
        line.replace(speaker, "")
      ),
      `${gutter} | ${shown}`,
      `${" ".repeat(gutter.length)} | ${" ".repeat(column - 1 - from)}^`,
      ...(instead ? wrap(instead, 80, "      write  ") : []),
    ].join("\n");
  });
  const more = sorted.length - parts.length;
  return new ConfigError(sorted, [...parts, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"));
}

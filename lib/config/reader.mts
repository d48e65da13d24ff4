import { composeSections, sizeInMib } from "./sizes.mts";
import type { Problem } from "../errors.mts";
import type { Key, Shape } from "./shape.mts";
import { keyMeant, type Level } from "./meant-keys.mts";
import { isMap, isScalar, isSeq, type Node, offset, tagOf, Yaml } from "./yaml.mts";
import { meansNone, meantBy } from "./meant.mts";
import { quoted } from "./scalars.mts";
import { fits, form, kind, printable, quotePreview, scalarText, textual } from "./values.mts";

/** The name of an image. */
const imageName = /^[\w.-]+(:\d+)?(\/[\w.-]+)*(:[\w.-]+)?$/;

/** Keys of a service that are written next to its name instead of below it. */
const serviceKeys = /^(image|build|command|ports|volumes|environment|restart|depends_on|container_name|gpu|machine)$/;

/**
 * Reads nodes by their shapes, remembers where each value is in the text, and collects the
 * problems.
 */
export class Reader {
  readonly problems: Problem[];
  readonly #yaml: Yaml;
  readonly #places = new Map<string, number>();

  /** The mappings around the value that is read, the outermost first. */
  readonly #levels: Level[] = [];
  /** The mappings whose keys an error lists. */
  readonly #listed = new Set<Shape>();

  /** Whether an error says what the value means. */
  readonly #explains: boolean;

  constructor(text: string, explains = true) {
    this.#explains = explains;
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

  /** Whether the file has a value at a path; one that is wrong alone was reported, and is undefined in the result. */
  has(path: string): boolean {
    return this.#places.has(path);
  }

  problem(at: number, message: string, instead?: string): void {
    this.problems.push({ ...this.#yaml.place(at), message, ...(instead ? { instead } : {}) });
  }

  /** What a value that does not fit means, if that is accepted. */
  #meant(shape: Shape, node: Node | null): string | undefined {
    const meant = this.#explains ? meantBy(shape, node) : undefined;
    if (meant === undefined) return undefined;
    const filled = meant.replace("sha256:…", `sha256:${"0".repeat(64)}`).replace("_id: …", "_id: 10de");
    const reader = new Reader(`it: ${filled}`, false);
    reader.read({ kind: "map", keys: { it: { ...shape, about: "" } }, example: "" });
    return reader.problems.length === 0 ? meant : undefined;
  }

  /** Reads one value; if errors do not explain, one that the rules refuse is wrong too. */
  #value(node: Node | null, shape: Shape, name: string, path: string, at = offset(node) ?? 0): unknown {
    const value = this.#read(node, shape, name, path, at);
    const isRefused = !this.#explains && value !== undefined && shape.suits?.(value) === false;
    return isRefused ? this.problem(at, `${name} does not suit`) : value;
  }

  /** Reads one value. `name` is what errors call the value, `path` where it is in the file. */
  #read(node: Node | null, shape: Shape, name: string, path: string, at: number): unknown {
    this.#places.set(path, at);
    const tag = node && tagOf(node);
    if (tag === "!reset" || tag === "!override") {
      const message = `the tag ${tag} is for Compose keys of a service, not for ${name}`;
      return this.problem(at, message, "the value without it");
    }
    const item = /\.\d+$/.test(path);
    const wrong = (expected: string, example = this.#meant(shape, node) ?? shape.example) => {
      const none = shape.kind === "either" && meansNone(node) ? shape.none : undefined;
      const write = none ?? (item ? `- ${example}` : path ? `${name}: ${example}` : example);
      const variable = /\$\{?[A-Za-z_]/.test(scalarText(node) ?? "") ? ": variables are replaced only in services" : "";
      const subject = item ? `an item of ${name}` : name;
      this.problem(at, `${subject} must be ${expected}, not ${quotePreview(node)}${variable}`, write);
    };
    switch (shape.kind) {
      case "text": {
        const text = scalarText(node);
        const plain = kind(node) === "text";
        // a number may be meant as text, a yes or no is not
        if (!plain && /^(true|false)$/i.test(text ?? "")) return wrong(form(shape));
        if (text === undefined || !new RegExp(shape.pattern).test(text)) {
          return wrong(form(shape));
        }
        return plain
          ? text
          : wrong(`text (put quotes around it)`, text.length <= 40 ? JSON.stringify(text) : undefined);
      }
      case "hex": {
        const hex = textual(node, new RegExp(`^[0-9a-fA-F]{${shape.digits}}$`));
        return hex === undefined ? wrong(form(shape)) : hex.toLowerCase();
      }
      case "choice": {
        const choice = scalarText(node);
        return choice !== undefined && [...shape.values(), ...(shape.also?.() ?? [])].includes(choice)
          ? choice
          : wrong(form(shape));
      }
      case "whole": {
        const text = scalarText(node);
        const digits = shape.quoted && text !== undefined && /^[0-9]{1,9}$/.test(text);
        const size = shape.size && text !== undefined ? sizeInMib(text) : undefined;
        const whole = size ?? (kind(node) === "number" || digits ? Number(text) : NaN);
        return Number.isInteger(whole) && whole >= shape.min && whole <= shape.max ? whole : wrong(form(shape, node));
      }
      case "flag":
        return kind(node) === "flag" ? scalarText(node)!.toLowerCase() === "true" : wrong(form(shape, node));
      case "list":
        if (!isSeq(node)) {
          const [first] = isMap(node) ? this.#yaml.pairs(node) : [];
          const dashed = /^-(?=\w)(.*)/s.exec(first?.key ?? "")?.[1];
          if (dashed === undefined) return wrong(form(shape));
          return this.problem(first!.at, "a dash needs a space after it", `- ${printable(dashed)}: …`);
        }
        return node.items.map((item, i) =>
          this.#value(this.#yaml.resolve(item), shape.of, name, `${path}.${i}`, offset(item) ?? at)
        );
      case "map":
        if (!isMap(node)) return wrong(form(shape));
        return this.#map(this.#yaml.pairs(node), shape, name, path, at);
      case "either": {
        const fitting = shape.of.filter((option) => fits(node, option));
        // a mapping or list is checked in detail; for a scalar, the list of allowed forms is enough
        if (fitting.length === 1 && !isScalar(node)) return this.#value(node, fitting[0]!, name, path, at);
        for (const option of fitting) {
          const before = this.problems.length;
          const value = this.#value(node, option, name, path, at);
          if (this.problems.length === before) return value;
          this.problems.length = before;
        }
        return wrong(form(shape, node));
      }
      case "texts":
        if (!isMap(node)) return wrong(form(shape));
        return this.#texts(this.#yaml.pairs(node), shape, name);
      case "maps":
        if (!isMap(node)) return wrong(form(shape));
        return Object.fromEntries(
          this.#yaml.pairs(node).flatMap(({ key, at, value }) => {
            if (new RegExp(shape.names).test(key)) {
              return [[key, this.#value(value, shape.of, key, `${path}.${key}`, offset(value) ?? at)]];
            }
            this.problem(at, `“${printable(key)}” is not a valid name in ${name}: use letters, digits and hyphens`);
            return [];
          }),
        );
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
    const found: Record<string, unknown> = {};
    const meant = new Set<string>();
    const level: Level = { shape, written: pairs.map(({ key }) => key) };
    this.#levels.push(level);
    for (const pair of pairs) {
      const key = Object.hasOwn(shape.keys, pair.key) ? shape.keys[pair.key] : undefined;
      if (!key) {
        if (shape.extensions && pair.key.startsWith("x-")) continue;
        const isFile = path === "" && Object.hasOwn(shape.keys, "services");
        const section = isFile && Object.hasOwn(composeSections, pair.key) ? composeSections[pair.key] : undefined;
        if (section !== undefined) {
          this.problem(pair.at, `“${pair.key}” is a section of a Compose file and cannot be used here`, section);
          continue;
        }
        const { near, write } = keyMeant(pair.key, pair.value, this.#levels);
        if (near !== undefined) meant.add(near);
        this.problem(pair.at, `unknown key “${printable(pair.key)}”`, write ?? this.#keysOf(shape));
      } else {
        level.inside = pair.key;
        found[pair.key] = this.#value(
          pair.value,
          key,
          pair.key,
          path ? `${path}.${pair.key}` : pair.key,
          offset(pair.value) ?? pair.at,
        );
      }
    }
    this.#levels.pop();
    for (const [key, { required, example }] of Object.entries(shape.keys)) {
      // a misspelt key is one error
      if (meant.has(key)) continue;
      if (required && !Object.hasOwn(found, key)) this.problem(at, `${key} is missing`, `${key}: ${example}`);
    }
    if (shape.exactlyOne) {
      const present = shape.exactlyOne.filter((key) => Object.hasOwn(found, key) || meant.has(key));
      if (present.length !== 1) {
        this.problem(at, `${name} needs exactly one of ${shape.exactlyOne.join(", ")}`, `${name}: ${shape.example}`);
      }
    }
    return found;
  }

  /** The keys of a mapping, as what to write; in full once. */
  #keysOf(shape: Shape & { kind: "map" }): string {
    const keys = Object.keys(shape.keys);
    if (shape.others !== undefined || keys.length === 1) return shape.others ?? `${keys[0]}: …`;
    const isListed = this.#listed.has(shape);
    this.#listed.add(shape);
    return isListed ? "one of the keys listed above" : `one of ${keys.join(", ")}`;
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
        this.problem(
          at,
          `“${printable(key)}” is not a valid name in ${name}: use letters, digits and underscores`,
          shape.example,
        );
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
        `“${printable(name)}” is not a valid service name: use letters, digits, dots, hyphens and underscores`,
        "web: …",
      );
      return undefined;
    }
    if (!isMap(node)) {
      this.problem(
        offset(node) ?? at,
        `service ${name} must be a mapping, not ${quotePreview(node)}`,
        serviceKeys.test(name)
          ? "it inside a service, indented further than the service"
          : `${name}: {image: ${quoted(imageName.exec(scalarText(node) ?? "")?.[0] ?? "nginx")}}`,
      );
      return undefined;
    }
    const path = `services.${name}`;
    this.#places.set(path, at);
    const ownKeys: Record<string, unknown> = {};
    for (const pair of this.#yaml.pairs(node)) {
      const key = Object.hasOwn(keys, pair.key) ? keys[pair.key] : undefined;
      if (key) {
        const at = key.kind === "refused" ? pair.at : offset(pair.value) ?? pair.at;
        ownKeys[pair.key] = this.#value(pair.value, key, pair.key, `${path}.${pair.key}`, at);
      } else this.#places.set(`${path}.${pair.key}`, pair.at);
    }
    try {
      const all = this.#yaml.data(node) as Record<string, unknown>;
      return { ...ownKeys, body: Object.fromEntries(Object.entries(all).filter(([key]) => !Object.hasOwn(keys, key))) };
    } catch (error) {
      this.problem(at, `service ${name} cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }
}

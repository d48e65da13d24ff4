/** The one door to the package `yaml`. */
import {
  type Alias,
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import type { Problem } from "../errors.mts";
import { type Lexeme, mistakeOf, openings } from "./mistakes.mts";

export { isMap, isScalar, isSeq, type Node };

/** Characters that a text may have, and values that its aliases may make of it: what takes a reader long is worth no waiting. */
const most = 128 * 1024;

/** How deep lists and mappings in brackets may be nested; the package goes down a call for each, and slowly where there is no more stack. */
const deepest = 100;

/** A pair of a mapping: its key as text, where that stands, its value. */
interface Pair {
  key: string;
  at: number;
  value: Node | null;
}

/** Plain data, and how many values it has, those that it shares counted each time. */
interface Made {
  data: unknown;
  size: number;
}

/** A YAML text taken apart, with the place of everything in it. */
export class Yaml {
  readonly problems: Problem[] = [];
  readonly root: Node | null = null;
  readonly #document: Document.Parsed;
  readonly #text: string;
  readonly #targets = new Map<Alias, Node>();
  readonly #pairs = new Map<YAMLMap, Pair[]>();
  readonly #made = new Map<Node, Made>();
  #size = 0;

  constructor(text: string) {
    const long = text.length > most;
    this.#text = text;
    // the package compares every key of a mapping with every other
    const options = { prettyErrors: false, logLevel: "error" as const, merge: true, uniqueKeys: false };
    const deep = long ? undefined : tooDeep(text);
    this.#document = parseDocument(long || deep !== undefined ? "" : text, options);
    if (long) this.#problem(0, `this is too long: ${text.length} characters, and at most ${most} are read`);
    if (deep !== undefined) this.#problem(deep, "this is nested too deeply");
    const lines = new Set<number>();
    let open: ReturnType<typeof openings> | undefined;
    for (const { code, pos: [at], message } of this.#document.errors) {
      // what follows on the line follows from the first
      const { line } = this.place(at);
      if (lines.has(line)) continue;
      lines.add(line);
      if (/call stack/.test(message)) this.#problem(at, "this is nested too deeply");
      else {
        const { begins, says, write } = mistakeOf(code, message);
        const from = begins && (open ??= openings(lexemes(text)))[begins].get(at);
        this.#problem(from ?? at, `this is no YAML: ${says}`, write);
      }
    }
    if (this.problems.length > 0) return;
    this.root = this.#document.contents;
    try {
      this.#examine();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#problem(0, "this is nested too deeply");
    }
  }

  #problem(at: number, message: string, instead?: string): void {
    this.problems.push({ ...this.place(at), message, ...(instead ? { instead } : {}) });
  }

  /** What the package itself finds only where it makes plain data of it, or slowly: what aliases stand for too. */
  #examine(): void {
    const anchors = new Map<string, Node>();
    const merges: { at: number; value: unknown }[] = [];
    visit(this.#document, {
      Node: (_, node) => void (node.anchor && anchors.set(node.anchor, node)),
      Map: (_, map) => {
        const { items, anchor, range } = map;
        if (anchor) anchors.set(anchor, map);
        const keys = new Map<unknown, number>();
        for (const { key, value } of items) {
          const at = offset(key) ?? offset(value) ?? range?.[0] ?? 0;
          if (!isScalar(key)) {
            this.#problem(at, "a key must be plain text");
          } else if (textOf(key) === "<<") {
            merges.push({ at, value });
          } else {
            const first = keys.get(key.value);
            if (first !== undefined) {
              const { line } = this.place(first);
              this.#problem(at, `the key “${textOf(key)}” is there twice`, `it once: it is on line ${line} already`);
            } else keys.set(key.value, at);
          }
        }
      },
      Alias: (_, alias, path) => {
        const { source } = alias;
        const target = anchors.get(source);
        if (target) this.#targets.set(alias, target);
        const says = !target
          ? `there is no anchor &${source} before this`
          : path.some((node) => (node as { anchor?: string }).anchor === source)
          ? `*${source} stands within what it stands for`
          : undefined;
        if (says) this.#problem(offset(alias) ?? 0, says);
      },
    });
    for (const { at, value } of merges) {
      if (!this.#sources(value).every(isMap)) this.#problem(at, "<< takes a mapping, or a list of them");
    }
  }

  /** What `<<` merges in. */
  #sources(value: unknown): (Node | null)[] {
    const node = this.resolve(value);
    return isSeq(node) ? node.items.map((item) => this.resolve(item)) : [node];
  }

  /** Line and column of an offset, from 1. */
  place(offset: number): { line: number; column: number } {
    const before = this.#text.slice(0, offset).split("\n");
    return { line: before.length, column: before.at(-1)!.length + 1 };
  }

  /** What an alias stands for; any other node is itself. */
  resolve(node: unknown): Node | null {
    const found = isAlias(node) ? this.#targets.get(node) : node;
    return (found as Node | undefined) ?? null;
  }

  /** The pairs of a mapping with its merge keys (`<<`) followed: its own keys win, then those of the earlier source. */
  pairs(map: YAMLMap): Pair[] {
    const known = this.#pairs.get(map);
    if (known) return known;
    // a mapping that merges itself in finds nothing there
    this.#pairs.set(map, []);
    const own = new Map<string, Pair>();
    const merged: Pair[] = [];
    for (const pair of map.items) {
      const key = isScalar(pair.key) ? textOf(pair.key) : "";
      if (key === "<<") {
        for (const source of this.#sources(pair.value)) if (isMap(source)) merged.push(...this.pairs(source));
      } else {
        own.set(key, { key, at: offset(pair.key) ?? offset(map) ?? 0, value: this.resolve(pair.value) });
      }
    }
    for (const pair of merged) if (!own.has(pair.key)) own.set(pair.key, pair);
    const pairs = [...own.values()];
    this.#pairs.set(map, pairs);
    return pairs;
  }

  /** A node as plain data, keys as they are written, integers as readers of YAML 1.1 take them. Throws if aliases make too much of it. */
  data(node: Node): unknown {
    const { data, size } = this.#make(node);
    this.#size += size;
    if (this.#size > most) throw new Error("its aliases make too much of it");
    return data;
  }

  #make(node: Node | null): Made {
    const known = node && this.#made.get(node);
    if (known) return known;
    let size = 1;
    const part = (inner: unknown) => {
      const made = this.#make(this.resolve(inner));
      size += made.size;
      return made.data;
    };
    const data = isMap(node)
      ? Object.fromEntries(this.pairs(node).map(({ key, value }) => [key, part(value)]))
      : isSeq(node)
      ? node.items.map(part)
      : isScalar(node)
      ? valueOf(node)
      : null;
    const made = { data, size };
    if (node) this.#made.set(node, made);
    return made;
  }
}

/**
 * The value of a scalar. Integers are those of YAML 1.1, which Compose and podman-compose read (go-yaml, PyYAML): octal behind a
 * leading zero. One that a number does not hold is a BigInt.
 */
function valueOf({ value, source = "" }: Scalar): unknown {
  const [, sign, digits] = (typeof value === "number" && /^([-+]?)(\d+|0o[0-7]+|0x[\da-fA-F]+)$/.exec(source)) || [];
  if (digits === undefined) return value;
  const whole = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  const signed = sign === "-" ? -whole : whole;
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

/** Where brackets are nested too deeply, if anywhere. */
function tooDeep(text: string): number | undefined {
  let depth = 0;
  for (const { at, lexeme } of lexemes(text)) {
    if (lexeme === "[" || lexeme === "{") depth++;
    if (lexeme === "]" || lexeme === "}") depth--;
    if (depth > deepest) return at;
  }
  return undefined;
}

/** The lexemes of a text, each with where it begins. */
function* lexemes(text: string): Generator<Lexeme> {
  let at = 0;
  for (const lexeme of new Lexer().lex(text)) {
    yield { at, lexeme };
    // marks of the lexer's own stand nowhere in the text
    if (!/^[\x02\x18\x1f]$/.test(lexeme)) at += lexeme.length;
  }
}

/** A key as it stands in the text. To the package `<<` is a symbol. */
function textOf({ source, value }: Scalar): string {
  return source ?? String(value);
}

/** Where a node begins in the text. */
export function offset(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[0];
}

/** Plain data → YAML that any YAML 1.1 or 1.2 reader takes for the same data. */
export function writeYaml(data: unknown): string {
  // these are line breaks to YAML 1.1 and to many a reader of 1.2, and the package writes them as they are
  const breaks = /[\u0085\u2028\u2029\ufeff]/g;
  const document = new Document(data, { version: "1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === "string" && scalar.value.search(breaks) >= 0) scalar.type = "QUOTE_DOUBLE";
    },
  });
  const escaped = (found: string) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return document.toString({ lineWidth: 0 }).replace(breaks, escaped);
}

/** Reads YAML. The only module that imports the package `yaml`; write-yaml.mts takes its classes from here. */
import {
  type Alias,
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  Pair,
  parseDocument,
  Scalar,
  type ScalarTag,
  visit,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import type { Problem } from "../errors.mts";
import { Verbatim, withTag } from "../verbatim.mts";
import { lineStarts, placeAt } from "../places.mts";
import { type Lexeme, tooDeep } from "./lexemes.mts";
import { plainValue } from "./scalars.mts";
import { syntaxProblems } from "./syntax.mts";
import { nameLookalikes } from "./lookalikes.mts";
import { composeTags, shortTag, tags } from "./tags.mts";

export { Document, isAlias, isMap, isScalar, isSeq, type Node, Pair, Scalar, type ScalarTag, YAMLMap, YAMLSeq };

/**
 * The maximum number of characters in a text, and of values that its aliases may expand to: the
 * parser takes too long for larger texts.
 */
const most = 128 * 1024;

/**
 * The failsafe schema keeps every scalar as text. Tags and duplicate keys are checked here, because
 * the package compares each key with every other.
 */
const options = {
  schema: "failsafe",
  resolveKnownTags: false,
  prettyErrors: false,
  logLevel: "error",
  uniqueKeys: false,
} as const;

/** A pair of a mapping: its key as text, the place of the key, its value. */
interface KeyValue {
  key: string;
  at: number;
  value: Node | null;
}

/** Plain data, and how many values it contains; values shared through aliases count each time. */
interface Converted {
  data: unknown;
  size: number;
}

/** A parsed YAML text, with the place of each node. */
export class Yaml {
  readonly problems: Problem[] = [];
  /** With `joins`: items that are indented deeper than those above, which YAML reads as part of the text above. */
  readonly joined: Problem[] = [];
  /** With `joins`: keys that a mapping has twice. The last one counts in the data. */
  readonly repeated: Problem[] = [];
  readonly root: Node | null = null;
  readonly #document: Document.Parsed;
  readonly #text: string;
  readonly #targets = new Map<Alias, Node>();
  readonly #pairs = new Map<YAMLMap, KeyValue[]>();
  readonly #converted = new Map<Node, Converted>();
  /** The offset at which each line begins. */
  readonly #starts: number[];
  readonly #joins: boolean;
  #size = 0;

  /** `joins`: an item that YAML reads as part of the text above is no problem, as for Compose. */
  constructor(text: string, { joins = false } = {}) {
    this.#joins = joins;
    const long = text.length > most;
    this.#text = text;
    this.#starts = lineStarts(text);
    const deep = long ? undefined : tooDeep(text, () => lexemes(text));
    this.#document = parseDocument(long || deep !== undefined ? "" : text, options);
    if (long) this.#problem(0, `the file is too long: ${text.length} characters, at most ${most} are read`);
    if (deep !== undefined) this.#problem(deep, "this is nested too deeply");
    if (!long && deep === undefined) {
      const errors = this.#document.errors.map(({ code, pos: [at], message }) => ({ code, at, message }));
      const found = syntaxProblems(text, () => lexemes(text), errors, (at) => this.place(at));
      // without an error of the package, only such items are found
      (joins && errors.length === 0 ? this.joined : this.problems).push(...nameLookalikes(text, found, true));
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

  #problem(at: number, message: string, instead?: string, list = this.problems): void {
    list.push({ ...this.place(at), message, ...(instead ? { instead } : {}) });
  }

  /** Errors that the package reports late or finds slowly, and tags, which it would drop. */
  #examine(): void {
    const anchors = new Map<string, Node>();
    const merges: { at: number; value: unknown }[] = [];
    const inspect = (node: Node) => {
      const { anchor } = node as { anchor?: string };
      if (anchor) anchors.set(anchor, node);
      const tag = tagOf(node);
      if (!tag || this.#suits(node, tag)) return;
      const at = offset(node) ?? 0;
      const start = this.#text.lastIndexOf(tag, at);
      const why = tags.has(tag) ? "does not fit this value" : "is not supported";
      this.#problem(start >= 0 ? start : at, `the tag ${tag} ${why}`, "the value without it");
    };
    visit(this.#document, {
      Scalar: (_, node) => inspect(node),
      Seq: (_, node) => inspect(node),
      Map: (_, node) => {
        inspect(node);
        const { items, range } = node;
        const keys = new Map<string, number>();
        for (const { key, value } of items) {
          const at = offset(key) ?? offset(value) ?? range?.[0] ?? 0;
          if (!isScalar(key)) {
            this.#problem(at, "a key must be plain text");
          } else if (isMerge(key)) {
            merges.push({ at, value });
          } else {
            const text = textOf(key);
            const first = keys.get(text);
            if (first !== undefined) {
              const { line } = this.place(first);
              const message = `duplicate key “${text.length > 40 ? `${text.slice(0, 40)}…` : text}”`;
              const list = this.#joins ? this.repeated : this.problems;
              this.#problem(at, message, `it once: line ${line} has it already`, list);
            } else keys.set(text, at);
          }
        }
      },
      Alias: (_, alias, path) => {
        const { source } = alias;
        const target = anchors.get(source);
        if (target) this.#targets.set(alias, target);
        const message = !target
          ? `there is no anchor &${source} before this`
          : path.some((node) => (node as { anchor?: string }).anchor === source)
          ? `the alias *${source} is inside its own anchor`
          : undefined;
        if (message) this.#problem(offset(alias) ?? 0, message);
      },
    });
    for (const { at, value } of merges) {
      // a missing anchor is reported as a problem of its own
      if (isAlias(value) && !this.#targets.has(value)) continue;
      if (!this.#sources(value).every(isMap)) this.#problem(at, "<< needs a mapping, or a list of mappings");
    }
  }

  /** Whether a node can have this tag. Compose checks the value of a tagged scalar. */
  #suits(node: Node, tag: string): boolean {
    if (tag === "!!map") return isMap(node);
    if (tag === "!!seq") return isSeq(node);
    if (tag === "!!merge") return isMerge(node);
    return composeTags.has(tag) || (tags.has(tag) && isScalar(node));
  }

  /** The nodes that `<<` merges in. */
  #sources(value: unknown): (Node | null)[] {
    const node = this.resolve(value);
    return isSeq(node) ? node.items.map((item) => this.resolve(item)) : [node];
  }

  /** Line and column of an offset, both from 1. */
  place(offset: number): { line: number; column: number } {
    return placeAt(this.#starts, offset);
  }

  /** The node that an alias refers to; any other node is returned unchanged. */
  resolve(node: unknown): Node | null {
    const found = isAlias(node) ? this.#targets.get(node) : node;
    return (found as Node | undefined) ?? null;
  }

  /**
   * The pairs of a mapping including its merge keys (`<<`): its own keys win, then those of the
   * first source.
   */
  pairs(map: YAMLMap): KeyValue[] {
    const cached = this.#pairs.get(map);
    if (cached) return cached;
    // a mapping that merges itself gets nothing from that
    this.#pairs.set(map, []);
    const own = new Map<string, KeyValue>();
    const merged: KeyValue[] = [];
    for (const pair of map.items) {
      const key = isScalar(pair.key) ? textOf(pair.key) : "";
      if (isMerge(pair.key)) {
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

  /**
   * A node as plain data. Keys keep their spelling, and values without an equivalent in plain data
   * become a `Verbatim` (verbatim.mts). Throws if aliases expand to too many values.
   */
  data(node: Node): unknown {
    const { data, size } = this.#convert(node);
    this.#size += size;
    if (this.#size > most) throw new Error("its aliases expand to too many values");
    return data;
  }

  #convert(node: Node | null): Converted {
    const cached = node && this.#converted.get(node);
    if (cached) return cached;
    let size = 1;
    const part = (inner: unknown) => {
      const converted = this.#convert(this.resolve(inner));
      size += converted.size;
      return converted.data;
    };
    const tag = node && tagOf(node);
    const composeTag = tag && composeTags.has(tag) ? tag : undefined;
    // Compose drops the key that it resets, whatever its value
    const data = composeTag === "!reset"
      ? new Verbatim("null", composeTag)
      : isMap(node)
      ? withTag(Object.fromEntries(this.pairs(node).map(({ key, value }) => [key, part(value)])), composeTag)
      : isSeq(node)
      ? withTag(node.items.map(part), composeTag)
      : isScalar(node)
      ? valueOf(node)
      : null;
    const converted = { data, size };
    if (node) this.#converted.set(node, converted);
    return converted;
  }
}

/** The value of a scalar; a quoted one is text. */
function valueOf(node: Scalar): unknown {
  const tag = tagOf(node);
  const text = textOf(node);
  if (tag === "!!str" || tag === "!") return text;
  if (tag) return new Verbatim(text, tag, !isPlain(node));
  return isPlain(node) ? plainValue(text) : text;
}

/** The tag of a node in its short form, if it has one. */
export function tagOf(node: Node): string | undefined {
  return node.tag === undefined || node.tag === null ? undefined : shortTag(node.tag);
}

/** Whether a scalar has no quotes, so its text decides its type. */
export function isPlain(node: Scalar): boolean {
  return node.type === "PLAIN" && tagOf(node) !== "!!str" && tagOf(node) !== "!";
}

/** Whether a key is the merge key, which must not be quoted. */
export function isMerge(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}

/** The lexemes of a text, each with the offset at which it begins. */
export function* lexemes(text: string): Generator<Lexeme> {
  let at = 0;
  for (const lexeme of new Lexer().lex(text)) {
    yield { at, lexeme };
    // the lexer's own control marks are not part of the text
    if (!/^[\x02\x18\x1f]$/.test(lexeme)) at += lexeme.length;
  }
}

/** The text of a scalar, without its quotes and escapes. */
function textOf({ value }: Scalar): string {
  return String(value ?? "");
}

/** Where a node begins in the text. */
export function offset(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[0];
}

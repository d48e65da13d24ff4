/** The one door to the package `yaml`. */
import {
  Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import type { Problem } from "./errors.mts";

export { isMap, isScalar, isSeq, type Node };

/** A YAML text taken apart, with the place of everything in it. */
export class Yaml {
  readonly problems: Problem[];
  readonly root: Node | null;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true });
    this.root = this.#document.contents;
    this.problems = this.#document.errors.map((error) => ({
      ...this.place(error.pos[0]),
      says: `this is no YAML: ${error.message}`,
    }));
  }

  /** Line and column of an offset, from 1. */
  place(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  /** What an alias stands for; any other node is itself. */
  resolve(node: unknown): Node | null {
    const found = isAlias(node) ? node.resolve(this.#document) : node;
    return (found as Node | undefined) ?? null;
  }

  /** The pairs of a mapping with its merge keys (`<<`) followed, its own keys winning. */
  pairs(map: YAMLMap, depth = 0): { key: string; at: number; value: Node | null }[] {
    const own: { key: string; at: number; value: Node | null }[] = [];
    const merged: typeof own = [];
    for (const pair of map.items) {
      const key = isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : String(pair.key);
      const value = this.resolve(pair.value);
      if (key === "<<" && depth < 4) {
        const sources = isSeq(value) ? value.items.map((item) => this.resolve(item)) : [value];
        for (const source of sources) if (isMap(source)) merged.push(...this.pairs(source, depth + 1));
      } else {
        own.push({ key, at: offset(pair.key) ?? offset(map) ?? 0, value });
      }
    }
    const names = new Set(own.map(({ key }) => key));
    return [...own, ...merged.filter(({ key }) => !names.has(key))];
  }

  /** A node as plain data. Throws if aliases would multiply it beyond reason. */
  data(node: Node): unknown {
    return node.toJS(this.#document, { maxAliasCount: 100 });
  }
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

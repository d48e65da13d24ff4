/** Writes YAML. */
import { isMap } from "../maps.mts";
import { getTag, Verbatim } from "../verbatim.mts";
import { needsQuotes } from "./scalars.mts";
import { Document, type Node, Pair, Scalar, type ScalarTag, YAMLMap, YAMLSeq } from "./yaml.mts";

/**
 * Writes plain data, including results of `Yaml.data`, as YAML that readers of YAML 1.1 and
 * 1.2 read in the same way.
 */
export function writeYaml(data: unknown): string {
  const document = new Document(null, { version: "1.1", aliasDuplicateObjects: false, customTags: [asWritten] });
  const text = (value: string) => {
    const scalar = document.createNode(value) as Scalar;
    if (value.search(breaks) >= 0 || needsQuotes(value)) scalar.type = "QUOTE_DOUBLE";
    return scalar;
  };
  const nodeOf = (value: unknown): Node => {
    if (typeof value === "string") return text(value);
    if (value instanceof Verbatim) return verbatim(value);
    if (Array.isArray(value)) {
      const list = new YAMLSeq<Node>();
      list.items = value.map(nodeOf);
      return tagged(list, value);
    }
    if (isMap(value)) {
      const map = new YAMLMap<Node, Node>();
      map.items = Object.entries(value).map(([key, one]) => new Pair(text(key), nodeOf(one)));
      return tagged(map, value);
    }
    return document.createNode(value) as Node;
  };
  document.contents = nodeOf(data) as typeof document.contents;
  const escaped = (found: string) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return document.toString({ lineWidth: 0 }).replace(breaks, escaped);
}

/**
 * YAML 1.1 and many readers of 1.2 treat these as line breaks, and the package does not escape
 * them.
 */
const breaks = /[\u0085\u2028\u2029\ufeff]/g;

function tagged<T extends Node>(node: T, data: object): T {
  const tag = getTag(data);
  if (tag) node.tag = tag;
  return node;
}

function verbatim(value: Verbatim): Node {
  const scalar = new Scalar(value);
  if (value.tag) scalar.tag = value.tag;
  return scalar;
}

/** Writes scalars with their original text. */
const asWritten: ScalarTag = {
  tag: "tag:homelab-gpu,2026:verbatim",
  default: true,
  identify: (value) => value instanceof Verbatim,
  resolve: (text) => text,
  stringify: ({ value }) => {
    const { source, quoted } = value as Verbatim;
    return quoted ? JSON.stringify(source) : source;
  },
};

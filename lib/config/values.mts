/** Nodes as values: their kind, their text, and the names of values and shapes in errors. */
import type { Shape } from "./shape.mts";
import { sizeText } from "./sizes.mts";
import { withoutPasswords } from "../urls.mts";
import { kindOf, type ScalarKind } from "./scalars.mts";
import { isMap, isPlain, isScalar, isSeq, type Node } from "./yaml.mts";

/** Whether a shape describes a mapping, or a list of mappings, that may have the key. */
export function takes(shape: Shape, key: string): boolean {
  if (shape.kind === "either") return shape.of.some((option) => takes(option, key));
  if (shape.kind === "list") return takes(shape.of, key);
  return (shape.kind === "map" || shape.kind === "services") && Object.hasOwn(shape.keys, key);
}

/** Whether a node is of a shape's form (mapping, list or scalar); its value is not checked here. */
export function fits(node: Node | null, shape: Shape): boolean {
  if (shape.kind === "either") return shape.of.some((option) => fits(node, option));
  if (shape.kind === "map" || shape.kind === "services" || shape.kind === "texts" || shape.kind === "maps") {
    return isMap(node);
  }
  if (shape.kind === "list") return isSeq(node);
  return isScalar(node);
}

/** What a value must be, as words for an error. `node`: the actual value. */
export function form(shape: Shape, node: Node | null = null): string {
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
      const bare = digits && !shape.quoted ? " (without quotes)" : "";
      return shape.size
        ? `a size from ${sizeText(shape.min)} to ${sizeText(shape.max)}, in MiB${bare} or with its unit`
        : `a whole number from ${shape.min} to ${shape.max}${bare}`;
    }
    case "flag":
      return `true or false${/^(true|false)$/i.test(scalarText(node) ?? "") ? " (without quotes)" : ""}`;
    case "list":
      return "a list";
    case "map":
      return shape.expected ?? "a mapping";
    case "either":
      return eitherForm(shape.of.map((option) => form(option, node)));
    case "texts":
      return "a mapping of texts by name";
    case "maps":
      return "a mapping by name";
    case "services":
      return "a mapping of services by name";
    case "refused":
      return "left out";
  }
}

/** `a mapping or a list`; longer alternatives have a comma between them. */
const eitherForm = (forms: string[]) => forms.join(forms.every((one) => /^a \w+$/.test(one)) ? " or " : ", or ");

/** The kind of a scalar: text if it is quoted. Undefined for other nodes. */
export function kind(node: Node | null): ScalarKind | undefined {
  if (!isScalar(node)) return undefined;
  return isPlain(node) ? kindOf(String(node.value)) : "text";
}

/**
 * A scalar's text as written: YAML would read ids such as `1e84` and `0042` as numbers and return
 * 1e+84 and 42. Undefined for other nodes and for an empty scalar.
 */
export function scalarText(node: Node | null): string | undefined {
  return isScalar(node) && kind(node) !== "null" ? String(node.value) : undefined;
}

/** The text of a scalar that matches the pattern; undefined for any other node. */
export function textual(node: Node | null, pattern: RegExp): string | undefined {
  const text = scalarText(node);
  return text !== undefined && pattern.test(text) ? text : undefined;
}

/** A value as errors show it. */
export function quotePreview(node: Node | null): string {
  const text = scalarText(node);
  if (text !== undefined) return `“${printable(text)}”`;
  if (isMap(node)) return "a mapping";
  if (isSeq(node)) return "a list";
  return "empty";
}

/** A text as errors show it: at most 40 characters, no password, no control characters. */
export function printable(text: string): string {
  const plain = withoutPasswords(text).replace(/[\u0000-\u001f\u007f-\u009f]/g, "·");
  return plain.length > 40 ? `${plain.slice(0, 40)}…` : plain;
}

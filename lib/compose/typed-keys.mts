/** Keys of a Compose file that YAML does not read as text: Compose refuses the file. */
import { typeOf } from "../config/scalars.mts";
import { isMap, isPlain, isScalar, isSeq, type Node, offset, type Yaml } from "../config/yaml.mts";
import { named } from "./shape-kinds.mts";

/** A key that YAML does not read as text. */
export interface TypedKey {
  /** Offset of the key in the text. */
  at: number;
  /** The keys and indexes that lead to its mapping. */
  path: (string | number)[];
  message: string;
  mend: string;
}

/**
 * The unquoted keys that go-yaml reads as a number, a date, true, false or null, at any depth, also
 * in `x-` keys (Compose 2.26.1 and 2.40.3: "non-string key in …"; tested on 2026-11-27).
 */
export function typedKeys(yaml: Yaml): TypedKey[] {
  const found: TypedKey[] = [];
  const visit = (node: Node | null, path: (string | number)[]): void => {
    if (isSeq(node)) node.items.forEach((item, i) => visit(item as Node | null, [...path, i]));
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const source = String(key.value ?? "");
      const type = isPlain(key) && source !== "<<" ? typeOf(source) : undefined;
      if (type !== undefined) {
        const where = path.length === 0 ? "the file" : named(path);
        found.push({
          path,
          at: offset(key) ?? offset(node) ?? 0,
          message: `${where}: YAML reads the key ${source || "before the colon"} as ${type}, and a key must be text`,
          mend: source === "" ? "Write a name before the colon" : `Write "${source}": with quotes`,
        });
      }
      visit(value as Node | null, [...path, source]);
    }
  };
  visit(yaml.root, []);
  return found;
}

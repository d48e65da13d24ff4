/** Mappings with two merge keys: Compose refuses the file. */
import { isAlias, isMap, isMerge, isSeq, type Node, offset, type Yaml } from "../config/yaml.mts";

/** The message about one. */
export const doubleMerge = 'the merge key "<<" is written twice in one mapping';

/** A merge key that its mapping already has. */
export interface DoubleMerge {
  /** Offset of the second key in the text. */
  at: number;
  mend: string;
}

/**
 * The second `<<` of each mapping: YAML's keys are unique, and go-yaml holds merge keys to that (Compose 2.26.1:
 * `mapping key "<<" already defined`; run on 2026-11-28).
 */
export function doubleMerges(yaml: Yaml): DoubleMerge[] {
  const found: DoubleMerge[] = [];
  const visit = (node: Node | null): void => {
    if (isSeq(node)) node.items.forEach((item) => visit(item as Node | null));
    if (!isMap(node)) return;
    const merges = node.items.filter(({ key }) => isMerge(key));
    const names = merges.map(({ value }) => isAlias(value) ? `*${value.source}` : undefined);
    const list = names.every((name) => name !== undefined) ? names : ["*first", "*second"];
    if (merges.length > 1) {
      found.push({ at: offset(merges[1]!.key) ?? 0, mend: `Write one key for all of them: <<: [${list.join(", ")}]` });
    }
    for (const { value } of node.items) visit(value as Node | null);
  };
  visit(yaml.root);
  return found;
}

/** Finds the lines of values in a Compose file. */
import { isMap, isSeq, offset, type Yaml } from "../config/yaml.mts";

/**
 * The line of the value at a path of keys and indexes, or of the last part of the path that exists.
 */
export function lineIn(yaml: Yaml, path: (string | number)[]): number {
  let node = yaml.resolve(yaml.root);
  let at = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = yaml.pairs(node).find(({ key }) => key === step);
      if (!pair) break;
      [at, node] = [pair.at, yaml.resolve(pair.value)];
    } else if (isSeq(node)) {
      const item = yaml.resolve(node.items[Number(step)]);
      [at, node] = [offset(item) ?? at, item];
    } else break;
  }
  return yaml.place(at).line;
}

/** Finds the lines of values in a Compose file. */
import { isMap, isSeq, offset, type Yaml } from "../config/yaml.mts";
import { literally } from "./refusals.mts";
import { variablesIn } from "./variables.mts";

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

/**
 * Whether a line's value is a text with its variables filled in, such as `- $MODELS:$STATE/model` for
 * `./models:/data/model`. A line of which only separators would be left is none.
 */
export function isFilledIn(line: string, text: string): boolean {
  if (!line.includes("$")) return false;
  const item = line.replace(/(^|\s)#.*$/, "").replace(/^\s*(-\s+|[\w.-]+:\s+|&\S+\s+)*/, "").trim();
  const value = item.replace(/^(["'])(.*)\1$/, "$2").replace(/:(r[ow]|[zZ])(,[zZ])?$/, "");
  const fixed = value.split(/\$\w+|\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/);
  if (fixed.length < 2 || fixed.join("").replace(/[^\w]/g, "").length < 2) return false;
  return new RegExp(`^${fixed.map(literally).join(".*")}$`).test(text);
}

/** The first line in a project's texts whose value is a text with its variables filled in. */
export function lineOfFilled(texts: Record<string, string>, value: string): { file: string; line: number } | undefined {
  for (const [file, text] of Object.entries(texts)) {
    const index = text.split("\n").findIndex((line) => isFilledIn(line, value));
    if (index >= 0) return { file, line: index + 1 };
  }
  return undefined;
}

/**
 * The variables in the first line of a project's texts whose value is one of these with its variables filled in:
 * `PHOTOS` for `- ${PHOTOS}/in:/data` and `/mnt/photos/in:/data`. Empty if no line is.
 */
export function variablesBehind(texts: Record<string, string>, values: string[]): string[] {
  for (const value of values) {
    const line = Object.values(texts).flatMap((text) => text.split("\n")).find((one) => isFilledIn(one, value));
    const names = variablesIn(line ?? "");
    if (names.length > 0) return names;
  }
  return [];
}

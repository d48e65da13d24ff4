/** The YAML tags that are accepted. */

/**
 * Compose's own tags (compose-spec, 13-merge.md). In a service they are kept in the rendered file.
 */
export const composeTags = new Set(["!reset", "!override"]);

/**
 * The accepted tags: those of YAML that Compose files use (YAML 1.2, 10.3), that of the key `<<`, which yq writes, and
 * Compose's own.
 */
export const tags = new Set([
  ...["!", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!merge"],
  ...composeTags,
]);

/** `tag:yaml.org,2002:int` → `!!int`. */
export const shortTag = (tag: string) => tag.replace(/^tag:yaml\.org,2002:/, "!!");

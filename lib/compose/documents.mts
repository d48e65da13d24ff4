/** The documents of a Compose file. */

/**
 * Splits a YAML file into its documents, which Compose merges in order. `above`: the number of
 * lines before the document.
 */
export function documentsOf(text: string): { text: string; above: number }[] {
  const lines = text.split("\n");
  const starts = lines.flatMap((line, i) => (/^---(\s|$)/.test(line) ? [i] : []));
  if (
    starts.length === 0 || (starts.length === 1 && lines.slice(0, starts[0]).every((line) => /^\s*(#|%|$)/.test(line)))
  ) {
    return [{ text, above: 0 }];
  }
  const bounds = [...new Set([0, ...starts])];
  return bounds.map((from, i) => ({ text: lines.slice(from, bounds[i + 1]).join("\n"), above: from }))
    .filter(({ text }) => text.split("\n").some((line) => !/^\s*(#|---\s*$|$)/.test(line)));
}

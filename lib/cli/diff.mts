/** The difference of two texts, line by line. */

/** Lines of context around a change. */
const context = 3;

/**
 * Texts with more changed lines than this are shown as one removal and one addition: the table of
 * the comparison would be too large.
 */
const limit = 2000;

/**
 * What changed between two texts, as hunks: `- ` before a removed line, `+ ` before an added one,
 * two spaces before up to three unchanged lines around them, and a line `…` between two hunks.
 */
export function diffLines(before: string, after: string): string[] {
  const rows = compare(linesOf(before), linesOf(after));
  const near = rows.map((_, i) => rows.slice(Math.max(0, i - context), i + context + 1).some((row) => row[0] !== " "));
  return rows.flatMap((row, i) =>
    near[i] ? (i > 0 && !near[i - 1] && near.indexOf(true) < i ? ["…", row] : [row]) : []
  );
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/**
 * Every line of both texts once, with its mark, by a longest common subsequence of the part
 * between the common start and the common end.
 */
function compare(a: string[], b: string[]): string[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const keep = (line: string) => `  ${line}`;
  return [
    ...a.slice(0, head).map(keep),
    ...between(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(keep),
  ];
}

function between(a: string[], b: string[]): string[] {
  const removed = a.map((line) => `- ${line}`);
  const added = b.map((line) => `+ ${line}`);
  if (a.length === 0 || b.length === 0 || a.length > limit || b.length > limit) return [...removed, ...added];
  // lengths[i][j]: of the longest common subsequence of a from i on and b from j on
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i]![j] = a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const rows: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) rows.push(`  ${(j++, a[i++])}`);
    else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) rows.push(removed[i++]!);
    else rows.push(added[j++]!);
  }
  return [...rows, ...removed.slice(i), ...added.slice(j)];
}

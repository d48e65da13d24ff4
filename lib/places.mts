/** Positions in a text: offsets, lines and columns. */

/** The offset at which each line of a text begins. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The number, from 0, of the line that contains an offset. `starts`: the offsets at which lines begin. */
export function lineAt(starts: number[], at: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Line and column of an offset, both from 1. `starts`: the offsets at which lines begin. */
export function placeAt(starts: number[], at: number): { line: number; column: number } {
  const line = lineAt(starts, at);
  return { line: line + 1, column: at - starts[line]! + 1 };
}

/** Finds the name that a user most likely meant. */

/**
 * The name that is most similar to a word: it begins with the word, or it, or one part of it, differs by few letters.
 * `gpu.presnt` is compared with the names that begin with `gpu.`, `vendr` also with the parts of `vendor_id`.
 * Undefined if no name is similar, or several are equally similar. Upper and lower case are the same.
 */
export function closest(word: string, names: string[]): string | undefined {
  const typed = word.toLowerCase();
  if (typed === "") return undefined;
  const begun = typed.length > 1 ? names.filter((name) => name.toLowerCase().startsWith(typed)) : [];
  if (begun.length === 1) return begun[0];
  const group = /^[^.]+\.(?=.)/.exec(typed)?.[0] ?? "";
  const inGroup = group === "" ? [] : names.filter((name) => name.toLowerCase().startsWith(group));
  if (inGroup.length > 0) return nearest(typed, inGroup, (name) => [name], group.length);
  // a part says less than a whole name: fewer letters may differ
  return nearest(typed, names, (name) => [name]) ?? nearest(typed, names, partsOf, 0, 1);
}

/** The parts of `vendor_id` and `default_runtime` that are long enough to be typed alone. */
function partsOf(name: string): string[] {
  const parts = name.split(/[-_.]/);
  return parts.length > 1 ? parts.filter((part) => part.length > 3) : [];
}

/**
 * The name of which one form differs least from a word. The first `same` letters are those of all names; `strict`:
 * so many letters fewer may differ.
 */
function nearest(
  typed: string,
  names: string[],
  formsOf: (name: string) => string[],
  same = 0,
  strict = 0,
): string | undefined {
  const length = typed.length - same;
  const most = (length < 4 ? 1 : length < 8 ? 2 : 3) - strict;
  const rated = names.flatMap((name) =>
    formsOf(name.toLowerCase()).map((form) => ({
      name,
      far: distance(typed, form),
      shared: sharedStart(typed, form),
      length: form.length - same,
    }))
  );
  const [first, second] = rated.filter(({ far, length }) => far <= most && far < length)
    .toSorted((a, b) => a.far - b.far || b.shared - a.shared);
  return first?.far === second?.far && first?.shared === second?.shared ? undefined : first?.name;
}

/** The number of letters at the start that two texts have in common. */
function sharedStart(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i;
}

/** The number of letters to add, remove, change, or swap with the next one to turn one text into the other. */
function distance(a: string, b: string): number {
  // the first row and column: all letters added or removed
  const rows = Array.from(
    { length: a.length + 1 },
    (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i === 0 ? j : i),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = least;
    }
  }
  return rows[a.length]![b.length]!;
}

/** Where facts of the outside world are from, and when they were last looked up there. */

/** The origin of a row, or of a table. */
export interface Source {
  /** A page, or what else says so. */
  source: string;
  /** The day on which it was last checked, `2026-11-26`. */
  checked: string;
}

/** Whether something that ends in a month (`2028-06`; undefined: ended, nobody knows when) had not ended on a day. */
export function isRecent(ends: string | undefined, day: string): boolean {
  return ends !== undefined && ends >= day.slice(0, 7);
}

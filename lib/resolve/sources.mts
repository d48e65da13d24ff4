/** The sources of outside facts, and the day on which each was last checked. */

/** The source of a row or of a table. */
export interface Source {
  /** A page, or another source. */
  source: string;
  /** The day on which it was last checked, such as `2026-11-26`. */
  checked: string;
}

/**
 * Whether something had not ended on a day. `ends`: the month of its end, `2028-06`; undefined if
 * it ended at an unknown time.
 */
export function isRecent(ends: string | undefined, day: string): boolean {
  return ends !== undefined && ends >= day.slice(0, 7);
}

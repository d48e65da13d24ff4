/** The names of checks and of their groups, and the message for a name that is none of them. */
import { closest } from "../suggest.mts";

/** The group of a check: `gpu` of `gpu.reset`. */
const groupOf = (id: string) => id.split(".")[0]!;

/** The ids that a name means: its own, or those of its group. */
export const idsNamed = (name: string, ids: string[]): string[] =>
  ids.filter((id) => id === name || groupOf(id) === name);

/**
 * The lines of an error for a name that no check and no group has: the most similar name; else the checks of its
 * group, or the groups. `start` begins the first line, as in `there is no check gpu.nope`.
 */
export function unknownCheck(start: string, name: string, ids: string[]): string {
  const groups = [...new Set(ids.map(groupOf))];
  const meant = closest(name, [...ids, ...groups]);
  if (meant !== undefined) return `${start}: did you mean ${meant}?`;
  const inGroup = name.includes(".") ? idsNamed(groupOf(name), ids) : [];
  const names = inGroup.length > 0 ? `its checks: ${inGroup.join(", ")}` : `groups of checks: ${groups.join(", ")}`;
  return `${start}\n  ${names}`;
}

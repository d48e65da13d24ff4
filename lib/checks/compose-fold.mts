/** Folds flaws of one kind into one: sixteen folders that a VM does not have are one warning with a list. */
import { joinList } from "../text.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";

/** The most items that a folded message lists, and the most places. */
const most = 24;
const mostPlaces = 8;

/** The flaws of a project with those of one kind folded, where the first one was. */
export function foldFlaws(flaws: ProjectFlaw[]): ProjectFlaw[] {
  const keyOf = ({ status, fold }: ProjectFlaw) => fold && JSON.stringify([status, fold.kind]);
  return flaws.flatMap((flaw, i) => {
    const key = keyOf(flaw);
    if (key === undefined) return [flaw];
    if (flaws.findIndex((other) => keyOf(other) === key) !== i) return [];
    const group = flaws.filter((other) => keyOf(other) === key);
    return [group.length === 1 ? flaw : together(flaw, group)];
  });
}

function together(first: ProjectFlaw, group: ProjectFlaw[]): ProjectFlaw {
  const { verb, list = joinList, rest, fix } = first.fold!;
  const services = [...new Set(group.flatMap(({ service }) => service ?? []))];
  const items = [...new Set(group.map(({ fold }) => fold!.item))];
  const listed = items.length > most ? [...items.slice(0, most), `${items.length - most} more`] : items;
  const { fold: _, ...flaw } = first;
  return {
    ...flaw,
    // a flaw of the project has no service before it
    message: `${joinList(services)} ${verb[services.length > 1 ? 1 : 0]} ${list(listed)}${
      rest(items.length > 1, services.length > 1)
    }`.trimStart(),
    places: group.slice(0, mostPlaces).map(({ at, service, atTop }) => ({
      ...(at === undefined ? {} : { at }),
      ...(service === undefined ? {} : { service }),
      ...(atTop ? { atTop } : {}),
    })),
    ...(fix ? { fix: fix(items) } : {}),
  };
}

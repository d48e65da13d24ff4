/** The parts of patterns that a log can match, and how each is searched for. */
import { lineAt } from "../../places.mts";
import { type Catalogue, startsOf } from "./catalogue.mts";
import { candidates } from "./grams.mts";
import type { Failure } from "./types.mts";
import { alternatives, keysOf, longest } from "./words.mts";

/** A pattern is tried on this many characters before a key at the most, and after it. */
export const reach = 800;
/** What precedes or follows a match is looked at within this many characters (`(?<!…)`, `(?!…)`). */
export const ahead = 160;

/** One of the alternatives of an entry's pattern. */
export interface Part {
  failure: Failure;
  /** The entry's index in the catalogue. */
  rank: number;
  keys: string[];
  /** How to search for it; created when one of its keys is found. */
  search: () => Search;
}

/** How a part is searched for. */
interface Search {
  expression: RegExp;
  /** It is tried on so many characters before a key. */
  before: number;
  /** With a key that is so near behind the last one, it would find nothing else. */
  skip: number;
}

function searchOf(source: string, compile: (pattern: RegExp) => RegExp): Search {
  const length = Math.min(longest(source), reach / 2);
  const before = length < reach / 2 ? length + ahead : reach;
  return { expression: compile(new RegExp(source)), before, skip: reach - ahead - length };
}

/** Returns the function that gives the parts which a text can match. `compile`: creates the expression of a part. */
export function partsOf(
  { index, entry }: Catalogue,
  compile: (pattern: RegExp) => RegExp,
): (text: string) => Part[] {
  const candidatesIn = candidates(index.grams);
  const first = startsOf(index.parts);
  const parts: Part[] = [];
  const partAt = (i: number): Part => {
    const rank = lineAt(first, i);
    const failure = entry(rank);
    const source = alternatives(failure.pattern.source)[i - first[rank]!]!;
    let search: Search | undefined;
    return { failure, rank, keys: keysOf(source), search: () => search ??= searchOf(source, compile) };
  };
  return (text) => candidatesIn(text).map((i) => parts[i] ??= partAt(i));
}

/** The catalogue's entries, and what a search needs to know before it creates any of them. */
import { lineAt } from "../../places.mts";
import { type Grams, gramsOf } from "./grams.mts";
import type { Failure, List } from "./types.mts";
import { alternatives, keysOf } from "./words.mts";

/** What is known of the catalogue before its entries are created, as plain data. */
export interface Index {
  /** How many entries each list has. */
  counts: number[];
  /** How many alternatives the pattern of each entry has. */
  parts: number[];
  /** The hashes of each alternative, those of all entries in their order. */
  grams: Grams;
}

/** The entries of a catalogue, each created when it is needed. */
export interface Catalogue {
  index: Index;
  /** The entry with this index in the catalogue. */
  entry: (rank: number) => Failure;
  /** All entries, in their order. */
  all: () => Failure[];
}

function indexOf(lists: Failure[][]): Index {
  const entries = lists.flat();
  const parts = entries.map(({ pattern }) => alternatives(pattern.source));
  return {
    counts: lists.map((list) => list.length),
    parts: parts.map(({ length }) => length),
    grams: gramsOf(parts.flat().map(keysOf)),
  };
}

/** Where each of several lists begins that are one behind the other. */
export function startsOf(lengths: number[]): number[] {
  let next = 0;
  return lengths.map((length) => (next += length) - length);
}

/** A catalogue of these lists. `ready`: its index, if that is known; to create it, all entries are needed. */
export function catalogueOf(lists: List[], ready?: Index): Catalogue {
  const created: Failure[][] = [];
  const listAt = (i: number) => created[i] ??= lists[i]!();
  const index = ready ?? indexOf(lists.map((_, i) => listAt(i)));
  const first = startsOf(index.counts);
  return {
    index,
    entry: (rank) => {
      const list = lineAt(first, rank);
      return listAt(list)[rank - first[list]!]!;
    },
    all: () => lists.flatMap((_, i) => listAt(i)),
  };
}

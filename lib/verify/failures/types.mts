/** An entry of the catalogue of error texts, and what is found by it. */
import type { Fix } from "../../findings.mts";

/** What a program prints when something goes wrong. Only English texts are known: those of a run under `LC_ALL=C`. */
export interface Failure {
  /** Matches one line. Linear in the line's length: gaps have bounds, no quantifier stands in another. */
  pattern: RegExp;
  /** The check or layer that this belongs to. */
  check: string;
  /** What it means. */
  says: string;
  fix: Fix[];
  /** The program that prints it, and where that was read. */
  source: string;
}

/** A failure that was found in a log. */
export interface Cause extends Omit<Failure, "pattern"> {
  /** The line that told it, cut to 200 characters. */
  line: string;
  /** Its number, from 1. */
  number: number;
}

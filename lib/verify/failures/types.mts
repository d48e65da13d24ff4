import type { Finding, Fix } from "../../findings.mts";
import type { Host } from "../../host/types.mts";

/**
 * What a line shows: the cause of a failure, the fact that something failed (symptom), or a
 * harmless message (note).
 */
export type Strength = "cause" | "symptom" | "note";

/**
 * The layer of a failure, from the machine up to the image: a failure in a lower layer explains
 * those above it.
 */
export const layers = [
  "kernel",
  "vfio",
  "hypervisor",
  "provider",
  "network",
  "packages",
  "driver",
  "docker",
  "toolkit",
  "image",
] as const;
/** One of {@link layers}. */
export type Layer = typeof layers[number];

/** What is known about the machine that wrote a log. */
export interface Setting {
  /** The host, from its probe: the fixes then fit its distribution and boot loader. */
  host?: Host;
  /**
   * The program of our own step that wrote the log (`packer`, `vagrant`). Its log needs no further
   * context.
   */
  program?: string;
  /** Leaves out entries that say little more than that something failed. */
  specific?: true;
}

/**
 * A text that a program prints when something goes wrong, in English, as with `LC_ALL=C`:
 * `translated.mts` turns some messages of other languages into it.
 */
export interface Failure {
  /**
   * Matches without regard to case. A space matches any run of blanks, including a line break;
   * quotes are plain ones. Must be linear in the length of the text: gaps have bounds, and
   * quantifiers are not nested.
   */
  pattern: RegExp;
  /**
   * The context that must be in the line or within 30 lines of it, so that other logs do not match.
   * `card`: the line, or one that names the same PCI device, is about a graphics card or VFIO.
   */
  near?: RegExp | "card";
  /**
   * Other programs print the text too: a single line needs the context as well. Without it, an error
   * that was pasted alone needs none.
   */
  shared?: true;
  /** The check or layer of the failure. */
  check: string;
  /** Default: cause. */
  strength?: Strength;
  layer: Layer;
  /** The text says little more than that something failed: left out where another entry matches. */
  fallback?: true;
  /** The meaning of the text. */
  message: string;
  fix: Fix[] | ((setting: Setting) => Fix[]);
  /** The program that prints the text, and where and when the text was read. */
  source: string;
}

/** A list of entries, which are created when it is called. */
export type List = () => Failure[];

/** A failure found in a log. */
export interface Cause {
  check: string;
  strength: Strength;
  layer: Layer;
  message: string;
  /** The reason in the line, for a message that leaves it to the line. */
  reason?: string;
  fix: Finding["fix"];
  source: string;
  /** The line that shows it, cut to 200 characters. */
  line: string;
  /** Line number, from 1. */
  number: number;
}

import type { Finding, Fix } from "../../findings.mts";
import type { Host } from "../../host/types.mts";

/** What a line says of a failure: why it happened, that it happened, or something that harms nothing. */
export type Strength = "cause" | "symptom" | "note";

/** Where a failure lies, from the machine up to the image: a lower layer explains what the upper ones report. */
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
export type Layer = typeof layers[number];

/** What is known of the place where a log was written. */
export interface Setting {
  /** The host, from its probe; fixes then fit its distribution and boot loader. */
  host?: Host;
  /** The program of this project's step that wrote the log (`packer`, `vagrant`). Its log needs no further context. */
  program?: string;
}

/** What a program prints when something goes wrong. Only English texts are known: those of a run under `LC_ALL=C`. */
export interface Failure {
  /**
   * Matches without regard to case. A space stands for any run of blanks and may be a line break; quotes are plain ones.
   * Linear in the length of the text: gaps have bounds, no quantifier stands in another.
   */
  pattern: RegExp;
  /**
   * What has to be in the line or within 30 lines of it, so that a log of something else is left alone. `card`: the
   * line, or one that names the same PCI device, speaks of a graphics card or of VFIO.
   */
  near?: RegExp | "card";
  /** The check or layer that this belongs to. */
  check: string;
  /** A cause where nothing is said. */
  strength?: Strength;
  layer: Layer;
  /** It says little more than that something failed: left out where any other entry matches. */
  fallback?: true;
  /** What it means. */
  message: string;
  fix: Fix[] | ((setting: Setting) => Fix[]);
  /** The program that prints it, and where and when that was read. */
  source: string;
}

/** A failure that was found in a log. */
export interface Cause {
  check: string;
  strength: Strength;
  layer: Layer;
  message: string;
  fix: Finding["fix"];
  source: string;
  /** The line that shows it, cut to 200 characters. */
  line: string;
  /** Its number, from 1. */
  number: number;
}

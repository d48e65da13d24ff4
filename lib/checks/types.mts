/** The types of a check and its verdicts. */
import type { Finding, Fix } from "../findings.mts";
import type { Host } from "../host/types.mts";
import type { Resolved } from "../resolve/types.mts";

/** An entry of the catalogue of checks. */
export interface Check {
  id: string;
  /** What it checks, for the README: completes “It checks …”. */
  about: string;
  /** Why that matters. */
  why: string;
  /**
   * A command that confirms the fix: one for every host, or one per system. Default: doctor with
   * only this check.
   */
  confirm?: string | Record<"linux" | "windows" | "macos", string>;
  /**
   * Returns the verdicts; one without `machine` is about the host. Pure; an error that it throws
   * becomes an `unknown` finding.
   */
  check(host: Host, config: Resolved): Verdict[];
}

/** A finding as a check returns it. */
export type Verdict = Omit<Finding, "check" | "machine" | "fix"> & { machine?: string; fix?: Fix[] };

/** What a check is and gives. */
import type { Finding, Fix } from "../findings.mts";
import type { Host } from "../host/types.mts";
import type { Resolved } from "../resolve/types.mts";

/** One entry of the catalogue of checks. */
export interface Check {
  id: string;
  /** What it looks at, for the README: completes “It checks …”. */
  about: string;
  /** Why that matters. */
  why: string;
  /** A command that shows whether it is mended: one for every host, or one per system. Default: doctor with this check alone. */
  confirm?: string | Record<"linux" | "windows" | "macos", string>;
  /** What it finds; a finding without `machine` is about the host. Pure; what it throws becomes an `unknown`. */
  check(host: Host, config: Resolved): Verdict[];
}

/** A finding as a check gives it. */
export type Verdict = Omit<Finding, "check" | "machine" | "fix"> & { machine?: string; fix?: Fix[] };

/** What is said of a host and a config. */
import type { Settled } from "./config/types.mts";
import type { Host } from "./host/types.mts";

/** How a check ended: `unknown` could not be measured, `skip` does not apply. Only `fail` blocks. */
export type Status = "pass" | "warn" | "fail" | "unknown" | "skip";

/** What a check says of a host, a machine or a service. */
export interface Finding {
  /** The check's stable id, such as `iommu.enabled`. */
  check: string;
  /** The machine that it is about; null if it is about the host. */
  machine: string | null;
  status: Status;
  says: string;
  evidence: Evidence[];
  fix: Fix[];
}

/** Something that was read, and what it said. */
export interface Evidence {
  read: string;
  value: string;
}

/** Something that mends a finding. */
export interface Fix {
  say: string;
  /** A shell command line to copy, without sudo; null if no command does it. */
  run: string | null;
  root: boolean;
  reboot: boolean;
  /** `--yes` may run it: it installs a distribution's package or starts a service, and nothing else. */
  safe: boolean;
}

/** One entry of the catalogue of checks. */
export interface Check {
  id: string;
  /** What it looks at, for the README. */
  about: string;
  /** Why that matters. */
  why: string;
  /** A command that shows whether it is mended: one for every host, or each system's own. */
  confirm: string | Record<"linux" | "windows" | "macos", string>;
  /** What it finds; a finding without `machine` is about the host. Pure; what it throws becomes an `unknown`. */
  look(host: Host, config: Settled): Verdict[];
}

/** A finding as a check gives it. */
export type Verdict = Omit<Finding, "check" | "machine" | "fix"> & { machine?: string; fix?: Fix[] };

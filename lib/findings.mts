/** What is said of a host and a config. */

/** How a check ended: `unknown` unknown, `skip` does not apply. Only `fail` blocks. */
export type Status = "pass" | "warn" | "fail" | "unknown" | "skip";

/** What a check says of a host, a machine or a service. */
export interface Finding {
  /** The check's stable id, such as `iommu.enabled`. */
  check: string;
  /** The machine that it is about; null if it is about the host. */
  machine: string | null;
  status: Status;
  message: string;
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
  title: string;
  /** A shell command line to copy, without sudo; null if no command does it. */
  command: string | null;
  root: boolean;
  reboot: boolean;
  /** `--yes` may run it: it installs a distribution's package or starts a service, and nothing else. */
  safe: boolean;
}

/** What is told of a check beside what it finds, by its id. */
export type Notes = Record<string, { why: string; confirm: string }>;

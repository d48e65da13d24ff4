/** Findings: the results of the checks of a host and a config. */

/**
 * The result of a check: `unknown` means that a fact could not be read, `skip` that the check does
 * not apply. Only `fail` blocks.
 */
export type Status = "pass" | "warn" | "fail" | "unknown" | "skip";

/** The ids of findings about machines that exist, which `doctor` does not have. */
export const machineIds = [
  ...["machine.outdated", "gpu.returned"] as const,
  ...["verify.ssh", "verify.vfio", "verify.pci", "verify.module", "verify.dxg", "verify.driver", "verify.smi"] as const,
  ...["verify.docker", "verify.toolkit", "verify.stack", "verify.service", "verify.gpu", "verify.swarm"] as const,
];

/** The result of a check for a host, a machine or a service. */
export interface Finding {
  /** The check's stable id, such as `iommu.enabled`. */
  check: string;
  /** The machine that it is about; null if it is about the host. */
  machine: string | null;
  status: Status;
  message: string;
  evidence: Evidence[];
  fix: Fix[];
  /** Of an unknown one: nothing of what it is about could be read, so the host and the config are not ready. */
  unread?: true;
}

/** A fact that was read, and its value. */
export interface Evidence {
  read: string;
  value: string;
}

/** Something that fixes a finding. */
export interface Fix {
  title: string;
  /** A shell command line to copy, without sudo; null if no command does it. */
  command: string | null;
  root: boolean;
  reboot: boolean;
  /** Whether `--yes` may run it: only for a fix that installs a distribution's package or starts a service. */
  safe: boolean;
}

/** Why a check matters and how to confirm that it is fixed, by its id. */
export type Notes = Record<string, { why: string; confirm: string }>;

/** A finding in JSON output. `url` is the section about its check in this project. */
export interface ExplainedFinding extends Finding {
  why?: string;
  confirm?: string;
  url?: string;
}

/**
 * Adds to each finding the URL of the page of its check, and for the checks of `doctor` why the check matters and how
 * to confirm a fix.
 */
export function explainFindings(findings: Finding[], notes: Notes): ExplainedFinding[] {
  return findings.map((finding) => ({
    ...finding,
    ...(Object.hasOwn(notes, finding.check) ? notes[finding.check] : {}),
    url: `lib/checks/README.md#${finding.check.replace(".", "")}`,
  }));
}

/** Whether `up` may run: nothing fails, and nothing was left unread. */
export const isReady = (findings: Finding[]): boolean =>
  !findings.some(({ status, unread }) => status === "fail" || unread);

/** The number of findings with each status. */
export function countsByStatus(findings: Finding[]): Record<Status, number> {
  const counts: Record<Status, number> = { pass: 0, warn: 0, fail: 0, unknown: 0, skip: 0 };
  for (const { status } of findings) counts[status]++;
  return counts;
}

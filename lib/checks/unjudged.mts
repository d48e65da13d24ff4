/** Reports requested checks that had nothing to check. */
import { commandFix } from "../fixes.mts";
import type { Finding } from "../findings.mts";
import type { Host } from "../host/types.mts";
import type { Resolved } from "../resolve/types.mts";
import { checks, runChecks } from "./index.mts";
import { self } from "../self.mts";

/**
 * Checks that the others depend on: whether there is a card, which one it is, and whether this host
 * can pass it at all.
 */
const deciding = ["provider.host", "provider.mode", "gpu.present", "gpu.match", "gpu.exclusive", "hyperv.card"];

/**
 * A skip, with its reason and what to run first, for each check in `only` (ids and groups) that has
 * no finding: a check without a finding has neither passed nor failed.
 */
export function notLookedAt(host: Host, config: Resolved, only: string[], findings: Finding[]): Finding[] {
  const silent = checks.filter(({ id }) =>
    id !== "host.probe" && only.some((name) => id === name || id.startsWith(`${name}.`)) &&
    !findings.some(({ check }) => check === id)
  );
  if (silent.length === 0) return [];
  const first = firstObstacle(host, config);
  const why = first
    ? `${first.check} must pass first: ${first.message}`
    : config.machines.some(({ gpus }) => gpus.length > 0)
    ? "it does not apply to this host or this config"
    : "no machine of this config asks for a GPU";
  const fix = first ? [commandFix("Run the check that must pass first", self(`doctor ${first.check}`))] : [];
  return silent.map(({ id }) => ({
    check: id,
    machine: null,
    status: "skip",
    message: `not checked: ${why}`,
    evidence: [],
    fix,
  }));
}

/** The first of the deciding checks that fails, else the first that is unknown. */
function firstObstacle(host: Host, config: Resolved): Finding | undefined {
  const found = runChecks(host, config, deciding).filter(({ check }) => deciding.includes(check));
  return found.find(({ status }) => status === "fail") ?? found.find(({ status }) => status === "unknown");
}

/** Whether any check has a verdict: skipped and unknown ones do not count. */
export function isJudged(findings: Finding[]): boolean {
  return findings.some(({ status }) => status === "pass" || status === "warn" || status === "fail");
}

/** The output of `verify-guest.sh` as facts, and the type of a layer's result. */
import type { Engine } from "../config/types.mts";
import type { Finding, machineIds } from "../findings.mts";
import { likelyCauses } from "./failures/index.mts";

/** The KEY:VALUE lines. */
export interface Facts {
  /** The first value of a key. */
  one(key: string): string | undefined;
  /** All values of a key. */
  all(key: string): string[];
  /** The last lines of a log, as evidence. */
  log(key: string, read: string): Finding["evidence"];
}

/**
 * The result of a layer, without the machine: the caller adds that, and decides whether the result
 * counts.
 */
export type LayerResult =
  & { check: (typeof machineIds)[number] }
  & Pick<Finding, "status" | "message">
  & Partial<Pick<Finding, "evidence" | "fix">>;

/** Reads the lines; those without a colon are skipped. */
export function factsOf(text: string): Facts {
  const facts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^([^:]+):(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    facts.set(key, [...(facts.get(key) ?? []), value]);
  }
  const all = (key: string) => facts.get(key) ?? [];
  return {
    all,
    one: (key) => all(key)[0],
    log: (key, read) => all(key).slice(-8).map((value) => ({ read, value })),
  };
}

/**
 * The guest's container engine: its program and its product name. Recordings without such a line
 * are from Docker.
 */
export function engineOf(facts: Facts): { program: Engine; title: string } {
  return facts.one("engine") === "podman"
    ? { program: "podman", title: "Podman" }
    : { program: "docker", title: "Docker" };
}

/**
 * The likely cause in a log: the explanation and fixes from the failure catalogue. Undefined if the
 * log itself says more.
 */
export function causeOf(lines: string[]): { message: string; fix: Finding["fix"] } | undefined {
  const causes = likelyCauses(lines.join("\n"), { program: "verify-guest.sh", specific: true });
  return causes.find(({ strength }) => strength !== "note");
}

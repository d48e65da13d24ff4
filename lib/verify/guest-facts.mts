/** What `verify-guest.sh` printed, as facts, and what a layer makes of them. */
import type { Engine } from "../config/types.mts";
import type { Finding } from "../findings.mts";
import { likelyCauses } from "./failures/index.mts";

/** Lines KEY:VALUE. */
export interface Facts {
  /** The first value of a key. */
  one(key: string): string | undefined;
  /** All values of a key. */
  all(key: string): string[];
  /** The last lines of a log, as evidence. */
  log(key: string, read: string): Finding["evidence"];
}

/** What a layer is found to be; what machine it belongs to, and whether it counts at all, others know. */
export type LayerResult = Pick<Finding, "check" | "status" | "message"> & Partial<Pick<Finding, "evidence" | "fix">>;

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

/** What runs the containers there, as a program and as people write it. Recordings without a line for it are Docker's. */
export function engineOf(facts: Facts): { program: Engine; title: string } {
  return facts.one("engine") === "podman"
    ? { program: "podman", title: "Podman" }
    : { program: "docker", title: "Docker" };
}

/** The likely cause that a log shows: how the catalogue of failures explains it, and its fixes. */
export function causeOf(lines: string[]): { message: string; fix: Finding["fix"] } | undefined {
  const causes = likelyCauses(lines.join("\n"), { program: "verify-guest.sh" });
  return causes.find(({ strength }) => strength !== "note");
}

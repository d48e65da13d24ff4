/** The container engine of a machine, as far as its image determines it. */
import type { Machine } from "../config/types.mts";
import type { GuestEngine } from "../compose/types.mts";
import type { Resolved, ResolvedMachine } from "./types.mts";
import { composeVersions, dockersOwn, engineSource } from "./engine.mts";
import { suiteOf } from "./images.mts";
import { partitionRequest } from "./partition.mts";
import { vendorIds } from "../host/vendors.mts";

/**
 * The engines in each suite's packages, and the Compose for Podman, as of 2026-11-26 (apt,
 * packages.debian.org, packages.ubuntu.com). Ubuntu's Docker changes with updates, so its version
 * is left open. Compose for Docker: engine.mts.
 */
const suiteEngines: Record<string, Record<Machine["engine"], Pick<GuestEngine, "version" | "compose">>> = {
  bookworm: { docker: { version: "20.10.24" }, podman: { version: "4.3.1", compose: "1.0.3" } },
  trixie: { docker: { version: "26.1.5" }, podman: { version: "5.4.2", compose: "1.3.0" } },
  jammy: { docker: {}, podman: {} },
  noble: { docker: {}, podman: { version: "4.9.3", compose: "1.0.6" } },
};

/** The engine of a machine; versions are undefined for a box that is not built here. */
export function guestEngineOf(machine: ResolvedMachine, config: Resolved): GuestEngine {
  const vendors = machine.gpus.map(({ vendorId }) => vendorId);
  const vendor = vendors.includes(vendorIds.nvidia) || vendors.length === 0
    ? "nvidia"
    : vendors.includes(vendorIds.intel) && !vendors.includes(vendorIds.amd)
    ? "intel"
    : "amd";
  return {
    engine: machine.engine,
    vendor,
    ...versionsOf(machine, config),
    // install-nvidia.sh enables CDI in Docker for a partition of a card
    ...(partitionRequest(machine) ? { partition: true, ...(machine.engine === "docker" ? { cdi: true } : {}) } : {}),
  };
}

function versionsOf(machine: ResolvedMachine, config: Resolved): Pick<GuestEngine, "version" | "compose"> {
  if (engineSource(machine, config) === "docker") return dockersOwn;
  const suite = suiteOf(machine.image) ?? "";
  const compose = machine.engine === "docker" ? composeVersions[suite]?.version : undefined;
  return { ...suiteEngines[suite]?.[machine.engine], ...(compose === undefined ? {} : { compose }) };
}

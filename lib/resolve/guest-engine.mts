/** What runs the containers of a machine, as far as its image tells. */
import type { Machine } from "../config/types.mts";
import type { GuestEngine } from "../compose/types.mts";
import type { ResolvedMachine } from "./types.mts";
import { suiteOf } from "./images.mts";
import { partitionRequest } from "./partition.mts";

/**
 * The engine and Compose that each suite has of its own, as of 2026-11-26 (apt, packages.debian.org, packages.ubuntu.com). Ubuntu's
 * Docker and Compose move with its updates, so that their versions are left open.
 */
export const suiteEngines: Record<string, Record<Machine["engine"], Pick<GuestEngine, "version" | "compose">>> = {
  bookworm: { docker: { version: "20.10.24", compose: "1.29.2" }, podman: { version: "4.3.1", compose: "1.0.3" } },
  trixie: { docker: { version: "26.1.5", compose: "2.26.1" }, podman: { version: "5.4.2", compose: "1.3.0" } },
  jammy: { docker: {}, podman: {} },
  noble: { docker: {}, podman: { version: "4.9.3", compose: "1.0.6" } },
};

/** The engine of a machine; versions stay undefined for a box that is not built here. */
export function guestEngineOf(machine: Pick<ResolvedMachine, "engine" | "image" | "gpus" | "provider">): GuestEngine {
  const vendors = machine.gpus.map(({ vendorId }) => vendorId);
  const vendor = vendors.includes("10de") || vendors.length === 0
    ? "nvidia"
    : vendors.includes("8086") && !vendors.includes("1002")
    ? "intel"
    : "amd";
  return {
    engine: machine.engine,
    vendor,
    ...suiteEngines[suiteOf(machine.image) ?? ""]?.[machine.engine],
    // install-nvidia.sh switches CDI on in Docker for a part of a card
    ...(partitionRequest(machine) ? { partition: true, ...(machine.engine === "docker" ? { cdi: true } : {}) } : {}),
  };
}

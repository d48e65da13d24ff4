/** Which existing VMs differ from what the config describes, in a way that only a new VM resolves. */
import { UserError } from "../errors.mts";
import type { Finding } from "../findings.mts";
import { existingVmsOf, type Lab } from "../host/lab.mts";
import { parseHost } from "../host/parse.mts";
import { makePlan } from "../plan/plan.mts";
import { resolveConfig } from "../resolve/resolve.mts";
import type { Context } from "./context.mts";
import { readTexts } from "./plan-texts.mts";
import { readProbe } from "./probe.mts";
import type { LoadedConfig } from "./load-config.mts";

/**
 * A finding for each machine whose VM differs, by name. Asks this host's probe; empty where that
 * fails or a file that the config names cannot be read, since other commands say so.
 */
export async function outdatedMachines(
  context: Context,
  source: LoadedConfig,
  lab: Lab,
): Promise<Map<string, Finding>> {
  const exists = Object.values(lab.machines).some(({ state }) => state === "off" || state === "running");
  if (!exists) return new Map();
  try {
    const [probe, texts] = await Promise.all([readProbe(context, []), readTexts(context, source.config)]);
    const host = parseHost(probe);
    const resolved = resolveConfig(source.config, host, existingVmsOf(lab));
    const found = makePlan(resolved, host, lab, texts).findings.filter(({ check }) => check === "machine.outdated");
    return new Map(found.map((finding) => [finding.machine!, finding]));
  } catch (error) {
    if (error instanceof UserError) return new Map();
    throw error;
  }
}

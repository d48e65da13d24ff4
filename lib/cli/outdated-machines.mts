/** Existing VMs that differ from the config in a way that only recreating them resolves. */
import { UserError } from "../errors.mts";
import type { Finding } from "../findings.mts";
import { existingVmsOf, type Lab } from "../host/lab.mts";
import { parseHost } from "../host/parse.mts";
import { makePlan } from "../plan/plan.mts";
import { resolveConfig } from "../resolve/resolve.mts";
import type { Context } from "./context.mts";
import { readTexts } from "./plan-texts.mts";
import type { HostReading } from "./host-reading.mts";
import type { LoadedConfig } from "./load-config.mts";

/**
 * A finding for each machine whose VM differs, by name. Runs this host's probe if `reader` has not; empty if that
 * fails or a file of the config cannot be read: other commands report it.
 */
export async function outdatedMachines(
  context: Context,
  source: LoadedConfig,
  lab: Lab,
  reader: HostReading,
): Promise<Map<string, Finding>> {
  const exists = Object.values(lab.machines).some(({ state }) => state === "off" || state === "running");
  if (!exists) return new Map();
  try {
    const { config } = source;
    const hasStacks = config.stacks.length + (config.swarm?.stacks.length ?? 0) > 0;
    const [probe, texts, stacks] = await Promise.all([
      reader.probe(),
      readTexts(context, config),
      // a stack can need another Compose, which is a part of the box
      hasStacks ? import("./projects.mts").then(({ readStacks }) => readStacks(context.shell, source)) : undefined,
    ]);
    const host = parseHost(probe);
    const resolved = resolveConfig(config, host, existingVmsOf(lab), stacks);
    const found = makePlan(resolved, host, lab, texts).findings.filter(({ check }) => check === "machine.outdated");
    return new Map(found.map((finding) => [finding.machine!, finding]));
  } catch (error) {
    if (error instanceof UserError) return new Map();
    throw error;
  }
}

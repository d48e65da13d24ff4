/** Asks the manager of a Swarm what runs in it. */
import type { Finding } from "../findings.mts";
import { swarmFindings } from "../verify/swarm-layers.mts";
import type { Context } from "./context.mts";
import { askGuest } from "./guest.mts";
import type { Inspection } from "./inspect.mts";

/** The findings for the Swarm of a config; none without one, or if its manager does not run: that is one already. */
export async function verifySwarm(context: Context, { loaded, resolved, lab }: Inspection): Promise<Finding[]> {
  const { swarm, machines } = resolved;
  const manager = swarm && lab.machines[swarm.manager];
  if (!swarm || manager?.state !== "running") return [];
  const answer = await askGuest(context, loaded, swarm.manager, manager, "logs");
  return swarmFindings({
    manager: swarm.manager,
    services: swarm.services.map(({ name }) => name),
    stacks: swarm.stacks.map(({ name }) => name),
    running: machines.filter(({ name }) => lab.machines[name]?.state === "running").map(({ name }) => name),
    elsewhere: (resolved.elsewhere ?? []).map(({ name }) => name),
  }, answer?.swarm);
}

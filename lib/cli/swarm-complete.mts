/** A Swarm with machines on several hosts: whether a command has to change something in it. */
import { UserError } from "../errors.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { isSetUp, swarmWanted } from "../plan/swarm.mts";
import { askFacts, label, nodesOf, type Site, siteOf } from "./swarm-guests.mts";
import { hasRun, type SwarmTask } from "./swarm-places.mts";

/**
 * Whether the machines are nodes as they are recorded, with their labels, and all is deployed. Changes nothing and
 * locks nothing; `first`: the host of the manager as it is now. False if that is not known for sure.
 */
export async function isComplete(
  { context: { options }, config, places, home, script }: SwarmTask,
  first: Site,
): Promise<boolean> {
  const { manager } = config.swarm!;
  const { swarm: record } = first.lab;
  if (options.pull || record?.manager !== manager || record.ids?.[manager] === undefined) return false;
  if (hasRun(home)) {
    const wanted = home.resolved && swarmWanted(home.resolved, first.lab);
    if (!wanted || !isSetUp(wanted, record)) return false;
  }
  try {
    const others = places.filter((place) => place !== home && hasRun(place));
    const nodes = nodesOf([first, ...await Promise.all(others.map((place) => siteOf(place)))]);
    const node = nodes.find(({ name }) => name === manager)!;
    const answers = await Promise.all(nodes.map((one) => askFacts(one, script, true)));
    const isKnown = nodes.every(({ name, site: { lab: { swarm } } }, i) => {
      const { id, cards } = answers[i]!;
      const wish = config.machines.find((one) => one.name === name)!;
      if (options.gpu && cards === 0 && wish.gpus.some(isNvidiaRequest)) return false;
      return id !== undefined && swarm?.ids?.[name] === id &&
        (!hasRun(home) || record.ids![name] === id);
    });
    if (!isKnown) return false;
    const facts = new Map(nodes.map(({ name }, i) => [name, answers[i]!]));
    // this fails for a node that the manager does not know
    return !await label(node, nodes, facts, config, script, true);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // the steps that follow report the error
    return false;
  }
}

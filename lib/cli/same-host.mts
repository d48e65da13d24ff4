/** Two names of a config that lead to one host. */
import { configErrorAt, type Flaw } from "../config/parse.mts";
import { thisMachine } from "../config/placed.mts";
import type { Config, OtherHost } from "../config/types.mts";
import { hostIdOf } from "../host/host-id.mts";
import type { Context } from "./context.mts";
import { nameOf, type Run } from "./host-words.mts";
import { loadConfig } from "./load-config.mts";

/** Commands for which two names of one host are a mistake; the others still reach the VMs that exist. */
const refusing = ["up", "upgrade", "plan", "doctor", "prepare"];

/**
 * Throws ConfigError if two hosts of the runs are one, by what the hosts say: each would have a lab that knows nothing
 * of the other's VMs and cards. A host that is not reached, or says nothing, is left out.
 */
export async function refuseSameHost(context: Context, command: string, runs: Run[], config: Config): Promise<void> {
  if (!refusing.includes(command)) return;
  const ids = await Promise.all(runs.map(({ shell }) => shell.then(hostIdOf, () => undefined)));
  const twins = runs.flatMap(({ part }, i) => {
    const first = ids[i] === undefined ? i : ids.indexOf(ids[i]);
    return first === i ? [] : [{ host: part.host, same: runs[first]!.part.host }];
  });
  if (twins.length === 0) return;
  const { text, name } = await loadConfig({ ...context, on: {} });
  throw configErrorAt(text, name, sameHostFlaws(config, twins));
}

/** The flaws of a config in which two hosts are one; null is this machine. */
export function sameHostFlaws(
  { machines }: Config,
  twins: { host: OtherHost | null; same: OtherHost | null }[],
): Flaw[] {
  return twins.flatMap(({ host, same }) => {
    const message = `${nameOf({ host: same })} and ${nameOf({ host })} are the same host: its boot ID is the same`;
    return machines.flatMap((machine, i) => {
      // this machine has no name in the file: the machine with a name of it is what can change
      const wrong = host ?? same;
      if (machine.host !== wrong?.name) return [];
      const instead = same && host ? `host: ${same.name}` : `no host: for ${thisMachine}`;
      return [{ path: `machines.${i}.host`, message, instead }];
    });
  });
}

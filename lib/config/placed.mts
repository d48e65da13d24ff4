/** Machines on several hosts: the part of a config for each, and which machines can reach each other. */
import type { Config, Machine } from "./types.mts";

/** The name of this machine among the hosts of a config. No entry of `hosts:` can have it. */
export const thisMachine = "this machine";

/**
 * The part of a config for one of its hosts; undefined is this machine. A config whose machines are all on one host
 * is that part already.
 */
export function configOn(config: Config, name: string | undefined): Config {
  const { hosts, swarm, ...all } = config;
  if (!hosts) return config;
  const manager = swarm && all.machines.find((machine) => machine.name === swarm.manager)!;
  const host = hosts.find((one) => one?.name === name);
  const machines = all.machines.filter((machine) => machine.host === name);
  const isHere = (machine: string) => machines.some((one) => one.name === machine);
  const stacks = all.stacks.filter(({ machine }) => isHere(machine));
  return {
    ...all,
    machines,
    stacks,
    services: all.services.filter(({ machine }) => isHere(machine)),
    elsewhere: all.machines.filter((machine) => machine.host !== name),
    places: {
      machines: machines.map((machine) => all.machines.indexOf(machine)),
      stacks: stacks.map((stack) => all.stacks.indexOf(stack)),
    },
    ...(host ? { host } : {}),
    ...(manager?.host === name ? { swarm } : {}),
    ...(manager
      ? {
        sharedSwarm: {
          ...{ manager: manager.name, services: swarm.services },
          others: all.services.filter(({ machine }) => !isHere(machine)),
          unread: manager.host === name ? all.stacks.filter(({ machine }) => !isHere(machine)) : swarm.stacks,
          ...(manager.host === undefined ? {} : { host: manager.host }),
        },
      }
      : {}),
  };
}

/** What decides whether a machine can reach others. */
export type Placed = Pick<Machine, "name" | "host" | "network">;

/**
 * Whether connections from one machine to another can arrive, as far as the config says. Machines of one host share
 * its NAT network. A machine of another host is reached only in the LAN, by its own network card; the NAT of a host
 * lets connections out.
 */
export const reaches = (from: Placed, to: Placed): boolean => from.host === to.host || to.network?.lan !== undefined;

/** The name of this machine in a word such as `localhost/llm`, unless an entry of `hosts:` has it. */
const thisHost = "localhost";

/** The word for a VM by its host, for commands that a machine's name alone would send to its host in the config. */
export const wordFor = (host: string | undefined, machine: string): string => `${host ?? thisHost}/${machine}`;

/** The host and the machine of such a word; undefined if it is none. A host that is undefined is this machine. */
export function placedIn(
  word: string,
  { hosts = [] }: Config,
): { host: string | undefined; machine: string } | undefined {
  const [, name, machine] = /^([^/]+)\/([^/]+)$/.exec(word) ?? [];
  if (name === undefined || machine === undefined) return undefined;
  if (hosts.some((host) => host?.name === name)) return { host: name, machine };
  return name === thisHost && hosts.includes(null) ? { host: undefined, machine } : undefined;
}

/** The machine of that name that a config has on another host than the one of its part. */
export const movedTo = ({ elsewhere = [] }: Config, name: string): Machine | undefined =>
  elsewhere.find((machine) => machine.name === name);

/** The hosts of a config for a Swarm with machines on several of them. */
import { placedIn } from "../config/placed.mts";
import type { Config, OtherHost } from "../config/types.mts";
import type { Resolved } from "../resolve/types.mts";
import type { Shell } from "../shell.mts";
import type { Context, ManagerAccess } from "./context.mts";
import type { Part, Result, Run } from "./host-words.mts";
import { loadConfig } from "./load-config.mts";
import type { connectTo } from "./other-host.mts";

/** How a command ended on a host: unproven means that all its steps succeeded, but the proof of a machine did not. */
export type End = "declined" | "failed" | "unproven" | "done";

/** What `up` or `upgrade` resolved on the hosts where its steps all succeeded, by name; undefined is this machine. */
export type Ran = Map<string | undefined, Resolved>;

/** A host of the config. */
export interface Place {
  host: OtherHost | null;
  /** Undefined if the command was not about that host. */
  end?: End;
  /** What `up` or `upgrade` resolved there, if its steps all succeeded. */
  resolved?: Resolved;
  /** The surroundings of a command there. Throws {@link UserError} if the host is not reached. */
  open(): Promise<Context>;
}

/** What a command still has to do in the Swarm when it has ended on each host. */
export interface SwarmTask {
  context: Context;
  command: string;
  config: Config;
  places: Place[];
  /** The host of the manager. */
  home: Place;
  /** The text of swarm-node.sh. */
  script: string;
}

/** Opens a host of the config. */
export type Opener = (host: OtherHost | null) => Promise<Context>;

/**
 * Opens hosts of the config: those of runs with their shells, and others when they are needed, which are then added to
 * `opened`.
 */
export function openerOf(
  { shell, options, passthroughArgs }: Context,
  { hosts = [] }: Config,
  runs: () => Pick<Run, "part" | "shell" | "on">[],
  opened: Shell[],
  connect: typeof connectTo,
): Opener {
  const others = new Map<string, Promise<Shell>>();
  async function connected(host: OtherHost): Promise<Shell> {
    const there = others.get(host.name) ?? connect(host, shell);
    if (!others.has(host.name)) there.then((one) => opened.push(one), () => {});
    others.set(host.name, there);
    return await there;
  }
  return async (wanted) => {
    const run = runs().find(({ part }) => part.host?.name === wanted?.name);
    if (run) return { ...run.on, shell: await run.shell };
    const host = hosts.find((one) => one?.name === wanted?.name) ?? null;
    const on = host ? { name: host.name } : {};
    return { options, passthroughArgs, args: [], on, shell: host ? await connected(host) : shell };
  };
}

/** The hosts of a config with how a command ended on those that it was about. */
export const placesIn = (
  { hosts = [] }: Config,
  ends: (Pick<Result, "code" | "declined"> & Pick<Part, "host">)[],
  ran: Ran,
  open: Opener,
): Place[] =>
  hosts.map((host): Place => {
    const place = { host, open: () => open(host) };
    const ended = ends.find((one) => one.host?.name === host?.name);
    if (!ended) return place;
    const resolved = ran.get(host?.name);
    const end = ended.code === 0 ? "done" : resolved ? "unproven" : ended.declined ? "declined" : "failed";
    return { ...place, end, ...(resolved ? { resolved } : {}) };
  });

/** The surroundings of a command on a host, without its shell. `ran` gets what `up` or `upgrade` resolved there. */
export const contextOn = (
  { options, passthroughArgs }: Context,
  { host, args }: Part,
  open: Opener,
  ran: Ran,
  manager?: ManagerAccess,
): Omit<Context, "shell"> => ({
  ...{ options, passthroughArgs, args },
  on: {
    ...(host ? { name: host.name } : {}),
    ...(manager ? { manager } : {}),
    reach: async (other) => (await open(other)).shell,
    ran: (resolved) => void ran.set(host?.name, resolved),
  },
});

/** Whether the machines of a host are as the command wanted them, proven or not. */
export const hasRun = ({ end }: Place): boolean => end === "done" || end === "unproven";

/** The manager of the Swarm for a run on another host; undefined without one, and if the command removes it. */
export function managerFor(
  command: string,
  words: string[],
  config: Config,
  { host }: Part,
  open: Opener,
): ManagerAccess | undefined {
  const { host: home } = config.machines[0]!;
  if (!config.swarm || home === host?.name || removesManager(command, words, config)) return undefined;
  const there = config.hosts!.find((one) => one?.name === home)!;
  return {
    async open() {
      const context = await open(there);
      return { shell: context.shell, folder: (await loadConfig(context)).folder };
    },
  };
}

/** Whether a command line of `destroy` removes the manager of the Swarm. */
export function removesManager(command: string, words: string[], config: Config): boolean {
  const { name, host } = config.machines[0]!;
  const isManager = (word: string) => {
    const placed = placedIn(word, config);
    return word === name || placed?.machine === name && placed.host === host;
  };
  return command === "destroy" && (words.length === 0 || words.some(isManager));
}

/** Which hosts of a config a command line is about, and the words for each. */
import { readLab } from "../host/lab.mts";
import type { Config, OtherHost } from "../config/types.mts";
import { UserError } from "../errors.mts";
import { joinList } from "../text.mts";
import type { Shell } from "../shell.mts";
import { placedIn, thisMachine } from "../config/placed.mts";
import type { Context } from "./context.mts";
import { loadConfig } from "./load-config.mts";
import type { Command } from "./options.mts";
import { refuseHosts, selectNames } from "./select-machines.mts";
import type { Lane } from "./lanes.mts";
import { urlOf } from "./other-host.mts";

/** A host, and what a command does there. */
export interface Part {
  /** Null for this machine. */
  host: OtherHost | null;
  /** The words after the command's name. */
  args: string[];
  /** The machines there that the command is about. */
  machines: string[];
}

/** A run of the command on a host. */
export interface Run {
  part: Part;
  lane: Lane;
  /** Its shell, once it is connected. */
  shell: Promise<Shell>;
  on: Omit<Context, "shell">;
}

/** How a command ended on a host. */
export interface Result {
  name: string;
  /** Its machines that the command was about. */
  machines: string[];
  /** The exit code; undefined if an error ended it. */
  code?: number;
  error?: UserError;
  /** What ended it that is no result, such as an interruption. */
  thrown?: unknown;
  /** Whether the host was reached. */
  reached: boolean;
  /** Whether it changed nothing, since a person said no. */
  declined?: boolean;
}

/** The name of a host in messages. */
export const nameOf = ({ host }: Pick<Part, "host">): string => host?.name ?? thisMachine;

/** The name of a host, and where ssh logs in. */
export const titleOf = ({ host }: Pick<Part, "host">): string => host ? `${host.name} (${urlOf(host)})` : thisMachine;

/** Commands that also take machines that the config no longer has. */
const takesOrphans = ["down", "destroy", "status"];

/** The hosts that a command line is about. Throws UserError for a machine that no host has. */
export function partsOf(name: string, command: Command, words: string[], config: Config): Part[] {
  const names = config.machines.map((machine) => machine.name);
  const all = config.hosts!.map((host): Part => {
    const machines = config.machines.filter((machine) => machine.host === host?.name).map((one) => one.name);
    return { host, machines, args: words };
  });
  if (name === "ssh") requireOne(words, names);
  if (name === "logs") return hostsOfServices(all, words, config);
  if (command.operands !== "machines") return all;
  // a machine that the config no longer has may have the name of a service
  refuseHosts(takesOrphans.includes(name) ? { ...config, services: [], stacks: [] } : config, words);
  const placed = takesOrphans.includes(name) ? words.flatMap((word) => placedIn(word, config) ?? []) : [];
  const isKnown = words.every((word) => names.includes(word) || isPlaced(word, config));
  if (!takesOrphans.includes(name)) selectNames(words, names);
  const parts = all.map((part): Part => {
    const left = placed.filter(({ host }) => host === part.host?.name).map(({ machine }) => machine);
    const own = [...new Set([...part.machines.filter((one) => words.includes(one)), ...left])];
    return words.length > 0 ? { ...part, args: own, machines: own } : part;
  });
  // any host may have a machine that the config no longer has
  return isKnown && words.length > 0 ? parts.filter(({ args }) => args.length > 0) : parts;
}

const isPlaced = (word: string, config: Config) => placedIn(word, config) !== undefined;

function requireOne([name, ...more]: string[], names: string[]): void {
  if (name === undefined) throw new UserError(`name the machine: ${names.map((one) => `ssh ${one}`).join(", ")}`);
  if (more.length === 0) return;
  throw new UserError(`ssh takes one machine; put the command after --: ssh ${name} -- ${more.join(" ")}`);
}

/** The hosts of the services and stacks that words name; all hosts if a word may be a service of any stack. */
function hostsOfServices(all: Part[], words: string[], config: Config): Part[] {
  // the manager reads the logs of what runs in the Swarm
  const { services: inSwarm = [], stacks: stacksInSwarm = [] } = config.swarm ?? {};
  const services = [...config.services, ...inSwarm];
  const stacks = [...config.stacks, ...stacksInSwarm];
  const homes = words.map((word) =>
    [...services, ...stacks].find(({ name }) => name === word || name === word.replace(/\/.*/, ""))?.machine
  );
  if (words.length === 0 || homes.includes(undefined)) return all;
  return all.filter(({ machines }) => machines.some((one) => homes.includes(one)));
}

/**
 * Gives words of `down`, `destroy` and `status` that no machine of the config has to the hosts whose labs have such
 * machines. Changes the contexts of the runs, and removes those that have nothing to do. Throws UserError if no host
 * has one.
 */
export async function placeOrphans(name: string, words: string[], runs: Run[], config: Config): Promise<void> {
  const unknown = words.filter((word) => config.machines.every(({ name }) => name !== word) && !isPlaced(word, config));
  if (unknown.length === 0 || !takesOrphans.includes(name)) return;
  const failed: string[] = [];
  const found = await Promise.all(runs.map(async (run) => {
    try {
      const context: Context = { ...run.on, shell: await run.shell };
      const source = await loadConfig(context);
      return Object.keys((await readLab(context.shell, source.config, source.folder)).orphans);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failed.push(nameOf(run.part));
      return [];
    }
  }));
  const nowhere = unknown.find((word) => found.every((orphans) => !orphans.includes(word)));
  if (nowhere !== undefined) {
    const names = [...config.machines.map(({ name }) => name), ...found.flat()];
    if (failed.length === 0) {
      refuseHosts(config, [nowhere]);
      selectNames([nowhere], names);
    }
    throw new UserError(`no host that answered has a machine ${nowhere}; ${joinList(failed)} did not answer`, 1);
  }
  for (const [i, run] of runs.entries()) {
    const own = found[i]!.filter((name) => unknown.includes(name));
    run.on = { ...run.on, args: [...run.part.args, ...own] };
    run.part = { ...run.part, machines: [...run.part.machines, ...own] };
  }
  const busy = runs.filter(({ on }) => on.args.length > 0);
  runs.splice(0, runs.length, ...busy);
}

/** The machines that were named on the command line. */
import { UserError } from "../errors.mts";
import { existing, joinList } from "../text.mts";
import { closest } from "../suggest.mts";
import type { Config } from "../config/types.mts";
import type { LoadedConfig } from "./load-config.mts";

/** What `all` is in the commands for machines. */
export const everyMachine = "without a name, a command is for every machine";

/** Throws {@link UserError} for a word that is no machine, but a host, a service or a stack of the config. */
export function refuseHosts({ machines, hosts, host, services, stacks }: Config, words: string[]): void {
  const names = machines.map(({ name }) => name);
  const home = [...services, ...stacks].find(({ name }) => words.includes(name) && !names.includes(name));
  if (home) {
    throw new UserError(`there is no machine ${home.name}: it runs on the machine ${home.machine}`);
  }
  const word = words.find((one) => !names.includes(one) && [...hosts ?? [], host].some((other) => other?.name === one));
  if (word === undefined) return;
  const own = machines.filter((machine) => machine.host === word).map(({ name }) => name);
  throw new UserError(
    `there is no machine ${word}: it is a host, with the ${own.length === 1 ? "machine" : "machines"} ${joinList(own)}`,
  );
}

/** The machines that were named, or all of them. */
export function selectMachines({ config }: LoadedConfig, words: string[]): string[] {
  refuseHosts(config, words);
  return selectNames(words, config.machines.map(({ name }) => name));
}

/**
 * The names that are among the words, or all of them if there are no words. Throws {@link
 * UserError} for a word that is none of them.
 */
export function selectNames(words: string[], names: string[]): string[] {
  const stranger = words.find((word) => !names.includes(word));
  if (stranger !== undefined) {
    const meant = closest(stranger, names);
    const more = meant ? `: did you mean ${meant}?` : `; ${existing("machine", names)}`;
    const isAll = /^(all|\*)$/i.test(stranger);
    throw new UserError(`there is no machine ${stranger}${isAll ? `: ${everyMachine}` : more}`);
  }
  return words.length > 0 ? names.filter((name) => words.includes(name)) : names;
}

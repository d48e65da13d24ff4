/** The machines that were named on the command line. */
import { UserError } from "../errors.mts";
import { existing } from "../text.mts";
import { closest } from "../suggest.mts";
import type { LoadedConfig } from "./load-config.mts";

/** The machines that were named, or all of them. */
export function selectMachines({ config }: LoadedConfig, words: string[]): string[] {
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
    throw new UserError(`there is no machine ${stranger}${more}`);
  }
  return words.length > 0 ? names.filter((name) => words.includes(name)) : names;
}

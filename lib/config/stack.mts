/** A stack of the file as the rest of the program takes it. */
import { projectName, type RawStack } from "./raw.mts";
import type { Stack } from "./types.mts";

/** A stack of a valid file on a machine. */
export const shapedStack = (
  { path, name, profiles = [], env = {}, compose = [] }: RawStack,
  machine: string,
): Stack => ({
  ...{ name: name ?? projectName(path), path, machine, profiles, env },
  ...(compose.length > 0 ? { compose } : {}),
});

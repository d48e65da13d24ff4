/** Sizes as people write them in a config. */

/** What a size may look like: a number, then its unit. */
export const sizePattern = "^[0-9]+(\\.[0-9]+)? ?([KkMmGgTt]([Ii]?[Bb])?)$";

/**
 * A size with a unit in whole MiB, such as `16G` or `16 GiB`: 16384. G and GB are powers of 1024 here, as in Compose and QEMU.
 * Undefined for other texts, and for sizes that are no whole MiB.
 */
export function sizeInMib(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([kmgt])(?:i?b)?$/i.exec(text.trim()) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  const mib = Number(number) * 1024 ** ("kmgt".indexOf(unit.toLowerCase()) - 1);
  return Number.isInteger(mib) ? mib : undefined;
}

/** Sections of a Compose file that people paste beside `services:`, and what to write here instead. */
export const composeSections: Record<string, string> = {
  version: "nothing: Compose ignores version: today",
  name: "nothing, or put the project into a folder and use a stack: stacks: [{path: ./NAME}]",
  ...Object.fromEntries(
    ["volumes", "networks", "configs", "secrets", "include"].map((key) => [
      key,
      key === "volumes" || key === "networks"
        ? `nothing for plain names, which are declared by themselves; for more use a stack: stacks: [{path: ./NAME}]`
        : "the project in a folder of its own, and use a stack: stacks: [{path: ./NAME}]",
    ]),
  ),
};

/** Reads the sizes in a config. */

/** The pattern of a size: a number, then its unit. */
export const sizePattern = "^[0-9]+(\\.[0-9]+)? ?([KkMmGgTt]([Ii]?[Bb])?)$";

/**
 * Reads a size with a unit, such as `16G` or `16 GiB`, in whole MiB: 16384. G and GB are powers of
 * 1024, as in Compose and QEMU. Undefined for other texts, and for sizes that are not whole MiB.
 */
export function sizeInMib(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?([kmgt])(?:i?b)?$/i.exec(text.trim()) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  const mib = Number(number) * 1024 ** ("kmgt".indexOf(unit.toLowerCase()) - 1);
  return Number.isInteger(mib) ? mib : undefined;
}

/** A size in MiB as text: `256 MiB`, `16 TiB`. */
export function sizeText(mib: number): string {
  const power = [2, 1].find((one) => mib % 1024 ** one === 0) ?? 0;
  return `${mib / 1024 ** power} ${["MiB", "GiB", "TiB"][power]}`;
}

/**
 * Sections of a Compose file that people paste next to `services:`, and what to write in this file
 * instead.
 */
export const composeSections: Record<string, string> = {
  version: "remove it: Compose ignores version: today",
  name: "remove it, or put the project into a folder and use a stack: stacks: [{path: ./NAME}]",
  ...Object.fromEntries(
    ["volumes", "networks", "configs", "secrets", "include"].map((key) => [
      key,
      key === "volumes" || key === "networks"
        ? `remove it for plain names, which are declared automatically; for more use a stack: stacks: [{path: ./NAME}]`
        : "the project in a folder of its own, and use a stack: stacks: [{path: ./NAME}]",
    ]),
  ),
};

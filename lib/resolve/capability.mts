/** The compute capability of NVIDIA's cards. */
import type { Chip } from "./architectures.mts";
import type { Source } from "./sources.mts";

/** A compute capability, such as 8.6. */
export interface Capability {
  major: number;
  minor: number;
}

/** By chip; the others of an architecture have one. */
const chips: [chip: RegExp, capability: string][] = [
  [/^GM10/, "5.0"],
  [/^GM20/, "5.2"],
  [/^GP100/, "6.0"],
  [/^GP10/, "6.1"],
  [/^GV100/, "7.0"],
  [/^TU1/, "7.5"],
  [/^GA100/, "8.0"],
  [/^GA10/, "8.6"],
  [/^AD10/, "8.9"],
  [/^GH100/, "9.0"],
  [/^GB100/, "10.0"],
  [/^GB110/, "10.3"],
  [/^GB20B/, "12.1"],
  [/^GB20\d/, "12.0"],
];

/** The source of all rows. */
export const capabilitySource: Source = {
  source: "https://developer.nvidia.com/cuda-gpus; by chip: general knowledge",
  checked: "2026-11-28",
};

/** The compute capability of a chip; undefined if it is not known. */
export function capabilityOf({ chip }: Chip): Capability | undefined {
  const text = chips.find(([pattern]) => pattern.test(chip))?.[1];
  if (text === undefined) return undefined;
  const [major = 0, minor = 0] = text.split(".").map(Number);
  return { major, minor };
}

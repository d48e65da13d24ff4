/** Images whose CUDA version is not known: what makes that worth a finding. */
import type { Evidence } from "../findings.mts";
import { type Architecture, architectures } from "../resolve/architectures.mts";
import { families } from "../resolve/cuda.mts";
import { isOlder } from "../text.mts";
import { pass, skip, unknown } from "./results.mts";
import type { Verdict } from "./types.mts";

const nameless = "the image name does not show its CUDA version";

/**
 * For an image whose CUDA is not known: it passes if the cards and the driver run all common versions. `cards`:
 * undefined where an architecture is not known. `branch`: that of the driver; without one of them, nothing is known.
 */
export function undecided(
  name: string,
  cards: Architecture[] | undefined,
  branch: number | undefined,
  evidence: Evidence[],
): Verdict {
  const reason = suspicion(cards ?? [], branch);
  if (reason !== undefined) return unknown(`${name}: ${nameless}, and ${reason}`, evidence);
  return branch === undefined || cards === undefined
    ? skip(`${name}: ${nameless}`, evidence)
    : pass(`${name}: ${nameless}; driver ${branch} runs CUDA ${newest} and earlier`, evidence);
}

/** The newest major version of CUDA. */
const newest = Math.max(...Object.keys(families).map(Number));

/** Why an image's CUDA may not run: a card that common CUDA versions have no code for, or an older driver. */
function suspicion(cards: Architecture[], branch: number | undefined): string | undefined {
  for (const card of cards) {
    const { first, last } = architectures[card].cuda;
    if (last !== undefined) return `${card} needs CUDA ${last} or earlier`;
    if (!isOlder(first, "12")) return `${card} needs CUDA ${first} or later`;
  }
  const needs = Number(families[newest]!.linux.split(".")[0]);
  return branch !== undefined && branch < needs ? `driver ${branch} does not run CUDA ${newest}` : undefined;
}

/** Verdicts of one machine, with those of {@link undecided} as one. */
export function combined(verdicts: Verdict[]): Verdict[] {
  const isOpen = ({ message }: Verdict) => message.includes(`: ${nameless}`);
  const open = verdicts.filter(isOpen);
  const [first] = open;
  if (!first || open.length < 2) return verdicts;
  const names = open.map(({ message }) => message.split(`: ${nameless}`)[0]);
  const [, reason] = first.message.split(nameless);
  return [
    ...verdicts.filter((one) => !isOpen(one)),
    {
      ...first,
      message: `${names.join(", ")}: the image names do not show their CUDA versions${reason}`,
      evidence: open.flatMap(({ evidence }) => evidence.slice(0, 1)),
    },
  ];
}

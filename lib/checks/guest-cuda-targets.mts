/** Whether the CUDA code that a service's Dockerfile compiles runs on the machine's cards. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { PlacedService } from "./placed-services.mts";
import type { Verdict } from "./types.mts";
import { runsOn } from "../compose/cuda-targets.mts";
import { manualFix } from "../fixes.mts";
import { type Capability, capabilityOf } from "../resolve/capability.mts";
import { joinList } from "../text.mts";
import { warn } from "./results.mts";

/** The warning for code that runs on none of the machine's cards; none if a card or its capability is not known. */
export function compiledFor({ name, cudaTargets }: PlacedService, { nvidiaCards }: ResolvedMachine): Verdict[] {
  const cards = nvidiaCards.map(({ chip }) => chip && { chip: chip.chip, capability: capabilityOf(chip) });
  const capabilities = cards.flatMap((card) => card?.capability ?? []);
  if (!cudaTargets || cards.length === 0 || capabilities.length < cards.length) return [];
  const { targets, written, place } = cudaTargets;
  if (capabilities.some((capability) => runsOn(targets, capability))) return [];
  const text = ({ major, minor }: Capability) => `${major}.${minor}`;
  const wanted = [...new Set(targets.map(text))];
  const [{ major, minor }] = capabilities as [Capability];
  return [warn(
    `${name}: its Dockerfile compiles CUDA code for compute capability ${joinList(wanted)}, which does not run on ` +
      `${cards[0]!.chip} (${text({ major, minor })})`,
    [{ read: place, value: written }],
    [manualFix(
      written.startsWith("TORCH")
        ? `Add ${major}.${minor} to TORCH_CUDA_ARCH_LIST`
        : `Add ${major}${minor} to CMAKE_CUDA_ARCHITECTURES`,
    )],
  )];
}

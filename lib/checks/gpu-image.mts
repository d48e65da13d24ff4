/** Services whose image can use only the GPUs of another vendor than the machine's. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ServiceGpuRequest } from "../compose/gpu-requests.mts";
import { type GpuMaker, imageFor, makerOfImage } from "../compose/image-makers.mts";
import { vendorIds } from "../host/vendors.mts";
import { manualFix } from "../fixes.mts";
import type { PlacedService } from "./placed-services.mts";
import type { Flaw } from "./gpu-request-flaws.mts";

const makers: Record<GpuMaker, { name: string; software: string }> = {
  nvidia: { name: "NVIDIA", software: "CUDA" },
  amd: { name: "AMD", software: "ROCm" },
  intel: { name: "Intel", software: "oneAPI, OpenVINO" },
};

/**
 * The flaw of a service that asks for a GPU without naming its vendor, and whose image can use none of the machine's
 * cards: its container starts, and finds no GPU. `demands`: the service's GPU requests.
 */
export function gpuImageFlaws(
  { body: { image: written, build }, base }: PlacedService,
  demands: ServiceGpuRequest[],
  { name, gpus }: ResolvedMachine,
): Flaw[] {
  // an image that is built here may have any name: what it is built from counts
  const image = build === undefined ? written : base?.image;
  if (typeof image !== "string" || gpus.length === 0) return [];
  const needs = makerOfImage(image);
  // the nodes of /dev/dri say nothing of the vendor; AMD's programs need /dev/kfd too
  if (!demands.some(({ vendor }) => vendor !== "drm") && (needs !== "intel" || demands.length === 0)) return [];
  const has = gpus.map(({ vendorId }) =>
    (Object.keys(vendorIds) as GpuMaker[]).find((one) => vendorIds[one] === vendorId)
  );
  const [own] = has;
  if (needs === undefined || own === undefined || has.includes(undefined) || has.includes(needs)) return [];
  const { name: wanted, software } = makers[needs];
  const instead = imageFor(image, own);
  return [{
    message: `its image ${build === undefined ? "" : "is built from "}${image}${
      build === undefined ? "" : ", which"
    } uses only ${wanted} GPUs (${software}), but ${name} has an ${makers[own].name} GPU`,
    fix: manualFix(
      `${
        build !== undefined
          ? `Build it from an image for ${makers[own].name}'s cards`
          : instead === undefined
          ? `Use an image for ${makers[own].name}'s cards`
          : `Write image: ${instead}`
      }, or give ${name} an ${wanted} card (gpu:)`,
    ),
    at: [build === undefined ? "image:" : "build:"],
  }];
}

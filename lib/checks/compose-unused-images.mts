/** Programs that can use the GPU of a machine, in projects in which no service asks for one. */
import type { ComposeProject } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { isCpuImage, nvidiaImageFor } from "../compose/cpu-images.mts";
import { enabledOf } from "../compose/enabled.mts";
import { makerOfImage } from "../compose/image-makers.mts";
import { imageParts } from "../compose/image-name.mts";
import { manualFix } from "../fixes.mts";
import { isNvidiaRequest } from "../host/vendors.mts";
import { ownValue } from "../maps.mts";
import { joinList } from "../text.mts";

/** Whether an image's program uses an NVIDIA GPU if it gets one; Ollama uses those of other vendors too. */
function usesNvidia(image: string): boolean {
  const [name, tag] = imageParts(image);
  return makerOfImage(image) === "nvidia" || (/(^|\/)ollama\/ollama$/.test(name) && !/rocm|cpu/.test(tag));
}

/** An image of a program that uses a GPU, in a project without GPU settings. */
export function imageFlaw(
  project: ComposeProject,
  { gpus }: Pick<ResolvedMachine, "gpus">,
): ProjectFlaw | undefined {
  if (!gpus.every(isNvidiaRequest)) return undefined;
  const found = enabledOf(project).flatMap(([name, { image, build, deploy }]) => {
    const base = ownValue(project.bases ?? {}, name)?.find(({ isFinal }) => isFinal);
    const used = build === undefined ? image : base?.image;
    // another finding reports generic_resources
    const isSwarms = JSON.stringify(deploy ?? "").includes("generic_resources");
    return !isSwarms && typeof used === "string" && usesNvidia(used)
      ? [{ name, used, isBuilt: build !== undefined }]
      : [];
  });
  const [first] = found;
  if (!first) return optionalFlaw(project);
  const { name, used, isBuilt } = first;
  const names = found.filter((one) => one.used === used && one.isBuilt === isBuilt).map((one) => one.name);
  const many = names.length > 1;
  const run = many ? "run" : "runs";
  return {
    status: "warn",
    message: `no service asks for a GPU: ${joinList(names)}${isBuilt ? "," : ""} ${
      isBuilt ? `which ${many ? "are" : "is"} built from ${used}, ${run}` : `${run} ${used}`
    } on the CPU`,
    service: name,
    at: isBuilt ? "build" : "image:",
    fix: manualFix(
      `Add to ${joinList(names)}: deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, ` +
        "capabilities: [gpu]}]}}}",
    ),
  };
}

/** Programs that encode, decode, detect or compute on an NVIDIA GPU if they get one, and on the CPU otherwise. */
const canUse =
  /(^|\/)(jellyfin|plex|pms-docker|emby(server)?|immich-(server|machine-learning)|frigate|tdarr(_node)?|unmanic|fileflows|ersatztv|foldingathome|boinc|photoprism)$/;

/** A program that can use a GPU, in a project in which no service asks for one. */
function optionalFlaw(project: ComposeProject): ProjectFlaw | undefined {
  const [name, image] =
    enabledOf(project).flatMap(([name, { image }]) =>
      typeof image === "string" && canUse.test(imageParts(image)[0]) ? [[name, image] as const] : []
    )[0] ?? [];
  if (name === undefined || image === undefined) return undefined;
  const nvidia = isCpuImage(image) ? nvidiaImageFor(image) : undefined;
  const withImage = nvidia === undefined ? "" : ` with the image ${nvidia}`;
  return {
    status: "warn",
    message: `no service asks for a GPU: ${name} can use one${withImage}, and works on the CPU without it`,
    service: name,
    at: "image:",
    fix: manualFix(
      `${withImage && `Write image: ${nvidia}. `}Add to ${name}: deploy: {resources: {reservations: {devices: ` +
        `[{driver: nvidia, count: 1, capabilities: [gpu]}]}}}${
          withImage ? "" : ", and NVIDIA_DRIVER_CAPABILITIES: all to its environment"
        }`,
    ),
  };
}

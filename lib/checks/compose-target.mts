/** Whether the Dockerfile of a service has the stage that `build.target` names. */
import { dockerfilePath, stagesOf } from "../compose/dockerfile.mts";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { manualFix } from "../fixes.mts";
import { vendorIds } from "../host/vendors.mts";
import { mapAt, ownValue } from "../maps.mts";
import { closest } from "../suggest.mts";
import { joinList } from "../text.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";

/**
 * The flaw of a target that is no stage: the build in the VM ends with an error. Podman takes the number of a stage
 * too, so a number is not judged.
 */
export function targetFlaws(
  service: ComposeService,
  project: ComposeProject,
  machine: Pick<ResolvedMachine, "gpus">,
): ProjectFlaw[] {
  const { target, dockerfile_inline: inline } = mapAt(service, "build");
  if (typeof target !== "string" || /^\d*$|\$/.test(target)) return [];
  const path = dockerfilePath(service, project);
  const file = typeof inline === "string" ? "dockerfile_inline" : path?.split("/").at(-1) ?? "its Dockerfile";
  const stages = typeof inline === "string" ? stagesOf(inline) : ownValue(project.stages ?? {}, path ?? "");
  const at = [`target: ${target}`, "target:", "build"];
  if (!stages) {
    // another finding reports the missing Dockerfile
    if (path !== undefined && project.paths[path] === "missing") return [];
    return [{
      status: "unknown",
      message: `is built up to the stage ${target}; could not read whether ${file} has it`,
      at,
    }];
  }
  if (stages.includes(target.toLowerCase())) return [];
  const names = [...new Set(stages)];
  const near = similarStage(target, names, machine);
  const some = names.length > 12 ? [...names.slice(0, 12), `${names.length - 12} more`] : names;
  return [{
    status: "fail",
    message: `is built up to the stage ${target}, which ${file} does not have: ${
      names.length > 0 ? `its stages are ${joinList(some)}` : "none of its stages has a name"
    }`,
    at,
    fix: manualFix(
      near === undefined
        ? names.length > 0
          ? "Write the name of one of them (target:), or remove target: to build the last one"
          : `Name the stage in ${file}: FROM … AS ${target}, or remove target:`
        : `Write target: ${near}`,
    ),
  }];
}

/** Words that names of stages have for the cards of a vendor. */
const vendorWords: Record<string, RegExp> = {
  [vendorIds.nvidia]: /nvidia|cuda|gpu/,
  [vendorIds.amd]: /amd|rocm/,
  [vendorIds.intel]: /intel|arc|xpu|openvino/,
};

/** The stage that a target most likely means: of several with its word, the one for the machine's card. */
function similarStage(target: string, names: string[], { gpus }: Pick<ResolvedMachine, "gpus">): string | undefined {
  const near = closest(target, names);
  if (near !== undefined) return near;
  const within = names.filter((name) => name.split(/[-_.]/).includes(target.toLowerCase()));
  const suited = within.filter((name) => gpus.some(({ vendorId = "" }) => vendorWords[vendorId]?.test(name)));
  return suited.length === 1 ? suited[0] : within.length === 1 ? within[0] : undefined;
}

/** GPU settings that a Compose project has and does not use, so that its services run without the machine's GPU. */
import { basename, dirname, join } from "node:path/posix";
import type { ComposeProject, ComposeService, UnusedFile } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { enabledOf } from "../compose/enabled.mts";
import { asksForGpu, gpuRequestsOf } from "../compose/gpu-requests.mts";
import { dependsOn, environmentOf, flagOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { isNvidiaRequest, vendorIds } from "../host/vendors.mts";
import { isMap, mapAt } from "../maps.mts";
import { joinList } from "../text.mts";
import { withProfile } from "./compose-profiles.mts";
import { imageFlaw } from "./compose-unused-images.mts";

/**
 * Files, profiles and comments of a project that ask for a GPU of the machine's vendor and that are not in use.
 * `isAsked`: a service of the machine, of this project or another one, asks for a GPU.
 */
export function unusedGpuFlaws(project: ComposeProject, machine: ResolvedMachine, isAsked: boolean): ProjectFlaw[] {
  if (machine.gpus.length === 0 || project.inline || !project.model) return [];
  if (project.refusals.length > 0 && mayHideRequest(project)) return [];
  // a privileged container has the nodes of AMD's and Intel's cards
  const privileged = enabledOf(project).some(([, body]) => flagOf(body.privileged) === true);
  if (privileged && !machine.gpus.some(isNvidiaRequest)) return [];
  // a file of the project takes the GPU away on purpose
  if (Object.values(project.texts).some((text) => takesAway.test(text))) return [];
  const asking = enabledOf(project).filter(([, body]) => asksFor(body, machine)).map(([name]) => name);
  const files = (project.unusedFiles ?? []).filter(({ file, services }) =>
    suits(Object.values(services), machine) && !otherBoard.test(basename(file))
  );
  // a project of which nothing starts has a finding of its own
  if (enabledOf(project).length === 0) return [];
  // a dependency that is missing is reported with the file that has it
  const missing = enabledOf(project).flatMap(([, body]) => Object.keys(dependsOn(body))).filter((name) =>
    !Object.hasOwn(project.model!.services, name)
  );
  const named = missing.flatMap((name) => fileWith(project, machine, name) ?? []);
  if (named.some((file) => files.some((one) => one.file === file))) return [];
  const found = fileFlaw(project, files, asking, cardOf(project, machine));
  const mayAsk = !isAsked && asking.length === 0 && enabledOf(project).length > 0;
  const profile = mayAsk ? profileFlaw(project, machine) : undefined;
  // a profile of the project itself is meant rather than another project next to it
  const isOther = found && files.every(({ use }) => use === "whole" || use === "folder");
  if (found) return [isOther && profile ? profile : found];
  // with no service at all, the profiles are named already
  return [profile ?? (mayAsk ? commentFlaw(project) ?? imageFlaw(project, machine) : undefined)].filter((one) =>
    one !== undefined
  );
}

/** The name of a file for NVIDIA's boards with ARM, or other ones. */
const otherBoard = /jetson|tegra|l4t|arm64|aarch64|raspberry/i;

/** An unused file of the project that has a service, such as the ollama that another one depends on. */
export const fileWith = (
  { unusedFiles = [] }: ComposeProject,
  machine: Pick<ResolvedMachine, "gpus">,
  service: string,
): string | undefined =>
  unusedFiles.filter(({ services }) => Object.hasOwn(services, service) && suits(Object.values(services), machine))
    .sort((a, b) => rank(a) - rank(b))[0]?.file;

/** Where to write the files that a project uses, as a sentence without its verb. */
export function withFiles(files: string[]): string {
  const list = files.join(":");
  return `COMPOSE_FILE=${list} into the project's .env, or env: {COMPOSE_FILE: "${list}"} for its stack in the ` +
    "config";
}

/** A line that removes what another file of the project asks for. */
const takesAway = /^\s*(deploy|resources|reservations|devices|gpus|runtime)\s*:\s*!reset\b/m;

/** The card that no service asks for, as messages name it: services may ask for one of another vendor. */
function cardOf(project: ComposeProject, { gpus }: ResolvedMachine): string {
  if (!enabledOf(project).some(([, body]) => asksForGpu({ body }))) return "a GPU";
  return gpus.every(isNvidiaRequest)
    ? "an NVIDIA GPU"
    : gpus.every(({ vendorId }) => vendorId === vendorIds.amd)
    ? "an AMD GPU"
    : "the machine's GPU";
}

/** Whether a service asks for a GPU that can be the machine's. */
export const asksFor = (body: ComposeService, machine: ResolvedMachine) =>
  asksForGpu({ body }) && suits([body], machine);

/** Whether a GPU that one of the services asks for can be the machine's. */
function suits(services: ComposeService[], { gpus }: Pick<ResolvedMachine, "gpus">): boolean {
  const vendors = services.flatMap((body) => gpuRequestsOf({ body })).map(({ vendor }) => vendor);
  if (gpus.some(isNvidiaRequest)) return vendors.includes("nvidia") || vendors.includes("any");
  const isAmd = gpus.some(({ vendorId }) => vendorId === vendorIds.amd);
  return vendors.includes("drm") || (isAmd && vendors.includes("amd"));
}

/** Whether a file has services of the project under the same or a longer name, or with the same image or context. */
function isVariant({ services }: UnusedFile, project: ComposeProject): boolean {
  const origin = ({ image, build }: ComposeService) =>
    typeof image === "string"
      ? image.replace(/@.*$/, "").replace(/:[^/]*$/, "")
      : JSON.stringify(isMap(build) ? build.context : build);
  const own = Object.entries(project.model?.services ?? {});
  return Object.entries(services).some(([name, body]) =>
    own.some(([other, it]) => name.startsWith(other) || other.startsWith(name) || origin(it) === origin(body))
  );
}

/** The order in which files are suggested, by their names: `gpu` and `nvidia` before `cuda-cdi`. */
const rank = ({ file }: UnusedFile) => {
  const name = basename(file);
  // a file with another word, such as ocr-gpu, is for one part of the project
  const words = name.replace(/\.ya?ml$/, "").split(/[._-]/).filter((one) => !/^(docker|compose|)$/.test(one));
  const rank = /gpu|nvidia|cuda|rocm|amd/i.test(name) ? (words.length > 1 ? 1 : 0) : 2;
  return (/cdi|legacy|dev|test/i.test(name) ? 4 : 0) + rank;
};

function fileFlaw(
  project: ComposeProject,
  files: UnusedFile[],
  asking: string[],
  card: string,
): ProjectFlaw | undefined {
  const enabled = enabledOf(project).map(([name]) => name);
  const useful = files.filter(({ use, services }) =>
    use === "override"
      ? Object.keys(services).some((name) => enabled.includes(name) && !asking.includes(name))
      : asking.length === 0
  ).sort((a, b) => rank(a) - rank(b));
  const [first, ...others] = useful;
  if (!first) return undefined;
  const without = first.use === "override"
    ? Object.keys(first.services).filter((name) => enabled.includes(name) && !asking.includes(name))
    : [];
  const also = others.length > 0 ? ` (and ${others.map(({ file }) => file).join(", ")})` : "";
  const none = `no service asks for ${card}: ${first.file}${also}`;
  const names = Object.keys(first.services).join(", ");
  const replaces = first.use === "whole" && isVariant(first, project);
  const list = replaces ? [first.file] : [...project.files, first.file];
  const [part = ""] = Object.keys(first.services);
  return {
    status: "warn",
    message: first.use === "override"
      ? `${without.join(", ")} ${
        without.length > 1 ? "ask" : "asks"
      } for no GPU: the GPU is in ${first.file}${also}, ` +
        "which the project does not use"
      : first.use === "addition"
      ? `${none} adds ${names}, which ${Object.keys(first.services).length > 1 ? "do" : "does"}, and is not used`
      : first.use === "part"
      ? `${none} has GPU settings (service ${names}), which no service extends`
      : isVariant(first, project)
      ? `${none} is the same project with one, and is not used`
      : `${none} has other services that do (${names}), and is not used`,
    evidence: { read: `${project.name}/${first.file}`, value: names },
    fix: manualFix(
      first.use === "folder"
        ? `Set the stack's path to ${join(project.folder, dirname(first.file))}`
        : first.use === "part"
        ? `Add to the service that needs the GPU: extends: {file: ${first.file}, service: ${part}}`
        : `${first.use !== "whole" || replaces ? "Write" : "If you need them, write"} ${withFiles(list)}`,
    ),
  };
}

function profileFlaw(project: ComposeProject, machine: ResolvedMachine): ProjectFlaw | undefined {
  // Compose refuses a project in which a service needs one that no profile starts
  const needed = enabledOf(project).flatMap(([, body]) =>
    Object.entries(mapAt(body, "depends_on")).flatMap(([name, how]) =>
      isMap(how) && how.required === false ? [] : [name]
    )
  );
  const listed = enabledOf(project).flatMap(([, { depends_on }]) => Array.isArray(depends_on) ? depends_on : []);
  const found = Object.entries(project.model!.services).filter(([name, body]) =>
    !needed.includes(name) && !listed.includes(name) && Array.isArray(body.profiles) && body.profiles.length > 0 &&
    asksForGpu({ body }) && suits([body], machine)
  );
  const [first, ...others] = found.map(([name, { profiles }]) => ({
    name,
    profile: profileFor([profiles].flat().map(String)),
  }));
  if (!first) return undefined;
  const names = joinList([first, ...others].map(({ name, profile }) => `${name} (profile ${profile})`));
  return {
    status: "warn",
    message: others.length === 0
      ? `no service asks for a GPU: ${first.name} does, but its profile ${first.profile} is off`
      : `no service asks for a GPU: ${names} do, but their profiles are off`,
    service: first.name,
    at: "profiles",
    fix: manualFix(
      `Turn the profile${others.length === 0 ? "" : " that you need"} on for this stack in the config: ${
        withProfile(project, first.profile)
      }`,
    ),
  };
}

/** The profile of several that is for the GPU: a service may also be in one such as monitoring. */
const profileFor = (profiles: string[]) => profiles.find((one) => /gpu|nvidia|cuda/i.test(one)) ?? profiles[0]!;

/** A line that asks for a GPU, wherever it is. */
const asksInText =
  /\bgpus?["']?:|-\s*["']?gpu["']?\s*$|[[,]\s*["']?gpu["']?\s*[,\]]|(driver|runtime)["']?:\s*["']?(nvidia|amd|cdi)\b|(nvidia|amd)\.com\/gpu|\/dev\/(dri|kfd|nvidia)/i;

/**
 * Whether a project with errors may ask for a GPU in a part that could not be read: in a file that does not exist, or
 * in lines at the wrong place.
 */
const mayHideRequest = ({ incomplete, texts, model }: ComposeProject) =>
  incomplete === true ||
  !Object.values(model!.services).some((body) => asksForGpu({ body })) &&
    Object.values(texts).some((text) =>
      text.split("\n").some((line) => asksInText.test(line.replace(/(^|\s)#.*$/, "")))
    );

/** A line that would ask for a GPU of NVIDIA's, as a comment. */
const asksInComment =
  /^\s*#+[\s-]*(driver:\s*["']?nvidia\b|runtime:\s*["']?nvidia\b|gpus:\s*(all\b|$)|capabilities:\s*\[.*\bgpu\b|["']?nvidia\.com\/gpu=)/;

function commentFlaw(project: ComposeProject): ProjectFlaw | undefined {
  const { name, texts, files } = project;
  // services.gpu reports that this variable alone gives no GPU, and what to write
  const visible = (body: ComposeService) => /^(all|\d)/.test(environmentOf(body).NVIDIA_VISIBLE_DEVICES ?? "");
  if (enabledOf(project).some(([, body]) => visible(body) && body.runtime === undefined)) return undefined;
  for (const file of files) {
    const line = (texts[file] ?? "").split("\n").findIndex((one) => asksInComment.test(one));
    if (line < 0) continue;
    return {
      status: "warn",
      message: `no service asks for a GPU: the GPU settings in ${file} are comments`,
      evidence: { read: `${name}/${file}:${line + 1}`, value: texts[file]!.split("\n")[line]!.trim() },
      fix: manualFix("Remove the # of these lines, for the service that needs the GPU"),
    };
  }
  return undefined;
}

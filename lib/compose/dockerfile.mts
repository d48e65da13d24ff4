/** What is read of the Dockerfiles of a project: stages, for `build.target`, and the images they are built from. */
import { mapAt } from "../maps.mts";
import { blankBaseOf } from "./blank-base.mts";
import { absentCopiesOf } from "./dockerfile-copies.mts";
import { cudaTargetsOf } from "./cuda-targets.mts";
import { builtStart } from "./dockerfile-start.mts";
import { fromPattern, instructionsOf } from "./dockerfile-instructions.mts";
import { neededStages, stageAt } from "./dockerfile-stages.mts";
import { baseOf, dockerfileOf, hostPath } from "./paths.mts";
import type { ProjectReads } from "./project-reads.mts";
import { environmentOf } from "./service.mts";
import type { BaseImage, ComposeProject, ComposeService } from "./types.mts";

/**
 * The names of a Dockerfile's stages (`FROM IMAGE AS NAME`) in lower case, since BuildKit does not
 * distinguish cases. Undefined if the file has another syntax.
 */
export function stagesOf(text: string): string[] | undefined {
  return instructionsOf(text)?.flatMap(({ text }) => fromPattern.exec(text)?.[2]?.toLowerCase() ?? []);
}

/**
 * The images that a build of the last stage, or of the stage `target`, pulls, with the lines of
 * their `FROM`. `isFinal`: the one that the result starts from. `args`: the values of `build.args`.
 * Images are absent whose names are not known, for example because a variable has no value here.
 */
export function baseImagesOf(
  text: string,
  args: Record<string, string | null>,
  target?: string,
): { image: string; line: number; isFinal: boolean }[] {
  const values: Record<string, string> = {};
  const stages: { name?: string; image: string; line: number; copies: string[] }[] = [];
  for (const { text: instruction, line } of instructionsOf(text) ?? []) {
    const [, image, name] = fromPattern.exec(instruction) ?? [];
    if (image !== undefined) {
      const own = name ? { name: name.toLowerCase() } : {};
      stages.push({ image: withValues(image, values), ...own, line, copies: [] });
      continue;
    }
    const copied = [...instruction.matchAll(/\bfrom=(["']?)([^\s,"']+)\1/g)].map(([, , one]) => one!);
    stages.at(-1)?.copies.push(...copied);
    // only an ARG before the first FROM has a value in it
    const [, key, , value = ""] = /^\s*ARG\s+(\w+)(=(.*?))?\s*$/i.exec(instruction) ?? [];
    if (key === undefined || stages.length > 0) continue;
    const given = Object.hasOwn(args, key) ? args[key] : withValues(value.replace(/^(["'])(.*)\1$/, "$2"), values);
    if (given) values[key] = given;
  }
  return [...neededStages(stages, target)].flatMap(([at, isFinal]) => {
    const { image, line } = stages[at]!;
    const isImage = stageAt(stages, image, at) < 0 && !image.includes("$") && image !== "scratch";
    return isImage ? [{ image, line, isFinal }] : [];
  });
}

/** The user that a build's image runs as. */
export interface BuiltUser {
  /** Number of the user. */
  uid: number;
  /** The line of its `USER`, from 1. */
  line: number;
}

/**
 * The user that the last stage, or the stage `target`, sets: by its number, or by a name that the stages create with
 * `useradd --uid`. Undefined if it sets none, sets root, or its number is not known. `args`: as for the images.
 */
export function builtUser(text: string, args: Record<string, string | null>, target?: string): BuiltUser | undefined {
  const stages: { name?: string; from: string; user?: { text: string; line: number } }[] = [];
  const values: Record<string, string> = {};
  const numbers = new Map<string, number>();
  for (const { text: instruction, line } of instructionsOf(text) ?? []) {
    const [, image, name] = fromPattern.exec(instruction) ?? [];
    if (image !== undefined) stages.push({ from: image.toLowerCase(), ...(name ? { name: name.toLowerCase() } : {}) });
    const [, kind = "", key, , value = ""] = /^\s*(ARG|ENV)\s+(\w+)([= ]\s*(\S*))?\s*$/i.exec(instruction) ?? [];
    if (key !== undefined) {
      const given = kind.toUpperCase() === "ARG" && Object.hasOwn(args, key) ? args[key] : undefined;
      const own = given ?? withValues(value.replace(/^(["'])(.*)\1$/, "$2"), values);
      if (own) values[key] = own;
    }
    for (const [, command] of withValues(instruction, values).matchAll(/\b(?:useradd|adduser)\s+([^&|;]*)/g)) {
      const [, number] = /(?:^|\s)(?:--uid[ =]|-\w*u\s*)(\d+)\b/.exec(command!) ?? [];
      const words = command!.trim().split(/\s+/);
      for (const one of number === undefined ? [] : words) numbers.set(one, Number(number));
    }
    const [, user] = /^\s*USER\s+([^\s:]+)/i.exec(instruction) ?? [];
    const stage = stages.at(-1);
    if (user !== undefined && stage) stage.user = { text: withValues(user, values), line };
  }
  let at = target === undefined ? stages.length - 1 : stages.findIndex(({ name }) => name === target.toLowerCase());
  while (stages[at] && !stages[at]!.user) {
    at = stages.slice(0, at).findLastIndex(({ name }) => name === stages[at]!.from);
  }
  const user = stages[at]?.user;
  const uid = user && (/^\d+$/.test(user.text) ? Number(user.text) : numbers.get(user.text));
  return user && uid ? { uid, line: user.line } : undefined;
}

/** A text with the values of its variables; those that have none here are left. */
function withValues(text: string, values: Record<string, string>): string {
  return text.replace(/\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g, (whole, braced, fallback, plain) => {
    const name: string = braced ?? plain;
    return values[name] ?? fallback ?? whole;
  });
}

/** The Dockerfile of a service on this host, absolute; undefined if it has none of its own. */
export function dockerfilePath(service: ComposeService, project: Pick<ComposeProject, "folder" | "files">) {
  return dockerfilePaths(service, project)[0];
}

/** Its Dockerfile and the other names of it, the one to take first. */
function dockerfilePaths(service: ComposeService, project: Pick<ComposeProject, "folder" | "files">): string[] {
  return (dockerfileOf(service) ?? []).flatMap((path) => hostPath(path, baseOf(project)) ?? []);
}

/**
 * What is read of the Dockerfiles of a project: the stages of those whose services have `build.target`, by absolute
 * path, the images that services are built from, a `FROM` without an image and the users that they run as, by
 * service. A Dockerfile that could not be read is absent.
 */
export async function readDockerfiles(
  reads: ProjectReads,
  project: Pick<ComposeProject, "folder" | "files" | "model">,
): Promise<
  Required<
    Pick<ComposeProject, "stages" | "bases" | "blankBases" | "builtUsers" | "cudaTargets" | "absentCopies" | "starts">
  >
> {
  const texts = new Map<string, string | undefined>();
  const readOnce = async (paths: string[]) => {
    for (const path of paths) {
      if (!texts.has(path)) texts.set(path, await reads.read(path));
      if (texts.get(path) !== undefined) return { path, text: texts.get(path)! };
    }
    return undefined;
  };
  const stages: Record<string, string[]> = {};
  const bases: Record<string, BaseImage[]> = {};
  const blankBases: NonNullable<ComposeProject["blankBases"]> = {};
  const builtUsers: NonNullable<ComposeProject["builtUsers"]> = {};
  const cudaTargets: NonNullable<ComposeProject["cudaTargets"]> = {};
  const absentCopies: NonNullable<ComposeProject["absentCopies"]> = {};
  const starts: NonNullable<ComposeProject["starts"]> = {};
  for (const [name, service] of Object.entries(project.model?.services ?? {})) {
    const { target, args, dockerfile_inline: inline } = mapAt(service, "build");
    const paths = dockerfilePaths(service, project);
    if (service.build === undefined || (paths.length === 0 && typeof inline !== "string")) continue;
    const found: { text: string; path?: string } | undefined = typeof inline === "string"
      ? { text: inline }
      : await readOnce(paths);
    if (!found) continue;
    const own = stagesOf(found.text);
    if (target !== undefined && paths[0] !== undefined && own) stages[paths[0]] = own;
    const values = environmentOf({ environment: args });
    const images = baseImagesOf(found.text, values, typeof target === "string" ? target : undefined);
    const user = builtUser(found.text, values, typeof target === "string" ? target : undefined);
    const { path } = found;
    const file = path?.startsWith(`${project.folder}/`) ? path.slice(project.folder.length + 1) : path;
    if (user) {
      builtUsers[name] = { uid: user.uid, place: file === undefined ? "dockerfile_inline" : `${file}:${user.line}` };
    }
    const absent = await absentCopiesOf(reads, service, project, { ...found, ...(file === undefined ? {} : { file }) });
    if (absent.length > 0) absentCopies[name] = absent;
    const targets = cudaTargetsOf(found.text, values);
    if (targets) cudaTargets[name] = { ...targets, ...(file === undefined ? {} : { file }) };
    const start = builtStart(found.text, values, typeof target === "string" ? target : undefined);
    if (start) starts[name] = { ...start, ...(file === undefined ? {} : { file }) };
    const blank = blankBaseOf(found.text, values);
    if (blank) blankBases[name] = { ...blank, ...(file === undefined ? {} : { file }) };
    if (images.length > 0) bases[name] = images.map((one) => ({ ...one, ...(file === undefined ? {} : { file }) }));
  }
  return { stages, bases, blankBases, builtUsers, cudaTargets, absentCopies, starts };
}

/** Links of a project's folder to paths that its copy in the VM does not have. */
import { isAbsolute, join, normalize } from "node:path/posix";
import type { ComposeProject, PathKind } from "../compose/types.mts";
import type { Fix } from "../findings.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { startedOf } from "../compose/enabled.mts";
import { baseOf, buildContext, dockerfileOf, envFiles, hostPath } from "../compose/paths.mts";
import { mountsOf } from "../compose/service.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { shellWord } from "../render.mts";
import { isShareable, sharedPath, sharing } from "./compose-folders.mts";
import { vmPaths } from "./compose-mounts.mts";

type Machine = Pick<ResolvedMachine, "name" | "provider" | "folders">;

/** Folders that every VM has, with contents that it does not have from this host. */
const ownContents = /^\/(tmp|var\/tmp|dev\/shm|run\/(user|secrets|agenix))\/./;

/**
 * Links that the project reads, such as a `.env` to that of the parent folder. `tar` copies the link, so the VM has one
 * without a target, unless the target is a path that the VM has too.
 */
export function linkFlaws(project: ComposeProject, machine: Machine): ProjectFlaw[] {
  const { folder, outerLinks = {}, paths } = project;
  const services = startedOf(project);
  const exists = (path: string) => paths[hostPath(path, baseOf(project)) ?? path] !== "missing";
  const read = [
    ...(project.dotEnvNames?.length ? [project.envFile ?? ".env"] : []).map((file) => join(folder, file)),
    ...project.files.flatMap((file) => hostPath(file, folder) ?? []),
  ];
  const named = [
    ...read,
    ...services.flatMap(([, service]) =>
      [
        ...mountsOf(service).flatMap(({ type, source }) => (type === "bind" && source ? [source] : [])),
        ...envFiles(service).flatMap(({ path, required }) => required || exists(path) ? [path] : []),
        ...(dockerfileOf(service) ?? []),
        ...[buildContext(service) ?? []].flat(),
      ].flatMap((path) => (path.includes("$") ? [] : hostPath(path, baseOf(project)) ?? []))
    ),
  ];
  return Object.entries(outerLinks).flatMap(([path, target]): ProjectFlaw[] => {
    const link = join(folder, path);
    const isParent = named.some((one) => one.startsWith(`${link}/`));
    if (!isParent && !named.includes(link)) return [];
    // a relative target is another path in the VM, where the project has another folder
    const there = isAbsolute(target) ? normalize(target) : undefined;
    if (there !== undefined && vmPaths.test(there) && !ownContents.test(there)) return [];
    if (there !== undefined && sharedPath(there, machine) === "there") return [];
    const kind = isParent ? "folder" : paths[link] ?? (read.includes(link) ? "file" : "unknown");
    return [{
      status: "fail",
      message: `${path} is a link to ${target}, which ${
        kind === "missing" ? "does not exist" : `is not copied: ${machine.name} gets a link without its target`
      }`,
      evidence: { read: `${project.name}/${path}`, value: target },
      fix: linkFix({ link, path, kind, target: there ?? join(link, "..", target) }, machine),
    }];
  });
}

/** What to do about a link, by what its target is; a folder may be too large for a copy. */
function linkFix(
  { link, path, kind, target }: { link: string; path: string; kind: PathKind; target: string },
  machine: Machine,
): Fix {
  const [word, copy] = [shellWord(link), shellWord(`${link}.copy`)];
  if (kind === "missing") return manualFix(`Create ${target}, or replace ${path} with a file or folder of the project`);
  // the link stays if its target cannot be copied
  if (kind === "file") {
    return commandFix(
      "Replace the link with a copy of its target",
      `cp -pL ${word} ${copy} && rm ${word} && mv ${copy} ${word}`,
    );
  }
  const shared = sharedPath(target, machine);
  if (shared !== undefined && shared !== "there") {
    const there = `${shared.to}${target.slice(shared.from.length)}`;
    return manualFix(`Write ${there} in the project, not the link: ${machine.name} has the folder there`);
  }
  if (kind === "unknown") return manualFix("Replace the link with a copy of its target");
  return manualFix(
    isShareable(target, machine)
      ? `${sharing([target], machine)}. Write ${target} in the project, not the link`
      : `Move ${target} into the project's folder, in place of the link`,
  );
}

/** Links of a project's folder to paths that its copy in the VM does not have. */
import { join } from "node:path/posix";
import type { ComposeProject } from "../compose/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { startedOf } from "../compose/enabled.mts";
import { baseOf, buildContext, dockerfileOf, envFiles, hostPath } from "../compose/paths.mts";
import { mountsOf } from "../compose/service.mts";
import { commandFix } from "../fixes.mts";
import { shellWord } from "../render.mts";

/**
 * Links that the project reads, such as a `.env` to that of the parent folder. `tar` copies the link, so the VM has one
 * without a target.
 */
export function linkFlaws(project: ComposeProject, vm: string): ProjectFlaw[] {
  const { folder, outerLinks = {} } = project;
  const services = startedOf(project);
  const named = [
    ...(project.dotEnvNames?.length ? [project.envFile ?? ".env"] : []).map((file) => join(folder, file)),
    ...project.files.flatMap((file) => hostPath(file, folder) ?? []),
    ...services.flatMap(([, service]) =>
      [
        ...mountsOf(service).flatMap(({ type, source }) => (type === "bind" && source ? [source] : [])),
        ...envFiles(service).map(({ path }) => path),
        ...(dockerfileOf(service) ?? []),
        ...[buildContext(service) ?? []].flat(),
      ].flatMap((path) => (path.includes("$") ? [] : hostPath(path, baseOf(project)) ?? []))
    ),
  ];
  return Object.entries(outerLinks).flatMap(([path, target]): ProjectFlaw[] => {
    const link = join(folder, path);
    if (!named.some((one) => one === link || one.startsWith(`${link}/`))) return [];
    const word = shellWord(link);
    return [{
      status: "fail",
      message: `${path} is a link to ${target}, which is not copied: ${vm} gets a link without its target`,
      evidence: { read: `${project.name}/${path}`, value: target },
      fix: commandFix(
        "Replace the link with a copy of its target",
        `target=$(readlink -f ${word}) && rm ${word} && cp -rL "$target" ${word}`,
      ),
    }];
  });
}

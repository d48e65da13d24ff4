/** The stages of the Dockerfiles of a project, for `build.target`. */
import { mapAt } from "../maps.mts";
import { baseOf, dockerfileOf, hostPath } from "./paths.mts";
import type { ProjectReads } from "./project-reads.mts";
import type { ComposeProject, ComposeService } from "./types.mts";

/**
 * The names of a Dockerfile's stages (`FROM IMAGE AS NAME`) in lower case, since BuildKit does not
 * distinguish cases. Undefined if `# syntax=` names another frontend than Docker's, which may have
 * other rules (docs.docker.com/reference/dockerfile, FROM and parser directives; read 2026-11-26).
 */
export function stagesOf(text: string): string[] | undefined {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const end = lines.findIndex((line) => !/^\s*#\s*\w+\s*=/.test(line));
  const directives = Object.fromEntries(
    lines.slice(0, end < 0 ? undefined : end).map((line) => {
      const [, name = "", value = ""] = /^\s*#\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line)!;
      return [name.toLowerCase(), value];
    }),
  );
  const { syntax, escape = "\\" } = directives;
  if (syntax !== undefined && !/^(docker\.io\/)?docker\/dockerfile(-upstream)?([:@]|$)/.test(syntax)) return undefined;
  // comments and empty lines do not end an instruction
  const code = lines.filter((line) => !/^\s*(#|$)/.test(line)).map((line) => line.trimEnd());
  const whole = code.map((line) => line.endsWith(escape) ? line.slice(0, -1) : `${line}\n`).join("");
  return [...whole.matchAll(/^\s*FROM\s+(?:--\S+\s+)*\S+\s+AS\s+(\S+)\s*$/gim)].map(([, name]) => name!.toLowerCase());
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
 * The stages of the Dockerfiles of services with `build.target`, by absolute path; a Dockerfile
 * that could not be read is absent.
 */
export async function readStages(
  reads: ProjectReads,
  project: Pick<ComposeProject, "folder" | "files" | "model">,
): Promise<Record<string, string[]>> {
  const paths = Object.values(project.model?.services ?? {}).flatMap((service) =>
    mapAt(service, "build").target === undefined ? [] : [dockerfilePaths(service, project)]
  ).filter((paths) => paths.length > 0);
  const textOf = async (paths: string[]) => {
    for (const path of paths) {
      const text = await reads.read(path);
      if (text !== undefined) return text;
    }
    return "# syntax=unread";
  };
  const read = await Promise.all(paths.map(async (all) => [all[0]!, stagesOf(await textOf(all))] as const));
  return Object.fromEntries(read.flatMap(([path, stages]) => stages ? [[path, stages]] : []));
}

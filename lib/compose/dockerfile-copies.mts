/** The paths that a Dockerfile copies from its build context, and which of them the context does not have. */
import { normalize } from "node:path/posix";
import { mapAt } from "../maps.mts";
import { fromPattern, instructionsOf } from "./dockerfile-instructions.mts";
import { neededStages, type Stage } from "./dockerfile-stages.mts";
import { type IgnoreRules, ignoreRules } from "./dockerignore.mts";
import { baseOf, buildContext, hostPath } from "./paths.mts";
import type { ProjectReads } from "./project-reads.mts";
import type { AbsentCopy, ComposeProject, ComposeService } from "./types.mts";

/** A path that an instruction copies, relative to the build context. */
export interface CopiedPath {
  path: string;
  /** The line of the instruction, from 1. */
  line: number;
}

/**
 * The paths of `COPY` and `ADD` in the last stage, or the stage `target`, and the stages that it needs. Paths with
 * variables or wildcards, URLs, here-documents and what comes from other stages and images are left out
 * (docs.docker.com/reference/dockerfile, COPY and ADD; read 2026-11-28).
 */
export function copiedPaths(text: string, target?: string): CopiedPath[] {
  const stages: (Stage & { paths: CopiedPath[] })[] = [];
  for (const { text: instruction, line } of instructionsOf(text) ?? []) {
    const [, image, name] = fromPattern.exec(instruction) ?? [];
    if (image !== undefined) {
      stages.push({ image, ...(name ? { name: name.toLowerCase() } : {}), copies: [], paths: [] });
      continue;
    }
    const stage = stages.at(-1);
    stage?.copies.push(...[...instruction.matchAll(/\bfrom=(["']?)([^\s,"']+)\1/g)].map(([, , one]) => one!));
    stage?.paths.push(...sourcesOf(instruction).map((path) => ({ path, line })));
  }
  return [...neededStages(stages, target).keys()].flatMap((at) => stages[at]!.paths);
}

/** The sources of a `COPY` or `ADD`, cleaned: `./a/` is `a`, and `../a` is `a` too, as BuildKit reads it. */
function sourcesOf(instruction: string): string[] {
  const [, flags = "", rest = ""] = /^\s*(?:COPY|ADD)\s+((?:--\S+\s+)*)(.*)$/is.exec(instruction) ?? [];
  if (rest === "" || /--(from|exclude|parents)\b/i.test(flags)) return [];
  const words = /^\s*\[/.test(rest) ? jsonWords(rest) : rest.trim().split(/\s+/);
  return words.slice(0, -1).flatMap((word) => {
    const plain = word.replace(/^(["'])(.*)\1$/, "$2");
    if (/[$*?[\]{}\\"']|^<<|^[a-z][a-z0-9+.-]*:\/\/|^git@/i.test(plain)) return [];
    const path = normalize(`/${plain}`).replace(/^\/+|\/+$/g, "");
    return path === "" ? [] : [path];
  });
}

function jsonWords(text: string): string[] {
  try {
    const words: unknown = JSON.parse(text);
    return Array.isArray(words) && words.every((one) => typeof one === "string") ? words : [];
  } catch {
    return [];
  }
}

/**
 * The paths that the build of a service copies and that its context does not have. Empty for a context that is not a
 * folder below the project's, and for one that could not be read.
 */
export async function absentCopiesOf(
  reads: ProjectReads,
  service: ComposeService,
  project: Pick<ComposeProject, "folder" | "files">,
  dockerfile: { text: string; path?: string; file?: string },
): Promise<AbsentCopy[]> {
  const written = buildContext(service);
  const context = written === undefined || written.includes("$") ? undefined : hostPath(written, baseOf(project));
  if (context === undefined || (context !== project.folder && !context.startsWith(`${project.folder}/`))) return [];
  if (await reads.kind(context) !== "folder") return [];
  const { target } = mapAt(service, "build");
  const paths = copiedPaths(dockerfile.text, typeof target === "string" ? target : undefined);
  if (paths.length === 0) return [];
  const own = dockerfile.path === undefined ? undefined : await reads.read(`${dockerfile.path}.dockerignore`);
  const ignoreFile = own === undefined ? `${context}/.dockerignore` : `${dockerfile.path}.dockerignore`;
  const rules = ignoreRules(own ?? (await reads.read(ignoreFile)) ?? "");
  const shown = (path: string) => path.startsWith(`${project.folder}/`) ? path.slice(project.folder.length + 1) : path;
  // the copy in the VM lacks what the project's own .dockerignore excludes, whatever the build's context is
  const outer = ignoreRules((await reads.read(`${project.folder}/.dockerignore`)) ?? "");
  const found = await Promise.all(paths.map(async ({ path, line }): Promise<AbsentCopy[]> => {
    const place = { path: shown(`${context}/${path}`), line, ...(dockerfile.file ? { file: dockerfile.file } : {}) };
    const kind = await reads.kind(`${context}/${path}`);
    if (kind === "missing") return [place];
    // an exception may keep a part of a folder
    const isIgnored = ({ ignores, prunes }: IgnoreRules, one: string) =>
      kind === "file" ? ignores(one) : kind === "folder" && prunes(one);
    if (isIgnored(rules, path)) return [{ ...place, ignoredBy: shown(ignoreFile) }];
    return isIgnored(outer, place.path) ? [{ ...place, ignoredBy: ".dockerignore" }] : [];
  }));
  return found.flat();
}

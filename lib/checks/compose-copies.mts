/** What the Dockerfiles of a project copy and their build contexts do not have: the build ends there. */
import type { AbsentCopy, ComposeProject } from "../compose/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { ownValue } from "../maps.mts";
import { manualFix } from "../fixes.mts";
import { placeOfBase } from "./compose-flaw.mts";
import { creations, fetchSubmodules, ofSubmodules } from "./compose-paths.mts";

/** The flaws of a service's build. */
export function copyFlaws(name: string, project: ComposeProject): ProjectFlaw[] {
  return (ownValue(project.absentCopies ?? {}, name) ?? []).map((copy): ProjectFlaw => {
    const { path, ignoredBy } = copy;
    const rest = (many: boolean, several: boolean) =>
      ` for ${several ? "their builds" : "its build"}, but ${
        ignoredBy === undefined
          ? `${many ? "they do" : "it does"} not exist`
          : `${ignoredBy} excludes ${many ? "them" : "it"}`
      }`;
    const fix = (paths: string[]) => manualFix(mendOf(paths, copy, project));
    return {
      status: "fail",
      message: `needs ${path}${rest(false, false)}`,
      evidence: { read: placeOfBase(project, copy, name), value: path },
      fix: fix([path]),
      text: path,
      fold: { kind: `copies ${ignoredBy ?? ""}`, verb: ["needs", "need"], item: path, rest, fix },
    };
  });
}

function mendOf(paths: string[], { ignoredBy, file }: AbsentCopy, project: ComposeProject): string {
  if (ignoredBy !== undefined) {
    const lines = paths.length > 1 ? "the lines that exclude them" : "the line that excludes it";
    return `Remove ${lines} from ${ignoredBy}`;
  }
  if (ofSubmodules(paths, project)) return fetchSubmodules;
  return `${creations(paths, project)}, or remove the instruction from ${file ?? "dockerfile_inline"}`;
}

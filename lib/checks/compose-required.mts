/** Variables that a project requires (`${NAME:?…}`) and that have no value: one finding for all of them. */
import type { ComposeProject, ProjectProblem } from "../compose/types.mts";
import type { Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import { joinList } from "../text.mts";
import { copyOfEnv, envOf } from "./compose-paths.mts";

/** The most names that the finding lists, and the most places. */
const most = 12;
const mostPlaces = 4;

/** The finding about two or more required variables without a value; with one, its own refusal says more. */
export function requiredVerdict(project: ComposeProject, found: ProjectProblem[]): Verdict | undefined {
  // Compose stops at any of them
  const problems = [...found].sort((a, b) =>
    (a.file ?? "").localeCompare(b.file ?? "") || (a.line ?? 0) - (b.line ?? 0)
  );
  const names = [...new Set(problems.flatMap(({ variable }) => variable ?? []))];
  if (names.length < 2) return undefined;
  const { name } = project;
  const places = problems.filter(({ variable }) => variable !== undefined).map(({ file, line, message }) => ({
    read: file === undefined ? name : `${name}/${file}:${line ?? "?"}`,
    value: message,
  }));
  const copy = copyOfEnv(project, names);
  // without an example they are all to be written
  const listed = copy !== undefined && names.length > most
    ? [...names.slice(0, most), `${names.length - most} more`]
    : names;
  return {
    status: "fail",
    message: `${name}: ${joinList(listed)} have no value, and the project requires them`,
    evidence: places.slice(0, mostPlaces),
    fix: [manualFix(copy ?? `Set ${names.length > most ? "them" : joinList(names)} in ${envOf(project)}`)],
  };
}

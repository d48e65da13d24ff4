/** Whether the profiles of a project exist, and whether it starts anything. */
import type { ComposeProject } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { manualFix } from "../fixes.mts";
import { joinList } from "../text.mts";
import { asksFor, withFiles } from "./compose-unused.mts";

/** Compose fails if no service is left to start. */
export function startsNothing(project: ComposeProject, machine: ResolvedMachine): ProjectFlaw[] {
  const { model, enabled, refusals, inline } = project;
  if (lacksFiles(project)) return [];
  if (inline || !model || refusals.length > 0 || (enabled?.length ?? 1) > 0) return [];
  const profiles = Object.values(model.services).flatMap(({ profiles }) =>
    Array.isArray(profiles) ? profiles.filter((name) => name !== "") : []
  );
  const withGpu = Object.values(model.services).find((body) => asksFor(body, machine))?.profiles;
  const [first] = [...(Array.isArray(withGpu) ? withGpu : []), ...profiles];
  const others = [...new Set((project.unusedFiles ?? []).map(({ file }) => file))];
  return [{
    status: "fail",
    message: first === undefined
      ? `the project has no service${
        others.length > 0
          ? `: ${joinList(others)} ${others.length > 1 ? "have" : "has"} some, and ${
            others.length > 1 ? "are" : "is"
          } not used`
          : ""
      }`
      : `no service starts: each is in a profile (${[...new Set(profiles)].join(", ")})`,
    at: first === undefined ? "services" : "profiles",
    fix: manualFix(
      first !== undefined
        ? `Enable one: profiles: [${first}]`
        : others.length > 0
        ? `Write ${withFiles([...project.files, others[0]!])}`
        : "Add a service, or name the files that have them: env: {COMPOSE_FILE: …} for the stack",
    ),
  }];
}

/** Whether a file was not read that may have more services: then those of the model are not all. */
const lacksFiles = ({ incomplete, readBy }: ComposeProject) => incomplete === true && readBy !== "compose";

/** Profiles of the config that the project does not have. */
export function profileFlaws(project: ComposeProject): ProjectFlaw[] {
  const { profiles, model } = project;
  if (!model || lacksFiles(project)) return [];
  const existing = new Set(
    Object.values(model.services).flatMap(({ profiles }) => (Array.isArray(profiles) ? profiles : [])),
  );
  return profiles.filter((name) => name !== "*" && !existing.has(name)).map((name) => ({
    status: "warn",
    message: `no service has the profile ${name}`,
    fix: manualFix(existing.size > 0 ? `The profiles are ${[...existing].join(", ")}` : "Remove profiles:"),
  }));
}

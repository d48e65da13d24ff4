/** Which services of a machine or of a Compose project start. */
import type { Service } from "../config/types.mts";
import { mapAt } from "../maps.mts";
import type { ComposeModel, ComposeProject, ComposeService } from "./types.mts";

/**
 * Whether `up` starts a service: not one with a profile, and not one with a scale of 0
 * (compose-spec, profiles, scale).
 */
export function isEnabled({ body }: Service): boolean {
  const { profiles, scale = mapAt(body, "deploy").replicas } = body;
  return !(Array.isArray(profiles) && profiles.length > 0) && String(scale) !== "0";
}

/**
 * The services that start with these profiles: those without a profile, and those with an enabled
 * one.
 */
export function enabledServices({ services }: ComposeModel, profiles: string[]): string[] {
  return Object.keys(services).filter((name) => {
    const own = services[name]!.profiles;
    return !Array.isArray(own) || own.length === 0 || profiles.includes("*") ||
      own.some((one) => profiles.includes(one));
  });
}

/** Whether a service runs no containers: Compose checks it and creates nothing (compose-spec, scale). */
const runsNever = ({ scale, deploy }: ComposeService) => String(scale ?? mapAt({ deploy }, "deploy").replicas) === "0";

/** The enabled services of a project that get a container: those with a scale of 0 are left out. */
export function startedOf(project: Pick<ComposeProject, "model" | "enabled">): [string, ComposeService][] {
  return enabledOf(project).filter(([, body]) => !runsNever(body));
}

/** The enabled services of a project, with their names; all of them where it is not known which are enabled. */
export function enabledOf({ model, enabled }: Pick<ComposeProject, "model" | "enabled">): [string, ComposeService][] {
  return Object.entries(model?.services ?? {}).filter(([name]) => enabled?.includes(name) ?? true);
}

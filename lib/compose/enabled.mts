/** Which services of a machine or of a Compose project start. */
import type { Service } from "../config/types.mts";
import { mapAt } from "../maps.mts";
import type { ComposeModel, ComposeProject, ComposeService } from "./types.mts";

/** Whether a service never runs a container: Compose validates it and creates nothing (compose-spec, scale). */
function runsNever({ scale, deploy }: ComposeService): boolean {
  return String(scale ?? mapAt({ deploy }, "deploy").replicas) === "0";
}

/** Whether `up` starts a service: it has no profile, and its scale is not 0 (compose-spec, profiles, scale). */
export function isEnabled({ body }: Service): boolean {
  const { profiles } = body;
  return !(Array.isArray(profiles) && profiles.length > 0 && !profiles.includes("")) && !runsNever(body);
}

/**
 * The services that start with these profiles: those without a profile, and those with an enabled
 * one. Without any, the profile with an empty name is enabled (compose-go, cli/options.go,
 * WithDefaultProfiles; run with Compose 2.26.1 and 2.40.3 on 2026-11-27).
 */
export function enabledServices({ services }: ComposeModel, profiles: string[]): string[] {
  const active = profiles.length > 0 ? profiles : [""];
  return Object.keys(services).filter((name) => {
    const own = services[name]!.profiles;
    return !Array.isArray(own) || own.length === 0 || profiles.includes("*") ||
      own.some((one) => active.includes(one));
  });
}

/** The enabled services of a project that get a container, that is, without those with a scale of 0. */
export function startedOf(project: Pick<ComposeProject, "model" | "enabled">): [string, ComposeService][] {
  return enabledOf(project).filter(([, body]) => !runsNever(body));
}

/** The enabled services of a project, with their names; all services if it is not known which are enabled. */
export function enabledOf({ model, enabled }: Pick<ComposeProject, "model" | "enabled">): [string, ComposeService][] {
  return Object.entries(model?.services ?? {}).filter(([name]) => enabled?.includes(name) ?? true);
}

import type { Service } from "../config/types.mts";
import { mapAt } from "../maps.mts";

/**
 * Whether `up` starts a service: not one with a profile, and not one with a scale of 0
 * (compose-spec, profiles, scale).
 */
export function isEnabled({ body }: Service): boolean {
  const { profiles, scale = mapAt(body, "deploy").replicas } = body;
  return !(Array.isArray(profiles) && profiles.length > 0) && String(scale) !== "0";
}

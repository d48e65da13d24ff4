import type { Service } from "../config/types.mts";
import { inner } from "./gpu-requests.mts";

/** Whether `up` starts a service: none of a profile, and none that is to run no times (compose-spec, profiles, scale). */
export function isStarted({ body }: Service): boolean {
  const { profiles, scale = inner(body, "deploy").replicas } = body;
  return !(Array.isArray(profiles) && profiles.length > 0) && String(scale) !== "0";
}

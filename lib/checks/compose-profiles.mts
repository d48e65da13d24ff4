/** What to write in the config to turn on a profile of a stack. */
import type { ComposeProject } from "../compose/types.mts";

/**
 * The key of the stack with this profile and those that are active, such as `profiles: [cpu, gpu]`: the key replaces
 * the COMPOSE_PROFILES of the project's `.env`.
 */
export function withProfile({ profiles }: Pick<ComposeProject, "profiles">, profile: unknown): string {
  return `profiles: [${[...new Set([...profiles, String(profile)])].join(", ")}]`;
}

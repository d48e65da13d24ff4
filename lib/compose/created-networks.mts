/** The networks that a Compose project creates. */
import { isMap } from "../maps.mts";
import { enabledOf } from "./enabled.mts";
import { attachedNetworks } from "./service.mts";
import type { ComposeProject } from "./types.mts";

/**
 * Whether a project creates a network with that name in Docker. `docker stack deploy` creates only those that a service
 * is in, also the default one that no file names (docker/cli, cli/command/stack/swarm; read 2026-11-28), and so does
 * Compose.
 */
export function createsNetwork(project: ComposeProject, named: string): boolean {
  const { model, name } = project;
  return enabledOf(project).some(([, service]) =>
    attachedNetworks(service).some((key) => {
      const one: unknown = model?.networks?.[key];
      const { external, name: own } = isMap(one) ? one : {};
      return !external && (own ?? `${name}_${key}`) === named;
    })
  );
}

/** The containers of a service in the output of verify-guest.sh. */
import type { Facts, LayerResult } from "./guest-facts.mts";

/** A running container of a service. */
export interface ServiceContainer {
  /** The name in its lines: `SERVICE`, or for further containers `SERVICE#2`, `SERVICE#3`. */
  key: string;
  /** The name of the service in messages: `web`, or `web (container 2 of 3)`. */
  name: string;
  /** The container's own name, for commands in the VM. */
  container: string;
}

/**
 * Judges each container of a service for which verify-guest.sh printed a line `FACT-KEY`, and in
 * any case the first one. Returns the first failure, else the first result that is not a pass, else
 * one pass for all.
 */
export function judgeContainers(
  facts: Facts,
  fact: string,
  service: string,
  judge: (container: ServiceContainer) => LayerResult,
): LayerResult {
  const keys = [service];
  while (facts.one(`${fact}-${service}#${keys.length + 1}`) !== undefined) keys.push(`${service}#${keys.length + 1}`);
  const judged = keys.map((key, at) => {
    const name = keys.length === 1 ? service : `${service} (container ${at + 1} of ${keys.length})`;
    return judge({ key, name, container: containerOf(facts, service, at) });
  });
  const worst = judged.find(({ status }) => status === "fail") ?? judged.find(({ status }) => status !== "pass");
  if (worst) return worst;
  const first = judge({ key: service, name: service, container: containerOf(facts, service, 0) });
  return keys.length === 1 ? first : { ...first, message: `${first.message} (each of its ${keys.length} containers)` };
}

/**
 * The name of one of a service's running containers: the last word of its line. Docker's Compose
 * and podman-compose use different names.
 */
function containerOf(facts: Facts, service: string, at: number): string {
  const lines = facts.all("service").filter((value) => value.startsWith(`${service} `));
  const running = lines.filter((value) => value.startsWith(`${service} running `));
  return (running[at] ?? lines[at])?.split(" ").at(-1) ?? service;
}

import type { Service } from "./types.mts";
import { completed, inner, isForGpu, reservationsOf } from "./reservations.mts";
import { writeYaml } from "./yaml.mts";

/**
 * The Compose file of the services that run on one machine, as YAML.
 *
 * `$` stands for itself: Compose would fill in variables of the VM's environment, where nothing is, so it is doubled. `$$`, which
 * is how one writes a `$` for Compose, stays as it is.
 */
export function composeFile(services: Service[]): string {
  const named = services.map(({ name, gpu, body }) => [name, literal(gpu === undefined ? body : withGpu(body, gpu))]);
  return writeYaml({ services: Object.fromEntries(named) });
}

/**
 * A reservation of GPUs in the Compose specification's form (deploy.resources.reservations.devices). A GPU that the service reserves
 * itself is that one, with what it leaves open filled in: for two of them Docker sets NVIDIA_VISIBLE_DEVICES twice (moby
 * daemon/nvidia_linux.go). NVIDIA's capabilities (compute, video, …) are the user's to write, there or in the environment.
 */
function withGpu(body: Record<string, unknown>, count: number | "all"): Record<string, unknown> {
  const deploy = inner(body, "deploy");
  const resources = inner(deploy, "resources");
  const reservations = inner(resources, "reservations");
  const own: Record<string, unknown>[] = Array.isArray(reservations.devices) ? reservations.devices : [];
  const first = reservationsOf(body).find(isForGpu);
  const devices = first
    ? own.map((one) => (one === first ? completed(one, count) : one))
    : [...own, { driver: "nvidia", count, capabilities: ["gpu"] }];
  return { ...body, deploy: { ...deploy, resources: { ...resources, reservations: { ...reservations, devices } } } };
}

function literal(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/\$\$?/g, "$$$$");
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, literal(one)]));
  }
  return value;
}

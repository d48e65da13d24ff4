/** The Docker and Compose versions of a guest: the distribution's, or Docker's own. */
import type { Service } from "../config/types.mts";
import { isMap, mapAt } from "../maps.mts";
import type { Resolved, ResolvedMachine } from "./types.mts";
import { suiteOf } from "./images.mts";
import { isOlder } from "../text.mts";

/**
 * The lowest Compose version in each distribution's packages (packages.debian.org,
 * packages.ubuntu.com with updates; for 26.04 a report to ubuntu-bugs of that release, message
 * 6274461; read 2026-11-26).
 */
export const composeVersions: Record<string, { package: string; version: string }> = {
  bookworm: { package: "docker-compose", version: "1.29.2" },
  trixie: { package: "docker-compose", version: "2.26.1" },
  jammy: { package: "docker-compose-v2", version: "2.20.2" },
  noble: { package: "docker-compose-v2", version: "2.24.6" },
  resolute: { package: "docker-compose-v2", version: "2.40.3" },
};

/**
 * The lowest versions in Docker's own repository (moby v29.7.2, docker/compose v5.5.0; read
 * 2026-11-26).
 */
export const dockersOwn = { version: "29.7.2", compose: "5.5.0" };

/**
 * The oldest Compose that can run stacks: it supports `include` (docker/compose v2.20.0, 2023-07).
 * apply-stack.sh has the same number.
 */
export const minimumCompose = "2.20";

/** Service keys that Compose 1.29 refuses (tested with 1.29.2, 2026-11-26). */
const newKeys = [
  ...["annotations", "attach", "develop", "gpus", "label_file", "models", "post_start", "pre_stop"],
  ...["provider", "use_api_socket", "uts"],
];

/** The keys of a service that Compose 1.29 refuses. */
function keysBeyondCompose1({ body }: Service): string[] {
  const envFiles = Array.isArray(body.env_file) ? body.env_file : [body.env_file];
  const needs = Object.values(mapAt(body, "depends_on"));
  return [
    ...newKeys.filter((key) => Object.hasOwn(body, key)),
    ...(envFiles.some(isMap) ? ["env_file"] : []),
    ...(needs.some((one) => isMap(one) && (Object.hasOwn(one, "required") || Object.hasOwn(one, "restart")))
      ? ["depends_on"]
      : []),
    ...(Object.hasOwn(mapAt(body, "healthcheck"), "start_interval") ? ["healthcheck"] : []),
  ];
}

/** Why a machine needs a newer Compose than Debian 12's, as text; undefined if it does not. */
export function modernComposeReason(
  machine: ResolvedMachine,
  { services, stacks = [], swarm }: Resolved,
): string | undefined {
  const stack = [...stacks, ...swarm?.stacks ?? []].find((one) =>
    one.machine === machine.name && one.composeFiles.length > 0
  );
  if (stack) return `the stack ${stack.name}`;
  for (const service of services.filter((one) => one.machine === machine.name)) {
    const [key] = keysBeyondCompose1(service);
    if (key) return `${key} of ${service.name}`;
  }
  return undefined;
}

/**
 * The source of a machine's engine: `docker` is Docker's own package repository, `distro` the
 * distribution's. Machines with the same box share it, so one machine that needs a newer Compose
 * decides for all.
 */
export function engineSource(machine: ResolvedMachine, config: Resolved): "docker" | "distro" {
  if (machine.engine !== "docker") return "distro";
  if (machine.engineRepository !== undefined) return "docker";
  const packaged = composeVersions[suiteOf(machine.image) ?? ""];
  if (!packaged || !isOlder(packaged.version, minimumCompose)) return "distro";
  const sameBox = config.machines.filter(({ box, provider }) => box === machine.box && provider === machine.provider);
  return sameBox.some((one) => modernComposeReason(one, config) !== undefined) ? "docker" : "distro";
}

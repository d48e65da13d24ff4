/** What podman-compose does not support of a Compose project. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { startedOf } from "../compose/enabled.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { suiteOf } from "../resolve/images.mts";

/**
 * The podman-compose of a suite, and whether it is one that knows profiles, include and the conditions of depends_on.
 * 1.0.3-3, run on 2026-11-27, has no option --profile, starts the services of all profiles, does not read include and
 * waits for no condition; 1.3.0-1, read on that day, does. Neither reads configs.
 */
const versions: Record<string, { version: string; modern: boolean }> = {
  bookworm: { version: "1.0.3", modern: false },
  trixie: { version: "1.3.0", modern: true },
};

/** The keys of a stack that the podman-compose of its machine ignores or refuses. */
export function podmanFlaws(project: ComposeProject, { engine, image }: ResolvedMachine): ProjectFlaw[] {
  const own = versions[suiteOf(image) ?? ""];
  if (engine !== "podman" || !own || !project.model) return [];
  const { version, modern } = own;
  const who = `podman-compose ${version}`;
  const docker = (mend: string) => manualFix(`Write engine: docker for the machine, or ${mend}`);
  const services = startedOf(project);
  const started = new Set(services.map(([name]) => name));
  const configs = services.filter(([, { configs }]) => Array.isArray(configs) && configs.length > 0);
  const others = Object.keys(project.model.services).filter((name) => !started.has(name));
  return [
    ...configs.map(([service]): ProjectFlaw => ({
      status: "fail",
      message: `${service} has configs:, which ${who} does not read: its container does not get the files`,
      at: "configs:",
      service,
      fix: docker("mount the file under volumes:"),
    })),
    ...(modern ? [] : [
      ...(project.profiles.length > 0
        ? [{
          status: "fail" as const,
          message: `${who} does not know profiles (${project.profiles.join(", ")}): it has no option --profile`,
          at: "profiles",
          fix: docker("remove profiles: from the services and from the stack"),
        }]
        : others.length > 0
        ? [{
          status: "warn" as const,
          message: `${who} does not know profiles: it starts ${others.join(", ")} too`,
          at: "profiles",
          fix: docker("move these services into a stack of their own"),
        }]
        : []),
      ...(Object.values(project.texts).some((text) => /^include\s*:/m.test(text))
        ? [{
          status: "fail" as const,
          message: `${who} does not read include, so that the included services do not start`,
          at: "include",
          atTop: true as const,
          fix: docker('name the files: env: {COMPOSE_FILE: "compose.yaml:other.yaml"}'),
        }]
        : []),
      ...services.filter(([, body]) => waits(body)).map(([service]): ProjectFlaw => ({
        status: "warn",
        message: `${service} waits for no condition with ${who}: it starts at once after the services of depends_on`,
        at: "depends_on",
        service,
        fix: docker(`let ${service} try again until the other service answers`),
      })),
    ]),
  ];
}

/** Whether a service waits until another one is healthy or has completed. */
const waits = (service: ComposeService) =>
  Object.values(mapAt(service, "depends_on")).some((how) =>
    isMap(how) && how.condition !== undefined && how.condition !== "service_started"
  );

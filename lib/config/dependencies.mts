/** The services of the same Compose file that a service needs. */
import type { Service } from "./types.mts";
import { isMap } from "../maps.mts";

/**
 * The names of the services that a service's keys refer to (compose-spec: depends_on, links,
 * volumes_from, extends, and network_mode, pid and ipc of the form `service:NAME`). Compose refuses
 * a file in which one of them is missing.
 */
export function dependenciesOf(body: Service["body"]): string[] {
  const { depends_on, links, volumes_from, extends: base } = body;
  const shared = [body.network_mode, body.pid, body.ipc].flatMap((value) =>
    typeof value === "string" && value.startsWith("service:") ? [value.slice("service:".length)] : []
  );
  const from = texts(volumes_from).filter((text) => !text.startsWith("container:"));
  const extended = typeof base === "string" ? [base] : isMap(base) && !base.file ? texts([base.service]) : [];
  return [
    ...new Set([
      ...(isMap(depends_on) ? Object.keys(depends_on).filter((name) => isNeeded(depends_on[name])) : texts(depends_on)),
      ...[...texts(links), ...from].map((text) => text.split(":")[0]!),
      ...extended,
      ...shared,
    ]),
  ];
}

/** Whether the other service must exist: `required: false` makes it optional. */
const isNeeded = (how: unknown) => !isMap(how) || how.required !== false;

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

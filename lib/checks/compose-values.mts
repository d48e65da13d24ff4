/** Values without quotes that one version of Compose accepts and another refuses: dates and infinite numbers. */
import type { ComposeProject } from "../compose/types.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { enabledOf } from "../compose/enabled.mts";
import { isDate } from "../config/scalars.mts";
import { manualFix } from "../fixes.mts";
import { isMap } from "../maps.mts";
import { isOlder } from "../text.mts";
import { Verbatim } from "../verbatim.mts";
import { composeOf } from "./compose-keys.mts";

/**
 * From this version on Compose refuses dates, and takes `.inf` and `.nan`: its schema is read by another library
 * (docker/compose, go.mod of 2.37.1 and 2.37.2, 2025-06-20; both run with 2.26.1 and 2.40.3 on 2026-11-27).
 */
const otherLibrary = "2.37.2";

/**
 * Mappings of a service whose values may be of any type. A date elsewhere is no text for any Compose, which shape.mts
 * says.
 */
const free = ["environment", "labels", "args", "sysctls", "annotations", "options", "driver_opts"];

/** The dates and infinite numbers in a project's services, by what the machine's Compose does with them. */
export function valueFlaws(project: ComposeProject, machine: ResolvedMachine, config: Resolved): ProjectFlaw[] {
  const { model, enabled } = project;
  const compose = composeOf(machine, config);
  const written = project.written ?? model;
  if (!written || !compose) return [];
  // the host's Compose has reported it already
  if (project.refusals.some(({ message }) => /time\.Time|unsupported value/.test(message))) return [];
  const old = isOlder(compose.version, otherLibrary);
  return enabledOf({ model: written, ...(enabled ? { enabled } : {}) }).flatMap(([service, body]) =>
    valuesIn(body, []).flatMap(({ path, source }): ProjectFlaw[] => {
      const key = path.at(-1)!;
      const place = { service, at: [`${key}:`, source] };
      const fix = manualFix(`Write ${key}: "${source}"`);
      if (isDate(source)) {
        if (!path.slice(0, -1).some((step) => free.includes(step))) return [];
        const [day, time = "00:00:00"] = source.split(/[Tt ]/);
        return [{
          status: old ? "warn" : "fail",
          message: old
            ? `${key} of ${service} is a date to YAML: ${compose.shown}, which passes on ${day} ${time.slice(0, 8)} ` +
              "+0000 UTC; newer versions refuse it"
            : `${key} of ${service} is a date to YAML, which Compose ${otherLibrary} and later refuse; ` +
              `${compose.shown}`,
          ...place,
          fix,
        }];
      }
      if (!/^[-+]?\.(inf|nan)$/i.test(source) || !old) return [];
      return [{
        status: "fail",
        message: `${key} of ${service} is ${source}, a number that Compose before ${otherLibrary} refuses; ` +
          compose.shown,
        ...place,
        fix,
      }];
    })
  );
}

/** The values that are kept as they are written, with the keys that lead to them; those of `x-` keys left out. */
function valuesIn(value: unknown, path: string[]): { path: string[]; source: string }[] {
  if (value instanceof Verbatim) {
    return value.tag === undefined || value.tag === "!!timestamp" ? [{ path, source: value.source }] : [];
  }
  if (Array.isArray(value)) return value.flatMap((one) => valuesIn(one, path));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, one]) => (key.startsWith("x-") ? [] : valuesIn(one, [...path, key])));
}

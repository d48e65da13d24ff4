/** Settings of a Compose project that exclude each other. Where Compose was run, it reports these itself. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { enabledOf } from "../compose/enabled.mts";
import { isExternal, mebibytes, networksOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { joinList } from "../text.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";

/**
 * Settings that Compose refuses although each has the right form (compose-go, loader; tested with
 * Compose 2.26.1 and 2.40.3 on 2026-11-26).
 */
export function conflictFlaws(project: ComposeProject): ProjectFlaw[] {
  return [
    ...sources(project, "configs", ["file", "environment", "content"]),
    ...sources(project, "secrets", ["file", "environment"]),
    ...externalVolumes(project),
    ...enabledOf(project).flatMap((
      [name, service],
    ) => [...distinct(name, service), ...refused(name, service, project)]),
  ];
}

/** A config or secret comes from one source. */
function sources(project: ComposeProject, section: "configs" | "secrets", kinds: string[]): ProjectFlaw[] {
  return Object.entries(project.model?.[section] ?? {}).flatMap(([name, body]): ProjectFlaw[] => {
    if (!isMap(body) || isExternal(body)) return [];
    const sources = kinds.filter((kind) => body[kind] !== undefined);
    const subject = `the ${section.slice(0, -1)} ${name}`;
    if (sources.length === 1 || body.driver !== undefined) return [];
    return [{
      status: "fail",
      message: sources.length === 0
        ? `${subject} has none of ${joinList(kinds)}`
        : `${subject} has ${joinList(sources)}, which exclude each other`,
      at: `${name}:`,
      atTop: { section, key: name },
      fix: manualFix(sources.length === 0 ? `Write file: ./${name}.txt` : `Remove ${sources.slice(1).join(" and ")}`),
    }];
  });
}

function externalVolumes({ model }: ComposeProject): ProjectFlaw[] {
  return Object.entries(model?.volumes ?? {}).flatMap(([name, body]): ProjectFlaw[] => {
    if (!isMap(body) || !isExternal(body)) return [];
    const extra = ["driver", "driver_opts", "labels"].filter((key) => body[key] !== undefined);
    return extra.length === 0 ? [] : [{
      status: "fail",
      message: `the volume ${name} has external and ${joinList(extra)}, which exclude each other`,
      at: `${extra[0]}:`,
      atTop: { section: "volumes", key: name },
      fix: manualFix(`Remove ${joinList(extra)}`),
    }];
  });
}

/** The old key of a service and its place under `deploy`, which must not differ. */
const twins: { key: string; path: string[]; size?: true }[] = [
  { key: "scale", path: ["replicas"] },
  { key: "cpus", path: ["resources", "limits", "cpus"] },
  { key: "mem_limit", path: ["resources", "limits", "memory"], size: true },
  { key: "pids_limit", path: ["resources", "limits", "pids"] },
  { key: "mem_reservation", path: ["resources", "reservations", "memory"], size: true },
];

/** Whether a service has the section of `deploy` that a path leads into. */
const isPresent = (service: ComposeService, path: string[]) =>
  isMap(path.slice(0, -1).reduce<unknown>((one, key) => isMap(one) ? one[key] : undefined, service.deploy));

function distinct(name: string, service: ComposeService): ProjectFlaw[] {
  return twins.flatMap(({ key, path, size }): ProjectFlaw[] => {
    const holder = path.slice(0, -1).reduce<Record<string, unknown>>(mapAt, mapAt(service, "deploy"));
    const [old, now] = [service[key], holder[path.at(-1)!]];
    // where the section exists, Compose takes a missing value for 0 (compose-go, loader/validate.go; run with 2.26.1)
    if (old !== undefined && old !== null && now === undefined && path.length > 1 && isPresent(service, path)) {
      const place = ["deploy", ...path.slice(0, -1)].join(".");
      return [{
        status: "fail",
        service: name,
        message: `${name} has ${key} and ${place} without ${path.at(-1)}: Compose refuses that as two values`,
        at: `${key}:`,
        fix: manualFix(`Write ${path.at(-1)}: ${old} below ${place}, and remove ${key}`),
      }];
    }
    const valueOf = (one: unknown) => (size ? mebibytes(one) : undefined) ?? Number(one);
    if (old === undefined || now === undefined || [old, now].some((one) => Number.isNaN(valueOf(one)))) return [];
    if (valueOf(old) === valueOf(now)) return [];
    const place = ["deploy", ...path].join(".");
    return [{
      status: "fail",
      service: name,
      message: `${name} has ${key}: ${old} and ${place}: ${now}, which differ`,
      at: `${key}:`,
      fix: manualFix(`Remove ${key}`),
    }];
  });
}

/** A service without an image, and one in networks besides the one of `network_mode`. */
const refused = (name: string, service: ComposeService, { inline, incomplete }: ComposeProject): ProjectFlaw[] => [
  ...(service.network_mode !== undefined && Object.keys(networksOf(service)).length > 0
    ? [{
      status: "fail" as const,
      service: name,
      at: "network_mode",
      message: `${name} has both network_mode and networks, which exclude each other`,
      fix: manualFix("Remove one of the two"),
    }]
    : []),
  // what it extends may have one
  ...(!incomplete && [service.image, service.build, service.provider].every((one) => one === undefined)
    ? [{
      status: "fail" as const,
      service: name,
      message: `${name} has neither an image nor a build context`,
      fix: manualFix(`Write image: ${inline ? "" : "or build: "}for ${name}`),
    }]
    : []),
];

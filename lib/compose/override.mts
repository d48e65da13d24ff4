/**
 * The generated override file of a Compose project: rewrites every GPU request for the guest's
 * engine.
 */
import { mapAt } from "../maps.mts";
import { writeYaml } from "../config/write-yaml.mts";
import { isMap, Yaml } from "../config/yaml.mts";
import { abilitiesOf } from "./engines.mts";
import { renderGpuRequests } from "./gpu-render.mts";
import type { ComposeModel, ComposeService, GuestEngine } from "./types.mts";

/**
 * Whether a guest's Compose supports an override file that replaces lists (`!override`, `!reset`,
 * Compose 2.24.4).
 */
export function takesOverride(engine: GuestEngine): boolean {
  return abilitiesOf(engine).tags;
}

/**
 * The text of a further `-f` file for a project; undefined where nothing has to change.
 *
 * `model`: the project with extends, includes and merges filled in. It includes services of
 * disabled profiles, since a file may name them. Throws if the guest's Compose has no `!override`:
 * use {@link rewrittenFiles} there.
 */
export function overrideFor(model: ComposeModel, engine: GuestEngine): string | undefined {
  if (!takesOverride(engine)) throw new Error("this Compose takes no file that replaces lists");
  const changed = Object.entries(model.services).flatMap(([name, body]) => {
    const lines = changedLines(body, renderGpuRequests({ body }, engine));
    return lines.length > 0 ? [`  ${JSON.stringify(name)}:`, ...lines] : [];
  });
  return changed.length === 0 ? undefined : `services:\n${changed.join("\n")}\n`;
}

/**
 * The changes of one service, by key: the list replaced, or the key removed. The values are JSON,
 * which is valid YAML.
 */
function changedLines(before: ComposeService, after: ComposeService): string[] {
  if (before === after) return [];
  const lines = ["gpus", "runtime", "devices"].flatMap((key) => {
    const [old, now] = [before[key], after[key]];
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    return [
      now === undefined ? `    ${key}: !reset null` : `    ${key}: !override ${JSON.stringify(shortDevices(now))}`,
    ];
  });
  const reserved = [before, after].map((body) => mapAt(mapAt(mapAt(body, "deploy"), "resources"), "reservations"));
  const [old, now] = reserved.map(({ devices }) => devices ?? []);
  if (JSON.stringify(old) !== JSON.stringify(now)) {
    lines.push("    deploy:", "      resources:", "        reservations:");
    lines.push(`          devices: !override ${JSON.stringify(now)}`);
    const { memory } = reserved[1]!;
    if (memory !== reserved[0]!.memory) lines.push(`          memory: ${JSON.stringify(memory)}`);
  }
  return lines;
}

/** Devices in the short form, which every version reads. */
function shortDevices(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((device) => {
    if (typeof device !== "object" || device === null || !("source" in device)) return device;
    const { source, target = source, permissions = "rwm" } = device as Record<string, string>;
    return source === target && !source!.startsWith("/") ? source : `${source}:${target}:${permissions}`;
  });
}

/**
 * A project's Compose files for a Compose without `!override` (podman-compose, docker-compose
 * 1.29): GPU requests rewritten in place, anchors and merges resolved, everything else unchanged.
 * Takes texts by path and returns those that change. If one file requests a GPU and another
 * completes the request, each is rewritten from its own contents.
 */
export function rewrittenFiles(files: Record<string, string>, engine: GuestEngine): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).flatMap(([path, text]): [string, string][] => {
      const yaml = new Yaml(text);
      if (yaml.problems.length > 0 || !isMap(yaml.root)) return [];
      const data = yaml.data(yaml.root) as Record<string, unknown>;
      let changes = false;
      const services = Object.fromEntries(
        Object.entries(mapAt(data, "services")).map(([name, body]) => {
          if (typeof body !== "object" || body === null) return [name, body];
          const after = renderGpuRequests({ body: body as ComposeService }, engine);
          changes ||= after !== body;
          return [name, after];
        }),
      );
      return changes ? [[path, writeYaml({ ...data, services })]] : [];
    }),
  );
}

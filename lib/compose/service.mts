/**
 * Reads the keys of a Compose service, in the short form of a file and in the long form that
 * `docker compose config` prints.
 */
import { isMap, mapAt } from "../maps.mts";
import { Verbatim } from "../verbatim.mts";
import type { ComposeService } from "./types.mts";

/** The texts of a list; numbers become their digits. Empty for anything but a list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((one) => ["string", "number"].includes(typeof one) || one instanceof Verbatim).map(String)
    : [];
}

/** Whether a value is true or false, in the spellings that Compose accepts; undefined for another one. */
export function flagOf(value: unknown): boolean | undefined {
  const [, yes, no] = /^(?:(true|yes|on|y|t|1)|(false|no|off|n|f|0))$/i.exec(String(value)) ?? [];
  return yes ? true : no ? false : undefined;
}

/** Whether a network, a volume, a secret or a config is one that exists without the project. */
export const isExternal = ({ external }: Record<string, unknown>): boolean =>
  isMap(external) || flagOf(external) === true;

/** The name outside the project of such an external one. `key`: its name in the project. */
export const externalName = (key: string, { external, name }: Record<string, unknown>): string =>
  String((isMap(external) ? external.name : undefined) || name || key);

/** The environment of a service, from a map or a list; a variable without a value is null. */
export function environmentOf({ environment }: ComposeService): Record<string, string | null> {
  if (isMap(environment)) {
    return Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, value === null ? null : String(value)]),
    );
  }
  return Object.fromEntries(
    texts(environment).map((entry) => {
      const [name = "", ...value] = entry.split("=");
      return [name, entry.includes("=") ? value.join("=") : null];
    }),
  );
}

/**
 * A device of the VM that a service uses: `source[:target[:permissions]]`, or Compose's long form.
 * CDI names have no target.
 */
export interface ServiceDevice {
  source: string;
  target?: string;
}

/** The devices under `devices` of a service. */
export function devicesOf({ devices }: ComposeService): ServiceDevice[] {
  if (!Array.isArray(devices)) return [];
  return devices.flatMap((device): ServiceDevice[] => {
    if (isMap(device) && typeof device.source === "string") {
      return [{ source: device.source, ...(typeof device.target === "string" ? { target: device.target } : {}) }];
    }
    if (typeof device !== "string") return [];
    const [source = "", target] = device.split(":");
    return [{ source, ...(target ? { target } : {}) }];
  });
}

/** A published port of a service. */
export interface PublishedPort {
  /** Address on the VM; empty for all of them. */
  hostIp: string;
  /** The first and the last port on the VM. */
  first: number;
  last: number;
  /** The container's port for the first one; undefined if it is not written as a number. */
  target?: number;
  protocol: string;
}

/**
 * The ports that a service publishes. Ports that Docker chooses or that contain variables are left
 * out.
 */
export function publishedPorts({ ports }: ComposeService): PublishedPort[] {
  if (!Array.isArray(ports)) return [];
  // Compose counts equal items once
  const written = ports.map((port) => JSON.stringify(port));
  return ports.filter((_, i) => written.indexOf(written[i]!) === i).flatMap((port): PublishedPort[] => {
    if (isMap(port)) {
      const range = rangeOf(String(port.published ?? ""));
      const protocol = text(port.protocol).toLowerCase() || "tcp";
      return range ? [{ hostIp: text(port.host_ip), ...range, ...targetOf(port.target), protocol }] : [];
    }
    const [written = "", protocol = "tcp"] = String(port).split("/");
    const parts = /^(?:(.*):)?([^:]+):([^:]+)$/.exec(written);
    const range = parts ? rangeOf(parts[2]!) : undefined;
    const hostIp = (parts?.[1] ?? "").replace(/^\[|\]$/g, "");
    return range ? [{ hostIp, ...range, ...targetOf(parts![3]), protocol: protocol.toLowerCase() }] : [];
  });
}

function targetOf(written: unknown): { target?: number } {
  const target = rangeOf(String(written ?? ""))?.first;
  return target === undefined ? {} : { target };
}

function rangeOf(written: string): { first: number; last: number } | undefined {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(written) ?? [];
  return first === undefined || Number(first) === 0 ? undefined : { first: Number(first), last: Number(last) };
}

/** A mount of a service. */
export interface ServiceMount {
  type: string;
  /** As written: a path or a volume's name; undefined for an anonymous volume. */
  source?: string;
  target: string;
}

/**
 * The mounts under `volumes` of a service. In the short form, a source that is not a valid name is
 * a path (compose-go, format/volume.go).
 */
export function mountsOf({ volumes }: ComposeService): ServiceMount[] {
  if (!Array.isArray(volumes)) return [];
  return volumes.flatMap((volume): ServiceMount[] => {
    if (isMap(volume)) {
      const source = text(volume.source);
      return [{ type: text(volume.type) || "volume", ...(source ? { source } : {}), target: text(volume.target) }];
    }
    if (typeof volume !== "string") return [];
    const [, drive = "", rest = ""] = /^([A-Za-z]:(?=[\\/]))?(.*)$/s.exec(volume) ?? [];
    const [source = "", target] = rest.split(":");
    if (target === undefined) return [{ type: "volume", target: volume }];
    const path = drive + source;
    return [{ type: drive || /^[./~\\]/.test(source) ? "bind" : "volume", source: path, target }];
  });
}

/**
 * The services that a service depends on, with their `depends_on` settings. As in Compose, `links`,
 * `volumes_from` and shared namespaces (`network_mode: service:NAME`) are dependencies too.
 */
export function dependsOn(service: ComposeService): Record<string, { required: boolean; condition: string }> {
  const { depends_on, links, volumes_from, network_mode, pid, ipc } = service;
  const needed = { required: true, condition: "service_started" };
  const shared = [network_mode, pid, ipc].flatMap((one) => /^service:(.+)$/.exec(String(one ?? ""))?.[1] ?? []);
  const others = [
    ...texts(links).map((one) => one.split(":")[0]!),
    ...texts(volumes_from).filter((one) => !one.startsWith("container:")).map((one) => one.split(":")[0]!),
    ...shared,
  ];
  const implied = Object.fromEntries(others.map((name) => [name, needed]));
  if (isMap(depends_on)) {
    const own = Object.entries(depends_on).map(([name, how]) => {
      const { required = true, condition = "service_started" } = isMap(how) ? how : {};
      return [name, { required: flagOf(required) !== false, condition: String(condition) }] as const;
    });
    return { ...implied, ...Object.fromEntries(own) };
  }
  return { ...implied, ...Object.fromEntries(texts(depends_on).map((name) => [name, needed])) };
}

/** The networks of a service with its settings for each; empty if it names none. */
export function networksOf({ networks }: ComposeService): Record<string, Record<string, unknown>> {
  if (isMap(networks)) {
    return Object.fromEntries(Object.entries(networks).map(([name, value]) => [name, isMap(value) ? value : {}]));
  }
  return Object.fromEntries(texts(networks).map((name) => [name, {}]));
}

/** The names of the networks that a service is in; one that names none is in the default one. */
export function attachedNetworks(service: ComposeService): string[] {
  const own = Object.keys(networksOf(service));
  return own.length > 0 || service.network_mode !== undefined ? own : ["default"];
}

/**
 * A Compose size (compose-spec, "byte values") in MiB: `512m`, `2gb`, `1.5GiB`, or a bare number of
 * bytes. Both spellings of a unit are powers of 1024 (docker/go-units, RAMInBytes). Undefined for
 * anything else.
 */
export function mebibytes(value: unknown): number | undefined {
  const [, digits, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?\s*$/i.exec(text(value)) ?? [];
  if (digits === undefined) return undefined;
  return Number(digits) * 1024 ** " kmgtp".indexOf(unit.toLowerCase() || " ") / 1024 ** 2;
}

/** The limits of a service: CPUs and MiB, from `cpus`, `mem_limit` and `deploy.resources`. */
export function limitsOf(service: ComposeService): { key: string; cpus?: number; memory?: number }[] {
  const resources = mapAt(mapAt(service, "deploy"), "resources");
  const of = (key: string, cpus: unknown, memory: unknown) => {
    const size = mebibytes(memory);
    const count = /^\d+(\.\d+)?$/.test(text(cpus)) ? Number(text(cpus)) : NaN;
    return { key, ...(count > 0 ? { cpus: count } : {}), ...(size ? { memory: size } : {}) };
  };
  return [
    of("cpus, mem_limit", service.cpus, service.mem_limit),
    of("mem_reservation", undefined, service.mem_reservation),
    ...["limits", "reservations"].map((key) => {
      const { cpus, memory } = mapAt(resources, key);
      return of(`deploy.resources.${key}`, cpus, memory);
    }),
  ].filter(({ cpus, memory }) => cpus !== undefined || memory !== undefined);
}

/** A text or a number as a text; empty for anything else. */
const text = (value: unknown): string =>
  ["string", "number", "bigint"].includes(typeof value) || value instanceof Verbatim ? String(value) : "";

/**
 * The variables that a service inherits from the caller's environment (`HF_TOKEN:` without a
 * value).
 */
export function inheritedVariables(service: ComposeService): string[] {
  // an item that is only a variable without a value has become an empty text
  return Object.entries(environmentOf(service)).flatMap(([name, value]) => value === null && name !== "" ? [name] : []);
}

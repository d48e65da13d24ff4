/** Suggestions for values of the wrong form in a Compose file. */
import { quoted } from "../config/scalars.mts";
import { isMap, valueAt } from "../maps.mts";
import { closest } from "../suggest.mts";
import { Verbatim } from "../verbatim.mts";

/** A value of the wrong form, with the facts that its correction depends on. */
export interface WrongValue {
  /** The keys and indexes that lead to it. */
  path: (string | number)[];
  /** What it must be, such as `a list`. */
  wants?: string | undefined;
  /** For an unknown key: the keys that exist. */
  keys?: string[] | undefined;
}

/** Keys that are often written in the wrong place, and where they belong. */
const homes: Record<string, string> = {
  ...{ resources: "deploy", replicas: "deploy", restart_policy: "deploy", placement: "deploy" },
  ...{ reservations: "deploy.resources", limits: "deploy.resources" },
  ...{ interval: "healthcheck", timeout: "healthcheck", retries: "healthcheck", start_period: "healthcheck" },
  ...{ test: "healthcheck", context: "build", dockerfile: "build", args: "build", target: "build" },
  ...{ devices: "deploy.resources.reservations", subnet: "ipam.config" },
  ...{ capabilities: "deploy.resources.reservations.devices", device_ids: "deploy.resources.reservations.devices" },
  ...{ count: "deploy.resources.reservations.devices", options: "logging" },
};

/** Names that other programs (docker run, the Engine's API, Kubernetes) have for keys of a service. */
const otherNames: Record<string, string> = {
  ...{ add_host: "extra_hosts", cmd: "command", cpu: "cpus", device: "devices", env: "environment" },
  ...{ env_vars: "environment", envs: "environment", gpu: "gpus", memory: "mem_limit", mounts: "volumes" },
  ...{
    name: "container_name",
    net: "network_mode",
    publish: "ports",
    restart_policy: "restart",
    workdir: "working_dir",
  },
};

/**
 * A sentence that says how to correct a value of the wrong form; undefined if nothing better than
 * "correct it" is known. `data`: the file's plain data. `serviceKeys`: the keys of a service.
 */
export function correctionOf(data: unknown, wrong: WrongValue, serviceKeys: string[]): string | undefined {
  const { path, wants, keys } = wrong;
  const key = path.findLast((step) => typeof step === "string") ?? "";
  const value = valueAt(data, path);
  if (keys) {
    // a service that is indented too deep, or that is in another section
    if (isService(value)) return `Indent ${path.at(-1)} as the other services below services:`;
    if (path[0] !== "services" && path.length > 2 && isService(valueAt(data, path.slice(0, 2)))) {
      return `Move ${path[1]} below services:`;
    }
    return ofUnknownKey(String(path.at(-1)), path.length, keys, serviceKeys);
  }
  // all that was below it is a comment
  if (value === null && path.length > 2 && /mapping|list/.test(wants ?? "")) {
    return `Remove ${key}:, which has no value, or write its value`;
  }
  const written = wants === undefined ? undefined : replacement(value, wants, String(key), path);
  return written === undefined ? undefined : `Write ${written}`;
}

const isService = (value: unknown) => isMap(value) && (value.image !== undefined || value.build !== undefined);

function ofUnknownKey(key: string, depth: number, keys: string[], serviceKeys: string[]): string {
  const plain = key.replaceAll("-", "_");
  const other = keys.includes("container_name") ? otherNames[plain] ?? plain : plain;
  if (other !== key && keys.includes(other)) return `Write ${other}`;
  const meant = closest(key, keys);
  if (meant !== undefined) return `Write ${meant}`;
  if (depth === 1 && serviceKeys.includes(key)) return `Move ${key} into its service`;
  if (key === "device_requests") return "Write its list as devices: below deploy.resources.reservations";
  const home = homes[key];
  return home === undefined ? `Remove ${key}` : `Move ${key} below ${home}`;
}

/** Lists whose items have the form NAME=VALUE. */
const assignments = ["environment", "labels", "args", "annotations", "sysctls", "extra_hosts"];
/** Lists whose items have the form SOURCE:TARGET. */
const pairs = ["ports", "volumes", "devices"];

function replacement(value: unknown, wants: string, key: string, path: (string | number)[]): string | undefined {
  const item = typeof path.at(-1) === "number";
  const line = (text: string) => item ? `- ${text}` : `${key}: ${text}`;
  if (wants.startsWith("a duration")) {
    const [, count, unit = ""] = /^\s*(\d+)\s*(ms|[smh]?)/i.exec(String(value)) ?? [];
    return count === undefined ? undefined : line(`${count}${unit.toLowerCase() || "s"}`);
  }
  if (wants.startsWith("a size")) {
    const [, count, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)/i.exec(String(value)) ?? [];
    return count === undefined ? undefined : line(`${count}${unit.toLowerCase()}`);
  }
  if (key === "gpus" && /^(all, or a list|one of all)/.test(wants)) {
    return `${key}: all, or ${key}: [${gpuRequest(value)}]`;
  }
  if (wants.startsWith("one of ") || wants.startsWith("begin")) return choice(value, wants, line);
  if (wants.startsWith("all or ")) return line(/^\d+$/.test(String(value)) ? String(value) : "all");
  if (wants === "a list" && key === "devices" && path.includes("reservations")) {
    return `${key}: [${gpuRequest(value).replace("}", ", capabilities: [gpu]}")}]`;
  }
  if (wants === "a list") return asList(value, key);
  if (wants === "a mapping") return asMapping(value, key, path);
  if (wants.startsWith("text") || wants === "NAME:ADDRESS") return asText(value, key, line);
  return undefined;
}

/** What a service can wait for in another one (compose-spec, depends_on). */
const conditions = ["service_started", "service_healthy", "service_completed_successfully"];

/** A request of `gpus:` for the words of docker run's `--gpus`: `2`, `device=0,1`. */
function gpuRequest(value: unknown): string {
  const [, ids] = /^["']?device=([\w,-]+)/.exec(String(value)) ?? [];
  const which = ids === undefined
    ? /^\d+$/.test(String(value)) ? `, count: ${String(value)}` : ""
    : `, device_ids: [${ids.split(",").map((id) => `"${id}"`).join(", ")}]`;
  return `{driver: nvidia${which}}`;
}

function choice(value: unknown, wants: string, line: (text: string) => string): string | undefined {
  if (Array.isArray(value)) return line(JSON.stringify(["CMD", ...value.map(String)]));
  const words = wants.slice("one of ".length).split(", ");
  const meant = closest(String(value), words) ?? words.find((word) => word.endsWith(`_${value}`));
  return meant === undefined ? undefined : line(meant);
}

function asList(value: unknown, key: string): string | undefined {
  if (isMap(value)) {
    const [first] = Object.entries(value);
    if (!first) return undefined;
    const short = pairs.includes(key) && Object.values(value).every(isScalar) && /\d|^[./]/.test(String(first[1]));
    return short ? `- "${first[0]}:${String(first[1])}" for each` : `- before the first key: - ${first[0]}: …`;
  }
  return isScalar(value) && value !== null ? `${key}: [${quoted(String(value))}]` : undefined;
}

function asMapping(value: unknown, key: string, path: (string | number)[]): string | undefined {
  const service = path.length === 2 && path[0] === "services";
  if (path.at(-2) === "depends_on" && isScalar(value)) {
    return `${key}: {condition: ${closest(String(value), conditions) ?? conditions[0]}}`;
  }
  if (key === "healthcheck" && isScalar(value)) return `${key}: {test: ${quoted(String(value))}}`;
  if (path.at(-2) === "gpus" && isScalar(value)) return value === "all" ? "gpus: all" : `- ${gpuRequest(value)}`;
  if (Array.isArray(value)) {
    const [first] = value;
    if (typeof first !== "string") return isMap(first) ? `${Object.keys(first)[0]}: without the dash` : undefined;
    return /^[\w.-]+$/.test(first) ? `${first}: without the dash` : undefined;
  }
  if (service) return value === null ? `image: below ${key}` : `image: ${String(value)} below ${key}`;
  return key === "logging" && isScalar(value) ? `driver: ${String(value)} below logging` : undefined;
}

function asText(value: unknown, key: string, line: (text: string) => string): string | undefined {
  if (isMap(value)) {
    const [first, ...more] = Object.entries(value);
    if (!first || more.length > 0 || !isScalar(first[1])) return undefined;
    const [name, text] = [first[0], String(first[1] ?? "")];
    // a colon in a value that has quotes only inside of the item: - A='{"a": b}'
    if (!assignments.includes(key) || name.includes("=")) {
      return line(JSON.stringify(`${name}: ${text}`.replace(/^([^=]+=)(["'])((?:(?!\2).)*)\2$/, "$1$3")));
    }
    return line(`${name}=${text}`);
  }
  if (Array.isArray(value) && value.length === 1 && isScalar(value[0])) return line(quoted(String(value[0])));
  if (value === null) {
    return `a value after ${key}:, in quotes if it begins with # (a # after a space begins a comment)`;
  }
  return isScalar(value) ? line(`"${String(value)}"`) : undefined;
}

const isScalar = (value: unknown) => !isMap(value) && !Array.isArray(value) || value instanceof Verbatim;

/**
 * The Compose version that each newer key of a Compose file needs, and the keys of a project that
 * are newer than a Compose.
 *
 * Source: compose-spec/compose-go, schema/compose-spec.json, at the version that each release of
 * docker/compose requires in its go.mod (v2.19.0 to v5.3.0; read 2026-11-26). The dates are those
 * of docker/compose's tags.
 */
import { isMap } from "../maps.mts";
import { isOlder } from "../text.mts";
import type { ComposeModel } from "./types.mts";

/** A key, a value or a tag of Compose files, and the first Compose version that supports it. */
export interface KeyVersion {
  /**
   * The path of keys: `*` is any name, `[]` any item of a list, `=VALUE` a value. A tag is written
   * as `!override`.
   */
  key: string;
  /** The first version of docker/compose. */
  from: string;
  /** The day of that release. */
  released: string;
  /**
   * What Debian 13's package (2.26.1-4, built with a newer compose-go) does with it, if it differs
   * from 2.26.1: it uses the key, or accepts and ignores it. Tested with `config` on 2026-11-26;
   * that a key is ignored was read in the source of v2.26.1.
   */
  debian?: "used" | "ignored";
}

const row = (from: string, released: string, debian: KeyVersion["debian"] | undefined, ...keys: string[]) =>
  keys.map((key): KeyVersion => ({ key, from, released, ...(debian ? { debian } : {}) }));
const service = (key: string) => `services.*.${key}`;

/** The keys that are newer than Compose 2.20, by version. */
export const keyVersions: KeyVersion[] = [
  ...row("2.20.2", "2023-07-19", undefined, service("healthcheck.start_interval")),
  ...row("2.22.0", "2023-09-21", undefined, service("develop")),
  ...row("2.23.0", "2023-10-18", undefined, service("develop.watch[].action=sync+restart")),
  ...row("2.23.1", "2023-11-15", undefined, "configs.*.content", "configs.*.environment", service("build.ulimits")),
  ...row("2.23.2", "2023-11-22", undefined, service("networks.*.mac_address")),
  ...row("2.24.0", "2024-01-11", undefined, service("env_file[].path")),
  // docs.docker.com, reference/compose-file/merge; read 2026-11-26
  ...row("2.24.4", "2024-01-29", undefined, "!override"),
  ...row("2.25.0", "2024-03-15", undefined, service("ports[].app_protocol"), service("ports[].name")),
  ...row("2.25.0", "2024-03-15", undefined, service("volumes[].volume.subpath")),
  ...row("2.27.0", "2024-04-24", "ignored", service("build.entitlements")),
  ...row("2.27.1", "2024-05-24", "ignored", service("networks.*.driver_opts")),
  ...row("2.29.3", "2024-09-12", "used", service("devices[].source")),
  ...row("2.30.0", "2024-10-29", undefined, service("env_file[].format")),
  // homelab-gpu's generated file for the guest replaces it
  ...row("2.30.0", "2024-10-29", "used", service("gpus")),
  ...row("2.30.0", "2024-10-29", "ignored", service("post_start"), service("pre_stop")),
  ...row("2.30.0", "2024-10-29", "ignored", service("volumes[].bind.recursive")),
  ...row("2.32.0", "2024-12-13", "used", service("label_file")),
  ...row("2.32.0", "2024-12-13", "ignored", service("develop.watch[].exec"), service("develop.watch[].action=restart")),
  ...row("2.33.0", "2025-02-12", "ignored", "networks.*.enable_ipv4", service("networks.*.gw_priority")),
  ...row("2.34.0", "2025-03-13", undefined, service("develop.watch[].include"), service("pull_refresh_after")),
  ...row("2.34.0", "2025-03-13", undefined, service("pull_policy=daily"), service("pull_policy=weekly")),
  ...row("2.35.0", "2025-04-10", undefined, service("provider"), service("volumes[].volume.labels")),
  ...row("2.35.0", "2025-04-10", undefined, service("volumes[].type=image")),
  ...row("2.36.0", "2025-05-07", undefined, service("networks.*.interface_name")),
  ...row("2.37.2", "2025-06-20", undefined, service("use_api_socket")),
  ...row("2.38.0", "2025-06-30", undefined, "models", service("models")),
  ...row("2.39.0", "2025-07-24", undefined, service("build.provenance"), service("build.sbom")),
  ...row("2.39.4", "2025-09-19", undefined, service("develop.watch[].initial_sync")),
  ...row("5.0.0", "2025-12-02", undefined, service("build.no_cache_filter")),
  ...row("5.3.0", "2026-07-02", undefined, service("pre_start")),
];

/** The version of Debian 13's package, which is built with a newer compose-go than 2.26.1 itself. */
export const debianCompose = "2.26.1";

/** A key of a project that a Compose does not support. */
export interface NewKey extends KeyVersion {
  /** The service that has it, for a key of a service. */
  service?: string;
  /** The key itself: the last name of the path, or the tag. */
  name: string;
  /** Whether Compose accepts it and ignores it; otherwise Compose refuses the project. */
  ignored: boolean;
}

/**
 * The keys of a project that are newer than a Compose, each once per service. `texts`: its Compose
 * files, for their tags. `debian`: whether that Compose is Debian's package.
 */
export function keysNewerThan(
  compose: string,
  model: ComposeModel,
  texts: Record<string, string> = {},
  debian = false,
): NewKey[] {
  return keyVersions.filter(({ from }) => isOlder(compose, from)).flatMap((row): NewKey[] => {
    const inDebian = debian ? row.debian : undefined;
    if (inDebian === "used") return [];
    const name = row.key.startsWith("!") ? row.key : /([\w+]+)(?:\[\])?(?:=[\w+]+)?$/.exec(row.key)![1]!;
    const found = { ...row, name, ignored: inDebian === "ignored" };
    if (row.key.startsWith("!")) {
      return Object.values(texts).some((text) => hasTag(text, row.key)) ? [found] : [];
    }
    if (!row.key.startsWith("services.*.")) return has(model, stepsOf(row.key)) ? [found] : [];
    const steps = stepsOf(row.key.slice("services.*.".length));
    return Object.entries(model.services).filter(([, body]) => has(body, steps)).map(([service]) => ({
      ...found,
      service,
    }));
  });
}

/** Whether a tag precedes a value, outside of comments. */
const hasTag = (text: string, tag: string) =>
  text.split("\n").some((line) => new RegExp(`[:,\\[{-]\\s+${tag}(\\s|$)`).test(line.replace(/(^|\s)#.*$/, "")));

const stepsOf = (key: string) => key.split(/(?=\[\]|=)|\./).filter(Boolean);

function has(value: unknown, [step, ...rest]: string[]): boolean {
  if (step === undefined) return true;
  if (step.startsWith("=")) return String(value) === step.slice(1);
  if (step === "[]") return Array.isArray(value) && value.some((one) => has(one, rest));
  if (!isMap(value)) return false;
  if (step === "*") return Object.values(value).some((one) => has(one, rest));
  return Object.hasOwn(value, step) && has(value[step], rest);
}

/**
 * The key because of which a Compose of this version refuses a project, although a newer version
 * may accept it; undefined if the reason is another one. `messages`: the errors of that Compose.
 */
export function newerKeyOf(
  messages: string[],
  version: string,
  model: ComposeModel,
  texts: Record<string, string>,
): NewKey | undefined {
  return keysNewerThan(version, model, texts).find(({ name }) =>
    messages.some((message) => new RegExp(`(^|[\\s.'"])${name}($|[\\s.'":])`).test(message))
  );
}

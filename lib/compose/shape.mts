/**
 * The keys and types of a Compose file (compose-spec, schema/compose-spec.json; compared with
 * Compose 2.26.1 on 2026-11-26): Compose checks these first. Used only on hosts without Compose.
 */
import { quoted } from "../config/scalars.mts";
import { printable } from "../config/values.mts";
import { isMap } from "../maps.mts";
import {
  any,
  duration,
  either,
  fine,
  flag,
  isList,
  isNull,
  isScalar,
  isText,
  list,
  map,
  mapOf,
  named,
  number,
  oneOf,
  oneOfOrNumber,
  oneOrMore,
  optional,
  orNull,
  pairs,
  scalar,
  type Shape,
  type ShapeFlaw,
  size,
  text,
  textOrNumber,
  texts,
  unique,
  whole,
  wrong,
} from "./shape-kinds.mts";
import { port, shortMount } from "./short-forms.mts";

const command: Shape = either([isList, texts], [isNull, any], [() => true, text]);

const external = either([isMap, map({ name: text })], [() => true, flag]);

const hostNames = either(
  [isList, unique(list((value, path) => /^[^:=]+[:=]/.test(String(value)) ? fine : wrong(path, "NAME:ADDRESS")))],
  [() => true, mapOf(either([isList, texts], [() => true, text]))],
);

const deviceRequest = map({
  capabilities: unique(texts),
  count: either([isText, oneOfOrNumber("all")], [() => true, whole]),
  device_ids: unique(texts),
  driver: text,
  options: pairs,
}, ["capabilities"]);

const healthcheck = map({
  disable: flag,
  interval: duration,
  retries: number,
  start_interval: duration,
  start_period: duration,
  timeout: duration,
  test: (value, path) => {
    if (!Array.isArray(value)) return text(value, path);
    if (value.length === 0 || ["NONE", "CMD", "CMD-SHELL"].includes(String(value[0]))) return texts(value, path);
    return [{ path, message: `${named(path)} must begin with CMD, CMD-SHELL or NONE`, wants: "begin with CMD" }];
  },
});

const update = map({
  delay: duration,
  failure_action: text,
  max_failure_ratio: number,
  monitor: duration,
  order: oneOf("start-first", "stop-first"),
  parallelism: whole,
});

const deploy = map({
  endpoint_mode: text,
  labels: pairs,
  mode: text,
  placement: map({
    constraints: texts,
    max_replicas_per_node: whole,
    preferences: list(map({ spread: text })),
  }),
  replicas: whole,
  resources: map({
    limits: map({ cpus: number, memory: size, pids: whole }),
    reservations: map({
      cpus: number,
      devices: list(deviceRequest),
      generic_resources: list(map({ discrete_resource_spec: map({ kind: text, value: number }) })),
      memory: size,
    }),
  }),
  restart_policy: map({ condition: text, delay: duration, max_attempts: whole, window: duration }),
  rollback_config: update,
  update_config: update,
});

const grant = either([isMap, map({ gid: text, mode: textOrNumber, source: text, target: text, uid: text })], [
  () => true,
  text,
]);

const buildKeys: Record<string, Shape> = {
  ...{ additional_contexts: pairs, args: pairs, cache_from: texts, cache_to: texts, context: text, dockerfile: text },
  ...{ dockerfile_inline: text, entitlements: texts, extra_hosts: hostNames, isolation: text, labels: pairs },
  ...{ network: text, no_cache: flag, no_cache_filter: oneOrMore, platforms: texts, privileged: flag, pull: flag },
  ...{ provenance: scalar, sbom: scalar, secrets: list(grant), shm_size: size, ssh: any, tags: texts, target: text },
  ...{ ulimits: any },
};

const ports = list(either(
  [
    isMap,
    map({
      ...{ app_protocol: text, host_ip: text, mode: text, name: text, protocol: text, published: textOrNumber },
      target: whole,
    }),
  ],
  [isScalar, port],
));

const mount = map({
  bind: map({ create_host_path: flag, propagation: text, recursive: text, selinux: text }),
  consistency: text,
  image: map({ subpath: text }),
  read_only: flag,
  source: text,
  target: text,
  tmpfs: map({ mode: number, size }),
  type: oneOf("bind", "volume", "tmpfs", "cluster", "npipe", "image"),
  volume: map({ labels: pairs, nocopy: flag, subpath: text }),
}, ["type", "target"]);

const pull_policy: Shape = (value, path) =>
  isText(value) && /^(always|never|if_not_present|build|missing|refresh|daily|weekly|every_\S+)$/.test(String(value))
    ? fine
    : wrong(path, "one of always, missing, never, build");

const hooks = list(map({ command, environment: pairs, privileged: flag, user: text, working_dir: text }, ["command"]));

const ulimit = either([isMap, map({ hard: whole, soft: whole }, ["soft", "hard"])], [() => true, whole]);

const serviceShapes: Record<string, Shape> = {
  ...{
    annotations: pairs,
    attach: flag,
    blkio_config: any,
    build: either([isMap, map(buildKeys)], [() => true, text]),
  },
  ...{ cap_add: texts, cap_drop: texts, cgroup: oneOf("host", "private"), cgroup_parent: text, command },
  ...{ configs: list(grant), container_name: text, cpu_count: whole, cpu_percent: number, cpu_period: textOrNumber },
  ...{ cpu_quota: textOrNumber, cpu_rt_period: textOrNumber, cpu_rt_runtime: textOrNumber, cpu_shares: number },
  ...{ cpus: number, cpuset: text, credential_spec: any, deploy: orNull(deploy), develop: any },
  depends_on: either([isList, unique(texts)], [
    () => true,
    mapOf(map({
      condition: oneOf("service_started", "service_healthy", "service_completed_successfully"),
      required: flag,
      restart: flag,
    }, ["condition"])),
  ]),
  device_cgroup_rules: texts,
  devices: list(
    either([isMap, map({ permissions: text, source: text, target: text }, ["source", "target"])], [() => true, text]),
  ),
  ...{ dns: oneOrMore, dns_opt: texts, dns_search: oneOrMore, domainname: text, entrypoint: command },
  env_file: either([isText, text], [
    () => true,
    list(either([isMap, map({ format: text, path: text, required: flag }, ["path"])], [() => true, text])),
  ]),
  ...{ environment: pairs, expose: list(textOrNumber) },
  extends: either([isText, text], [() => true, map({ file: text, service: text }, ["service"])]),
  ...{ external_links: texts, extra_hosts: hostNames },
  gpus: either([isText, oneOf("all")], [
    (value) => !Array.isArray(value),
    (value, path) => isText(value) ? fine : wrong(path, "all, or a list of requests"),
  ], [
    () => true,
    list(map({
      ...{ capabilities: texts, count: either([isText, oneOfOrNumber("all")], [() => true, whole]), device_ids: texts },
      ...{ driver: text, options: pairs },
    })),
  ]),
  ...{
    group_add: unique(list(textOrNumber)),
    healthcheck,
    hostname: text,
    image: text,
    init: flag,
    ipc: text,
    isolation: text,
  },
  ...{ label_file: oneOrMore, labels: pairs, links: texts },
  logging: map({ driver: text, options: mapOf(scalar) }),
  ...{ mac_address: text, mem_limit: size, mem_reservation: size, mem_swappiness: whole, memswap_limit: size },
  ...{ models: any, network_mode: text },
  networks: either([isList, unique(texts)], [
    () => true,
    mapOf(orNull(map({
      ...{ aliases: texts, driver_opts: any, gw_priority: number, interface_name: text, ipv4_address: text },
      ...{ ipv6_address: text, link_local_ips: texts, mac_address: text, priority: number },
    }))),
  ]),
  ...{ oom_kill_disable: flag, oom_score_adj: whole, pid: optional, pids_limit: whole, platform: text, ports },
  ...{ post_start: hooks, pre_start: any, pre_stop: hooks, privileged: flag, profiles: texts, provider: any },
  ...{ pull_policy },
  ...{ pull_refresh_after: text, read_only: flag, restart: text, runtime: text, scale: whole, secrets: list(grant) },
  ...{ security_opt: unique(texts), shm_size: size, stdin_open: flag, stop_grace_period: duration, stop_signal: text },
  ...{ storage_opt: any, sysctls: pairs, tmpfs: oneOrMore, tty: flag, ulimits: mapOf(ulimit), use_api_socket: flag },
  ...{ user: text, userns_mode: text, uts: text, volumes: list(either([isMap, mount], [() => true, shortMount])) },
  ...{ volumes_from: texts, working_dir: text },
};
const service = map(serviceShapes);

/** The keys of a service. */
export const serviceKeys: string[] = Object.keys(serviceShapes);

const network = orNull(map({
  ...{
    attachable: flag,
    driver: text,
    driver_opts: mapOf(textOrNumber),
    enable_ipv4: flag,
    enable_ipv6: flag,
    external,
  },
  ...{ internal: flag, labels: pairs, name: text },
  ipam: map({
    config: list(map({ aux_addresses: mapOf(text), gateway: text, ip_range: text, subnet: text })),
    driver: text,
    options: mapOf(text),
  }),
}));

const volume = orNull(map({ driver: text, driver_opts: mapOf(textOrNumber), external, labels: pairs, name: text }));

const source: Record<string, Shape> = {
  ...{
    content: text,
    driver: text,
    driver_opts: any,
    environment: text,
    external,
    file: text,
    labels: pairs,
    name: text,
  },
  template_driver: text,
};

/** The names that a section declares. */
const names = (what: string, shape: Shape): Shape => (value, path) => [
  ...(isMap(value) ? Object.keys(value) : []).filter((name) => !/^[a-zA-Z0-9._-]+$/.test(name)).map((name) => {
    const valid = name.replace(/[^a-zA-Z0-9._-]+/g, "-").replace(/^-|-$/g, "");
    return {
      path: [...path, name],
      message: `“${printable(name)}” is not a valid ${what} name: use letters, digits, . _ and -`,
      mend: valid === "" ? `Write another name for the ${what}` : `Write ${quoted(valid)}`,
    };
  }),
  ...shape(value, path),
];

const include = either([isMap, map({ env_file: oneOrMore, path: oneOrMore, project_directory: text })], [
  () => true,
  text,
]);

const file = map({
  ...{ version: text, name: text, include: orNull(list(include)), models: any },
  configs: names("config", mapOf(map(source))),
  networks: names("network", mapOf(network)),
  secrets: names("secret", mapOf(map(source))),
  volumes: names("volume", mapOf(volume)),
  services: names("service", mapOf(service)),
});

/**
 * The values of the wrong form in one Compose file. Takes the file's plain data, with its variables
 * replaced.
 */
export function shapeFlaws(data: Record<string, unknown>): ShapeFlaw[] {
  return file(data, []);
}

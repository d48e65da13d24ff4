/**
 * Keys of a Compose service that a Swarm does not apply: `docker stack deploy` prints a line for some
 * of them and starts the service without them, and refuses others by its schema (docker/cli,
 * cli/compose/types and cli/compose/schema, version 3; 20.10 run 2026-11).
 */
import { isMap, mapAt } from "../maps.mts";

/** A key that a Swarm does not apply, and what to write instead. */
export interface SwarmFlaw {
  /** The key of the service. */
  key: string;
  /** What is wrong, without the name of the service. */
  message: string;
  write: string;
}

/** The keys that a Swarm applies. */
const applied = [
  ...["image", "command", "entrypoint", "environment", "ports", "volumes", "networks", "labels", "deploy"],
  ...["healthcheck", "hostname", "user", "working_dir", "stop_grace_period", "stop_signal", "ulimits"],
  ...["sysctls", "cap_add", "cap_drop", "dns", "dns_search", "extra_hosts", "init", "logging", "read_only"],
  ...["stdin_open", "tty", "expose", "env_file"],
  // without conditions: the containers of a service start again until what they need is there
  "depends_on",
];

/** Without an effect on a service in a Swarm, for which there is a key that has it. */
const instead: Record<string, string> = {
  restart: "deploy: {restart_policy: {condition: any}}",
  scale: "deploy: {replicas: 2}",
  mem_limit: "deploy: {resources: {limits: {memory: 1g}}}",
  mem_reservation: "deploy: {resources: {reservations: {memory: 1g}}}",
  cpus: 'deploy: {resources: {limits: {cpus: "2"}}}',
  pids_limit: "deploy: {resources: {limits: {pids: 100}}}",
  tmpfs: "volumes: [{type: tmpfs, target: /PATH}]",
  shm_size: "volumes: [{type: tmpfs, target: /dev/shm, tmpfs: {size: 1073741824}}]",
  gpus: "gpu: 1",
  runtime: "gpu: 1",
  container_name: "nothing: the name of the service is its name in the network",
  links: "nothing: the name of the service is its name in the network",
  network_mode: "networks: [NAME]",
};

/**
 * What a service of a Swarm has that a Swarm does not apply, each with its key. Takes its keys without ours. `more`:
 * further keys that are applied, or that are removed before.
 */
export function swarmFlawsOf(body: Record<string, unknown>, more: readonly string[] = []): SwarmFlaw[] {
  return Object.keys(body).flatMap((key): SwarmFlaw[] => {
    if (key.startsWith("x-") || more.includes(key)) return [];
    if (!applied.includes(key)) {
      const write = Object.hasOwn(instead, key) ? `${instead[key]}, or machine: NAME` : "machine: NAME";
      return [{ key, message: `a Swarm ignores or refuses ${key}:`, write }];
    }
    return [
      ...(key === "depends_on" ? conditions(body.depends_on) : []),
      ...(key === "deploy" ? devices(mapAt(body, "deploy")) : []),
      ...(key === "ports" ? hostAddresses(body.ports) : []),
      ...(key === "volumes" ? relative(body.volumes) : []),
      ...(key === "networks" ? networkSettings(body.networks) : []),
    ];
  });
}

function conditions(depends: unknown): SwarmFlaw[] {
  if (!isMap(depends)) return [];
  const names = Object.keys(depends).filter((name) =>
    isMap(depends[name]) && ![undefined, "service_started"].includes(depends[name].condition as string | undefined)
  );
  return names.length === 0 ? [] : [{
    key: "depends_on",
    message: `a Swarm ignores the condition of depends_on: for ${names.join(", ")}`,
    write: `depends_on: [${names.join(", ")}], and a program that tries again, or machine: NAME`,
  }];
}

function devices(deploy: Record<string, unknown>): SwarmFlaw[] {
  const { devices, generic_resources: generic } = mapAt(mapAt(deploy, "resources"), "reservations");
  return [
    ...(devices === undefined ? [] : [{
      key: "deploy",
      message: "a Swarm refuses deploy.resources.reservations.devices:",
      write: "gpu: 1",
    }]),
    // docker/cli knows the key, and released NVIDIA toolkits do not give a container the card that Swarm counted
    ...(generic === undefined ? [] : [{
      key: "deploy",
      message: "counting cards by generic_resources: does not work with released versions of NVIDIA's toolkit",
      write: "gpu: 1",
    }]),
  ];
}

/** A Swarm publishes a port on every address of every node, even one that was written for one address. */
function hostAddresses(ports: unknown): SwarmFlaw[] {
  if (!Array.isArray(ports)) return [];
  const one = ports.find((port) => isMap(port) ? port.host_ip !== undefined : /^(.*:){2}/.test(String(port)));
  return one === undefined ? [] : [{
    key: "ports",
    message: "a Swarm publishes a port on all addresses of all nodes, not on one address",
    write: 'ports: ["8080:80"] if that is meant, or machine: NAME',
  }];
}

/** A path that is relative to the config is on no node. */
function relative(volumes: unknown): SwarmFlaw[] {
  if (!Array.isArray(volumes)) return [];
  const source = (one: unknown) => isMap(one) ? String(one.source ?? "") : String(one).split(":")[0]!;
  const found = volumes.map(source).find((path) => /^[.~]/.test(path));
  return found === undefined ? [] : [{
    key: "volumes",
    message: `${found} is not on the nodes of the Swarm`,
    write: "a named volume, a path that is on every node, or machine: NAME",
  }];
}

/** docker/cli, convert/service.go: of the settings of a network only these reach the service. */
function networkSettings(networks: unknown): SwarmFlaw[] {
  if (!isMap(networks)) return [];
  const others = Object.values(networks).flatMap((one) => isMap(one) ? Object.keys(one) : []).filter((key) =>
    !["aliases", "driver_opts"].includes(key)
  );
  return others.length === 0 ? [] : [{
    key: "networks",
    message: `a Swarm ignores or refuses ${others[0]}: of a network`,
    write: "the name of the service, by which the others reach it, or machine: NAME",
  }];
}

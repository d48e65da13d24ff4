/**
 * Keys of a Compose service that a Swarm does not apply: `docker stack deploy` prints a line for some
 * of them and starts the service without them, and refuses others by its schema (docker/cli,
 * cli/compose/types and cli/compose/schema, version 3; 20.10 run 2026-11).
 */
import { isMap, ownValue } from "../maps.mts";
import { deployFlaws, restartPolicy, type SwarmFlaw } from "./swarm-deploy.mts";

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
  scale: "deploy: {replicas: 2}",
  mem_limit: "deploy: {resources: {limits: {memory: 1g}}}",
  mem_reservation: "deploy: {resources: {reservations: {memory: 1g}}}",
  cpus: 'deploy: {resources: {limits: {cpus: "2"}}}',
  pids_limit: "deploy: {resources: {limits: {pids: 100}}}",
  tmpfs: "volumes: [{type: tmpfs, target: /PATH}]",
  shm_size: "volumes: [{type: tmpfs, target: /dev/shm, tmpfs: {size: 1073741824}}]",
  gpus: "gpu: 1",
  runtime: "gpu: 1",
  network_mode: "networks: [NAME]",
};

/** Keys that nothing takes the place of, with the reason. */
const needless: Record<string, string> = {
  container_name: "the name of the service is its name in the network",
  links: "the name of the service is its name in the network",
};

/**
 * What a service of a Swarm has that a Swarm does not apply, each with its key. Takes its keys without ours. `more`:
 * further keys that are applied, or that are removed before.
 */
export function swarmFlawsOf(body: Record<string, unknown>, more: readonly string[] = []): SwarmFlaw[] {
  return Object.keys(body).flatMap((key): SwarmFlaw[] => {
    if (key.startsWith("x-") || more.includes(key)) return [];
    if (!applied.includes(key)) {
      const write = key === "restart" ? restartPolicy(body.restart) : ownValue(instead, key);
      const remove = ownValue(needless, key);
      return [{
        ...{ key, message: `a Swarm ignores or refuses ${key}:`, isKey: true },
        ...(write === undefined ? {} : { write }),
        ...(remove === undefined ? {} : { remove }),
      }];
    }
    return [
      ...(key === "depends_on" ? conditions(body.depends_on) : []),
      ...(key === "deploy" ? deployFlaws(body) : []),
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
    write: `depends_on: [${names.join(", ")}], and a program that tries again`,
  }];
}

/** A Swarm publishes a port on every address of every node, even one that was written for one address. */
function hostAddresses(ports: unknown): SwarmFlaw[] {
  if (!Array.isArray(ports)) return [];
  const one = ports.find((port) => isMap(port) ? port.host_ip !== undefined : /^(.*:){2}/.test(String(port)));
  return one === undefined ? [] : [{
    key: "ports",
    message: "a Swarm publishes a port on all addresses of all nodes, not on one address",
    write: 'ports: ["8080:80"] if that is meant',
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
    write: "a named volume, a path that is on every node",
  }];
}

/** The settings of a service in its networks that do not reach it (docker/cli, convert/service.go), each once. */
export function ignoredInNetworks(networks: unknown): string[] {
  const keys = Object.values(isMap(networks) ? networks : {}).flatMap((one) => isMap(one) ? Object.keys(one) : []);
  return [...new Set(keys)].filter((key) => !["aliases", "driver_opts"].includes(key));
}

function networkSettings(networks: unknown): SwarmFlaw[] {
  const [first] = ignoredInNetworks(networks);
  return first === undefined ? [] : [{
    key: "networks",
    message: `a Swarm ignores or refuses ${first}: of a network`,
    write: "the name of the service, by which the others reach it",
  }];
}

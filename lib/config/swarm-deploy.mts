/**
 * What a Swarm refuses of `deploy:` (docker/cli, cli/compose/convert/service.go; moby/swarmkit, manager/controlapi and
 * manager/constraint, read 2026-11-28).
 */
import { isMap, mapAt } from "../maps.mts";

/** A key that a Swarm does not apply, and what to write instead. */
export interface SwarmFlaw {
  /** The key of the service. */
  key: string;
  /** What is wrong, without the name of the service. */
  message: string;
  /** Set if the whole key is not applied, whatever its value is. */
  isKey?: true;
  /** What to write; absent if only a machine for the service helps. */
  write?: string;
  /** Set if nothing takes the place of the key, with the reason. */
  remove?: string;
}

/** What has the effect of `restart:` in a Swarm: `no`, `on-failure:3`, `always` or `unless-stopped`. */
export function restartPolicy(restart: unknown): string {
  const [word, attempts] = String(restart).split(":");
  const condition = word === "no" || word === "false" ? "none" : word === "on-failure" ? word : "any";
  const most = condition === "on-failure" && /^[1-9]\d*$/.test(attempts ?? "") ? `, max_attempts: ${attempts}` : "";
  return `deploy: {restart_policy: {condition: ${condition}${most}}}`;
}

/** The modes of a service. */
const modes = ["replicated", "global", "replicated-job", "global-job"];

/** What a Swarm refuses of `deploy:` of a service. */
export function deployFlaws(body: Record<string, unknown>): SwarmFlaw[] {
  const deploy = mapAt(body, "deploy");
  const { mode, replicas, update_config: update, endpoint_mode: endpoint, restart_policy: policy } = deploy;
  const { devices, generic_resources: generic } = mapAt(mapAt(deploy, "resources"), "reservations");
  const { constraints } = mapAt(deploy, "placement");
  const flaw = (message: string, write: string): SwarmFlaw => ({ key: "deploy", message, write });
  const isKnown = mode === undefined || String(mode).includes("$") || modes.includes(String(mode));
  return [
    ...(devices === undefined ? [] : [flaw("a Swarm refuses deploy.resources.reservations.devices:", "gpu: 1")]),
    // docker/cli knows the key, and released NVIDIA toolkits do not give a container the card that Swarm counted
    ...(generic === undefined ? [] : [
      flaw("counting cards by generic_resources: does not work with released versions of NVIDIA's toolkit", "gpu: 1"),
    ]),
    ...(isKnown ? [] : [flaw(`a Swarm has no mode: ${String(mode)}`, `mode: ${modes.join(", ")}`)]),
    ...(String(mode).startsWith("global") && replicas !== undefined && replicas !== null
      ? [flaw(`a Swarm refuses replicas: with mode: ${String(mode)}`, "mode: replicated, or no replicas:")]
      : []),
    ...(String(mode).endsWith("-job") && isMap(update)
      ? [flaw(`a Swarm refuses update_config: with mode: ${String(mode)}`, `mode: ${String(mode)} without it`)]
      : []),
    ...(endpoint === "dnsrr" && onAllNodes(body.ports)
      ? [flaw(
        "a Swarm refuses ports: with endpoint_mode: dnsrr",
        "endpoint_mode: vip, or mode: host for each port",
      )]
      : []),
    ...(isMap(policy) && policy.condition !== undefined && !/^(none|on-failure|any)$|\$/.test(String(policy.condition))
      ? [flaw(
        `a Swarm has no restart_policy with condition: ${String(policy.condition)}`,
        "condition: any, on-failure or none",
      )]
      : []),
    ...(Array.isArray(constraints) ? constraints : []).map(String).flatMap((one) =>
      constraintOf(one) || one.includes("$") ? [] : [flaw(
        one.trim() === ""
          ? "a constraint is empty: a variable in it has no value"
          : `no node can meet the constraint ${one}`,
        "node.hostname == NAME, or another one of node.id, node.ip, node.role, node.platform.os, node.platform.arch, " +
          "node.labels.NAME and engine.labels.NAME, with == or !=",
      )]
    ),
  ];
}

/** Whether a service publishes a port on all nodes. */
const onAllNodes = (ports: unknown) =>
  Array.isArray(ports) && ports.some((port) => !isMap(port) || port.mode !== "host");

/** A constraint. The key is in lower case, but a label keeps its case. */
export interface Constraint {
  key: string;
  equals: boolean;
  value: string;
}

/** Reads a constraint; undefined if Docker refuses it, or no node can meet it. */
export function constraintOf(text: string): Constraint | undefined {
  const [, name, operator, rest] = /^([A-Za-z_][\w.-]*)\s*(==|!=)(.*)$/s.exec(text.trim()) ?? [];
  const value = rest?.trim();
  if (name === undefined || value === undefined || !/^[\w\s.:*()?+[\]\\^$|/-]+$/.test(value)) return undefined;
  const key = name.replace(/^(node|engine)\.labels\.|^.*$/i, (part) => part.toLowerCase());
  const isKnown = /^(node\.(id|hostname|ip|role|platform\.os|platform\.arch)|(node|engine)\.labels\..+)$/.test(key);
  return isKnown ? { key, equals: operator === "==", value } : undefined;
}

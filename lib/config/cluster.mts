/** `cluster: swarm`: its rules, and what has no machine of its own and runs in the Swarm. */
import { swarmFlawsOf } from "./swarm-keys.mts";
import { swarmNameFlaw } from "./swarm-names.mts";
import { vendorIds } from "../host/vendors.mts";
import { enabled, projectName, type RawConfig, type RawMachine } from "./raw.mts";
import type { Reader } from "./reader.mts";
import { shapedStack } from "./stack.mts";
import type { Machine, Service, Stack, Swarm } from "./types.mts";

/** The name of the stack of the services without `machine:`. */
export const servicesStack = "homelab-gpu-swarm";

/** Whether a machine of the file requests a whole NVIDIA card. */
const hasNvidia = ({ gpu }: RawMachine) =>
  enabled(gpu).some(({ vendor_id = vendorIds.nvidia }) => vendor_id === vendorIds.nvidia);

/** The Swarm of a valid file; undefined without `cluster: swarm`. */
export function swarmIn({ cluster, machines, services = {}, stacks = [] }: RawConfig): Swarm | undefined {
  if (cluster === undefined) return undefined;
  const manager = machines[0]!.name;
  return {
    manager,
    services: Object.entries(services).flatMap(([name, { gpu, machine, body }]): Service[] =>
      machine === undefined ? [{ name, machine: manager, ...(gpu === undefined ? {} : { gpu }), body }] : []
    ),
    stacks: stacks.flatMap((stack, place): Stack[] =>
      stack.machine === undefined ? [{ ...shapedStack(stack, manager), place }] : []
    ),
  };
}

/**
 * A node of a Swarm: NVIDIA's runtime is the default one where it has an NVIDIA card, since a service
 * of a Swarm cannot name a runtime.
 */
export function withDefaultRuntime(machine: Machine): Machine {
  return machine.gpus.some(({ vendorId }) => vendorId === vendorIds.nvidia)
    ? { ...machine, driver: { ...machine.driver, defaultRuntime: true } }
    : machine;
}

/** Reports what does not fit `cluster: swarm`: machines that cannot be nodes, and keys that a Swarm ignores. */
export function checkCluster(raw: Partial<RawConfig>, machines: RawMachine[], reader: Reader): void {
  if (raw.cluster !== "swarm") return;
  const inLan = ({ network }: RawMachine) => network?.lan !== undefined;
  // a value that was refused is in the file, but not in what was read: it has its own message
  const wasRefused = (path: string, isRead: boolean) => reader.has(path) && !isRead;
  const isApart = machines.some(({ host }, i) =>
    host !== machines[0]!.host && !wasRefused(`machines.${i}.host`, host !== undefined)
  );
  machines.forEach((machine, i) => {
    const { name, engine, driver, provider } = machine;
    const at = `machines.${i}`;
    if (engine === "podman") {
      const message = `cluster: swarm joins Docker Engines, and ${name} has Podman`;
      reader.at(`${at}.engine`, message, "engine: docker");
    }
    if (provider !== undefined && provider !== "libvirt") {
      const message = `cluster: swarm needs VMs that reach each other, which is supported with libvirt only`;
      reader.at(`${at}.provider`, message, "provider: libvirt");
    }
    if (driver?.default_runtime === false && hasNvidia(machine)) {
      const message = `cluster: swarm needs NVIDIA's runtime as the default runtime of ${name}: a service of a Swarm ` +
        "cannot name a runtime";
      reader.at(`${at}.driver.default_runtime`, message, "default_runtime: true, or remove the key");
    }
    if (isApart) {
      if (!inLan(machine) && !wasRefused(`${at}.network.lan`, false)) {
        const message = `the nodes of a Swarm on several hosts need a network card in the LAN: no other host reaches ` +
          `the NAT network of ${name}`;
        const at = reader.has(`machines.${i}.network`) ? `machines.${i}.network` : `machines.${i}.name`;
        reader.at(at, message, "network: {lan: br0}, with a bridge of its host");
      }
    } else if (inLan(machine) !== inLan(machines[0]!) && !wasRefused(`${at}.network.lan`, inLan(machine))) {
      const message = "the nodes of a Swarm need one network: some of these machines are in the LAN and others are not";
      reader.at(
        reader.has(`${at}.network`) ? `${at}.network` : `${at}.name`,
        message,
        "network: {lan: …} for all, or for none",
      );
    }
  });
  (raw.stacks ?? []).forEach((stack, i) => {
    if (stack?.path === undefined || stack.machine !== undefined || reader.has(`stacks.${i}.machine`)) return;
    const name = stack.name ?? projectName(stack.path);
    if (name === servicesStack) {
      const message = `the stack name ${name} is reserved for services:`;
      reader.at(stack.name === undefined ? `stacks.${i}.path` : `stacks.${i}.name`, message, "name: …");
    }
    if (stack.compose && stack.compose.length > 0) {
      const message = `stack ${name}: docker stack deploy has none of the arguments of docker compose up`;
      reader.at(`stacks.${i}.compose`, message, "remove it, or write machine: NAME");
    }
  });
  for (const [name, { gpu, machine, body }] of Object.entries(raw.services ?? {})) {
    if (machine !== undefined || reader.has(`services.${name}.machine`)) continue;
    const path = `services.${name}`;
    if (gpu !== undefined && !machines.some(hasNvidia)) {
      const message = `service ${name} needs a GPU, and no machine of the Swarm has an NVIDIA card`;
      reader.at(`${path}.gpu`, message, "machine: NAME for a card of another vendor, or gpu: of a machine");
    }
    const refused = swarmNameFlaw(name, servicesStack);
    if (refused) {
      reader.at(
        path,
        `the name of service ${name} ${refused.is}`,
        refused.write ?? `at most ${refused.most} characters`,
      );
    }
    for (const { key, message, write, remove } of swarmFlawsOf(body)) {
      const instead = write ?? (remove === undefined ? undefined : `remove it: ${remove}`);
      const other = "machine: NAME";
      reader.at(
        `${path}.${key}`,
        `service ${name}: ${message}`,
        instead === undefined ? other : `${instead}, or ${other}`,
      );
    }
  }
}

/** Rules that involve several keys of the config. */
import { dependenciesOf } from "./dependencies.mts";
import { checkCluster } from "./cluster.mts";
import { checkHosts } from "./hosts.mts";
import { checkFolders } from "./folders.mts";
import { file } from "./keys.mts";
import { checkNetwork } from "./network.mts";
import { enabled, home, projectName, type RawConfig, type RawMachine, type RawStack } from "./raw.mts";
import type { Reader } from "./reader.mts";
import { closest } from "../suggest.mts";

/**
 * Checks rules that involve several keys. Values that are wrong alone were reported before and are
 * undefined here.
 */
export function checkTogether(raw: Partial<RawConfig>, reader: Reader): void {
  const machines = (raw.machines ?? []).map((machine): Partial<RawMachine> => machine ?? {}) as RawMachine[];
  if (raw.machines?.length === 0) {
    reader.at("machines", "machines is an empty list", file.example);
  }
  const named = new Set<string>();
  const built = new Map<string, RawMachine>();
  const addresses = new Set<string>();
  machines.forEach((machine, i) => {
    const path = `machines.${i}`;
    if (named.has(machine.name?.toLowerCase())) {
      reader.at(`${path}.name`, `two machines are named ${machine.name}`, `name: ${machine.name}-2`);
    }
    if (machine.name !== undefined) named.add(machine.name.toLowerCase());
    const other = built.get(machine.box);
    if (!other && machine.box !== undefined) built.set(machine.box, machine);
    if (other && (other.image ?? machine.image) !== undefined && recipe(other) !== recipe(machine)) {
      const message =
        `machines ${other.name} and ${machine.name} build the box ${machine.box} from different settings ` +
        "(image, provision, driver, engine or GPU)";
      reader.at(`${path}.box`, message, `box: ${machine.box}-2`);
    }
    for (const key of ["disk", "data"] as const) {
      const size = machine[key];
      if (size === undefined || size % 1024 === 0) continue;
      reader.at(`${path}.${key}`, `${key} is in whole GiB`, `${key}: ${Math.ceil(size / 1024)} GiB`);
    }
    checkFolders(machine.folders ?? [], `${path}.folders`, reader);
    checkNetwork(machine.network ?? {}, `${path}.network`, addresses, reader);
    checkImage(machine.image, `${path}.image`, reader);
  });
  checkHosts(raw, machines, reader);
  checkCluster(raw, machines, reader);
  const inSwarm = raw.cluster === "swarm";
  const names = machines.map(({ name }) => name).filter((name) => name !== undefined);
  checkStacks(raw.stacks ?? [], machines, inSwarm, reader);
  const services = raw.services ?? {};
  const homes = Object.fromEntries(
    Object.entries(services).map(([name, { gpu, machine }]) => [
      name,
      machine ?? (inSwarm ? "" : home(gpu !== undefined, machines)),
    ]),
  );
  for (const [name, { gpu, machine, body }] of Object.entries(services)) {
    const path = `services.${name}`;
    for (const other of dependenciesOf(body)) {
      if (!Object.hasOwn(services, other)) {
        const meant = closest(other, Object.keys(services).filter((one) => one !== name));
        const message = `service ${name} needs ${other}, but there is no service of that name`;
        const missing = `a service ${other} in services:, or leave ${other} out`;
        reader.at(path, message, meant === undefined ? missing : `${meant} instead of ${other}`);
      } else if (homes[other] !== homes[name] && homes[other] !== undefined && homes[name] !== undefined) {
        const swarms = homes[other] === "" || homes[name] === "";
        const message = !swarms
          ? `service ${name} needs ${other}, but it runs on another machine, which Compose cannot reach`
          : `service ${name} needs ${other}, but only one of them runs in the Swarm`;
        reader.at(path, message, homes[other] === "" ? "both without machine:" : `machine: ${homes[other]}`);
      }
    }
    if (machine !== undefined && !names.includes(machine)) {
      reader.at(
        `${path}.machine`,
        `service ${name} runs on ${machine}, but there is no machine of that name`,
        `machine: ${closest(machine, names) ?? [...new Set(names)].join(" or ")}`,
      );
    }
    if (machine === undefined && names.length > 1 && !inSwarm && home(gpu !== undefined, machines) === undefined) {
      reader.at(
        path,
        `service ${name} does not name its machine`,
        `machine: ${[...new Set(names)].join(" or ")}`,
      );
    }
  }
}

/** Checks stacks: each one's machine must exist, and names must be unique. */
function checkStacks(stacks: Partial<RawStack>[], machines: RawMachine[], inSwarm: boolean, reader: Reader): void {
  const names = machines.map(({ name }) => name).filter((name) => name !== undefined);
  const taken = new Set<string>();
  stacks.forEach((stack, i) => {
    const at = `stacks.${i}`;
    if (stack?.path === undefined) return;
    const name = stack.name ?? projectName(stack.path);
    const where = stack.name === undefined ? `${at}.path` : `${at}.name`;
    if (name === "") reader.at(where, `the stack needs a name: none can be derived from ${stack.path}`, "name: …");
    else if (name === "homelab-gpu") {
      reader.at(where, "the project name homelab-gpu is reserved for services:", "name: …");
    } else if (taken.has(name)) reader.at(where, `two stacks are named ${name}`, `name: ${name}-2`);
    taken.add(name);
    if (stack.machine !== undefined && !names.includes(stack.machine)) {
      reader.at(
        `${at}.machine`,
        `stack ${name} runs on ${stack.machine}, but there is no machine of that name`,
        `machine: ${closest(stack.machine, names) ?? [...new Set(names)].join(" or ")}`,
      );
    }
    if (
      stack.machine === undefined && names.length > 1 && !inSwarm && !home(false, machines) && !home(true, machines)
    ) {
      reader.at(
        at,
        `stack ${name} does not name its machine`,
        `machine: ${[...new Set(names)].join(" or ")}`,
      );
    }
  });
}

function checkImage(image: RawMachine["image"], path: string, reader: Reader): void {
  if (typeof image !== "object") return;
  if (image.checksum !== undefined && image.url === undefined) {
    reader.at(`${path}.checksum`, "checksum is used with url only", "image: {url: https://…, checksum: sha256:…}");
  }
  if (image.mirror !== undefined && image.debootstrap === undefined) {
    reader.at(
      `${path}.mirror`,
      "mirror is used with debootstrap only",
      "image: {debootstrap: trixie, mirror: http://…}",
    );
  }
  if (image.url !== undefined && image.checksum === undefined) {
    reader.at(path, "a url needs a checksum to verify the download", "checksum: sha256:…");
  }
}

/**
 * Everything that a box is built from, as text. Machines with the same box must have the same text.
 */
function recipe(
  { image, provision = [], driver = {}, engine, engine_repository, engine_key, gpu }: RawMachine,
): string {
  return JSON.stringify([
    image,
    provision,
    driver,
    engine ?? "docker",
    engine_repository,
    engine_key,
    enabled(gpu).map(({ vendor_id, mode }) => [vendor_id, mode]),
  ]);
}

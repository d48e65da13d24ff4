/** The state of a lab between runs: `state.json` in its folder. */
import { isMap } from "../maps.mts";
import type { Shell } from "../shell.mts";

/**
 * A function that is passed to a VM, and the host driver that it had before: null if it had none,
 * absent if that was not read.
 */
export interface PreviousDriver {
  /** `0000:0a:00.0` */
  bdf: string;
  vendor?: string;
  device?: string;
  driver?: string | null;
}

/**
 * A successful verification. It is valid while the VM keeps running and nothing that was verified
 * changes.
 */
export interface Proof {
  bootId: string;
  /** SHA-256 of the Compose file. */
  services: string;
  /** State of the host's driver that the guest has a copy of; absent if it has none. */
  driver?: string;
  /**
   * SHA-256 of what each Compose project of the VM was started from, by its name; absent in proofs of
   * earlier versions.
   */
  projects?: Record<string, string>;
  /**
   * Set while steps change what was proven: it stays if they fail, or if the VM is not proven after
   * them. A failed `verify` sets it too.
   */
  invalid?: true;
  /** Time, ISO 8601. */
  at: string;
}

/** A version of a box in Vagrant. */
export interface BoxVersion {
  name: string;
  /** `1.HASH.TIME` for a box that is built here. */
  version: string;
}

/** An upgrade that has begun and is not finished: until then, both boxes stay in Vagrant. */
export interface Upgrade {
  /** The box that the VM had. */
  from: BoxVersion;
  /** The new box, without the last part of its version: `1.HASH`. */
  to: BoxVersion;
  /** Time of its start, ISO 8601: the new box is built later. */
  at: string;
  /** Set once the new box is not proven: the VM gets its old box back. */
  failed?: true;
}

/** A Swarm as it was last set up. */
export interface SwarmState {
  /** Name of the machine that is its manager. */
  manager: string;
  /** Names of its machines, the manager included. */
  nodes: string[];
  /** SHA-256 of the file of its services; absent while steps change the Swarm, and if they failed. */
  services?: string;
  /** The digest of each of its stacks as it was deployed; empty while steps change it, and if they failed. */
  stacks?: Record<string, string>;
  /** With machines on several hosts: the id that each node had in this Swarm when it was seen last, by machine. */
  ids?: Record<string, string>;
}

/** The record of a Swarm that the next `up` looks at: with the names of its stacks, but without what was deployed. */
export function unsureSwarm({ manager, nodes, stacks, ids }: SwarmState): SwarmState {
  const left = Object.entries(ids ?? {}).filter(([name]) => nodes.includes(name));
  return {
    ...{ manager, nodes },
    ...(stacks ? { stacks: Object.fromEntries(Object.keys(stacks).map((name) => [name, ""])) } : {}),
    ...(left.length > 0 ? { ids: Object.fromEntries(left) } : {}),
  };
}

/** The record of a Swarm after VMs were removed: without them, and to be looked at by the next `up`. */
export function swarmAfter(swarm: SwarmState | undefined, removed: string[]): SwarmState | undefined {
  if (!swarm || removed.includes(swarm.manager)) return undefined;
  const nodes = swarm.nodes.filter((name) => !removed.includes(name));
  if (nodes.length === 0) return undefined;
  return nodes.length === swarm.nodes.length ? swarm : unsureSwarm({ ...swarm, nodes });
}

/** `state.json` in the lab's folder. */
export interface State {
  schema: "homelab-gpu/state/2";
  proofs: Record<string, Proof>;
  /** The drivers of each machine's card before it was passed to the VM. */
  previousDrivers: Record<string, PreviousDriver[]>;
  /**
   * Set while `destroy` is unfinished: its VMs may be gone although libvirt's copies of their boxes
   * still exist.
   */
  removing?: true;
  /** Unfinished upgrades by machine; absent where there are none. */
  upgrades?: Record<string, Upgrade>;
  /** The Swarm of its machines; absent where there is none. */
  swarm?: SwarmState;
}

/** Writes `state.json` into the lab's folder. */
export async function writeState(shell: Shell, folder: string, state: State): Promise<void> {
  await shell.write(`${folder}/state.json`, `${JSON.stringify(state, null, 2)}\n`);
}

/**
 * Reads the state. Unreadable parts of the file are ignored, and `warn` gets a sentence for each.
 */
export async function readState(shell: Shell, folder: string, warn?: (sentence: string) => void): Promise<State> {
  const path = `${folder}/state.json`;
  const text = await shell.read(path);
  return text === undefined ? emptyState() : parseState(text, (part) => warn?.(`${path}: ${part}`));
}

/** The state of a new lab. */
const emptyState = (): State => ({
  schema: "homelab-gpu/state/2",
  proofs: {},
  previousDrivers: {},
});

/**
 * Parses the text of `state.json`: version 2, or version 1 with its older key names. `warn` is
 * called for each ignored part, with the reason.
 */
export function parseState(text: string, warn: (part: string) => void = () => {}): State {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch {
    warn("it is not JSON and is ignored");
    return emptyState();
  }
  if (!isMap(state) || (state.schema !== "homelab-gpu/state/2" && state.schema !== "homelab-gpu/state/1")) {
    warn("this version does not know its format, and ignores it");
    return emptyState();
  }
  // version 1, until 0.1.0
  const old = state.schema === "homelab-gpu/state/1";
  const drivers = old ? "handed" : "previousDrivers";
  const upgrades = readable(state, "upgrades", warn, upgradeIn);
  return {
    ...emptyState(),
    proofs: readable(state, "proofs", warn, (value) => proofIn(value, old)),
    previousDrivers: readable(state, drivers, warn, driversIn),
    ...(state.removing === true ? { removing: true } : {}),
    ...(Object.keys(upgrades).length > 0 ? { upgrades } : {}),
    ...swarmOf(state.swarm, warn),
  };
}

/** The entry of a Swarm, if there is one that can be read. */
function swarmOf(value: unknown, warn: (part: string) => void): Pick<State, "swarm"> {
  if (value === undefined) return {};
  const isName = (one: unknown): one is string => isText(one, /^[a-zA-Z0-9-]+$/);
  if (isMap(value) && isName(value.manager) && Array.isArray(value.nodes) && value.nodes.every(isName)) {
    const { manager, nodes, services, stacks, ids } = value;
    const areIds = isMap(ids) &&
      Object.entries(ids).every(([name, id]) => isName(name) && isText(id, /^[a-z0-9]+$/));
    const areStacks = isMap(stacks) &&
      Object.entries(stacks).every(([name, digest]) => isText(name, /^[a-z0-9_-]+$/) && isText(digest, /^[0-9a-f]*$/));
    return {
      swarm: {
        ...{ manager, nodes },
        ...(isText(services, /^[0-9a-f]{64}$/) ? { services: services as string } : {}),
        ...(areStacks ? { stacks: stacks as Record<string, string> } : {}),
        ...(areIds ? { ids: ids as Record<string, string> } : {}),
      },
    };
  }
  warn("swarm cannot be read and is ignored");
  return {};
}

/** The readable entries of a map. */
function readable<T>(
  state: Record<string, unknown>,
  key: string,
  warn: (part: string) => void,
  read: (value: unknown) => T | undefined,
): Record<string, T> {
  const value = Object.hasOwn(state, key) ? state[key] : {};
  if (!isMap(value)) {
    warn(`${key} is not a map and is ignored`);
    return {};
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, entry]): [string, T][] => {
      const parsed = read(entry);
      if (parsed === undefined) warn(`${key} of ${name} cannot be read and is ignored`);
      return parsed === undefined ? [] : [[name, parsed]];
    }),
  );
}

function proofIn(value: unknown, old: boolean): Proof | undefined {
  if (!isMap(value)) return undefined;
  const { services, at, driver, projects, invalid } = value;
  const bootId = value[old ? "run" : "bootId"];
  if (typeof bootId !== "string" || typeof services !== "string" || typeof at !== "string") return undefined;
  if (driver !== undefined && typeof driver !== "string") return undefined;
  const isHash = (hash: unknown) => typeof hash === "string";
  if (projects !== undefined && !(isMap(projects) && Object.values(projects).every(isHash))) return undefined;
  return {
    ...{ bootId, services, ...(driver === undefined ? {} : { driver }) },
    ...(projects === undefined ? {} : { projects: projects as Record<string, string> }),
    ...(invalid === undefined ? {} : { invalid: true as const }),
    at,
  };
}

function upgradeIn(value: unknown): Upgrade | undefined {
  if (!isMap(value) || typeof value.at !== "string" || Number.isNaN(Date.parse(value.at))) return undefined;
  const [from, to] = [value.from, value.to].map((box) =>
    isMap(box) && typeof box.name === "string" && isText(box.version, /^[\w.-]+$/)
      ? box as unknown as BoxVersion
      : undefined
  );
  return from && to && { from, to, at: value.at, ...(value.failed === true ? { failed: true } : {}) };
}

const isText = (value: unknown, form: RegExp) => typeof value === "string" && form.test(value);

function driversIn(value: unknown): PreviousDriver[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const all = value.map((entry: unknown): PreviousDriver | undefined => {
    if (!isMap(entry) || !isText(entry.bdf, /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/)) return undefined;
    const { vendor, device, driver } = entry;
    if ([vendor, device].some((id) => id !== undefined && !isText(id, /^[0-9a-f]{4}$/))) return undefined;
    if (driver !== undefined && driver !== null && !isText(driver, /^[\w.-]+$/)) return undefined;
    return entry as unknown as PreviousDriver;
  });
  return all.every((entry) => entry !== undefined) ? all : undefined;
}

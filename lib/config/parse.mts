import type {
  Config,
  DriverRequest,
  GpuRequest,
  Image,
  Machine,
  OtherHost,
  Service,
  SharedFolder,
  Stack,
} from "./types.mts";
import { swarmIn, withDefaultRuntime } from "./cluster.mts";
import { shapedStack } from "./stack.mts";
import { guestPath } from "./folders.mts";
import type { ConfigError } from "../errors.mts";
import { file } from "./keys.mts";
import { decodeFile } from "../encoding.mts";
import { lineStarts, placeAt } from "../places.mts";
import { enabled, home, type RawConfig, type RawDriver, type RawMachine } from "./raw.mts";
import { nameLookalikes } from "./lookalikes.mts";
import { Reader } from "./reader.mts";
import { checkTogether } from "./rules.mts";
import { configError } from "./config-error.mts";
import { vendorIds } from "../host/vendors.mts";

/**
 * Parses `homelab-gpu.yaml` into a Config. Values that depend on the host stay undefined.
 *
 * Takes the file's text as the shell reads it (encoding.mts describes bytes that are not UTF-8),
 * and the file name for errors. Throws ConfigError with every mistake: place, line, and what to
 * write instead.
 */
export function parseConfig(raw: string, name = "homelab-gpu.yaml"): Config {
  const { text, problem } = decodeFile(raw);
  if (problem) throw configError([{ ...placeAt(lineStarts(text), problem.at), ...problem }], text, name);
  const reader = new Reader(text);
  if (reader.problems.length > 0) throw configError(reader.problems, text, name);
  const found = reader.read(file);
  if (found) checkTogether(found as Partial<RawConfig>, reader);
  if (reader.problems.length > 0) throw configError(nameLookalikes(text, reader.problems), text, name);
  return shaped(found as RawConfig);
}

/** A problem of a valid config, with its path in the file (`machines.0.image.file`), and what to write instead. */
export interface Flaw {
  path: string;
  message: string;
  instead?: string;
}

/** The ConfigError for problems found in a valid config. */
export function configErrorAt(raw: string, name: string, problems: Flaw[]): ConfigError {
  const { text } = decodeFile(raw);
  const reader = new Reader(text);
  reader.read(file);
  for (const { path, message, instead } of problems) reader.at(path, message, instead);
  return configError(reader.problems, text, name);
}

function shaped(raw: RawConfig): Config {
  const machines = raw.machines.map(shapedMachine).map((one) => raw.cluster ? withDefaultRuntime(one) : one);
  const swarm = swarmIn(raw);
  const services = Object.entries(raw.services ?? {}).flatMap(([name, { gpu, machine, body }]): Service[] =>
    swarm && machine === undefined ? [] : [{
      name,
      machine: machine ?? home(gpu !== undefined, raw.machines)!,
      ...(gpu === undefined ? {} : { gpu }),
      body,
    }]
  );
  const stacks = (raw.stacks ?? []).flatMap((stack, i): Stack[] => {
    if (!swarm) return [shapedStack(stack, stack.machine ?? home(false, raw.machines) ?? home(true, raw.machines)!)];
    return stack.machine === undefined ? [] : [{ ...shapedStack(stack, stack.machine), place: i }];
  });
  const hosts = [...new Set(raw.machines.map(({ host }) => host))].map((name) =>
    name === undefined ? null : otherHost(name, raw.hosts![name]!.ssh)
  );
  const where = hosts.length > 1 ? { hosts } : hosts[0] ? { host: hosts[0] } : {};
  return { machines, services, stacks, ...where, ...(swarm ? { swarm } : {}) };
}

function otherHost(name: string, ssh: string): OtherHost {
  const [, login = "", port] = /^(?:ssh:\/\/)?(.*?)(?::(\d+))?$/.exec(ssh) ?? [];
  return { name, login, ...(port === undefined ? {} : { port }) };
}

function shapedMachine(
  {
    gpu,
    image,
    folders,
    driver = {},
    engine = "docker",
    engine_repository,
    engine_key,
    provision = [],
    ...same
  }: RawMachine,
): Machine {
  return {
    ...same,
    ...(folders === undefined || folders.length === 0 ? {} : { folders: folders.map(shapedFolder) }),
    ...(engine_repository === undefined ? {} : { engineRepository: engine_repository }),
    ...(engine_key === undefined ? {} : { engineKey: engine_key }),
    ...(image === undefined ? {} : { image: shapedImage(image) }),
    gpus: enabled(gpu).map(({ vendor_id, device_id, address, mode, partition_count }): GpuRequest => ({
      vendorId: vendor_id ?? vendorIds.nvidia,
      ...(device_id === undefined ? {} : { deviceId: device_id }),
      ...(address === undefined ? {} : { address: fullAddress(address) }),
      ...(mode === undefined ? {} : { mode }),
      ...(partition_count === undefined ? {} : { partitionCount: partition_count }),
    })),
    driver: shapedDriver(driver),
    engine,
    provision,
  };
}

function shapedFolder({ from, to, read_only = true }: NonNullable<RawMachine["folders"]>[number]): SharedFolder {
  return { from, to: guestPath(to), readOnly: read_only };
}

function shapedDriver({ default_runtime, toolkit_repository, toolkit_key, ...same }: RawDriver): DriverRequest {
  return {
    ...same,
    ...(default_runtime === undefined ? {} : { defaultRuntime: default_runtime }),
    ...(toolkit_repository === undefined ? {} : { toolkitRepository: toolkit_repository }),
    ...(toolkit_key === undefined ? {} : { toolkitKey: toolkit_key }),
  };
}

function shapedImage(image: NonNullable<RawMachine["image"]>): Image {
  if (typeof image === "string") return { kind: "known", name: image };
  const { file, url, checksum = "", debootstrap = "", mirror } = image;
  if (file !== undefined) return { kind: "file", file };
  if (url !== undefined) return { kind: "url", url, checksum: checksum.toLowerCase() };
  return { kind: "debootstrap", suite: debootstrap, ...(mirror === undefined ? {} : { mirror }) };
}

/** `0a:00.0` → `0000:0a:00.0` */
function fullAddress(address: string): string {
  return (address.length === 7 ? `0000:${address}` : address).toLowerCase();
}

import type { Config, DriverRequest, Engine, GpuRequest, Image, Machine, Mode, Service, Stack } from "./types.mts";
import { dependenciesOf } from "./dependencies.mts";
import type { ConfigError } from "../errors.mts";
import { file } from "./keys.mts";
import { decodeFile } from "../encoding.mts";
import { lineStarts, placeAt } from "../places.mts";
import { Reader } from "./reader.mts";
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
  const found = reader.read(file);
  if (found) checkTogether(found as Partial<RawConfig>, reader);
  if (reader.problems.length > 0) throw configError(reader.problems, text, name);
  return shaped(found as RawConfig);
}

/**
 * The ConfigError for problems found in a valid config, each with its path in the file
 * (`machines.0.image.file`).
 */
export function configErrorAt(raw: string, name: string, problems: { path: string; message: string }[]): ConfigError {
  const { text } = decodeFile(raw);
  const reader = new Reader(text);
  reader.read(file);
  for (const { path, message } of problems) reader.at(path, message);
  return configError(reader.problems, text, name);
}

interface RawGpu {
  enabled?: boolean;
  vendor_id?: string;
  device_id?: string;
  address?: string;
  mode?: Mode;
  partition_count?: number;
}

type RawDriver = Pick<DriverRequest, "source" | "branch" | "modules" | "repository" | "key" | "dxgkrnl"> & {
  default_runtime?: boolean;
  toolkit_repository?: string;
  toolkit_key?: string;
};

interface RawMachine {
  name: string;
  provider?: string;
  box: string;
  image?: string | { file?: string; url?: string; checksum?: string; debootstrap?: string; mirror?: string };
  cpus?: number;
  memory?: number;
  disk?: number;
  data?: number;
  accelerator?: "kvm" | "tcg";
  autostart?: boolean;
  network?: { switch?: string };
  libvirt?: string;
  gpu?: RawGpu | RawGpu[];
  driver?: RawDriver;
  engine?: Engine;
  engine_repository?: string;
  engine_key?: string;
  provision?: string[];
}

interface RawStack {
  path: string;
  machine?: string;
  name?: string;
  profiles?: string[];
  env?: Record<string, string | null>;
}

interface RawConfig {
  machines: RawMachine[];
  services?: Record<string, { gpu?: number | "all"; machine?: string; body: Record<string, unknown> }>;
  stacks?: RawStack[];
}

function shaped(raw: RawConfig): Config {
  const machines = raw.machines.map(shapedMachine);
  const services = Object.entries(raw.services ?? {}).map(([name, { gpu, machine, body }]): Service => ({
    name,
    machine: machine ?? home(gpu !== undefined, raw.machines)!,
    ...(gpu === undefined ? {} : { gpu }),
    body,
  }));
  const stacks = (raw.stacks ?? []).map(({ path, machine, name, profiles = [], env = {} }): Stack => ({
    name: name ?? projectName(path),
    path,
    machine: machine ?? home(false, raw.machines) ?? home(true, raw.machines)!,
    profiles,
    env,
  }));
  return { machines, services, stacks };
}

/**
 * The name that Compose gives the project of a folder: the folder's name in lower case, reduced to
 * letters, digits, hyphens and underscores.
 */
function projectName(path: string): string {
  const folder = path.replace(/[\\/]+$/, "").split(/[\\/]/).at(-1) ?? "";
  return folder.toLowerCase().replace(/[^a-z0-9_-]/g, "").replace(/^[_-]+/, "");
}

function shapedMachine(
  { gpu, image, driver = {}, engine = "docker", engine_repository, engine_key, provision = [], ...same }: RawMachine,
): Machine {
  return {
    ...same,
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

function shapedDriver({ default_runtime, toolkit_repository, toolkit_key, ...same }: RawDriver): DriverRequest {
  return {
    ...same,
    ...(default_runtime === undefined ? {} : { defaultRuntime: default_runtime }),
    ...(toolkit_repository === undefined ? {} : { toolkitRepository: toolkit_repository }),
    ...(toolkit_key === undefined ? {} : { toolkitKey: toolkit_key }),
  };
}

function enabled(gpu: RawMachine["gpu"] = []): RawGpu[] {
  return (Array.isArray(gpu) ? gpu : [gpu]).filter((card) => card && card.enabled !== false);
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

/**
 * The machine of a service that names none: the only machine, or, for a service with a GPU, the
 * only machine with a GPU.
 */
function home(gpu: boolean, machines: RawMachine[]): string | undefined {
  const able = gpu ? machines.filter((machine) => enabled(machine.gpu).length > 0) : machines;
  if (able.length === 1) return able[0]!.name;
  return machines.length === 1 ? machines[0]!.name : undefined;
}

// ------------------------------------------------------------------ rules across keys

/**
 * Checks rules that involve several keys. Values that are wrong alone were reported before and are
 * undefined here.
 */
function checkTogether(raw: Partial<RawConfig>, reader: Reader): void {
  const machines = (raw.machines ?? []).map((machine): Partial<RawMachine> => machine ?? {}) as RawMachine[];
  if (raw.machines?.length === 0) {
    reader.at("machines", "machines is an empty list", "machines: [{name: devlab, box: devlab/debian-13}]");
  }
  const named = new Set<string>();
  const built = new Map<string, RawMachine>();
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
    checkImage(machine.image, `${path}.image`, reader);
  });
  const names = machines.map(({ name }) => name).filter((name) => name !== undefined);
  checkStacks(raw.stacks ?? [], machines, reader);
  const services = raw.services ?? {};
  const homes = Object.fromEntries(
    Object.entries(services).map(([name, { gpu, machine }]) => [name, machine ?? home(gpu !== undefined, machines)]),
  );
  for (const [name, { gpu, machine, body }] of Object.entries(services)) {
    const path = `services.${name}`;
    for (const other of dependenciesOf(body)) {
      if (!Object.hasOwn(services, other)) {
        reader.at(path, `service ${name} needs ${other}, but there is no service of that name`);
      } else if (homes[other] !== homes[name] && homes[other] !== undefined && homes[name] !== undefined) {
        const message = `service ${name} needs ${other}, but it runs on another machine, which Compose cannot reach`;
        reader.at(path, message, `machine: ${homes[other]}`);
      }
    }
    if (machine !== undefined && !names.includes(machine)) {
      reader.at(
        `${path}.machine`,
        `service ${name} runs on ${machine}, but there is no machine of that name`,
        `machine: ${[...new Set(names)].join(" or ")}`,
      );
    }
    if (machine === undefined && names.length > 1 && home(gpu !== undefined, machines) === undefined) {
      reader.at(
        path,
        `service ${name} does not name its machine`,
        `machine: ${[...new Set(names)].join(" or ")}`,
      );
    }
  }
}

/** Checks stacks: each one's machine must exist, and names must be unique. */
function checkStacks(stacks: Partial<RawStack>[], machines: RawMachine[], reader: Reader): void {
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
        `machine: ${[...new Set(names)].join(" or ")}`,
      );
    }
    if (stack.machine === undefined && names.length > 1 && !home(false, machines) && !home(true, machines)) {
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

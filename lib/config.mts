import type { Config, DriverWish, GpuWish, Image, Machine, Service } from "./types.mts";
import { file } from "./keys.mts";
import { configError, Reader } from "./reader.mts";

/**
 * `homelab-gpu.yaml` → what it wishes for, with nothing filled in that the host decides.
 *
 * Takes the text, and the name that errors call it by.
 * Throws ConfigError with everything that is wrong: place, line, what to write instead.
 */
export function parseConfig(text: string, name = "homelab-gpu.yaml"): Config {
  const reader = new Reader(text);
  const raw = reader.read(file) as RawConfig | undefined;
  const config = raw && shaped(raw, reader);
  if (reader.problems.length > 0 || !config) throw configError(reader.problems, text, name);
  return config;
}

interface RawGpu {
  enabled?: boolean;
  vendor_id?: string;
  device_id?: string;
  address?: string;
  mode?: GpuWish["mode"];
  partition_count?: number;
}

interface RawMachine {
  name: string;
  provider?: string;
  box: string;
  image?: string | { file?: string; url?: string; checksum?: string; debootstrap?: string; mirror?: string };
  cpus?: number;
  memory?: number;
  accelerator?: "kvm" | "tcg";
  gpu?: RawGpu | RawGpu[];
  driver?: DriverWish;
  provision?: string[];
}

interface RawConfig {
  machines: RawMachine[];
  services?: Record<string, { gpu?: number | "all"; machine?: string; body: Record<string, unknown> }>;
}

function shaped(raw: RawConfig, reader: Reader): Config {
  const machines = raw.machines.map((machine, i) => shapedMachine(machine, `machines.${i}`, reader));
  if (machines.length === 0) reader.at("machines", "machines is an empty list", `machines: ${file.kind === "map" ? file.keys.machines!.example : ""}`);
  machines.forEach((machine, i) => {
    const first = machines.findIndex(({ name }) => name.toLowerCase() === machine.name.toLowerCase());
    if (first < i) reader.at(`machines.${i}.name`, `two machines are named ${machine.name}`, `name: ${machine.name}-2`);
    const other = machines.slice(0, i).find(({ box }) => box === machine.box);
    if (other && (recipe(other) !== recipe(machine))) {
      reader.at(
        `machines.${i}.box`,
        `machines ${other.name} and ${machine.name} build the box ${machine.box} in two ways (image, provision, driver or GPU)`,
        `box: ${machine.box}-2`,
      );
    }
  });
  const services = Object.entries(raw.services ?? {}).map(([name, { gpu, machine, body }]): Service => ({
    name,
    machine: machine ?? home(gpu !== undefined, machines) ?? unnamed(name, machines, reader),
    ...(gpu === undefined ? {} : { gpu }),
    body,
  }));
  for (const { name, machine } of services) {
    if (machine && !machines.some((candidate) => candidate.name === machine)) {
      const names = machines.map((candidate) => candidate.name);
      reader.at(`services.${name}.machine`, `service ${name} runs on ${machine}, and there is no machine of that name`, `machine: ${names.join(" or ")}`);
    }
  }
  return { machines, services };
}

function shapedMachine(raw: RawMachine, path: string, reader: Reader): Machine {
  const { gpu = [], image, driver = {}, provision = [], ...same } = raw;
  const cards = (Array.isArray(gpu) ? gpu : [gpu]).filter(({ enabled }) => enabled !== false);
  return {
    ...same,
    ...(image === undefined ? {} : { image: shapedImage(image, `${path}.image`, reader) }),
    gpus: cards.map(({ vendor_id, device_id, address, mode, partition_count }): GpuWish => ({
      vendorId: vendor_id ?? "10de",
      ...(device_id === undefined ? {} : { deviceId: device_id }),
      ...(address === undefined ? {} : { address: fullAddress(address) }),
      mode: mode ?? "passthrough",
      ...(partition_count === undefined ? {} : { partitionCount: partition_count }),
    })),
    driver,
    provision,
  };
}

function shapedImage(image: NonNullable<RawMachine["image"]>, path: string, reader: Reader): Image {
  if (typeof image === "string") return { kind: "known", name: image };
  const { file, url, checksum, debootstrap, mirror } = image;
  if (checksum !== undefined && url === undefined) reader.at(`${path}.checksum`, "checksum goes with url");
  if (mirror !== undefined && debootstrap === undefined) reader.at(`${path}.mirror`, "mirror goes with debootstrap");
  if (file !== undefined) return { kind: "file", file };
  if (url !== undefined) {
    if (checksum === undefined) reader.at(path, "a url needs its checksum, so that nothing else is booted", "checksum: sha256:…");
    return { kind: "url", url, checksum: (checksum ?? "").toLowerCase() };
  }
  return { kind: "debootstrap", suite: debootstrap ?? "", ...(mirror === undefined ? {} : { mirror }) };
}

/** `0a:00.0` → `0000:0a:00.0` */
function fullAddress(address: string): string {
  return (address.length === 7 ? `0000:${address}` : address).toLowerCase();
}

/** All that a box is built from: machines that share one must agree in it. */
function recipe({ image, provision, driver, gpus }: Machine): string {
  return JSON.stringify([image, provision, driver, gpus.map(({ vendorId, mode }) => [vendorId, mode])]);
}

function home(gpu: boolean, machines: Machine[]): string | undefined {
  const able = gpu ? machines.filter(({ gpus }) => gpus.length > 0) : machines;
  if (able.length === 1) return able[0]!.name;
  return machines.length === 1 ? machines[0]!.name : undefined;
}

function unnamed(service: string, machines: Machine[], reader: Reader): string {
  reader.at(`services.${service}`, `service ${service} does not say on which machine it runs`, `machine: ${machines.map(({ name }) => name).join(" or ")}`);
  return "";
}

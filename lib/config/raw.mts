/** The config as the file has it, and what both its rules and its final form derive from it. */
import type { DriverRequest, Engine, Mode, Network } from "./types.mts";

/** A GPU request as the file has it. */
export interface RawGpu {
  enabled?: boolean;
  vendor_id?: string;
  device_id?: string;
  address?: string;
  mode?: Mode;
  partition_count?: number;
}

/** The driver settings as the file has them. */
export type RawDriver = Pick<DriverRequest, "source" | "branch" | "modules" | "repository" | "key" | "dxgkrnl"> & {
  default_runtime?: boolean;
  toolkit_repository?: string;
  toolkit_key?: string;
};

/** A machine as the file has it. */
export interface RawMachine {
  name: string;
  host?: string;
  provider?: string;
  box: string;
  image?: string | { file?: string; url?: string; checksum?: string; debootstrap?: string; mirror?: string };
  cpus?: number;
  memory?: number;
  disk?: number;
  data?: number;
  folders?: { from: string; to: string; read_only?: boolean }[];
  accelerator?: "kvm" | "tcg";
  autostart?: boolean;
  network?: Network;
  libvirt?: string;
  gpu?: RawGpu | RawGpu[];
  driver?: RawDriver;
  engine?: Engine;
  engine_repository?: string;
  engine_key?: string;
  provision?: string[];
}

/** A stack as the file has it. */
export interface RawStack {
  path: string;
  machine?: string;
  name?: string;
  profiles?: string[];
  env?: Record<string, string | null>;
  compose?: string[];
}

/** The file as data, with its own key names: each value has the type of its key. */
export interface RawConfig {
  cluster?: "swarm";
  machines: RawMachine[];
  services?: Record<string, { gpu?: number | "all"; machine?: string; body: Record<string, unknown> }>;
  stacks?: RawStack[];
  hosts?: Record<string, { ssh: string }>;
}

/**
 * The name that Compose gives the project of a folder: the folder's name in lower case, reduced to
 * letters, digits, hyphens and underscores.
 */
export function projectName(path: string): string {
  const folder = path.replace(/[\\/]+$/, "").split(/[\\/]/).at(-1) ?? "";
  return folder.toLowerCase().replace(/[^a-z0-9_-]/g, "").replace(/^[_-]+/, "");
}

/** The requests of `gpu:` that are not turned off. */
export function enabled(gpu: RawMachine["gpu"] = []): RawGpu[] {
  return (Array.isArray(gpu) ? gpu : [gpu]).filter((card) => card && card.enabled !== false);
}

/**
 * The machine of a service that names none: the only machine, or, for a service with a GPU, the
 * only machine with a GPU.
 */
export function home(gpu: boolean, machines: RawMachine[]): string | undefined {
  const able = gpu ? machines.filter((machine) => enabled(machine.gpu).length > 0) : machines;
  if (able.length === 1) return able[0]!.name;
  return machines.length === 1 ? machines[0]!.name : undefined;
}

/** What is decided of a config on a host. */
import type { GpuRequest, Machine, Mode, Service } from "../config/types.mts";
import type { Project } from "../compose/project.mts";
import type { Accelerator, ExistingVm, Host } from "../host/types.mts";
import type { ComposeProject } from "../compose/types.mts";

/** A config whose machines are settled. */
export interface Resolved {
  machines: ResolvedMachine[];
  services: Service[];
  /** Compose projects (`stacks:`) as they were read; absent where none were read. */
  projects?: ComposeProject[];
  /** The Compose projects, as they were read; absent where they were not looked at, as with a saved probe. */
  stacks?: Project[];
  /** Variables without a value that inline services use, by machine: `SERVICE: NAME`. */
  unset?: Record<string, string[]>;
}

/** A machine with everything settled that its host decides. */
export type ResolvedMachine = Omit<Machine, "gpus"> & {
  gpus: ResolvedGpuRequest[];
  provider: string;
  cpus: number;
  memory: number;
  accelerator: Accelerator;
} & ExistingVm;

/** A card of a machine whose provider is settled. */
export type ResolvedGpuRequest = GpuRequest & { mode: Mode };

/** A provider of VMs: one file in `lib/providers`, its template, its name in the registry. */
export interface Provider {
  /** Vagrant's name for it. */
  name: string;
  /** Its own name for itself. */
  title: string;
  /** The mode of a card whose config names none. */
  mode: Mode;
  /** Whether a host that could run it is seen not to have it; `settle` then looks further. */
  missing(host: Host): boolean;
  /** Tools it needs, by their names in `tools.mts`. */
  tools(host: Host, machine: ResolvedMachine): string[];
  /** Name of its template, and the values for the machine's block in the Vagrantfile. */
  template: string;
  values(machine: ResolvedMachine, host: Host, folder: string): Record<string, unknown>;
  /** Name of its Packer template. */
  packer: string;
}

/** What is decided about a config on a host. */
import type { GpuRequest, Machine, Mode, Service } from "../config/types.mts";
import type { Project } from "../compose/project.mts";
import type { Accelerator, ExistingVm, Host, Partitionable, PciFunction, VideoDriver } from "../host/types.mts";
import type { ComposeProject } from "../compose/types.mts";
import type { Chip, Modules } from "./architectures.mts";

/** A config whose machines are resolved. */
export interface Resolved {
  machines: ResolvedMachine[];
  services: Service[];
  /** What Compose makes of each stack; absent until it was read. */
  projects?: ComposeProject[];
  /** What is copied into the machines: their stacks, and the files of their inline services. */
  stacks?: Project[];
  /** Variables without a value that inline services use, by machine: `SERVICE: NAME`. */
  unset?: ReadonlyMap<string, string[]>;
}

/** A machine with everything that its host decides: provider, size, cards and drivers. */
export type ResolvedMachine = Omit<Machine, "gpus"> & {
  gpus: ResolvedGpuRequest[];
  provider: string;
  cpus: number;
  /** MiB. */
  memory: number;
  accelerator: Accelerator;
  /** The cards that were found and go whole to its VM, each once. */
  cards: Card[];
  /** Every function that goes to its VM, each once; undefined if a request does not match one card, so that nothing may be rendered. */
  assignedFunctions: PciFunction[] | undefined;
  /** The NVIDIA cards that go whole to its VM, as the host has them or else as the config names them; not those of unknown id. */
  nvidiaCards: NvidiaCard[];
  /** The NVIDIA driver that its box gets; undefined if it asks for no whole NVIDIA card, or if its box is not built here. */
  guestDriver: Driver | undefined;
} & ExistingVm;

/** A request for a card, with the way in which the card reaches the VM. */
export type GpuRequestWithMode = GpuRequest & { mode: Mode };

/** A request for a card, and what it matches on this host. */
export type ResolvedGpuRequest = GpuRequestWithMode & {
  match: CardMatch;
  /** The cards that Hyper-V can divide and that this request fits; for a request that a VM can get, there is one. */
  partitionable: Partitionable[];
  /** Windows' driver for the card, which also serves a part of it. */
  hostDriver: VideoDriver | undefined;
};

/** A graphics card: the display function that was asked for, and the functions around it that decide whether it can be passed through. */
export interface Card {
  gpu: PciFunction;
  /** The functions that go to the VM with it, itself included, by address: those of its slot, and those behind its own switch. */
  assignedFunctions: PciFunction[];
  /** Numbers of the IOMMU groups that these are in: usually one. */
  groups: string[];
  /** Functions of its slot that are not part of it: they stay on the host. */
  staysOnHost: PciFunction[];
  /** Functions of its groups that the same machine gets with another card. */
  alsoPassed: PciFunction[];
  /** The other endpoints of its groups: they block the card if a host driver holds them. */
  groupPeers: PciFunction[];
  /** Bridges of its groups: they never block the card and are never bound. */
  bridges: PciFunction[];
  /** Its active virtual functions: they end when it goes to the VM. */
  virtualFunctions: PciFunction[];
  /** BDFs whose group or driver is not known, so that no verdict on the group is possible. */
  unverified: string[];
}

/** What a request matches on a host. */
export type CardMatch =
  | { kind: "card"; card: Card }
  /** No such card; `there` are the cards that the host has. */
  | { kind: "none"; there: PciFunction[] }
  /** Several match: cards, or one card and its virtual functions. */
  | { kind: "several"; fitting: PciFunction[] }
  /** The PCI bus could not be read. */
  | { kind: "unknown" };

/** An NVIDIA card that a machine gets whole: its device id (hex text), and its chip where the id is known. */
export interface NvidiaCard {
  device: string;
  chip?: Chip;
}

/** The NVIDIA driver that a guest gets. */
export interface Driver {
  /** NVIDIA's package repository or the distribution's own packages. */
  source: "nvidia" | "distro";
  /** Undefined where only the guest's system decides, and that is not known. */
  branch?: number;
  /** Where the source has one version only. */
  version?: string;
  modules: Modules;
  /** Why it cannot work; empty if no reason is known. */
  problems: string[];
  /** What the user should know about it although it works. */
  cautions: string[];
}

/** A provider of VMs: one file in `lib/resolve/providers`, its template, its name in the registry. */
export interface Provider {
  /** Vagrant's name for it. */
  name: string;
  /** Its own name for itself. */
  title: string;
  /** The mode of a card whose config names none. */
  mode: Mode;
  /** Whether a host that could run it is known not to have it; the next provider is then the default. */
  missing(host: Host): boolean;
  /** Tools it needs, by their names in `tools.mts`. */
  tools(host: Host, machine: ResolvedMachine): string[];
  /** Name of its template, and the values for the machine's block in the Vagrantfile. */
  template: string;
  values(machine: ResolvedMachine, host: Host, folder: string): Record<string, unknown>;
  /** Name of its Packer template. */
  packer: string;
}

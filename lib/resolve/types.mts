/** A config resolved for a host. */
import type { GpuRequest, Image, Machine, Mode, Service, SharedSwarm, Swarm } from "../config/types.mts";
import type { Project } from "../compose/project.mts";
import type { Accelerator, ExistingVm, Host } from "../host/types.mts";
import type { FolderState } from "../host/folders.mts";
import type { Interfaces } from "../host/interfaces.mts";
import type { Partitionable, VideoDriver } from "../host/windows-types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import type { ComposeProject } from "../compose/types.mts";
import type { Chip, Modules } from "./architectures.mts";

/** A config whose machines are resolved. */
export interface Resolved {
  machines: ResolvedMachine[];
  services: Service[];
  /** The Swarm of all machines; absent without `cluster: swarm`. */
  swarm?: ResolvedSwarm;
  /** The Compose project of each stack; absent until the stacks were read. */
  projects?: ComposeProject[];
  /** What is copied into the machines: their stacks, and the files of their inline services. */
  stacks?: Project[];
  /** Variables without a value that inline services use, by machine: `SERVICE: NAME`. */
  unset?: ReadonlyMap<string, string[]>;
  /** The name of the host that the VMs are on, if that is not the machine that has the config. */
  otherHost?: string;
  /** The machines of the config's other hosts, if it has several. */
  elsewhere?: Machine[];
  /** With a Swarm whose nodes are on several hosts: its manager. `projects`: the other hosts' stacks, once read. */
  sharedSwarm?: SharedSwarm & { projects?: ComposeProject[] };
  /** The lab's folder, if it is on this host. */
  folder?: string;
  /** What is at the paths of `folders:` on this host; absent if it is not the host that is judged. */
  hostFolders?: Record<string, FolderState>;
  /** The network interfaces of this host; absent if no machine needs them, or it is not the host that is judged. */
  interfaces?: Interfaces;
}

/** A Swarm with its stacks as they were read. */
export type ResolvedSwarm = Omit<Swarm, "stacks"> & {
  /** What is copied to the manager. */
  stacks: Project[];
  /** The Compose project of each stack; absent until the stacks were read. */
  projects?: ComposeProject[];
};

/** A machine with everything that its host determines: provider, size, cards and drivers. */
export type ResolvedMachine = Omit<Machine, "gpus"> & {
  gpus: ResolvedGpuRequest[];
  provider: string;
  cpus: number;
  /** MiB. */
  memory: number;
  accelerator: Accelerator;
  /** The matching cards that are passed whole to its VM, each once. */
  cards: Card[];
  /**
   * Every function that is passed to its VM, each once; undefined if a request does not match
   * exactly one card, in which case nothing may be rendered.
   */
  assignedFunctions: PciFunction[] | undefined;
  /**
   * The NVIDIA cards that are passed whole to its VM, by the host's facts, or by the config where
   * the host has no match. Cards without a known id are left out.
   */
  nvidiaCards: NvidiaCard[];
  /**
   * The NVIDIA driver in its box; undefined if it requests no whole NVIDIA card, or if its box is
   * not built here.
   */
  guestDriver: Driver | undefined;
} & ExistingVm;

/** A request for a card, with the mode in which the card is passed to the VM. */
export type GpuRequestWithMode = GpuRequest & { mode: Mode };

/** A request for a card, and its match on this host. */
export type ResolvedGpuRequest = GpuRequestWithMode & {
  match: CardMatch;
  /** The matching cards that Hyper-V can partition; exactly one if the request can be satisfied. */
  partitionable: Partitionable[];
  /** Windows' driver for the card, which partitions use too. */
  hostDriver: VideoDriver | undefined;
};

/**
 * A graphics card: the requested display function, and the functions around it that decide whether
 * it can be passed through.
 */
export interface Card {
  gpu: PciFunction;
  /**
   * The functions that are passed to the VM with it, itself included, sorted by address: those of
   * its slot, and those behind its own switch.
   */
  assignedFunctions: PciFunction[];
  /** Numbers of the IOMMU groups of these functions: usually one. */
  groups: string[];
  /** Functions in its slot that are not part of the card: they stay on the host. */
  staysOnHost: PciFunction[];
  /** Functions in its groups that the same machine gets with another card. */
  alsoPassed: PciFunction[];
  /** The other endpoints in its groups: they block the card if a host driver holds them. */
  groupPeers: PciFunction[];
  /** Bridges in its groups: they never block the card and are never bound. */
  bridges: PciFunction[];
  /** Its active virtual functions: they disappear when the card is passed to the VM. */
  virtualFunctions: PciFunction[];
  /** BDFs whose group or driver is not known, so no verdict on the group is possible. */
  unverified: string[];
}

/** The match of a request on a host. */
export type CardMatch =
  | { kind: "card"; card: Card }
  /** No card matches; `hostCards`: the cards of the host. */
  | { kind: "none"; hostCards: PciFunction[] }
  /** Several cards match, or one card and its virtual functions. */
  | { kind: "several"; fitting: PciFunction[] }
  /** The PCI bus could not be read. */
  | { kind: "unknown" };

/**
 * An NVIDIA card that a machine gets whole: its device id (hex text), and its chip if the id is
 * known.
 */
export interface NvidiaCard {
  device: string;
  chip?: Chip;
}

/** The NVIDIA driver of a guest. */
export interface Driver {
  /** NVIDIA's package repository or the distribution's own packages. */
  source: "nvidia" | "distro";
  /** Undefined where the guest's system decides, and that is not known. */
  branch?: number;
  /** The exact version, if the source has only one. */
  version?: string;
  modules: Modules;
  /** Why it cannot work; empty if no problem is known. */
  problems: string[];
  /** What the user should know about it, although it works. */
  cautions: string[];
}

/**
 * A provider of VMs. Each has a file in `lib/resolve/providers`, a template, and an entry in the
 * registry.
 */
export interface Provider {
  /** Vagrant's name for it. */
  name: string;
  /** Its product name. */
  title: string;
  /** The default mode of a card. */
  mode: Mode;
  /**
   * Whether a host that could run it is known not to have it. The next provider then becomes the
   * default.
   */
  missing(host: Host): boolean;
  /** The tools that it needs, by their names in `tools.mts`. */
  tools(host: Host, machine: ResolvedMachine): string[];
  /** File name of its template, and the values of the machine's block in the Vagrantfile. */
  template: string;
  values(machine: ResolvedMachine, host: Host, folder: string): Record<string, unknown>;
  /** File name of the Packer template that builds its boxes from an image. */
  packer(image: Image): string;
}

/**
 * The parsed config. Sizes are in MiB unless a name says otherwise; PCI ids are lower-case hex
 * text.
 */

import type { Accelerator } from "../host/types.mts";

/**
 * The validated `homelab-gpu.yaml`. Values that the file leaves out are `undefined`; they are
 * resolved from the host later.
 */
export interface Config {
  machines: Machine[];
  services: Service[];
  stacks: Stack[];
  /** The other host that all machines are on. Absent: this machine, or several hosts. */
  host?: OtherHost;
  /** The hosts of the machines, if there are several; null is this machine. Absent in the config of one of them. */
  hosts?: (OtherHost | null)[];
  /** In the config of one of several hosts: the machines of the others. */
  elsewhere?: Machine[];
  /** In the config of one of several hosts: the places of its machines and stacks in the lists of the file. */
  places?: { machines: number[]; stacks: number[] };
  /** The Swarm of all machines; absent without `cluster: swarm`, and in the config of a host without its manager. */
  swarm?: Swarm;
  /** In the config of one of several hosts with `cluster: swarm`: who manages the Swarm of all machines. */
  sharedSwarm?: SharedSwarm;
}

/** The manager of a Swarm with nodes on several hosts. */
export interface SharedSwarm {
  manager: string;
  /** The name of its host in `hosts:`. Absent: this machine. */
  host?: string;
  /** The services that any node may run, as in {@link Swarm}: each node publishes their ports. */
  services: Service[];
  /** The services of machines of other hosts. */
  others: Service[];
  /** The stacks that another host reads, and that can share ports with what is read here. */
  unread: Stack[];
}

/** A Docker Swarm of all machines, and what has no machine of its own and runs in it. */
export interface Swarm {
  /** Name of its only manager: the first machine. */
  manager: string;
  /** The services without `machine:`; their `machine` is the manager, which deploys them. */
  services: Service[];
  /** The stacks without `machine:`; their `machine` is the manager, to which they are copied. */
  stacks: Stack[];
  /** Set where values from outside of the config were written into the services: they may be secrets. */
  filled?: true;
}

/** A host that is reached over ssh. */
export interface OtherHost {
  /** Its name in the config. */
  name: string;
  /** `[USER@]HOST`. */
  login: string;
  port?: string;
}

/** One VM. */
export interface Machine {
  /** A host name (RFC 1123): it becomes the host name of the VM. */
  name: string;
  /** The name of the host in `hosts:` that it is on. Absent: this machine. */
  host?: string;
  provider?: string;
  /** The Vagrant box that the VM is created from, such as `homelab-gpu/debian-13`. */
  box: string;
  /** What the box is built from. Absent for a box that Vagrant already has or can download. */
  image?: Image;
  cpus?: number;
  /** MiB. */
  memory?: number;
  /** Size of the system disk, MiB, in whole GiB. Absent: the size that the box has. */
  disk?: number;
  /** Size of the data disk, MiB; whole GiB. Absent: it has none. */
  data?: number;
  /** Folders of the host that it gets. */
  folders?: SharedFolder[];
  accelerator?: Accelerator;
  /** Whether it starts with the host. */
  autostart?: boolean;
  /** How it is connected, besides the provider's own network. */
  network?: Network;
  /** The user's own lines of Ruby for its block in the Vagrantfile, for libvirt. */
  libvirt?: string;
  /** The requested cards; empty where `gpu` is absent or not enabled. */
  gpus: GpuRequest[];
  driver: DriverRequest;
  /** Its container engine. */
  engine: Engine;
  /**
   * URL of a mirror of Docker's package repository, and its key, as install-docker.sh takes them.
   */
  engineRepository?: string;
  engineKey?: string;
  /**
   * The user's own scripts, which run last when the box is built. Relative paths are relative to
   * the config's folder.
   */
  provision: string[];
}

/** How a machine is connected. */
export interface Network {
  /** The name of a virtual switch of Hyper-V. */
  switch?: string;
  /** A bridge or a wired interface of the host: the VM gets a network card in its network (libvirt). */
  lan?: string;
  /** The fixed IPv4 address in that network, with its length: `192.168.1.50/24`. Absent: by DHCP. */
  address?: string;
  /** The IPv4 address of that network's router; only with `address`. */
  gateway?: string;
}

/** A folder of the host that a machine gets. */
export interface SharedFolder {
  /** Path on the host: absolute, or relative to the config's folder. */
  from: string;
  /** Absolute path in the VM. */
  to: string;
  /** Whether the VM cannot write to it. */
  readOnly: boolean;
}

/** How a GPU is given to a VM: the whole card, or a partition of it. */
export type Mode = "passthrough" | "partition";

/** The container engine, by the name of its program. */
export type Engine = "docker" | "podman";

/** The source of a box. */
export type Image =
  | { kind: "known"; name: string }
  | { kind: "file"; file: string }
  | { kind: "url"; url: string; checksum: string }
  | { kind: "debootstrap"; suite: string; mirror?: string };

/** A requested card, as the config names it. */
export interface GpuRequest {
  /** Four hex digits, lower case. */
  vendorId: string;
  /** Four hex digits, lower case. Without it, any card of that vendor matches. */
  deviceId?: string;
  /** A full PCI address (BDF), such as `0000:0a:00.0`. */
  address?: string;
  /** Without it, the provider's default. */
  mode?: Mode;
  /** The number of partitions of the host's card (Hyper-V). */
  partitionCount?: number;
}

/** The guest's driver. Absent values are chosen for the card. */
export interface DriverRequest {
  source?: "nvidia" | "distro";
  branch?: number;
  modules?: "open" | "proprietary";
  /** Whether NVIDIA's runtime becomes Docker's default runtime. */
  defaultRuntime?: boolean;
  /** URLs of mirrors of NVIDIA's repositories, and their keys, as install-nvidia.sh takes them. */
  repository?: string;
  key?: string;
  toolkitRepository?: string;
  toolkitKey?: string;
  /**
   * Another source of dxgkrnl, the kernel module for a partition of a card: the URL of a kernel's
   * source and its checksum, `sha256:…`.
   */
  dxgkrnl?: { url: string; checksum: string };
}

/** A Compose project: a folder of the host that is copied into a machine and runs there. */
export interface Stack {
  /** Name of the Compose project: lower-case letters, digits, hyphens and underscores. */
  name: string;
  /** Path of the folder that contains the Compose file. */
  path: string;
  /** Name of the machine that it runs on. */
  machine: string;
  profiles: string[];
  /** Variables for its Compose file. A null is replaced by the value in the environment of homelab-gpu. */
  env: Record<string, string | null>;
  /** The user's own arguments for `docker compose up`. */
  compose?: string[];
  /** Its place in the list of the file, from 0, with `cluster: swarm`; absent where it is that in `stacks`. */
  place?: number;
}

/** One Compose service. */
export interface Service {
  name: string;
  /** Name of the machine that it runs on. */
  machine: string;
  gpu?: number | "all";
  /**
   * All other keys, as they appear in the rendered Compose file. Scalars that YAML readers read
   * differently are Verbatim.
   */
  body: Record<string, unknown>;
}

/** What is wished for. Sizes are in MiB unless a name says otherwise; PCI ids are lower-case hex text. */

import type { Accelerator } from "../host/types.mts";

/** `homelab-gpu.yaml`, checked. What the file leaves open (`undefined`) is settled later by the host it runs on. */
export interface Config {
  machines: Machine[];
  services: Service[];
  stacks: Stack[];
}

/** One VM. */
export interface Machine {
  /** A host name (RFC 1123), since it becomes one. */
  name: string;
  provider?: string;
  /** The Vagrant box that the VM is made from, such as `devlab/debian-13-gpuhost`. */
  box: string;
  /** What the box is built from. Without it, the box is one that Vagrant already has or can find. */
  image?: Image;
  cpus?: number;
  /** MiB. */
  memory?: number;
  accelerator?: Accelerator;
  /** The cards it asks for; empty where `gpu` is absent or not enabled. */
  gpus: GpuRequest[];
  driver: DriverRequest;
  /** What runs the containers in it. */
  engine: Engine;
  /** Another copy of Docker's package repository and its key, as install-docker.sh takes them. */
  engineRepository?: string;
  engineKey?: string;
  /** The user's own scripts, run last when the box is built: paths, relative ones against the config's folder. */
  provision: string[];
}

/** How a GPU is handed over: the whole card, or a part of it. */
export type Mode = "passthrough" | "partition";

/** What runs containers, by the name of its program. */
export type Engine = "docker" | "podman";

/** What a box is built from. */
export type Image =
  | { kind: "known"; name: string }
  | { kind: "file"; file: string }
  | { kind: "url"; url: string; checksum: string }
  | { kind: "debootstrap"; suite: string; mirror?: string };

/** A card as the config names it. */
export interface GpuRequest {
  /** Four hex digits, lower case. */
  vendorId: string;
  /** Four hex digits, lower case; without it any card of that vendor will do. */
  deviceId?: string;
  /** A full BDF, `0000:0a:00.0`. */
  address?: string;
  /** Without it, the provider's own. */
  mode?: Mode;
  /** How many partitions the host's card has (Hyper-V). */
  partitionCount?: number;
}

/** Which driver the guest gets; what is open, the card decides. */
export interface DriverRequest {
  source?: "nvidia" | "distro";
  branch?: number;
  modules?: "open" | "proprietary";
  /** Docker runs every container by NVIDIA's runtime. */
  defaultRuntime?: boolean;
  /** Other copies of NVIDIA's repositories and their keys, as install-nvidia.sh takes them. */
  repository?: string;
  key?: string;
  toolkitRepository?: string;
  toolkitKey?: string;
  /** Another source of dxgkrnl, the kernel module for a part of a card: a kernel's source and its checksum, `sha256:…`. */
  dxgkrnl?: { url: string; checksum: string };
}

/** A Compose project: a folder of the host that is copied into a machine and runs there. */
export interface Stack {
  /** Its Compose project's name: lower-case letters, digits, hyphens and underscores. */
  name: string;
  /** The folder with its Compose file. */
  path: string;
  /** The machine that it runs on. */
  machine: string;
  profiles: string[];
  /** Variables for its Compose file; null takes the value of the environment that homelab-gpu was started in. */
  env: Record<string, string | null>;
}

/** One Compose service. */
export interface Service {
  name: string;
  /** The machine that it runs on. */
  machine: string;
  gpu?: number | "all";
  /** Every other key, as the Compose file shall have it; scalars that readers of YAML take in different ways are Verbatim. */
  body: Record<string, unknown>;
}

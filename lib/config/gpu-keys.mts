/** The keys of a GPU request, and of the driver in a VM. */
import type { Key, Shape } from "./shape.mts";
import { addressMeant, cardMeant, driverMeant, idMeant, modeMeant } from "./habits.mts";
import { key, source } from "./text-shapes.mts";
import { vendorIds } from "../host/vendors.mts";

/** A GPU request. */
export const card: Shape = {
  kind: "map",
  example: "{vendor_id: 10de}",
  meant: cardMeant,
  words: { id: "device_id", model: "device_id", pci: "address", bus: "address", slot: "address", type: "mode" },
  apart: { count: "a list in gpu: for several cards, or partition_count: for partitions of one card" },
  keys: {
    enabled: { kind: "flag", about: "Default: true.", example: "true" },
    vendor_id: {
      kind: "hex",
      digits: 4,
      about: "PCI vendor id, 4 hex digits. Default: 10de (NVIDIA).",
      named: vendorIds,
      meant: (text) => idMeant(text, true),
      example: vendorIds.nvidia,
    },
    device_id: {
      kind: "hex",
      digits: 4,
      about: "PCI device id, 4 hex digits, as lspci -nn shows it. Default: the only card of that vendor.",
      meant: (text) => idMeant(text),
      example: "2786",
    },
    address: {
      kind: "text",
      about: "PCI address, where two cards have the same ids.",
      pattern: "^([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7]$",
      expected: "a PCI address such as 0a:00.0",
      meant: addressMeant,
      example: '"0a:00.0"',
    },
    mode: {
      kind: "choice",
      about: "The whole card, or a partition of it. Default: partition with hyperv, else passthrough.",
      values: () => ["passthrough", "partition"],
      meant: modeMeant,
      example: "passthrough",
    },
    partition_count: {
      kind: "whole",
      about: "Number of partitions of the card (hyperv, mode partition). Default, and 1: the card's own count.",
      min: 1,
      max: 64,
      quoted: true,
      example: "2",
    },
  },
};

/** The driver of a VM. */
export const driver: Key = {
  kind: "map",
  about: "The GPU driver in the guest. Default: what the card needs.",
  example: "{source: nvidia}",
  meant: driverMeant,
  words: { version: "branch", type: "modules", kernel: "modules" },
  keys: {
    source: {
      kind: "choice",
      about: "NVIDIA's package repository or the distribution's own. Default: nvidia.",
      values: () => ["nvidia", "distro"],
      meant: (text) => /^(debian|ubuntu|distribution|apt)$/i.test(text) ? "distro" : undefined,
      example: "nvidia",
    },
    branch: { kind: "whole", about: "Driver branch, such as 580.", min: 300, max: 9999, example: "580" },
    modules: {
      kind: "choice",
      about: "Which kernel modules. Default: what the card needs.",
      values: () => ["open", "proprietary"],
      example: "open",
    },
    default_runtime: {
      kind: "flag",
      about: "Whether Docker runs every container by NVIDIA's runtime. Default: false, those that ask for a GPU.",
      example: "true",
    },
    repository: {
      ...source("https://mirror.example.org/cuda/debian12/x86_64"),
      about: "A mirror of NVIDIA's driver repository, reachable from the guest.",
    },
    key: {
      ...key("https://mirror.example.org/cuda-keyring_1.1-1_all.deb"),
      about: "The key of repository: a URL, a path in the guest, or base64:…",
    },
    toolkit_repository: {
      ...source("https://mirror.example.org/libnvidia-container/stable/deb/amd64"),
      about: "A mirror of the container toolkit's repository, reachable from the guest.",
    },
    toolkit_key: {
      ...key("https://mirror.example.org/gpgkey"),
      about: "The key of toolkit_repository: a URL, a path in the guest, or base64:…",
    },
    dxgkrnl: {
      kind: "map",
      about: "Another source of dxgkrnl, the kernel module for a GPU partition. Default: Microsoft's release 6.6.36.6.",
      example: "{url: https://mirror.example.org/linux-msft-wsl-6.6.36.6.tar.gz, checksum: sha256:…}",
      keys: {
        url: {
          ...source("https://mirror.example.org/linux-msft-wsl-6.6.36.6.tar.gz"),
          required: true,
          about: "A kernel's source (tar.gz), reachable from the guest.",
        },
        checksum: {
          kind: "text",
          required: true,
          about: "Of the file at url: sha256:…",
          pattern: "^sha256:[0-9a-f]{64}$",
          expected: "sha256: with 64 hex digits",
          example: "sha256:…",
        },
      },
    },
  },
};

/** The keys of a machine, with those of its image and of its card. */
import type { Key, Shape } from "./shape.mts";
import {
  cpusDefault,
  foreignProviderNames,
  imageNames,
  memoryDefault,
  providerNames,
  suiteNames,
} from "./vocabulary.mts";
import { vendorIds } from "../host/vendors.mts";

/** A path; `example`: what an error suggests. */
export const path = (example: string): Shape => ({
  kind: "text",
  pattern: "^[^\\u0000-\\u001f]+$",
  expected: "a path",
  example,
});

const source = (example: string): Shape => ({
  kind: "text",
  pattern: "^(https?|file)://[^\\s'\"\\u0000-\\u001f]+$",
  expected: "an http, https or file URL",
  example,
});

const key = (example: string): Shape => ({
  kind: "text",
  pattern: "^(https?://|file://|/|base64:)[^\\s'\"\\u0000-\\u001f]+$",
  expected: "a URL, an absolute path in the guest, or base64: and the key",
  example,
});

const image: Key = {
  kind: "either",
  about: "What the box is built from. Without it, the box is one that Vagrant has or finds.",
  example: "debian-13",
  of: [
    { kind: "choice", values: () => imageNames, example: "debian-13" },
    {
      kind: "map",
      expected: "{file: …}, {url: …, checksum: …} or {debootstrap: …}",
      example: "{file: ./disk.qcow2}",
      exactlyOne: ["file", "url", "debootstrap"],
      keys: {
        file: { ...path("./disk.qcow2"), about: "A disk image (qcow2 or raw) with cloud-init; relative to this file." },
        url: {
          kind: "text",
          about: "Where to get a disk image (qcow2 or raw) with cloud-init; needs a checksum.",
          pattern: "^(https?|file)://[^\\s\\u0000-\\u001f]+$",
          expected: "an http, https or file URL",
          example: "https://example.org/disk.qcow2",
        },
        checksum: {
          kind: "text",
          about: "Of the file behind url: sha256:… or sha512:…",
          pattern: "^(sha256:[0-9a-fA-F]{64}|sha512:[0-9a-fA-F]{128})$",
          expected: "sha256: with 64 hex digits, or sha512: with 128",
          example: "sha256:…",
        },
        debootstrap: {
          kind: "choice",
          about: "Build it from this host's own package sources: a suite.",
          values: () => suiteNames,
          example: "trixie",
        },
        mirror: {
          kind: "text",
          about: "Package mirror for debootstrap. Default: the one in this host's apt sources.",
          pattern: "^https?://[^\\s\\u0000-\\u001f]+$",
          expected: "an http or https URL",
          example: "http://mirror.example.org/debian",
        },
      },
    },
  ],
};

const card: Shape = {
  kind: "map",
  example: "{vendor_id: 10de, device_id: 2786}",
  keys: {
    enabled: { kind: "flag", about: "Default: true.", example: "true" },
    vendor_id: {
      kind: "hex",
      digits: 4,
      about: "PCI vendor id, 4 hex digits. Default: 10de (NVIDIA).",
      example: vendorIds.nvidia,
    },
    device_id: {
      kind: "hex",
      digits: 4,
      about: "PCI device id, 4 hex digits, as lspci -nn shows it. Default: the only card of that vendor.",
      example: "2786",
    },
    address: {
      kind: "text",
      about: "PCI address, where two cards have the same ids.",
      pattern: "^([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7]$",
      expected: "a PCI address such as 0a:00.0",
      example: '"0a:00.0"',
    },
    mode: {
      kind: "choice",
      about: "The whole card, or a part of it. Default: partition with hyperv, else passthrough.",
      values: () => ["passthrough", "partition"],
      example: "passthrough",
    },
    partition_count: {
      kind: "whole",
      about:
        "Into how many parts the host divides the card (hyperv, mode partition). Default, and 1: the card's own count.",
      min: 1,
      max: 64,
      quoted: true,
      example: "2",
    },
  },
};

/** By name, in the order of the README's table. */
export const machine: Record<string, Key> = {
  name: {
    kind: "text",
    required: true,
    about: "Host name of the VM.",
    pattern: "^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$",
    expected: "a host name: letters, digits and hyphens, at most 63 of them",
    example: "devlab",
  },
  provider: {
    kind: "choice",
    about: "The hypervisor that runs the VM. Default: the one that this host has.",
    values: () => providerNames,
    also: () => foreignProviderNames,
    example: "libvirt",
  },
  box: {
    kind: "text",
    required: true,
    about: "Name of the Vagrant box.",
    pattern: "^[A-Za-z0-9][A-Za-z0-9_.+-]*(/[A-Za-z0-9][A-Za-z0-9_.+-]*)?$",
    expected: "a box name such as devlab/debian-13-gpuhost",
    example: "devlab/debian-13-gpuhost",
  },
  image,
  cpus: { kind: "whole", about: `Default: the host's, at most ${cpusDefault.most}.`, min: 1, max: 512, example: "4" },
  memory: {
    kind: "whole",
    about: `MiB. Default: the host's divided by ${memoryDefault.share}, at least ${memoryDefault.least}, at most ` +
      `${memoryDefault.most}.`,
    min: 256,
    max: 16777216,
    size: true,
    example: "4096",
  },
  disk: {
    kind: "whole",
    about:
      "Size of the system disk (libvirt), in GiB. It only grows; a recreated VM has a new one. Default: the box's.",
    min: 1024,
    max: 67108864,
    size: true,
    example: "128 GiB",
  },
  data: {
    kind: "whole",
    about:
      "Size of a data disk (libvirt), in GiB: the engine's data and /srv. It only grows, and it is kept when the VM " +
      "is recreated or destroyed. Default: none.",
    min: 1024,
    max: 67108864,
    size: true,
    example: "200 GiB",
  },
  accelerator: {
    kind: "choice",
    about: "kvm (hardware) or tcg (emulation, slow). Default: kvm where the CPU offers it.",
    values: () => ["kvm", "tcg"],
    example: "kvm",
  },
  network: {
    kind: "map",
    about: "How the VM is connected. Default: the provider's own network.",
    example: "{switch: External}",
    keys: {
      switch: {
        kind: "text",
        pattern: "^[^\\x00-\\x1f]{1,100}$",
        expected: "the name of a virtual switch, as Get-VMSwitch shows it",
        about: "A virtual switch of Hyper-V, by its name. Default: the Default Switch, or the only one.",
        example: "External",
      },
    },
  },
  autostart: {
    kind: "flag",
    about: "Whether the VM starts with the host (libvirt). Default: false.",
    example: "true",
  },
  libvirt: {
    kind: "text",
    pattern: "^[^\\x00-\\x08\\x0b-\\x1f]{1,4000}$",
    expected: "lines of Ruby, after libvirt: |",
    about: "Lines of Ruby for this machine's block in the Vagrantfile, for what has no key here: settings of " +
      "vagrant-libvirt as l.NAME.",
    example: "l.nested = true",
  },
  gpu: {
    kind: "either",
    about: "The card that this machine gets, or a list of them.",
    example: "{vendor_id: 10de, device_id: 2786}",
    of: [card, { kind: "list", of: card, example: "[{device_id: 2786}]" }],
  },
  driver: {
    kind: "map",
    about: "The GPU driver in the guest. Default: what the card needs.",
    example: "{source: nvidia}",
    keys: {
      source: {
        kind: "choice",
        about: "NVIDIA's package repository or the distribution's own. Default: nvidia.",
        values: () => ["nvidia", "distro"],
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
        about:
          "Another source of dxgkrnl, the kernel module for a part of a card. Default: Microsoft's release 6.6.36.6.",
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
            about: "Of the file behind url: sha256:…",
            pattern: "^sha256:[0-9a-f]{64}$",
            expected: "sha256: with 64 hex digits",
            example: "sha256:…",
          },
        },
      },
    },
  },
  engine: {
    kind: "choice",
    about: "What runs the containers: docker, or podman (Debian, Ubuntu 24.04). Default: docker.",
    values: () => ["docker", "podman"],
    example: "podman",
  },
  engine_repository: {
    ...source("https://mirror.example.org/docker/linux/debian"),
    about: "A mirror of Docker's package repository, reachable from the guest; Docker is then installed from it.",
  },
  engine_key: {
    ...key("https://mirror.example.org/docker/linux/debian/gpg"),
    about: "The key of engine_repository: a URL, a path in the guest, or base64:…",
  },
  provision: {
    kind: "list",
    about: "Your own scripts, run as root when the box is built, after ours; relative to this file.",
    of: path("./my-setup.sh"),
    example: "[./my-setup.sh]",
  },
};

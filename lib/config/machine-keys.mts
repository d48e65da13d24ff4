/** The keys of a machine, with those of its image. */
import type { Key } from "./shape.mts";
import {
  cpusDefault,
  foreignProviderNames,
  imageNames,
  memoryDefault,
  providerNames,
  suiteNames,
} from "./vocabulary.mts";
import { card, driver } from "./gpu-keys.mts";
import {
  cardMeant,
  engineMeant,
  folderMeant,
  hostNameMeant,
  imageMeant,
  lanAddressMeant,
  lanMeant,
  providerMeant,
  withoutEnd,
} from "./habits.mts";
import { guestPath, refusedTarget } from "./folders.mts";
import { isOneHost } from "./network.mts";
import { key, path, source } from "./text-shapes.mts";

const image: Key = {
  kind: "either",
  about: "What the box is built from. Without it, the box is one that Vagrant has or finds.",
  example: "debian-13",
  meant: imageMeant,
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
          about: "Of the file at url: sha256:… or sha512:…",
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

/** Whether a size in MiB is in whole GiB. */
const isWholeGib = (mib: unknown) => Number(mib) % 1024 === 0;

/** A part of an IPv4 address. */
const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";

/** By name, in the order of the README's table. */
export const machine: Record<string, Key> = {
  name: {
    kind: "text",
    required: true,
    about: "Host name of the VM.",
    pattern: "^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$",
    expected: "a host name: letters, digits and hyphens, at most 63 of them",
    meant: hostNameMeant,
    example: "devlab",
  },
  host: {
    kind: "text",
    about: "The host that the VM is on: a name in hosts. Default: this machine.",
    pattern: "^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$",
    expected: "the name of a host",
    // a name in hosts is often that of the login there
    meant: (text) => /^\S+@([a-zA-Z0-9][a-zA-Z0-9-]*)$/.exec(text)?.[1],
    example: "gpubox",
  },
  provider: {
    kind: "choice",
    about: "The hypervisor that runs the VM. Default: the one that this host has.",
    values: () => providerNames,
    also: () => foreignProviderNames,
    meant: providerMeant,
    example: "libvirt",
  },
  box: {
    kind: "text",
    required: true,
    about: "Name of the Vagrant box.",
    pattern: "^[A-Za-z0-9][A-Za-z0-9_.+-]*(/[A-Za-z0-9][A-Za-z0-9_.+-]*)?$",
    expected: "a box name such as homelab-gpu/debian-13",
    meant: withoutEnd,
    example: "homelab-gpu/debian-13",
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
    suits: isWholeGib,
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
    suits: isWholeGib,
    example: "200 GiB",
  },
  folders: {
    kind: "list",
    about: "Folders of this host that the VM gets (libvirt). A change restarts the VM.",
    example: "[{from: /mnt/media, to: /mnt/media}]",
    of: {
      kind: "map",
      example: "{from: /mnt/media, to: /mnt/media}",
      meant: folderMeant,
      words: {
        ...{
          ro: "read_only",
          rw: "not read_only",
          writable: "not read_only",
          readonly: "read_only",
          mode: "read_only",
        },
        ...{ source: "from", src: "from", host: "from", path: "from" },
        ...{ target: "to", destination: "to", dst: "to", guest: "to", mount: "to" },
      },
      keys: {
        from: {
          ...path("/mnt/media"),
          required: true,
          about: "A folder of this host; relative to this file, or with ~/.",
        },
        to: {
          kind: "text",
          pattern: "^/[^\\u0000-\\u001f]*$",
          expected: "an absolute path in the VM",
          suits: (value) => refusedTarget(guestPath(String(value))) === undefined,
          required: true,
          about: "Where it is in the VM: a path that services can mount.",
          example: "/mnt/media",
        },
        read_only: { kind: "flag", about: "Whether the VM can only read it. Default: true.", example: "false" },
      },
    },
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
    example: "{lan: br0}",
    meant: lanMeant,
    words: { bridge: "lan", interface: "lan", ip: "address", router: "gateway" },
    apart: { vlan: "lan: with the interface of the VLAN, such as br0.20" },
    keys: {
      switch: {
        kind: "text",
        pattern: "^[^\\x00-\\x1f]{1,100}$",
        expected: "the name of a virtual switch, as Get-VMSwitch shows it",
        about: "A virtual switch of Hyper-V, by its name. Default: the Default Switch, or the only one.",
        example: "External",
      },
      lan: {
        kind: "text",
        pattern: "^[^\\s/:\\u0000-\\u001f]{1,15}$",
        expected: "the name of a bridge or of a wired interface of this host, as ip link shows it",
        about:
          "A bridge or a wired interface of this host (libvirt): the VM gets a network card in its network, next " +
          "to the NAT one. Its MAC address stays the same.",
        example: "br0",
      },
      address: {
        kind: "text",
        pattern: `^${octet}(\\.${octet}){3}/([89]|[12]\\d|30)$`,
        expected: "an IPv4 address with the length of its network (8 to 30)",
        meant: lanAddressMeant,
        suits: (value) => isOneHost(String(value)),
        about: "The VM's fixed address in the network of lan:. Default: by DHCP.",
        example: "192.168.1.50/24",
      },
      gateway: {
        kind: "text",
        pattern: `^${octet}(\\.${octet}){3}$`,
        expected: "an IPv4 address",
        about: "The router in the network of lan:, with address:. Default: the VM reaches other networks by NAT.",
        example: "192.168.1.1",
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
    example: "{vendor_id: 10de}",
    meant: cardMeant,
    of: [card, { kind: "list", of: card, example: "[{device_id: 2786}]" }],
  },
  driver,
  engine: {
    kind: "choice",
    about: "What runs the containers: docker, or podman (Debian, Ubuntu 24.04). Default: docker.",
    values: () => ["docker", "podman"],
    meant: engineMeant,
    example: "docker",
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

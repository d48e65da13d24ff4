import type { ResolvedMachine } from "../resolve/types.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { firmwareOf } from "../host/ovmf.mts";
import { manualFix } from "../fixes.mts";
import { guestImageCheck } from "./guest-image.mts";
import { imageName, suiteOf } from "../resolve/images.mts";
import { installs } from "./tools.mts";
import { tools } from "./tool-table.mts";
import { fail, pass, skip, unknown, warn } from "./results.mts";
import { isNvidiaRequest } from "../host/vendors.mts";

/** Requirements of a GPU on the guest's system. */
export const guestChecks: Check[] = [
  {
    id: "guest.libc",
    about: "whether the guest's system can run NVIDIA's driver: Alpine and other systems with musl cannot",
    why: "NVIDIA's libraries and tools (libcuda, nvidia-smi) need glibc; a container on a glibc guest may still " +
      "be Alpine",
    check: (_, { machines }) =>
      machines.filter(({ gpus }) => gpus.length > 0).map((machine) => ({ machine: machine.name, ...libc(machine) })),
  },
  {
    id: "guest.engine",
    about: "whether the guest's distribution has the engine that runs the containers",
    why: "Podman gives GPUs to containers from version 4.1 on, and comes from the distribution's packages",
    check: (_, { machines }) =>
      machines.flatMap((machine) => machine.engine === "podman" ? [{ machine: machine.name, ...podman(machine) }] : []),
  },
  guestImageCheck,
  {
    id: "guest.firmware",
    about: "whether there is UEFI firmware for a guest with a GPU",
    why: "graphics cards expect UEFI, and only UEFI maps large memory regions; Secure Boot refuses " +
      "drivers that are built in the guest",
    check: (host, { machines }) =>
      machines.filter(({ gpus, provider }) => gpus.length > 0 && provider === "libvirt").map(({ name }) => ({
        machine: name,
        ...firmware(host),
      })),
  },
];

/**
 * Whether the image's Podman supports GPUs. Debian 12 has Podman 4.3; Ubuntu 22.04 has 3.4 and no
 * podman-compose (packages.debian.org, packages.ubuntu.com).
 */
function podman({ image, box }: ResolvedMachine): Verdict {
  const suite = suiteOf(image);
  if (suite === undefined) {
    const message = `cannot tell whether ${image ? imageName(image) : `the box ${box}`} has Podman 4.1 or later`;
    return unknown(message);
  }
  const evidence = [{ read: "image", value: imageName(image!) }];
  return suite === "jammy"
    ? fail("Ubuntu 22.04 has Podman 3.4, which cannot give a GPU to a container", evidence, [
      manualFix("Write image: ubuntu-24.04 or debian-12 or later, or engine: docker"),
    ])
    : pass("Podman from the distribution", evidence);
}

function firmware(host: Host): Verdict {
  if (!host.ovmf) return unknown("could not look for UEFI firmware");
  const found = firmwareOf(host);
  const evidence = [{
    read: "OVMF images",
    value: found ? `${found.code}, ${found.variables}` : host.ovmf.join(" ") || "none",
  }];
  if (found) return pass(`OVMF without Secure Boot: ${found.code}`, evidence);
  return fail(
    host.ovmf.length > 0
      ? "the only firmware found has Secure Boot, which refuses the guest's GPU driver"
      : "no UEFI firmware (OVMF) on this host, which a guest with a GPU needs",
    evidence,
    host.ovmf.length > 0
      ? [
        manualFix("Install an OVMF build without Secure Boot: the packages of Debian, Fedora and Arch have one", {
          root: true,
        }),
      ]
      : installs([tools.ovmf!], host),
  );
}

/**
 * Systems by the libc or platform that they are based on. No driver for musl is planned:
 * NVIDIA/nvidia-installer#27, NVIDIA/nvidia-docker#509.
 */
const systems = {
  musl: /alpine|musl|postmarketos|chimera-?linux|openwrt/i,
  glibc: /debian|ubuntu|bookworm|trixie|jammy|noble|resolute|fedora|centos|rocky|alma|rhel|suse|arch/i,
} as const;

function libc({ image, box, gpus }: ResolvedMachine): Verdict {
  if (!gpus.some(isNvidiaRequest)) {
    return skip("it gets no NVIDIA card");
  }
  const name = image ? imageName(image) : box;
  const evidence = [{ read: image ? "image" : "box, by its name", value: name }];
  const fix = [
    manualFix("Build the box from a system with glibc: image: debian-12, ubuntu-24.04 or another known image"),
  ];
  if (image?.kind === "known" || image?.kind === "debootstrap") {
    return pass(`${name} has glibc`, evidence);
  }
  if (systems.musl.test(name)) {
    return image
      ? fail(`${name} has musl, but NVIDIA's driver needs glibc`, evidence, fix)
      : warn(`by its name ${name} has musl, but NVIDIA's driver needs glibc`, evidence, fix);
  }
  return systems.glibc.test(name)
    ? pass(`by its name ${name} has glibc`, evidence)
    : unknown(`cannot tell from the name ${name} whether it has glibc, which NVIDIA's driver needs`, evidence);
}

import type { Check, Host, SettledMachine, Verdict } from "../types.mts";
import { imageName } from "../boxes.mts";
import { firmwareOf } from "../firmware.mts";
import { words } from "../fixes.mts";
import { installs, tools } from "../tools.mts";

/** What the guest's system must be like for a GPU. */
export const guestChecks: Check[] = [
  {
    id: "guest.libc",
    about: "whether the guest's system can run NVIDIA's driver at all: Alpine and others with musl cannot",
    why:
      "NVIDIA's user space (libcuda, nvidia-smi) is made for glibc only; a container on such a guest may be Alpine all the same",
    confirm: "npx zx homelab-gpu.mts doctor guest.libc",
    look: (_, { machines }) =>
      machines.filter(({ gpus }) => gpus.length > 0).map((machine) => ({ machine: machine.name, ...libc(machine) })),
  },
  {
    id: "guest.firmware",
    about: "whether there is UEFI firmware for a guest with a GPU",
    why:
      "graphics cards expect UEFI, and only it makes room for large ones; with Secure Boot it refuses drivers built in the guest",
    confirm: "npx zx homelab-gpu.mts doctor guest.firmware",
    look: (host, { machines }) =>
      machines.filter(({ gpus, provider }) => gpus.length > 0 && provider === "libvirt").map(({ name }) => ({
        machine: name,
        ...firmware(host),
      })),
  },
];

function firmware(host: Host): Verdict {
  if (!host.ovmf) return { status: "unknown", says: "UEFI firmware was not looked for", evidence: [] };
  const found = firmwareOf(host);
  const evidence = [{
    read: "OVMF images",
    value: found ? `${found.code}, ${found.variables}` : host.ovmf.join(" ") || "none",
  }];
  if (found) return { status: "pass", says: `OVMF without Secure Boot: ${found.code}`, evidence };
  return {
    status: "fail",
    says: host.ovmf.length > 0
      ? "only firmware with Secure Boot was found, which refuses the guest's GPU driver"
      : "no UEFI firmware (OVMF) on this host, which a guest with a GPU needs",
    evidence,
    fix: host.ovmf.length > 0
      ? [
        words("Bring an OVMF that was built without Secure Boot: Debian's, Fedora's and Arch's packages have one", {
          root: true,
        }),
      ]
      : installs([tools.ovmf!], host),
  };
}

/** Names of systems by what they are built on. No driver for musl is planned: NVIDIA/nvidia-installer#27, NVIDIA/nvidia-docker#509. */
const systems = {
  musl: /alpine|musl|postmarketos|chimera-?linux|openwrt/i,
  glibc: /debian|ubuntu|bookworm|trixie|jammy|noble|fedora|centos|rocky|alma|rhel|suse|arch/i,
} as const;

function libc({ image, box, gpus }: SettledMachine): Verdict {
  if (gpus.every(({ vendorId }) => vendorId !== "10de")) {
    return { status: "skip", says: "it gets no NVIDIA card", evidence: [] };
  }
  const name = image ? imageName(image) : box;
  const evidence = [{ read: image ? "image" : "box, by its name", value: name }];
  const fix = [words("Build the box from a system with glibc: image: debian-12, ubuntu-24.04 or another of these")];
  if (image?.kind === "known" || image?.kind === "debootstrap") {
    return { status: "pass", says: `${name} has glibc`, evidence };
  }
  if (systems.musl.test(name)) {
    return image
      ? { status: "fail", says: `${name} has musl, and NVIDIA's driver needs glibc`, evidence, fix }
      : { status: "warn", says: `by its name ${name} has musl, and NVIDIA's driver needs glibc`, evidence, fix };
  }
  return systems.glibc.test(name) ? { status: "pass", says: `by its name ${name} has glibc`, evidence } : {
    status: "unknown",
    says: `whether ${name} has glibc, as NVIDIA's driver needs, its name does not tell`,
    evidence,
  };
}

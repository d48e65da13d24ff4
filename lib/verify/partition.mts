/** The layers between a part of a host's card (GPU-P) and nvidia-smi in the guest: the module dxgkrnl, and the host's own driver. */
import type { Fix } from "../findings.mts";
import { command, headers, inGuest, words } from "../fixes.mts";
import type { Facts, Judged } from "./guest-facts.mts";

/** A part of its host's card that a guest has: the driver that the host has now, where that is known. */
export interface Part {
  driver?: string;
}

const again = words("Build the box anew with gpu:, which builds dxgkrnl");

/** dxgkrnl is loaded, and has found the part: it makes /dev/dxg then. */
export function dxgLayer(facts: Facts): Judged {
  const check = "verify.dxg";
  const [device, loaded, built] = ["dxg", "dxgkrnl-loaded", "dxgkrnl-built"].map(facts.one);
  const kernel = facts.one("kernel") ?? "unknown";
  const evidence = [
    { read: "/dev/dxg in the VM", value: device ?? "not read" },
    ...facts.all("dkms").map((value) => ({ read: "dkms status in the VM", value })),
    ...facts.log("modprobe-log", "modprobe dxgkrnl in the VM"),
    ...facts.log("kernel-log", "kernel log of the VM"),
  ];
  const fail = (says: string, fix: Fix[]): Judged => ({ check, status: "fail", says, evidence, fix });
  if (device === undefined) {
    return {
      check,
      status: "unknown",
      says: "not read: verify-guest.sh was not told that the VM has a part of a card",
    };
  }
  if (device === "yes") return { check, status: "pass", says: "dxgkrnl has a part of the card (/dev/dxg)", evidence };
  if (loaded === "yes") {
    return fail("dxgkrnl is loaded and finds no part of a card: Hyper-V gave the VM none", [
      command("See what Hyper-V says of the VM", "Get-VM | Get-VMGpuPartitionAdapter"),
      command("Start it anew, which gives it its part", "npx zx homelab-gpu.mts down; npx zx homelab-gpu.mts up"),
    ]);
  }
  if (built === "yes") {
    return fail("dxgkrnl cannot be loaded: with Secure Boot no kernel takes a module that it built itself", [
      command(
        "Start it anew, which turns Secure Boot off for it",
        "npx zx homelab-gpu.mts down; npx zx homelab-gpu.mts up",
      ),
      inGuest("Load it, and see what stands in the way", "modprobe dxgkrnl"),
    ]);
  }
  return facts.all("dkms").length > 0
    ? fail(`dxgkrnl was not built for the kernel ${kernel}: upgraded since`, [
      words(headers),
      inGuest("Build it for this kernel", "dkms autoinstall"),
      again,
    ])
    : fail("this box has no dxgkrnl", [again]);
}

/** The guest has the driver that the host has: they talk to each other. */
export function hostDriverLayer(facts: Facts, { driver }: Part): Judged {
  const check = "verify.driver";
  const own = facts.one("driver");
  const evidence = [
    { read: "/usr/lib/wsl/homelab-gpu.txt in the VM", value: own ?? "not there" },
    { read: "driver of the host", value: driver ?? "not read" },
  ];
  const fix = [command("Copy it", "npx zx homelab-gpu.mts up")];
  if (own === undefined) {
    return { check, status: "fail", says: "the VM has no driver of its host", evidence, fix };
  }
  if (driver === undefined) {
    return {
      check,
      status: "unknown",
      says: `guest has ${own}, and which driver the host has could not be read`,
      evidence,
    };
  }
  return own === driver ? { check, status: "pass", says: `host and guest have driver ${own}`, evidence } : {
    ...{ check, status: "fail", evidence, fix },
    says: `host driver is ${driver}, guest has ${own}`,
  };
}

/**
 * Checks the layers from a partition of the host's card (GPU-P) up to nvidia-smi in the guest: the
 * module dxgkrnl, and the host's driver.
 */
import type { Fix } from "../findings.mts";
import { commandFix, guestFix, headers, manualFix } from "../fixes.mts";
import type { Facts, LayerResult } from "./guest-facts.mts";
import { self } from "../self.mts";

/** A guest's partition of the host's card: the host's current driver, where it is known. */
export interface PartitionedCard {
  driver?: string;
}

const again = manualFix("Rebuild the box with gpu:, which builds dxgkrnl");

/** Checks that dxgkrnl is loaded and has found the partition, for which it creates /dev/dxg. */
export function dxgLayer(facts: Facts): LayerResult {
  const check = "verify.dxg";
  const [device, loaded, built] = ["dxg", "dxgkrnl-loaded", "dxgkrnl-built"].map(facts.one);
  const kernel = facts.one("kernel") ?? "unknown";
  const evidence = [
    { read: "/dev/dxg in the VM", value: device ?? "not read" },
    ...facts.all("dkms").map((value) => ({ read: "dkms status in the VM", value })),
    ...facts.log("modprobe-log", "modprobe dxgkrnl in the VM"),
    ...facts.log("kernel-log", "kernel log of the VM"),
  ];
  const fail = (message: string, fix: Fix[]): LayerResult => ({ check, status: "fail", message, evidence, fix });
  if (device === undefined) {
    return {
      check,
      status: "unknown",
      message: "the GPU partition was not checked in the VM",
    };
  }
  if (device === "yes") {
    return { check, status: "pass", message: "dxgkrnl has a partition of the card (/dev/dxg)", evidence };
  }
  if (loaded === "yes") {
    return fail("dxgkrnl is loaded, but finds no GPU partition: Hyper-V gave the VM none", [
      commandFix("Check what Hyper-V reports about the VM", "Get-VM | Get-VMGpuPartitionAdapter"),
      commandFix("Restart the VM, which attaches its GPU partition", `${self("down")}; ${self("up")}`),
    ]);
  }
  if (built === "yes") {
    return fail("dxgkrnl cannot be loaded: with Secure Boot the kernel refuses modules that are built in the VM", [
      commandFix(
        "Restart the VM, which turns its Secure Boot off",
        `${self("down")}; ${self("up")}`,
      ),
      guestFix("Load it to see its error", "modprobe dxgkrnl"),
    ]);
  }
  return facts.all("dkms").length > 0
    ? fail(`dxgkrnl was not built for the kernel ${kernel}, which was installed later`, [
      manualFix(headers),
      guestFix("Build it for this kernel", "dkms autoinstall"),
      again,
    ])
    : fail("this box has no dxgkrnl", [again]);
}

/** Checks that the guest has the host's driver version, since the two drivers communicate. */
export function hostDriverLayer(facts: Facts, { driver }: PartitionedCard): LayerResult {
  const check = "verify.driver";
  const own = facts.one("driver");
  const evidence = [
    { read: "/usr/lib/wsl/homelab-gpu.txt in the VM", value: own ?? "not there" },
    { read: "driver of the host", value: driver ?? "not read" },
  ];
  const fix = [commandFix("Copy it", self("up"))];
  if (own === undefined) {
    return { check, status: "fail", message: "the VM has no copy of its host's driver", evidence, fix };
  }
  if (driver === undefined) {
    return {
      check,
      status: "unknown",
      message: `the guest has ${own}; could not read which driver the host has`,
      evidence,
    };
  }
  return own === driver ? { check, status: "pass", message: `host and guest have driver ${own}`, evidence } : {
    ...{ check, status: "fail", evidence, fix },
    message: `the host has driver ${driver}, but the guest has ${own}`,
  };
}

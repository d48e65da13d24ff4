/** Differences between an existing VM and the one that the config describes. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Finding } from "../findings.mts";
import type { Host } from "../host/types.mts";
import type { Box } from "./box.mts";
import { firmwareOf } from "../host/ovmf.mts";
import { doctorFix, recreateFix } from "../fixes.mts";
import { ampleMmioWindow, mmioWindowOf } from "../resolve/cards.mts";
import type { Lab, LabMachine } from "../host/lab.mts";
import { formatFunction } from "../host/pci.mts";
import { boxChanges, missingInBox } from "./box-changes.mts";
import { gainsDataDisk } from "./data-migration.mts";
import { isOwn } from "../resolve/providers.mts";

/**
 * A finding with the differences that only a new VM resolves; undefined if there are none. Another
 * box alone is a warning: the VM keeps its current one. A VM that cannot do what the config
 * requests is a failure.
 */
export function outdated(
  machine: ResolvedMachine,
  host: Host,
  there: LabMachine,
  box: Box | undefined,
): Finding | undefined {
  if (there.state !== "off" && there.state !== "running") return undefined;
  const { hardware } = there;
  const passed = machine.assignedFunctions ?? [];
  const mmioWindow = mmioWindowOf(machine.cards);
  const lacking = there.boxInputs && box && missingInBox(there.boxInputs, box.inputs);
  const differences = [
    { what: "its provider", has: there.provider, wants: machine.provider },
    { what: "its box", ...boxes(there, machine, box) },
    { what: lacking ?? "", ...(lacking ? { has: "not in its box", wants: "in its box" } : { has: "", wants: "" }) },
    { what: "its accelerator", has: hardware?.accelerator, wants: machine.accelerator },
    {
      what: "its data disk",
      has: hardware && (hardware.dataVolume ?? "none"),
      // a VM whose data: was removed keeps the disk
      wants: machine.provider === "libvirt" && machine.data !== undefined && !gainsDataDisk(machine, there)
        ? machine.dataVolume ?? "a disk of its own"
        : hardware?.dataVolume ?? "none",
    },
    {
      what: "its cards",
      has: hardware && listNames(hardware.assignedFunctions.map(({ host }) => host), host),
      wants: listNames(passed.map(({ bdf }) => bdf), host),
    },
    {
      what: "its MMIO window",
      has: hardware && String(hardware.mmioWindow ?? "the firmware's own"),
      wants: mmioWindow > ampleMmioWindow ? String(mmioWindow) : "the firmware's own",
    },
  ].filter(({ has, wants }) => has !== undefined && wants !== undefined && has !== wants);
  if (differences.length === 0) return undefined;
  const only = differences.every(({ what }) => what === "its box");
  const changes = there.boxInputs && box && differences.some(({ what }) => what === "its box")
    ? ` (${boxChanges(there.boxInputs, box.inputs).join(", ")})`
    : "";
  const changed = `${differences.map(({ what }) => what).join(" and ")} changed since the VM was created${changes}`;
  return {
    check: "machine.outdated",
    machine: machine.name,
    status: only ? "warn" : "fail",
    message: only
      ? `${changed}: the VM keeps its current box, and its services are updated`
      : `${changed}: recreate the VM (its system disk is lost)`,
    evidence: differences.flatMap(({ what, has, wants }) => [
      { read: `${what} in the VM`, value: has! },
      { read: `${what} in the config`, value: wants! },
    ]),
    fix: [recreateFix(machine)],
  };
}

/**
 * Functions by address, each with its current device: an address alone does not show that it now
 * belongs to another device.
 */
function listNames(addresses: string[], { pci }: Host): string {
  const names = [...addresses].sort().map((bdf) => {
    const fn = pci?.find((one) => one.bdf === bdf);
    return fn ? formatFunction(fn) : `${bdf} (no device is there now)`;
  });
  return names.join(", ") || "none";
}

/**
 * The box that a VM was created from and the one that the config names: names where they differ,
 * else versions.
 */
function boxes({ box: has, boxName }: LabMachine, machine: ResolvedMachine, box: Box | undefined) {
  if (boxName !== undefined && boxName !== machine.box) return { has: boxName, wants: machine.box };
  return { has, wants: box && (has?.startsWith(`${box.version}.`) ? has : box.version) };
}

/** The finding for a VM for which libvirt gave no answer. */
export function outdatedUnasked({ name }: ResolvedMachine, { libvirtError }: Lab): Finding {
  return {
    check: "provider.access",
    machine: name,
    status: "fail",
    message: "the state of the VM is unknown: libvirt does not answer",
    evidence: [{ read: "virsh", value: libvirtError ?? "nothing" }],
    fix: [doctorFix("provider.access")],
  };
}

/**
 * Findings for a machine whose card or UEFI firmware is not known for certain, so nothing can be
 * rendered for it.
 */
export function unresolved(machine: ResolvedMachine, host: Host): Finding[] {
  if (!isOwn(machine.provider)) {
    return [{
      ...{
        check: "provider.host",
        machine: machine.name,
        status: "fail",
        evidence: [],
        fix: [doctorFix("provider.host")],
      },
      message: `no VM can be created with ${machine.provider}`,
    }];
  }
  if (machine.gpus.length === 0) return [];
  const lacks = (check: string, what: string): Finding => ({
    check,
    machine: machine.name,
    status: "fail",
    message: `cannot tell for certain which ${what} it gets, so no VM can be created`,
    evidence: [],
    fix: [doctorFix(check)],
  });
  return [
    ...(machine.assignedFunctions ? [] : [lacks("gpu.match", "card")]),
    ...(machine.provider !== "libvirt" || firmwareOf(host) ? [] : [lacks("guest.firmware", "UEFI firmware")]),
  ];
}

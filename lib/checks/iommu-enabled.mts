/** Whether the IOMMU translates for a card, and if not, why. */
import type { Evidence, Fix } from "../findings.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import {
  addArgument,
  iommuArguments,
  missingSupport,
  refreshEntries,
  removeArgument,
  replaceArgument,
} from "../host/kernel-arguments.mts";
import { removalWaits, waitsForReboot } from "../host/configured-arguments.mts";
import { commandFix, firmwareFix, manualFix, remedies } from "../fixes.mts";
import { isXenSystem } from "../host/distributions.mts";
import { processorWithoutVtd } from "../host/processors.mts";
import { isIntegrated, isPortable } from "../host/pci.mts";
import { fail, pass, unknown } from "./results.mts";
import { isApple, vendorIds } from "../host/vendors.mts";
import { isVm, outer, virtualIommu } from "./outer-hypervisor.mts";

/** Whether the architecture has a BIOS setup with VT-d or AMD-Vi. */
const isX86 = ({ os }: Host) => os.arch === undefined || /^(x86_64|i.86)$/.test(os.arch);

const tables: Record<string, string> = { DMAR: "Intel VT-d", IVRS: "AMD-Vi", IORT: "Arm SMMU" };

/**
 * A function has an `iommu_group` link exactly if an IOMMU unit translates for it. If it has none,
 * the ACPI table shows whether the firmware offers a unit (DMAR: Intel, IVRS: AMD), and
 * /sys/class/iommu whether the kernel uses one. The folder /sys/kernel/iommu_groups exists without
 * any IOMMU, and dmesg prints “IOMMU enabled” for the argument alone.
 */
export function checkEnabled(gpu: PciFunction, host: Host): Verdict {
  const { units, acpiTables, groups } = host.iommu;
  const evidence: Evidence[] = [
    {
      read: `/sys/bus/pci/devices/${gpu.bdf}/iommu_group`,
      value: gpu.group === undefined ? "not read" : (gpu.group ?? "none"),
    },
    { read: "/sys/class/iommu", value: units === undefined ? "not readable" : units.join(" ") || "empty" },
    {
      read: "/sys/firmware/acpi/tables",
      value: acpiTables === undefined
        ? "not readable"
        : Object.keys(tables).filter((name) => acpiTables.includes(name)).join(" ") || "no DMAR, no IVRS",
    },
    {
      read: "/proc/cmdline",
      value: host.kernel.arguments === undefined
        ? "not readable"
        : host.kernel.arguments.filter((word) => word.includes("iommu")).join(" ") || "no IOMMU argument",
    },
  ];
  if (gpu.group !== undefined && gpu.group !== null) {
    if (units === undefined) {
      return unknown("the card is in a group, but could not read /sys/class/iommu", evidence);
    }
    // POWER's IOMMU has groups but no entry in /sys/class/iommu (arch/powerpc/kernel/iommu.c)
    if (units.length === 0 && /^ppc/.test(host.os.arch ?? "")) {
      return unknown(
        `the card is in group ${gpu.group}, but ${host.os.arch} does not show which unit translates for it`,
        evidence,
      );
    }
    // vfio's no-IOMMU mode creates groups without a unit
    if (units.length === 0) {
      const { message, fix } = withoutGroup(gpu, host, evidence);
      return fail(`the card's group comes from VFIO's unsafe no-IOMMU mode. ${message}`, evidence, fix);
    }
    if (!groups?.get(gpu.group)?.includes(gpu.bdf)) {
      return unknown(`the card is in group ${gpu.group}, but that group does not list the card`, evidence);
    }
    return pass(`${kind(units)} translates for ${gpu.bdf}, IOMMU group ${gpu.group}`, evidence);
  }
  if (gpu.group === undefined) return unknown("could not read the card's IOMMU group", evidence);
  return withoutGroup(gpu, host, evidence);
}

/** Why a card is in no group of an IOMMU. */
function withoutGroup(gpu: PciFunction, host: Host, evidence: Evidence[]): Verdict {
  const { units, acpiTables } = host.iommu;
  if (host.hypervisor) return underXen(host, evidence);
  if (units === undefined) {
    return unknown("the card is in no IOMMU group; could not read the reason", evidence);
  }
  if (units.length > 0) return underNoUnit(gpu, units, host, evidence);
  // without ACPI the kernel reads no table of the firmware, and shows none
  const withoutAcpi = host.kernel.arguments?.includes("acpi=off") && isX86(host);
  if (acpiTables === undefined && withoutAcpi) {
    return fail("the kernel's argument acpi=off hides the IOMMU, which the kernel finds by ACPI", evidence, [
      manualFix("Remove acpi=off from the kernel's arguments, if this machine boots without it", {
        root: true,
        reboot: true,
      }),
    ]);
  }
  if (acpiTables === undefined) {
    return host.iommu.devicetree
      ? fail("this machine has no IOMMU that its kernel uses (device tree, no ACPI)", evidence)
      : unknown(
        "the IOMMU is off; could not read the reason: /sys/firmware is not visible, as in a container",
        evidence,
      );
  }
  const table = Object.keys(tables).find((name) => acpiTables.includes(name));
  if (!isX86(host)) return offOnArm(table, host, evidence);
  return table ? offInKernel(table, host, evidence) : offInFirmware(host, evidence);
}

/**
 * Xen owns the IOMMU: its control domain has no groups, whatever the firmware and Linux's arguments
 * are.
 */
function underXen(host: Host, evidence: Evidence[]): Verdict {
  const { hypervisor, os } = host;
  return fail(
    `${
      hypervisor === "xen-dom0" ? "this is the control domain (dom0) of Xen" : "this kernel runs on Xen"
    }, which owns the IOMMU: KVM and VFIO do not work under Xen`,
    [...evidence, { read: "/sys/hypervisor/type", value: `xen, kernel ${os.kernel ?? "not read"}` }],
    isXenSystem(host)
      ? [manualFix("Give the card to a VM of this system with its own tools, or run this on another host")]
      : [
        manualFix("Boot this system without Xen: choose the boot entry without “Xen hypervisor”", {
          root: true,
          reboot: true,
        }),
        manualFix("Or give the card to a Xen VM with Xen's tools: xl pci-assignable-add", { root: true }),
      ],
  );
}

/** The verdict where units exist, but none translates for this card. */
function underNoUnit(gpu: PciFunction, units: string[], host: Host, evidence: Evidence[]): Verdict {
  const message = `${gpu.bdf} is under no IOMMU unit, though this host has one (${units.join(" ")})`;
  const integrated = isIntegrated(gpu, host.pci);
  if (!isX86(host)) {
    return fail(
      `${message}: no kernel argument changes that`,
      evidence,
      isPortable(host) || host.iommu.devicetree ? [] : [isVm(host) ? outer.slot : remedies.slot],
    );
  }
  const words = host.kernel.arguments ?? [];
  const off = words.find((word) => /^intel_iommu=(.*,)?igfx_off(,|$)/.test(word));
  if (off && integrated && gpu.vendor === vendorIds.intel) {
    const rest = off.split("=")[1]!.split(",").filter((word) => word !== "igfx_off");
    return fail(`${off} excludes the integrated graphics from the IOMMU`, evidence, [
      rest.length > 0 ? replaceArgument(host, off, `intel_iommu=${rest.join(",")}`) : removeArgument(host, off),
    ]);
  }
  if (integrated) {
    const turnedOn = words.some((word) => /^intel_iommu=(.*,)?on(,|$)/.test(word));
    return fail(
      message,
      evidence,
      gpu.vendor !== vendorIds.intel
        ? [remedies.firmwareUpdate]
        : turnedOn
        ? [commandFix("Read the reason in the kernel log", "dmesg | grep -iE 'dmar|iommu'", { root: true })]
        : [
          manualFix(
            "Kernels built with INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF exclude the integrated graphics: " +
              "intel_iommu=on includes them",
            { root: true, reboot: true },
          ),
        ],
    );
  }
  return fail(message, evidence, [
    isVm(host) ? outer.slot : isPortable(host) ? remedies.firmwareUpdate : remedies.slot,
  ]);
}

function kind(units: string[]): string {
  return units.some((name) => name.startsWith("dmar"))
    ? "VT-d"
    : units.some((name) => name.startsWith("ivhd"))
    ? "AMD-Vi"
    : `IOMMU ${units[0]}`;
}

/**
 * Machines other than x86: the table IORT describes how devices access memory, with or without an
 * SMMU, and no argument enables a unit that the firmware has disabled. Small boards have no ACPI;
 * the kernel knows only what their device tree describes.
 */
function offOnArm(table: string | undefined, host: Host, evidence: Evidence[]): Verdict {
  if (table === "IORT") {
    return fail("no SMMU is active: the firmware's table IORT describes devices, but no enabled SMMU", evidence, [
      firmwareFix("Turn on the SMMU in the firmware setup"),
    ]);
  }
  return fail(
    `this machine (${host.os.arch}) has no IOMMU for its PCI devices: no kernel argument changes that`,
    evidence,
  );
}

/**
 * Whether no setting of this system gives it an IOMMU: Xen has it, the host is a VM whose
 * hypervisor offers none, or a Mac or a processor without VT-d.
 */
export function cannotHaveIommu(host: Host): boolean {
  const { units, acpiTables } = host.iommu;
  const none = units?.length === 0 && acpiTables !== undefined && !acpiTables.some((name) => name in tables);
  const never = isVm(host) || isApple(host.dmi) || processorWithoutVtd(host) !== undefined;
  return host.hypervisor !== undefined || (never && none);
}

function offInFirmware(host: Host, evidence: Evidence[]): Verdict {
  const off = "IOMMU is not enabled in your BIOS";
  return isVm(host)
    ? fail(`${off}: this host is a VM without a virtual IOMMU`, evidence, virtualIommu(host))
    : fail(off, evidence, [inFirmware(host)]);
}

/** The setting of the processor's maker; both where the processor is not known. */
function inFirmware(host: Host): Fix {
  const { cpu, dmi } = host;
  if (isApple(dmi)) return manualFix("A Mac has no setting for it: run this on another host");
  const lacking = processorWithoutVtd(host);
  if (lacking) return manualFix(`The ${lacking} has no VT-d: use another processor, or run this on another host`);
  switch (cpu.vendor) {
    case "GenuineIntel":
      return firmwareFix("Turn on VT-d in the firmware setup");
    case "AuthenticAMD":
      return firmwareFix("Turn on AMD-Vi, also called IOMMU, in the firmware setup");
    default:
      return remedies.iommu;
  }
}

function offInKernel(table: string, host: Host, evidence: Evidence[]): Verdict {
  const { arguments: running } = host.kernel;
  if (running === undefined) {
    return fail(
      `${tables[table]} is on in the firmware but off in the kernel; could not read the kernel arguments`,
      evidence,
      [commandFix("Read the kernel arguments", "cat /proc/cmdline")],
    );
  }
  const { add, remove: off } = iommuArguments(host);
  if (off.length > 0) {
    const waits = off.every((word) => removalWaits(host, word));
    return fail(
      `the IOMMU is switched off in the kernel (${off.join(" ")})${
        waits ? ": no boot loader file has it any more, which takes effect at the next reboot" : ""
      }`,
      evidence,
      waits
        ? rebootInto(host)
        : [...off.map((word) => removeArgument(host, word)), ...add.map((word) => addArgument(host, word))],
    );
  }
  const option = missingSupport(host);
  if (option) {
    return fail(`this kernel was built without support for ${tables[table]} (${option})`, evidence, [
      manualFix("Boot the distribution's ordinary kernel", { root: true, reboot: true }),
    ]);
  }
  if (table !== "DMAR") {
    // the kernel uses AMD's units without any argument: if none is active, the firmware's table is
    // invalid
    return fail(
      `${tables[table]} is on in the firmware (${table}) but off in the kernel, which needs no argument for it`,
      evidence,
      [
        commandFix("Read the reason in the kernel log", "dmesg | grep -iE 'amd-vi|ivrs|iommu'", { root: true }),
        firmwareFix("Set IOMMU to Enabled instead of Auto in the firmware setup, and update the firmware"),
      ],
    );
  }
  const argument = add[0] ?? "intel_iommu=on";
  if (running.some((word) => word === argument || word.startsWith(`${argument},`))) {
    return fail(`${tables[table]} is on in the firmware, ${argument} is set, but no unit is active`, evidence, [
      commandFix("Read the reason in the kernel log", "dmesg | grep -iE 'dmar|amd-vi|iommu'", { root: true }),
    ]);
  }
  const waits = waitsForReboot(host, argument);
  return fail(
    `${tables[table]} is on in the firmware but off in the kernel${
      waits ? `: ${argument} is configured and takes effect at the next reboot` : ""
    }`,
    evidence,
    waits ? rebootInto(host, argument) : [addArgument(host, argument)],
  );
}

/** Fixes that activate configured arguments. */
function rebootInto(host: Host, argument?: string): Fix[] {
  return [refreshEntries(host, argument), commandFix("Reboot", "reboot", { root: true, reboot: true })].filter((fix) =>
    fix !== undefined
  );
}

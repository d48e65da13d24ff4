import type { Settled, SettledMachine } from "../types/config.mts";
import type { Check, Evidence, Fix, Verdict } from "../types/findings.mts";
import type { Host, PciFunction } from "../types/host.mts";
import { addArgument, iommuArguments, refreshEntries, removalWaits, removeArgument, waitsForReboot } from "../boot.mts";
import { command, firmware, remedies, words } from "../fixes.mts";
import { type Card, cardsOf } from "../gpus.mts";
import { group } from "./group.mts";

export const iommuChecks: Check[] = [
  {
    id: "iommu.enabled",
    about:
      "whether the IOMMU translates for this card: by the card's own group, never by a folder, a log or an argument",
    why: "only the IOMMU keeps a card that a VM drives from reading and writing all of the host's memory",
    confirm: "ls /sys/class/iommu",
    look: (host, config) => eachCard(host, config, (card) => enabled(card.gpu, host)),
  },
  {
    id: "iommu.group",
    about: "whether the card's IOMMU group can be handed over",
    why:
      "devices of one group can reach each other around the IOMMU, so the kernel hands them over together or not at all",
    confirm: "npx zx homelab-gpu.mts doctor iommu.group",
    look: (host, config) => eachCard(host, config, (card) => group(card, host)),
  },
  {
    id: "iommu.interrupts",
    about: "whether interrupts are remapped, without which VFIO refuses",
    why: "without it a VM could send the host any interrupt",
    confirm: "grep -m1 IR- /proc/interrupts",
    look: (host, config) => onceIfCards(host, config, interrupts),
  },
  {
    id: "iommu.reserved",
    about: "memory that the firmware keeps for the card (RMRR)",
    why: "the kernel may not give away memory that the firmware still uses with the card",
    confirm: "cat /sys/kernel/iommu_groups/*/reserved_regions",
    look: (host, config) => eachCard(host, config, (card) => reserved(card, host)),
  },
  {
    id: "iommu.acs",
    about: "isolation that is only pretended",
    why: "an override hides real paths between devices: a guest can use them",
    confirm: "cat /proc/cmdline",
    look: (host, config) => onceIfCards(host, config, acs),
  },
];

/** A check of each card that was found and Linux hands over; nothing for machines without one. */
export function eachCard(
  host: Host,
  { machines }: Settled,
  look: (card: Card, machine: SettledMachine) => Verdict | Verdict[],
): Verdict[] {
  if (host.os.platform !== "linux") return [];
  return machines.flatMap((machine) =>
    cardsOf(machine, host).flatMap((card) =>
      [look(card, machine)].flat().map((verdict) => ({ machine: machine.name, ...verdict }))
    )
  );
}

function onceIfCards(host: Host, config: Settled, look: (host: Host) => Verdict): Verdict[] {
  const given = host.os.platform === "linux" && config.machines.some((machine) => cardsOf(machine, host).length > 0);
  return given ? [look(host)] : [];
}

// ------------------------------------------------------------------------------------------------------ iommu.enabled

const tables: Record<string, string> = { DMAR: "Intel VT-d", IVRS: "AMD-Vi", IORT: "Arm SMMU" };

/**
 * The kernel gives a function an `iommu_group` link exactly if a unit translates for it. Where it has none, the ACPI table tells whether
 * the firmware offers a unit at all (DMAR: Intel, IVRS: AMD), and /sys/class/iommu whether the kernel drives one. The folder
 * /sys/kernel/iommu_groups is there without any IOMMU, and dmesg says “IOMMU enabled” for the mere argument.
 */
function enabled(gpu: PciFunction, host: Host): Verdict {
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
        : host.kernel.arguments.filter((word) => word.includes("iommu")).join(" ") || "nothing of an IOMMU",
    },
  ];
  if (gpu.group !== undefined && gpu.group !== null) {
    if (units === undefined) {
      return { status: "unknown", says: "the card is in a group, but /sys/class/iommu could not be read", evidence };
    }
    // vfio's no-IOMMU mode makes groups without a unit
    if (units.length === 0) {
      return {
        status: "fail",
        says: "the card's group comes from VFIO's unsafe no-IOMMU mode: no IOMMU unit is at work",
        evidence,
      };
    }
    if (!groups?.get(gpu.group)?.includes(gpu.bdf)) {
      return {
        status: "unknown",
        says: `the card says it is in group ${gpu.group}, and that group does not list it`,
        evidence,
      };
    }
    return { status: "pass", says: `${kind(units)} translates for ${gpu.bdf}, IOMMU group ${gpu.group}`, evidence };
  }
  if (gpu.group === undefined) return { status: "unknown", says: "the card's IOMMU group was not read", evidence };
  if (units === undefined) {
    return { status: "unknown", says: "the card is in no IOMMU group, and why could not be seen", evidence };
  }
  if (units.length > 0) {
    return {
      status: "fail",
      says: `${gpu.bdf} is under no IOMMU unit, though this host has one (${units.join(" ")})`,
      evidence,
      fix: [
        words(
          "Put the card in another slot. An integrated GPU is left out by kernels built with INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: intel_iommu=on brings it in",
          { root: true, reboot: true },
        ),
      ],
    };
  }
  if (acpiTables === undefined) {
    return host.iommu.devicetree
      ? { status: "fail", says: "this machine has no IOMMU that its kernel drives (device tree, no ACPI)", evidence }
      : {
        status: "unknown",
        says: "the IOMMU is off, and why cannot be seen from here: /sys/firmware is not visible, as in a container",
        evidence,
      };
  }
  const table = Object.keys(tables).find((name) => acpiTables.includes(name));
  return table ? offInKernel(table, host, evidence) : offInFirmware(host, evidence);
}

function kind(units: string[]): string {
  return units.some((name) => name.startsWith("dmar"))
    ? "VT-d"
    : units.some((name) => name.startsWith("ivhd"))
    ? "AMD-Vi"
    : `IOMMU ${units[0]}`;
}

function offInFirmware(host: Host, evidence: Evidence[]): Verdict {
  const inside = host.cpu.flags?.includes("hypervisor");
  const fix: Fix = inside
    ? words(
      "This host is a VM: let the outer hypervisor give it a virtual IOMMU (QEMU: -device intel-iommu,intremap=on)",
      { root: true, reboot: true },
    )
    : remedies.iommu;
  return { status: "fail", says: "IOMMU is not enabled in your BIOS", evidence, fix: [fix] };
}

function offInKernel(table: string, host: Host, evidence: Evidence[]): Verdict {
  const { arguments: running, built } = host.kernel;
  if (running === undefined) {
    return {
      status: "fail",
      says: `${tables[table]} is on in the firmware and off in the kernel, whose arguments could not be read`,
      evidence,
      fix: [command("Read them", "cat /proc/cmdline")],
    };
  }
  const { add, remove: off } = iommuArguments(host);
  if (off.length > 0) {
    const waits = off.every((word) => removalWaits(host, word));
    return {
      status: "fail",
      says: `the IOMMU is switched off in the kernel (${off.join(" ")})${
        waits ? ": none of the boot loader's files has it, and that waits for a reboot" : ""
      }`,
      evidence,
      fix: waits ? rebootInto(host) : off.map((word) => removeArgument(host, word)),
    };
  }
  if (built?.CONFIG_INTEL_IOMMU === undefined && built?.CONFIG_AMD_IOMMU === undefined && built !== undefined) {
    return {
      status: "fail",
      says: "this kernel was built without IOMMU support",
      evidence,
      fix: [words("Boot the distribution's ordinary kernel", { root: true, reboot: true })],
    };
  }
  const argument = add[0] ?? "iommu=pt";
  if (running.includes(argument)) {
    return {
      status: "fail",
      says: `${tables[table]} is on in the firmware, ${argument} is given, and still no unit is at work`,
      evidence,
      fix: [command("Read why in the kernel's log", "dmesg | grep -iE 'dmar|amd-vi|iommu'", { root: true })],
    };
  }
  const waits = waitsForReboot(host, argument);
  return {
    status: "fail",
    says: `${tables[table]} is on in the firmware and off in the kernel${
      waits ? `: ${argument} is configured and waits for a reboot` : ""
    }`,
    evidence,
    fix: waits ? rebootInto(host, argument) : [addArgument(host, argument)],
  };
}

/** What brings arguments into force that are configured. */
function rebootInto(host: Host, argument?: string): Fix[] {
  return [refreshEntries(host, argument), command("Reboot", "reboot", { root: true, reboot: true })].filter((fix) =>
    fix !== undefined
  );
}

// ------------------------------------------------------------------------------------------------------------ the rest

function interrupts(host: Host): Verdict {
  const kinds = host.iommu.interrupts;
  const evidence: Evidence[] = [{ read: "/proc/interrupts", value: kinds?.join(" ") ?? "not readable" }];
  if (host.os.arch !== undefined && !/^(x86_64|i.86)$/.test(host.os.arch)) {
    return { status: "skip", says: "interrupt remapping is a matter of x86", evidence };
  }
  if (host.iommu.units?.length === 0) return { status: "skip", says: "no IOMMU is at work that could", evidence };
  if (!kinds || kinds.length === 0) {
    return { status: "unknown", says: "whether interrupts are remapped could not be read", evidence };
  }
  if (kinds.some((name) => name.startsWith("IR-"))) {
    return { status: "pass", says: "interrupts are remapped", evidence };
  }
  const unsafe = host.kernel.parameters["vfio_iommu_type1.allow_unsafe_interrupts"];
  if (unsafe === "Y") {
    return {
      status: "warn",
      says:
        "interrupts are not remapped, and VFIO is told to take that (allow_unsafe_interrupts): the VM can send any interrupt",
      evidence: [...evidence, { read: "vfio_iommu_type1.allow_unsafe_interrupts", value: "Y" }],
    };
  }
  return {
    status: "fail",
    says: "interrupts are not remapped: VFIO will refuse the card (Operation not permitted)",
    evidence,
    fix: [remedies.interrupts],
  };
}

function reserved({ groups }: Card, host: Host): Verdict {
  if (!host.iommu.groups || groups.length === 0) {
    return { status: "skip", says: "the card is in no IOMMU group", evidence: [] };
  }
  const kept = groups.find((group) => host.iommu.direct.includes(group));
  const read = `/sys/kernel/iommu_groups/${kept ?? groups.join(", ")}/reserved_regions`;
  if (kept === undefined) {
    return {
      status: "pass",
      says: "the firmware keeps no memory for it",
      evidence: [{ read, value: "no direct region" }],
    };
  }
  const hp = /^(HPE?|Hewlett)/.test(host.dmi.sys_vendor ?? "");
  return {
    status: "warn",
    says:
      "the firmware keeps memory for this card (RMRR): the kernel may refuse it as ineligible for IOMMU domain attach",
    evidence: [{ read, value: "a direct region" }, {
      read: "/sys/class/dmi/id/sys_vendor",
      value: host.dmi.sys_vendor ?? "unknown",
    }],
    fix: [
      hp
        ? firmware("On HPE Gen9 and later turn off “HP Shared Memory features” for the slot (Gen8 has no such switch)")
        : remedies.reserved,
    ],
  };
}

function acs({ kernel }: Host): Verdict {
  const override = kernel.arguments?.find((word) => word.startsWith("pcie_acs_override="));
  const evidence = [{
    read: "/proc/cmdline",
    value: kernel.arguments === undefined ? "not readable" : (override ?? "no pcie_acs_override"),
  }];
  if (kernel.arguments === undefined) {
    return { status: "unknown", says: "the kernel's arguments could not be read", evidence };
  }
  return override
    ? {
      status: "warn",
      says: `${override} splits groups that the hardware does not: the VM's card can reach its neighbours' memory`,
      evidence,
    }
    : { status: "pass", says: "groups are the hardware's own", evidence };
}

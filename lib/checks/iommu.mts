import type { Check, Evidence, Fix, Host, PciFunction, Settled, Verdict } from "../types.mts";
import { addArgument, removeArgument, waitsForReboot } from "../boot.mts";
import { type Card, cardsOf, hindrances, usesOf } from "../gpus.mts";
import { className, described } from "../pci.mts";

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

/** A check of each card that was found; nothing for machines without one. */
export function eachCard(host: Host, { machines }: Settled, look: (card: Card) => Verdict | Verdict[]): Verdict[] {
  return machines.flatMap((machine) =>
    cardsOf(machine, host).flatMap((card) =>
      [look(card)].flat().map((verdict) => ({ machine: machine.name, ...verdict }))
    )
  );
}

function onceIfCards(host: Host, config: Settled, look: (host: Host) => Verdict): Verdict[] {
  return config.machines.some((machine) => cardsOf(machine, host).length > 0) ? [look(host)] : [];
}

// ------------------------------------------------------------------------------------------------------ iommu.enabled

const tables: Record<string, string> = { DMAR: "Intel VT-d", IVRS: "AMD-Vi", IORT: "Arm SMMU" };
const switches = ["intel_iommu=off", "amd_iommu=off", "iommu=off"];

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
      fix: [{
        say:
          "Put the card in another slot. An integrated GPU is left out by kernels built with INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF: intel_iommu=on brings it in",
        run: null,
        root: true,
        reboot: true,
        safe: false,
      }],
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
    ? {
      say:
        "This host is a VM: let the outer hypervisor give it a virtual IOMMU (QEMU: -device intel-iommu,intremap=on)",
      run: null,
      root: true,
      reboot: true,
      safe: false,
    }
    : {
      say: "Turn on VT-d (Intel) or AMD-Vi, also called IOMMU (AMD), in the firmware's set-up",
      run: null,
      root: true,
      reboot: true,
      safe: false,
    };
  return { status: "fail", says: "IOMMU is not enabled in your BIOS", evidence, fix: [fix] };
}

function offInKernel(table: string, host: Host, evidence: Evidence[]): Verdict {
  const { arguments: running, configured, built } = host.kernel;
  const off = switches.filter((word) => running?.includes(word));
  if (off.length > 0) {
    const waits = configured !== undefined && !off.some((word) => configured.includes(word));
    return {
      status: "fail",
      says: `the IOMMU is switched off in the kernel (${off.join(" ")})${
        waits ? ": its removal is configured and waits for a reboot" : ""
      }`,
      evidence,
      fix: waits ? [reboot] : off.map((word) => removeArgument(host, word)),
    };
  }
  if (built?.CONFIG_INTEL_IOMMU === undefined && built?.CONFIG_AMD_IOMMU === undefined && built !== undefined) {
    return {
      status: "fail",
      says: "this kernel was built without IOMMU support",
      evidence,
      fix: [{ say: "Boot the distribution's ordinary kernel", run: null, root: true, reboot: true, safe: false }],
    };
  }
  const argument = table === "DMAR" ? "intel_iommu=on" : "iommu=pt";
  if (running?.includes(argument)) {
    return {
      status: "fail",
      says: `${tables[table]} is on in the firmware, ${argument} is given, and still no unit is at work`,
      evidence,
      fix: [{
        say: "Read why in the kernel's log",
        run: "dmesg | grep -iE 'dmar|amd-vi|iommu'",
        root: true,
        reboot: false,
        safe: false,
      }],
    };
  }
  const waits = waitsForReboot(host, argument);
  return {
    status: "fail",
    says: `${tables[table]} is on in the firmware and off in the kernel${
      waits ? `: ${argument} is configured and waits for a reboot` : ""
    }`,
    evidence,
    fix: [waits ? reboot : addArgument(host, argument)],
  };
}

const reboot: Fix = { say: "Reboot", run: "reboot", root: true, reboot: true, safe: false };

// -------------------------------------------------------------------------------------------------------- iommu.group

function group(card: Card, host: Host): Verdict {
  const { gpu, passed, left, foreign, bridges, unsure } = card;
  const number = gpu.group;
  if (number === undefined || number === null) {
    return { status: number === null ? "skip" : "unknown", says: "the card is in no IOMMU group", evidence: [] };
  }
  const evidence: Evidence[] = [
    ...[...passed, ...foreign, ...bridges].map((fn) => ({
      read: `group ${number}`,
      value: `${described(fn)} ${className(fn)}, ${driven(fn)}${
        bridges.includes(fn) ? " (a bridge: does not count)" : passed.includes(fn) ? " (goes along)" : ""
      }`,
    })),
    ...left.map((fn) => ({
      read: `group ${fn.group ?? "?"}`,
      value: `${described(fn)} ${className(fn)}, of the same card, stays`,
    })),
  ];
  const vital = [...passed, ...foreign].flatMap((fn) =>
    usesOf(fn, host).filter(({ vital }) => vital).map(({ use }) => `${described(fn)} ${className(fn)} carries ${use}`)
  );
  if (vital.length > 0) {
    return {
      status: "fail",
      says: `handing over group ${number} would take from this host what it needs: ${vital.join("; ")}`,
      evidence,
      fix: [{
        say: "Put the card in another slot, or move that device to one",
        run: null,
        root: true,
        reboot: true,
        safe: false,
      }],
    };
  }
  const inTheWay = hindrances(card);
  if (inTheWay.length > 0) {
    const names = inTheWay.map((fn) => {
      const uses = usesOf(fn, host).map(({ use }) => use);
      return `${described(fn)} ${className(fn)} (${driven(fn)}${uses.length > 0 ? `, ${uses.join(", ")}` : ""})`;
    });
    return {
      status: "fail",
      says: `group ${number} is not viable: ${gpu.bdf} shares it with ${names.join(" and ")}`,
      evidence,
      fix: [
        {
          say: "Put the card in another slot, best one that hangs on the CPU",
          run: null,
          root: true,
          reboot: true,
          safe: false,
        },
        {
          say: "Or turn on ACS in the firmware's set-up, which splits groups where the hardware can",
          run: null,
          root: true,
          reboot: true,
          safe: false,
        },
        ...inTheWay.map((fn) => ({
          say: `Or give up ${fn.bdf} on this host until the next boot`,
          run: release(fn),
          root: true,
          reboot: false,
          safe: false,
        })),
      ],
    };
  }
  if (unsure.length > 0) {
    return {
      status: "unknown",
      says: `who is in group ${number} could not be read for sure: ${unsure.slice(0, 6).join(", ")}`,
      evidence,
    };
  }
  const others = foreign.length > 0
    ? `; beside it ${foreign.map(({ bdf }) => bdf).join(", ")}, which no host driver holds`
    : "";
  return {
    status: "pass",
    says: `group ${number}: ${passed.map(({ bdf }) => bdf).join(", ")} ${
      passed.length === 1 ? "goes" : "go"
    } to the VM${others}`,
    evidence,
  };
}

/** Takes a function from its driver and gives it to vfio-pci: override first, so that it is never without one (sysfs-bus-pci, driver_override). */
function release({ bdf }: PciFunction): string {
  const at = `/sys/bus/pci/devices/${bdf}`;
  return `modprobe vfio-pci && sh -c 'echo vfio-pci >${at}/driver_override; echo ${bdf} >${at}/driver/unbind; echo ${bdf} >/sys/bus/pci/drivers_probe'`;
}

function driven({ driver }: PciFunction): string {
  return driver === undefined ? "driver not read" : driver === null ? "no driver" : `driver ${driver}`;
}

// ------------------------------------------------------------------------------------------------------------ the rest

function interrupts(host: Host): Verdict {
  const kinds = host.iommu.interrupts;
  const evidence: Evidence[] = [{ read: "/proc/interrupts", value: kinds?.join(" ") ?? "not readable" }];
  if (host.os.arch !== undefined && !/^(x86_64|i.86)$/.test(host.os.arch)) {
    return { status: "skip", says: "interrupt remapping is a matter of x86", evidence };
  }
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
    fix: [{
      say: "Turn on interrupt remapping or x2APIC in the firmware's set-up",
      run: null,
      root: true,
      reboot: true,
      safe: false,
    }],
  };
}

function reserved({ gpu }: Card, host: Host): Verdict {
  if (!host.iommu.groups || !gpu.group) return { status: "skip", says: "the card is in no IOMMU group", evidence: [] };
  const read = `/sys/kernel/iommu_groups/${gpu.group}/reserved_regions`;
  if (!host.iommu.direct.includes(gpu.group)) {
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
    fix: [{
      say: hp
        ? "On HPE Gen9 and later turn off “HP Shared Memory features” for the slot (Gen8 has no such switch)"
        : "Look in the firmware's set-up for what reserves memory for that slot",
      run: null,
      root: true,
      reboot: true,
      safe: false,
    }],
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

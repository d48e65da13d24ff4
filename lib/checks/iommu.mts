import type { Evidence } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { firmwareFix, remedies } from "../fixes.mts";
import type { Card } from "../resolve/cards.mts";
import { eachCard, onceIfCards } from "./each.mts";
import { checkEnabled } from "./iommu-enabled.mts";
import { checkGroup } from "./iommu-group.mts";

export const iommuChecks: Check[] = [
  {
    id: "iommu.enabled",
    about:
      "whether the IOMMU translates for this card: by the card's own group, never by a folder, a log or an argument",
    why: "only the IOMMU keeps a card that a VM drives from reading and writing all of the host's memory",
    confirm: "ls /sys/class/iommu",
    check: (host, config) => eachCard(host, config, (card) => checkEnabled(card.gpu, host)),
  },
  {
    id: "iommu.group",
    about: "whether the card's IOMMU group can be handed over",
    why:
      "devices of one group can reach each other around the IOMMU, so the kernel hands them over together or not at all",
    confirm: "npx zx homelab-gpu.mts doctor iommu.group",
    check: (host, config) => eachCard(host, config, (card) => checkGroup(card, host)),
  },
  {
    id: "iommu.interrupts",
    about: "whether interrupts are remapped, without which VFIO refuses",
    why: "without it a VM could send the host any interrupt",
    confirm: "grep -m1 IR- /proc/interrupts",
    check: (host, config) => onceIfCards(host, config, interrupts),
  },
  {
    id: "iommu.reserved",
    about: "memory that the firmware keeps for the card (RMRR)",
    why: "the kernel may not give away memory that the firmware still uses with the card",
    confirm: "cat /sys/kernel/iommu_groups/*/reserved_regions",
    check: (host, config) => eachCard(host, config, (card) => reserved(card, host)),
  },
  {
    id: "iommu.acs",
    about: "isolation that is only pretended",
    why: "an override hides real paths between devices: a guest can use them",
    confirm: "cat /proc/cmdline",
    check: (host, config) => onceIfCards(host, config, acs),
  },
];

function interrupts(host: Host): Verdict {
  const kinds = host.iommu.interrupts;
  const evidence: Evidence[] = [{ read: "/proc/interrupts", value: kinds?.join(" ") ?? "not readable" }];
  if (host.os.arch !== undefined && !/^(x86_64|i.86)$/.test(host.os.arch)) {
    return { status: "skip", message: "interrupt remapping is a matter of x86", evidence };
  }
  if (host.iommu.units?.length === 0) return { status: "skip", message: "no IOMMU is at work that could", evidence };
  if (!kinds || kinds.length === 0) {
    return { status: "unknown", message: "whether interrupts are remapped could not be read", evidence };
  }
  if (kinds.some((name) => name.startsWith("IR-"))) {
    return { status: "pass", message: "interrupts are remapped", evidence };
  }
  const unsafe = host.kernel.parameters["vfio_iommu_type1.allow_unsafe_interrupts"];
  if (unsafe === "Y") {
    return {
      status: "warn",
      message:
        "interrupts are not remapped, and VFIO is told to take that (allow_unsafe_interrupts): the VM can send any interrupt",
      evidence: [...evidence, { read: "vfio_iommu_type1.allow_unsafe_interrupts", value: "Y" }],
    };
  }
  return {
    status: "fail",
    message: "interrupts are not remapped: VFIO will refuse the card (Operation not permitted)",
    evidence,
    fix: [remedies.interrupts],
  };
}

function reserved({ groups }: Card, host: Host): Verdict {
  if (!host.iommu.groups || groups.length === 0) {
    return { status: "skip", message: "the card is in no IOMMU group", evidence: [] };
  }
  const kept = groups.find((group) => host.iommu.direct.includes(group));
  const read = `/sys/kernel/iommu_groups/${kept ?? groups.join(", ")}/reserved_regions`;
  if (kept === undefined) {
    return {
      status: "pass",
      message: "the firmware keeps no memory for it",
      evidence: [{ read, value: "no direct region" }],
    };
  }
  const hp = /^(HPE?|Hewlett)/.test(host.dmi.sys_vendor ?? "");
  return {
    status: "warn",
    message:
      "the firmware keeps memory for this card (RMRR): the kernel may refuse it as ineligible for IOMMU domain attach",
    evidence: [{ read, value: "a direct region" }, {
      read: "/sys/class/dmi/id/sys_vendor",
      value: host.dmi.sys_vendor ?? "unknown",
    }],
    fix: [
      hp
        ? firmwareFix(
          "On HPE Gen9 and later turn off “HP Shared Memory features” for the slot (Gen8 has no such switch)",
        )
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
    return { status: "unknown", message: "the kernel's arguments could not be read", evidence };
  }
  return override
    ? {
      status: "warn",
      message: `${override} splits groups that the hardware does not: the VM's card can reach its neighbours' memory`,
      evidence,
    }
    : { status: "pass", message: "groups are the hardware's own", evidence };
}

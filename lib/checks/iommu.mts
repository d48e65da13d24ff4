import type { Evidence, Fix } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { commandFix, firmwareFix, manualFix, remedies, withoutSharedMemory } from "../fixes.mts";
import { noRemapping, removeArgument } from "../host/kernel-arguments.mts";
import { moduleOption } from "../host/module-options.mts";
import { isOlder } from "../text.mts";
import { takesAcsOverride } from "../resolve/acs-kernels.mts";
import type { Card } from "../resolve/types.mts";
import { eachCard, onceIfCards } from "./each.mts";
import { isVm, outerRemapping } from "./outer-hypervisor.mts";
import { checkEnabled } from "./iommu-enabled.mts";
import { checkGroup } from "./iommu-group.mts";
import { fail, pass, skip, unknown, warn } from "./results.mts";
import { vendorIds } from "../host/vendors.mts";

/** The IOMMU: whether it is enabled, the card's groups, interrupt remapping, and overrides. */
export const iommuChecks: Check[] = [
  {
    id: "iommu.enabled",
    about:
      "whether the IOMMU translates for this card, by the card's own group: a log line or an argument proves nothing",
    why: "only the IOMMU keeps a card that a VM drives from reading and writing all of the host's memory",
    confirm: "ls /sys/class/iommu",
    check: (host, config) => eachCard(host, config, (card) => checkEnabled(card.gpu, host)),
  },
  {
    id: "iommu.group",
    about: "whether the card's IOMMU group can be passed to a VM",
    why: "devices of one group can reach each other without the IOMMU, so the kernel passes all of them or " +
      "none",
    check: (host, config) => eachCard(host, config, (card) => checkGroup(card, host)),
  },
  {
    id: "iommu.interrupts",
    about: "whether interrupts are remapped, which VFIO requires",
    why: "without remapping a VM can send any interrupt to the host",
    confirm: "grep -m1 IR- /proc/interrupts",
    check: (host, config) => onceIfCards(host, config, interrupts),
  },
  {
    id: "iommu.reserved",
    about: "memory that the firmware reserves for the card (Intel: RMRR, AMD: IVMD)",
    why: "the firmware still uses that memory with the card, so the kernel does not pass the card to a VM",
    confirm: "cat /sys/kernel/iommu_groups/*/reserved_regions",
    check: (host, config) => eachCard(host, config, (card) => reserved(card, host)),
  },
  {
    id: "iommu.acs",
    about: "whether a kernel argument splits groups that the hardware does not split (pcie_acs_override)",
    why: "an override hides real paths between devices, and a guest can use them",
    confirm: "cat /proc/cmdline",
    check: (host, config) => onceIfCards(host, config, acs),
  },
];

function interrupts(host: Host): Verdict {
  const kinds = host.iommu.interrupts;
  const evidence: Evidence[] = [{ read: "/proc/interrupts", value: kinds?.join(" ") ?? "not readable" }];
  if (host.os.arch !== undefined && !/^(x86_64|i.86)$/.test(host.os.arch)) {
    return skip("interrupt remapping exists on x86 only", evidence);
  }
  if (host.iommu.units?.length === 0) {
    return skip("no IOMMU is active, so interrupts are not remapped", evidence);
  }
  if (!kinds || kinds.length === 0) {
    return unknown("could not read whether interrupts are remapped", evidence);
  }
  if (kinds.some((name) => name.startsWith("IR-"))) {
    return pass("interrupts are remapped", evidence);
  }
  const unsafe = host.kernel.parameters["vfio_iommu_type1.allow_unsafe_interrupts"];
  if (unsafe === "Y") {
    return warn(
      "interrupts are not remapped, but VFIO is set to accept that (allow_unsafe_interrupts): the VM can send " +
        "any interrupt to the host",
      [...evidence, { read: "vfio_iommu_type1.allow_unsafe_interrupts", value: "Y" }],
    );
  }
  // Intel 5500, 5520 and X58: the kernel disables interrupt remapping on these revisions
  // (arch/x86/kernel/early-quirks.c, intel_remapping_check)
  const broken = host.pci?.find(({ vendor, device, class: code }) =>
    vendor === vendorIds.intel && /^340[0-7]$/.test(device ?? "") && code?.startsWith("0600")
  );
  if (broken) {
    return fail(
      "interrupts are not remapped, because remapping is broken on this chipset (Intel 5500, 5520, X58) and the " +
        "kernel turns it off: VFIO will refuse the card (Operation not permitted)",
      [...evidence, {
        read: `/sys/bus/pci/devices/${broken.bdf}`,
        value: `${broken.vendor}:${broken.device}, revision ${broken.revision ?? "not read"}`,
      }],
      [
        moduleOption(
          host,
          "No setting fixes this. If you trust the VM, use VFIO without remapping; the VM can then send any " +
            "interrupt to this host",
          "vfio-unsafe-interrupts",
          "vfio_iommu_type1 allow_unsafe_interrupts=1",
        ),
      ],
    );
  }
  const remapping = noRemapping(host);
  // without an APIC there is nothing to remap
  const off = remapping ?? host.kernel.arguments?.find((word) => /^nol?apic$/.test(word));
  return off
    ? fail(
      `interrupts are not remapped, because of the kernel's argument ${off}: VFIO will refuse the card ` +
        "(Operation not permitted)",
      [...evidence, { read: "/proc/cmdline", value: off }],
      [
        remapping
          ? removeArgument(host, remapping)
          : manualFix(`Remove ${off} from the kernel's arguments, if this machine boots without it`, {
            root: true,
            reboot: true,
          }),
      ],
    )
    : fail("interrupts are not remapped: VFIO will refuse the card (Operation not permitted)", evidence, [
      ...(isVm(host)
        ? [outerRemapping(host)]
        : host.iommu.acpiTables?.includes("IVRS")
        ? ivrs(host)
        : [remedies.interrupts]),
    ]);
}

/**
 * Fixes for AMD. The kernel turns remapping off if the firmware's IVRS table lacks an I/O APIC
 * (drivers/iommu/amd/init.c, check_ioapic_information; kernel-parameters.txt, ivrs_ioapic). Boards
 * with the chipsets RD890 and RD9x0 (1002:5a1x) have no setting for it.
 */
function ivrs({ pci = [] }: Host): Fix[] {
  const old = pci.some(({ vendor, device, class: code }) =>
    vendor === vendorIds.amd && /^5a1[0-4]$/.test(device ?? "") && code?.startsWith("0600")
  );
  return [
    ...(old ? [] : [remedies.interrupts]),
    commandFix("Find the reason in the kernel log", "dmesg | grep -iE 'ioapic|interrupt remapping'", { root: true }),
    manualFix(
      "If an IOAPIC is not in the IVRS table: update the firmware, or name the IOAPIC among the kernel's " +
        "arguments: ivrs_ioapic[ID]=BUS:SLOT.FUNCTION, with the ID of that message",
      { root: true, reboot: true },
    ),
  ];
}

function reserved({ groups, assignedFunctions }: Card, host: Host): Verdict {
  if (!host.iommu.groups || groups.length === 0) {
    return skip("the card is in no IOMMU group");
  }
  const directGroup = groups.find((group) => host.iommu.direct.includes(group));
  const read = `/sys/kernel/iommu_groups/${directGroup ?? groups.join(", ")}/reserved_regions`;
  if (directGroup === undefined) {
    return pass("the firmware reserves no memory for the card", [{ read, value: "no direct region" }]);
  }
  const hp = /^(HPE?|Hewlett)/.test(host.dmi.sys_vendor ?? "");
  const amd = host.iommu.acpiTables?.includes("IVRS") ?? host.cpu.vendor === "AuthenticAMD";
  const { kernel } = host.os;
  const arm = host.iommu.acpiTables?.includes("IORT") ?? false;
  const intel = host.iommu.acpiTables?.includes("DMAR") ?? host.cpu.vendor === "GenuineIntel";
  // the kernel lists the regions of a group without their devices
  const isAlone = (host.pci ?? []).every((fn) => fn.group !== directGroup || assignedFunctions.includes(fn));
  const message = `the firmware reserves memory for ${isAlone ? "this card" : "a device of this card's IOMMU group"} (${
    amd ? "IVMD" : arm ? "RMR of IORT" : "RMRR"
  })`;
  // Since 6.6 such groups cannot be passed to a VM (drivers/iommu/iommu.c, require_direct:
  // “requires a 1:1 mapping”). Before, VT-d refused them (device_is_rmrr_locked), except graphics
  // and USB, whose regions are called direct-relaxable since 5.3; AMD-Vi did not refuse them.
  const refuses = "kernels since 6.6 refuse to pass it (“requires a 1:1 mapping”)";
  const ineligible = "ineligible for IOMMU domain attach";
  const current = kernel !== undefined && !isOlder(kernel, "6.6");
  const locked = kernel !== undefined && !isOlder(kernel, "5.3") && intel && !amd;
  return {
    status: current || locked ? "fail" : "warn",
    message: current
      ? `${message}, and ${refuses}`
      : locked
      ? `${message}, and the kernel refuses to pass it (“${ineligible}”)`
      : kernel === undefined
      ? `${message}: ${refuses}, and earlier ones may refuse; could not read this kernel's version`
      : amd || arm
      ? `${message}: this kernel may pass it, but ${refuses}`
      : `${message}: the kernel may refuse it as ${ineligible}, and ${refuses}`,
    evidence: [
      { read, value: "a direct region" },
      { read: "/proc/sys/kernel/osrelease", value: kernel ?? "not read" },
      { read: "/sys/class/dmi/id/sys_vendor", value: host.dmi.sys_vendor ?? "unknown" },
    ],
    fix: amd
      ? [
        firmwareFix("Update the firmware: on many boards newer versions reserve less"),
        firmwareFix("Or turn off Pre-boot DMA Protection in the firmware setup"),
      ]
      : [
        ...(hp ? withoutSharedMemory(host.dmi.product_name) : [remedies.reserved]),
      ],
  };
}

function acs(host: Host): Verdict {
  const { kernel } = host;
  const override = kernel.arguments?.find((word) => word.startsWith("pcie_acs_override="));
  const evidence = [{
    read: "/proc/cmdline",
    value: kernel.arguments === undefined ? "not readable" : (override ?? "no pcie_acs_override"),
  }];
  if (kernel.arguments === undefined) {
    return unknown("could not read the kernel arguments", evidence);
  }
  const release = host.os.kernel ?? "";
  const takes = takesAcsOverride(release);
  if (override && !takes) {
    const ignored = takes === false;
    return warn(
      ignored
        ? `${override} has no effect: ${release} is a distribution kernel, which does not know that argument`
        : `${override}: kernels with the patch split groups that the hardware does not split, so the VM's card ` +
          "can reach its neighbours' memory; kernels without it ignore the argument. Cannot tell which kind " +
          `${release || "this kernel"} is`,
      [...evidence, { read: "/proc/sys/kernel/osrelease", value: release || "not read" }],
      [
        removeArgument(host, override),
        manualFix("Or, if you need it to split groups, boot a kernel with the patch (linux-zen, Proxmox)", {
          root: true,
          reboot: true,
        }),
      ],
    );
  }
  return override
    ? warn(
      `${override} splits groups that the hardware does not split: the VM's card can reach its neighbours' memory`,
      evidence,
      [
        removeArgument(host, override),
        manualFix("If the card shares its group then: put it in a slot that is wired to the CPU", {
          root: true,
          reboot: true,
        }),
      ],
    )
    : pass("no kernel argument splits IOMMU groups", evidence);
}

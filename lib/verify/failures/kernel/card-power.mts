import type { Failure } from "../types.mts";
import { commandFix, doctorFix, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { powerCycle } from "../fixes.mts";

/** Errors about a card's power, reset and PCI Express link. */
export const cardPowerFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /Unable to change power state from \S{1,10} to \S{1,5}, device inaccessible/,
      /device, stuck in D3/,
      /not ready \d{1,8}ms after resume/,
      /can't change power state from D3\w{3,4} to D0/,
    ),
    near: "card",
    check: "gpu.power",
    layer: "kernel",
    message: "the card sleeps without power (D3cold) and does not wake up",
    fix: [
      remedies.awake,
      commandFix(
        "Keep it from sleeping until the next boot",
        "sh -c 'for f in /sys/bus/pci/devices/*/d3cold_allowed; do echo 0 >$f; done'",
        {
          root: true,
        },
      ),
      powerCycle,
    ],
    source:
      "Linux 6.1, QEMU 7.2; kata-containers/kata-containers#11708, bryansteiner/gpu-passthrough-tutorial#39 (2024)",
  },
  {
    pattern: anyOf(
      /PM: (?:Device \S{1,40} )?failed to (?:suspend|freeze|quiesce|resume|thaw|restore)\b.{0,12}: error -\d/,
      /\b(?:nv_pmops|amdgpu_pmops|i915_pm|xe_pci)_\w{3,20}\S{0,20} (?:\[\w{2,12}\] )?returns -\d/,
    ),
    near: "card",
    check: "gpu.reset",
    layer: "kernel",
    message:
      "the card's driver did not let the machine sleep, or did not wake the card: most often it could not save the " +
      "card's memory",
    fix: [
      manualFix("Reboot, and do not suspend a host or VM whose card computes"),
      manualFix(
        "If it has to sleep: end the programs on the card first, and keep as much RAM free as they use of its memory",
      ),
      commandFix(
        "NVIDIA: let its services save that memory (to the folder of NVreg_TemporaryFilePath, which needs the room)",
        "systemctl enable nvidia-suspend nvidia-hibernate nvidia-resume",
        { root: true },
      ),
    ],
    source: "Linux 6.12 (drivers/base/power, drivers/pci/pci-driver.c); NVIDIA/open-gpu-kernel-modules#662 (2025-05)",
  },
  {
    pattern: /Unknown PCI header type '127'/,
    check: "gpu.power",
    layer: "kernel",
    message: "the card no longer answers: its configuration space reads all ones",
    fix: [powerCycle, remedies.awake],
    source: "libvirt, QEMU, read 2026-11",
  },
  {
    pattern: anyOf(
      /Unable to reset PCI device/,
      /Cannot reset device \S{1,20}, (?:no available|depends on)/,
    ),
    check: "gpu.reset",
    layer: "vfio",
    message: "the card cannot be reset, so it keeps the state that its last user left",
    fix: [
      manualFix("Pass all functions of the card, and start the VM only once after each boot of the host"),
      powerCycle,
    ],
    source: "libvirt 9.0, QEMU 7.2 (2022-12); gnif/vendor-reset#76",
  },
  {
    // with vfio-pci, such an error mostly follows from a reset that does not work
    pattern: /(?:nvidia|nouveau|amdgpu|i915|xe) \S{1,14}: AER: can't recover \(no error_detected callback\)/,
    check: "gpu.power",
    layer: "kernel",
    message:
      "the card's PCI Express link failed while its driver used the card: a riser, cable, slot or power; with an " +
      "external card its Thunderbolt, USB4 or OCuLink link",
    fix: [
      manualFix(
        "Check the slot, riser and power cables; set the slot to an older PCIe generation in the firmware's setup",
        { root: true, reboot: true },
      ),
      manualFix("An external card: a shorter certified cable, another port, and the kernel argument pcie_aspm=off"),
      powerCycle,
    ],
    source:
      "Linux (drivers/pci/pcie/err.c); NVIDIA/open-gpu-kernel-modules#1229 (2026-07), rwth-i6/returnn#1500 (2024-01)",
  },
  {
    pattern: anyOf(
      /PCIe Bus Error: severity=Uncorrect|AER: .{0,20}Uncorrect(?:ed|able) \((?:Non-)?Fatal\)/,
      /AER: can't recover \(no error_detected callback\)|AER: device recovery failed/,
      /AER: TLP Header: |AER: Root Port link has been reset/,
    ),
    near: /nvidia|NVRM|vfio|amdgpu|radeon|\bi915\b|\bvga\b|\bgpu/i,
    check: "gpu.power",
    strength: "symptom",
    layer: "kernel",
    message:
      "the card's PCI Express link had an error that could not be corrected: the card hangs, sits badly, or lacks " +
      "power",
    fix: [
      manualFix(
        "Check its slot, riser and power cables; set the slot to an older PCIe generation in the firmware's setup",
        {
          root: true,
          reboot: true,
        },
      ),
      powerCycle,
    ],
    source: "Linux (drivers/pci/pcie/aer.c); gnif/vendor-reset#72 (2023-07)",
  },
  {
    pattern: anyOf(
      /DMAR: \[DMA (?:Read|Write)[^\]]{0,20}\] Request device/,
      /Event logged \[(?:IO_PAGE_FAULT|INVALID_DEVICE_REQUEST|ILLEGAL_DEV_TABLE_ENTRY)/,
    ),
    near: "card",
    check: "gpu.reset",
    strength: "symptom",
    layer: "kernel",
    message:
      "the IOMMU stopped an access of the device that the line names: a card still works for its last user (no " +
      "reset), or the firmware uses its memory",
    fix: [
      manualFix(
        "At a VM's start or end: the card was not reset; keep it on vfio-pci from boot and stop the guest cleanly",
      ),
      manualFix("At the host's boot: bind the card to vfio-pci early, so that no host driver starts it"),
      doctorFix("gpu.reset"),
    ],
    source: "Linux (drivers/iommu), read 2026-11",
  },
];

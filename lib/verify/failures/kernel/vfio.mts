import type { Failure } from "../types.mts";
import { commandFix, doctorFix, kernelLog, manualFix, remedies, withoutSharedMemory } from "../../../fixes.mts";
import { each, kernelArgument, powerCycle } from "../fixes.mts";
import { anyOf } from "../../../text.mts";

/** Errors of the kernel, VFIO and QEMU about the IOMMU and a passed card. */
export const vfioFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /Failed to load (?:PCI )?driver (?:module )?vfio|Failed to load PCI driver module/,
      /Module vfio(?!_virqfd)[\w-]{0,20} not found in directory/,
    ),
    check: "gpu.driver",
    layer: "vfio",
    message:
      "the kernel that runs has no vfio-pci: it was updated and the host not rebooted, or it is a minimal kernel",
    fix: [
      manualFix("Start the newest installed kernel", { root: true, reboot: true }),
      commandFix("Check whether it has the module", "modinfo vfio-pci"),
      manualFix("Debian: linux-image-amd64 rather than -cloud; Ubuntu: linux-image-generic rather than -kvm"),
    ],
    source: "libvirt, kmod, read 2026-11",
  },
  {
    pattern: /table & pba overlap/,
    check: "provider.version",
    layer: "hypervisor",
    message:
      "QEMU cannot lay out the card's interrupt table (MSI-X): the card answers wrongly since its last reset, or " +
      "has a quirk",
    fix: [
      powerCycle,
      manualFix(
        "If the error remains: x-msix-relocation=auto for that vfio-pci device (QEMU's " +
          "command line)",
      ),
    ],
    source: "QEMU (hw/pci/msix.c), read 2026-11",
  },
  {
    pattern: /No available IOMMU models/,
    check: "gpu.driver",
    layer: "vfio",
    message: "VFIO's module for the IOMMU (vfio_iommu_type1) is not loaded, or the kernel lacks it",
    fix: [
      commandFix("Load it", "modprobe vfio_iommu_type1", { root: true }),
      manualFix("So that it stays: write vfio_iommu_type1 into a file in /etc/modules-load.d", { root: true }),
      kernelLog,
    ],
    source: "QEMU (vfio), read 2026-11",
  },
  {
    pattern: /timed out waiting for pending transaction[;:] performing function level reset anyway/,
    near: "card",
    check: "gpu.reset",
    layer: "kernel",
    message: "the card still had work open when it was reset: its last user did not stop it cleanly, and it may hang",
    fix: [
      manualFix("Shut the guest down in it before the VM is stopped, not by force"),
      powerCycle,
      doctorFix("gpu.reset"),
    ],
    source: "Linux (drivers/pci), read 2026-11",
  },
  {
    pattern: /vfio_region_write\([^()]{1,120}\) failed: Device or resource busy/,
    check: "gpu.display",
    layer: "vfio",
    message: "the host's console still holds the memory of the card, and the guest cannot write it",
    fix: each(remedies.display, kernelArgument("initcall_blacklist=sysfb_init")),
    source: "QEMU (vfio); joeknock90/Single-GPU-Passthrough#51 (2021-03)",
  },
  {
    pattern: /\bgroup \d{1,6} is not viable|all devices within the iommu_group are bound/,
    check: "iommu.group",
    layer: "vfio",
    message: "the card shares its IOMMU group with a device that a host driver still holds",
    fix: [doctorFix("iommu.group"), remedies.slot],
    source: "QEMU 7.2 (vfio, 2022-12); kubevirt/kubevirt#6718, 64kramsystem/vga-passthrough#15",
  },
  {
    pattern: /group \d{1,6} used in multiple address spaces/,
    check: "iommu.group",
    layer: "vfio",
    message: "two devices of one IOMMU group are behind the guest's own IOMMU in different address spaces, which " +
      "VFIO refuses",
    fix: [
      manualFix(
        "Put both functions of the card on one guest slot (multifunction), or remove the virtual IOMMU from the VM",
      ),
      doctorFix("iommu.group"),
    ],
    source: "QEMU (vfio); kata-containers/kata-containers#10622 (2024-12)",
  },
  {
    pattern: /Non-endpoint PCI devices cannot be assigned/,
    check: "iommu.group",
    layer: "vfio",
    message: "a PCI bridge was asked for: bridges stay with the host and do not count in a group",
    fix: [manualFix("Pass the card's own functions only"), doctorFix("iommu.group")],
    source: "libvirt 9.0 (2023-01)",
  },
  {
    pattern: anyOf(
      /host doesn't support (?:VFIO PCI )?passthrough|host does not support (?:VFIO )?PCI passthrough/,
      /pci backend driver '\w{1,12}' is not supported|VFIO device assignment is currently not supported on/,
      /IOMMU group not found for device|iommu_group file \S{1,80} is not a symlink/,
    ),
    check: "iommu.enabled",
    layer: "kernel",
    message: "no IOMMU is active on this host, or VFIO is missing: libvirt cannot pass any PCI device",
    fix: each(
      doctorFix("iommu"),
      remedies.iommu,
      kernelArgument("intel_iommu=on"),
      manualFix("If it works then and says “not viable”: the card's group has other devices too"),
      manualFix(
        "In a container (KubeVirt, Harvester) with an IOMMU on the host: /dev/vfio/vfio is not in it; KubeVirt " +
          "1.7 loses it for a VM with hot-plugged disks",
      ),
    ),
    source: "libvirt 9.0; NVIDIA/deepops#291 (2019), BigAnteater/KVM-GPU-Passthrough#19 (2022-07), " +
      "harvester/harvester#11029 (2026-06)",
  },
  {
    pattern:
      /no iommu_groups? found|No IOMMU groups? (?:found|available|present)|IOMMU not (?:detected|present|enabled)|No IOMMU detected, please activate/,
    check: "iommu.enabled",
    layer: "kernel",
    message: "the card is in no IOMMU group: no IOMMU translates for it",
    fix: [doctorFix("iommu"), remedies.iommu],
    source: "QEMU 7.2 (vfio, 2022-12), seen without an IOMMU; Proxmox VE",
  },
  {
    pattern: /vfio-pci\b.{0,60} failed with error -22\b/,
    check: "iommu.enabled",
    layer: "kernel",
    message:
      "vfio-pci refused the device: no IOMMU is on (its kernel argument did not reach the kernel), or it is a bridge",
    fix: each(
      commandFix("Check whether the argument arrived", "cat /proc/cmdline"),
      kernelArgument("intel_iommu=on"),
      remedies.iommu,
      doctorFix("iommu"),
    ),
    source: "Linux 6.1, seen without an IOMMU and on a bridge; NVIDIA/kubevirt-gpu-device-plugin#66 (2023-05)",
  },
  {
    pattern: /No interrupt remapping support/,
    check: "iommu.interrupts",
    layer: "kernel",
    message: "interrupts are not remapped, and VFIO refuses the card without that",
    fix: [remedies.interrupts, doctorFix("iommu.interrupts")],
    source: "Linux 6.1 (2022-12), vfio_iommu_type1",
  },
  {
    pattern: /ineligible for IOMMU domain attach|requested this device have a 1:1 IOMMU mapping/,
    check: "iommu.reserved",
    layer: "kernel",
    message:
      "the firmware reserves memory for this card (RMRR), and the kernel does not pass on a card with such memory",
    fix: [
      remedies.reserved,
      ...withoutSharedMemory(),
    ],
    source: "Linux (drivers/iommu), read 2026-11; harvester/harvester#7340, AltraMayor/gatekeeper#718",
  },
  {
    pattern: /failed to set iommu for container: Operation not permitted/,
    check: "iommu.interrupts",
    layer: "vfio",
    message: "VFIO refused the card: interrupts are not remapped, or the firmware reserves memory for it (RMRR)",
    fix: [kernelLog, remedies.interrupts, remedies.reserved],
    source: "QEMU 7.2 (vfio, 2022-12); NixOS/nixpkgs#6264, harvester/harvester#7340",
  },
  {
    pattern: /failed to set (?:group container|iommu for container): Invalid argument/,
    check: "iommu.reserved",
    layer: "vfio",
    message: "the kernel would not attach the card to the VM's memory: most often the firmware reserves memory for " +
      "it (RMRR)",
    fix: [kernelLog, remedies.reserved],
    source: "QEMU (vfio), read 2026-11; seen together with the kernel's refusal of a 1:1 mapping",
  },
  {
    pattern: anyOf(
      /failed to set (?:iommu for|group) container: |error bind device fd=\d{1,5} to iommufd/,
      /\[iommufd=\d{1,4}\] error attach /,
    ),
    check: "iommu.enabled",
    layer: "vfio",
    message: "the kernel's IOMMU did not take the device for a VM; the kernel's log says why",
    fix: [
      kernelLog,
      doctorFix("iommu"),
      manualFix("If it worked before: a reboot of the host, since a device that was not released blocks its group", {
        root: true,
        reboot: true,
      }),
    ],
    source: "QEMU (hw/vfio); intel/gvt-linux#171 (2020-09)",
  },
  {
    pattern: anyOf(
      /open (?:VFIO device )?\S{0,3}\/dev\/vfio\/devices\/vfio\d{1,4}/,
      /\/dev\/vfio\/devices\/vfio\d{1,4}\S{0,3}:? .{0,20}No such file|\/dev\/iommu\S{0,3}: No such file/,
      /\/dev\/iommu opening failed: |open IOMMUFD device: |IOMMUFD is not supported on this platform/,
      /invalid object type: iommufd|object type 'iommufd'/,
      /failed to set memory accounting for iommufd/,
    ),
    check: "provider.access",
    layer: "vfio",
    message:
      "the VM uses iommufd, which needs QEMU 9.0, a kernel with it and its device nodes: one of them is missing or " +
      "cannot be opened here",
    fix: [
      commandFix("Check whether it exists on the host", "ls -l /dev/vfio/devices /dev/iommu"),
      commandFix("Check whether the kernel has it (CONFIG_VFIO_DEVICE_CDEV, CONFIG_IOMMUFD)", "modprobe iommufd", {
        root: true,
      }),
      manualFix(
        "In a container: pass /dev/vfio/devices and /dev/iommu in. Or turn iommufd off (iommufd='no' in the hostdev)",
      ),
    ],
    source: "libvirt 12 (viriommufd.c), QEMU 10 (backends/iommufd.c); kubevirt/kubevirt#18300 (2026-06)",
  },
];

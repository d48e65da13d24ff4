import type { Failure } from "./types.mts";
import { aboveFour, commandFix, doctorFix, kernelLog, lessMemory, manualFix, remedies } from "../../fixes.mts";
import { anyOf } from "../../text.mts";
import { each, kernelArgument, powerCycle, vmWords } from "./fixes.mts";

/**
 * Errors of the kernel, VFIO and QEMU about the IOMMU, locked memory and a card's memory regions.
 */
export const vfioFailures: Failure[] = [
  {
    pattern: /Failed to load PCI driver module|Module vfio(?!_virqfd)[\w-]{0,20} not found in directory/,
    check: "gpu.driver",
    layer: "vfio",
    message:
      "the kernel that runs has no vfio-pci: it was updated and the host not rebooted, or it is a minimal kernel",
    fix: [
      manualFix("Reboot into the newest kernel", { root: true, reboot: true }),
      commandFix("See whether it has the module", "modinfo vfio-pci"),
      manualFix("Debian: linux-image-amd64 rather than -cloud; Ubuntu: linux-image-generic rather than -kvm"),
    ],
    source: "libvirt, kmod, read 2026-11",
  },
  {
    pattern: /table & pba overlap/,
    check: "provider.version",
    layer: "hypervisor",
    message:
      "QEMU cannot lay out the card's interrupt table (MSI-X): the card answers wrongly since its last reset, or has a quirk",
    fix: [powerCycle, manualFix("If it stays: x-msix-relocation=auto for that vfio-pci device (QEMU's command line)")],
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
    pattern: /timed out waiting for pending transaction; performing function level reset anyway/,
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
  // ---------------------------------------------------------------------------------------------- IOMMU and VFIO, host
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
    message:
      "two devices of one IOMMU group lie behind the guest's own IOMMU in different address spaces, which VFIO refuses",
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
    pattern:
      /host doesn't support (?:VFIO PCI )?passthrough|host does not support (?:VFIO )?PCI passthrough|pci backend driver '\w{1,12}' is not supported/,
    check: "iommu.enabled",
    layer: "kernel",
    message: "no IOMMU is active on this host, or VFIO is missing: libvirt cannot pass any PCI device",
    fix: each(
      doctorFix("iommu"),
      remedies.iommu,
      kernelArgument("intel_iommu=on"),
      manualFix("If it works then and says “not viable”: the card's group has other devices too"),
    ),
    source: "libvirt 9.0; NVIDIA/deepops#291 (2019), BigAnteater/KVM-GPU-Passthrough#19 (2022-07)",
  },
  {
    pattern: /no iommu_group found|IOMMU not (?:detected|present|enabled)|No IOMMU detected, please activate/,
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
      commandFix("See whether the argument arrived", "cat /proc/cmdline"),
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
      manualFix("HPE Gen9 and later: turn off “HP Shared Memory features” for the slot (Gen8 has no such switch)", {
        root: true,
        reboot: true,
      }),
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
    message:
      "the kernel would not attach the card to the VM's memory: most often the firmware reserves memory for it (RMRR)",
    fix: [kernelLog, remedies.reserved],
    source: "QEMU (vfio), read 2026-11; seen together with the kernel's refusal of a 1:1 mapping",
  },
  {
    pattern:
      /failed to set (?:iommu for|group) container: |error bind device fd=\d{1,5} to iommufd|\[iommufd=\d{1,4}\] error attach /,
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
    pattern: /Cannot set discarding of RAM broken/,
    near: "card",
    check: "provider.version",
    layer: "hypervisor",
    message:
      "this VM's memory may be discarded (ballooning, virtio-mem, SEV-SNP of QEMU 9.1), which does not go with a passed card",
    fix: [
      manualFix("With a confidential VM (SEV-SNP): update QEMU to 9.2 or later"),
      manualFix("Otherwise remove virtio-mem and free page reporting from the VM"),
    ],
    source: "QEMU; kubevirt/kubevirt#16407 (2025-12)",
  },
  {
    pattern:
      /open VFIO device \S{0,3}\/dev\/vfio\/devices\/vfio\d{1,4}|\/dev\/vfio\/devices\/vfio\d{1,4}\S{0,3}:? .{0,20}No such file|\/dev\/iommu\S{0,3}: No such file/,
    check: "provider.access",
    layer: "vfio",
    message:
      "the VM uses iommufd, and VFIO's character device for it is missing: the kernel lacks it, or it is not visible here",
    fix: [
      commandFix("See whether it exists on the host", "ls -l /dev/vfio/devices /dev/iommu"),
      commandFix("See whether the kernel has it (CONFIG_VFIO_DEVICE_CDEV, CONFIG_IOMMUFD)", "modprobe iommufd", {
        root: true,
      }),
      manualFix(
        "In a container: pass /dev/vfio/devices and /dev/iommu in. Or turn iommufd off (iommufd='no' in the hostdev)",
      ),
    ],
    source: "libvirt; kubevirt/kubevirt#18300 (2026-06)",
  },
  // ----------------------------------------------------------------------------------------------------- locked memory
  {
    pattern: /cannot limit locked memory of process|failed to set RLIMIT_MEMLOCK/,
    check: "host.memory",
    layer: "hypervisor",
    message: "libvirt may not raise QEMU's limit on locked memory, and a VM with a card has all of its memory locked",
    fix: [
      manualFix("Run libvirt on the host itself, not in a container, and use qemu:///system"),
      manualFix("In a container or pod: give it the capability SYS_RESOURCE, or the limit (ulimits: memlock: -1)"),
      commandFix("See what libvirt's own service is allowed", "systemctl show libvirtd virtqemud -p LimitMEMLOCK"),
    ],
    source: "libvirt 9.0; kubevirt/kubevirt#17805 (2026), harvester/harvester#9059 (2025-09)",
  },
  {
    pattern: anyOf(
      /RLIMIT_MEMLOCK \(\d{1,20}\) exceeded/,
      /(?:VFIO_MAP_DMA|IOMMU_IOAS_MAP) failed: Cannot allocate memory/,
      /dma_map\([^()]{0,120}\) = -12\b/,
    ),
    check: "host.memory",
    layer: "vfio",
    message:
      "all of the VM's memory has to be locked for the card: the limit on locked memory is too low (in a container: its memlock limit), or the host's memory too small",
    fix: [
      commandFix("See the limit (unlimited, or more than the VM's memory, is needed)", "ulimit -l"),
      manualFix("In a container: ulimits: {memlock: -1}, or docker run --ulimit memlock=-1:-1"),
      manualFix("Use qemu:///system, where libvirt raises the limit, not qemu:///session"),
      lessMemory,
    ],
    source: "Linux 6.1 (vfio_iommu_type1), QEMU 7.2; kubevirt/kubevirt#8472, dockur/windows#22 (2026-03)",
  },
  {
    pattern: anyOf(
      /cannot set up guest memory '|unable to map backing store for guest RAM/,
      /Unable to find any usable hugetlbfs mount|Insufficient free host memory pages available/,
    ),
    check: "host.memory",
    layer: "hypervisor",
    message: "the host lacks the memory, or the huge pages, that the VM asks for",
    fix: [lessMemory, commandFix("See what is free", "grep -E 'MemAvailable|HugePages' /proc/meminfo")],
    source: "QEMU 7.2 (2022-12); bryansteiner/gpu-passthrough-tutorial#33",
  },
  // ---------------------------------------------------------------------------------------- memory regions of the card
  {
    pattern: /KVM_SET_USER_MEMORY_REGION failed|kvm_set_phys_mem: error registering slot/,
    check: "gpu.window",
    layer: "hypervisor",
    message:
      "the guest placed the card's memory beyond the addresses that KVM can map here: it believes in more address bits than the host has",
    fix: [
      doctorFix("gpu.window"),
      manualFix(
        "Limit the vCPU's address bits to the host's (libvirt: <maxphysaddr mode='passthrough' limit='39'/>; QEMU: -cpu host,host-phys-bits-limit=39)",
      ),
      commandFix("See the host's", "grep -m1 'address sizes' /proc/cpuinfo"),
    ],
    source: "QEMU (KVM); fabriziosalmi/proxmox-vm-autoscale#6 (2024-10)",
  },
  {
    pattern: /\bBAR \d{1,2}(?: \[mem [^\]]{1,80}\])?: (?:no space for|can't assign; no space|failed to assign)/,
    near: "card",
    check: "gpu.window",
    layer: "kernel",
    message: "a memory region of the card does not fit into the addresses that the firmware provides for it",
    fix: [doctorFix("gpu.window"), aboveFour],
    source: "Linux (drivers/pci); canonical/lxd#14380 (2024-10), LekKit/RVVM#197",
  },
  {
    pattern: /kvm run failed Bad address/,
    near: vmWords,
    check: "gpu.reset",
    strength: "symptom",
    layer: "vfio",
    message:
      "the VM used memory that KVM could not reach, with a passed card most often the card's own: it was reset, sleeps or is gone",
    fix: [
      commandFix("Read what the kernel says of the card", "journalctl -k -g 'vfio|pcieport|AER'", { root: true }),
      manualFix("If it does not come back from its reset: power the host off and on, and update the guest's driver"),
    ],
    source: "QEMU (KVM); ROCm/legacy-rocm-build#3414 (2024-07)",
  },
];

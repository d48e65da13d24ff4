import type { Failure } from "../types.mts";
import { aboveFour, commandFix, doctorFix, lessMemory, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { vmWords } from "../fixes.mts";

/** Errors of the kernel, VFIO and QEMU about locked memory and a card's memory regions. */
export const vfioMemoryFailures = (): Failure[] => [
  {
    pattern: /dma_map\([^()]{0,120}\) = -28\b|(?:VFIO_MAP_DMA|IOMMU_IOAS_MAP) failed: No space left on device/,
    check: "host.memory",
    layer: "vfio",
    message:
      "the VM's memory has more separate pieces than VFIO maps for one VM (65535), which is no lack of disk space",
    fix: [
      manualFix(
        "Raise the limit: options vfio_iommu_type1 dma_entry_limit=262144 in a file in /etc/modprobe.d, then reboot",
        { root: true, reboot: true },
      ),
      manualFix("Or give the VM fewer pieces: no virtio-mem, or a larger block size for it"),
    ],
    source: "Linux 6.12 (vfio_iommu_type1.c), QEMU 10.0 (hw/vfio), read 2026-11",
  },
  {
    pattern: /Cannot set discarding of RAM broken/,
    near: "card",
    check: "provider.version",
    layer: "hypervisor",
    message:
      "this VM's memory may be discarded (ballooning, virtio-mem, SEV-SNP of QEMU 9.1), which does not go with a " +
      "passed card",
    fix: [
      manualFix("With a confidential VM (SEV-SNP): update QEMU to 9.2 or later"),
      manualFix("Otherwise remove virtio-mem and free page reporting from the VM"),
    ],
    source: "QEMU; kubevirt/kubevirt#16407 (2025-12)",
  },
  {
    pattern: /cannot limit locked memory of process|failed to set RLIMIT_MEMLOCK/,
    check: "host.memory",
    layer: "hypervisor",
    message: "libvirt is not allowed to raise QEMU's limit on locked memory, and a VM with a card has all of its " +
      "memory locked",
    fix: [
      manualFix("Run libvirt on the host itself, not in a container, and use qemu:///system"),
      manualFix("In a container or pod: give it the capability SYS_RESOURCE, or the limit (ulimits: memlock: -1)"),
      commandFix("Check what libvirt's own service is allowed", "systemctl show libvirtd virtqemud -p LimitMEMLOCK"),
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
    message: "all of the VM's memory has to be locked for the card: the limit on locked memory is too low (in a " +
      "container: its memlock limit), or the host's memory too small",
    fix: [
      commandFix("Show the limit (unlimited, or more than the VM's memory, is needed)", "ulimit -l"),
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
      /ioctl\(KVM_CREATE_VM\) failed: 12|kvm_init_vcpu failed: Cannot allocate memory/,
      /preallocating memory failed|can't open backing store \/dev\/hugepages|Not able to allocate all hugepages/,
    ),
    check: "host.memory",
    layer: "hypervisor",
    message: "the host lacks the memory, or the huge pages, that the VM asks for",
    fix: [
      lessMemory,
      commandFix("Check what is free", "grep -E 'MemAvailable|HugePages' /proc/meminfo"),
      manualFix("For huge pages: reserve enough (vm.nr_hugepages) and mount hugetlbfs, or remove memoryBacking"),
    ],
    source: "QEMU 7.2 (2022-12); bryansteiner/gpu-passthrough-tutorial#33",
  },
  {
    pattern: /KVM_SET_USER_MEMORY_REGION failed|kvm_set_phys_mem: error registering slot/,
    check: "gpu.window",
    layer: "hypervisor",
    message:
      "the guest placed the card's memory beyond the addresses that KVM can map here: it believes in more address " +
      "bits than the host has",
    fix: [
      doctorFix("gpu.window"),
      manualFix(
        "Limit the vCPU's address bits to the host's (libvirt: <maxphysaddr mode='passthrough' limit='39'/>; QEMU: " +
          "-cpu host,host-phys-bits-limit=39)",
      ),
      commandFix("Show the host's", "grep -m1 'address sizes' /proc/cpuinfo"),
    ],
    source: "QEMU (KVM); fabriziosalmi/proxmox-vm-autoscale#6 (2024-10)",
  },
  {
    pattern: /\bBAR \d{1,2}(?: \[mem [^\]]{1,80}\])?: (?:no space for|can't assign; no space|failed to assign)/,
    near: "card",
    check: "gpu.window",
    layer: "kernel",
    message:
      "a memory region of the card does not fit into the addresses that the firmware (in a VM: the VM's) provides " +
      "for it",
    fix: [
      doctorFix("gpu.window"),
      aboveFour,
      manualFix(
        "If the VM's kernel says it: UEFI (OVMF), q35 and host-passthrough; then a larger window (-fw_cfg " +
          "name=opt/ovmf/X-PciMmio64Mb,string=262144; for a hot-plugged card, pref64-reserve of its root port)",
      ),
    ],
    source: "Linux (drivers/pci); canonical/lxd#14380 (2024-10), LekKit/RVVM#197",
  },
  {
    pattern: /kvm run failed Bad address/,
    near: vmWords,
    check: "gpu.reset",
    strength: "symptom",
    layer: "vfio",
    message:
      "the VM used memory that KVM could not reach, with a passed card most often the card's own: it was reset, " +
      "sleeps or is gone",
    fix: [
      commandFix("Read what the kernel says of the card", "journalctl -k -g 'vfio|pcieport|AER'", { root: true }),
      manualFix("If it does not come back from its reset: power the host off and on, and update the guest's driver"),
    ],
    source: "QEMU (KVM); ROCm/legacy-rocm-build#3414 (2024-07)",
  },
];

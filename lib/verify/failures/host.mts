import type { Failure } from "./types.mts";
import {
  aboveFour,
  bindVfio,
  commandFix,
  doctorFix,
  kernelLog,
  lessMemory,
  manualFix,
  remedies,
} from "../../fixes.mts";
import { anyOf } from "../../text.mts";
import { each, kernelArgument, powerCycle } from "./fixes.mts";

/** What the kernel, VFIO and QEMU say of a card and its host. */
export const hostFailures: Failure[] = [
  {
    pattern: /Failed to load PCI driver module|Module vfio[\w-]{0,20} not found in directory/,
    check: "gpu.driver",
    layer: "vfio",
    message:
      "the kernel that runs has no vfio-pci: it was updated and the host not rebooted, or it is a minimal kernel",
    fix: [
      manualFix("Reboot into the newest kernel", { root: true, reboot: true }),
      commandFix("See whether it has the module", "modinfo vfio-pci"),
      manualFix("Debian: linux-image-amd64 rather than -cloud; Ubuntu: linux-image-generic rather than -kvm"),
    ],
    source: "libvirt, kmod",
  },
  {
    pattern: /table & pba overlap/,
    check: "provider.version",
    layer: "hypervisor",
    message:
      "QEMU cannot lay out the card's interrupt table (MSI-X): the card answers wrongly since its last reset, or has a quirk",
    fix: [powerCycle, manualFix("If it stays: x-msix-relocation=auto for that vfio-pci device (QEMU's command line)")],
    source: "QEMU (hw/pci/msix.c)",
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
    source: "QEMU (vfio)",
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
    source: "Linux (drivers/pci)",
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
    source: "QEMU 7.2 (vfio); kubevirt/kubevirt#6718, 64kramsystem/vga-passthrough#15",
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
    source: "libvirt 9.0",
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
    source: "QEMU 7.2 (vfio), seen without an IOMMU; Proxmox VE",
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
    source: "Linux 6.1, vfio_iommu_type1",
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
    source: "Linux (drivers/iommu); harvester/harvester#7340, AltraMayor/gatekeeper#718",
  },
  {
    pattern: /failed to set iommu for container: Operation not permitted/,
    check: "iommu.interrupts",
    layer: "vfio",
    message: "VFIO refused the card: interrupts are not remapped, or the firmware reserves memory for it (RMRR)",
    fix: [kernelLog, remedies.interrupts, remedies.reserved],
    source: "QEMU 7.2 (vfio); NixOS/nixpkgs#6264, harvester/harvester#7340",
  },
  {
    pattern: /failed to set (?:group container|iommu for container): Invalid argument/,
    check: "iommu.reserved",
    layer: "vfio",
    message:
      "the kernel would not attach the card to the VM's memory: most often the firmware reserves memory for it (RMRR)",
    fix: [kernelLog, remedies.reserved],
    source: "QEMU (vfio); seen together with the kernel's refusal of a 1:1 mapping",
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
    source: "QEMU 7.2; bryansteiner/gpu-passthrough-tutorial#33",
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
  // -------------------------------------------------------------------------------------------- the card and its hosts
  {
    pattern: /\bBAR \d{1,2}:? .{0,70}can't reserve|Failed to mmap \S{1,20} BAR \d/,
    near: "card",
    check: "gpu.display",
    layer: "kernel",
    message: "the host's console (simpledrm, efifb) still holds the memory of the card that it was booted with",
    fix: each(
      remedies.display,
      kernelArgument("initcall_blacklist=sysfb_init"),
      manualFix(
        "That argument does not help where the kernel has simpledrm built in: use an older kernel, or write video=efifb:off and boot by another card",
      ),
    ),
    source: "Linux 6.1 to 6.18, QEMU 7.2; siderolabs/talos#14356 (2026-09), harvester/pcidevices#81",
  },
  {
    pattern:
      /PCI device \S{1,20} is in use by driver|open '?\/dev\/vfio\/\S{1,12}: Device or resource busy|vfio \S{1,14}: device is already attached|error getting device from group \d{1,6}: (?:Device or resource busy|No such device)/,
    check: "gpu.in-use",
    layer: "vfio",
    message: "another VM that runs, or another process, has the card",
    fix: [remedies.otherVm],
    source: "libvirt 9.0, QEMU 7.2",
  },
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
    pattern: /Unknown PCI header type '127'/,
    check: "gpu.power",
    layer: "kernel",
    message: "the card no longer answers: its configuration space reads all ones",
    fix: [powerCycle, remedies.awake],
    source: "libvirt, QEMU",
  },
  {
    pattern: /is behind a switch lacking ACS and cannot be assigned/,
    check: "iommu.acs",
    layer: "kernel",
    message:
      "the card sits behind a PCI Express switch that does not isolate its devices (no ACS), and libvirt refuses it",
    fix: [doctorFix("iommu.acs"), remedies.slot],
    source: "libvirt 9.0 (virpci.c)",
  },
  {
    pattern: /NVRM: request_mem_region failed for/,
    check: "gpu.display",
    layer: "kernel",
    message:
      "something else, most often the firmware's framebuffer, holds the card's memory, so NVIDIA's driver cannot have it",
    fix: each(remedies.display, kernelArgument("initcall_blacklist=sysfb_init")),
    source: "NVIDIA driver (nv-pci.c)",
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
    source: "libvirt 9.0, QEMU 7.2; gnif/vendor-reset#76",
  },
  {
    pattern: anyOf(
      /no such host device: No such file/,
      /host pci device \S{1,20} not found/,
      /Device \S{1,20} not found: could not access/,
    ),
    check: "gpu.match",
    layer: "vfio",
    message: "no card is at that address: addresses move when cards are added or the firmware is updated",
    fix: [doctorFix("gpu.match")],
    source: "QEMU 7.2 (vfio), libvirt 9.0; QubesOS/qubes-issues#7792",
  },
  {
    pattern: anyOf(
      /Failed to (?:load PCI stub module|unbind PCI device|add driver '[^']{0,40}' to driver_override|bind PCI device)/,
      /open '?\/dev\/vfio\/\d{1,6}'?: No such file/,
      /failed to (?:bind|rebind) \S{1,16} to vfio-pci/,
    ),
    check: "gpu.driver",
    layer: "vfio",
    message: "the card was not moved from its host driver to vfio-pci",
    fix: [bindVfio, remedies.bindAtBoot],
    source: "libvirt 9.0, QEMU 7.2",
  },
  {
    pattern: /open '?\/dev\/vfio\/\S{1,12}'?: (?:Permission denied|Operation not permitted|No such file)/,
    check: "provider.access",
    layer: "vfio",
    message: "QEMU may not open VFIO's device nodes, or the module vfio is not loaded",
    fix: [
      commandFix("Load it", "modprobe vfio-pci", { root: true }),
      manualFix("Let libvirt's system daemon start the VM (qemu:///system): it gives QEMU these nodes"),
    ],
    source: "QEMU 7.2 and later; kata-containers/runtime#2605, kubevirt/kubevirt#3309",
  },
  {
    pattern: /PCIe Bus Error: severity=Uncorrected/,
    near: /nvidia|NVRM|vfio|amdgpu/i,
    check: "gpu.power",
    strength: "symptom",
    layer: "kernel",
    message:
      "the card's PCI Express link had an error that could not be corrected: the card hangs, sits badly, or lacks power",
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
    pattern:
      /error getting device from group \d{1,6}: |failed to read device config space: |failed to get (?:device info|region info|IOMMU info): |vfio \S{1,40}: failed to (?:setup container|get group|open)\b/,
    check: "gpu.in-use",
    strength: "symptom",
    layer: "vfio",
    fallback: true,
    message: "VFIO did not give QEMU the device: the reason stands behind the last colon, and in the host's kernel log",
    fix: [
      commandFix("Read the kernel's reason", "dmesg | grep -iE 'vfio|DMAR|AMD-Vi|NVRM' | tail -n 30", { root: true }),
      manualFix("With a vGPU (mdev): read journalctl -u nvidia-vgpu-mgr, and see that guest and host driver fit"),
      doctorFix("gpu"),
    ],
    source: "QEMU (vfio); DualCoder/vgpu_unlock#57 (2021-07), mbilker/vgpu_unlock-rs#10 (2022-05)",
  },
  // ------------------------------------------------------------------------------------------------------------- notes
  {
    pattern: /Could not enable error recovery for the device/,
    check: "gpu.in-use",
    strength: "note",
    layer: "vfio",
    message: "a warning of QEMU that harms nothing: errors of the device's link are not reported to the guest",
    fix: [manualFix("Nothing to do; look for another error")],
    source: "QEMU (vfio); mbilker/vgpu_unlock-rs#10 (2022-05)",
  },
  {
    pattern: /echo: write error: No such device/,
    near: /efi-?fb|efi-framebuffer|vtcon|vfio|unbind/i,
    check: "gpu.display",
    strength: "note",
    layer: "kernel",
    message:
      "a hook script unbinds a framebuffer or device that does not exist here; with simpledrm there is no efi-framebuffer",
    fix: [manualFix("Nothing to do; remove that line from the hook script, and look for another error")],
    source: "single-GPU passthrough scripts; BigAnteater/KVM-GPU-Passthrough#21 (2022-07)",
  },
  {
    pattern: anyOf(
      /PCI peer-to-peer transactions on BARs are not supported/,
      /IOMMU_IOAS_MAP failed: (?:Bad address|Invalid argument)(?:, PCI BAR\?)?/,
      /VFIO_MAP_DMA failed: (?:Invalid argument|Bad address)/,
      /dma_map\([^()]{0,120}\) = -(?:22|14)\b/,
    ),
    check: "gpu.window",
    strength: "note",
    layer: "vfio",
    message:
      "a warning of QEMU that harms nothing: a card's own memory is not mapped for other devices (peer to peer); look for another error",
    fix: [
      manualFix("If the VM does not start, read the last error instead; if it starts, there is nothing to do"),
      manualFix(
        "If the tool gave up waiting: a VM with a card takes long to start, since all of its memory is locked first; raise its timeout",
      ),
      manualFix(
        "If other devices have to reach the card's memory: limit the vCPU's address bits to those of the IOMMU",
      ),
    ],
    source:
      "QEMU (vfio); kata-containers/kata-containers#12861 (2026-04), #12549 (2026-02), bpg/terraform-provider-proxmox#1353 (2024-06)",
  },
  {
    pattern: /Invalid PCI ROM header signature|Cannot read device rom at|ROM \[\?\?\? 0x00000000 flags/,
    check: "gpu.display",
    strength: "note",
    layer: "vfio",
    message: "the card's ROM cannot be read, as on the card that the host was booted with; computing does not need it",
    fix: [
      manualFix("Nothing to do for computing; a guest that shows a picture through the card may need a ROM file"),
      remedies.display,
    ],
    source: "Linux 6.1, QEMU 7.2; NVIDIA/open-gpu-kernel-modules#955",
  },
  {
    pattern: /DMAR: \[DMA (?:Read|Write)[^\]]{0,20}\] Request device|Event logged \[IO_PAGE_FAULT/,
    near: "card",
    check: "gpu.reset",
    strength: "symptom",
    layer: "kernel",
    message:
      "the IOMMU stopped an access of the card: it still works for its last user (no reset), or the firmware uses its memory",
    fix: [
      manualFix(
        "At a VM's start or end: the card was not reset; keep it on vfio-pci from boot and stop the guest cleanly",
      ),
      manualFix("At the host's boot: bind the card to vfio-pci early, so that no host driver starts it"),
      doctorFix("gpu.reset"),
    ],
    source: "Linux (drivers/iommu)",
  },
  {
    pattern: /write error: Device or resource busy/,
    near: /vfio|unbind|driver_override|vtcon/i,
    check: "gpu.in-use",
    layer: "kernel",
    message: "the card could not be bound or unbound, since a driver or a program still has it",
    fix: [
      commandFix("See which driver has it", "lspci -nnk -d 10de:"),
      commandFix("See which programs hold the card", "fuser -v /dev/dri/* /dev/nvidia*", { root: true }),
      remedies.bindAtBoot,
    ],
    source: "Linux (drivers/base), single-GPU passthrough scripts",
  },
];

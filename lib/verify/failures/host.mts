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

/** What the kernel, VFIO and QEMU say of a card and its host. */
export const hostFailures: Failure[] = [
  // ---------------------------------------------------------------------------------------------- IOMMU and VFIO, host
  {
    pattern: /\bgroup \d{1,6} is not viable|all devices within the iommu_group are bound/,
    check: "iommu.group",
    says: "the card shares its IOMMU group with a device that a host driver still holds",
    fix: [doctorFix("iommu.group"), remedies.slot],
    source: "QEMU 7.2 (vfio); kubevirt/kubevirt#6718, 64kramsystem/vga-passthrough#15",
  },
  {
    pattern: /Non-endpoint PCI devices cannot be assigned/,
    check: "iommu.group",
    says: "a PCI bridge was asked for: bridges stay with the host and do not count in a group",
    fix: [manualFix("Hand over the card's own functions only"), doctorFix("iommu.group")],
    source: "libvirt 9.0",
  },
  {
    pattern: /host doesn't support (?:VFIO PCI )?passthrough/,
    check: "iommu.enabled",
    says: "no IOMMU is at work on this host, or VFIO is not there: libvirt cannot hand over any PCI device",
    fix: [doctorFix("iommu"), remedies.iommu],
    source: "libvirt 9.0; NVIDIA/deepops#291",
  },
  {
    pattern: /no iommu_group found/,
    check: "iommu.enabled",
    says: "the card is in no IOMMU group: no IOMMU translates for it",
    fix: [doctorFix("iommu"), remedies.iommu],
    source: "QEMU 7.2 (vfio), seen without an IOMMU",
  },
  {
    pattern: /vfio-pci\b.{0,60} failed with error -22\b/,
    check: "iommu.enabled",
    says: "vfio-pci refused the device: no IOMMU translates for it, or it is a bridge",
    fix: [doctorFix("iommu"), remedies.iommu],
    source: "Linux 6.1, seen without an IOMMU and on a bridge; later ones say “probe with driver … failed”",
  },
  {
    pattern: /No interrupt remapping support/,
    check: "iommu.interrupts",
    says: "interrupts are not remapped, and VFIO refuses the card without that",
    fix: [remedies.interrupts],
    source: "Linux 6.1, vfio_iommu_type1",
  },
  {
    pattern: /[Ff]ailed to set iommu for container: Operation not permitted/,
    check: "iommu.interrupts",
    says: "VFIO refused the card: interrupts are not remapped, or the firmware keeps memory for it (RMRR)",
    fix: [kernelLog, remedies.interrupts],
    source: "QEMU 7.2 (vfio); NixOS/nixpkgs#6264, harvester/harvester#7340",
  },
  {
    pattern: /ineligible for IOMMU domain attach|requested this device have a 1:1 IOMMU mapping/,
    check: "iommu.reserved",
    says: "the firmware keeps memory for this card (RMRR), and the kernel does not give away a card with such memory",
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
    pattern: /[Ff]ailed to set (?:group container|iommu for container): Invalid argument/,
    check: "iommu.reserved",
    says: "the kernel would not attach the card to the VM's memory: most often the firmware keeps memory for it (RMRR)",
    fix: [kernelLog, remedies.reserved],
    source: "QEMU (vfio); seen together with the kernel's refusal of a 1:1 mapping",
  },
  // ----------------------------------------------------------------------------------------------------- locked memory
  {
    pattern: /cannot limit locked memory of process/,
    check: "host.memory",
    says: "libvirt may not raise QEMU's limit on locked memory, and a VM with a card has all of its memory locked",
    fix: [
      manualFix("Run libvirt on the host itself, not in a container, and use qemu:///system"),
      commandFix("See what libvirt's own service is allowed", "systemctl show libvirtd virtqemud -p LimitMEMLOCK"),
    ],
    source: "libvirt 9.0; kubevirt/kubevirt#17805",
  },
  {
    pattern: anyOf(
      /RLIMIT_MEMLOCK \(\d{1,20}\) exceeded/,
      /(?:VFIO_MAP_DMA|IOMMU_IOAS_MAP) failed: Cannot allocate memory/,
      /dma_map\([^)]{0,120}\) = -12\b/,
    ),
    check: "host.memory",
    says:
      "all of the VM's memory has to be locked for the card: the limit on locked memory, or the memory, is too small",
    fix: [
      commandFix("See the limit (unlimited, or more than the VM's memory, is needed)", "ulimit -l"),
      manualFix("Use qemu:///system, where libvirt raises the limit, not qemu:///session"),
      lessMemory,
    ],
    source: "Linux 6.1 (vfio_iommu_type1), QEMU 7.2; kubevirt/kubevirt#8472, seapath/meta-seapath#166",
  },
  {
    pattern: /cannot set up guest memory '|unable to map backing store for guest RAM/,
    check: "host.memory",
    says: "the host has not the memory, or not the huge pages, that the VM asks for",
    fix: [lessMemory, commandFix("See what is free", "grep -E 'MemAvailable|HugePages' /proc/meminfo")],
    source: "QEMU 7.2; bryansteiner/gpu-passthrough-tutorial#33",
  },
  {
    pattern: /Killed process \d{1,10} \(qemu/,
    check: "host.memory",
    says: "the host ran out of memory, and the kernel ended the VM",
    fix: [lessMemory],
    source: "Linux 6.1 (mm/oom_kill)",
  },
  // ---------------------------------------------------------------------------------------- memory regions of the card
  {
    pattern: /VFIO_MAP_DMA failed: Invalid argument|dma_map\([^)]{0,120}\) = -22\b/,
    check: "gpu.window",
    says: "the guest placed the card's regions where this host's IOMMU cannot map: its addresses have fewer bits",
    fix: [doctorFix("gpu.window"), remedies.smallRegions],
    source: "QEMU 7.2 (vfio); bpg/terraform-provider-proxmox#1353",
  },
  {
    pattern: /: BAR [0-5](?:: no space for \[mem| \[mem [^\]]{0,80}\]: can't assign; no space)/,
    check: "gpu.window",
    says: "a memory region of the card does not fit into the addresses that there are for it",
    fix: [doctorFix("gpu.window"), aboveFour, remedies.smallRegions],
    source: "Linux (drivers/pci); canonical/lxd#14380, LekKit/RVVM#197",
  },
  {
    pattern: /NVRM: BAR\d is 0M|I\/O region assigned to your NVIDIA device is invalid/,
    check: "gpu.window",
    says: "the card's memory got no addresses in the guest, so that NVIDIA's driver refuses the card",
    fix: [
      manualFix("Boot the guest by UEFI (OVMF) with a window that is large enough, as up renders it"),
      doctorFix("gpu.window"),
      remedies.smallRegions,
    ],
    source: "NVIDIA driver (nv-pci.c); canonical/lxd#14380",
  },
  // -------------------------------------------------------------------------------------------- the card and its hosts
  {
    pattern: /: BAR \d.{0,70}can't reserve|Failed to mmap \S{1,20} BAR \d/,
    check: "gpu.display",
    says: "the host still has something on the card's memory, most often the firmware's framebuffer (efifb, simpledrm)",
    fix: [
      remedies.display,
      manualFix("Or start the host without that framebuffer: kernel argument initcall_blacklist=sysfb_init", {
        root: true,
        reboot: true,
      }),
    ],
    source: "Linux 6.1, QEMU 7.2; siderolabs/talos#14356, harvester/pcidevices#81",
  },
  {
    pattern: /Invalid PCI ROM header signature|Cannot read device rom at/,
    check: "gpu.display",
    says: "the card's ROM cannot be read, as on a card that the host was started with; computing does not need it",
    fix: [remedies.display],
    source: "Linux 6.1, QEMU 7.2; NVIDIA/open-gpu-kernel-modules#955",
  },
  {
    pattern: anyOf(
      /PCI device \S{1,20} is in use\b/,
      /open '?\/dev\/vfio\/\S{1,12}: Device or resource busy/,
    ),
    check: "gpu.in-use",
    says: "another VM that runs has the card",
    fix: [remedies.otherVm],
    source: "libvirt 9.0, QEMU 7.2",
  },
  {
    pattern: /with non-zero usage count|Device is currently in use, task "/,
    check: "gpu.in-use",
    says: "programs hold the card open: the host's driver cannot let go, and waits for ever",
    fix: [commandFix("See which", "fuser -v /dev/dri/* /dev/nvidia*", { root: true }), remedies.persistenced],
    source: "NVIDIA driver (nv-pci.c), Linux 6.1 (vfio); QaidVoid/Complete-Single-GPU-Passthrough#44",
  },
  {
    pattern: anyOf(
      /Unable to change power state from \S{1,10} to \S{1,5}, device inaccessible/,
      /device, stuck in D3/,
    ),
    check: "gpu.power",
    says: "the card sleeps without power (D3cold) and does not wake up",
    fix: [remedies.awake, remedies.powerCycle],
    source: "Linux 6.1, QEMU 7.2; kata-containers/kata-containers#11708, mroboff/vm-curator#60",
  },
  {
    pattern: /Unknown PCI header type '127'|GPU has fallen off the bus/,
    check: "gpu.power",
    says: "the card no longer answers: its configuration space reads all ones",
    fix: [remedies.powerCycle, remedies.awake],
    source: "libvirt, NVIDIA driver (Xid 79)",
  },
  {
    pattern: anyOf(
      /Unable to reset PCI device/,
      /Cannot reset device \S{1,20}, (?:no available|depends on)/,
      /not ready \d{1,8}ms after \S{1,8}(?: reset)?; giving up/,
    ),
    check: "gpu.reset",
    says: "the card cannot be reset, so that it keeps the state that its last user left",
    fix: [
      manualFix("Hand over all functions of the card, and start the VM only once after each boot of the host"),
      remedies.powerCycle,
    ],
    source: "libvirt 9.0, QEMU 7.2, Linux 6.1; gnif/vendor-reset#76",
  },
  {
    pattern: anyOf(
      /no such host device: No such file/,
      /host pci device \S{1,20} not found/,
      /Device \S{1,20} not found: could not access/,
    ),
    check: "gpu.match",
    says: "no card is at that address: addresses move when cards are added or the firmware is updated",
    fix: [doctorFix("gpu.match")],
    source: "QEMU 7.2 (vfio), libvirt 9.0; QubesOS/qubes-issues#7792",
  },
  {
    pattern: anyOf(
      /Failed to (?:load PCI stub module|unbind PCI device|add driver '[^']{0,40}' to driver_override)/,
      /open '?\/dev\/vfio\/\d{1,6}'?: No such file/,
    ),
    check: "gpu.driver",
    says: "the card did not get from its host driver to vfio-pci",
    fix: [bindVfio],
    source: "libvirt 9.0, QEMU 7.2",
  },
  {
    pattern: /open '?\/dev\/vfio\/\S{1,12}: (?:Permission denied|Operation not permitted|No such file)/,
    check: "provider.access",
    says: "QEMU may not open VFIO's device nodes, or the module vfio is not loaded",
    fix: [
      commandFix("Load it", "modprobe vfio-pci", { root: true }),
      manualFix("Let libvirt's system daemon start the VM (qemu:///system): it gives QEMU these nodes"),
    ],
    source: "QEMU 7.2 and later; kata-containers/runtime#2605, kubevirt/kubevirt#3309",
  },
];

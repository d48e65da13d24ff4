import type { Failure } from "../types.mts";
import { commandFix, doctorFix, remedies } from "../../../fixes.mts";
import { powerCycle, qemuOptions, qemuSource, vfioWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { qemuKvmErrorFailures } from "./qemu-kvm-errors.mts";
import { qemuVfioErrorFailures } from "./qemu-vfio-errors.mts";
import { rows } from "../rows.mts";

/** Sentences of QEMU about VFIO and passed devices that no other table has, by topic. */
export const qemuVfioFailures = (): Failure[] => [
  ...qemuVfioErrorFailures(),
  ...qemuKvmErrorFailures(),
  ...rows({ layer: "vfio", near: vfioWords, source: qemuSource }, [
    [
      "iommu.interrupts",
      "cause",
      /Failed to set up \w{4,8} eventfd signaling for interrupt|VFIO_DEVICE_SET_IRQS failure/,
      "the card's interrupt could not be given to the VM: another device of the host uses the same old interrupt " +
      "line (INTx)",
      commandFix("Check who shares it", "cat /proc/interrupts"),
      "Bind the device that shares it to vfio-pci too, or move the card to another slot",
    ],
    [
      "gpu.display",
      "cause",
      anyOf(
        /does not support requested feature x-vga|does not support requested IGD OpRegion/,
        /device does not support requested feature \S{1,20}/,
      ),
      "the VM's definition asks for an old graphics feature (x-vga, the Intel OpRegion) that the kernel or this " +
      "card does not give",
      "Remove x-vga=on and x-igd-opregion=on, and start the VM with UEFI (OVMF)",
    ],
    [
      "gpu.reset",
      "cause",
      /error getting device from group \d{1,4}: Input\/output error/,
      "the kernel could not open the device for the VM: it does not answer (it sleeps, hangs or needs a reset), or " +
      "it is a vGPU that NVIDIA's vGPU manager refused",
      commandFix("Read the kernel's lines about it", "dmesg | grep -iE 'vfio|nvidia' | tail -n 30", { root: true }),
      remedies.powerCycle,
    ],
    [
      "gpu.driver",
      "cause",
      anyOf(
        /no vfio-dev under sysfs|failed to get \/dev\/vfio\/devices path/,
        /vfio device \S{1,40} not found in \/dev\/vfio\/devices/,
        /open directory \S{1,80}\/vfio-dev|failed to find vfio-dev\/vfio|failed to (?:load|get major:minor for) "\S{1,80}\/vfio-dev/,
      ),
      "the VM takes the card by iommufd, and it has no device of its own in /dev/vfio/devices: it is not bound to " +
      "vfio-pci, or the kernel is built without VFIO_DEVICE_CDEV",
      commandFix("Check which driver has it", "lspci -nnk -d ::03xx"),
      "Without that option in the kernel (/boot/config-…): leave iommufd out, and pass the card by its group",
      remedies.bindAtBoot,
    ],
    [
      "iommu.group",
      "cause",
      /error getting device from group \d{1,4}: Permission denied/,
      "the kernel refuses that device of the group to the VM: another device of the group has a host driver, or " +
      "this kernel has a fault with it (as for functions by SR-IOV with Proxmox's 6.8.12-12 and 6.14.8)",
      commandFix("Check which driver has each device", "lspci -nnk"),
      commandFix("Read the kernel's own line about it", "dmesg | grep -iE 'vfio|iommu' | tail -n 20", { root: true }),
      "If all are bound to vfio-pci and it worked with an older kernel: boot that one (Proxmox: proxmox-boot-tool " +
      "kernel pin VERSION)",
    ],
    [
      "iommu.group",
      "cause",
      /error getting device from group \d{1,4}: Invalid argument/,
      "the kernel does not give that device of the group to the VM: its driver is not vfio-pci, or its group has " +
      "another device with a host driver",
      commandFix("Check which driver has each device", "lspci -nnk"),
      remedies.bindAtBoot,
    ],
    [
      "provider.mode",
      "cause",
      /need to set caching-mode=on/,
      "a VM with a vIOMMU and a passed card needs the vIOMMU's caching mode",
      "Write <driver intremap='on' caching_mode='on'/> in <iommu model='intel'>, or remove the vIOMMU",
    ],
    [
      "provider.mode",
      "cause",
      /possibly running out of DMA mappings/,
      "the VM has more separate pieces of memory than VFIO maps",
      "Raise the limit (vfio_iommu_type1.dma_entry_limit), or give the VM's virtio-mem larger blocks",
    ],
    [
      "gpu.driver",
      "cause",
      /Unknown device property host|'vfio-pci' is not a valid device|Device 'vfio-pci' not found/,
      "this QEMU was built without VFIO, or that device is not one of a PCI host device",
      "Install the distribution's full QEMU (qemu-system-x86 or qemu-kvm), not a minimal or a static one",
      qemuOptions,
    ],
  ]),
  ...rows({ layer: "vfio", near: vfioWords, source: qemuSource }, [
    [
      "gpu.power",
      "cause",
      anyOf(
        /vfio_region_(?:read|write)\([^)\n]{1,160}\) failed|reset bar \d failed/,
        /failed to read PCI MSIX (?:FLAGS|PBA|TABLE)|Failed to perform PCI config \S{1,12} operation/,
      ),
      "the VM or QEMU reads or writes the card, and it does not answer: it lost power, hangs, or was taken away",
      commandFix("Read what the host's kernel says", "dmesg --level err,warn | tail -n 40", { root: true }),
      powerCycle,
      doctorFix("gpu.power"),
    ],
    [
      "iommu.enabled",
      "cause",
      /Failed to find iommu group (?:number|sysfs path)|VFIO IOMMU Type1 is not supported|Invalid VFIO version/,
      "the device has no IOMMU group, or the kernel's VFIO does not offer what QEMU needs: the IOMMU is off",
      doctorFix("iommu.enabled"),
    ],
    [
      "gpu.driver",
      "cause",
      /Failed to add group \d{1,4} to KVM VFIO device: Invalid argument/,
      "KVM does not reach VFIO's functions: the kernel was built by hand with CONFIG_TRIM_UNUSED_KSYMS, or its " +
      "modules are of two builds; the VM starts, and its card misbehaves",
      "Start the distribution's kernel, or build without that option",
    ],
    [
      "gpu.in-use",
      "cause",
      anyOf(
        /Failed to (?:get VFIO group status|add group to VFIO container|create KVM VFIO device|set VFIO IOMMU type)/,
        /Failed to (?:get|map) BAR region|Failed to (?:add|remove) group \d{1,4} (?:to|from) KVM VFIO device/,
      ),
      "QEMU could not take the device from VFIO: another process has its group, or a device of it has a host driver",
      commandFix("Check which driver has each device", "lspci -nnk"),
      remedies.otherVm,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /requires iommu notifier which is not currently supported|i440fx doesn't support emulated iommu/,
        /eim=on requires (?:accel=kvm|support on the KVM side)|Machine-type '\S{1,20}' not supported by IOMMU/,
      ),
      "the VM's virtual IOMMU does not fit its machine type, its interrupt controller, or a passed card",
      "Use q35 with <ioapic driver='qemu'/> and an Intel vIOMMU with caching_mode='on', or remove the vIOMMU",
    ],
  ]),
];

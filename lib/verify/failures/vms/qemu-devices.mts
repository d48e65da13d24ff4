import type { Failure } from "../types.mts";
import { commandFix, doctorFix, remedies } from "../../../fixes.mts";
import { hostErrors, powerCycle, vmWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const asRoot = "Write to /sys as root: echo VALUE | sudo tee FILE (sudo echo does not reach the file)";
/** Words of VFIO and of the programs that pass devices to VMs. */
const deviceWords = new RegExp(
  `vfio|new_id|vga|gpu|i915|radeon|nouveau|snd_hda|kata|cloud-hypervisor|platform\\.c|kvmfr|ivshmem|${vmWords.source}`,
  "i",
);

/** Messages of QEMU and of the kernel about passed devices, by topic. */
export const deviceFailures = (): Failure[] => [
  ...rows({ layer: "vfio", near: deviceWords, source: "QEMU (hw/vfio), general knowledge, 2026-11" }, [
    [
      "iommu.interrupts",
      "cause",
      anyOf(
        /vfio.{0,60}(?:failed|unable) to (?:enable|setup) (?:vectors|INTx|MSI|resample)/,
        /genirq: Flags mismatch irq \d{1,4}\. .{0,80}vfio/,
      ),
      "the card's interrupt could not be set up: it shares one (INTx) with another device, or the card does " +
      "not answer",
      "Let the card use MSI, or move it or the other device to another slot",
      hostErrors,
    ],
    [
      "gpu.display",
      "cause",
      /failed getting region info for VGA|x-vga.{0,80}(?:not support|fail|unavailable)|vfio: .{0,40}VGA region/,
      "the VM asks for the card's old VGA memory (x-vga), which the kernel or this card does not give",
      "Remove x-vga=on, and start the VM with UEFI (OVMF)",
    ],
    [
      "gpu.display",
      "symptom",
      anyOf(
        /\bIGD (?:device|OpRegion|assignment|legacy mode).{0,120}(?:fail|cannot|disabled|no ROM|not |unsupported)/,
        /cannot support legacy mode due to existing|(?:get|setup|support|supports) IGD OpRegion/,
      ),
      "the Intel graphics cannot be passed in the legacy way, which needs the machine type pc, address 02.0 and " +
      "its ROM",
      "Pass it as a second card (UPT) with UEFI, or use machine type pc with the card at 00:02.0",
    ],
    [
      "gpu.reset",
      "cause",
      anyOf(
        /hot reset info failed|hot reset .{0,40}failed|vfio: .{0,40}reset.{0,40}failed/,
        /vfio_pci_(?:hot_)?reset.{0,60}fail/,
      ),
      "the card could not be reset together with the devices of its slot",
      powerCycle,
      doctorFix("gpu.reset"),
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /State blocked by non-migratable device|VFIO migration is not supported/,
        /cannot (?:migrate|save|snapshot).{0,60}(?:hostdev|host device|assigned)/,
        /does not support internal snapshot.{0,40}vfio|domain has assigned non-USB host devices/,
      ),
      "a VM with a passed card cannot be saved, migrated or snapshotted while it runs",
      "Shut the VM down first, or detach the card",
    ],
    [
      "gpu.power",
      "cause",
      /vfio_err_notifier_handler\([^)]{1,20}\)|hiding cap 0xff@0xff|Refused to change power state from/,
      "the card's PCI Express link failed: it no longer answers, or reads as all ones",
      powerCycle,
      remedies.awake,
      doctorFix("gpu.power"),
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /IOMMU interrupt remapping requires split|requires kernel-irqchip=split/,
        /TPM version '[^']{1,8}' is not supported|TPM .{0,40}not supported by/,
      ),
      "the VM's definition asks for a device (vIOMMU, TPM) that needs another setting or program here",
      "For a vIOMMU: <ioapic driver='qemu'/> in features; for a TPM: install swtpm",
    ],
    [
      "gpu.driver",
      "cause",
      /(?:module not found|installing|ERROR|failed|find module).{0,40}vfio_virqfd(?! (?:is builtin|not found))/,
      "vfio_virqfd is part of vfio since Linux 6.2, and no longer a module of its own",
      "Remove vfio_virqfd from the list of modules (mkinitcpio.conf, /etc/modules, dracut)",
    ],
    [
      "gpu.driver",
      "note",
      /vfio_virqfd.{0,60}not found/,
      "vfio_virqfd is part of vfio since Linux 6.2; that it is not found is harmless",
      "Nothing to do; remove it from the script that names it, and look for another error",
    ],
    [
      "gpu.in-use",
      "note",
      /write error: File exists/,
      "vfio-pci knows that device id already, so nothing has to be written",
      "Nothing to do; see which driver has the card: lspci -nnk",
    ],
    [
      "gpu.driver",
      "cause",
      /could not insert '?vfio[\w-]{0,20}'?: |vfio\w{0,20}: (?:Unknown symbol|version magic|disagrees about)/,
      "the kernel's VFIO modules do not load: the kernel was updated and the host not rebooted, or Secure Boot " +
      "refuses them",
      "Reboot the host into the installed kernel",
      hostErrors,
    ],
    [
      "gpu.in-use",
      "cause",
      /Module (?:amdgpu|radeon|nouveau|i915|xe|snd_hda_intel|drm_kms_helper) is in use/,
      "a program or the console still uses the card's driver, so it cannot be unloaded",
      commandFix("Check which programs hold the card", "fuser -v /dev/dri/* /dev/snd/*", { root: true }),
      "Stop the display manager first; unbind the card instead of unloading the driver",
      remedies.bindAtBoot,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Unable to enumerate the device, it is attached|ivshmem.{0,60}(?:not found|fail|no such)/,
        /kvmfr(?!: module verification|.{0,30}failed to remap).{0,60}(?:fail|error|not found)/,
      ),
      "Looking Glass finds no shared memory device (IVSHMEM) in the VM",
      "Add a shmem device to the VM (ivshmem-plain), and its driver in Windows",
    ],
    [
      "gpu.window",
      "cause",
      /Failed moving device BAR|failed allocating new MMIO range|failed to allocate .{0,40}BAR/,
      "a memory region of the card found no room in the VM's address space",
      "Give the VM a larger MMIO window and enough address bits (phys-bits)",
    ],
    [
      "gpu.in-use",
      "symptom",
      anyOf(
        /\b(?:VfioCreate|VfioDevice|VfioMap|VfioPci|VfioContainer|VfioGroup)\w{0,30}\(/,
        /(?:open|create|add|attach)\w{0,6} (?:the )?(?:VFIO device|VFIO container|VFIO group)\b/,
      ),
      "another VM program (Cloud Hypervisor, Kata, Firecracker) could not take the card by VFIO",
      hostErrors,
      doctorFix("iommu"),
    ],
    [
      "gpu.in-use",
      "fallback",
      anyOf(
        /-device \S{0,30}vfio-pci.{0,300}: /,
        /vfio-pci \S{1,14}: .{0,80}(?:fail|error|invalid|cannot|can't|unable|timed out)/,
      ),
      "the card could not be given to the VM, for the reason at the end of the line",
      hostErrors,
      doctorFix("iommu"),
      doctorFix("gpu"),
    ],
  ]),
  ...rows({ layer: "kernel", source: "Linux (drivers/iommu, drivers/pci), general knowledge, 2026-11" }, [
    [
      "iommu.interrupts",
      "cause",
      anyOf(
        /DMAR-IR: .{0,60}(?:not support|disabled|failed to enable|broken)/,
        /Interrupt remapping .{0,20}(?:not supported|disabled|broken)|irq.remapping.{0,40}broken/,
      ),
      "interrupts are not remapped: the firmware turns it off, or the chipset's is broken",
      remedies.interrupts,
      remedies.firmwareUpdate,
    ],
    [
      "iommu.enabled",
      "cause",
      anyOf(
        /DMAR: (?:IOMMU disabled|No DMAR|Failed to)|AMD-Vi: (?:Disabling|Failed to|Error initialization)/,
        /Your BIOS is broken; DMAR|ACPI: DMAR .{0,40}not found/,
      ),
      "the kernel does not use the IOMMU: it is off in the firmware or by an argument, or the firmware's table is " +
      "wrong",
      remedies.iommu,
      remedies.firmwareUpdate,
    ],
    [
      "gpu.reset",
      "symptom",
      anyOf(
        /DRHD: handling fault status|\[DMA (?:Read|Write)[^\]]{0,20}\] Request device/,
        /Event logged \[(?:IO_PAGE_FAULT|INVALID_DEVICE_REQUEST)/,
      ),
      "the IOMMU stopped an access of a device; of a passed card: it still works for its last user, or was not reset",
      commandFix("Check which device its address names", "lspci -nn", { root: false }),
      doctorFix("gpu.reset"),
    ],
    [
      "iommu.reserved",
      "note",
      /DMAR: \[Firmware Bug\]|Firmware Bug\]: (?:No firmware reserved region|RMRR)|AMD-Vi: .{0,20}Firmware Bug/,
      "the firmware's IOMMU table has a fault, which mostly is harmless",
      remedies.firmwareUpdate,
    ],
    [
      "gpu.driver",
      "cause",
      /\/sys\/bus\/pci\/(?!\w{3,12}\/\/)\S{1,70}\/(?:bind|unbind|new_id|remove_id|driver_override|drivers_probe|remove|rescan|reset\w{0,7}|sriov_numvfs|power_state|d3cold_allowed): (?:Permission denied|No such file|write error: Invalid argument)/,
      "a value was not written into the card's files in /sys: not root, no such address or driver, or no IOMMU",
      asRoot,
      remedies.bindAtBoot,
    ],
  ]),
  ...rows({ layer: "kernel", near: "card", source: "Linux (drivers/pci), general knowledge, 2026-11" }, [
    [
      "gpu.power",
      "symptom",
      /DPC: containment event|Slot\(\S{1,10}\): (?:Link Down|Card not present)|irq \d{1,4}: nobody cared/,
      "the card's PCI Express link went down or its interrupt is not answered: it hangs, sits badly, or lacks power",
      "Seat the card again, check its power cables, and take a riser cable out",
      powerCycle,
    ],
    [
      "gpu.window",
      "cause",
      /no compatible bridge window|can't claim BAR/,
      "a memory region of the card is outside of the addresses that its bridge has",
      "Turn on Above 4G Decoding in the firmware's set-up, or boot with pci=realloc",
    ],
  ]),
];

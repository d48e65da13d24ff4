import type { Failure } from "../types.mts";
import { commandFix, doctorFix, kernelLog, remedies } from "../../../fixes.mts";
import { powerCycle } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const source = "Linux 6.12 (drivers/iommu and drivers/vfio, all of their messages, 2024-11), read 2026-11";

/** What the kernel's IOMMU drivers and VFIO say. */
export const iommuKernelFailures = (): Failure[] => [
  ...rows({ layer: "kernel", source }, [
    [
      "iommu.enabled",
      "cause",
      anyOf(
        /AMD-Vi: (?:IVRS invalid checksum|IVRS table error|Invalid IVHD device|Unsupported IVHD type|Can not reserve memory region)/,
        /AMD-Vi: (?:IOMMU\d{1,2}: Failed to initialize|Disable IOMMU on Stoney Ridge)/,
        /DMAR: (?:Invalid DMAR haw|Parse DMAR table failure|No DRHD structure|Can't validate DRHD|Can't reserve memory)/,
        /DMAR: (?:Can't map the region|Unable to map DMAR|Record passes table end|Initialization failed)/,
        /DMAR: (?:Domain initialization failed|Allocating root entry|ACPI name space devices didn't probe)/,
        /Cannot get a valid (?:max )?agaw for iommu|No supported address widths\. Not attempting DMA translation/,
        /Failed to initialize DMAR (?:table|device scope)|Your BIOS is broken; DMAR reported at address/,
      ),
      "the kernel could not use the IOMMU: the firmware describes it wrongly, so no card can be passed",
      remedies.firmwareUpdate,
      remedies.iommu,
      doctorFix("iommu.enabled"),
    ],
    [
      "iommu.enabled",
      "cause",
      /Disabling IOMMU for graphics on this chipset|no shadow GTT; disabling IOMMU|DMAR: Disable GFX device mapping/,
      "the kernel leaves the processor's own graphics out of the IOMMU, so that they cannot be passed; other cards can",
      "If intel_iommu=igfx_off is among the kernel's arguments (cat /proc/cmdline): remove it",
      doctorFix("iommu.group"),
    ],
    [
      "iommu.interrupts",
      "cause",
      anyOf(
        /DMAR-IR: (?:Failed to setup irq remapping|IR\d{1,2}: (?:can't allocate an IRTE|failed to allocate))/,
        /DMAR-IR: Failed to set source-id|failed to parse managed IOAPIC\/HPET|Failed to enable queued invalidation/,
      ),
      "the kernel could not turn interrupt remapping on, which VFIO needs",
      remedies.firmwareUpdate,
      remedies.interrupts,
      doctorFix("iommu.interrupts"),
    ],
    [
      "iommu.interrupts",
      "symptom",
      /\[INTR-REMAP\] Request device \[\w|Blocked (?:a compatibility format|an) interrupt request/,
      "the IOMMU blocked an interrupt of a device: its driver or its last VM left it in a wrong state, or " +
      "the firmware did",
      commandFix("Check which device its address names", "lspci -nn"),
      powerCycle,
      remedies.firmwareUpdate,
    ],
    [
      "gpu.reset",
      "symptom",
      /AMD-Vi: Command buffer timeout|Invalidation (?:Time-out|Completion) Error \(I[TC]E\) cleared|DMAR: QI (?:HEAD|PRIOR): /,
      "a device does not answer the IOMMU: with a passed card, it hangs since its last reset",
      commandFix("Check which device the lines near it name", "dmesg | grep -iE 'vfio|DMAR|AMD-Vi' | tail -n 20", {
        root: true,
      }),
      powerCycle,
      doctorFix("gpu.reset"),
    ],
    [
      "gpu.window",
      "cause",
      /iommu width \(\d{1,3}\) is not sufficient for the mapped address/,
      "the VM maps memory at an address that this processor's IOMMU does not reach (39 bits on most desktops)",
      "Limit the vCPU's address bits (libvirt: <maxphysaddr mode='passthrough' limit='39'/>; QEMU: -cpu " +
      "host,host-phys-bits-limit=39)",
      doctorFix("gpu.window"),
    ],
    [
      "iommu.reserved",
      "cause",
      /IOMMU driver was not able to establish FW requested direct mapping/,
      "the firmware keeps memory for this device, and the IOMMU cannot give it that place",
      remedies.reserved,
      remedies.firmwareUpdate,
      doctorFix("iommu.reserved"),
    ],
    [
      "iommu.enabled",
      "symptom",
      /Failed to set up IOMMU for device \S{1,20}; retaining platform DMA ops|Failed to allocate default IOMMU domain of type/,
      "the kernel's IOMMU does not take a device as it should; the lines before it say why",
      kernelLog,
      doctorFix("iommu.enabled"),
    ],
    [
      "iommu.enabled",
      "note",
      /SNP: IOMMU (?:disabled or configured in passthrough mode|is configured with V2 page table mode|SNP feature not enabled)/,
      "confidential VMs (SEV-SNP) need the IOMMU in its default mode: iommu=pt, amd_iommu=off or another " +
      "table format excludes them. A VM with a passed card alone needs no SEV-SNP",
      "Only for SEV-SNP: remove iommu=pt and amd_iommu= from the kernel's arguments, turn SNP on in the " +
      "firmware, and reboot",
    ],
    [
      "iommu.enabled",
      "note",
      anyOf(
        /AMD-Vi: Unknown option - '\w{1,20}'|AMD-Vi: Invalid command line: (?:ivrs|hid|uid)|AMD-Vi: \S{1,40} option format deprecated/,
        /(?:Translation|IRQ remapping) was enabled (?:for|on) \S{1,20} but we are not in kdump mode/,
        /(?:amd_iommu=fullflush|intel_iommu=(?:strict|forcedac)) deprecated|EFR mismatch\. Use IVHD EFR|Found inconsistent EFR/,
        /Cannot enable v2 page table for DMA-API|Skip IOMMU disabling for graphics|RMRR entry for device \S{1,12} is broken/,
        /Device scope type does not match for|Your BIOS is broken; (?:ANDD|RHSA)|Scalable mode is disallowed/,
      ),
      "a remark of the kernel about the IOMMU that is harmless: AMD's is on without any argument (amd_iommu=on is " +
      "none)",
      "Nothing to do: look for another error",
    ],
  ]),
  ...rows({ layer: "kernel", near: /vfio/i, source }, [
    [
      "gpu.reset",
      "symptom",
      /Couldn't (?:store|reload) saved state/,
      "the card was reset, and lost its registers or did not give them: the guest's driver may hang after it",
      commandFix("Read the kernel's lines before it", "dmesg | grep -iE 'vfio|pcieport|AER' | tail -n 30", {
        root: true,
      }),
      powerCycle,
      doctorFix("gpu.reset"),
    ],
    [
      "gpu.driver",
      "note",
      anyOf(
        /irq bypass (?:producer|consumer) \(token \S{1,20}\) registration fails|Failed to setup AtomicOps info capability/,
        /Adding kernel taint for vfio-noiommu|VF \S{1,14} bound to driver \S{1,30} while PF bound|VF reports bogus INTx pin/,
        /IOMMUFD is providing \/dev\/vfio\/vfio, not VFIO/,
      ),
      "a remark of the kernel's VFIO that is harmless",
      "Nothing to do: look for another error",
    ],
  ]),
];

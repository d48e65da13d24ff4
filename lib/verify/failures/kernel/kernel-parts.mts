import { commandFix, doctorFix, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { hostErrors, powerCycle } from "../fixes.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

const linux = "Linux 6.12 (drivers/pci, vfio, iommu, arch/x86/kvm, mm), read 2026-11";
const nothing = "If nothing else is wrong: nothing to do; look for another error";
const speed = commandFix("Check the link's speed and width", "lspci -vv | grep -E '^[0-9a-f]|LnkSta:'", { root: true });

/** Messages of the host's kernel about PCI, VFIO, the IOMMU, KVM and huge pages that no other table has. */
export const kernelPartFailures = (): Failure[] => [
  ...rows({ layer: "kernel", near: "card", source: linux }, [
    [
      "gpu.window",
      "cause",
      anyOf(
        /(?:not enough MMIO resources for SR-IOV|VF BAR \d{1,2}.{0,60}(?:can't assign|failed to assign))/,
        /can't enable \d{1,3} VFs \(bus \w{2} out of range of/,
        /(?:devices behind bridge are unusable because \[bus|No bus number available for hot-added bridge|BAR \d{1,2}: error updating \()/,
      ),
      "the firmware left no room (addresses or bus numbers) for the device or its virtual functions",
      manualFix("Turn on Above 4G Decoding, Resizable BAR and SR-IOV in the firmware setup, and update the firmware"),
      manualFix("If the error remains: the kernel argument pci=realloc (for bus numbers: pci=assign-busses)"),
    ],
    [
      "gpu.power",
      "note",
      /[\d.]{1,8} Gb\/s available PCIe bandwidth, limited by/,
      "the card's link is narrower or slower than the card could use: it works, and large copies are slower",
      manualFix("Put it into the slot that is wired to the CPU with all lanes; an M.2 card can take half of them"),
      speed,
    ],
    [
      "gpu.power",
      "note",
      /refused to change power state, currently in D0\b/,
      "the device stays awake instead of going to sleep, which is harmless",
      manualFix("If nothing else is wrong: nothing to do; look for another error"),
    ],
    [
      "gpu.power",
      "cause",
      anyOf(
        /(?:refused to change power state, currently in (?!D0)|not responding to config (?:reads|space)|\(rev ff\))/,
        /(?:pciehp: Slot\(\S{1,8}\): (?:Link Training Error|No link|Cannot train link)|device lost from bus|SMU: response:0xF{8}|snd_hda_intel \S{7,14}: CORB reset timeout#\d, CORBRP = 65535|Device recovery from fatal error failed)/,
      ),
      "the card (or the device of that slot) no longer answers on the bus: it fell off the link, sleeps without " +
      "power, or hangs since its last reset",
      powerCycle,
      remedies.awake,
      manualFix("If it happens again: another slot, no riser cable, and see the power supply and its cables"),
    ],
  ]),
  ...rows({ layer: "vfio", source: linux }, [
    [
      "gpu.driver",
      "cause",
      anyOf(
        /(?:exists in vfio-pci device denylist, driver probing disallowed|Cannot bind to PF with SR-IOV enabled)/,
        /(?:VF token (?:required to access device|incorrectly provided)|Incorrect VF token provided)/,
      ),
      "vfio-pci does not take this device as it is: its virtual functions are on, it needs the token of its parent " +
      "(VF token), or the kernel keeps it out as unsafe",
      manualFix("Pass a virtual function rather than its parent, or turn them off first: echo 0 >…/sriov_numvfs"),
      manualFix("A parent on vfio-pci: give QEMU the same vf-token= for the parent and its functions"),
    ],
    [
      "gpu.driver",
      "cause",
      /error getting device from group \d{1,6}: No such device/,
      "the card is not with vfio-pci at this moment: the host's driver has it again, or another device of " +
      "its group is " +
      "not bound",
      commandFix("Check which driver has it", "lspci -nnk -s ADDRESS"),
      remedies.bindAtBoot,
    ],
    [
      "gpu.driver",
      "cause",
      /Failed to setup Intel IGD regions/,
      "VFIO could not read the firmware's description (OpRegion) of Intel's graphics: it is on no boot " +
      "display, or this " +
      "generation has none for VFIO",
      manualFix("Pass it as a second card (x-igd-opregion=off, legacy mode off), or as a virtual function by SR-IOV"),
      doctorFix("gpu"),
    ],
    [
      "gpu.in-use",
      "cause",
      /(?:amdgpu_(?:device_fini_hw|pci_remove|drm_device_release)|radeon_device_fini|i915_pci_remove|xe_pci_remove)\+0x/,
      "the host's graphics driver does not let the card go: a program or the desktop still uses it, and " +
      "unbinding waits " +
      "without end",
      commandFix("Check which programs hold it", "fuser -v /dev/dri/*", { root: true }),
      remedies.bindAtBoot,
    ],
    [
      "gpu.driver",
      "note",
      /(?:Masking broken INTx support|vfio-noiommu device opened by user|PME: Spurious native interrupt)/,
      "a message of the kernel that is harmless",
      nothing,
    ],
  ]),
  ...rows({ layer: "kernel", source: linux }, [
    [
      "iommu.enabled",
      "symptom",
      anyOf(
        /(?:VT-d detected Invalidation Queue Error|DMAR: .{0,60}(?:Failed to (?:allocate|attach|map)|iotlb .{0,20}timeout))/,
        /AMD-Vi: (?:Event logged )?\[?(?:ILLEGAL_DEV_TABLE_ENTRY|INVALID_DEVICE_REQUEST|(?:COMMAND|DEV_TAB|PAGE_TAB)_HARDWARE_ERROR|ILLEGAL_COMMAND)/,
        /arm-smmu\S{0,30} \S{1,40}: (?:event 0x|Unhandled context fault|CMDQ (?:error|timeout)|failed to)/,
      ),
      "the IOMMU itself reports a fault: a device uses addresses that were not given to it, hangs after a " +
      "reset, or the " +
      "firmware's table is wrong for it",
      hostErrors,
      remedies.firmwareUpdate,
      powerCycle,
    ],
    [
      "iommu.enabled",
      "note",
      /AMD-Vi: (?:Unable to read\/write to IOMMU perf counter|AMD IOMMUv2 functionality not available)/,
      "a message of AMD's IOMMU that is harmless",
      nothing,
    ],
    [
      "host.memory",
      "cause",
      /HugeTLB: allocating \d{1,7} of page size \S{1,6} \S{2,5} failed|hugetlb: .{0,60}(?:failed|unsupported)/i,
      "the kernel could not reserve all huge pages that were asked for: memory is too full or fragmented, or " +
      "the CPU has " +
      "no pages of that size",
      manualFix("Reserve them at boot: hugepagesz=1G hugepages=N (the CPU flag pdpe1gb), or fewer of 2M"),
      commandFix("Check how many there are", "grep -i huge /proc/meminfo"),
    ],
    [
      "host.virtualization",
      "symptom",
      anyOf(
        /(?:kvm(?:_intel|_amd)?: .{0,40}(?:vmread|vmwrite|vmclear|vmptrld|invept) failed)/,
        /kvm(?:_intel|_amd)?: (?:Failed to setup VMCS config|NX \(Execute Disable\) not supported|KVM is unsupported when running as an SEV guest|failed to allocate|misc device register failed)/,
      ),
      "KVM does not work as it should on this processor: another hypervisor uses it, this machine is itself " +
      "a VM with " +
      "faulty nested virtualization, or kernel and microcode are too old",
      manualFix("End other hypervisors (VirtualBox, VMware), and update the kernel and the CPU's microcode"),
      commandFix("Check what the kernel says about KVM", "dmesg | grep -i kvm", { root: true }),
    ],
    [
      "host.virtualization",
      "fallback",
      anyOf(
        /\bkvm_intel: .{0,120}(?:fail|unexpected exit|nested vmx abort|error)/,
        /\bkvm_amd: .{0,120}(?:fail|unexpected exit|error|incomplete IPI|RMP fault|exceed the lock limit)/,
      ),
      "KVM reports a fault of a VM or of this processor: the VM's CPU model, nested virtualization, or encrypted " +
      "memory (SEV) asks for what the processor or kernel does not do",
      manualFix("Try the VM with another CPU model (host, or x86-64-v3), and without nesting or SEV"),
      manualFix("Update the kernel, the CPU's microcode and the board's firmware"),
    ],
    [
      "host.virtualization",
      "note",
      /(?:L1TF CPU bug present|Cross-Thread Return Predictions vulnerability|kvm_set_msr_common: MSR_IA32|Booting SMP Windows KVM VM with !XSAVES|SGX PROVISIONKEY advertised|PMU virtualization is disabled|lapic timer period limited to)/,
      "a hint of KVM about the processor that stops no VM",
      nothing,
    ],
  ]),
  ...rows({ layer: "driver", source: "Linux 6.12 (drivers/gpu/drm/i915, xe, amd), read 2026-11" }, [
    [
      "guest.driver",
      "cause",
      /(?:Your graphics device \w{4} is not (?:officially |properly )?supported by (?:i915|xe)|Force probing unsupported Device ID)/,
      "this kernel's driver does not know the Intel chip well enough to start by itself: the kernel is older " +
      "than the card",
      manualFix("Use a newer kernel (the distribution's backports or HWE kernel)"),
      manualFix(
        "Or, at your own risk, the argument that the line names: xe.force_probe=ID with i915.force_probe=!ID",
      ),
    ],
    [
      "gpu.window",
      "cause",
      /LMEM not initialized by firmware/,
      "Intel's card was not started by the firmware, so its memory cannot be used: Above 4G Decoding is off, or the " +
      "VM's firmware gives no room",
      manualFix("Turn on Above 4G Decoding and Resizable BAR in the firmware setup; in a VM: UEFI (OVMF) and q35"),
      doctorFix("gpu.window"),
    ],
    [
      "guest.driver",
      "symptom",
      /(?:Timedout job: seqno|Engine memory cat error|Device has been marked wedged|Kernel-submitted job timed out|Only a rebind may clear the failure|GuC mmio request 0x\w{2,8}: (?:failure 0x|reply))/,
      "a job on Intel's card did not end, or the driver gave the card up: a program's fault, an old firmware or " +
      "kernel, or a card that was not reset",
      manualFix("Update kernel and linux-firmware, and stop and start the VM, which resets the card"),
      hostErrors,
    ],
    [
      "gpu.match",
      "cause",
      /PF: Failed to (?:enable|provision|allocate) .{0,30}VFs?/,
      "the virtual functions of the card could not be created: SR-IOV is off in the firmware setup, the " +
      "driver was not " +
      "started for it, or no room is left",
      manualFix("Firmware setup: SR-IOV and Above 4G on. Intel: i915.max_vfs=7 i915.enable_guc=3, or xe.max_vfs=7"),
      commandFix("Check how many the card has", "grep -H . /sys/bus/pci/devices/*/sriov_totalvfs"),
    ],
  ]),
];

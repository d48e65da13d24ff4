import type { Failure } from "../types.mts";
import { aboveFour, commandFix, doctorFix, firmwareFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { powerCycle, vmWords } from "../fixes.mts";
import { iommuKernelFailures } from "./iommu-kernel.mts";
import { rows } from "../rows.mts";

const which = commandFix("Check which device its address names", "lspci -nn");
const kernel = commandFix("Read the kernel's lines before it", "dmesg --level err,warn", { root: true });
const source = "Linux (drivers/pci, drivers/iommu, drivers/vfio, arch/x86), read 2026-11";

/** The host kernel's messages about PCI Express, the IOMMU, the processor and stuck VMs. */
export const kernelPciFailures = (): Failure[] => [
  ...iommuKernelFailures(),
  ...rows({
    layer: "kernel",
    near: "card",
    source: "Linux 6.12 (drivers/pci, all of its messages, 2024-11), read 2026-11",
  }, [
    [
      "gpu.driver",
      "cause",
      /driver does not support SR-IOV configuration via sysfs|SR-IOV: IOV BARS not allocated|\d VFs already enabled\. Disable before/,
      "the card's virtual functions (SR-IOV) cannot be made so: its driver does not do that, they exist already, " +
      "or the firmware gave them no addresses",
      "They exist already: write 0 into sriov_numvfs first. Its driver: it has to be the host's (i915, xe, " +
      "NVIDIA vGPU), not vfio-pci",
      aboveFour,
    ],
    [
      "gpu.reset",
      "cause",
      /All device reset methods disabled by user/,
      "somebody turned all resets of the card off (reset_method in its folder in /sys), so no VM can reset it",
      commandFix("Turn them on again", "sh -c 'echo default >/sys/bus/pci/devices/ADDRESS/reset_method'", {
        root: true,
      }),
    ],
    [
      "gpu.power",
      "symptom",
      /device has non-compliant BARs; disabling/,
      "the card answers wrongly when the kernel looks for devices: it hangs since its last user, or its " +
      "link does not work",
      kernel,
      powerCycle,
    ],
  ]),
  ...rows({ layer: "kernel", source: "Linux (amdgpu); ROCm/rocm-install-on-linux#615 (2025-11)" }, [
    [
      "gpu.window",
      "cause",
      /amdgpu: probe of \S{1,14} failed with error -12|probe with driver amdgpu failed with error -12/,
      "AMD's driver cannot reach the card's memory (-12): the firmware, or the VM's, left no addresses for it",
      doctorFix("gpu.window"),
      aboveFour,
    ],
  ]),
  ...rows({ layer: "kernel", near: "card", source }, [
    [
      "gpu.power",
      "cause",
      anyOf(
        /pciehp: Slot\([\w-]{1,10}\): (?:Link Down|Card not present)/,
        /Data Link Layer Link Active not set in \d{1,6} msec/,
        /broken device, retraining non-functional downstream link/,
      ),
      "the card's PCI Express link went down: the card is off the bus, as by its power, its riser or a hang",
      "Check its power cables and its riser, and set the slot to an older PCIe generation in the firmware's setup",
      powerCycle,
    ],
    [
      "gpu.window",
      "cause",
      anyOf(
        /bridge window \[mem size [^\]]{1,60}\]: (?:can't assign|failed to assign)/,
      ),
      "the host's firmware left no room for a memory region of the card or of the bridge above it",
      doctorFix("gpu.window"),
      aboveFour,
    ],
  ]),
  ...rows({ layer: "kernel", source }, [
    [
      "host.virtualization",
      "cause",
      /(?:VMX|SVM) \(?(?:outside TXT\)? )?(?:disabled|not enabled) \(?(?:by|in) (?:the )?BIOS/,
      "hardware virtualization is off in the firmware's setup",
      remedies.virtualization,
      "Then power the host off and on: some boards apply it only after that",
    ],
    [
      "iommu.interrupts",
      "cause",
      anyOf(
        /No southbridge IOAPIC found|IOAPIC\[\d{1,3}\] not in IVRS table/,
        /interrupt remapping .{0,40}(?:broken|is being disabled|not enabled)/,
      ),
      "the firmware's IOMMU table has a fault, and the kernel leaves interrupts unmapped",
      remedies.firmwareUpdate,
      doctorFix("iommu.interrupts"),
    ],
  ]),
  ...rows({ layer: "kernel", near: vmWords, source: "Linux (arch/x86/mm/fault.c, lib/bug.c), read 2026-11" }, [
    [
      "host.virtualization",
      "fallback",
      anyOf(
        /BUG: (?:kernel NULL pointer dereference|unable to handle (?:kernel|page fault))|kernel BUG at \S{3,80}!/,
        /general protection fault, (?:probably for|maybe for)|Kernel panic - not syncing: Fatal exception/,
      ),
      "the kernel met a fault of its own: the lines with RIP and Comm name the function and the program",
      kernel,
      "Restart that machine: after such a fault it is not reliable",
      "Start the kernel before the last update, or take newer releases of modules from elsewhere (vGPU, DKMS)",
    ],
  ]),
  ...rows({ layer: "kernel", near: vmWords, source }, [
    [
      "gpu.reset",
      "symptom",
      anyOf(
        /task (?:qemu|kvm|CPU \d{1,3}\/KVM|libvirtd|virtqemud|modprobe|rpc-\w{3,12}|prio-rpc\S{0,12})[\w:.\/-]{0,30} blocked for more than/,
        /soft lockup - CPU#\d{1,4} stuck for \d{1,5}s! \[(?:CPU|qemu|kvm|modprobe)/,
      ),
      "a program of the VM waits in the kernel without end: mostly for a card that hangs, or for a driver that " +
      "does not let go of it; also for a slow disk",
      kernel,
      "Such a process cannot be ended: shut the other VMs down, and restart the host",
      doctorFix("gpu.reset"),
    ],
  ]),
  ...rows({ layer: "kernel", source }, [
    [
      "gpu.reset",
      "symptom",
      /task (?:nvidia|nvtop|rocm|amdgpu|radeontop|xe[_-]|i915|nv_|kfd|vulkan)[\w:.\/-]{0,30} blocked for more than|soft lockup - CPU#\d{1,4} stuck for \d{1,5}s! \[(?:nv|amdgpu|kfd|xe[_-])/,
      "a program or thread of the card's driver waits in the kernel without end: the card hangs, or the driver has a " +
      "fault",
      kernel,
      "Such a process cannot be ended: restart the machine; if the card is still away, cut its power",
    ],
  ]),
  ...rows({ layer: "kernel", near: /qemu|libvirt|dnsmasq|swtpm|virt-|virtlogd|docker|vagrant/i, source }, [
    [
      "provider.access",
      "symptom",
      anyOf(
        /apparmor="DENIED" operation="(?!exec")\w{1,20}" .{0,120}profile="(?:dnsmasq|swtpm|virt-aa-helper(?!" name="\/(?:etc|proc|sys)\/)|\/usr\/lib\/libvirt\/virt-aa-helper|libvirtd|virtqemud|virtlogd|virtnetworkd|\/usr\/sbin\/(?:libvirtd|dnsmasq)|\/usr\/bin\/swtpm)[^"]{0,60}"/,
        /DENIED {1,4}(?:libvirtd|virtqemud|virtlogd|swtpm|dnsmasq|qemu\S{0,20}) (?:open|exec|mknod|sendmsg|file_\w{3,8}) /,
      ),
      "AppArmor forbids a helper of libvirt what the line names: its path (self-built, below /usr/local or a " +
      "home folder) is not in its profile",
      "Use the distribution's packages, or allow the path in /etc/apparmor.d/local/PROFILE",
      commandFix("Then load the profiles again", "systemctl reload apparmor", { root: true }),
    ],
  ]),
  ...rows({
    layer: "kernel",
    source: "Linux (drivers/base/dd.c); grml/grml#235 (2025-05), NixOS/nixpkgs#340086 (2024-09)",
  }, [
    [
      "guest.image",
      "symptom",
      /(?:pci|ahci|nvme|virtio\S{0,6}|xhci_hcd|nvidia|amdgpu) \S{4,14}: deferred probe pending/,
      "the kernel keeps devices waiting for a driver that they depend on: in a VM with a virtual IOMMU, that IOMMU's " +
      "driver is missing in its initramfs",
      "Remove the virtual IOMMU (<iommu> in the XML; viommu= of Proxmox), or add virtio_iommu to the guest's initramfs",
    ],
  ]),
  ...rows({ layer: "kernel", source }, [
    [
      "host.probe",
      "symptom",
      /mce: \[Hardware Error\]: (?:CPU \d{1,4}: Machine Check|TSC \w|PROCESSOR )/,
      "the processor reports a hardware error: memory, the processor or a PCI Express device has a fault",
      kernel,
      firmwareFix("Turn overclocking and memory profiles (XMP, EXPO) off, and test the memory (memtest86+)"),
      which,
    ],
  ]),
];

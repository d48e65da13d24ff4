import type { Failure } from "../types.mts";
import { commandFix, doctorFix, remedies } from "../../../fixes.mts";
import { editDefinition, powerCycle, qemuOptions, vfioWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const source = "QEMU 10.0 (hw/vfio, all of its messages, 2025-04), read 2026-11";
const kernel = commandFix("Read what the host's kernel says", "dmesg --level err,warn | tail -n 40", { root: true });

/** What QEMU 10 says about a passed device, by what is wrong with it. */
export const qemuVfioErrorFailures = (): Failure[] => [
  ...rows({ layer: "vfio", near: vfioWords, source }, [
    [
      "gpu.exclusive",
      "cause",
      /vfio \S{1,40}: device is already attached/,
      "the VM has the same device twice: as one device and as a part of the whole card",
      "Remove one of the two entries. Proxmox: 01:00 without a function passes all functions, so leave 01:00.1 out",
    ],
    [
      "gpu.in-use",
      "cause",
      /failed to get group \d{1,4} status|Failed to (?:add|remove) fd \d{1,4} (?:to|from) KVM VFIO device|KVM VFIO device isn't created/,
      "QEMU has the device's VFIO group, and the kernel does not let it go on with it",
      kernel,
      remedies.otherVm,
    ],
    [
      "gpu.in-use",
      "cause",
      /vfio [\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}: (?:failed to read device config space|error getting device (?:info|from group)|failed to get (?:region|device) info)/,
      "the host's vGPU driver did not start the vGPU (mediated device) that QEMU opens; its own log says why: a " +
      "licence, a profile that the card does not have, or a driver that does not fit the kernel",
      commandFix("NVIDIA: read its manager's log", "journalctl -u nvidia-vgpu-mgr -b --no-pager -n 40", { root: true }),
      commandFix("List the types and how many are free", "mdevctl types"),
      kernel,
    ],
    [
      "gpu.power",
      "cause",
      anyOf(
        /failed to read device config space|failed reading MSI PCI_CAP_FLAGS|failed to read PCI_INTERRUPT_PIN/,
        /invalid PCI interrupt pin \d|Failed to read BAR \d|vfio_pci_(?:read|write)_config\([^)\n]{1,120}\) failed/,
        /Error (?:getting ROM info|reading device ROM): |vfio_vga_(?:read|write)\([^)\n]{1,80}\) failed/,
        /failed to add PCI capability 0x\w{1,4}\[0x\w{1,4}\]@0x\w{1,4}(?!: table & pba)|failed to get (?:MSI-X irq|config) info/,
        /failed to get region \d info|unexpected number of (?:io regions|irqs) \d|unexpected VGA info, flags/,
      ),
      "the card answers wrongly or not at all when QEMU reads its registers: it hangs since its last user, " +
      "sleeps, or lost its power",
      kernel,
      powerCycle,
      doctorFix("gpu.power"),
    ],
    [
      "gpu.driver",
      "cause",
      /error getting device info|Failed to get VFIO IOMMU info|supported vfio version: \d|Cannot get IOVA ranges/,
      "the kernel's VFIO does not answer as this QEMU expects: its modules are not those of the kernel that runs, or " +
      "the device is not bound to vfio-pci",
      commandFix("Check which driver has each device", "lspci -nnk"),
      kernel,
      "After an update of the kernel: reboot",
    ],
    [
      "gpu.driver",
      "cause",
      /error getting device from group \d{1,4}: (?:Operation not permitted|No such file or directory|Cannot allocate memory)/,
      "the kernel does not open that device for the VM: it is not bound to vfio-pci, VFIO runs without an IOMMU, " +
      "or a container is not allowed to use it",
      commandFix("Check which driver has each device", "lspci -nnk"),
      kernel,
      remedies.bindAtBoot,
    ],
    [
      "gpu.match",
      "cause",
      anyOf(
        /assignment of PCIe type 0x\w{1,4} devices is not currently supported|: this isn't a (?:PCI|platform) device/,
        /wrong host device name/,
      ),
      "the device that the VM names cannot be passed: it is not there at that address, or is a bridge or " +
      "port and no card",
      commandFix("List the addresses of the cards", "lspci -nn -d ::03xx"),
      editDefinition,
    ],
    [
      "iommu.interrupts",
      "symptom",
      anyOf(
        /event_notifier_init failed|msix_set_vector_notifiers failed|Failed to disable INTx irqfd/,
        /Unable to init event notifier for (?:error detection|device request)|failed to initialize (?:trigger|resample) eventfd/,
      ),
      "QEMU could not set up an interrupt of the card: mostly its limit of open files is too low",
      "Raise it: max_files = 32768 in /etc/libvirt/qemu.conf, then restart libvirt's daemon; in a container: " +
      "--ulimit nofile",
    ],
    [
      "provider.mode",
      "cause",
      /No automatic MSI-X relocation available|Invalid MSI-X relocation BAR/,
      "the VM's definition moves the card's interrupt table (x-msix-relocation) to a place that this card " +
      "does not have",
      "Write x-msix-relocation=auto, or remove the option",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /ramfb=on requires display=on|xres and yres properties (?:require|need)|x-ramfb-migrate requires|x-balloon-allowed only/,
        /No provided host device|Use -device vfio-pci,host=DDDD:BB:DD|Use FD passing only with iommufd backend/,
        /Could not parse remote object fd|invalid PCI (?:subsystem )?(?:vendor|device) ID provided/,
        /NVIDIA GPUDirect Clique ID: |Failed to add NVIDIA GPUDirect cap|Property x-nv-gpudirect-clique/,
      ),
      "an option of the passed device is incomplete, or does not go with the device or with another option of it",
      "Correct it where it comes from: args: of the VM (Proxmox), qemu:commandline (libvirt), or QEMU's command line",
      qemuOptions,
    ],
    [
      "provider.mode",
      "cause",
      /Failed to set vIOMMU: |Wrong target AS "\S{1,40}", only system memory/,
      "the VM's virtual IOMMU does not fit this passed device, or the host's IOMMU",
      "Remove the virtual IOMMU (<iommu> in the XML; viommu= of Proxmox) if no VM runs inside this VM",
      "Otherwise, for Intel's: caching_mode='on', and aw_bits of at most what the host's IOMMU has (39 or 48); with " +
      "x-flts=on: iommufd=on for each passed device",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Multiple VFIO devices migration is supported only|VFIO(?: device)? doesn't support (?:device )?(?:dirty tracking|migration)/,
        /Failed to (?:prepare|start|stop) DMA logging|Could not (?:start|stop) dirty page tracking|Failed to get dirty bitmap/,
        /VFIO device only supports cpr-reboot|doesn't support dirty tracking|Failed to set dirty tracking flag/,
        /VFIO_UNMAP_DMA with DIRTY_BITMAP|Failed to allocate dirty tracking bitmap|Failed to get DMA logging report/,
        /Migration is currently not supported with (?:vIOMMU|virtual)/,
      ),
      "a VM with a passed card cannot be moved, saved or snapshotted while it runs",
      "Shut the VM down first; then it can be copied, or started on another host",
    ],
    [
      "provider.mode",
      "note",
      anyOf(
        /Using vfio with vIOMMUs and coordinated discarding of RAM|Fallback to default 64bit IOVA range/,
        /NVIDIA ioeventfd queue full|mmap unsupported, performance may be slow/,
        /-device vfio-platform is deprecated|Failed to enable \d{1,4} MSI vectors, retry with \d/,
        /Failed to remove vfio ioeventfd|Failed to unmap region|: unsupported capability \w{1,4}\b/,
      ),
      "a remark of QEMU about a passed device that is harmless",
      "Nothing to do: look for another error",
    ],
    [
      "gpu.display",
      "note",
      /known to cause system instability issues during option rom|Rom loading for device at \S{1,20} has been disabled/,
      "QEMU does not load the ROM of this device, which is known to hang machines; computing does not need it",
      "Nothing to do; a guest that shows a picture through the card may need a ROM file",
    ],
  ]),
  ...rows({ layer: "vfio", near: vfioWords, source }, [
    [
      "gpu.display",
      "cause",
      anyOf(
        /VFIO dummy ISA\/LPC bridge must have address 1f\.0|Cannot create LPC bridge due to existing device at 1f\.0/,
        /IGD (?:LPC|host) bridge access is not supported by kernel|IGD LPC is not supported on hotplugged device/,
        /Failed to create\/modify LPC bridge for IGD|Failed to modify host bridge for IGD|IGD copy failed/,
        /Machine is not i440fx or assigned BDF is not 00:02\.0|Unable to enable VGA access/,
      ),
      "Intel's graphics are passed in the legacy way, and the VM does not meet its conditions: machine type pc " +
      "(i440fx), address 00:02.0, nothing at 00:1f.0",
      "QEMU 10 or later with UEFI: pass them as any other card (x-igd-legacy-mode=off), or meet the conditions",
      "For computing alone no picture is needed: leave x-vga and legacy-igd=1 (Proxmox) out",
    ],
  ]),
];

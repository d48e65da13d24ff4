import type { Failure } from "../types.mts";
import { commandFix, doctorFix, lessMemory, remedies } from "../../../fixes.mts";
import { editDefinition, vfioWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const source = "QEMU 10.0 (hw/i386, accel/kvm, target/i386/kvm, hw/pci, backends; its messages, 2025-04), read 2026-11";
const kernel = commandFix("Read what the host's kernel says", "dmesg --level err,warn | tail -n 40", { root: true });

/** What QEMU 10 says about KVM, a virtual IOMMU, memory backends, the PCI tree and ROM files. */
export const qemuKvmErrorFailures = (): Failure[] =>
  rows({ layer: "hypervisor", near: vfioWords, source }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /device [\da-f]{2}\.[\da-f]{2}\.\d requires (?:caching|device IOTLB) mode|Snoop Control with vhost or VFIO is not supported/,
        /aw-bits \d{1,3} > host aw-bits \d|supported values? for aw-bits (?:are|is)|uncompatible with stage-1 translation/,
        /eim=on cannot be selected without intremap|requires (?:xtsup=on|x2APIC support on the KVM side)/,
        /Device assignment is not allowed without enabling caching-mode|Interrupt Remapping cannot work with kernel-irqchip=on/,
        /QEMU does not support multiple vIOMMUs|x-flts is only available in scalable mode|Need to set (?:dma_drain|scalable mode) for/,
      ),
      "the options of the VM's virtual IOMMU do not fit each other, the passed card, or the host's IOMMU",
      "Remove it (<iommu> in the XML; viommu= of Proxmox) if no VM runs inside this VM",
      "Otherwise write <driver intremap='on' caching_mode='on' eim='on' aw_bits='39'/> and <ioapic driver='qemu'/>",
    ],
    [
      "gpu.driver",
      "symptom",
      anyOf(
        /vtd_\w{3,40}: (?:detected|invalid|index too large|read failed|RSV bit|xlat address|MSI address|MMIO over)/,
        /failed to remap interrupt from devid 0x\w{1,8}/,
      ),
      "the guest programmed its virtual IOMMU in a way that QEMU refuses: an access of a device in the VM was stopped",
      "Remove the virtual IOMMU if no VM runs inside this VM; or boot the guest with iommu=pt",
    ],
    [
      "provider.mode",
      "cause",
      /-smp configuration requires kernel irqchip and X2APIC API support|kernel doesn't allow setting HyperV VP_INDEX/,
      "the VM has more vCPUs than QEMU can address here without an interrupt controller in the kernel",
      "Give it at most 255 vCPUs, or a virtual IOMMU with eim='on' and intremap='on' on q35",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /KVM_CREATE_VCPU IOCTL failed for vCPU|ioctl\(KVM_CREATE_VM\) failed: (?:Invalid argument|Operation not (?:permitted|supported)|Input\/output error)/,
        /Could not access KVM kernel module: (?:Invalid argument|Input\/output error)|kvm does not support \w{3,40}/,
        /Could not enable split (?:IRQ mode|irqchip mode)|Split IRQ chip mode not supported/,
      ),
      "the kernel's KVM refuses to create the VM: its modules do not fit the kernel or CPU, or this host is " +
      "itself a VM",
      kernel,
      doctorFix("host.virtualization"),
      remedies.virtualization,
    ],
    [
      "host.virtualization",
      "cause",
      /vm-type [\w-]{2,20} not supported by KVM|KVM does not support guest_memfd|No such memory encryption object/,
      "the VM is a confidential one (SEV, TDX), which this kernel, CPU or firmware does not offer",
      "Remove <launchSecurity> from the VM's definition: a card is passed without it",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /Failed to put registers after (?:init|reset): |Failed to get registers: /,
        /Failed to set (?:MSRs|XSAVE|XCRs|special registers|nested state|vCPU events)(?::|$)/,
      ),
      "KVM refuses the state of a virtual CPU: the VM's CPU model asks for more than this processor has, or " +
      "its saved state is of another one",
      "Use host-passthrough (cpu: host) as CPU model, and throw a saved state away: virsh managedsave-remove NAME",
      kernel,
    ],
    [
      "host.virtualization",
      "symptom",
      /KVM(?: internal error)?: Encountered a notify exit|KVM_EXIT_MEMORY_FAULT: Unknown flag/,
      "KVM stopped the VM, since its guest kept a processor for itself or accessed memory in a wrong way",
      "Update the guest's kernel and drivers; QEMU's -accel kvm,notify-vmexit=disable only hides it",
      kernel,
    ],
    [
      "host.memory",
      "cause",
      anyOf(
        /backend '\S{1,40}' memory size must be multiple of|maximum memory size must by aligned|unsupported amount of (?:memory slots|maximum memory)/,
        /-memory 'slots\|maxmem'" is not supported by|memory backend \S{1,40} can't be used multiple times|slots specified but no max-size/,
        /mem-path property not set|'prealloc=on' and 'reserve=off' are incompatible|host-nodes must be (?:set|empty) for policy/,
        /Machine memory size does not match the size of the memory backend|NUMA node binding are not supported/,
        /NUMA node \w{1,4} is missing, use '-numa node'|CPU\(s\) not present in any NUMA nodes/,
        /memory hotplug is not enabled: missing acpi|ram size \d{1,20} exceeds permitted maximum/,
      ),
      "the VM's memory is described in a way that QEMU does not take: size, backend, NUMA nodes or slots do not fit",
      editDefinition,
      lessMemory,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /(?:dies|modules|clusters|books|drawers) > 1 not supported by this machine's CPU topology|Invalid CPU (?:socket|die|module|core|thread)-id/,
        /CPU (?:socket|die|module|core|thread)-id is not set|CPU\[\d{1,4}\] with APIC ID \d{1,5} exists|Invalid topology level/,
      ),
      "the VM's processors (-smp, <topology>) are arranged as its machine type does not offer",
      "Write sockets='1' dies='1' cores='N' threads='1' in <topology>, or remove it",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /indicates single function, but \w{1,3}\.\d is already populated|parent device only allows plugging into slot 0/,
        /Hot-plug failed: unsupported by the port device|Unsupported PCI slot \d{1,3} for standard hotplug controller/,
        /PCI: Only PCI\/PCIe bridges can be plugged into|Bridge chassis not specified|No support for non-zero PCI domains/,
        /slot is electromechanically locked|Hot-unplug failed: (?:unsupported by the port|guest is busy)/,
      ),
      "a device of the VM has an address in its PCI tree that cannot be: another function or port is there, " +
      "or the port takes only one device",
      "Remove the <address> of the device (virsh edit), so that libvirt chooses one; functions of one card need " +
      "multifunction='on' at function 0x0",
    ],
    [
      "gpu.display",
      "cause",
      /romfile "\S{0,200}" is empty|romfile "\S{1,200}" (?:\(\d{1,12} bytes\) )?(?:is )?too large|failed to load romfile "/,
      "the card's ROM file (romfile=, <rom file=>) is empty, too large or not to be read",
      "Remove it: a card that computes needs none. Or dump it again; its size is a power of two, mostly 256 or 512 KiB",
    ],
    [
      "guest.firmware",
      "cause",
      /pflash\d requires pflash\d|can't get size of block device|pflash with kvm requires KVM readonly memory/,
      "the VM's firmware is given in a way that QEMU does not take: the variables (pflash1) without the " +
      "code (pflash0), or one of the files cannot be read",
      doctorFix("guest.firmware"),
    ],
    [
      "provider.mode",
      "cause",
      /server sent (?:unexpected shared memory|invalid (?:ID|version)? ?message|version \d)|You must specify a 'memdev'/,
      "the shared memory of the VM (ivshmem) has no memory behind it, or another server than it expects",
      "For Looking Glass: <shmem> with <model type='ivshmem-plain'/> and a size, or kvmfr's -object " +
      "memory-backend-file",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Failed to read msg header\. (?:Flags|Size)|Failed to read msg payload|Received unexpected msg type|Received bad msg size/,
        /vhost_backend_init failed|vhost-user-fs-pci.{0,200}: (?:tag property|missing (?:chardev|tag))|expecting VHOST_USER_PROTOCOL_F_CONFIG/,
        /vhost backend memory slots limit|used \(\d{1,5}\) vhost backend memory slots exceed/,
      ),
      "QEMU and a helper of it (virtiofsd, vhost-user) do not understand each other: the helper ended, or " +
      "is older or newer",
      "Read the helper's own log: journalctl -b -t virtiofsd, or /var/log/libvirt/qemu/NAME-fs0-virtiofsd.log",
      "Update QEMU and virtiofsd together",
    ],
    [
      "provider.mode",
      "cause",
      /cannot set up private guest memory: discard|cannot set up private guest memory for \S{1,40}: KVM required/,
      "a confidential VM (SEV-SNP, TDX) with a passed card: this QEMU or kernel cannot do both in one VM",
      "Remove <launchSecurity> from the VM's definition, or the card; or update QEMU (9.2 and later) and the kernel",
    ],
    [
      "provider.mode",
      "cause",
      /The bootindex \d{1,4} has already been used|Two devices with same boot index/,
      "two devices of the VM have the same place in the boot order",
      "Give each another <boot order='…'/> (bootindex=), or remove one",
    ],
    [
      "provider.access",
      "cause",
      /vhost-net requested but could not be initialized|tap: open vhost char device failed/,
      "the VM's network uses the kernel's vhost-net, whose module is not loaded or cannot be used",
      commandFix("Load it", "modprobe vhost_net", { root: true }),
      "In a container: pass /dev/vhost-net in; or vhost=off (libvirt: <driver name='qemu'/> in the interface)",
    ],
    [
      "iommu.enabled",
      "cause",
      /Failed to allocate (?:ioas|hwpt)|Failed to get hardware info: /,
      "the kernel's iommufd does not give QEMU an address space for the card: the IOMMU is off, or cannot " +
      "do it that way",
      doctorFix("iommu.enabled"),
      "Or pass the card by its group: leave iommufd out of the VM's definition",
    ],
  ]);

import type { Failure } from "./types.mts";
import { commandFix, doctorFix, firmwareFix, lessMemory, remedies } from "../../fixes.mts";
import { powerCycle, vmWords } from "./fixes.mts";
import { anyOf } from "../../text.mts";
import { rows } from "./rows.mts";

const near = new RegExp(`${vmWords.source}|vfio`, "i");
const options = "Compare with QEMU's own list: qemu-system-x86_64 -device help (-machine help, -display help)";
const source = "QEMU 7.2 (its own messages, 2022-12), read 2026-11";

/** Sentences of QEMU that no other table has, by topic. */
export const qemuErrorFailures: Failure[] = [
  ...rows({ layer: "vfio", near, source }, [
    [
      "iommu.interrupts",
      "cause",
      /Failed to set up \w{4,8} eventfd signaling for interrupt|VFIO_DEVICE_SET_IRQS failure/,
      "the card's interrupt could not be given to the VM: another device of the host uses the same old interrupt " +
      "line (INTx)",
      commandFix("See who shares it", "cat /proc/interrupts"),
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
      "the kernel could not open the device for the VM: it does not answer (it sleeps, hangs or needs a reset), or it " +
      "is a vGPU that NVIDIA's vGPU manager refused",
      commandFix("Read the kernel's lines about it", "dmesg | grep -iE 'vfio|nvidia' | tail -n 30", { root: true }),
      remedies.powerCycle,
    ],
    [
      "gpu.driver",
      "cause",
      /no vfio-dev under sysfs|failed to get \/dev\/vfio\/devices path|vfio device \S{1,40} not found in \/dev\/vfio\/devices/,
      "the VM takes the card by iommufd, and it has no device of its own in /dev/vfio/devices: it is not bound to vfio-pci, or the " +
      "kernel is built without VFIO_DEVICE_CDEV",
      commandFix("See which driver has it", "lspci -nnk -d ::03xx"),
      "Without that option in the kernel (/boot/config-…): leave iommufd out, and pass the card by its group",
      remedies.bindAtBoot,
    ],
    [
      "iommu.group",
      "cause",
      /error getting device from group \d{1,4}: Permission denied/,
      "the kernel refuses that device of the group to the VM: another device of the group has a host driver, or this kernel has " +
      "a fault with it (as for functions by SR-IOV with Proxmox's 6.8.12-12 and 6.14.8)",
      commandFix("See which driver has each device", "lspci -nnk"),
      commandFix("Read the kernel's own line about it", "dmesg | grep -iE 'vfio|iommu' | tail -n 20", { root: true }),
      "If all are bound to vfio-pci and it worked with an older kernel: boot that one (Proxmox: proxmox-boot-tool kernel pin VERSION)",
    ],
    [
      "iommu.group",
      "cause",
      /error getting device from group \d{1,4}: Invalid argument/,
      "the kernel does not give that device of the group to the VM: its driver is not vfio-pci, or its group has " +
      "another device with a host driver",
      commandFix("See which driver has each device", "lspci -nnk"),
      remedies.bindAtBoot,
    ],
    [
      "provider.mode",
      "cause",
      /Need to set caching-mode=on|need to set caching-mode=on/,
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
      options,
    ],
  ]),
  ...rows({ layer: "vfio", near, source }, [
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
      "gpu.in-use",
      "cause",
      anyOf(
        /Failed to (?:get VFIO group status|add group to VFIO container|create KVM VFIO device|set VFIO IOMMU type)/,
        /Failed to (?:get|map) BAR region|Failed to (?:add|remove) group \d{1,4} (?:to|from) KVM VFIO device/,
      ),
      "QEMU could not take the device from VFIO: another process has its group, or a device of it has a host driver",
      commandFix("See which driver has each device", "lspci -nnk"),
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
  ...rows({ layer: "hypervisor", near, source }, [
    [
      "host.memory",
      "cause",
      /Hardware memory error at|got Hardware memory error|Guest MCE Memory Error/,
      "a memory module of the host is faulty: the processor reported an error in memory that the VM uses",
      commandFix("Read the errors", "journalctl -k -b --no-pager -g 'mce|EDAC|hardware error'", { root: true }),
      "Test the memory (memtest86+) and replace the module that the log names",
    ],
    [
      "host.memory",
      "cause",
      /locking memory failed|can't lock enough memory|cannot bind memory to host NUMA nodes/,
      "QEMU may not lock or place the VM's memory as it was told to",
      "Raise the limit on locked memory (memlock), and correct numatune in the VM's definition",
    ],
    [
      "host.virtualization",
      "symptom",
      anyOf(
        /KVM: (?:injection failed|unknown exit|exception \d{1,3} exit)|kvm version (?:too old|not supported)/,
        /KVM_(?:GET|SET)_\w{3,30}(?:\([^)\n]{1,60}\))? (?:failed|error)|kvm_init_vcpu: \w{4,30}/,
      ),
      "KVM refused a request of QEMU: kernel and QEMU do not fit each other, or this machine is itself a VM",
      "Update kernel and QEMU together; in a VM give the outer VM the host's CPU",
      commandFix("Read the kernel's lines", "dmesg --level err,warn | tail -n 40", { root: true }),
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /invalid value of maxmem|Invalid SMP CPUs \d{1,5}\.|exceeds the maximum cpus supported by KVM/,
        /(?:dies|clusters|modules) not supported by this machine's CPU topology|Invalid CPU type[:,]/,
        /PCI: slot \d{1,2} function 0 already occupied|Invalid PCI device address/,
      ),
      "the VM asks for CPUs, memory or places on its bus that its machine type does not have",
      "Correct cpus: and memory:, or <vcpu>, <maxMemory> and <address> in the VM's definition",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /can't open backing store \/dev\/(?:shm|kvmfr)\S{0,60} for guest RAM: (?:Permission denied|Operation not permitted)/,
        /\/dev\/(?:shm|kvmfr)\S{1,60}: Permission denied/,
      ),
      "QEMU may not open the memory that it shares with a program of the host (Looking Glass): it belongs to another user, or " +
      "AppArmor or SELinux forbids it",
      "Create it for QEMU's user at boot, by a file in /etc/tmpfiles.d: “f /dev/shm/looking-glass 0660 USER kvm -”",
      "AppArmor: allow it in /etc/apparmor.d/local/abstractions/libvirt-qemu (/dev/shm/looking-glass rw,), then reload the profile",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /failed to get exclusive access: Device or resource busy/,
        /\/dev\/input\/\S{1,100}: (?:Permission denied|No such file|failed to)/,
      ),
      "a keyboard or mouse that the VM should get (evdev) is used by another VM or program, is not plugged in, or QEMU may not open it",
      "Close what grabbed it (another VM, an input remapper), and name it by /dev/input/by-id/…-event-kbd",
      "Allow it: cgroup_device_acl in /etc/libvirt/qemu.conf, with libvirt's user in the group input",
    ],
    [
      "host.memory",
      "cause",
      anyOf(
        /ioctl\(KVM_CREATE_VM\) failed: 12|kvm_init_vcpu failed: Cannot allocate memory/,
        /preallocating memory failed|can't open backing store \/dev\/hugepages/,
      ),
      "the host does not have the memory, or the huge pages, that the VM asks for",
      commandFix("See what is free", "grep -iE 'memavail|hugepages' /proc/meminfo"),
      lessMemory,
      "For huge pages: reserve enough (vm.nr_hugepages) and mount hugetlbfs, or remove memoryBacking",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /kvm_init_vcpu: kvm_get_vcpu failed|unsupported KVM_EXIT_MEMORY_FAULT/,
        /kvm run failed (?:Function not implemented|Invalid argument)/,
        /KVM internal error\. Suberror: \d{1,3}/,
      ),
      "KVM stopped the VM: it asks for CPUs or memory that this kernel or CPU does not give, as in nested " +
      "virtualization or with too new a QEMU",
      "Update kernel and QEMU together; in a VM: give the outer VM the host's CPU (host-passthrough)",
      commandFix("Read the kernel's lines", "dmesg --level err,warn | tail -n 40", { root: true }),
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /exceeds the recommended cpus supported by KVM|Number of (?:SMP|hotpluggable) (?:CPUs|cpus) requested/,
        /Invalid CPU topology: |product of the hierarchy must match/,
      ),
      "the VM's CPUs and their topology do not fit: more than KVM supports, or sockets × cores × threads is " +
      "another number",
      "Correct cpus:, or <vcpu> and <topology> in the VM's definition",
    ],
    [
      "provider.version",
      "cause",
      /-machine \S{1,60}: unsupported machine type/,
      "this QEMU does not have the machine type that it was started with: it is one of another release",
      commandFix("See which types there are", "qemu-system-x86_64 -machine help"),
      "Write q35, without a version",
    ],
    [
      "gpu.window",
      "cause",
      anyOf(
        /Host physical bits \(\d{1,2}\) does not match phys-bits/,
        /PCI: Unable to assign BAR/,
      ),
      "the VM's CPU has other address bits than the host's: large memory regions of a card may find no room",
      "Use cpu mode='host-passthrough' with <maxphysaddr mode='passthrough'/> (QEMU: -cpu host,host-phys-bits=on)",
    ],
    [
      "guest.firmware",
      "cause",
      anyOf(
        /combined size of system firmware exceeds|failed to read the initial flash content/,
        /system firmware block device \S{1,20} has invalid size/,
      ),
      "the UEFI firmware and its variables have the wrong size: files of two variants (2M, 4M, .secboot) are " +
      "mixed, or one is cut off",
      "Take code and variables of one variant (OVMF_CODE_4M with OVMF_VARS_4M), and copy the variables again from " +
      "the template",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /network backend '\w{1,12}' is not compiled into this binary|'\w{1,20}' is not a valid char driver name/,
        /Display '\w{1,12}' is not available|does not have OpenGL support enabled/,
        /OpenGL is not supported by display backend/,
        /egl: (?:no drm render node|render node init failed)/,
      ),
      "this QEMU was built without that display, network or character device, or its package for it is not installed",
      "Install the missing part (qemu-system-gui, qemu-system-modules-opengl, qemu-system-modules-spice), or use " +
      "-display none and VNC",
      options,
    ],
    [
      "provider.mode",
      "cause",
      /slot is not hot-pluggable|Attempted to set up multifunction device/,
      "the functions of a card are placed so that QEMU does not take them: the first lacks multifunction, or its " +
      "port is no hot-plug port",
      "Put the card on a pcie-root-port of its own, with multifunction='on' on function 0",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /access denied by acl file|failed to parse default acl file/,
        /qemu-bridge-helper\S{0,40}(?: .{0,80})?(?:Operation not permitted|No such file)/,
      ),
      "QEMU's bridge helper may not use that bridge",
      commandFix("Allow it", "sh -c 'mkdir -p /etc/qemu && echo allow virbr0 >>/etc/qemu/bridge.conf'", { root: true }),
      "The helper itself needs root's rights: chmod u+s /usr/lib/qemu/qemu-bridge-helper",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /Failed to connect to '\/\S{1,100}\.sock': |Failed to connect '\/\S{1,100}\.sock': /,
        /vhost initialization failed|vhost-user.{0,60}(?:Failed to connect|disconnect)/,
        /Failed to read msg header\. Read \d{1,3} instead of|vhost_dev_init failed: |Failed to write msg\. Wrote -?\d/,
      ),
      "a helper of QEMU (virtiofsd, swtpm) does not run, or its socket is gone",
      "Start it before the VM, and read its own log; libvirt starts both by itself",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Block format '\w{1,12}' does not support the option|Image is encrypted; unsupported/,
        /Snapshot operation failed|qemu-img: Could not create '/,
      ),
      "a disk image has another format than it was opened with, or its folder may not be written",
      "See its real format (qemu-img info FILE), and the folder's rights",
    ],
    [
      "host.virtualization",
      "cause",
      /failed to open \/dev\/sev/,
      "the VM asks for encrypted memory (SEV), which this host does not have or has turned off",
      firmwareFix("Turn SME and SEV on in the firmware's set-up"),
      "Or remove launchSecurity from the VM's definition; a passed card does without",
      doctorFix("host"),
    ],
  ]),
];

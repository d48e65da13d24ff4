import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { hostErrors, vmWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const options = "Compare with QEMU's own list: qemu-system-x86_64 -device help (-machine help, -cpu help)";

/** Messages of QEMU about a VM's machine: CPU, memory, disks, options. */
export const machineFailures = (): Failure[] => [
  ...rows({
    layer: "hypervisor",
    source: "QEMU (target/i386/whpx); AlexSSD7/linsk#48 (2025-11), Tech-FZ/EmuGUI#72 (2024-02)",
  }, [
    [
      "host.virtualization",
      "cause",
      /WHPX: No accelerator found|failed to initialize whpx/,
      "Windows' interface for other VM programs (Windows Hypervisor Platform) is off, or virtualization is off in " +
      "the firmware",
      commandFix(
        "Turn it on as administrator, then restart Windows",
        "dism /online /enable-feature /featurename:HypervisorPlatform /all /norestart",
        { root: true, reboot: true },
      ),
      'Or without it, slowly: accelerator = "tcg" (Packer), -accel tcg (QEMU)',
    ],
    [
      "provider.mode",
      "cause",
      /Object \w{1,20} is not an instance of type x86-machine/,
      "this QEMU uses WHPX (some releases: KVM too) only with a machine type of a PC; the command names another " +
      "or none",
      "Write -machine q35 (Packer: machine_type); if libvirt asks QEMU with -machine none: update QEMU",
    ],
    [
      "provider.mode",
      "cause",
      /whpx: injection failed|WHPX: (?:Failed to (?:emulate|exec)|Unexpected VP exit)/i,
      "Windows' hypervisor does not do what QEMU asks of it: its interrupt controller or that CPU model does not " +
      "work with WHPX",
      "Write -accel whpx,kernel-irqchip=off (Packer: qemuargs), and a plain CPU model such as qemu64",
      "Update QEMU; until then: -accel tcg, which is slow",
    ],
  ]),
  ...rows({ layer: "hypervisor", near: vmWords, source: "QEMU, general knowledge, 2026-11" }, [
    [
      "host.virtualization",
      "cause",
      /KVM internal error\. Suberror: \d|KVM: entry failed, hardware error|KVM_EXIT_(?:FAIL_ENTRY|INTERNAL_ERROR|UNKNOWN)\b/,
      "the CPU refused to go on with the VM: the VM's CPU model or firmware does not fit this CPU, or nesting fails",
      "Use the CPU model host-passthrough, and update kernel, microcode and QEMU",
      "If VirtualBox or VMware runs a VM at the same time: stop it, since only one of them can have the CPU's " +
      "virtualization",
      hostErrors,
    ],
    [
      "provider.mode",
      "cause",
      /The -accel and "-machine accel=" options are incompatible/,
      "QEMU gets its accelerator twice: by -accel in the VM's own arguments, and by accel= in -machine from libvirt " +
      "or a script",
      "Remove one: in libvirt <qemu:arg value='-accel'/> and its value (virsh edit NAME), in a script accel= behind " +
      "-machine",
      "If the VM has no arguments of its own: update libvirt, which is older than this QEMU",
    ],
    [
      "host.virtualization",
      "cause",
      /unable to find CPU model 'host'/,
      "the CPU model host needs KVM (or Apple's HVF), and QEMU does not use it here: it is off, or the VM is for " +
      "another kind of processor than this machine's",
      "Run it with -accel kvm on the same kind of processor; where there is no KVM: the model max, which is emulated",
    ],
    [
      "host.virtualization",
      "cause",
      /failed to set MSR 0x\w{1,8} to|kvm_buf_set_msrs: Assertion/,
      "the kernel's KVM does not take a CPU register that QEMU sets: the VM's CPU model does not fit, or QEMU and " +
      "kernel are of different times",
      "Use the CPU model host-passthrough, update both, or leave nesting out (-vmx)",
    ],
    [
      "host.virtualization",
      "note",
      /already loaded vendor module 'kvm_/,
      "KVM's module for this CPU is loaded already, so nothing has to be done",
      "Look for another error",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Bus '[^']{1,30}' (?:not found|does not support hotplugging|is full)|no slot\/function available/,
        /PCI: single function device can't be populated|No more available PCI (?:slots|addresses)/,
      ),
      "the VM has no free place of that kind on its PCI bus",
      "Use machine type q35 with more pcie-root-port controllers, or another address",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /could not configure \/dev\/net\/tun|bridge helper failed/,
        /network script \S{1,80} failed/,
      ),
      "QEMU could not make the VM's network device: it lacks the permission, or the bridge",
      "Use libvirt's network, or allow the bridge in /etc/qemu/bridge.conf",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Could not set up host forwarding rule/,
        /-(?:vnc|spice|monitor|qmp|serial) .{0,120}Address already in use/,
        /Failed to bind socket.{0,80}Address already in use/,
      ),
      "a port that QEMU listens on is in use, most often by another VM",
      commandFix("Check which VMs run", "virsh -c qemu:///system list; pgrep -a qemu"),
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Image is not in \w{1,10} format|Image is corrupt|Marking image as corrupt/,
        /Unknown (?:driver|protocol) '\w{1,20}'|Could not read L1 table/,
      ),
      "the disk image is damaged, or of another format than the VM's definition says",
      "Look at it: qemu-img info FILE, then qemu-img check FILE; take the right format, or fetch the image again",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /could not load (?:PC BIOS|kernel|initrd|initial ram disk)/,
        /-(?:drive|cdrom|hda|kernel|bios|pflash)\b.{0,240}Could not open/,
      ),
      "QEMU does not find or is not allowed to read a disk, kernel or firmware file that it was given",
      "Correct the path, and let QEMU's user read it",
    ],
    [
      "provider.version",
      "cause",
      /Unsupported \w{2,8} feature\(s\): |Bitmap extra data is not supported/,
      "a newer QEMU wrote that disk image, and this one does not know a feature of it",
      "Use that QEMU; or, with it, copy the image: qemu-img convert -O qcow2 -o compat=1.1 FILE NEW",
    ],
    [
      "provider.access",
      "note",
      /terminating on signal \d{1,2} from pid/,
      "QEMU was ended from outside, by libvirt or by a person",
      "Look for an error before this line",
    ],
    [
      "provider.version",
      "fallback",
      /qemu-(?:system-\w{3,12}|\w{3,12}-softmmu|kvm|img): (?!warning|terminating|.{0,160}: warning: )\S/,
      "QEMU reports an error, the last part of its line says which",
      options,
      hostErrors,
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { commandFix, doctorFix, firmwareFix } from "../../../fixes.mts";
import { qemuOptions, qemuSource, vfioWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Sentences of QEMU that no other table has, by topic. */
export const qemuErrorFailures = (): Failure[] => [
  ...rows({ layer: "hypervisor", near: vfioWords, source: qemuSource }, [
    [
      "host.memory",
      "cause",
      /Hardware memory error at|got Hardware memory error|Guest MCE Memory Error/,
      "a memory module of the host is faulty: the processor reported an error in memory that the VM uses",
      commandFix("Read the errors", "journalctl -k -b --no-pager -g 'mce|EDAC|hardware error'", { root: true }),
      "Test the memory (memtest86+) and replace the module that the log names",
    ],
    [
      "provider.mode",
      "cause",
      /No '[\w-]{2,20}' bus found for device '|Device '[^']{1,60}' can't go on \S{1,40} bus|Device '[^']{1,60}' has no child bus/,
      "the VM's machine type has no bus for that device, or no free place on it: microvm has no PCI, and a card " +
      "needs a port of PCI Express",
      "Use the machine type q35, and add pcie-root-port devices; microvm: -machine microvm,pcie=on",
    ],
    [
      "provider.mode",
      "cause",
      /drive with bus=\d{1,3}, unit=\d{1,3} \(index=\d{1,3}\) exists/,
      "two disks or drives of the VM are at the same place (bus and unit)",
      'Give one of them another: index= or if=virtio in -drive; Packer: disk_interface = "virtio", or an own -drive ' +
      "for the CD-ROM too, since qemuargs replaces all that the plugin writes",
    ],
    [
      "host.memory",
      "cause",
      /locking memory failed|can't lock enough memory|cannot bind memory to host NUMA nodes/,
      "QEMU is not allowed to lock or place the VM's memory as configured",
      "Raise the limit on locked memory (memlock), and correct numatune in the VM's definition",
    ],
    [
      "host.virtualization",
      "cause",
      /eVMCS version range \[.{1,12}\] is not supported by kernel|Hyper-V .{2,60} is not supported by kernel/,
      "the VM asks for a feature of Hyper-V (hv-evmcs, hv-passthrough) that this CPU or kernel does not offer",
      "Leave it out of the CPU's features (libvirt: <hyperv>; QEMU: -cpu …,hv-…); hv-evmcs needs an Intel CPU",
      "For a guest that runs VMs itself: allow nesting (options kvm_intel nested=1)",
    ],
    [
      "host.virtualization",
      "symptom",
      anyOf(
        /KVM: (?:injection failed|unknown exit|exception \d{1,3} exit)|kvm version (?:too old|not supported)/,
        /(?:KVM_GET_|KVM_SET_)\w{3,30}(?:\([^)\n]{1,60}\))? (?:failed|error)|kvm_init_vcpu: \w{4,30}/,
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
      "QEMU is not allowed to open the memory that it shares with a program of the host (Looking Glass): it " +
      "belongs to another user, or AppArmor or SELinux forbids it",
      "Create it for QEMU's user at boot, by a file in /etc/tmpfiles.d: “f /dev/shm/looking-glass 0660 USER kvm -”",
      "AppArmor: allow it in /etc/apparmor.d/local/abstractions/libvirt-qemu (/dev/shm/looking-glass rw,), then " +
      "reload the profile",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /failed to get exclusive access: Device or resource busy/,
        /\/dev\/input\/\S{1,100}: (?:Permission denied|No such file|failed to)/,
      ),
      "a keyboard or mouse that the VM should get (evdev) is used by another VM or program, is not plugged in, or " +
      "QEMU is not allowed to open it",
      "Close what grabbed it (another VM, an input remapper), and name it by /dev/input/by-id/…-event-kbd",
      "Allow it: cgroup_device_acl in /etc/libvirt/qemu.conf, with libvirt's user in the group input",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /kvm_init_vcpu: kvm_get_vcpu failed|unsupported KVM_EXIT_MEMORY_FAULT/,
        /kvm run failed (?:Function not implemented|Invalid argument)/,
      ),
      "KVM stopped the VM: it asks for CPUs or memory that this kernel or CPU does not give, as in nested " +
      "virtualization or with a QEMU that is too new",
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
      commandFix("List the types", "qemu-system-x86_64 -machine help"),
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
      "provider.mode",
      "cause",
      anyOf(
        /network backend '\w{1,12}' is not compiled into this binary|'\w{1,20}' is not a valid char driver name/,
        /Display '\w{1,12}' is not available|does not have OpenGL support enabled/,
        /OpenGL is not supported by display backend|does not accept value '(?:gtk|sdl|spice-app)/,
        /-display .{0,60}not (?:available|compiled)/,
      ),
      "this QEMU was built without that display, network or character device, or its package for it is not installed",
      "Install the missing part (qemu-system-gui, qemu-system-modules-opengl, qemu-system-modules-spice), or use " +
      "-display none and VNC",
      qemuOptions,
    ],
    [
      "provider.mode",
      "cause",
      /slot is not hot-pluggable|Attempted to set up multifunction device/,
      "the functions of a card are placed so that QEMU does not take them: the first lacks multifunction, or its " +
      "port is not a hot-plug port",
      "Put the card on a pcie-root-port of its own, with multifunction='on' on function 0",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /access denied by acl file|failed to parse default acl file/,
        /qemu-bridge-helper\S{0,40}(?: .{0,80})?Operation not permitted/,
      ),
      "QEMU's bridge helper is not allowed to use that bridge",
      commandFix("Allow it", "sh -c 'mkdir -p /etc/qemu && echo allow virbr0 >>/etc/qemu/bridge.conf'", { root: true }),
      "Another bridge (--br= in the line): write its name in the place of virbr0",
      "The helper itself must run as root: chmod u+s /usr/lib/qemu/qemu-bridge-helper",
    ],
    [
      "tools.present",
      "cause",
      /qemu-bridge-helper.{0,80}(?:is not a suitable bridge helper|No such file)/,
      "QEMU's bridge helper is not where libvirt looks for it: it is another package's, or this " +
      "virt-manager is a flatpak, which has none that may make devices",
      "Install it (apt: qemu-system-common; dnf: qemu-common; pacman: qemu-base), and use the distribution's libvirt " +
      "(qemu:///system), which needs no helper",
    ],
    [
      "provider.access",
      "cause",
      /Failed to connect to '\/\S{1,100}[.-]sock': (?:Permission denied|Operation not permitted)/,
      "QEMU is not allowed to use the socket of a helper (virtiofsd, swtpm): it belongs to another user, or " +
      "AppArmor or SELinux forbids it",
      "Let libvirt start the helper itself; for your own: run it as QEMU's user (libvirt-qemu, qemu), with its " +
      "socket below /var/lib/libvirt/qemu",
      commandFix("Check what was refused", "journalctl -k -b --no-pager -g 'apparmor=.DENIED|avc:'", { root: true }),
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
      "Start it before the VM, and read its own log; libvirt starts both automatically",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Block format '\w{1,12}' does not support the option|Image is encrypted; unsupported/,
        /Snapshot operation failed|qemu-img: Could not create '/,
      ),
      "a disk image has another format than it was opened with, or its folder cannot be written",
      "Check its real format (qemu-img info FILE), and the folder's permissions",
    ],
    [
      "host.virtualization",
      "cause",
      /failed to open \/dev\/sev/,
      "the VM asks for encrypted memory (SEV), which this host does not have or has turned off",
      firmwareFix("Turn SME and SEV on in the firmware's set-up"),
      "Or remove launchSecurity from the VM's definition; a passed card does not need it",
      doctorFix("host"),
    ],
  ]),
];

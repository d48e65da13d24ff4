import type { Failure } from "../types.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { vmWords } from "../fixes.mts";

/** Errors of libvirt and QEMU about a VM: its devices, start and end. */
export const qemuFailures = (): Failure[] => [
  {
    pattern: anyOf(/Security driver model '\w{1,20}' is not available/, /Unable to find security driver for model/),
    check: "provider.access",
    layer: "provider",
    message: "the VM's definition asks for AppArmor or SELinux, which libvirt here does not use",
    fix: [
      manualFix(
        "Remove its seclabel element (virsh edit), or turn that security driver on in /etc/libvirt/qemu.conf",
      ),
    ],
    source: "libvirt, read 2026-11",
  },
  {
    pattern: anyOf(
      /TPM result for CMD_INIT: 0x\w{1,8} operation failed/,
      /Could not get process id of swtpm/,
      /Could not start 'swtpm'|swtpm_setup'\. exitstatus ?: ?(?!126)\d/,
      /swtpm died and reported(?!: libvirt: error ?: cannot execute)/,
    ),
    check: "provider.mode",
    layer: "provider",
    message:
      "the VM's emulated TPM (swtpm) does not start: it is not allowed to write its folder, AppArmor or SELinux " +
      "forbids it, or its saved state does not fit",
    fix: [
      commandFix("Read its log", "tail -n 30 /var/log/swtpm/libvirt/qemu/NAME-swtpm.log", { root: true }),
      manualFix(
        "If it is not allowed to write: /var/lib/swtpm-localca belongs to the user of libvirt's swtpm (tss " +
          "or swtpm)",
      ),
      commandFix("Read what AppArmor or SELinux refused", "journalctl -k --grep 'apparmor|avc' --no-pager -n 30", {
        root: true,
      }),
      manualFix("A lab needs no TPM: remove the tpm element (virsh edit)"),
    ],
    source: "libvirt, swtpm; stefanberger/swtpm#770 (2022-11), ublue-os/aurora#122 (2025-01)",
  },
  {
    pattern:
      /Failed to (?:start|probe) QEMU binary(?!.{0,160}cannot execute)|qemu-system\S{1,20}: error while loading shared libraries/,
    check: "tools.present",
    layer: "provider",
    message: "QEMU does not start at all: a library of it is missing, most often after a partial update",
    fix: [
      commandFix("Start it by hand, and read its error", "qemu-system-x86_64 --version"),
      manualFix("Complete the system's update, or install QEMU again, then restart libvirt"),
    ],
    source: "libvirt, glibc's loader, read 2026-11",
  },
  {
    pattern: /Cannot use direct socket mode if no URI is set|error: failed to connect to the hypervisor/,
    check: "provider.access",
    strength: "symptom",
    layer: "provider",
    fallback: true,
    message: "virsh found no libvirt to talk to: none is installed or runs, or no address was given",
    fix: [
      commandFix("Say which", "virsh -c qemu:///system version"),
      commandFix("Start it", "systemctl enable --now libvirtd", { root: true }),
    ],
    source: "libvirt, read 2026-11",
  },
  {
    pattern: anyOf(
      /Host CPU does not provide required features|CPU is incompatible with host CPU/,
      /guest CPU doesn't match specification/,
      /unable to find CPU model '(?!host')|: (?:[^\n]{0,60} )?CPU (?:model|feature) .{0,60}(?:not found|is not supported)/,
    ),
    near: vmWords,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "the VM asks for a CPU, or a feature of it, that this QEMU or host does not have",
    fix: [
      manualFix(
        "Use the host's own CPU (virsh edit: <cpu mode='host-passthrough'/>; Vagrant: libvirt.cpu_mode = " +
          "'host-passthrough'), and recreate the VM if it came from another host",
      ),
      manualFix("Or a model of QEMU's own list: qemu-system-x86_64 -cpu help"),
    ],
    source: "libvirt 9.0 (2023-01)",
  },
  {
    pattern: /cannot acquire state change lock/,
    check: "gpu.in-use",
    strength: "symptom",
    layer: "hypervisor",
    message:
      "an earlier operation of this VM (start, stop, snapshot, move) has not ended: “held by” names it. With a card, " +
      "often the host's driver does not let go of it",
    fix: [
      manualFix("A snapshot, a save or a move: wait for it, or end it (virsh domjobinfo NAME, virsh domjobabort NAME)"),
      commandFix("Check which processes hang", "ps -eo pid,stat,wchan:32,cmd | grep ' D'"),
      commandFix("Check which programs hold the card", "fuser -v /dev/dri/* /dev/nvidia*", { root: true }),
      manualFix("If the card hangs: reboot the host, and bind the card to vfio-pci at boot", { reboot: true }),
    ],
    source: "libvirt; QaidVoid/Complete-Single-GPU-Passthrough#44 (2024)",
  },
  {
    pattern: /Hook script execution failed/,
    check: "gpu.driver",
    strength: "symptom",
    layer: "provider",
    message: "a hook script of the host (/etc/libvirt/hooks) ended with an error, so libvirt does not start the VM",
    fix: [
      manualFix("Run the script by hand with the same words, and read its error"),
      manualFix("This project needs no hooks: remove them, and bind the card at boot"),
    ],
    source: "libvirt, read 2026-11; single-GPU passthrough scripts",
  },
  {
    pattern: /PCI: slot \d{1,3} function \d not available for|Attempted double use of PCI Address/,
    check: "provider.mode",
    layer: "hypervisor",
    message: "two devices of the VM have the same PCI address",
    fix: [manualFix("Remove the address of one of them (virsh edit), so that libvirt chooses another")],
    source: "QEMU, libvirt; notAperson535/OneClick-macOS-Simple-KVM#63 (2023-01)",
  },
  {
    pattern: /load of migration failed: |error while loading state for instance/,
    check: "provider.version",
    layer: "hypervisor",
    message: "the VM's saved state does not fit this QEMU or these devices (a passed card cannot be saved at all)",
    fix: [
      commandFix("Throw the saved state away, then start the VM", "virsh -c qemu:///system managedsave-remove NAME"),
    ],
    source: "QEMU; NixOS/nixpkgs#63182 (2019-06), kind to date",
  },
  {
    pattern: anyOf(
      /End of file while reading data: Input\/output error/,
      /libvirtd quit during handshake: Input\/output error|Cannot recv data: Connection reset by peer/,
    ),
    near: vmWords,
    check: "provider.access",
    strength: "symptom",
    layer: "provider",
    message:
      "libvirt's daemon ended, or was restarted, while it was asked: it crashed, or a hook script or update ended it",
    fix: [
      commandFix("Read what it says", "journalctl -u libvirtd -u virtqemud --no-pager -n 50", { root: true }),
      commandFix("Restart it", "systemctl restart libvirtd", { root: true }),
      manualFix("If it happens each time a VM with a card starts: read the host's kernel log for the card's driver"),
    ],
    source:
      "libvirt; vagrant-libvirt/vagrant-libvirt#1133 (2020-08), QaidVoid/Complete-Single-GPU-Passthrough#44 (2024)",
  },
  {
    pattern: /cannot undefine domain with nvram/,
    check: "provider.access",
    layer: "provider",
    message:
      "libvirt does not remove the definition of a VM with UEFI unless its variables are removed or kept explicitly",
    fix: [
      commandFix(
        "Remove its definition and its variables; its disk stays",
        "virsh -c qemu:///system undefine --nvram NAME",
      ),
    ],
    source: "libvirt, read 2026-11",
  },
  {
    pattern: /virtiofsd died unexpectedly/,
    check: "provider.mode",
    layer: "provider",
    message: "virtiofsd, which shares a folder with the VM, ended: the folder is missing, or it is not allowed to " +
      "read it",
    fix: [
      commandFix("Read its log", "tail -n 20 /var/log/libvirt/qemu/NAME-fs0-virtiofsd.log", { root: true }),
      manualFix("Create the folder, or share it by rsync or NFS"),
    ],
    source: "libvirt, read 2026-11",
  },
  {
    pattern: /IOMMU device: '\w{1,12}' is only supported with/,
    check: "provider.mode",
    layer: "hypervisor",
    message: "the VM has a virtual IOMMU, which goes with the machine type q35 only",
    fix: [
      manualFix("Remove the VM's own IOMMU (virsh edit): a passed card does not need it"),
      manualFix('Or give the VM that machine type (Vagrant: libvirt.machine_type = "q35"), and create it again'),
    ],
    source: "libvirt",
  },
  {
    pattern: /hardware reports invalid configuration, MSIX PBA outside/,
    check: "gpu.reset",
    layer: "vfio",
    message: "the card answers wrongly: it hangs since its last user, or its configuration was not restored",
    fix: [manualFix("Shut the host down, wait ten seconds, and power it on", { root: true, reboot: true })],
    source: "QEMU (vfio), read 2026-11",
  },
  {
    pattern: /phys-bits too low \(\d{1,3}\)/,
    check: "gpu.window",
    layer: "hypervisor",
    message: "the vCPU has too few address bits for the VM's memory and the card's regions",
    fix: [
      manualFix(
        "Use the host's own CPU and its address bits (virsh edit: <cpu mode='host-passthrough'>" +
          "<maxphysaddr mode='passthrough'/></cpu>)",
      ),
    ],
    source: "QEMU, read 2026-11",
  },
  {
    pattern: anyOf(
      /spice support is disabled|spice graphics are not supported|There is no option group 'spice'/,
      /does not support video model|video model '?\w{1,12}'? is not/,
      /unsupported configuration: .{0,60}(?:qxl|spice)/,
    ),
    near: vmWords,
    check: "provider.mode",
    layer: "hypervisor",
    message:
      "this QEMU has no SPICE or QXL (RHEL 9 and its kin; elsewhere its package is not installed), which the VM " +
      "asks for",
    fix: [
      manualFix('Use VNC (libvirt.graphics_type = "vnc") and the video model virtio or vga, or no picture at all'),
    ],
    source: "QEMU, libvirt, read 2026-11",
  },
  {
    pattern: /Non-executable hook script \S/,
    check: "gpu.driver",
    strength: "symptom",
    layer: "provider",
    message:
      "libvirt passes over a hook script that is not executable, and goes on without it: what it should do, as to " +
      "free the card, does not happen. For a folder below qemu.d the message means nothing",
    fix: [
      commandFix("List the scripts and their permissions", "ls -lR /etc/libvirt/hooks"),
      manualFix("This project needs no hooks: remove it; or make it executable (chmod +x, as root)"),
    ],
    source: "libvirt (util/virhook.c); QaidVoid/Complete-Single-GPU-Passthrough#21 (2023-01)",
  },
];

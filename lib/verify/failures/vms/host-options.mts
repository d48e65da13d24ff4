import { commandFix, doctorFix, kernelLog, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { powerCycle } from "../fixes.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

/** Words of Multipass and UTM. */
const multipassWords = /multipass|\butm\b|QEMULogging/i;

/** Errors of QEMU's drives and shared folders, of hook scripts, of DKMS modules other than NVIDIA's, and of XCP-ng. */
export const hostOptionFailures = (): Failure[] => [
  ...rows({ layer: "hypervisor", source: "QEMU (block, fsdev); utmapp/UTM#7527 (2025-12), #280 (2020-04)" }, [
    [
      "provider.mode",
      "cause",
      /Must specify either driver or file|A block device must be specified for "\w{2,20}"|Drive '\S{1,60}' has no medium/,
      "a drive of the VM has options of an image, and no image: an empty CD drive whose options cannot be empty",
      "Put an image into the drive, or remove it; UTM: turn “lock drive images when in use” on again",
    ],
    [
      "guest.image",
      "cause",
      /Device '\S{1,60}' does not have the requested snapshot '|Snapshot '\S{1,60}' does not exist in one or more devices/,
      "the saved state that the VM should start from is not in its disk: the disk was replaced, or the state was " +
      "not written to the end",
      "Start it without a saved state (without -loadvm; UTM: hold the start button, and start without the state)",
      commandFix("Check which states are in it", "qemu-img snapshot -l IMAGE"),
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Virtio-9p Failed to initialize fs-driver|Failed to initialize fs-driver with id:/,
        /cannot initialize fsdev '\S{1,60}': failed to open '/,
      ),
      "QEMU cannot open the folder that is shared by 9p: its user is not allowed to enter it (a home folder has " +
      "mode 0700), or it does not exist",
      "Share a folder outside of /home, or let QEMU's user through: setfacl -m u:libvirt-qemu:x /home/USER",
      "With libvirt, accessmode='mapped' works without root; or use virtiofs",
    ],
  ]),
  ...rows({
    layer: "kernel",
    source:
      "bash, libvirt; ilayna/Single-GPU-passthrough-amd-nvidia#21 (2022-09), PassthroughPOST/VFIO-Tools#17 (2025-08)",
  }, [
    [
      "gpu.in-use",
      "cause",
      anyOf(
        /line \d{1,4}: {1,4}\d{1,8} Killed {1,30}(?:sudo )?(?:modprobe|rmmod|virsh nodedev)/,
        /line \d{1,4}: {1,4}\d{1,8} (?:Killed|Segmentation fault) {1,30}"?\/etc\/libvirt\/hooks\//,
      ),
      "the kernel ended a command of the hook script: unloading or binding the card's driver crashed in the kernel, " +
      "and the card hangs until the host is rebooted",
      kernelLog,
      "Do not unload the driver (modprobe -r): stop what uses the card, and let libvirt detach it (managed='yes')",
      "With a second card for the host: bind this one to vfio-pci at boot",
      powerCycle,
    ],
    [
      "gpu.driver",
      "cause",
      /cannot execute binary \/etc\/libvirt\/hooks\/\S{1,80}: Permission denied/,
      "libvirt is not allowed to run the hook script: it is not executable, or SELinux or AppArmor forbids it",
      commandFix("Make it executable", "chmod +x /etc/libvirt/hooks/qemu", { root: true }),
      "So too each script below /etc/libvirt/hooks/qemu.d; on Fedora also: restorecon -R /etc/libvirt/hooks",
    ],
  ]),
  ...rows({
    layer: "driver",
    source: "dkms; strongtz/i915-sriov-dkms#237 (2024-12), gnif/vendor-reset#81 (2024-06)",
  }, [
    [
      "gpu.driver",
      "cause",
      anyOf(
        /Bad return status for module build on kernel: \S{1,60}(?: \([^)]{1,20}\))? Consult \/var\/lib\/dkms\/(?:i915|intel|xe-|vendor-reset|evdi|amdgpu|vgpu|gasket)/,
        /\/var\/lib\/dkms\/(?:i915|intel|xe-|vendor-reset|evdi|amdgpu|vgpu|gasket)[\w.~\/-]{1,120}:\d{1,5}:\d{1,4}: (?:fatal )?error: /,
        /autoinstall on \S{1,60} failed for (?:i915|intel|xe-|vendor-reset|evdi|amdgpu|vgpu|gasket)/,
        /builder for '\/nix\/store\/\w{20,40}-(?:vendor-reset|kvmfr|evdi|i915-sriov|xone|nvidia-(?:x11|open))[^']{1,80}\.drv' failed/,
        /make\S{0,4}: \*\*\* \[.{0,200}\/(?:amdgpu|i915|xe|radeon|vendor-reset|kvmfr)\/[\w.\/-]{0,60}\.o\] Error/,
      ),
      "a kernel module that DKMS builds for the graphics does not build for this kernel: the kernel is newer than " +
      "its sources, or its headers are not installed",
      commandFix("Read the first error", "sh -c 'grep -m3 -h error: /var/lib/dkms/*/*/build/make.log'"),
      "Install the module's newest release, or boot the kernel that it worked with; install that kernel's headers",
      commandFix("Find out for which kernels it is built", "dkms status"),
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    source: "XCP-ng (xenopsd, xapi); xcp-ng/xcp#108 (2018-12), vatesfr/xen-orchestra#9574 (2026-03)",
  }, [
    [
      "provider.mode",
      "cause",
      /Call to usb reset failed|usb_reset\.py \w{3,10}: error/,
      "XCP-ng's script that resets a passed USB device failed: the device is gone, or the VM has a PCI device too, " +
      "which older releases of the script cannot do",
      "Update XCP-ng; or pass the whole USB controller as a PCI device instead of the single device",
    ],
    [
      "gpu.match",
      "cause",
      /INTERNAL_ ?ERROR.{0,20}Scan_?failure|Scanf\.Scan_failure|ScanfScan_failure/,
      "XAPI cannot read a list of PCI addresses: one of xen-pciback.hide is written wrong",
      "Write each in full: (0000:0b:00.0)(0000:0b:00.1)",
      commandFix("Show it", "/opt/xensource/libexec/xen-cmdline --get-dom0 xen-pciback.hide", { root: true }),
    ],
    [
      "gpu.in-use",
      "cause",
      anyOf(
        /VM_REQUIRES_V?GPU|PGPU_IN_USE_BY_VM|PGPU_INSUFFICIENT_CAPACITY_FOR_VGPU|GPU_GROUP_CONTAINS_NO_PGPUS/,
        /VGPU_TYPE_NOT_(?:ENABLED|SUPPORTED|COMPATIBLE)|VM_REQUIRES_VUSB|USB_ALREADY_ATTACHED/,
      ),
      "XCP-ng finds no free card, vGPU or USB device of that kind for the VM on this host",
      "Shut the VM down that has it, or remove it from there; see the GPU groups: xe gpu-group-list, xe pgpu-list",
    ],
    [
      "iommu.enabled",
      "cause",
      /VM_REQUIRES_IOMMU/,
      "the VM has a passed device, and Xen found no IOMMU on this host",
      manualFix("Turn on VT-d or AMD-Vi in the firmware setup", { root: true, reboot: true }),
      commandFix("Check what Xen says", "xl dmesg | grep -iE 'vt-d|amd-vi|iommu'", { root: true }),
    ],
    [
      "host.memory",
      "cause",
      /HOST_NOT_ENOUGH_FREE_MEMORY|MEMORY_CONSTRAINT_VIOLATION/,
      "the host has too little free memory for the VM, or its memory limits do not fit each other",
      "Give it less memory, with dynamic minimum = maximum for a VM with a passed device",
    ],
    [
      "provider.access",
      "fallback",
      /xenopsd internal error: /,
      "Xen's toolstack (xenopsd) reports an error, for the reason in its message",
      commandFix("Read its log", "tail -n 60 /var/log/xensource.log", { root: true }),
    ],
    [
      "provider.access",
      "cause",
      /Failed to enumerate host USB devices|Could not load the Host USB Proxy service/,
      "VirtualBox cannot list the host's USB devices: your user is not in the group vboxusers, or its USB service is " +
      "not installed",
      commandFix("Join the group, then log in again", "usermod -aG vboxusers USER", { root: true }),
      "A VM without USB devices starts all the same",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near: multipassWords,
    source: "canonical/multipass (its own messages); canonical/multipass#1223 (2019-12), #2336 (2021-11)",
  }, [
    [
      "host.virtualization",
      "cause",
      anyOf(
        /check_kvm_support script failed|KVM support is not enabled on this machine|failed to start qemu instance/,
        /CPU does not support KVM extensions/,
      ),
      "Multipass cannot use KVM here: virtualization is off, /dev/kvm cannot be opened, or this machine has none",
      commandFix("Check what is wrong", "sh -c 'kvm-ok; ls -l /dev/kvm'"),
      doctorFix("host.virtualization"),
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /apparmor="DENIED" .{0,120}profile="multipass\.[^"]{1,60}"/,
        /program: qemu-\S{3,20}; error: (?:execve: )?(?:No such file|Process crashed|Permission denied)/,
      ),
      "Multipass' own QEMU or qemu-img does not run: AppArmor refuses it, or it is not there for this architecture",
      commandFix("Install its snap again", "snap refresh multipass", { root: true }),
      "On a distribution without snap's AppArmor profiles: DISABLE_APPARMOR=1 in the environment of multipassd",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near: multipassWords,
    // other programs write such lines too
    shared: true,
    source: "canonical/multipass#1666 (2020-07), utmapp/UTM#6481 (2024-07)",
  }, [
    [
      "provider.access",
      "fallback",
      /\b(?:launch|start|restart|exec|mount) failed: \S|QEMU exited (?:from an error|with code -?\d{1,6})|invalid domain pointer in virDomain/,
      "Multipass or UTM could not start the VM, for the reason after the colon or in the program's own log",
      commandFix("Multipass: read it", "journalctl -u snap.multipass.multipassd -b --no-pager -n 60"),
      "UTM: turn on Debug Log in the VM's QEMU settings, start it, and export the log",
    ],
  ]),
  ...rows({ layer: "provider", source: "hashicorp/vagrant#3100 (2014-03), #12746 (2022-04), #7906 (2016-10)" }, [
    [
      "provider.version",
      "cause",
      /Script: \w{3,40}\.ps1 Error: {1,2}(?:\S{1,40} : The term '(?!\\)|The argument '\$env:PSModulePath|.{0,160}(?:Unexpected token|TerminatorExpected))/,
      "PowerShell does not read how Vagrant calls its script: the path of Vagrant or of the project has spaces or " +
      "brackets, or Vagrant is too old for this Windows",
      "Update Vagrant; install it in C:\\HashiCorp, and put the project in a folder without spaces",
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /proxmox|packer/i,
    source: "Proxmox VE (pveproxy), hashicorp/packer-plugin-proxmox; read 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      /59[56] (?:tls_process_server_certificate: certificate verify failed|No route to host|Connection refused)/,
      "Proxmox VE's node does not reach another node of its cluster, or the certificate of one is not valid",
      commandFix(
        "Write the certificates again, on each node",
        "pvecm updatecerts --force && systemctl restart pveproxy",
        { root: true },
      ),
      "Check that node names the node itself, and that the name resolves to its address on each node (/etc/hosts)",
    ],
  ]),
  ...rows({
    layer: "provider",
    source: "QEMU, libvirt, sd-bus; canonical/lxd#12539 (2024-05), vagrant-libvirt/vagrant-libvirt#1025 (2019-07)",
  }, [
    [
      "provider.mode",
      "cause",
      /UNIX socket path '[^']{1,300}'(?: is)? too long|Path must be less than 108 bytes/,
      "the path of a socket is longer than the 107 characters that Linux allows: the name of the VM or its folder is " +
      "too long",
      "Give the VM a shorter name, or put the project or the snap's data in a folder with a shorter path",
    ],
    [
      "provider.access",
      "cause",
      /vir\w{4,40} failed: The name is not activatable|org\.fedoraproject\.FirewallD1.{0,80}not (?:activatable|provided)/,
      "libvirt asks a service over D-Bus that is not installed or is masked: firewalld, systemd-machined or polkit",
      commandFix("Show them", "systemctl status firewalld systemd-machined polkit --no-pager -n 3"),
      "Install or unmask the one that is missing, then restart libvirt; without firewalld, remove its leftovers",
    ],
  ]),
  ...rows({
    layer: "driver",
    near: /nvidia|NVRM|dkms|kernel-open|amdgpu|i915|vbox/i,
    source: "Linux (Makefile); NVIDIA/open-gpu-kernel-modules#311 (2022-06)",
  }, [
    [
      "guest.driver",
      "cause",
      /Kernel configuration is invalid\.|include\/(?:generated\/autoconf\.h|config\/auto\.conf) .{0,60}(?:are|is) missing/,
      "the kernel's sources or headers that the module is built with are not prepared: they are not those of the " +
      "distribution, or incomplete",
      "Install the headers of the running kernel (apt: linux-headers-$(uname -r); dnf: kernel-devel), or run make " +
      "oldconfig and make modules_prepare in your own sources",
    ],
  ]),
];

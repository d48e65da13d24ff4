import type { Failure } from "./types.mts";
import { commandFix, firmwareFix, joinGroupFix, manualFix, remedies } from "../../fixes.mts";
import { anyOf } from "../../text.mts";
import { each, install, kernelArgument, vmWords } from "./fixes.mts";

/** Errors of KVM, QEMU and VirtualBox about the CPU's virtualization. */
export const kvmFailures: Failure[] = [
  // ----------------------------------------------------------------------------------------------- KVM
  {
    pattern: anyOf(
      /VERR_SVM_IN_USE|VERR_VMX_IN_VMX_ROOT_MODE/,
      /VirtualBox can't (?:enable the AMD-V extension|operate in VMX root mode)/,
      /VT-x is being used by another hypervisor/,
    ),
    check: "host.virtualization",
    layer: "hypervisor",
    message:
      "KVM holds the CPU's virtualization: since Linux 6.12 it takes it when its module loads, and VirtualBox gets none",
    fix: each(
      commandFix(
        "Unload KVM until the next boot (ends with an error while VMs of KVM run)",
        "modprobe -r kvm_intel kvm_amd kvm",
        {
          root: true,
        },
      ),
      kernelArgument("kvm.enable_virt_at_load=0"),
      manualFix("Or update VirtualBox (7.2.10 and later use KVM's own switch, and need that argument removed)"),
    ),
    source: "VirtualBox 7.1; VirtualBox/virtualbox#81 (2025-07), #141, #188 (2025-08), #711 (2026-06)",
  },
  {
    pattern:
      /Failed to create the host-only adapter|Could not find Host Interface Networking driver|VBoxNetAdpCtl: Error/,
    check: "provider.access",
    layer: "network",
    message:
      "VirtualBox could not create its host-only network: its network driver is not loaded (Linux: vboxnetadp), or not installed (Windows)",
    fix: [
      commandFix("Load it (Linux)", "modprobe -a vboxnetadp vboxnetflt", { root: true }),
      commandFix("If there is no such module: build it, and read why it fails", "/sbin/vboxconfig", { root: true }),
      manualFix("On Windows: run VirtualBox's installer as administrator, choose Repair, then restart Windows"),
      manualFix("On macOS: allow the system extension in the settings of security, then restart"),
    ],
    source: "VirtualBox; hashicorp/vagrant#12531 (2021-10), #10396 (2018-11)",
  },
  {
    pattern: /VERR_SVM_HOST_SVME_NOT_ENABLED|Host API has not enabled SVME/,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "VirtualBox 7.2.10 lets KVM turn virtualization on, and kvm.enable_virt_at_load=0 keeps it off",
    fix: [
      commandFix(
        "Find where that is set, and remove it",
        "grep -rn enable_virt_at_load /etc/modprobe.d /usr/lib/modprobe.d /proc/cmdline",
      ),
      manualFix("Then reboot, or reload the KVM modules", { reboot: true }),
    ],
    source: "VirtualBox 7.2.10; VirtualBox/virtualbox#711 (2026-06)",
  },
  {
    pattern: anyOf(
      /VERR_(?:VM_DRIVER_)?VERSION_MISMATCH|support driver which is running is from a different/,
      /Unable to locate imported symbol '\S{1,60}' for module '(?:VMMR0|VBoxDDR0)/,
    ),
    check: "provider.version",
    layer: "hypervisor",
    message:
      "VirtualBox's kernel module is of another release than VirtualBox itself, most often one that was loaded before an update",
    fix: [
      manualFix("Use one source for both (the distribution's packages or virtualbox.org's), and remove the other's"),
      commandFix("Build and load the module again", "/sbin/vboxconfig", { root: true }),
      manualFix("If a VM holds the old one: reboot", { reboot: true }),
    ],
    source: "VirtualBox; VirtualBox/virtualbox#425 (2025-12)",
  },
  {
    pattern: /VERR_SUP_VP_\w{1,60}|VBoxDrvStub error: /,
    check: "provider.access",
    strength: "symptom",
    layer: "hypervisor",
    message:
      "VirtualBox's own protection stopped the VM: another program's code is in its process, or this release has a fault",
    fix: [
      manualFix(
        "Read VBoxHardening.log in the VM's folder: it names the file; update or end that program (antivirus, overlay)",
      ),
      manualFix("If it began with an update of VirtualBox: install the release before, or the next one"),
    ],
    source: "VirtualBox on Windows; VirtualBox/virtualbox#870 (2026-09)",
  },
  {
    pattern: anyOf(
      /VirtualBox is complaining that the kernel module is not loaded/,
      /The vboxdrv kernel module is not loaded|VERR_VM_DRIVER_NOT_(?:INSTALLED|ACCESSIBLE)/,
      /Kernel driver not installed \(rc=-1908\)|character device \/dev\/vboxdrv does not exist/,
      /There were problems setting up VirtualBox|vboxdrv\.sh: failed: /,
    ),
    check: "provider.access",
    layer: "hypervisor",
    message: "VirtualBox's kernel module is not loaded: it was not built for this kernel, or Secure Boot refused it",
    fix: each(
      install("Install the headers of the kernel that runs", {
        apt: "linux-headers-$(uname -r)",
        dnf: "kernel-devel-$(uname -r)",
        pacman: "linux-headers",
      }),
      commandFix("Build and load it, and read why it fails", "/sbin/vboxconfig", { root: true }),
      manualFix("If its log shows an error of the compiler: update VirtualBox, whose sources lag behind new kernels"),
      manualFix("If its log says “Key was rejected”: enrol the key with mokutil, or turn Secure Boot off"),
    ),
    source: "Vagrant, VirtualBox; hashicorp/vagrant#13355 (2024-02), VirtualBox/virtualbox#710 (2026-06)",
  },
  {
    pattern:
      /VERR_VMX_NO_VMX|VERR_SVM_NO_SVM|VERR_VMX_MSR_\w{1,30}|VERR_SVM_DISABLED|VERR_NEM_NOT_AVAILABLE|VT-x is (?:disabled in|not available)|AMD-V is (?:disabled in|not available)/,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "the CPU's virtualization is off in the firmware, or Windows' own hypervisor has it",
    fix: [
      remedies.virtualization,
      manualFix("On Windows: turn off Hyper-V and core isolation, or use provider: hyperv"),
    ],
    source: "VirtualBox 7 (2022-10)",
  },
  {
    pattern: anyOf(
      /Could not access KVM kernel module: Permission denied/,
      /failed to initialize kvm: Permission denied/,
      /\/dev\/kvm\S{0,3} (?:is )?(?:not accessible|Permission denied|permission denied)/,
    ),
    check: "host.virtualization",
    layer: "hypervisor",
    message: "this user has no rights on /dev/kvm",
    fix: [joinGroupFix("kvm")],
    source: "QEMU 7.2 (2022-12), seen as an ordinary user",
  },
  {
    pattern:
      /ioctl\(KVM_CREATE_VM\) failed: 16|failed to initialize kvm: Device or resource busy|kvm: enabling virtualization on CPU ?\d{1,4} failed/,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "another hypervisor, most often VirtualBox or VMware with a running VM, holds the CPU's virtualization",
    fix: [
      manualFix("Stop the other one's VMs (VBoxManage list runningvms), then start this one again"),
      manualFix("Only one of them can run VMs at a time: use the same provider for all"),
    ],
    source: "QEMU, Linux (KVM); kubernetes/minikube#4913 (2019-07), system76/firmware-open#300 (2022-03)",
  },
  {
    pattern: anyOf(
      /Could not access KVM kernel module: No such/,
      /failed to initialize kvm: No such/,
      /Domain requires KVM, but it is not available|does not support virt type 'kvm'/,
      /could not find capabilities for .{0,60}domaintype=kvm/,
      /Host does not support domain type kvm/,
      /CPU mode 'host-passthrough' .{0,80}is not supported by hypervisor/,
      /kvm: (?:support for .{1,20} disabled by|disabled by) bios/,
      /KVM acceleration (?:can NOT be used|not available)/,
      /SVM disabled \(by BIOS\)|VMX \(\w{1,8} TXT\) disabled by BIOS|(?:VMX|SVM) not supported by CPU/,
      /could not get preferred machine for \S{1,80} type=kvm/,
    ),
    near: vmWords,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "there is no hardware virtualization (KVM) here",
    fix: [
      firmwareFix("Turn on VT-x or SVM in the firmware's setup; in a VM, nested virtualization in the outer one"),
      manualFix("If VirtualBox runs a VM: stop it, since one of the two has the CPU's virtualization"),
      manualFix("Or write accelerator: tcg, which emulates and is slow"),
    ],
    source: "QEMU 7.2 (2022-12), libvirt 9.0",
  },
  {
    pattern: anyOf(
      /unsupported machine type:? ['"]?[\w.-]{0,40}/,
      /does not support machine type '/,
      /Host does not support .{0,60}with machine '/,
      /XML error: No PCI buses available/,
    ),
    near: vmWords,
    check: "provider.version",
    layer: "hypervisor",
    message:
      "this QEMU does not have that machine type: it was removed with a newer QEMU, or is one of a newer or another distribution's",
    fix: [
      commandFix("See which types there are", "qemu-system-x86_64 -machine help"),
      manualFix(
        "Write q35 in the domain (virsh edit), or machine_type: q35 for the provider; a GPU needs its PCI Express",
      ),
    ],
    source: "QEMU, libvirt; harvester/harvester#8630 (2025-07), Broadcom/sonic-VirtualSwitch#6 (2025-03)",
  },
];

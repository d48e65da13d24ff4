import type { Failure } from "../types.mts";
import { commandFix, firmwareFix, joinGroupFix, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { vmWords } from "../fixes.mts";

/** Errors of KVM and QEMU about the CPU's virtualization and its machine types. */
export const kvmFailures = (): Failure[] => [
  {
    pattern: /Module (?:kvm|kvm_intel|kvm_amd|vhost_net|vhost|macvtap|tun) not found in directory/,
    check: "host.virtualization",
    layer: "kernel",
    message: "the kernel that runs no longer has modules on disk: it was updated, and the machine not rebooted since",
    fix: [
      manualFix("Reboot, so that the kernel runs whose modules are installed", { reboot: true }),
      commandFix("If the error remains: see which kernels have modules", "sh -c 'uname -r; ls /lib/modules'"),
    ],
    source: "kmod; saber-nyan/kernel-modules-hook#6 (2019-11)",
  },
  {
    pattern: anyOf(
      /raw-mode is unavailable|WHvSetupPartition|Call to WHv\w{3,40}|VERR_NEM_VM_CREATE_FAILED|VERR_NEM_MISSING_KERNEL_API/,
      /Failed to get device handle and\/or partition ID/,
    ),
    check: "host.virtualization",
    layer: "hypervisor",
    message: "Windows' own hypervisor (Hyper-V, WSL 2, Docker Desktop, core isolation) has the CPU's virtualization, " +
      "and this VirtualBox does not work on top of it",
    fix: [
      manualFix("Update VirtualBox to the newest release, which can use Windows' hypervisor, and restart Windows"),
      manualFix("Or use provider: hyperv, which needs no other hypervisor"),
      commandFix(
        "Or turn Windows' hypervisor off, as administrator: WSL 2, Docker Desktop and Hyper-V then do not start",
        "bcdedit /set hypervisorlaunchtype off",
        { root: true, reboot: true },
      ),
    ],
    source: "VirtualBox 6 and 7; hashicorp/vagrant#12471 (2021-07), docker-archive/toolbox#848 (2019-08)",
  },
  {
    pattern: anyOf(
      /VERR_VMX_NO_VMX|VERR_SVM_NO_SVM|VERR_VMX_MSR_\w{1,30}|VERR_SVM_DISABLED|VERR_NEM_NOT_AVAILABLE/,
      /VT-x is (?:disabled in|not available)|AMD-V is (?:disabled in|not available)/,
      /Call to NEM\w{3,40}|VERR_NEM_(?!VM_CREATE_FAILED|NOT_AVAILABLE|MISSING_KERNEL)\w{3,40}/,
      /VERR_VMX_\w{3,40}|VERR_SVM_\w{3,40}/,
    ),
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
      /Checking if device '?\/dev\/kvm'? is accessible ?: FAIL/,
      /\/dev\/kvm\S{0,3} (?:is )?(?:not accessible|Permission denied|permission denied)/,
    ),
    check: "host.virtualization",
    layer: "hypervisor",
    message: "this user has no permission to use /dev/kvm",
    fix: [joinGroupFix("kvm")],
    source: "QEMU 7.2 (2022-12), seen as an ordinary user",
  },
  {
    pattern: anyOf(
      /ioctl\(KVM_CREATE_VM\) failed: 16|(?:failed to initialize kvm|kvm_create_vm): Device or resource busy/,
      /kvm: enabling virtualization on CPU ?\d{1,4} failed/,
    ),
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
      /Checking (?:for hardware virtualization|if device '?\/dev\/kvm'? exists) ?: FAIL/,
      /failed to initialize kvm: No such|\/dev\/kvm'?: No such (?:file|device)/,
      /Domain requires KVM, but it is not available|does not support virt type 'kvm'/,
      /could not find capabilities for .{0,60}domaintype=kvm/,
      /Host does not support domain type kvm(?! with machine)/,
      /CPU mode 'host-passthrough' .{0,80}is not supported by hypervisor/,
      /kvm: (?:support for .{1,20} disabled by|disabled by) bios/,
      /KVM acceleration (?:can NOT be used|not available)/,
      /SVM disabled \(by BIOS\)|VMX \(\w{1,8} TXT\) disabled by BIOS|(?:VMX|SVM) not supported by CPU/,
      /could not get preferred machine for \S{1,80} type=kvm/,
      /Host does not support any virtualization options|KVM virtualisation configured, but not available/,
      /requires KVM or HVF|(?:VMX|SVM) not enabled \(by BIOS\)|KVM is not available/,
      /KVM kernel module.{0,40}(?:not|fail)/,
    ),
    near: vmWords,
    check: "host.virtualization",
    layer: "hypervisor",
    message: "there is no hardware virtualization (KVM) here: it is off in the firmware, or its module is not loaded",
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
      /Host does not support domain type kvm with machine '/,
      /does not support machine type '/,
      /Host does not support .{0,60}with machine '/,
      /Supported machines are:/,
    ),
    near: vmWords,
    check: "provider.version",
    layer: "hypervisor",
    message: "this QEMU does not have that machine type: it was removed with a newer QEMU, or is one of a newer or " +
      "another distribution's",
    fix: [
      commandFix("List the types", "qemu-system-x86_64 -machine help"),
      manualFix(
        'Write q35 in the domain (virsh edit; Vagrant: libvirt.machine_type = "q35"): a GPU needs its PCI Express',
      ),
    ],
    source: "QEMU, libvirt; harvester/harvester#8630 (2025-07), Broadcom/sonic-VirtualSwitch#6 (2025-03)",
  },
];

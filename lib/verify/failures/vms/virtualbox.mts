import type { Failure } from "../types.mts";
import { virtualboxPartFailures } from "./virtualbox-parts.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { each, install, kernelArgument } from "../fixes.mts";

/** Errors of VirtualBox: its kernel modules, its service, and KVM at the same time. */
export const virtualboxFailures = (): Failure[] => [
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
      "another hypervisor holds the CPU's virtualization, and VirtualBox gets none: on Linux KVM, which takes it " +
      "when its module loads since 6.12; on Windows Hyper-V, WSL or another VM program",
    fix: each(
      commandFix(
        "Unload KVM until the next boot (ends with an error while VMs of KVM run)",
        "modprobe -r kvm_intel kvm_amd kvm",
        {
          root: true,
        },
      ),
      kernelArgument("kvm.enable_virt_at_load=0"),
      manualFix("On Windows: close other VM programs, and see “Turn Windows features on or off” (Hyper-V, Sandbox)"),
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
      "VirtualBox could not create its host-only network: its network driver is not loaded (Linux: vboxnetadp), or " +
      "not installed (Windows)",
    fix: [
      commandFix("Load it (Linux)", "modprobe -a vboxnetadp vboxnetflt", { root: true }),
      commandFix("If there is no such module: build it, and read why it fails", "/sbin/vboxconfig", { root: true }),
      manualFix("On Windows: run VirtualBox's installer as administrator, choose Repair, then restart Windows"),
      manualFix("On macOS: allow the system extension in the settings of security, then restart"),
    ],
    source: "VirtualBox; hashicorp/vagrant#12531 (2021-10), #10396 (2018-11)",
  },
  {
    pattern: /HM ring-0 init failed: VERR_NOT_AVAILABLE/,
    check: "host.virtualization",
    layer: "hypervisor",
    message:
      "VirtualBox could not turn the CPU's virtualization on: since 7.2.2 it does so through the kernel's KVM, and " +
      "this kernel or this release does not support that",
    fix: [
      manualFix("Update VirtualBox to its newest release (7.2.10 or later)"),
      commandFix(
        "Check whether KVM is loaded, and whether a file keeps it off",
        "sh -c 'lsmod | grep kvm; grep -rn " +
          "kvm /etc/modprobe.d'",
      ),
      manualFix("In a VM: give the outer VM the host's CPU, with nested virtualization"),
    ],
    source: "VirtualBox 7.2.2; VirtualBox/virtualbox#222 (2025-09), #609 (2026-04)",
  },
  {
    pattern: anyOf(
      /(?:SUPDrv|VBoxNet(?:Flt|Adp)|memobj-r0drv|the-linux-kernel|mp-r0drv|alloc-r0drv)[\w-]{0,30}\.[ch]:\d{1,5}:\d{1,4}: (?:error|erreur|Fehler|errore|erro|错误|ошибка)[ :：]/,
      /\/var\/lib\/dkms\/(?:virtualbox|vboxhost)\/\S{1,40}\/build\/make\.log|autoinstall on \S{1,60} failed for (?:virtualbox|vboxhost)/,
      /modpost: "\w{1,60}" \[(?:\S{1,60}\/)?vbox(?:drv|netflt|netadp|pci|guest|sf|video)\.ko\] undefined/,
      /combined-os-(?:specific|agnostic)\.o: error: |(?:rt|VBox|supdrv)\w{3,60}\+0x[0-9a-f]{1,6}: (?:redundant CLD|call to \{dynamic\})/,
    ),
    check: "provider.version",
    layer: "hypervisor",
    message: "VirtualBox's kernel module does not compile: this release of VirtualBox is older than the kernel",
    fix: [
      manualFix("Update VirtualBox to its newest release, then build the module again (/sbin/vboxconfig as root)"),
      manualFix("Until then boot the kernel before it", { reboot: true }),
    ],
    source: "VirtualBox; VirtualBox/virtualbox#623 (2026-04), #5, #116 (2025), #708, #710 (2026-06)",
  },
  {
    pattern: /Interpreting \S{1,240}\.ovf\.\.\.[^]{0,12}OK\.[^]{0,14}NS_ERROR_INVALID_ARG/,
    check: "provider.access",
    layer: "provider",
    message: "VirtualBox fails to import a box while it imports another one: releases since 7.1 have that fault",
    fix: [
      commandFix("Import one at a time", "vagrant up --no-parallel"),
      manualFix("If only one ran: delete the folder of the incomplete VM in “VirtualBox VMs”, and try again"),
    ],
    source: "VirtualBox 7.1; VirtualBox/virtualbox#80 (2025-07)",
  },
  {
    pattern: /vboxdrv\S{0,4}:? (?:needs unknown symbol|Unknown symbol) (?:preempt_notifier|kvm_)\w{0,40}/,
    check: "provider.version",
    layer: "kernel",
    message: "VirtualBox's module needs a kernel that is configured with KVM (since Linux 6.15), and this one is not",
    fix: [
      manualFix("Boot the distribution's own kernel, or build yours with CONFIG_KVM and the module for this CPU"),
    ],
    source: "VirtualBox 7.2; VirtualBox/virtualbox#9 (2025-06)",
  },
  {
    pattern: /Invalid graphics controller type '\d/,
    check: "provider.version",
    layer: "hypervisor",
    message: "the box's settings are those of a newer VirtualBox: this one does not know its graphics controller",
    fix: [
      manualFix("Update VirtualBox to its newest release"),
      manualFix("Or use an older release of the box (config.vm.box_version)"),
    ],
    source: "VirtualBox 7.1; alchemy-solutions/vagrant-cloud-images#4 (2025-06)",
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
      /Unable to locate imported symbol '\w{1,60}'|(?:VMMR0|VBoxDDR0)\.r0 \(VERR_SYMBOL_NOT_FOUND\)/,
    ),
    check: "provider.version",
    layer: "hypervisor",
    message:
      "VirtualBox's kernel module is of another release than VirtualBox itself, most often one that was loaded " +
      "before an update",
    fix: [
      manualFix("Use one source for both (the distribution's packages or virtualbox.org's), and remove the other's"),
      commandFix("Build and load the module again", "/sbin/vboxconfig", { root: true }),
      manualFix("If a VM holds the old one: reboot", { reboot: true }),
    ],
    source: "VirtualBox; VirtualBox/virtualbox#425 (2025-12)",
  },
  {
    pattern: /VERR_SUP_VP_\w{1,60}|VBoxDrvStub error: |supR3HardenedWin\w{2,50}: |Error \(rc=-56\d\d\):/,
    check: "provider.access",
    strength: "symptom",
    layer: "hypervisor",
    message:
      "VirtualBox's own protection stopped the VM: another program's code is in its process, or this release has a " +
      "fault",
    fix: [
      manualFix(
        "Read VBoxHardening.log in the VM's folder: it names the file; update or end that program " +
          "(antivirus, overlay)",
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
      /There were problems setting up VirtualBox|vboxdrv\.sh: failed: |VERR_SUP_DRIVERLESS/,
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
    pattern: /configured for the host-only network is not within the allowed ranges|Context: "EnableStaticIPConfig/,
    check: "provider.access",
    layer: "network",
    message:
      "VirtualBox allows host-only networks only in 192.168.56.0/21, unless /etc/vbox/networks.conf names others",
    fix: [
      manualFix("Write an address between 192.168.56.2 and 192.168.63.254"),
      manualFix("Or allow others: a line like “* 10.0.0.0/8” in /etc/vbox/networks.conf"),
    ],
    source: "Vagrant, VirtualBox 6.1.28 (2021-10) and later",
  },
  {
    pattern:
      /has terminated unexpectedly during startup with exit code|VM session was (?:aborted|closed before any attempt)/,
    check: "provider.access",
    strength: "symptom",
    layer: "hypervisor",
    message:
      "VirtualBox's VM ended at its start: its log says why (on Windows most often another program's hook, see " +
      "VBoxHardening.log)",
    fix: [
      manualFix("Read Logs/VBox.log and Logs/VBoxHardening.log in the VM's folder"),
      manualFix(
        "Reinstall VirtualBox so that its modules are those of its version, and update Windows and antivirus",
      ),
    ],
    source: "VirtualBox; hashicorp/vagrant#7344 (2016-05), kind to date",
  },
  {
    pattern: /Unknown option: --pciattach|Host PCI attachment only supported with ICH9/,
    check: "provider.mode",
    layer: "hypervisor",
    message: "VirtualBox 6.1 removed PCI passthrough",
    fix: [manualFix("Write provider: libvirt")],
    source: "VBoxManage 6.0 (2018-12) and 6.1",
  },
  {
    pattern: anyOf(
      /VirtualBox COM server is not running or failed to start/,
      /(?:Failed to create|Failed to acquire) the VirtualBox (?:COM )?object/i,
    ),
    check: "provider.access",
    strength: "symptom",
    layer: "hypervisor",
    message: "VirtualBox's service (VBoxSVC) does not start, or not for this user: it runs as another one, or its " +
      "installation is damaged",
    fix: [
      manualFix("Close VirtualBox's window and every VBoxSVC process of this and other users, wait, and try again"),
      manualFix(
        "Run all of it as the same user (none of it as administrator); else repair VirtualBox's installation",
      ),
    ],
    source: "VirtualBox; hashicorp/vagrant#1622 (2013-04), hashicorp/vagrant#8139 (2016-12)",
  },
  {
    pattern: /(?:Location: '|Error in )\S.{0,120}VirtualBox\.xml'?,? (?:\()?line \d/,
    check: "provider.access",
    layer: "hypervisor",
    message: "VirtualBox's settings (VirtualBox.xml) are damaged at the line that it names, so that it does not start",
    fix: [
      manualFix("End VBoxSVC, and put VirtualBox.xml-prev of the same folder in its place (keep a copy)"),
      manualFix(
        "If there is none: move VirtualBox.xml away, start VirtualBox, and add the VMs again by their .vbox files",
      ),
    ],
    source: "VirtualBox; hashicorp/vagrant#4886 (2014-12), VirtualBox/virtualbox#204 (2025-09)",
  },
  {
    pattern: /Guest OS type '[^']{1,40}' is invalid|Invalid guest OS type '/,
    check: "provider.version",
    layer: "hypervisor",
    message:
      "this VirtualBox does not know that type of guest: it is older than the template expects, or the name is " +
      "misspelt",
    fix: [
      commandFix("List the types that it knows", "VBoxManage list ostypes"),
      manualFix("Update VirtualBox, or write an older type (Ubuntu_64, Debian_64)"),
    ],
    source: "VirtualBox; clong/DetectionLab#301 (2019-06)",
  },
  {
    pattern: /Could not launch a process for the machine '[^']{1,120}'/,
    check: "provider.access",
    layer: "hypervisor",
    message: "VirtualBox could not start its program for the VM: that front end is not installed (windows need " +
      "virtualbox-qt), or cannot be run",
    fix: [
      manualFix("Start the VM without a window (headless = true; vb.gui = false)"),
      manualFix("Or install VirtualBox completely, with its graphical part"),
    ],
    source: "VirtualBox; udacity/devops-intro-project#24 (2017-01)",
  },
  ...virtualboxPartFailures(),
  {
    pattern: /VBoxManage(?:\.exe)?: error: /,
    check: "provider.access",
    strength: "symptom",
    layer: "hypervisor",
    fallback: true,
    message: "VirtualBox refused a command, for the reason in its first error line",
    fix: [manualFix("Read the first “error:” line and the VM's Logs/VBox.log")],
    source: "VirtualBox, read 2026-11",
  },
];

import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { virtualboxNetworkFailures } from "./virtualbox-network.mts";

const vms = commandFix("List the VMs, and those that run", "VBoxManage list vms; VBoxManage list runningvms");
const log = "Read Logs/VBox.log in the VM's folder: its last lines name the part that failed";

/** VirtualBox's error codes (VERR_…, VBOX_E_…) that its other table does not have. */
export const virtualboxCodeFailures = (): Failure[] => [
  ...virtualboxNetworkFailures(),
  ...rows({
    layer: "kernel",
    source: "Linux (the kernel's log), VirtualBox; VirtualBox/virtualbox#37 (2025-06)",
  }, [
    [
      "provider.version",
      "cause",
      anyOf(
        /EMT-\d{1,3}\[\d{1,8}\]: segfault at|segfault at .{1,160} in VBox\w{2,20}\.so/,
        /BUG: scheduling while atomic: EMT-\d{1,3}\//,
      ),
      "VirtualBox crashes while it runs a VM: this release of VirtualBox does not work with this kernel",
      "Update VirtualBox to its newest release, then build its modules again (/sbin/vboxconfig as root)",
      "Until then boot the kernel before it",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near: /VirtualBox|VBox|VERR_/i,
    source: "VirtualBox/virtualbox (include/iprt/err.h, include/VBox/err.h, VirtualBox.xidl), read 2026-11",
  }, [
    [
      "guest.image",
      "cause",
      /VBOX_E_PLATFORM_ARCH_NOT_SUPPORTED|platform architecture \w{2,8} is not supported on/,
      "the VM or box is for another kind of processor: VirtualBox runs x86 VMs on x86 hosts only, and ARM " +
      "VMs on ARM hosts only",
      "Use a box for this host's processor (Apple's chips: arm64)",
    ],
    [
      "provider.access",
      "cause",
      /VERR_VM_DRIVER_(?:LOAD|OPEN)_ERROR|VERR_SUPDRV_(?!NO_RAW_MODE)\w{4,40}/,
      "VirtualBox's kernel driver is installed and does not load: it does not fit this kernel, or Windows " +
      "or Secure Boot refuses it",
      commandFix("Linux: build and load it, and read why it fails", "/sbin/vboxconfig", { root: true }),
      "Windows: run VirtualBox's installer as administrator, choose Repair, then restart Windows",
    ],
    [
      "provider.access",
      "cause",
      /VBoxDrv(?:Stub)?\) failed: 0xc0000034|Driver is probably stuck stopping\/starting/,
      "VirtualBox's driver does not run on this Windows: it is not installed, is stopped, or waits for a restart",
      "Read its state: sc.exe query vboxsup (VirtualBox 6.1 and older: vboxdrv)",
      "Restart Windows; if the error remains: run VirtualBox's installer as administrator, choose Repair, then restart",
    ],
    [
      "provider.access",
      "cause",
      /VERR_SUPLIB_\w{4,40}/,
      "VirtualBox's own folder or files belong to another user than root, or others may write to " +
      "them, which it refuses",
      commandFix("Show their owners", "ls -ld / /usr /usr/lib /usr/lib/virtualbox /opt /opt/VirtualBox"),
      "Give them back to root (chown root:root, chmod go-w), or install VirtualBox again",
    ],
    [
      "guest.image",
      "cause",
      /VERR_SSM_\w{4,40}/,
      "the VM's saved state fits neither this release of VirtualBox nor the VM's settings",
      commandFix("Discard it: the VM then boots as after a power cut", "VBoxManage discardstate NAME"),
    ],
    [
      "guest.image",
      "cause",
      /VERR_VD_\w{4,40}|VERR_(?:DEV_IO|READ|WRITE)_ERROR\b/,
      "a disk image of the VM is damaged, incomplete or read-only, or the host's disk has errors",
      "Remove the VM and its box (vagrant destroy, which deletes the VM's disk; vagrant box remove), and fetch the " +
      "box again",
      commandFix("Show the host's disk errors", "dmesg --level err,warn", { root: true }),
    ],
    [
      "provider.version",
      "cause",
      /VERR_(?:VMM|LDR|LDRELF|LDRPE|CPUM|HM|PGM)_\w{4,50}|VERR_UNSUPPORTED_CPU/,
      "this release of VirtualBox does not work with this CPU or kernel",
      "Update VirtualBox to its newest release; if it began with one: install the release before",
      log,
    ],
    [
      "provider.access",
      "symptom",
      /VERR_PDM_(?!DEVICE_NOT_FOUND)\w{4,40}|VERR_CFGM_\w{4,40}|VERR_MODULE_NOT_FOUND|VBOX_E_PDM_ERROR/,
      "a device in the VM's settings does not start: something that it needs is missing, or VirtualBox's " +
      "installation is incomplete",
      log,
      "Take devices out that the VM does not need (USB, audio, serial), and install the Extension Pack of " +
      "the same release",
    ],
    [
      "provider.access",
      "cause",
      /VERR_HOSTIF_\w{4,40}/,
      "VirtualBox's host-only network adapter does not start, or is gone",
      commandFix("Load its driver (Linux)", "modprobe -a vboxnetadp vboxnetflt", { root: true }),
      "Remove it in VirtualBox's network tools, and let Vagrant create it again; on Windows repair " +
      "VirtualBox's installation",
    ],
    [
      "provider.version",
      "symptom",
      /Guru Meditation\b|!!R[03]-Assertion Failed!!|VirtualBox(?:VM|Headless|SVC)?\.exe - Application Error/,
      "VirtualBox stopped the VM by a fault of its own: most often of this release with this CPU, kernel or guest",
      "Update VirtualBox to its newest release; if it began with an update: install the release before",
      commandFix("Linux: unload KVM, which 7.2.0 does not notice", "modprobe -r kvm_intel kvm_amd kvm", { root: true }),
      "Try the VM with one CPU, without nested virtualization (--nested-hw-virt off), USB devices and 3D; read the " +
      "last lines of its Logs/VBox.log",
    ],
    [
      "provider.access",
      "cause",
      /(?:\(state is |Invalid machine state: )(?:Aborted|GuruMeditation)/,
      "VirtualBox's VM ended by itself: VirtualBox crashed, or its process was ended",
      log,
      "Check whether the kernel ended or stopped it: dmesg | grep -i -e vbox -e EMT -e 'out of memory'",
    ],
    [
      "provider.access",
      "cause",
      /machine is not (?:mutable|powered off) \(state is|VBOX_E_INVALID_VM_STATE|VBOX_E_OBJECT_IN_USE|has tried to lock the machine '/,
      "the VM is in a state that does not allow this: it runs, is saved, or another program uses it",
      vms,
      commandFix("End it without a shutdown", "VBoxManage controlvm NAME poweroff"),
    ],
    [
      "guest.image",
      "cause",
      /E_ACCESSDENIED \(0x80070005\), component (?:Machine|VirtualBox|Session)/,
      "VirtualBox cannot read that VM's settings (the VM is inaccessible): its folder was moved or belongs " +
      "to another user",
      vms,
      "Put the folder back, or remove the entry: VBoxManage unregistervm NAME",
    ],
  ]),
  ...rows({ layer: "hypervisor", source: "VirtualBox (VBox.log); VirtualBox/virtualbox#837 (2026-08)" }, [
    [
      "host.virtualization",
      "symptom",
      /TM: Giving up catch-up attempt at|vmmDevHeartbeatFlatlinedTimer: Guest seems to be unresponsive/,
      "the VM stood still for a time: the host slept or was out of CPU time or memory, or the VM runs on Windows' " +
      "hypervisor, where VirtualBox is slow",
      "Give the VM fewer CPUs and less memory than the host has free",
      "Windows: read VBox.log for “NEM”; if it is there, turn off Memory integrity and Windows' features of Hyper-V, " +
      "which WSL then lacks",
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { hypervWords, logOf } from "./names-of-windows.mts";
import { type Row, rows } from "../rows.mts";

const workerLog = logOf("Worker");
const vmmsLog = logOf("VMMS");

/** Why Hyper-V does not start a VM, or ended it. */
const starts: Row[] = [
  [
    "guest.image",
    "cause",
    anyOf(
      /attempt to initialize VM saved state failed|Failed to restore virtual machine state/,
      /0xC037002[789]\b|Cannot restore this virtual machine (?:to|because)/i,
    ),
    "Hyper-V cannot resume the VM from its saved state: the state is damaged, or was saved on another Windows or CPU",
    "Delete the saved state, then start the VM: it boots from its disk, and loses only what was in its memory",
    commandFix("Delete it", "Remove-VMSavedState -VMName NAME"),
  ],
  [
    "provider.access",
    "cause",
    anyOf(
      /failed to start worker process(?!.{0,99}(?:Logon failure|0x80070569))|worker process for .{1,80} terminated unexpectedly/,
      /faulting application (?:name|path): \S{0,80}vmwp\.exe/i,
    ),
    "the program of Windows that runs the VM (vmwp.exe) ended: a part of Windows is damaged or blocked, or a " +
    "device of " +
    "the VM made it fail",
    workerLog,
    "Start the VM without its GPU and with a file of its own for each disk; exclude vmwp.exe from the virus scanner",
    commandFix("Repair Windows' files", "sfc.exe /scannow", { root: true }),
  ],
  [
    "guest.image",
    "symptom",
    anyOf(
      /unrecoverable error occurred (?:on|while accessing) a virtual processor|caused a triple fault/,
      /requested an operation that is not supported by Hyper-V/,
    ),
    "the guest stopped in a way that its own kernel could not handle, and Hyper-V reset it: its boot loader, " +
    "kernel or " +
    "a driver does not fit this VM",
    "Boot an older kernel or the installer in the guest; choose the generation that its image is made for",
    "With nested virtualization: switch it off, or update Windows",
    workerLog,
  ],
  [
    "guest.firmware",
    "symptom",
    /has encountered a watchdog timeout and was reset/,
    "the guest did not get through its boot in time, and Hyper-V reset it: its firmware or boot loader waits for a " +
    "disk or network that does not answer",
    "Put the disk first in the boot order, and take out drives of network boot and images that are gone",
    workerLog,
  ],
  [
    "guest.image",
    "symptom",
    /guest operating system (?:has )?reported that it failed with the following error|has encountered a fatal error (?:and|but) a memory dump/,
    "the guest's own kernel crashed and said so to Hyper-V: the cause is inside the guest",
    "Read the guest's screen or its log of the boot before (journalctl -b -1; Windows: its Event Viewer)",
  ],
  [
    "provider.access",
    "symptom",
    /Could not initialize machine remoting system/,
    "Hyper-V could not make the VM's screen, as its service has no certificate that it can use",
    commandFix("Restart its service; VMs run on", "net.exe stop vmms; net.exe start vmms", { root: true }),
  ],
  [
    "provider.version",
    "cause",
    /Cannot load a virtual machine configuration/,
    "Hyper-V cannot read the VM's own settings (.vmcx): the file is damaged or cut off",
    "Make the VM again with the disk that it has (New-VM -VHDPath DISK.vhdx): the disk stays",
    vmmsLog,
  ],
  [
    "provider.version",
    "cause",
    /does not support (?:the|this) version of the (?:virtual machine )?configuration/,
    "the VM was made by a newer Windows than this one, whose Hyper-V does not know its version",
    commandFix("Show the versions that it knows", "Get-VMHostSupportedVersion"),
    "Update Windows, or make the VM here with its disk (New-VM -VHDPath DISK.vhdx)",
  ],
  [
    "provider.mode",
    "cause",
    /processor-specific features not supported/,
    "the VM was saved or made on another CPU, and uses features that this host's CPU lacks",
    commandFix(
      "Let it start on other CPUs, while it is off",
      "Set-VMProcessor NAME -CompatibilityForMigrationEnabled $true",
    ),
    "Where it is saved: delete its saved state in Hyper-V Manager first",
  ],
  [
    "provider.mode",
    "cause",
    anyOf(/NUMA topology requirements|NUMA\) node settings do not match/, /(?:0xC037000F|0xC0370010)\b/i),
    "the VM asks for more CPUs or memory in one group (NUMA) than this host has in one",
    "In the VM's settings in Hyper-V Manager: Processor, NUMA, Use Hardware Topology",
  ],
  [
    "provider.mode",
    "cause",
    /Cannot add a virtual processor to the partition|0xC037001B\b/i,
    "the VM has more CPUs than Hyper-V gives it on this host",
    commandFix("Give it fewer, while it is off", "Set-VMProcessor NAME -Count 4"),
  ],
  [
    "provider.access",
    "symptom",
    /0xC03700(?:0[1-9a-e]|1[1-9ac-f]|2[0-6])\b|virtualization infrastructure driver has encountered/i,
    "Hyper-V's driver for the memory of VMs (VID) refused the VM; Microsoft's text for it: start the VM again, " +
    "else the " +
    "host",
    workerLog,
  ],
  [
    "host.virtualization",
    "cause",
    anyOf(
      /Hyper(?:-V|visor) launch failed; Either (?:VMX|SVM|No Execute)/,
      /Hyper(?:-V|visor) launch failed;.{1,80}(?:does not appear to provide|do not support the minimum|does not support the vendor)/,
      /Hyper-V cannot be installed because virtualization support is not enabled/,
      /Hyper-V cannot be installed: (?:The processor|Virtualization)|role cannot be installed: .{0,60}\bSLAT\b/,
      /Hypervisor launch failed; (?:Processor does not provide|Second Level Address Translation)/,
      /(?:Virtualization Enabled In Firmware|VM Monitor Mode Extensions|Second Level Address Translation): No\b/,
    ),
    "Windows' hypervisor cannot start: the firmware has virtualization or No Execute (NX, XD) switched off, the " +
    "processor is too old, or this host is a VM itself whose host does not pass them on",
    "Enable Intel VT-x (or “Virtualization”) or AMD SVM, and No Execute (NX, XD), in the firmware; then power the " +
    "host off and on",
    "In a VM: switch on nested virtualization on its host; Azure needs the security type Standard, not Trusted Launch",
  ],
  [
    "host.virtualization",
    "cause",
    anyOf(
      /Hyper(?:-V|visor) launch failed;.{1,40}(?:boot loader failed with error|image could not be (?:read|loaded))/,
      /infrastructure driver \(VID\) is not running|Hyper(?:-V|visor) launch (?:has been disabled|aborted)/,
    ),
    "Windows' hypervisor did not start with Windows: it is switched off in the boot settings, or the boot failed to " +
    "load it",
    commandFix("Switch it on, then restart Windows", "bcdedit.exe /set hypervisorlaunchtype auto", { root: true }),
  ],
  [
    "host.virtualization",
    "cause",
    /Service 'Hyper-V .{1,60}' cannot be (?:started|stopped)|Cannot start service (?:vmcompute|vmms|HvHost)\b/,
    "a service of Hyper-V does not start: Windows' hypervisor does not run, or a service that it needs is disabled",
    "Check which of vmms, vmcompute and HvHost run, in services.msc or by Get-Service",
    "If the hypervisor does not run: turn on virtualization in the firmware and Hyper-V in Windows' features",
  ],
  [
    "host.memory",
    "cause",
    /Hyper(?:-V|visor) launch failed;.{1,60}(?:unable to allocate sufficient resources|insufficient memory)/,
    "Windows' hypervisor found too little free memory at boot",
    "Give Hyper-V a host with more memory: Microsoft's minimum is 4 GB, and VMs need theirs on top",
    "Switch off in the firmware what reserves memory (memory for integrated graphics), then restart the host",
  ],
  [
    "host.virtualization",
    "fallback",
    /Hyper(?:-V|visor) launch failed; |Failed to start Hyper-V; /,
    "Windows' hypervisor did not start, for the reason after the semicolon",
    "Update the firmware of the board, and set virtualization (VT-x or SVM) and No Execute there to on",
    commandFix("Let Windows start it, then restart", "bcdedit.exe /set hypervisorlaunchtype auto", { root: true }),
  ],
  [
    "host.virtualization",
    "symptom",
    /Hyper-V cannot be installed: A hypervisor is already running/,
    "Hyper-V finds another hypervisor below it: this Windows is a VM whose host does not pass virtualization on",
    "Switch on nested virtualization on that host, then add the feature with dism.exe, which does not check this",
  ],
];

/**
 * Why Hyper-V does not start a VM or ended it, in its own sentences: without a number, or with one that does not
 * tell.
 */
export const hypervMessageFailures = (): Failure[] => [
  ...rows({
    layer: "provider",
    near: hypervWords,
    source: "Microsoft Learn (Hyper-V events, winerror.h: ERROR_VID_…), WSL#4105 (2019-06); general knowledge, 2026-11",
  }, starts),
];

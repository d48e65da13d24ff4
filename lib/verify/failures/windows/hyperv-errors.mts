import type { Failure } from "../types.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { hypervWords, logOf } from "./names-of-windows.mts";
import { type Row, rows } from "../rows.mts";

const eventLog = logOf("VMMS");

/** How Hyper-V's cmdlets name an error in every language (FullyQualifiedErrorId). */
const errorIds: [id: string, check: string, message: string, ...fix: Row[4][]][] = [
  [
    "AccessDenied",
    "provider.access",
    "Hyper-V refused the command to this user, or has no access to a file that it names",
    "Run it as administrator, or join the group “Hyper-V Administrators” and log in again",
  ],
  [
    "ObjectNotFound",
    "provider.access",
    "Hyper-V has no VM, disk, switch or device of the name or path in the command",
    commandFix("List the VMs and switches", "Get-VM; Get-VMSwitch"),
  ],
  [
    "InvalidState",
    "provider.access",
    "the VM is in a state in which Hyper-V does not do that: it runs, is off, saved or starting",
    commandFix("Check its state", "Get-VM -Name NAME"),
  ],
  [
    "InvalidParameter",
    "provider.mode",
    "Hyper-V does not take a value of the command: a name, path, size or number that does not exist or fit",
    "Check the values of the command that the message shows; generation 2 needs .vhdx",
  ],
];

/** Hyper-V's messages by the error of Windows that they end with, and about disks, switches and partitioned cards. */
export const hypervErrorFailures = (): Failure[] => [
  ...rows({
    layer: "provider",
    near: hypervWords,
    source: "Microsoft Learn (system error codes, Hyper-V), general knowledge, 2026-11",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /Attachment '[^']{1,200}' not found|(?:0x8007000[23]|0xC03A0005)\b/,
      ),
      "Hyper-V does not find a file of the VM: a disk or image was moved or deleted, or its path is wrong",
      "Check the path in the message; put the file back, or choose another one in the VM's settings in Hyper-V Manager",
      eventLog,
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /chain of virtual hard disks is (?:corrupted|inaccessible|broken)|mismatch in the identifiers of the parent/,
        /(?:0xC03A000E|0xC03A000D|0xC03A0014|0x80070570)\b/,
      ),
      "a disk of the VM is damaged, or the base disk that it builds on was changed or is gone",
      "Put the base disk back as it was; never start or change a disk that another one builds on",
      commandFix("Show the chain", "Get-VHD PATH | Select-Object Path, ParentPath, VhdType"),
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /must be uncompressed and unencrypted and must not be sparse|virtual disk system limitation/,
        /(?:0xC03A001A|0xC03A0019)\b/,
      ),
      "Windows does not use a VM's disk that is compressed, encrypted or sparse on its drive",
      commandFix("Make it plain", "compact /u FILE; cipher /d FILE; fsutil sparse setflag FILE 0"),
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Attachment '.{1,300}being used by another process|(?:0x80070020|0x80070021)\b/,
        /'[^'\n]{1,200}\.a?vhdx?'[:.] The process cannot access the file because/,
        /is already (?:mounted|attached|in use) by/,
      ),
      "another VM or program has that file open: a VM that runs, a mounted image, or a backup or virus scanner",
      commandFix("Check which VMs run", "Get-VM | Where-Object State -ne Off"),
      "Dismount it (Dismount-DiskImage FILE), and exclude the folder of the VMs from the virus scanner",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /(?:0x80070070|0x80070027)\b/,
        /paused because it has run out of disk space/,
      ),
      "the drive with the VM's disks is full",
      "Free space there, or keep the VMs on another drive; then resume the VM",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /(?:virtual machine|switch|file) with the (?:same|specified) name (?:already )?exists/,
        /0x800700B7\b/,
      ),
      "there is a VM, switch or file of that name already, or the network adapter belongs to another switch",
      commandFix(
        "List the VMs and switches",
        "Get-VM; Get-VMSwitch | Format-List Name, SwitchType, NetAdapterInterfaceDescription",
      ),
    ],
    [
      "hyperv.switch",
      "cause",
      anyOf(
        /Failed while (?:adding|modifying|removing) virtual Ethernet switch|Ethernet port '[^']{1,80}' bind failed/,
        /NAT with overlapping|overlapping (?:prefix|NAT)|New-NetNat ?: /,
      ),
      "Windows could not make the switch or its NAT: the adapter has a switch already, or another NAT has those " +
      "addresses",
      commandFix("List what exists", "Get-VMSwitch; Get-NetNat"),
      "Use the Default Switch, or the switch that has the adapter",
    ],
    [
      "guest.firmware",
      "cause",
      anyOf(
        /unsigned image's hash is not allowed|signed image's hash is not allowed/,
        /image's certificate and hash are not allowed/,
        /boot loader did not load an operating system/,
      ),
      "the VM's Secure Boot does not know who signed its boot loader, or there is none on its disk",
      commandFix(
        "For Linux: choose its authority",
        "Set-VMFirmware -VMName NAME -SecureBootTemplate MicrosoftUEFICertificateAuthority",
      ),
      commandFix("Or turn it off for this VM", "Set-VMFirmware -VMName NAME -EnableSecureBoot Off"),
    ],
    [
      "guest.firmware",
      "cause",
      /without a valid key protector|key protector (?:for the .{1,60} )?could not be unwrapped|Unable to unwrap the key/i,
      "the VM's TPM has no key (key protector) that this Windows can open: it has none yet, or was made on another " +
      "host",
      "In Hyper-V Manager, in the settings of the VM while it is off, under Security: take the TPM away, apply, and " +
      "turn it on again, which makes a key",
      "What the guest locked with the old key (BitLocker) needs its recovery key",
    ],
    [
      "hyperv.card",
      "cause",
      anyOf(
        /PartitionCount '?\d{1,4}'? is (?:not|in)\s?valid/,
        /cannot be partitioned|No partitionable GPU (?:was )?found|no available partition/,
      ),
      "the host's card cannot be partitioned like that: its driver does not offer partitions, or not that number " +
      "of them",
      commandFix(
        "Check what it offers",
        "Get-VMHostPartitionableGpu | Format-List Name, ValidPartitionCounts, PartitionCount",
      ),
      "Update the host's driver; Windows 10 and 11 partition GeForce and Radeon cards without a number",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /Feature name (?:Microsoft-)?Hyper-V\S{0,20} is unknown|Hyper-V is not available on this edition/,
        /Nested virtualization (?:cannot|could not) be enabled|(?:0xC0351000|0x80370102)\b/,
      ),
      "this Windows or this CPU does not run Hyper-V's VMs: Windows Home has no Hyper-V, or virtualization is off " +
      "or not passed on",
      "Use Windows Pro, Enterprise or Server; turn on VT-x or SVM in the firmware's set-up",
      commandFix(
        "In a VM: on its host let virtualization be passed on, while the VM is off",
        "Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $true",
      ),
    ],
    [
      "provider.mode",
      "cause",
      /Maximum memory value is less than|maximum of \d{1,4} virtual processors/i,
      "the VM is to have more processors than this host has, or less memory at the most (maxmemory) than at its start",
      "Correct cpus, memory and maxmemory: maxmemory is at least memory, cpus at most the host's threads",
    ],
    [
      "provider.access",
      "cause",
      /(?:Get|Set|Start|New|Add|Remove|Stop)-V(?:M|HD)\w{0,40} ?: Access is denied/,
      "this needs an administrator's window",
      manualFix("Run it in PowerShell as administrator, or join the group “Hyper-V Administrators” and log in again"),
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /hyper-?v|\bvm\b|machine/i,
    source: "Microsoft Learn (Msvm_ConcreteJob, GetError), crc-org/crc#4648 (2025-02), read 2026-11",
  }, [
    [
      "provider.access",
      "fallback",
      /(?:error|return) (?:code|value):? 327(?:68|7[0-79]|8[0-35-9]|9\d)\b/,
      "Hyper-V refused to do that with the VM; its own log has the reason that the number does not say: a state " +
      "(32775), a value (32773), a time-out (32772), a file, too little memory",
      eventLog,
      commandFix("Check the VM's state", "Get-VM"),
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /wsl|networkingMode/i,
    source: "WSL (2.x); microsoft/WSL#4177 (2019-06), general knowledge, 2026-11",
  }, [
    [
      "host.virtualization",
      "cause",
      /operation is not supported for the type of object referenced|0x8007273d\b/i,
      "a program changed Windows' network interface (Winsock), which WSL needs: a proxy, VPN or parental " +
      "control",
      commandFix("Reset it, then restart Windows", "netsh winsock reset", { root: true, reboot: true }),
      "If it comes back: remove or update that program, or tell it to leave wsl.exe out",
    ],
    [
      "host.virtualization",
      "cause",
      /0x8007023e\b|\{Application Error\}/i,
      "a part of Windows that WSL starts with is damaged, as after an update of Windows that did not finish",
      "Turn Windows Subsystem for Linux and Virtual Machine Platform off in Windows' features, restart, turn them " +
      "on, " +
      "restart; distributions stay",
      commandFix("Then update WSL", "wsl --update --web-download"),
    ],
    [
      "host.virtualization",
      "cause",
      /Failed to configure network \(|\(networkingMode \w{2,20}\)|Falling back to networkingMode|\bWsl\/[\w/]{1,80}\/ConfigureNetworking\//,
      "WSL could not make its network: a VPN, firewall or setting of networkingMode in .wslconfig does not let it, " +
      "or Windows' virtual switch is damaged",
      "Set networkingMode=nat (or mirrored) in %UserProfile%\\.wslconfig, then wsl --shutdown",
      commandFix("Restart Windows' network service for VMs, as administrator", "net.exe stop hns; net.exe start hns", {
        root: true,
      }),
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /GPU|hyper-?v|-VM|\.vhdx|vagrant|packer/i,
    source: "PowerShell (error records); jamesstringer90/Easy-GPU-PV#469 (2026-03)",
  }, [
    ...errorIds.map(([id, check, message, ...fix]): Row => [
      check,
      id === "AccessDenied" ? "symptom" : "fallback",
      new RegExp(`: ${id},Microsoft\\.HyperV\\.PowerShell`),
      message,
      ...fix,
    ]),
    [
      "provider.access",
      "fallback",
      anyOf(
        /\+ CategoryInfo {1,20}: \w{5,30}: |\+ FullyQualifiedErrorId : \w/,
        /You cannot call a method on a null-valued expression|given path's format is not supported/,
      ),
      "a command of a PowerShell script failed; the first error of the script explains those after it",
      "Read the first error from the top; a script that copies a driver into a VM's disk needs the VM off and its " +
      "disk mounted",
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { windowsWords } from "./names-of-windows.mts";

const powershell =
  /powershell|CategoryInfo|FullyQualifiedErrorId|-VM\w{0,30}\b|-VHD|Invoke-|Copy-Item|New-Net|\.ps1|PS [A-Z]:|hyper-?v|packer|vagrant|vbox|qemu|your PC/i;

/** Programs whose services this project knows, or the sentence alone, as wsl.exe prints it. */
const serviceNames = new RegExp(`${windowsWords.source}|docker|^The service cannot be started`, "im");

/** Messages of Windows' PowerShell and of Hyper-V's cmdlets that no other table has. */
export const windowsHostFailures = (): Failure[] => [
  ...rows({ layer: "provider", source: "Microsoft Learn (ERROR_ELEVATION_REQUIRED, DISM), 2026-11" }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /The requested operation requires elevation|Elevated permissions are required to run DISM|0x800702e4\b/i,
        /"#requires" statement for running as Administrator|boot configuration data store could not be opened\. Access is denied/,
        /Access to the registry key '.{1,200}' is denied/,
      ),
      "this needs an administrator's window, and the program did not ask for one",
      "Run it in PowerShell as administrator (right click, Run as administrator)",
    ],
  ]),
  ...rows({ layer: "provider", near: serviceNames, source: "Microsoft Learn (winerror.h), 2026-11" }, [
    [
      "host.virtualization",
      "cause",
      /service cannot be started, either because it is disabled|0x80070422\b/i,
      "a service of Windows that the command needs is disabled: WslService for WSL, vmms for Hyper-V, vmcompute for " +
      "Docker and containers",
      commandFix("WSL: let it start, as administrator", "sc.exe config WslService start= auto", { root: true }),
      commandFix("Hyper-V: the same", "sc.exe config vmms start= auto", { root: true }),
      "Then restart Windows; programs that “optimize” Windows switch services off again",
    ],
  ]),
  ...rows({
    layer: "provider",
    near: powershell,
    source: "Microsoft Learn (Hyper-V, PowerShell), general knowledge, 2026-11",
  }, [
    [
      "tools.present",
      "cause",
      /This version of .{1,200} is not compatible with the version of Windows you're running|This app can't run on your PC|is not a valid Win32 application/,
      "the program's file is for another CPU (ARM, 32 bits, Linux), or its download was cut off",
      "Fetch it again, for this Windows: Settings, System, About shows whether it is x64 or ARM",
    ],
    [
      "provider.access",
      "cause",
      /saved state (?:data|file).{0,60}(?:incompatible|corrupt|cannot be)/,
      "the VM's saved state does not fit this Windows, its CPU or devices",
      commandFix("Throw the saved state away (the disk stays)", "Remove-VMSavedState -VMName NAME"),
      commandFix("A VM with a GPU must not be saved", "Set-VM -Name NAME -AutomaticStopAction ShutDown"),
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /(?:Production c|C)heckpoints? (?:cannot be created|operation .{0,60}failed|.{0,60}are disabled)/,
        /Cannot take checkpoint for '/,
      ),
      "Hyper-V cannot make a checkpoint of this VM: it has a device or GPU partition, its guest services do not " +
      "answer, or " +
      "they are turned off",
      commandFix("A VM with a GPU has none", "Set-VM -Name NAME -CheckpointType Disabled"),
      "Without a GPU: Set-VM -Name NAME -CheckpointType Standard",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /virtual machine is not in a valid state|(?:cannot be performed|not be completed) while the (?:virtual machine|object) is in its current state/,
      ),
      "Hyper-V does that only in another state of the VM, most often while it is off",
      commandFix("Check its state", "Get-VM -Name NAME"),
      commandFix("Shut it down, make the change, then start it again", "Stop-VM -Name NAME"),
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /failed to create '[^']{1,200}\.a?vhdx?': The file exists|0x80070050\b/,
        /Instance MSFT_\w{3,30} already exists/,
      ),
      "the disk, address or rule that the command creates already exists, as after an earlier try",
      "Use the one there, or remove it first; a disk file holds data",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /Could not create SSL\/TLS secure channel/,
        /(?:remote name could not be resolved|No such host is known|Unable to connect to the remote server)/,
      ),
      "PowerShell could not reach the server: no name server or network, a proxy, or an old TLS version",
      "Old PowerShell: [Net.ServicePointManager]::SecurityProtocol = 'Tls12', or use curl.exe",
      "Check the network and the proxy (netsh winhttp show proxy)",
    ],
    [
      "guest.firmware",
      "cause",
      /Set-VMFirmware ?: .{0,60}Generation 1 virtual machines/,
      "the VM is of generation 1: it boots with a BIOS, and has no settings for UEFI and Secure Boot",
      commandFix("List the VMs' generations", "Get-VM | Select-Object Name, Generation"),
      "Update Vagrant or the script, which may set them only for generation 2; or take a box of generation 2",
    ],
    [
      "guest.firmware",
      "cause",
      /secure boot template ID property after the virtual TPM is initialized/,
      "the VM has a virtual TPM already: from then on, the authority of its Secure Boot cannot be changed",
      "Leave the settings of Secure Boot as they are in the VM that is copied",
      "For another authority: set it in a new VM before that gets its TPM",
    ],
    [
      "tools.present",
      "cause",
      /The term '\\{2,4}wsl(?:\$|\.localhost)\\/,
      "Windows' PowerShell does not see that file of WSL: Vagrant in WSL is an AppImage, whose files only WSL sees, " +
      "or the distribution does not run",
      "In WSL: install the package of HashiCorp's repository instead of an AppImage, in the same release as in Windows",
      "Or run Vagrant in Windows",
    ],
    [
      "guest.image",
      "cause",
      /A drive with the name '[^']{1,40}' does not exist/,
      "PowerShell has no drive of that name: the VM's disk is not mounted, has no drive letter, or the script read " +
      "several letters at once",
      commandFix("List the drive letters", "Get-PSDrive -PSProvider FileSystem"),
      "Mount only that disk, while the VM is off, and give a letter to its Windows partition alone (Disk Management)",
    ],
    [
      "provider.access",
      "cause",
      /Access to the path '(?:[D-Z]:|[A-Z]:\\[^']{1,140})\\windows\\system32\\(?!HostDriverStore)[^']{1,80}' is denied/,
      "the script wants to replace a file of Windows itself in the VM's disk, which Windows protects; the VM has its " +
      "own, and the card does not need that copy",
      "Go on without that file: the card needs the folders in System32\\HostDriverStore\\FileRepository and the " +
      "driver's own files (nv*.dll), which the host has in DriverStore\\FileRepository",
      "If all files are denied: run PowerShell as administrator, with the VM off",
    ],
    [
      "provider.access",
      "cause",
      /Access to the path '(?!\/)[^']{1,200}' is denied/,
      "this window's user is not allowed to write that file or folder, or another program has it open",
      "Run PowerShell as administrator; for a file in a VM's disk: the VM must be off and its disk mounted",
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { commandFix, firmwareFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";

/** Errors of Hyper-V and Windows that are not about a GPU. */
export const windowsFailures = (): Failure[] => [
  {
    pattern: /VirtIO-FS Service service terminated|service VirtIO-FS has failed to start/,
    check: "host.folder",
    layer: "driver",
    message:
      "the Windows guest does not mount its shared folder (virtiofs): WinFsp is missing or not of the version that " +
      "the driver needs, or the VM has no such device",
    fix: [
      manualFix(
        "In the guest: install WinFsp (current release), then the virtio-win guest tools again, and restart it",
      ),
      manualFix("On the host: the VM needs a <filesystem> with <driver type='virtiofs'/> and shared memory"),
    ],
    source: "virtio-win (viofs); virtio-win/kvm-guest-drivers-windows#982 (2023-09)",
  },
  {
    pattern: /Hyper-V was unable to find a virtual machine with name/,
    check: "provider.access",
    layer: "provider",
    message: "Hyper-V has no VM of that name: it was not created, or was renamed or removed",
    fix: [
      commandFix("List the VMs  (as administrator)", "Get-VM"),
      manualFix("If up was cut off before: run vagrant destroy for the machine, then up again"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#449 (2025)",
  },
  {
    pattern: anyOf(
      /(?:virtual|Hyper-V) switch .{0,60}(?:not found|could not be found|does not exist)/,
      /There are no virtual switches created for Hyper-V/,
      /Failed to locate switch with name or ID|Could not find Ethernet switch/,
    ),
    near: /hyper-?v|vagrant|packer|VMSwitch|(?:Start|New|Set)-VM|Default Switch/i,
    check: "provider.access",
    layer: "network",
    message: "Hyper-V has no virtual switch of that name",
    fix: [
      commandFix("List them", "Get-VMSwitch"),
      manualFix("Use the Default Switch, or create one (New-VMSwitch -Name lab -SwitchType Internal)"),
    ],
    source: "Vagrant and Packer (Hyper-V); hashicorp/vagrant#3398 (2014-04)",
  },
  {
    pattern: /General access denied error|Hyper-V access check has failed|does not have permission to open attachment/,
    near: /hyper-?v|virtual machine|Start-VM|Import-VM|vhdx|icacls|vagrant|open attachment/i,
    check: "hyperv.card",
    layer: "provider",
    message: "Hyper-V is not allowed to read or write the folder of the VM or its disk: SYSTEM and the VM's " +
      "account lack permissions there",
    fix: [
      commandFix(
        "Give SYSTEM inherited full control of the drive or folder",
        'icacls.exe D:\\ /T /Q /grant "NT AUTHORITY\\SYSTEM:(OI)(CI)F"',
        {
          root: true,
        },
      ),
      commandFix("Give the VM its disk", 'icacls.exe DISK.vhdx /grant "NT VIRTUAL MACHINE\\Virtual Machines:F"', {
        root: true,
      }),
      manualFix("Or keep the lab on the system drive"),
    ],
    source: "Hyper-V, Vagrant 2.3 (providers_hyperv.yml); hashicorp/vagrant#8644 (2017-06)",
  },
  {
    pattern: /Hyper-V failed to determine your machine's IP address/,
    check: "verify.ssh",
    layer: "network",
    message:
      "the VM runs, and Hyper-V learns no address of it: its guest services do not report one, or its switch gives " +
      "none",
    fix: [
      manualFix("Open its console in Hyper-V Manager, and see whether it booted and has an address"),
      manualFix(
        "Install the guest's services in the box (Debian, Ubuntu: hyperv-daemons or linux-cloud-tools; Fedora: " +
          "hyperv-daemons)",
      ),
      manualFix("Use the Default Switch, or a switch with DHCP"),
    ],
    source: "Vagrant (Hyper-V provider); hashicorp/vagrant#3150 (2014-03), kind to date",
  },
  {
    pattern: anyOf(
      /(?:cannot|could not) be started because (?:the hypervisor is not running|one of the Hyper-V components is not running)/,
      /failed to start because one of the Hyper-V components is not running/,
      /\b0x80370102\b|could not be started because a required feature is not installed/,
      /Virtualization (?:is disabled|support is disabled) in the firmware|HCS_E_HYPERV_NOT_INSTALLED/,
      /Invalid namespace "?root\\virtualization/i,
      /Hyper-?V (?:Hypervisor|Windows feature) is disabled|HyperV namespace not found|(?<!PS )Hyper-V not installed/,
      /hyperv does not appear to be installed|'hyperv' driver reported an issue/,
      /Virtualization support appears to be disabled|CPU does not have proper virtualization extensions/,
      /requires `?Virtual Machine Platform`? feature to be enabled|needs to be rebooted in order for Hyper-V/,
    ),
    check: "host.virtualization",
    layer: "hypervisor",
    message:
      "Windows' hypervisor does not run: virtualization is off in the firmware, a Windows feature is off, or it is " +
      "not started at boot",
    fix: [
      firmwareFix("Turn on VT-x or SVM in the firmware's setup"),
      commandFix(
        "Turn on the features that run VMs",
        "dism /online /enable-feature /featurename:VirtualMachinePlatform /all /norestart",
        { root: true, reboot: true },
      ),
      commandFix("Let Windows start it", "bcdedit /set hypervisorlaunchtype auto", { root: true, reboot: true }),
      manualFix("If all of that is on: update the program that asks (Multipass does not support Windows Server)"),
    ],
    source: "Hyper-V, WSL, read 2026-11",
  },
  {
    pattern: /Logon failure: the user has not been granted the requested logon type|0x80070569/,
    near: /hyper-?v|virtual machine|Start-VM/i,
    check: "provider.access",
    layer: "provider",
    message:
      "Windows does not let the VM's account run: a policy took the right “Log on as a service” from NT VIRTUAL " +
      "MACHINE",
    fix: [
      commandFix("Apply the local policies again", "gpupdate /force", { root: true }),
      manualFix("Give “NT VIRTUAL MACHINE\\Virtual Machines” the right “Log on as a service” (secpol.msc)", {
        root: true,
      }),
    ],
    source: "Microsoft, Hyper-V (KB 2779204), read 2026-11",
  },
  {
    pattern: anyOf(
      /Not enough memory in the system to start the virtual machine|Unable to allocate \d{1,9} MB of RAM|: OutOfMemory,Microsoft\.HyperV\.PowerShell/,
      /(?:\bVM|hyper-?v|job)\b.{0,80}(?:error|return) (?:code|value):? 32778\b/,
    ),
    check: "host.memory",
    layer: "hypervisor",
    message: "the host has not enough free memory for the VM",
    fix: [manualFix("Give the machine less (memory:), or close programs on the host")],
    source: "Hyper-V, read 2026-11",
  },
  {
    pattern: anyOf(
      /required (?:permissions?|authorization) to complete this task/,
      /must be run with administrative privileges|requires that Vagrant be run with/,
      /(?:error|return) (?:code|value):? 32769\b/,
      /Hyper-V commands have to be run as|(?:Hyper-?V.{0,40} requires?|requires? Hyper-V) admin(?:istrator)? (?:right|authority)/,
      /(?:Could not find: .{1,80} in|is not a member of) (?:the )?'Hyper-V Administrators'/,
    ),
    near: /hyper-?v|vagrant|-VM(?:\w{0,30})\b/i,
    check: "provider.access",
    layer: "provider",
    message: "Hyper-V is managed by administrators only",
    fix: [
      manualFix(
        "Run this in PowerShell as administrator, or join the group “Hyper-V Administrators” and log in again",
      ),
      manualFix(
        "If it is an administrator's window: $ExecutionContext.SessionState.LanguageMode has to say FullLanguage; a " +
          "policy (WDAC, AppLocker) that says ConstrainedLanguage stops Vagrant",
      ),
    ],
    source: "Hyper-V, Vagrant (Hyper-V provider), read 2026-11",
  },
  {
    pattern: anyOf(
      /Exporting an SMB share failed|SMB share.{0,80}(?:failed|denied)/,
      /No host IP was given to the Vagrant core NFS helper/,
      /SMB shared folders are only available when Vagrant is running/,
    ),
    check: "provider.access",
    layer: "provider",
    message:
      "Vagrant could not share the folder with the VM: SMB needs an administrator and a Windows password, and NFS " +
      "does not work with Hyper-V",
    fix: [
      manualFix("Run it as administrator, and see that no antivirus blocks PowerShell and file sharing is on"),
      manualFix(
        "Or turn the share off: config.vm.synced_folder '.', '/vagrant', disabled: true; or use type: 'rsync'",
      ),
    ],
    source: "Vagrant; hashicorp/vagrant#11874 (2020-09), #7816 (2016-09), kind to date",
  },
  {
    pattern: /The Hyper-V provider only works on Windows/,
    check: "provider.host",
    layer: "provider",
    message: "Hyper-V exists on Windows only",
    fix: [manualFix("Write provider: libvirt on a Linux host")],
    source: "Vagrant 2.3 (2022-08)",
  },
  {
    pattern: /operation cannot be performed while the (?:virtual machine|object) is in (?:its current state|use)/,
    check: "provider.access",
    layer: "provider",
    message: "Hyper-V changes this of a VM only while it is off, and it runs or is saved",
    fix: [
      commandFix("Shut it down", "Stop-VM -Name NAME"),
      commandFix("If it is saved: throw the saved state away", "Remove-VMSavedState -VMName NAME"),
    ],
    source: "Hyper-V, read 2026-11",
  },
  {
    pattern: anyOf(
      /Hyper-V encountered an error trying to access an object on computer/,
      /Virtual Machine Management Service .{0,12}(?:is )?not running|Hyper-V management service not available/,
      /The Hyper-V service (?:does not exist|is set to disabled)|Could not start the Hyper-V service/,
    ),
    check: "provider.access",
    layer: "provider",
    message: "Hyper-V's management service (VMMS) does not answer: it is stopped, or only its PowerShell module is " +
      "installed",
    fix: [
      commandFix("Start it (as administrator)", "Start-Service vmms", { root: true }),
      commandFix(
        "If there is no such service: enable Hyper-V itself",
        "Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All",
        { root: true, reboot: true },
      ),
    ],
    source: "Hyper-V (PowerShell), read 2026-11",
  },
  {
    pattern: /The parameter is incorrect\.? \(?0x80070057|0x80070057\S{0,3}.{0,80}parameter is incorrect/,
    near: /hyper-?v|New-VM|Set-VM|vagrant|packer/i,
    check: "provider.mode",
    strength: "symptom",
    layer: "hypervisor",
    message:
      "Hyper-V does not take a value that it was given: a path, a generation, a size, or a type of disk that does " +
      "not go with another",
    fix: [
      manualFix(
        "Look at the command above that line: generation 2 needs .vhdx, sizes are whole MiB, paths exist and have " +
          "no quotes",
      ),
      commandFix(
        "Read what Hyper-V wrote about it",
        "Get-WinEvent -LogName Microsoft-Windows-Hyper-V-VMMS-Admin -MaxEvents 20",
      ),
    ],
    source: "Hyper-V, through Packer; hashicorp/packer#7964 (2019-08)",
  },
];

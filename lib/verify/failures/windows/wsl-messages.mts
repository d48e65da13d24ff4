import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { atEnd, ownCode, wslFixes } from "./names-of-wsl.mts";

const { shutdown: restart, update, list, parts, reinstall } = wslFixes;

/** Sentences that WSL prints, by topic. */
export const wslMessageFailures = (): Failure[] => [
  ...rows({ layer: "driver", source: "WSL; microsoft/WSL#41050 (2026-07)" }, [
    [
      "hyperv.guest",
      "cause",
      /\/usr\/lib\/wsl\/\S{1,60}: Stale file handle/,
      "the folder of Windows' GPU driver is no longer the one at /usr/lib/wsl: the driver was updated while WSL " +
      "ran, or the container did not get it",
      restart,
      update,
    ],
  ]),
  ...rows({ layer: "driver", source: "microsoft/WSL#11277 (2024-02), #11870 (2024-08)" }, [
    [
      "guest.driver",
      "cause",
      /segmentation fault (?:\(core dumped\) )?(?:\S{0,40}\/)?nvidia-smi|nvidia-smi: .{0,20}segmentation fault/,
      "nvidia-smi itself crashes: in WSL Windows' drivers 551 to 566 did that on some cards, and programs that " +
      "compute can still work",
      "In WSL: install a newer driver in Windows, run wsl --update and wsl --shutdown, then try again",
      "Check whether CUDA works: python3 -c 'import torch; print(torch.cuda.is_available())'",
      "On Linux: its library is of another release than the module; reboot after an update of the driver",
    ],
  ]),
  ...rows({
    layer: "provider",
    source: "microsoft/WSL#13616 (2025-10), #11630 (2024-05); Docker Desktop (2026-01)",
  }, [
    [
      "provider.access",
      "cause",
      /Performing one-time upgrade of the Windows Subsystem for Linux file system/,
      "WSL 1 could not convert the distribution's files after an update of Windows: files in it cannot be changed",
      "Export the distribution (wsl --export NAME FILE), remove it (wsl --unregister NAME deletes it), and import " +
      "the file again as WSL 2: wsl --import NAME FOLDER FILE --version 2",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /could not be found in this WSL 1 distro|This operation (?:requires WSL 2|is only supported by WSL2)\.|'wsl\.exe --set-version \S{1,60} 2'/,
        ownCode("WSL2_NEEDED"),
      ),
      "the distribution is one of WSL 1, and this needs WSL 2",
      "Convert it in PowerShell: wsl --list --verbose, then wsl --set-version NAME 2",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /WSL_E_NESTED_NOT_SUPPORTED|Nested virtualization is not supported on this Windows build/,
        /platform does not support nested virtualization\. Consider not exposing/,
      ),
      "the VM is to run VMs of its own (nested virtualization), which this Windows or CPU does not support: Windows " +
      "10 does not for WSL, nor on CPUs of AMD",
      "For WSL: nestedVirtualization=false below [wsl2] in %UserProfile%\\.wslconfig, then wsl --shutdown and " +
      "wsl --update",
      commandFix(
        "For a VM of Hyper-V, while it is off",
        "Set-VMProcessor -VMName NAME -ExposeVirtualizationExtensions $false",
      ),
    ],
    [
      "host.virtualization",
      "note",
      /wsl: Nested virtualization is not supported on this machine/,
      "WSL starts without nested virtualization: KVM does not work in it, and nothing else is affected",
      "To have no warning: nestedVirtualization=false below [wsl2] in %UserProfile%\\.wslconfig",
      "To have KVM in WSL: Windows 11, and virtualization passed on where Windows itself is a VM",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(/WSL1 is not supported with your current machine/, ownCode("WSL1_NOT_SUPPORTED")),
      "the distribution is one of WSL 1, whose part of Windows is not installed",
      "Convert it: wsl --set-version NAME 2; a new one: wsl --install NAME, with wsl --set-default-version 2 before",
      "To keep WSL 1: turn on Windows Subsystem for Linux in “Turn Windows features on or off”, and restart",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /Virtuali[sz]ation support (?:not|wasn't|was not) detected|virtualization support is not enabled on your machine/,
        /Windows Hypervisor is not present|unable to detect a Hypervisor|data execution protection must be enabled/,
      ),
      "Docker Desktop finds no virtualization: it is off in the firmware, or Windows' hypervisor does not start",
      "Turn on VT-x or SVM in the firmware's setup; in a VM, nested virtualization in the outer one",
      commandFix("Let Windows start its hypervisor, then restart", "bcdedit /set hypervisorlaunchtype auto", {
        root: true,
        reboot: true,
      }),
    ],
  ]),
  ...rows({
    layer: "provider",
    source:
      "microsoft/WSL (localization/strings/en-US, wslservice.idl), #11568 (2024-05), #13060 (2025-06), read 2026-11",
  }, [
    [
      "host.virtualization",
      "cause",
      anyOf(
        /WSL2 is (?:unable to start since|not supported with your current machine configuration)/,
        /Failed to start virtual networking - please install the optional component/,
        /(?:Optional components needed to run WSL|application requires the Windows Subsystem for Linux Optional Component)/,
        /Failed to enable Windows component '|wsl\.exe --install --no-distribution/,
        /Windows Subsystem for Linux is not installed\. You can install|'wsl\.exe --install'|aka\.ms\/enablevirtualization/,
        ownCode("VIRTUAL_MACHINE_PLATFORM_REQUIRED", "WSL_OPTIONAL_COMPONENT_REQUIRED", "INSTALL_COMPONENT_FAILED"),
      ),
      "WSL's VM cannot start: WSL or Virtual Machine Platform is not installed, or virtualization is off in the " +
      "firmware",
      parts,
      "Turn on VT-x or SVM in the firmware's setup",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /Windows version \S{1,30} does not (?:support the packaged version of|have the required features)/,
        /Linux Kernel version \S{1,10} or newer is required|requires a newer version of WSL|optional component must be updated/,
        /does not support WSL 2\.|requires an update to its kernel component|wsl\.exe --mount on ARM64 requires/,
        /wsl[^\n]{0,200}Invalid command line option: --\w|Invalid command line option: --(?:mount|manage|vhd|web-download|name|location)\b/,
        /wsl\.exe --(?:mount|manage|update|version|status)\b[^\n]{0,200}: Copyright \(c\) Microsoft/,
        ownCode("OS_NOT_SUPPORTED", "VM_MODE_NOT_SUPPORTED", "WSL_MOUNT_NOT_SUPPORTED", "PLUGIN_REQUIRES_UPDATE"),
      ),
      "Windows, WSL or its kernel is older than this needs",
      update,
      reinstall,
      "Install the updates of Windows; remove kernel= from %UserProfile%\\.wslconfig if it names an old kernel",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Invalid (?:section name|key name|escaped character:|integer value|IP value|boolean value|mac address|memory string|value|networking mode) .{0,120}(?:wslconfig|wsl\.conf)/,
        /Duplicated config key '|wsl2\.processors (?:cannot exceed|[^\n]{1,160}\(\d{1,4} > \d)|Customised kernel modules were supplied/,
        /The custom (?:kernel|system distribution) .{0,20}specified in/,
        /The VmSwitch '[^']{0,80}' was not found|Bridged networking requires|wsl2\.vmSwitch|aka\.ms\/wslcustomkernel/,
        ownCode("CUSTOM_KERNEL_NOT_FOUND", "CUSTOM_SYSTEM_DISTRO_ERROR", "VMSWITCH_NOT_FOUND", "VMSWITCH_NOT_SET"),
      ),
      "a line of WSL's settings (%UserProfile%\\.wslconfig, or /etc/wsl.conf) is wrong or names a file " +
      "or switch that does not exist",
      "Correct the line that the message names, or move the file away",
      restart,
    ],
    [
      "provider.access",
      "note",
      anyOf(
        /Mirrored networking mode is not supported: |localhost proxy configuration was detected but not mirrored/,
        /wsl: (?:Hyper-V firewall|DNS Tunneling) is not supported|An Http Proxy change has been detected/,
        /IPv6 is disabled on the host in an unsupported way|Failed to create (?:virtual network with|network endpoint with) address/,
      ),
      "WSL uses another kind of network than its settings ask for, which is harmless as long as the network works",
      "Nothing to do; for none of it, write networkingMode=nat below [wsl2] in %UserProfile%\\.wslconfig",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /failed to start because its virtual disk is corrupted/,
        /An error occurred mounting the distribution disk, it was mounted read-only|aka\.ms\/wsldiskmountrecovery/,
      ),
      "the distribution's disk (ext4.vhdx) is damaged",
      "Copy it away first; then repair it: wsl --mount --vhd PATH --bare, and e2fsck -f on that disk " +
      "from another distribution",
      list,
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /because the VHD is currently in use|VHD already mounted via wsl\.exe|The disk '[^']{1,200}' is already attached/,
        new RegExp(atEnd("0x80070020")),
        ownCode("USER_VHD_ALREADY_ATTACHED", "DISK_ALREADY_ATTACHED", "DISK_ALREADY_MOUNTED", "DISTRO_NOT_STOPPED"),
      ),
      "the distribution's disk is open elsewhere: mounted, in another WSL, or in a backup or virus scanner",
      restart,
      "Dismount it (wsl --unmount, or eject it in Explorer), and end the backup program",
    ],
    [
      "guest.image",
      "fallback",
      anyOf(
        /Failed to create the swap disk in '|Failed to attach disk '[^'\n]{1,200}' to WSL|Too many virtual hard disks or physical disks/,
        ownCode("TOO_MANY_DISKS_ATTACHED"),
      ),
      "WSL cannot create or attach a disk, for the reason behind it: the file is missing, its drive is full or " +
      "compressed, or another program has it open",
      restart,
      "Free space on that drive; end backup programs and virus scanners that have the file open",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Administrator access is needed to mount a disk|requires running wsl\.exe as Administrator/,
        /another instance is running (?:un-)?elevated|Running WSL as local system is not supported/,
        ownCode("LOWER_INTEGRITY", "HIGHER_INTEGRITY", "LOCAL_SYSTEM_NOT_SUPPORTED"),
        ownCode("ELEVATION_NEEDED_TO_MOUNT_DISK"),
      ),
      "WSL was started as another user, or with other permissions, than this needs or than the instance that runs",
      "Use one kind of window for all: an ordinary one, or for disks one as administrator",
      restart,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /(?:\bWSL1|wsl\.exe --mount|debug shell|WSL container|\.wslconfig setting '[^']{1,60}') is disabled by the computer policy/,
        /\bWsl\/[\w/]{1,80}\/(?:ERROR_ACCESS_DISABLED_BY_POLICY|0x800704ec|WSLC_E_\w{4,40}POLICY|WSLC_E_CONTAINER_DISABLED)/,
        ownCode("DISK_MOUNT_DISABLED", "WSL1_DISABLED"),
      ),
      "a policy of this computer forbids it",
      "Ask who manages the computer; nothing on this side changes that",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Windows Subsystem for Linux has no installed distributions|There is no distribution with the supplied name|aka\.ms\/wslstore/,
        /Invalid distribution name: /,
        ownCode("DEFAULT_DISTRO_NOT_FOUND", "DISTRO_NOT_FOUND", "DISTRIBUTION_NAME_NEEDED"),
      ),
      "WSL has no distribution of that name for this user, or none at all",
      list,
      commandFix("List those that can be installed", "wsl --list --online"),
      "Install one (wsl --install Ubuntu), or choose the default: wsl --set-default NAME",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /A distribution with the supplied name already exists|supplied install location is already in use/,
        new RegExp(atEnd("ERROR_ALREADY_EXISTS|0x800700b7|ERROR_FILE_EXISTS|0x80070050")),
      ),
      "WSL has a distribution of that name already, or the folder holds one",
      list,
      "Give another name or folder; wsl --unregister NAME deletes the old one with its files",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /imported file is not a valid Linux distribution|distribution hash doesn't match/,
        /(?:Importing|Exporting) the distribution failed/,
        ownCode("IMPORT_FAILED", "EXPORT_FAILED"),
      ),
      "the distribution's file is no root file system, is cut short, or its drive is full",
      "Compare the file's size and checksum with the source's; of a container: docker export, not docker save",
    ],
    [
      "provider.access",
      "cause",
      /WSL installation appears to be corrupted|Failed to (?:install|remove) the MSIX package|A fatal error was returned by plugin '/,
      "WSL's own installation is damaged, or a plugin of another program stops it",
      update,
      "Uninstall it in Windows' settings, restart, and install it again; the distributions stay",
    ],
    [
      "host.virtualization",
      "symptom",
      anyOf(
        /The WSL2 Virtual Machine crashed|Errors occurred during WSL startup/,
        /The distribution failed to start\. Error code: (?!(?:5|22|74|117|30), failure step: 2)/,
      ),
      "WSL's VM or distribution did not start, for the reason in its log",
      restart,
      "In the distribution: dmesg, journalctl -b -p err; a kernel= or kernelCommandLine= in .wslconfig can cause it",
    ],
    [
      "host.virtualization",
      "cause",
      /\bWsl\/[\w/]{1,80}\/ConfigureGpu\//,
      "WSL's VM did not get its GPU partition: Windows' driver of the card does not answer",
      "Update the card's driver in Windows, then restart Windows",
      "To start without it: gpuSupport=false below [wsl2] in %UserProfile%\\.wslconfig",
      restart,
    ],
  ]),
];

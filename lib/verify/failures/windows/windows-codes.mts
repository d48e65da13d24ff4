import type { Failure } from "../types.mts";
import { commandFix, firmwareFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { logOf, windowsWords } from "./names-of-windows.mts";
import { hresult, type Row, rows } from "../rows.mts";

const eventLog = logOf("Worker");
const services = commandFix("Check whether its services run", "sc.exe query vmms; sc.exe query vmcompute");

const codes: Row[] = [
  [
    "provider.version",
    "cause",
    anyOf(hresult(0x8037010d, 0x8037010c), /machine or container JSON document is invalid/),
    "Windows' service for VMs does not take the description of the VM: the program asks for what this Windows does " +
    "not have",
    "Update Windows, then the program; until then use the program's release for this Windows",
    "Take from the VM what is new: a GPU partition, nested virtualization, a shared folder",
    eventLog,
  ],
  [
    "provider.access",
    "symptom",
    anyOf(
      hresult(0x80370100, 0x80370106, 0x80370107, 0x8037011c),
      /virtual machine or container (?:exited unexpectedly|was forcefully exited)/,
    ),
    "the VM ended by itself or was ended, at its start or while it ran; Hyper-V's log says why",
    eventLog,
    "Start it without its GPU, and with less memory, to find the part that ends it",
  ],
  [
    "guest.image",
    "cause",
    hresult(0x8007000d),
    "a file of the VM is not what Windows expects: its settings, its saved state or the file of its firmware are " +
    "damaged, or were made by a newer Windows",
    "Make the VM again with the disk that it has (New-VM -VHDPath DISK.vhdx): the disk stays",
    eventLog,
  ],
  [
    "hyperv.switch",
    "cause",
    /0x803b00[\da-f]{2}\b|-214361(?:6[789]|70)\d{2}\b|\bHCN_E_[A-Z_]{4,40}/,
    "Windows' service for the networks of VMs (HNS) refused the network, its address or its port: it exists already, " +
    "is taken, or the service has lost it",
    commandFix("Restart the service, as administrator", "net.exe stop hns; net.exe start hns", { root: true }),
    commandFix("List the networks", "hnsdiag.exe list networks"),
  ],
  [
    "provider.access",
    "cause",
    hresult(0x80070005, 0x8037011b),
    "Windows refuses access to a file, switch or device of the VM: this window is not an administrator's, or the " +
    "VM's own account (NT VIRTUAL MACHINE\\Virtual Machines) may not read the file",
    commandFix(
      "Give the VMs their folder",
      'icacls.exe FOLDER /T /grant "NT VIRTUAL MACHINE\\Virtual Machines:(OI)(CI)F"',
      { root: true },
    ),
    "Run it as administrator; keep the VM's files out of folders that OneDrive, encryption or an antivirus guards",
    eventLog,
  ],
  [
    "host.memory",
    "cause",
    hresult(0x8007000e, 0x800705af, 0x800705ad),
    "Windows has not enough memory for it: free memory or its page file is too small",
    "Give the VM less (memory:), close programs, or let Windows manage the size of the page file",
  ],
  [
    "host.virtualization",
    "cause",
    hresult(0x80070032),
    "this Windows or this device does not support what was asked for",
    "Whole devices (DDA) need Windows Server; a GPU partition needs its current driver; a VM on a remote drive or in " +
    "a cluster cannot have one",
    eventLog,
  ],
  [
    "provider.access",
    "cause",
    anyOf(
      hresult(0x800705b4, 0x80370109),
      /response was not received from the virtual machine or container(?![^]{0,60}Wsl\/)/,
    ),
    "Windows' service for VMs did not answer in time",
    services,
    "Restart Windows; if it happens again, update Windows and the graphics driver",
  ],
  [
    "hyperv.driver",
    "cause",
    hresult(0x8007001f, 0x80070015, 0x80070490),
    "Windows does not find the device that the VM was given, or its driver does not answer",
    "Restart Windows, update the card's driver, and see in the Device Manager that it works",
    "Take the part or device from the VM, and give it again: a card that was moved has another name",
  ],
  [
    "provider.access",
    "cause",
    hresult(0x8007045d, 0x80070017),
    "a drive reports read or write errors (I/O device error, CRC): the disk or the cable is faulty, or " +
    "it is a damaged download",
    commandFix("List the drives' health", "wmic diskdrive get status"),
    "Copy the VM's disk to another drive, and download images again",
  ],
  [
    "tools.present",
    "cause",
    hresult(0x80070bc9, 0x80070bc2),
    "Windows has to be restarted before that change is complete",
    "Restart Windows, then try again",
  ],
  [
    "provider.access",
    "cause",
    hresult(0x8007052e, 0x80070035, 0x80070043),
    "Windows did not accept the user name and password for a shared folder, or does not find the " +
    "computer that shares it",
    "Use the account's password rather than its PIN; turn on file sharing, and see that no firewall blocks it",
  ],
  [
    "provider.access",
    "cause",
    anyOf(
      hresult(0x800706ba, 0x80370108, 0x8037010a, 0x80370114),
      /connection (?:could not be established )?with the (?:container or virtual machine|virtual machine or container)/,
    ),
    "Windows' service for VMs does not run, or ended",
    services,
    commandFix("Start it, as administrator", "sc.exe start vmcompute", { root: true }),
  ],
  [
    "provider.access",
    "cause",
    anyOf(
      hresult(0x8037010f, 0x80370110, 0x80370105, 0x8037010e),
      /(?:virtual )?machine or container with the specified identifier (?:is not running|does not exist|already exists)(?![^]{0,60}Wsl\/)/,
      /virtual machine or container operation is not valid in the current state/,
    ),
    "the VM that Windows' service for VMs was asked for is in another state than the program expects: it ended, " +
    "is not " +
    "there (any more), or is there already",
    "WSL: wsl --shutdown, then start it again; another program: end what still uses the VM",
    commandFix("List the VMs and their state", "Get-VM"),
    "If the error remains: restart the service vmcompute, or Windows",
  ],
];

/** Error numbers with which Windows turns one of its features on (DISM, CBS). */
const featureCodes: Row[] = [
  [
    "host.virtualization",
    "cause",
    /0x800f0954\b|0x800f0907\b|0x8024500c\b/i,
    "Windows may not fetch the feature's files: a policy sends it to a server of updates (WSUS) that has none",
    "Group Policy, Specify settings for optional component installation: download directly from Windows Update",
    "Or take them from the ISO of the same Windows: dism /online /enable-feature /featurename:NAME /all " +
    "/source:D:\\sources\\sxs",
  ],
  [
    "host.virtualization",
    "cause",
    anyOf(
      /0x800f0(?!80c|907|922|954)[89]\w{2}\b|0x80073712\b|DismInitialize failed/i,
      /component store has been corrupted|source files could not be found/,
    ),
    "Windows cannot turn the feature on: its component store is damaged, or the files are not there",
    commandFix("Repair the store, as administrator", "dism /online /cleanup-image /restorehealth", { root: true }),
    commandFix("Then its files", "sfc /scannow", { root: true }),
    "Install the updates of Windows and restart it, then turn the feature on again",
  ],
  [
    "host.virtualization",
    "cause",
    /0x800f0922\b|couldn't complete the features/i,
    "Windows took the feature back at its restart: a network driver of another program (VMware, VirtualBox, VPN) " +
    "does " +
    "not let it be installed, or the boot partition is full",
    "Uninstall VMware and VPN programs, restart, turn the feature on, restart; then install them again",
    "Give the EFI partition free space (500 MB in all); the reason is in C:\\Windows\\Logs\\CBS\\CBS.log",
  ],
  [
    "host.virtualization",
    "cause",
    /target of the specified cmdlet cannot be a Windows client-based/,
    "the command is for Windows Server, and this is Windows 10 or 11",
    commandFix(
      "Enable Hyper-V here, then restart",
      "Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All",
      { root: true, reboot: true },
    ),
  ],
  [
    "host.virtualization",
    "cause",
    anyOf(
      /operation is complete but .{1,60} feature was not enabled|(?:One or several )?parent features? (?:are|is) disabled/,
      /Ensure that the following parent feature/,
    ),
    "Windows did not turn the feature on: a feature that it belongs to is off, or a restart or an update waits",
    "Restart Windows, then turn it on with all that belongs to it: dism.exe /online /enable-feature " +
    "/featurename:NAME /all",
    "The reason is at the end of C:\\Windows\\Logs\\DISM\\dism.log",
  ],
];

/** Messages of Windows' VM services, by error number and by sentence. */
export const windowsCodeFailures = (): Failure[] => [
  ...rows({
    layer: "hypervisor",
    near:
      /\bdism\b|optional ?feature|parent feature|hyper-?v|virtual|virtuel|\bWsl\b|featurename|Windows(?:Optional)?Feature|requested changes|the features/i,
    source: "Microsoft Learn (Windows Update error reference, DISM), microsoft/WSL#7317 (2021-08), read 2026-11",
  }, featureCodes),
  ...rows({
    layer: "provider",
    near: windowsWords,
    source:
      "Microsoft Learn (system error codes, HCS error codes), jamesstringer90/appsandbox#99 (2026-07), read 2026-11",
  }, [
    [
      "hyperv.switch",
      "cause",
      anyOf(
        /Synthetic Ethernet Port.{0,160}(?:Error|fail)|Failed to allocate resources while connecting to a virtual network/,
        /The Ethernet switch may not exist|Failed to connect Ethernet switch port/,
      ),
      "Hyper-V cannot connect the VM's network adapter: its switch is gone or blocked, as after an update of Windows " +
      "or of a network driver",
      commandFix("List the switches", "Get-VMSwitch"),
      "Choose another switch for the VM (the Default Switch), or make the switch again; restart Windows " +
      "after an update",
    ],
    [
      "host.virtualization",
      "cause",
      /because one of the Hyper-V components is not running|because the hypervisor is not running/,
      "a part of Hyper-V does not run: its hypervisor was not started at boot, virtualization is off, or " +
      "one of its services ended",
      commandFix("Let Windows start the hypervisor", "bcdedit /set hypervisorlaunchtype auto", {
        root: true,
        reboot: true,
      }),
      services,
      firmwareFix("Turn on VT-x or SVM in the firmware's setup"),
    ],
    ...codes,
    [
      "provider.access",
      "symptom",
      /The .{3,60} service terminated (?:unexpectedly|with the following)/,
      "a service of Windows for VMs ended: a file of it is damaged or of another update, or a security program ends it",
      services,
      "Install the updates of Windows and restart; then sfc /scannow as administrator",
      eventLog,
    ],
    [
      "hyperv.card",
      "fallback",
      /Windows Sandbox failed to (?:start|initialize)/,
      "Windows' own VM (Sandbox) did not start, for the reason in its number; with several cards often the GPU that " +
      "it is given",
      "Start it without a GPU: <VGpu>Disable</VGpu> in a .wsb file",
      eventLog,
    ],
    [
      "provider.access",
      "fallback",
      /\bHCS: \{"Error":-\d{9,11}|Failed to create compute system|\bHCS_E_[A-Z_]{4,40}/,
      "Windows' service for VMs (HCS) refused the request, for the reason in its number",
      eventLog,
      services,
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { hypervWords } from "./names-of-windows.mts";
import { type Row, rows } from "../rows.mts";

/** What Hyper-V's cmdlets say about disks, imports and sessions in a VM. */
const commands: Row[] = [
  [
    "guest.image",
    "cause",
    /is not an existing virtual hard disk file/,
    "the path names no disk of a VM: the file is not there, or the command looks in another folder",
    "Give the whole path (C:\\…\\NAME.vhdx), and check that the file is there",
  ],
  [
    "guest.image",
    "cause",
    /resize operation could not be performed because it may truncate/,
    "the new size is smaller than what the disk's partitions use",
    "Shrink the partitions in the guest first, or choose a larger size",
    commandFix("Show the smallest size", "Get-VHD PATH | Format-List Size, MinimumSize, FileSize"),
  ],
  [
    "guest.image",
    "cause",
    /Failed to compact the virtual disk|The system failed to compact/,
    "Windows cannot shrink this file: the disk is in use, of fixed size or part of a chain, or not mounted read-only",
    "Shut the VM down, delete its checkpoints, mount the disk read-only, then compact it",
    "A WSL disk: wsl --shutdown first; an Ubuntu or Debian guest frees more after fstrim -a",
  ],
  [
    "guest.image",
    "cause",
    anyOf(
      /Hyper-V did not find virtual machines? to import/,
      /Unable to import virtual machine due to configuration errors/,
    ),
    "Hyper-V does not import this: the folder holds no export that this Windows reads, or names disks and switches " +
    "that " +
    "are not here",
    "Choose the folder with “Virtual Machines” in it, on a local drive; an export of a newer Windows is not read",
    "Or make the VM here with the disk of the export (New-VM -VHDPath DISK.vhdx)",
  ],
  [
    "provider.access",
    "cause",
    /virtual machine with the same identifier already exists/,
    "the VM that is imported is here already: the import keeps its ID",
    "Import it as a copy with a new ID, or remove the VM that is here",
    commandFix("List the VMs with their IDs", "Get-VM | Format-List Name, VMId, State"),
  ],
  [
    "guest.image",
    "cause",
    /Generation 2 virtual machines? do(?:es)? not support .{0,40}\.vhd\b|disk is already connected to the virtual machine/,
    "the disk does not go to this VM: generation 2 takes .vhdx only, and one disk connects once",
    "A .vhd: convert it to .vhdx (Hyper-V Manager, Edit Disk), or make the VM with generation 1",
    "A disk that is connected: remove it from the VM's settings first",
  ],
  [
    "hyperv.card",
    "cause",
    /manufacturer of this device has not supplied any directives/,
    "Windows does not pass this device on without -Force: its maker gave no instructions for that, as with " +
    "consumer cards",
    commandFix(
      "Take it from Windows all the same, where the guest is one that you trust",
      "Dismount-VMHostAssignableDevice -LocationPath PATH -Force",
      { root: true },
    ),
  ],
  [
    "hyperv.card",
    "cause",
    /virtualization driver \(pcip\.sys\) failed to load/,
    "Windows lacks the driver that holds a device for a VM: whole devices go to a VM on Windows Server only",
    "On Windows 10 or 11: use a GPU partition, gpu: {mode: partition}",
    "On Windows Server: switch Hyper-V on, then restart",
  ],
  [
    "hyperv.card",
    "fallback",
    /Failed to finish reserving resources/,
    "Hyper-V could not set aside what the VM or its device asks for: address space, memory or the card's own memory",
    commandFix(
      "Give the VM more address space, while it is off",
      "Set-VM -Name NAME -GuestControlledCacheTypes $true -LowMemoryMappedIoSpace 1GB -HighMemoryMappedIoSpace 32GB",
    ),
    "End programs and VMs that use the card; leave the partition's VRAM, encode and decode values at their defaults",
    "Update the host's GPU driver, then restart the host; 0x800705AA: free memory of the host",
  ],
  [
    "hyperv.guest",
    "symptom",
    anyOf(
      /(?:New-PSSession|Enter-PSSession|Invoke-Command).{0,200}remote session might have ended/s,
      /Hyper-V socket target process has ended|An error has occurred which Windows PowerShell cannot handle/,
    ),
    "PowerShell did not get into the guest (PowerShell Direct): the guest still starts, runs no Windows, or " +
    "refuses the " +
    "user or password",
    "Wait until the guest shows its login; give a local user of the guest with a password that is not empty",
    "A Linux guest has no PowerShell Direct: use SSH",
  ],
  [
    "provider.access",
    "cause",
    /input VMName .{1,80} does not resolve to a single virtual machine/,
    "PowerShell finds no VM, or more than one, of that name",
    commandFix("List the VMs with their IDs", "Get-VM | Format-List Name, VMId, State"),
    "Not as administrator, it finds none: start PowerShell as administrator; two of one name: use -VMId",
  ],
  [
    "hyperv.guest",
    "cause",
    /Failed to initiate copying files to the guest|Failed to copy the source file .{1,200} in the guest/,
    "Hyper-V copies no file into the guest: the VM's “Guest services” are off, or the guest does not run their service",
    "Tick Guest services in the VM's settings, Integration Services; in a Linux guest install hyperv-daemons or " +
    "linux-cloud-tools-virtual",
  ],
  [
    "hyperv.switch",
    "cause",
    /Get-NetNat ?: Invalid (?:class|namespace)/,
    "Windows' part for NAT is not there: the edition lacks it, Hyper-V or Containers is off, or WMI is damaged",
    "Use the switch “Default Switch”, which needs no NAT of its own; else switch the feature Hyper-V on and restart",
  ],
  [
    "guest.firmware",
    "cause",
    /Host Guardian Service Client failed/,
    "the VM's virtual TPM is locked to the host where it was made: this Windows lacks its keys",
    "Bring the certificates “Shielded VM Local Certificates” of that host here, or remove the TPM from the VM's " +
    "settings",
    "A guest with BitLocker then asks for its recovery key",
  ],
];

/**
 * What programs say that reach Hyper-V over the network (Terraform, Ansible), and that copy drivers into a VM's
 * disk.
 */
const programs: Row[] = [
  [
    "provider.access",
    "cause",
    /401 - invalid content type|WinRM.{0,80}(?:401|the specified credentials were rejected)/,
    "Windows refused the login over WinRM: user or password are wrong, or WinRM does not allow the way of login or " +
    "connections without encryption",
    "Use https on port 5986 and use_ntlm = true (Packer: winrm_use_ntlm), with a user who is an administrator there",
    commandFix("Show what it allows, on that Windows as administrator", "winrm get winrm/config/service", {
      root: true,
    }),
  ],
  [
    "provider.access",
    "cause",
    /\/wsman"?: .{0,120}(?:actively refused|connection refused|i\/o timeout|connected party did not)/,
    "WinRM does not answer on that Windows: it is off, has no listener on that port, or the firewall blocks it",
    commandFix("Switch it on, on that Windows as administrator", "winrm quickconfig", { root: true }),
    "Port 5986 needs a listener with a certificate; 5985 is the one without encryption",
  ],
  [
    "hyperv.switch",
    "cause",
    /no External vswitch nor Default Switch found/,
    "Hyper-V has no switch for the VM: no external one, and the “Default Switch” is missing, as on Windows Server",
    commandFix("List the switches", "Get-VMSwitch"),
    "Make one in Hyper-V Manager (Virtual Switch Manager, External), and name it: --hyperv-virtual-switch NAME",
  ],
  [
    "host.virtualization",
    "cause",
    /This computer is running Hyper-V\. VirtualBox won't boot/,
    "Windows' hypervisor runs, and this program does not start VirtualBox next to it",
    "Use Hyper-V's driver (minikube start --driver=hyperv), or Docker's (--driver=docker)",
    "Or without Hyper-V and WSL: bcdedit /set hypervisorlaunchtype off, then restart Windows",
  ],
  [
    "guest.image",
    "cause",
    /(?:GPU-?PV?|Hyper-?V).{0,80}find the (?:VM's |virtual machine's )?system partition|find the (?:VM's |virtual machine's )?system partition .{0,40}virtual (?:hard )?disk/i,
    "the drivers cannot be copied into the VM's disk: its Windows is encrypted with BitLocker, which Windows 11 " +
    "switches on by itself, or the disk has no Windows",
    "In the guest, as administrator: manage-bde -off C:, wait until it is done, shut the guest down, then try again",
  ],
];

/** What Hyper-V's cmdlets and PowerShell Direct say in sentences of their own. */
export const hypervCommandFailures = (): Failure[] => [
  ...rows({
    layer: "provider",
    near: hypervWords,
    source: "Microsoft Learn (Hyper-V, PowerShell Direct), oneclick-gpu-pv#3 (2023-08), openzfs#381 (2024-05)",
  }, commands),
  ...rows({
    layer: "provider",
    source: "kubernetes/minikube#20441 (2025-02), taliesins/terraform-provider-hyperv#102 (2022-03), #203 " +
      "(2023-04); Justsenger/ExHyperV#43 (2025-11), " +
      "#212 (2026-05)",
  }, programs),
];

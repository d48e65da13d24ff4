import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { type Row, rows } from "../rows.mts";
import { hypervWords, logOf } from "./names-of-windows.mts";

const hypervisorOn = commandFix(
  "Let Windows start its hypervisor, then restart",
  "bcdedit.exe /set hypervisorlaunchtype auto",
  {
    root: true,
    reboot: true,
  },
);
const vms = commandFix("Check the VMs and their state", "Get-VM");

/** Words of Hyper-V: other programs have checkpoints and disks too. */
const eventWords =
  /hyper-?v|virtual (?:machine|hard disk|disk|switch|TPM|network)|\bVMs?\b|\bvmms\b|vmwp|\.a?vhdx?\b|\b\w{3,12}-(?:VM|VHD)\w{0,40}\b|Default Switch|mshome|boot loader failed|Press any key to boot|checkpoint operation|disk merge|of this virtual|authorization policy|paused for critical|is about to run out of disk space|Internet Connection Sharing switch|Attachment '|Instance ID|Video remoting|service principal|' could not initialize memory|credentials may not be sent|assigned device|GPU partition/i;
/** Events and errors of Hyper-V's services whose words no other program has. */
const events: Row[] = [
  [
    "host.virtualization",
    "cause",
    anyOf(
      /(?:The '[^'\n]{1,60}' )?driver required by the Virtual Machine Management service is not installed|Could not initialize the Hyper-V Virtual Machine Management/,
    ),
    "Hyper-V's services run without its hypervisor or one of its drivers: Windows did not start it at boot, or the " +
    "feature is only partly installed",
    hypervisorOn,
    "If the error remains: turn Hyper-V off in Windows' features, restart, turn it on again, restart; the VMs stay",
  ],
  [
    "host.virtualization",
    "note",
    /A hypervisor has been detected\. Features required for Hyper-V will not be displayed/,
    "systeminfo finds a hypervisor that runs: on a host that is Windows' own, and virtualization is on; in a VM " +
    "it can " +
    "be the host's",
    "Nothing to do",
  ],
  [
    "host.memory",
    "cause",
    /could not initialize memory: |Ran out of memory \(0x8007000E\)/,
    "the host has no room for the VM's memory",
    "Give the machine less (memory:), close programs or stop other VMs on the host",
    logOf("Worker"),
  ],
  [
    "guest.image",
    "cause",
    /could not create or access saved state file|saved state file .{1,200} (?:is missing|cannot be opened)/,
    "Hyper-V cannot write or read the file of the VM's saved state: its folder is gone, full or not readable for it",
    "Check the drive of the VM's folder and its free space",
    commandFix("Delete the saved state, which loses only the VM's memory", "Remove-VMSavedState -VMName NAME"),
  ],
  [
    "provider.access",
    "note",
    /Failed to register (?:the )?service principal name/,
    "Hyper-V did not register itself in the domain, which only remote management and live migration need",
    "Nothing to do for VMs on this host",
  ],
  [
    "provider.access",
    "symptom",
    /worker process for virtual machine .{1,80} failed to respond within/,
    "the program of Windows that runs the VM (vmwp.exe) did not start in time: the host is short of memory or " +
    "its disk " +
    "is slow, or a device of the VM blocks",
    logOf("Worker"),
    "Restart Windows, then start the VM without its GPU to find the part that blocks",
  ],
  [
    "host.disk",
    "cause",
    /paused for critical error|(?:disk|drive) .{1,200} is (?:critically )?(?:low|running out of|running low) ?(?:on|of)? (?:disk )?space/,
    "Hyper-V paused the VM because of its disk: the drive is full, gone, or answers with errors",
    "Free space on the drive with the VM's disks, then resume the VM",
    vms,
  ],
  [
    "guest.image",
    "cause",
    /Virtual Machines? configuration .{1,200} is no longer accessible|because the virtual machine configuration is missing/,
    "Hyper-V lost the folder of the VM's settings: its drive is gone, was renamed, or the files were moved",
    "Bring the drive or folder back under its old path, then restart the service",
    commandFix("Restart Hyper-V's service; VMs run on", "net.exe stop vmms; net.exe start vmms", { root: true }),
  ],
  [
    "guest.firmware",
    "cause",
    /Virtual TPM.{0,60}(?:Failed to|Error)|Keyset does not exist.{0,8}0x80090016|0x80090034\b/,
    "the VM's virtual TPM has no key that this Windows can open: the VM or the host's certificates were moved",
    "Bring the certificates “Shielded VM Local Certificates” of the old host here",
    "Or take the TPM away in the VM's settings while it is off (Security); a guest with BitLocker then asks for its " +
    "recovery key",
  ],
  [
    "provider.access",
    "cause",
    anyOf(
      /could not initiate a checkpoint operation(?!.{0,160}General access denied)|attempting to checkpoint the selected/,
      /' failed to (?:apply|delete|create) (?:the )?checkpoint|Checkpoint(?:-VM| operation) .{0,40}(?:was cancelled|timed out)/,
    ),
    "Hyper-V did not make, apply or delete the checkpoint: a file of the VM's disks is missing or open " +
    "elsewhere, the " +
    "chain of disks is broken, or the guest's backup service (VSS) does not answer",
    commandFix("Check the chain of the disk", "Get-VHD PATH | Select-Object Path, ParentPath, VhdType"),
    "Shut the VM down, let Hyper-V merge what waits, and restart its service (vmms)",
    "Without the guest's help: Set-VM -Name NAME -CheckpointType Standard; a VM with a GPU has no checkpoints",
    logOf("VMMS"),
  ],
  [
    "provider.access",
    "cause",
    /(?:background )?disk merge (?:failed to complete|has been interrupted)|Cannot (?:delete|remove) (?:the )?checkpoint/i,
    "Hyper-V did not merge a checkpoint into the VM's disk: a file of the chain is open elsewhere, may not be " +
    "read, or " +
    "the drive is full",
    "Shut the VM down: Hyper-V merges then; do not delete files of the type .avhdx yourself",
    "End backups and virus scanners that have the files open, and free space on the drive",
    logOf("VMMS"),
  ],
  [
    "provider.access",
    "cause",
    anyOf(
      /You do not have the required permission to complete this task/,
      /authorized to connect to the (?:server|virtual machine)|attempting to connect to server .{1,80}Virtual Machine Management/,
    ),
    "Hyper-V is managed by administrators only, or its management service does not run",
    "Run it as administrator, or join the group “Hyper-V Administrators” and log in again",
    commandFix("Check the service", "sc.exe query vmms"),
  ],
  [
    "verify.ssh",
    "cause",
    anyOf(
      /Cannot connect to the virtual machine\. Try to connect again|Video remoting was disconnected/,
      /connection will not be made because credentials may not be sent/,
    ),
    "the window to the VM (Virtual Machine Connection) did not open, which says nothing about the VM itself",
    "Close it, and connect again as administrator of this host; the VM and SSH into it run on",
    commandFix("Restart Hyper-V's service; VMs run on", "net.exe stop vmms; net.exe start vmms", { root: true }),
  ],
  [
    "hyperv.card",
    "cause",
    anyOf(
      /Dynamic Memory.{0,120}(?:assigned device|discrete device|not supported with|GPU partition)/i,
      /assigned devices? (?:require|need)s? static memory|(?:assigned device|GPU partition).{0,80}(?:dynamic memory|live migrat|automatic stop action)/i,
      /device assigned to this virtual machine prevents|cannot be (?:live )?migrated because .{0,60}(?:GPU|device)/i,
    ),
    "a VM with a card or a partition of it has fixed memory, is not saved and does not move to another host",
    commandFix("Give it fixed memory, while it is off", "Set-VM -Name NAME -StaticMemory -AutomaticStopAction TurnOff"),
  ],
  [
    "hyperv.card",
    "cause",
    /device is (?:already )?assigned to (?:another |the )?virtual machine|already assigned to a virtual machine/,
    "another VM has the device: a whole card goes to one VM only",
    commandFix("List which VMs have devices", "Get-VM | Get-VMAssignableDevice"),
    commandFix(
      "Take it from that VM (OTHER) while it is off, then give it to this one",
      "Get-VMAssignableDevice -VMName OTHER | Remove-VMAssignableDevice",
    ),
  ],
  [
    "hyperv.switch",
    "cause",
    anyOf(
      /is already bound to (?:the Microsoft Virtual Switch protocol|another virtual network)/,
      /Error applying (?:new virtual network|Virtual Switch Properties) changes/,
    ),
    "the network adapter belongs to a Hyper-V switch already, or kept the binding of one that is gone",
    commandFix(
      "List the switches and their adapters",
      "Get-VMSwitch | Format-List Name, SwitchType, NetAdapterInterfaceDescription",
    ),
    "Use that switch; if there is none: in the adapter's properties untick “Hyper-V Extensible Virtual Switch”, then " +
    "create the switch again",
  ],
  [
    "hyperv.switch",
    "cause",
    /(?:automatic Internet Connection Sharing switch|Default Switch['"”]?) (?:cannot|can not|can't) be (?:modified|removed|deleted|renamed)/i,
    "the “Default Switch” belongs to Windows, which does not let it be changed or removed",
    "Leave it, and create a switch of your own: New-VMSwitch -Name lab -SwitchType Internal",
  ],
  [
    "guest.image",
    "cause",
    anyOf(
      /virtual hard disk is corrupted|does not recognize the file format of this virtual hard disk/,
      /virtual disk support provider for the specified file was not found|specified disk is not a virtual disk/,
      /Failed to (?:mount|set new parent for) the virtual disk|(?<!Wsl\/[\w/]{1,80})0xC03A00[01][0-9a-f]\b/i,
    ),
    "Windows cannot use that file as a VM's disk: it is damaged or cut off, of another format, or its base disk " +
    "changed",
    commandFix("Show what it is", "Get-VHD PATH | Format-List Path, VhdFormat, VhdType, ParentPath"),
    "Take it from a backup, or fetch the image again; another format: convert it with qemu-img (-O vhdx)",
  ],
  [
    "guest.image",
    "cause",
    /virtual (?:hard )?disk .{0,200}cannot be resized|Failed to resize the virtual disk/,
    "Hyper-V does not change the size of this disk: it has checkpoints, is a base disk, or is in use",
    "Shut the VM down and delete its checkpoints; a disk of generation 1 (IDE) is resized while the VM is off",
    commandFix("Show the chain", "Get-VHD PATH | Select-Object Path, ParentPath, VhdType"),
  ],
  [
    "hyperv.switch",
    "cause",
    /Failed to resolve hostname \S{1,80}\.mshome\.net/,
    "Windows does not know the VM's name in the network of its “Default Switch” (mshome.net): the VM has no " +
    "address yet, " +
    "or a VPN or a damaged hosts.ics answers instead",
    "Wait until the VM has booted; end the VPN, and restart the VM",
    "If the error remains, as administrator: delete C:\\Windows\\System32\\drivers\\etc\\hosts.ics, and restart " +
    "Windows",
  ],
  [
    "guest.firmware",
    "cause",
    /The boot loader failed - Time out|Press any key to boot from (?:the )?(?:CD|DVD)(?! or DVD[.\s]{1,20}Windows is loading|[.\s]{1,20}Windows is loading)/i,
    "the VM's firmware found nothing to start: the installer's DVD waited for a key, or its boot loader does not fit",
    'Press a key as soon as the VM starts; Packer: boot_wait = "-1s" and a boot_command of a few <enter>',
    "Put the drive with the system first in the boot order",
  ],
  [
    "guest.image",
    "cause",
    /0x800700A1\b|0x8007007B\b|0x800700CE\b/i,
    "a path of the VM is not one that Windows takes: a drive that is gone, a character that is not allowed, or " +
    "too long",
    "Put the VM into a short folder of a local drive, such as C:\\VMs",
    logOf("VMMS"),
  ],
];

/** What Hyper-V says about the state of a VM without the reason, which its log has. */
const states: Row[] = [
  [
    "provider.access",
    "symptom",
    anyOf(
      /shutdown integration component is (?:not available|either disabled)|failed to shut down\. The .{0,40}integration/,
    ),
    "Hyper-V cannot shut the guest down: its integration services do not run, or it has not finished booting",
    "Shut it down inside the guest, or turn it off after its data is safe (Stop-VM -Name NAME -TurnOff)",
    "Debian and Ubuntu guests: install hyperv-daemons or linux-cloud-tools-virtual",
  ],
  [
    "provider.access",
    "fallback",
    anyOf(
      /' failed to (?:start|initialize|change state|save|restore|reset|shut down|pause|resume|modify settings|add resources?)\b/,
      /' could not initialize\.|: Failed to Power on with Error '|Failed to export virtual machine|The operation failed with error code '327/,
      /The WMI provider 'Vmms\w{4,60}' (?:has encountered|failed)|Virtual Machine Management service (?:encountered an unexpected error|failed to start)/,
    ),
    "Hyper-V could not do that with the VM or one of its devices, for the reason in the message or in its log",
    logOf("VMMS"),
    logOf("Worker"),
  ],
];

/** Events of Hyper-V's log, and sentences of its services. */
export const hypervEventFailures = (): Failure[] =>
  rows(
    {
      layer: "provider",
      near: eventWords,
      source: "Microsoft Learn (Hyper-V events, winerror.h), general knowledge, 2026-11",
    },
    events,
  );

/** Sentences of Hyper-V that say that something failed, after all others. */
export const hypervStateFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near: hypervWords,
    shared: true,
    source: "Microsoft Learn (Hyper-V events), general knowledge, 2026-11",
  }, states);

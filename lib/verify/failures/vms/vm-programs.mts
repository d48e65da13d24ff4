import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const vms = commandFix("Check what VirtualBox has", "VBoxManage list vms; VBoxManage list hdds");
const vboxLog = "Read the VM's log: Logs/VBox.log in its folder (on Windows also VBoxHardening.log)";
const hyperv =
  "Read the event log: Applications and Services Logs, Microsoft, Windows, Hyper-V-Worker and Hyper-V-VMMS";

/** VirtualBox's status codes, and Hyper-V's and Windows' messages about passed cards, by topic. */
export const vmProgramFailures = (): Failure[] => [
  ...rows(
    {
      layer: "hypervisor",
      near: /virtualbox|vbox|VERR_/i,
      source: "VirtualBox (include/iprt/err.h, VBox/err.h, VirtualBox.xidl), general knowledge, 2026-11",
    },
    [
      [
        "provider.access",
        "cause",
        anyOf(
          /is already locked (?:for|by) a session|VBOX_E_INVALID_OBJECT_STATE|while it is locked|has a lock request pending/,
          /[Mm]edium '[^']{1,200}' is locked for (?:reading|writing) by another task/,
          /VERR_(?:SHARING_VIOLATION|LOCK_FAILED)/,
        ),
        "another VirtualBox process has that VM or disk: it still runs or ended badly",
        "If that VM runs (VBoxManage list runningvms): use it, or shut it down",
        "If none runs: end leftover VBoxHeadless and VBoxSVC processes, then try again",
        vms,
      ],
      [
        "host.disk",
        "cause",
        /Appliance write failed|Error exporting virtual machine/,
        "VirtualBox could not write the exported VM: its disk is full, the folder is gone, or another program has " +
        "the file open",
        "Free space (an export needs as much as the VM's disks), remove what an earlier build left, and try again",
        "On Windows: exclude the output folder from the virus scanner",
      ],
      [
        "guest.image",
        "cause",
        /Could not get the storage format of the medium|can't be used as the requested device type/,
        "VirtualBox cannot read that disk or ISO file: it is cut short or damaged, or no image",
        "Compare its size and checksum with the publisher's, and fetch it again",
      ],
      [
        "guest.image",
        "cause",
        anyOf(
          /Cannot register the hard disk|UUID \{?[\w-]{36}\}? .{0,120}(?:does not match|already exists)/,
          /VERR_ALREADY_EXISTS|machine '[^']{1,120}' with UUID \S{1,40} is already registered/,
          /(?:Shared folder|controller) named '[^']{1,80}' already exists|NAT rule of this name already exists/,
        ),
        "VirtualBox knows a VM, disk, file or rule of that name or id already, from a VM that is gone or an " +
        "earlier attempt",
        vms,
        "Remove it from VirtualBox's list; its file stays: VBoxManage closemedium disk UUID",
      ],
      [
        "provider.mode",
        "cause",
        /(?:RawFile|NamedPipe|HostSerial|HostParallel)#\d{1,3} (?:failed to|Failed to)|Cannot open host device '[^']{1,80}' for read\/write/,
        "VirtualBox cannot open the file, pipe or device that the VM's serial port is connected to: the box names a " +
        "path of another system or folder",
        'In the Vagrantfile: vb.customize ["modifyvm", :id, "--uartmode1", "disconnected"]',
      ],
      [
        "guest.image",
        "cause",
        anyOf(
          /Could not find (?:a registered machine|file for the medium)|VBOX_E_(?:OBJECT_NOT_FOUND|FILE_ERROR)/,
          /VERR_(?:FILE|PATH)_NOT_FOUND/,
        ),
        "VirtualBox does not find that VM, or a file of it",
        vms,
      ],
      [
        "host.disk",
        "cause",
        /VERR_(?:DISK_FULL|WRITE_PROTECT|ACCESS_DENIED)|VBOX_E_HOST_ERROR.{0,80}(?:space|denied)/,
        "VirtualBox cannot write: the disk is full, or the folder belongs to another user",
        "Free space, or give the folder of the VMs to your user",
      ],
      [
        "host.memory",
        "cause",
        /VERR_NO_(?:MEMORY|LOW_MEMORY|PAGE_MEMORY|CONT_MEMORY)|VERR_GMM_\w{3,40}|VERR_OUT_OF_RESOURCES/,
        "VirtualBox found too little free memory on the host for the VM",
        "Give the machine less memory:, or end other VMs",
      ],
      [
        "provider.access",
        "cause",
        anyOf(
          /VERR_INTNET_\w{3,40}|Failed to open\/create the internal network/,
          /Nonexistent host networking interface|VERR_SUPDRV_COMPONENT_NOT_FOUND/,
        ),
        "VirtualBox's network driver is not loaded, or the host's interface that the VM names is gone",
        "Load it (modprobe vboxnetflt vboxnetadp), or choose another interface",
      ],
      [
        "provider.mode",
        "cause",
        anyOf(
          /Implementation of the USB [23]\.0 controller not found/,
          /Extension Pack .{0,80}(?:not installed|required|fail)|VERR_PDM_DEVICE_NOT_FOUND|VBOX_E_EXTPACK/,
        ),
        "the VM uses a device of VirtualBox's Extension Pack, which is not installed or of another release",
        "Install the Extension Pack of this release, or turn that device off",
      ],
      [
        "provider.access",
        "fallback",
        anyOf(
          /\bVERR_[A-Z]\w{3,60}|\bVBOX_E_[A-Z]\w{3,60}|\bNS_ERROR_(?:FAILURE|CALL_FAILED|FACTORY)/,
          /E_FAIL \(0x80004005\)/,
        ),
        "VirtualBox reports an error by its code",
        vboxLog,
      ],
    ],
  ),
  ...rows({
    layer: "hypervisor",
    near: /hyper-?v|import_vm\.ps1|AssignableDevice|vmms|\bWsl\b|dxg|nvlddmkm|virtual machine|gpu/i,
    source: "Microsoft Learn (Discrete Device Assignment, GPU partitioning), general knowledge, 2026-11",
  }, [
    [
      "hyperv.card",
      "cause",
      anyOf(
        /Automatic Stop Action.{0,120}(?:assign|Turn ?Off)/,
        /dynamic memory .{0,120}(?:assign|passthrough|discrete)/,
      ),
      "a VM with a whole card needs its automatic stop action set to turn off, and fixed memory",
      "Set-VM -Name NAME -AutomaticStopAction TurnOff -StaticMemory",
    ],
    [
      "hyperv.card",
      "cause",
      anyOf(
        /(?:not enough|insufficient|out of) MMIO space/,
        /MMIO (?:space|range|gap).{0,80}(?:insufficient|exceeded|too small|too little|not enough)/,
      ),
      "the VM has too little MMIO space for the card's memory",
      "Set-VM -Name NAME -GuestControlledCacheTypes $true -LowMemoryMappedIoSpace 3GB -HighMemoryMappedIoSpace 64GB",
    ],
    [
      "hyperv.card",
      "symptom",
      anyOf(
        /(?:Dismount|Mount|Add|Remove)-VM(?:Host)?AssignableDevice\s?: /,
        /assignable device.{0,120}(?:in use|not found|cannot|could not|failed)/,
      ),
      "Windows could not take the device away from the host or give it to the VM (DDA)",
      "Disable the device in Device Manager first, then dismount it with its LocationPath, and use Windows Server",
      hyperv,
    ],
    [
      "hyperv.card",
      "cause",
      /Virtual P(?:CI|ci) Express Port.{0,160}(?:fail|error|denied|0x\w{8})/,
      "Hyper-V could not start the VM with the card that is passed whole (DDA): the card is gone, in use, or was " +
      "not dismounted",
      hyperv,
    ],
    [
      "hyperv.driver",
      "symptom",
      anyOf(
        /nvlddmkm.{0,120}(?:stopped responding|Event ID|event|error|recovered)/,
        /Display driver \w{3,20} stopped responding|VIDEO_TDR_(?:FAILURE|ERROR)/,
      ),
      "Windows' NVIDIA driver hung and was reset, or gave up",
      "Install the driver again (in a guest with a GPU partition: the files of the host's driver)",
      "Look for power or temperature faults of the card if it happens again",
    ],
    [
      "hyperv.guest",
      "fallback",
      /(?<!install-)\bdxgkrnl: .{0,80}(?:fail|error|-\d|denied|unable)|dxgvmb_\w{4,40}|dxgkio_\w{4,40}.{0,40}failed/,
      "dxgkrnl, the guest's side of a Windows GPU partition, reports an error; where nvidia-smi works it is harmless",
      "Update the host's driver, and copy its files into the guest again",
    ],
    [
      "hyperv.card",
      "cause",
      /Cluster resource '[^']{1,80}' of type 'Virtual Machine'/,
      "a VM with a GPU partition does not run as a cluster's resource (possible since Windows Server 2025 only)",
      "Start it outside of the cluster, or use Windows Server 2025 with the same cards on each host",
      hyperv,
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /A parameter cannot be found that matches parameter name '(?:Generation|NewVMName|VMName|Version|GuestStateIsolationType)'/,
        /Unable to find type \[Microsoft\.HyperV\.PowerShell/,
        /(?:ExposeVirtualizationExtensions|CheckpointType|AutomaticCheckpointsEnabled) is not available/,
        /version of Hyper-V does not support virtual machine virtualization extension/,
      ),
      "this Windows' Hyper-V cmdlets are older than the script expects",
      "Update Windows, or use a release of the program that fits it",
      hyperv,
    ],
    [
      "provider.version",
      "symptom",
      /(?:Compare|Import)-VM : Failed to import a virtual machine/,
      "Hyper-V does not import the box's VM: it was exported by a newer Hyper-V than this one, or files of it " +
      "are missing",
      commandFix("List the versions of VMs that this Windows can run", "Get-VMHostSupportedVersion"),
      "Update Windows, or use an older release of the box (config.vm.box_version); fetch it again: vagrant box remove",
      hyperv,
    ],
    [
      "provider.access",
      "fallback",
      anyOf(
        /(?:Start-VM|New-VM|New-VHD|Set-VM|Add-VM|Remove-VM|Get-VM|Stop-VM|Checkpoint-VM|Export-VM|Import-VM|Resize-VHD|Convert-VHD)\w{0,40} ?: /,
        /failed to start\. \(Virtual machine ID|Microsoft\.HyperV\.PowerShell/,
      ),
      "Hyper-V refused the command, for the reason in its message",
      hyperv,
    ],
  ]),
];

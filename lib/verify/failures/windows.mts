import type { Failure } from "./types.mts";
import { commandFix, doctorFix, firmwareFix, guestFix, manualFix } from "../../fixes.mts";
import { anyOf } from "../../text.mts";

/** Errors of Hyper-V, VirtualBox on hosts with KVM, Windows and GPU partitions. */
export const windowsFailures: Failure[] = [
  {
    pattern: /Hyper-V was unable to find a virtual machine with name/,
    check: "provider.access",
    layer: "provider",
    message: "Hyper-V has no VM of that name: it was not created, or was renamed or removed",
    fix: [
      commandFix("See which VMs there are (as administrator)", "Get-VM"),
      manualFix("If up was cut off before: run vagrant destroy for the machine, then up again"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#449 (2025)",
  },
  {
    pattern: /Unable to find a Gpu partition adapter matching/,
    check: "hyperv.card",
    strength: "symptom",
    layer: "hypervisor",
    message: "the VM has no part of a GPU, so there is none to change or remove",
    fix: [
      commandFix("Add one while the VM is off", "Add-VMGpuPartitionAdapter -VMName NAME"),
      doctorFix("hyperv.card"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#449 (2025)",
  },
  {
    pattern: /\(Code 43\)|\bError(?: code)? 43\b/,
    near: /gpu|nvidia|geforce|radeon|display adapter|video|intel\(r\)/i,
    check: "hyperv.driver",
    strength: "symptom",
    layer: "driver",
    message:
      "the guest's driver stopped the card (Code 43): with a GPU partition, its files are not those of the host's driver; with a whole card, the driver refuses it or it was not reset",
    fix: [
      manualFix("GPU partition: copy the host's driver store folder into the guest again after each driver update"),
      manualFix("GPU partition: give the VM enough MMIO space (Set-VM -HighMemoryMappedIoSpace 32GB, while it is off)"),
      manualFix("A whole NVIDIA card: use driver 465 or later in the guest, which no longer refuses VMs"),
      manualFix("A whole AMD card: the card was not reset; power the host off and on"),
    ],
    source: "Windows (Device Manager); jamesstringer90/Easy-GPU-PV#51, #375 (2024-05)",
  },
  // --------------------------------------------------------------------------------------------------------- GPU partition
  {
    pattern: /not compliant with currently set group policy/,
    check: "hyperv.policy",
    layer: "hypervisor",
    message: "Windows Server refuses to divide a card without SR-IOV unless policy allows it",
    fix: [doctorFix("hyperv.policy")],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#125 (2022-02), Microsoft's page on GPU partitioning",
  },
  {
    pattern: /assigned one or more GPUP partitions|checkpoint\w{0,4} .{0,80}(?:GPU|GPUP)[ -]?partition/,
    check: "hyperv.card",
    layer: "hypervisor",
    message: "a VM with a part of a GPU cannot be saved, resumed or checkpointed, and this one was",
    fix: [
      commandFix("Turn checkpoints off", "Set-VM -Name NAME -CheckpointType Disabled -AutomaticStopAction ShutDown"),
      commandFix("Throw a saved state away, if there is one", "Remove-VMSavedState -VMName NAME"),
      commandFix("List checkpoints, which have to be merged", "Get-VMSnapshot -VMName NAME"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#469 (2026-03)",
  },
  {
    pattern: /GPU Partition.{0,160}(?:Access is denied|0x80070005)/,
    check: "hyperv.card",
    layer: "hypervisor",
    message:
      "Hyper-V was denied the part of the GPU: the host's driver does not give it, or another VM or a remote session holds the card",
    fix: [
      manualFix("Update the host's NVIDIA driver, restart the host, and start the VM from a local session"),
      commandFix(
        "Remove the part and add it again",
        "Remove-VMGpuPartitionAdapter -VMName NAME; Add-VMGpuPartitionAdapter -VMName NAME",
      ),
      doctorFix("hyperv.card"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#217 (2022-10)",
  },
  {
    pattern: /GPU Partition.{0,160}Insufficient system resources|(?:partition|vGPU|GPU).{0,80}0x800705AA/,
    check: "hyperv.card",
    layer: "hypervisor",
    message:
      "Hyper-V has no part of the card for the VM: the VM has one of a card that is gone or changed, or too little MMIO space",
    fix: [
      commandFix("See which parts VMs have", "Get-VM | Get-VMGpuPartitionAdapter | Select-Object VMName, InstancePath"),
      commandFix("Remove a stale one", "Remove-VMGpuPartitionAdapter -VMName NAME"),
      manualFix("Set -LowMemoryMappedIoSpace 1GB -HighMemoryMappedIoSpace 32GB for the VM (Set-VM, while it is off)"),
      doctorFix("hyperv.card"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#361 (2024-03), #417, #316, Justsenger/ExHyperV#43 (2025-11)",
  },
  {
    pattern:
      /Could not allocate partitionable GPU device(?![^]{0,400}not compliant with)|Cannot find GPU Device with partitioning/,
    check: "hyperv.card",
    layer: "hypervisor",
    message:
      "Hyper-V finds no GPU that it can divide for this VM: the card or its driver changed, or its driver does not support partitions",
    fix: [
      commandFix(
        "See which GPUs can be divided",
        "Get-VMHostPartitionableGpu | Select-Object Name, ValidPartitionCounts",
      ),
      commandFix("Remove the old part, and let up add it again", "Remove-VMGpuPartitionAdapter -VMName NAME"),
      manualFix("Update the host's GPU driver, then restart Windows"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#62 (2022-01)",
  },
  {
    pattern: /0xC035001E|A hypervisor feature is not available to the user/,
    check: "hyperv.card",
    layer: "hypervisor",
    message: "Windows passes whole devices to a VM (DDA) on Server editions only, and only with an IOMMU",
    fix: [
      manualFix("On Windows 10 and 11: write mode: partition"),
      firmwareFix("On Windows Server: turn on VT-d or AMD-Vi and SR-IOV in the firmware's setup"),
    ],
    source: "Hyper-V; tfslabs/HyperV-DDA#2 (2024)",
  },
  {
    pattern:
      /virtual switch .{0,60}(?:not found|could not be found|does not exist)|There are no virtual switches created for Hyper-V/,
    near: /hyper-?v|vagrant|packer|VMSwitch/i,
    check: "provider.access",
    layer: "network",
    message: "Hyper-V has no virtual switch of that name",
    fix: [
      commandFix("See which there are", "Get-VMSwitch"),
      manualFix("Use the Default Switch, or create one (New-VMSwitch -Name lab -SwitchType Internal)"),
    ],
    source: "Vagrant and Packer (Hyper-V); hashicorp/vagrant#3398 (2014-04)",
  },
  {
    pattern: /upper MMIO region that is above the supported physical address range/,
    check: "hyperv.card",
    layer: "hypervisor",
    message: "the CPU's addresses are too short for the MMIO space that the VM reserves for its part of the card",
    fix: [
      commandFix(
        "Reserve less, which up then leaves alone",
        "Get-VM | Where-Object State -eq Off | Set-VM -HighMemoryMappedIoSpace 1GB",
      ),
    ],
    source:
      "Hyper-V; jamesstringer90/Easy-GPU-PV#40 (2022-01), #153 (2022-04), #278 (36 bits: Core i of the second and third generation)",
  },
  {
    pattern: /parameter cannot be found that matches parameter name 'InstancePath'/,
    check: "hyperv.choice",
    layer: "hypervisor",
    message: "Windows 10 cannot choose which card to divide",
    fix: [doctorFix("hyperv.choice")],
    source: "PowerShell; jamesstringer90/Easy-GPU-PV#5 (2021-11), #254",
  },
  {
    pattern:
      /'(?:Get-VMHost|Get-VM)PartitionableGpu' is not recognized|'(?:Get|Set|Add|Remove)-VM\w{0,40}' is not recognized/,
    check: "hyperv.card",
    layer: "hypervisor",
    message:
      "this Windows has no such Hyper-V cmdlet: Hyper-V's PowerShell module is not enabled, or Windows is too old for it",
    fix: [
      commandFix(
        "Enable Hyper-V with its tools",
        "Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All",
        { root: true, reboot: true },
      ),
      manualFix(
        "Windows 10 calls it Get-VMPartitionableGpu, Windows 11 Get-VMHostPartitionableGpu; Home editions have neither",
      ),
    ],
    source: "PowerShell; brokeDude2901/dxgkrnl_ubuntu#14 (2023)",
  },
  // ----------------------------------------------------------------------------------------------------------------- guest
  {
    pattern: anyOf(
      /binary package for dxgkrnl|\/var\/lib\/dkms\/dxgkrnl/,
      /dxgkrnl\S{0,60}(?:build failed|bad exit status)/,
    ),
    near: /error|bad return|bad exit|failed/i,
    check: "hyperv.guest",
    layer: "driver",
    message:
      "dxgkrnl, the guest's side of a Windows GPU part, does not build for this kernel: its sources fit certain kernels only",
    fix: [
      manualFix(
        "Boot a kernel that its sources fit (6.6 and 6.8 for most; see the branch you build), and keep it (apt-mark hold)",
      ),
      manualFix("Read the first error in the make.log that it names"),
    ],
    source: "DKMS; staralt/dxgkrnl-dkms#10 (2025-04)",
  },
  {
    pattern: /dxgk: dxgkio_\w{1,40}: Ioctl failed: -\d/,
    check: "hyperv.guest",
    strength: "note",
    layer: "driver",
    message:
      "the guest asks dxgkrnl for what the host's driver does not have, at each boot; where nvidia-smi works this harms nothing",
    fix: [guestFix("See whether the card answers", "/usr/lib/wsl/lib/nvidia-smi")],
    source: "Linux (dxgkrnl); microsoft/WSL#40715 (2026-06), #11293 (2026-07)",
  },
  {
    pattern:
      /Module dxgkrnl not found in directory|could not insert 'dxgkrnl'|\/dev\/dxg\S{0,2}: No such file|Failed to open \/dev\/dxg/,
    check: "hyperv.guest",
    layer: "driver",
    message: "there is no dxgkrnl for the kernel that runs: its build failed, or the kernel was updated since",
    fix: [
      guestFix("See for which kernels it was built", "dkms status"),
      guestFix("Build it for the kernel that runs", "dkms autoinstall"),
      manualFix("If it does not build: boot a kernel that its sources fit, and keep it (apt-mark hold)"),
    ],
    source: "kmod; seflerZ/oneclick-gpu-pv#5 (2024-05)",
  },
  {
    pattern: /GPU access blocked by the operating system|Failed to initialize NVML: N\/A/,
    check: "hyperv.driver",
    layer: "driver",
    message:
      "the guest of a Windows host may not use its part of the GPU: the host's card is in TCC mode or its driver files do not match, or dxgkrnl does not fit the guest's kernel",
    fix: [
      manualFix("On the host: see that nvidia-smi shows WDDM, not TCC (nvidia-smi -dm 0, then restart Windows)"),
      manualFix(
        "Copy the host's driver files (lxss\\lib and the driver store's folder) into the guest again after each driver update",
      ),
      manualFix("Build dxgkrnl for the guest's kernel, and do not install NVIDIA's Linux driver in such a guest"),
      manualFix("In WSL: update it and restart it from Windows (wsl --update, wsl --shutdown)"),
    ],
    source: "nvidia-smi (NVML); seflerZ/oneclick-gpu-pv#8 (2025-01), staralt/dxgkrnl-dkms#9 (2025)",
  },
  // ------------------------------------------------------------------------------------------------- Hyper-V, devices, disks
  {
    pattern: /does not allow for OS control of the PCI Express bus/,
    check: "hyperv.card",
    layer: "kernel",
    message:
      "the firmware does not give Windows control of PCI Express: SR-IOV, ACS or native PCIe control is off in the BIOS",
    fix: [
      firmwareFix(
        "Turn on VT-d or AMD-Vi, SR-IOV, ACS, and native PCIe control (OS native hot plug) in the firmware's setup",
      ),
    ],
    source: "Microsoft, Discrete Device Assignment (2026-04)",
  },
  {
    pattern: /General access denied error|Hyper-V access check has failed|does not have permission to open attachment/,
    near: /hyper-?v|virtual machine|Start-VM|Import-VM|vhdx|icacls|vagrant/i,
    check: "hyperv.card",
    layer: "provider",
    message:
      "Hyper-V may not read or write the folder of the VM or its disk: SYSTEM and the VM's account lack rights there",
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
      "the VM runs, and Hyper-V learns no address of it: its guest services do not report one, or its switch gives none",
    fix: [
      manualFix("Open its console in Hyper-V Manager, and see whether it booted and has an address"),
      manualFix(
        "Install the guest's services in the box (Debian, Ubuntu: hyperv-daemons or linux-cloud-tools; Fedora: hyperv-daemons)",
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
    ),
    check: "host.virtualization",
    layer: "hypervisor",
    message:
      "Windows' hypervisor does not run: virtualization is off in the firmware, a Windows feature is off, or it is not started at boot",
    fix: [
      firmwareFix("Turn on VT-x or SVM in the firmware's setup"),
      commandFix(
        "Turn on the features that run VMs",
        "dism /online /enable-feature /featurename:VirtualMachinePlatform /all /norestart",
        { root: true, reboot: true },
      ),
      commandFix("Let Windows start it", "bcdedit /set hypervisorlaunchtype auto", { root: true, reboot: true }),
    ],
    source: "Hyper-V, WSL, read 2026-11",
  },
  {
    pattern: /Logon failure: the user has not been granted the requested logon type|0x80070569/,
    near: /hyper-?v|virtual machine|Start-VM/i,
    check: "provider.access",
    layer: "provider",
    message:
      "Windows does not let the VM's account run: a policy took the right “Log on as a service” from NT VIRTUAL MACHINE",
    fix: [
      commandFix("Apply the local policies again", "gpupdate /force", { root: true }),
      manualFix("Give “NT VIRTUAL MACHINE\\Virtual Machines” the right “Log on as a service” (secpol.msc)", {
        root: true,
      }),
    ],
    source: "Microsoft, Hyper-V (KB 2779204), read 2026-11",
  },
  {
    pattern: /Not enough memory in the system to start the virtual machine/,
    check: "host.memory",
    layer: "hypervisor",
    message: "the host has not enough free memory for the VM",
    fix: [manualFix("Give the machine less (memory:), or close programs on the host")],
    source: "Hyper-V, read 2026-11",
  },
  {
    pattern:
      /required (?:permission|authorization) to complete this task|(?:must be|requires that Vagrant be) run with administrative privileges/,
    near: /hyper-?v|vagrant|Get-VM|Start-VM/i,
    check: "provider.access",
    layer: "provider",
    message: "Hyper-V is managed by administrators only",
    fix: [
      manualFix("Run this in PowerShell as administrator, or join the group “Hyper-V Administrators” and log in again"),
    ],
    source: "Hyper-V, Vagrant (Hyper-V provider), read 2026-11",
  },
  {
    pattern:
      /Exporting an SMB share failed|SMB share.{0,80}(?:failed|denied)|No host IP was given to the Vagrant core NFS helper|SMB shared folders are only available when Vagrant is running/,
    check: "provider.access",
    layer: "provider",
    message:
      "Vagrant could not share the folder with the VM: SMB needs an administrator and a Windows password, and NFS does not work with Hyper-V",
    fix: [
      manualFix("Run it as administrator, and see that no antivirus blocks PowerShell and file sharing is on"),
      manualFix("Or turn the share off: config.vm.synced_folder '.', '/vagrant', disabled: true; or use type: 'rsync'"),
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
    pattern: /GPU Partition.{0,160}Failed to Power on with Error/,
    check: "hyperv.card",
    strength: "symptom",
    layer: "hypervisor",
    message: "Hyper-V could not give the VM its part of the GPU, for the reason in quotes behind it",
    fix: [
      manualFix("Update the host's GPU driver, then restart Windows"),
      commandFix("Remove the part, and let up add it again", "Remove-VMGpuPartitionAdapter -VMName NAME"),
      doctorFix("hyperv.card"),
    ],
    source: "Hyper-V, read 2026-11",
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
    pattern: /Hyper-V encountered an error trying to access an object on computer/,
    check: "provider.access",
    layer: "provider",
    message: "Hyper-V's management service does not answer: it is stopped, or only its PowerShell module is installed",
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
      "Hyper-V does not take a value that it was given: a path, a generation, a size, or a type of disk that does not go with another",
    fix: [
      manualFix(
        "Look at the command above that line: generation 2 needs .vhdx, sizes are whole MiB, paths exist and have no quotes",
      ),
      commandFix(
        "Read what Hyper-V wrote about it",
        "Get-WinEvent -LogName Microsoft-Windows-Hyper-V-VMMS-Admin -MaxEvents 20",
      ),
    ],
    source: "Hyper-V, through Packer; hashicorp/packer#7964 (2019-08)",
  },
];

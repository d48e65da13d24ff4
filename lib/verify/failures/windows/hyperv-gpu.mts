import type { Failure } from "../types.mts";
import { commandFix, doctorFix, firmwareFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";

/** Errors of Hyper-V about a GPU partition or a whole device, and of dxgkrnl in the guest. */
export const hypervGpuFailures = (): Failure[] => [
  {
    pattern: /Unable to find a Gpu partition adapter matching/,
    check: "hyperv.card",
    strength: "symptom",
    layer: "hypervisor",
    message: "the VM has no GPU partition, so there is none to change or remove",
    fix: [
      commandFix("Add one while the VM is off", "Add-VMGpuPartitionAdapter -VMName NAME"),
      doctorFix("hyperv.card"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#449 (2025)",
  },
  {
    pattern: /not compliant with currently set group policy/,
    check: "hyperv.policy",
    layer: "hypervisor",
    message: "Windows Server refuses to partition a card without SR-IOV unless policy allows it",
    fix: [doctorFix("hyperv.policy")],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#125 (2022-02), Microsoft's page on GPU partitioning",
  },
  {
    pattern:
      /assigned one or more GPUP partitions|checkpoint\w{0,4} .{0,100}(?:GPU(?:P|-P)?[ -]?partition|assigned devices)/,
    check: "hyperv.card",
    layer: "hypervisor",
    message: "a VM with a GPU partition cannot be saved, resumed or checkpointed, and this one was",
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
    message: "Hyper-V was denied the GPU partition: the host's driver does not give it, or another VM or a remote " +
      "session holds the card",
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
      "Hyper-V has no partition of the card for the VM: the VM has one of a card that is gone or changed, or too " +
      "little MMIO space",
    fix: [
      commandFix(
        "Check which parts VMs have",
        "Get-VM | Get-VMGpuPartitionAdapter | Select-Object VMName, InstancePath",
      ),
      commandFix("Remove a stale one", "Remove-VMGpuPartitionAdapter -VMName NAME"),
      commandFix(
        "Reserve room for it while the VM is off",
        "Set-VM -Name NAME -LowMemoryMappedIoSpace 1GB -HighMemoryMappedIoSpace 32GB",
      ),
      doctorFix("hyperv.card"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#361 (2024-03), #417, #316, Justsenger/ExHyperV#43 (2025-11)",
  },
  {
    pattern: anyOf(
      /Could not allocate partitionable GPU device(?![^]{0,400}not compliant with)/,
      /Cannot find GPU Device with partitioning/,
    ),
    check: "hyperv.card",
    layer: "hypervisor",
    message:
      "Hyper-V finds no GPU that it can partition for this VM: the card or its driver changed, or its driver does " +
      "not support partitions",
    fix: [
      commandFix(
        "Check which GPUs can be partitioned",
        "Get-VMHostPartitionableGpu | Select-Object Name, ValidPartitionCounts",
      ),
      commandFix("Remove the old part, and let up add it again", "Remove-VMGpuPartitionAdapter -VMName NAME"),
      manualFix("Update the host's GPU driver, then restart Windows"),
    ],
    source: "Hyper-V; jamesstringer90/Easy-GPU-PV#62 (2022-01)",
  },
  {
    pattern: /Virtual Pci Express Port.{0,200}Insufficient system resources/,
    check: "hyperv.card",
    layer: "provider",
    message: "the VM has too little MMIO space for the device that it was given (DDA)",
    fix: [
      commandFix(
        "Give it more, while it is off",
        "Set-VM -Name NAME -GuestControlledCacheTypes $true -LowMemoryMappedIoSpace 3GB " +
          "-HighMemoryMappedIoSpace 64GB",
      ),
    ],
    source: "Hyper-V; Microsoft Learn (discrete device assignment), read 2026-11",
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
    pattern: /upper MMIO region (?:that |\(\w{1,24}\) )is above the supported physical address range/,
    check: "hyperv.card",
    layer: "hypervisor",
    message: "the CPU's addresses are too short for the MMIO space that the VM reserves for its GPU partition",
    fix: [
      commandFix(
        "Reserve less while the VM is off, which up then leaves alone",
        "Set-VM -Name NAME -HighMemoryMappedIoSpace 1GB",
      ),
    ],
    source:
      "Hyper-V; jamesstringer90/Easy-GPU-PV#40 (2022-01), #153 (2022-04), #278 (36 bits: Core i of the second and " +
      "third generation)",
  },
  {
    pattern: /parameter cannot be found that matches parameter name 'InstancePath'/,
    check: "hyperv.choice",
    layer: "hypervisor",
    message: "Windows 10 cannot choose which card to partition",
    fix: [doctorFix("hyperv.choice")],
    source: "PowerShell; jamesstringer90/Easy-GPU-PV#5 (2021-11), #254",
  },
  {
    pattern:
      /'(?:Get-VMHost|Get-VM)PartitionableGpu' is not recognized|'(?:Get|Set|Add|Remove)-VM\w{0,40}' is not recognized|ObjectNotFound: \((?:Get|Set|Add|Remove|New|Start|Stop)-V(?:M|HD)\w{0,40}:String\)/,
    check: "hyperv.card",
    layer: "hypervisor",
    message:
      "this Windows has no such Hyper-V cmdlet: Hyper-V's PowerShell module is not enabled, or Windows is too old " +
      "for it",
    fix: [
      commandFix(
        "Enable Hyper-V with its tools",
        "Enable-WindowsOptionalFeature -Online -FeatureName Microsoft-Hyper-V -All",
        { root: true, reboot: true },
      ),
      manualFix(
        "Windows 10 calls it Get-VMPartitionableGpu, Windows 11 Get-VMHostPartitionableGpu; Home editions " +
          "have neither",
      ),
    ],
    source: "PowerShell; brokeDude2901/dxgkrnl_ubuntu#14 (2023)",
  },
  {
    pattern: /does not allow for OS control of the PCI Express bus/,
    check: "hyperv.card",
    layer: "kernel",
    message:
      "the firmware does not give Windows control of PCI Express: SR-IOV, ACS or native PCIe control is off in the " +
      "BIOS",
    fix: [
      firmwareFix(
        "Turn on VT-d or AMD-Vi, SR-IOV, ACS, and native PCIe control (OS native hot plug) in the firmware's setup",
      ),
    ],
    source: "Microsoft, Discrete Device Assignment (2026-04)",
  },
  {
    pattern: /GPU Partition.{0,160}Failed to Power on with Error/,
    check: "hyperv.card",
    strength: "symptom",
    layer: "hypervisor",
    message: "Hyper-V could not give the VM its GPU partition, for the reason in quotes after it",
    fix: [
      manualFix("Update the host's GPU driver, then restart Windows"),
      commandFix("Remove the part, and let up add it again", "Remove-VMGpuPartitionAdapter -VMName NAME"),
      doctorFix("hyperv.card"),
    ],
    source: "Hyper-V, read 2026-11",
  },
];

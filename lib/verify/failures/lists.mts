/** All lists of the catalogue, in its order. */
import { cloudInitFailures } from "./vms/cloud-init.mts";
import { errnoFailures } from "./host/errnos.mts";
import {
  hostCauseFailures,
  hostFailures,
  hostFallbackFailures,
  lastFailures,
  programStepFailures,
} from "./host-lists.mts";
import { sshFailures } from "./tools/ssh.mts";
import { buildkitFailures } from "./containers/buildkit.mts";
import { packerBuilderFailures } from "./tools/packer-builders.mts";
import { vagrantSettingFailures } from "./tools/vagrant-settings.mts";
import { guestNetworkFailures } from "./vms/guest-network.mts";
import { hostDetailFailures, virshFirstFailures } from "./kernel/host-details.mts";
import { hostServiceFailures } from "./vms/host-services.mts";
import { kernelPciFailures } from "./kernel/kernel-pci.mts";
import { libvirtAnswerFailures, libvirtKindFailures } from "./vms/libvirt-answers.mts";
import { packerTemplateFailures } from "./tools/packer-template.mts";
import { proxmoxOtherFailures, proxmoxTaskFailures } from "./vms/proxmox-tasks.mts";
import { amdFailures } from "./kernel/amd.mts";
import { cardStartFailures } from "./kernel/card-start.mts";
import { packerHypervFailures } from "./tools/packer-hyperv.mts";
import { podmanFailures } from "./containers/podman.mts";
import { proxmoxFailures } from "./vms/proxmox.mts";
import { syncFailures } from "./tools/sync.mts";
import { ollamaFailures } from "./compute/ollama.mts";
import { mediaProgramFailures } from "./compute/media-programs.mts";
import { pythonProgramFailures } from "./compute/python-programs.mts";
import { partFailures } from "./services/part-fallbacks.mts";
import { rocmFailures } from "./compute/rocm.mts";
import { intelFailures } from "./kernel/intel.mts";
import { computeProgramFailures } from "./compute/compute-programs.mts";
import { llamaCppFailures } from "./compute/llama-cpp.mts";
import { modelFileFailures } from "./compute/model-files.mts";
import { modelServerFailures } from "./compute/model-servers.mts";
import { gpuServerFailures } from "./compute/gpu-servers.mts";
import { guestBootFailures } from "./vms/guest-boot.mts";
import { nvrmFailures } from "./nvidia/nvrm.mts";
import { installFailures } from "./nvidia/nvidia-install.mts";
import { toolkitErrorFailures } from "./containers/toolkit-errors.mts";
import { containerFailures } from "./containers/containers.mts";
import { deviceFailures } from "./vms/qemu-devices.mts";
import { machineFailures } from "./vms/qemu-machine.mts";
import { virshFailures } from "./vms/virsh.mts";
import { vagrantErrorFailures } from "./tools/vagrant-errors.mts";
import { packerErrorFailures } from "./tools/packer-errors.mts";
import { vmProgramFailures } from "./vms/vm-programs.mts";
import { amdKernelFailures } from "./kernel/amd-kernel.mts";
import { packageFailures } from "./host/packages.mts";
import { cudaCodeFailures } from "./compute/cuda-codes.mts";
import { frameworkFailures } from "./compute/frameworks.mts";
import { aptKeyFailures } from "./host/apt-keys.mts";
import { aptFailures } from "./host/apt.mts";
import { cardFailures } from "./kernel/card.mts";
import { cardPowerFailures } from "./kernel/card-power.mts";
import { cdiFailures } from "./containers/cdi.mts";
import { cudaImageFailures } from "./compute/cuda-images.mts";
import { cudaFailures } from "./compute/cuda.mts";
import { dxgkrnlFailures } from "./windows/dxgkrnl.mts";
import { hypervGpuFailures } from "./windows/hyperv-gpu.mts";
import { hypervGuestFailures } from "./windows/hyperv-guest.mts";
import { hypervMessageFailures } from "./windows/hyperv-messages.mts";
import { hypervCommandFailures } from "./windows/hyperv-commands.mts";
import { kvmFailures } from "./kernel/kvm.mts";
import { libvirtDefinitionFailures } from "./vms/libvirt-definitions.mts";
import { libvirtErrorFailures } from "./vms/libvirt-errors.mts";
import { libvirtFailures } from "./vms/libvirt.mts";
import { libvirtNetworkFailures } from "./vms/libvirt-network.mts";
import {
  engineCauseFailures,
  engineFailures,
  engineKindFailures,
  engineOtherFailures,
  windowsHostCauseFailures,
} from "./engines.mts";
import { powershellCommandFailures, powershellFailures } from "./windows/powershell.mts";
import { engineErrorFailures } from "./containers/engine-errors.mts";
import { denialFailures } from "./host/denials.mts";
import { gpuProgramFailures } from "./compute/gpu-programs.mts";
import { nvidiaErrorFailures } from "./nvidia/nvidia-errors.mts";
import { hostErrorFailures } from "./kernel/host-errors.mts";
import { hostProgramFailures } from "./host/host-programs.mts";
import { shellFailures } from "./host/shells.mts";
import { noteFailures } from "./notes.mts";
import { moduleFailures } from "./nvidia/nvidia-module.mts";
import { nvidiaBuildFailures } from "./nvidia/nvidia-build.mts";
import { nvidiaFailures } from "./nvidia/nvidia.mts";
import { nvidiaSmiFailures } from "./nvidia/nvidia-smi.mts";
import { packerFailures } from "./tools/packer.mts";
import { programFailures } from "./compute/programs.mts";
import { qemuVfioFailures } from "./vms/qemu-vfio.mts";
import { qemuErrorFailures } from "./vms/qemu-errors.mts";
import { qemuFailures } from "./vms/qemu.mts";
import { qemuFileFailures } from "./vms/qemu-files.mts";
import { toolkitFailures } from "./containers/toolkit.mts";
import { containerRuntimeFailures } from "./containers/container-runtimes.mts";
import { toolErrorFailures } from "./tools/tool-errors.mts";
import { vagrantOwnFailures } from "./tools/vagrant-own.mts";
import { vagrantPluginFailures } from "./tools/vagrant-plugins.mts";
import { vagrantFailures } from "./tools/vagrant.mts";
import { vagrantBoxFailures } from "./tools/vagrant-boxes.mts";
import { vagrantSshFailures } from "./tools/vagrant-ssh.mts";
import { vfioFailures } from "./kernel/vfio.mts";
import { vfioMemoryFailures } from "./kernel/vfio-memory.mts";
import { virtualboxFailures } from "./vms/virtualbox.mts";
import { virtualboxCodeFailures } from "./vms/virtualbox-codes.mts";
import { windowsFailures } from "./windows/windows.mts";
import { xidFailures } from "./nvidia/xid.mts";
import type { List } from "./types.mts";

/**
 * The catalogue. If two entries match one line, the first of them counts, so specific entries come before general ones.
 * A list is created when an entry of it is needed: all of them take longer than the rest of a command.
 */
export const lists: List[] = [
  xidFailures,
  cardStartFailures,
  hostErrorFailures,
  ...engineFailures,
  powershellFailures,
  engineErrorFailures,
  denialFailures,
  proxmoxTaskFailures,
  hostServiceFailures,
  ...hostCauseFailures,
  hostDetailFailures,
  guestNetworkFailures,
  kernelPciFailures,
  sshFailures,
  packerTemplateFailures,
  packerBuilderFailures,
  buildkitFailures,
  vagrantSettingFailures,
  libvirtAnswerFailures,
  cloudInitFailures,
  moduleFailures,
  nvidiaBuildFailures,
  nvidiaFailures,
  nvidiaSmiFailures,
  hypervGpuFailures,
  dxgkrnlFailures,
  hypervGuestFailures,
  hypervMessageFailures,
  hypervCommandFailures,
  windowsFailures,
  rocmFailures,
  amdFailures,
  vfioFailures,
  vfioMemoryFailures,
  cardFailures,
  cardPowerFailures,
  virtualboxCodeFailures,
  virtualboxFailures,
  kvmFailures,
  libvirtFailures,
  libvirtNetworkFailures,
  qemuFailures,
  qemuFileFailures,
  vagrantPluginFailures,
  vagrantFailures,
  vagrantBoxFailures,
  vagrantSshFailures,
  packerFailures,
  cdiFailures,
  toolkitFailures,
  containerRuntimeFailures,
  modelServerFailures,
  llamaCppFailures,
  modelFileFailures,
  computeProgramFailures,
  programFailures,
  pythonProgramFailures,
  mediaProgramFailures,
  ollamaFailures,
  intelFailures,
  gpuServerFailures,
  cudaImageFailures,
  cudaFailures,
  aptKeyFailures,
  aptFailures,
  ...engineCauseFailures,
  noteFailures,
  nvrmFailures,
  installFailures,
  ...windowsHostCauseFailures,
  guestBootFailures,
  ...hostFailures,
  vmProgramFailures,
  amdKernelFailures,
  toolkitErrorFailures,
  containerFailures,
  cudaCodeFailures,
  frameworkFailures,
  ...engineKindFailures,
  errnoFailures,
  ...hostFallbackFailures,
  deviceFailures,
  machineFailures,
  proxmoxFailures,
  syncFailures,
  libvirtKindFailures,
  proxmoxOtherFailures,
  virshFailures,
  packerHypervFailures,
  virshFirstFailures,
  podmanFailures,
  vagrantErrorFailures,
  vagrantOwnFailures,
  ...programStepFailures,
  toolErrorFailures,
  packerErrorFailures,
  packageFailures,
  qemuVfioFailures,
  partFailures,
  ...engineOtherFailures,
  qemuErrorFailures,
  libvirtDefinitionFailures,
  libvirtErrorFailures,
  gpuProgramFailures,
  nvidiaErrorFailures,
  shellFailures,
  hostProgramFailures,
  powershellCommandFailures,
  ...lastFailures,
];

/** All lists of the catalogue, in its order. */
import { cloudInitFailures } from "./cloud-init.mts";
import { errnoFailures } from "./errnos.mts";
import {
  hostCauseFailures,
  hostFailures,
  hostFallbackFailures,
  lastFailures,
  programStepFailures,
} from "./host-lists.mts";
import { sshFailures } from "./ssh.mts";
import { buildkitFailures } from "./buildkit.mts";
import { packerBuilderFailures } from "./packer-builders.mts";
import { vagrantSettingFailures } from "./vagrant-settings.mts";
import { guestNetworkFailures } from "./guest-network.mts";
import { hostDetailFailures, virshFirstFailures } from "./host-details.mts";
import { hostServiceFailures } from "./host-services.mts";
import { kernelPciFailures } from "./kernel-pci.mts";
import { libvirtAnswerFailures, libvirtKindFailures } from "./libvirt-answers.mts";
import { packerTemplateFailures } from "./packer-template.mts";
import { proxmoxOtherFailures, proxmoxTaskFailures } from "./proxmox-tasks.mts";
import { amdFailures } from "./amd.mts";
import { cardStartFailures } from "./card-start.mts";
import { packerHypervFailures } from "./packer-hyperv.mts";
import { podmanFailures } from "./podman.mts";
import { proxmoxFailures } from "./proxmox.mts";
import { syncFailures } from "./sync.mts";
import { ollamaFailures } from "./ollama.mts";
import { mediaProgramFailures } from "./media-programs.mts";
import { pythonProgramFailures } from "./python-programs.mts";
import { partFailures } from "./part-fallbacks.mts";
import { rocmFailures } from "./rocm.mts";
import { intelFailures } from "./intel.mts";
import { computeProgramFailures } from "./compute-programs.mts";
import { llamaCppFailures } from "./llama-cpp.mts";
import { modelFileFailures } from "./model-files.mts";
import { modelServerFailures } from "./model-servers.mts";
import { gpuServerFailures } from "./gpu-servers.mts";
import { guestBootFailures } from "./guest-boot.mts";
import { nvrmFailures } from "./nvrm.mts";
import { installFailures } from "./nvidia-install.mts";
import { toolkitErrorFailures } from "./toolkit-errors.mts";
import { containerFailures } from "./containers.mts";
import { deviceFailures } from "./qemu-devices.mts";
import { machineFailures } from "./qemu-machine.mts";
import { virshFailures } from "./virsh.mts";
import { vagrantErrorFailures } from "./vagrant-errors.mts";
import { packerErrorFailures } from "./packer-errors.mts";
import { vmProgramFailures } from "./vm-programs.mts";
import { amdKernelFailures } from "./amd-kernel.mts";
import { packageFailures } from "./packages.mts";
import { cudaCodeFailures } from "./cuda-codes.mts";
import { frameworkFailures } from "./frameworks.mts";
import { aptKeyFailures } from "./apt-keys.mts";
import { aptFailures } from "./apt.mts";
import { cardFailures } from "./card.mts";
import { cardPowerFailures } from "./card-power.mts";
import { cdiFailures } from "./cdi.mts";
import { cudaImageFailures } from "./cuda-images.mts";
import { cudaFailures } from "./cuda.mts";
import { dxgkrnlFailures } from "./dxgkrnl.mts";
import { hypervGpuFailures } from "./hyperv-gpu.mts";
import { hypervGuestFailures } from "./hyperv-guest.mts";
import { hypervMessageFailures } from "./hyperv-messages.mts";
import { hypervCommandFailures } from "./hyperv-commands.mts";
import { kvmFailures } from "./kvm.mts";
import { libvirtDefinitionFailures } from "./libvirt-definitions.mts";
import { libvirtErrorFailures } from "./libvirt-errors.mts";
import { libvirtFailures } from "./libvirt.mts";
import { libvirtNetworkFailures } from "./libvirt-network.mts";
import {
  engineCauseFailures,
  engineFailures,
  engineKindFailures,
  engineOtherFailures,
  windowsHostCauseFailures,
} from "./engines.mts";
import { engineErrorFailures } from "./engine-errors.mts";
import { denialFailures } from "./denials.mts";
import { gpuProgramFailures } from "./gpu-programs.mts";
import { nvidiaErrorFailures } from "./nvidia-errors.mts";
import { hostErrorFailures } from "./host-errors.mts";
import { hostProgramFailures } from "./host-programs.mts";
import { noteFailures } from "./notes.mts";
import { moduleFailures } from "./nvidia-module.mts";
import { nvidiaBuildFailures } from "./nvidia-build.mts";
import { nvidiaFailures } from "./nvidia.mts";
import { nvidiaSmiFailures } from "./nvidia-smi.mts";
import { packerFailures } from "./packer.mts";
import { programFailures } from "./programs.mts";
import { qemuVfioFailures } from "./qemu-vfio.mts";
import { qemuErrorFailures } from "./qemu-errors.mts";
import { qemuFailures } from "./qemu.mts";
import { qemuFileFailures } from "./qemu-files.mts";
import { toolkitFailures } from "./toolkit.mts";
import { containerRuntimeFailures } from "./container-runtimes.mts";
import { toolErrorFailures } from "./tool-errors.mts";
import { vagrantOwnFailures } from "./vagrant-own.mts";
import { vagrantPluginFailures } from "./vagrant-plugins.mts";
import { vagrantFailures } from "./vagrant.mts";
import { vagrantBoxFailures } from "./vagrant-boxes.mts";
import { vagrantSshFailures } from "./vagrant-ssh.mts";
import { vfioFailures } from "./vfio.mts";
import { vfioMemoryFailures } from "./vfio-memory.mts";
import { virtualboxFailures } from "./virtualbox.mts";
import { virtualboxCodeFailures } from "./virtualbox-codes.mts";
import { windowsFailures } from "./windows.mts";
import { xidFailures } from "./xid.mts";
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
  hostProgramFailures,
  ...lastFailures,
];

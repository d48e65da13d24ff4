/**
 * Known error texts of libvirt, QEMU, the kernel, Vagrant, Packer, Docker and NVIDIA, each with its
 * check and fixes, as data.
 */
import type { Finding } from "../../findings.mts";
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
import { fixesFor } from "./named-fixes.mts";
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
import { hypervGpuFailures } from "./hyperv-gpu.mts";
import { hypervGuestFailures } from "./hyperv-guest.mts";
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
import { lineAt, lineStarts } from "../../places.mts";
import { matcher } from "./match.mts";
import { noteFailures } from "./notes.mts";
import { moduleFailures } from "./nvidia-module.mts";
import { nvidiaBuildFailures } from "./nvidia-build.mts";
import { nvidiaFailures } from "./nvidia.mts";
import { nvidiaSmiFailures } from "./nvidia-smi.mts";
import { packerFailures } from "./packer.mts";
import { readPaste } from "./paste.mts";
import { programFailures } from "./programs.mts";
import { qemuVfioFailures } from "./qemu-vfio.mts";
import { qemuErrorFailures } from "./qemu-errors.mts";
import { qemuFailures } from "./qemu.mts";
import { qemuFileFailures } from "./qemu-files.mts";
import { toolkitFailures } from "./toolkit.mts";
import { containerRuntimeFailures } from "./container-runtimes.mts";
import { type Cause, type Failure, layers, type Setting, type Strength } from "./types.mts";
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

export type { Cause, Failure, Setting } from "./types.mts";

let catalogue: Failure[] | undefined;
/**
 * The catalogue. If two entries match one line, the first of them counts, so specific entries come
 * before general ones. Its lists are functions: a command that explains nothing does not create the
 * entries, which in the one-file build would take a sixth of its start.
 */
export const failures = (): Failure[] =>
  catalogue ??= [
    ...xidFailures(),
    ...cardStartFailures(),
    ...hostErrorFailures(),
    ...engineFailures(),
    ...engineErrorFailures(),
    ...denialFailures(),
    ...proxmoxTaskFailures(),
    ...hostServiceFailures(),
    ...hostCauseFailures(),
    ...hostDetailFailures(),
    ...guestNetworkFailures(),
    ...kernelPciFailures(),
    ...sshFailures(),
    ...packerTemplateFailures(),
    ...packerBuilderFailures(),
    ...buildkitFailures(),
    ...vagrantSettingFailures(),
    ...libvirtAnswerFailures(),
    ...cloudInitFailures(),
    ...moduleFailures(),
    ...nvidiaBuildFailures(),
    ...nvidiaFailures(),
    ...nvidiaSmiFailures(),
    ...hypervGpuFailures(),
    ...hypervGuestFailures(),
    ...windowsFailures(),
    ...rocmFailures(),
    ...amdFailures(),
    ...vfioFailures(),
    ...vfioMemoryFailures(),
    ...cardFailures(),
    ...cardPowerFailures(),
    ...virtualboxCodeFailures(),
    ...virtualboxFailures(),
    ...kvmFailures(),
    ...libvirtFailures(),
    ...libvirtNetworkFailures(),
    ...qemuFailures(),
    ...qemuFileFailures(),
    ...vagrantPluginFailures(),
    ...vagrantFailures(),
    ...vagrantBoxFailures(),
    ...vagrantSshFailures(),
    ...packerFailures(),
    ...cdiFailures(),
    ...toolkitFailures(),
    ...containerRuntimeFailures(),
    ...modelServerFailures(),
    ...llamaCppFailures(),
    ...modelFileFailures(),
    ...computeProgramFailures(),
    ...programFailures(),
    ...pythonProgramFailures(),
    ...mediaProgramFailures(),
    ...ollamaFailures(),
    ...intelFailures(),
    ...gpuServerFailures(),
    ...cudaImageFailures(),
    ...cudaFailures(),
    ...aptKeyFailures(),
    ...aptFailures(),
    ...engineCauseFailures(),
    ...noteFailures(),
    ...nvrmFailures(),
    ...installFailures(),
    ...windowsHostCauseFailures(),
    ...guestBootFailures(),
    ...hostFailures(),
    ...vmProgramFailures(),
    ...amdKernelFailures(),
    ...toolkitErrorFailures(),
    ...containerFailures(),
    ...cudaCodeFailures(),
    ...frameworkFailures(),
    ...engineKindFailures(),
    ...errnoFailures(),
    ...hostFallbackFailures(),
    ...deviceFailures(),
    ...machineFailures(),
    ...proxmoxFailures(),
    ...syncFailures(),
    ...libvirtKindFailures(),
    ...proxmoxOtherFailures(),
    ...virshFailures(),
    ...packerHypervFailures(),
    ...virshFirstFailures(),
    ...podmanFailures(),
    ...vagrantErrorFailures(),
    ...vagrantOwnFailures(),
    ...programStepFailures(),
    ...toolErrorFailures(),
    ...packerErrorFailures(),
    ...packageFailures(),
    ...qemuVfioFailures(),
    ...partFailures(),
    ...engineOtherFailures(),
    ...qemuErrorFailures(),
    ...libvirtDefinitionFailures(),
    ...libvirtErrorFailures(),
    ...gpuProgramFailures(),
    ...nvidiaErrorFailures(),
    ...hostProgramFailures(),
    ...lastFailures(),
  ];

const order: Strength[] = ["cause", "symptom", "note"];
let find: ReturnType<typeof matcher> | undefined;

/**
 * Finds the failures that a log shows: each once, with the first line that shows it. Causes come
 * before symptoms and notes, and lower layers before upper ones, so the first is the likely cause
 * and the others usually follow from it.
 *
 * @param text the log, in any form in which people paste it
 * @param setting what is known about the machine that wrote it
 */
export function likelyCauses(text: string, setting: Setting = {}): Cause[] {
  const paste = readPaste(text);
  // created on first use: it takes longer than everything else that a command loads
  find ??= matcher(failures());
  const matches = find(paste, setting.program !== undefined);
  if (matches.length === 0) return [];
  const starts = lineStarts(paste.text);
  const placed = matches.map((match) => ({ ...match, line: lineAt(starts, match.start) }));
  const strength = ({ failure }: { failure: Failure }) => order.indexOf(failure.strength ?? "cause");
  const counting = placed.filter((one) =>
    !placed.some((other) =>
      (other.rank < one.rank || (one.failure.fallback && !other.failure.fallback)) &&
      (one.failure.fallback || (!other.failure.fallback && strength(other) <= strength(one))) &&
      (other.line === one.line || (other.start < one.end && one.start < other.end))
    )
  );
  const telling = counting.filter(({ failure }) => !failure.fallback);
  // a note says nothing about a failure, so it does not replace an entry for a failure of unknown cause
  const fails = telling.some((one) => strength(one) < 2);
  // of two entries that say little about containers, the first of the catalogue says more
  const layer = ({ failure }: { failure: Failure }) =>
    Math.min(layers.indexOf(failure.layer), failure.fallback ? layers.indexOf("docker") : Infinity);
  const fit = fixesFor(paste.text);
  return (fails || setting.specific ? telling : counting)
    .sort((a, b) =>
      strength(a) - strength(b) || layer(a) - layer(b) ||
      // the more specific of two symptoms comes first; of two causes, the earlier line, since it
      // led to the other
      (strength(a) === 0 ? a.line - b.line : a.rank - b.rank)
    )
    .map((
      { failure: { pattern: _, near: __, fallback: ___, fix, strength = "cause", ...rest }, line, start, end },
    ) => ({
      ...rest,
      strength,
      fix: fit(
        typeof fix === "function" ? fix(setting) : fix,
        paste.shown.slice(line, lineAt(starts, Math.max(start, end - 1)) + 1).join("\n"),
      ),
      line: around(paste.shown[line]!, paste.text.slice(start, start + 40).split("\n")[0]!),
      number: line + 1,
    }));
}

/** Returns a cause in the form of a finding. */
export function asFinding({ check, message, fix, line, number, strength }: Cause): Finding {
  const status = strength === "note" ? "warn" : "fail";
  return { check, machine: null, status, message, evidence: [{ read: `line ${number}`, value: line }], fix };
}

/**
 * The relevant part of a line, at most 200 characters, without anything that can move the
 * terminal's cursor.
 */
function around(line: string, part: string): string {
  const start = line.length > 200 ? Math.max(0, line.indexOf(part) - 60) : 0;
  return line.slice(start, start + 200).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
}

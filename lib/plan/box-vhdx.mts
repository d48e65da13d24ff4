/** The source of a box for Hyper-V: a disk image that is converted to a virtual hard disk (VHDX). */
import type { Image } from "../config/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Host } from "../host/types.mts";
import { boxDiskSize } from "../config/vocabulary.mts";
import { prefixOf } from "../host/lab.mts";
import { powershellScript } from "../host/windows.mts";
import { switchOf } from "../resolve/hyperv-switch.mts";
import { imageName, knownImages } from "../resolve/images.mts";
import { addsBox, type BoxBuilder, buildMemory, metadata, secretOf } from "./box-source.mts";

/** The scripts that the steps of {@link fromVhdx} run. */
export const vhdxScripts = ["get-vhdx.ps1", "prepare-build.ps1"];

/**
 * From a disk image, by the hyperv-iso builder. Undefined for package sources, which only Linux can
 * build an image from. `lab` is the absolute path of the lab's folder.
 */
export function fromVhdx(
  image: Image,
  machine: ResolvedMachine,
  host: Host,
  folder: string,
  version: string,
  lab: string,
): BoxBuilder | undefined {
  if (image.kind === "debootstrap") return undefined;
  const { box, provider, memory } = machine;
  // prepare-build.ps1 deletes the VM of this name: the name of a machine has no underscore
  const vm = `${prefixOf(lab)}build_${box.replaceAll("/", "-")}`;
  const secret = secretOf(image);
  const disk = `${folder}/disk.vhdx`;
  return {
    values: {
      cpus: Math.min(host.cpu.count ?? 2, 4),
      memory: Math.min(memory, buildMemory),
      disk_image: "disk.vhdx",
      // Hyper-V takes no relative path
      seed: `${lab}/${folder}/seed/seed.iso`.replaceAll("/", "\\"),
      vm_name: vm,
    },
    files: [
      { path: `${folder}/metadata.json`, text: metadata(machine, version, `${lab}/${folder}/box.box`) },
      ...(secret === undefined
        ? []
        : [{ path: `${folder}/image.url`, text: `${secret}\n`, mode: 0o600, secret: true as const }]),
    ],
    before: [
      {
        title: `Get the image ${imageName(image)} as a disk of Hyper-V`,
        command: powershellScript(
          ...["-File", "scripts/get-vhdx.ps1", "-Out", disk, "-Gib", String(boxDiskSize / 1024)],
          ...(secret === undefined ? imageArguments(image) : ["-UrlFile", `${folder}/image.url`, ...checksum(image)]),
        ),
      },
      {
        title: "Create an SSH key and a seed CD for this build",
        minor: true,
        command: powershellScript(
          ...["-File", "scripts/prepare-build.ps1", "-Folder", folder, "-Vm", vm, "-Switch", switchOf(machine, host)],
        ),
      },
    ],
    add: { ...addsBox(provider), removes: [disk, `${folder}/box.box`, `${folder}/seed`] },
  };
}

/** Arguments of get-vhdx.ps1: where the image comes from. */
function imageArguments(image: Exclude<Image, { kind: "debootstrap" }>): string[] {
  switch (image.kind) {
    case "known": {
      const { url, sums } = knownImages[image.name]!;
      return ["-Url", url, "-Sums", sums];
    }
    case "file":
      return ["-File", image.file];
    case "url":
      return ["-Url", image.url, ...checksum(image)];
  }
}

const checksum = (image: Image) => (image.kind === "url" ? ["-Checksum", image.checksum] : []);

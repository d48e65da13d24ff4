/** Checks the image that a machine's box is built from. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Check, Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import { boxSource, imageName, supportedSystems } from "../resolve/images.mts";
import { systemByName } from "../resolve/image-systems.mts";
import { graphicsMakers, installedGraphics } from "../resolve/graphics.mts";
import { isOwn } from "../resolve/providers.mts";
import { fail, pass, unknown } from "./results.mts";
import { isNvidiaRequest } from "../host/vendors.mts";

/** Whether a box can be built from the image, checked before the download. */
export const guestImageCheck: Check = {
  id: "guest.image",
  about: "whether the box can be built from that image: its format suits the provider, and its system is supported",
  why: "boxes for VirtualBox and Parallels are built from boxes, and Docker and the driver need a supported system",
  check: (_, { machines }) =>
    machines.filter(({ image, provider }) =>
      image && isOwn(provider) && (provider !== "libvirt" || image.kind === "file" || image.kind === "url")
    ).map((machine) => ({ machine: machine.name, ...buildable(machine) })),
};

function buildable(machine: ResolvedMachine): Verdict {
  const { image, provider } = machine;
  const name = imageName(image!);
  const evidence = [{ read: "image", value: name }];
  if (provider === "hyperv" && image!.kind !== "url" && image!.kind !== "file") {
    return image!.kind === "known"
      ? pass(`the box is built from the cloud image of ${name}`, evidence)
      : fail("an image is built from package sources on Linux only", evidence, [
        manualFix("Write image: ubuntu-24.04 or another known name"),
      ]);
  }
  if (provider === "virtualbox" || provider === "parallels") {
    const source = boxSource(image!, provider)?.source;
    if (!source) {
      return fail(`${name} is not a Vagrant box, and a box for ${provider} is built from a Vagrant box`, evidence, [
        manualFix(
          "Write image: ubuntu-24.04 or another known name, or {file: ./some.box} or {url: ….box, checksum: …}",
        ),
      ]);
    }
    if (image!.kind === "known") return pass(`the box is built from ${source}`, evidence);
  }
  return { ...system(machine, name), evidence };
}

/** Whether the guest scripts support the system of a user's own image. */
function system(machine: ResolvedMachine, name: string): Verdict {
  const { gpus, engine } = machine;
  const found = systemByName(name);
  const fix = [manualFix(`Use an image of ${supportedSystems()}`)];
  const nvidia = gpus.some(isNvidiaRequest);
  if (!found) {
    const message = `the name ${name} does not show its system: ${supportedSystems()} are supported`;
    return unknown(message);
  }
  if (!found.apt) {
    const message = `by its name ${name} is ${found.name}, but ${engine} is installed with apt-get only`;
    return fail(message, [], fix);
  }
  if (!found.suite && nvidia) {
    const message = `by its name ${name} is ${found.name}: this program does not install NVIDIA's driver there`;
    return fail(message, [], fix);
  }
  const [maker] = installedGraphics(machine).map((vendor) => graphicsMakers[vendor].name);
  if (!found.suite && maker) {
    const message = `by its name ${name} is ${found.name}, which the firmware of ${maker}'s cards is not installed on`;
    return fail(message, [], fix);
  }
  return pass(`by its name ${name} is ${found.name}`);
}

/** Checks the guest's drivers for cards by AMD and Intel, which are part of its kernel. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Evidence } from "../findings.mts";
import type { Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import {
  graphicsMakers,
  graphicsOf,
  graphicsOnlyOf,
  installedGraphics,
  oldKernelOf,
  suiteKernels,
  suitesWith,
} from "../resolve/graphics.mts";
import { imageName, knownImages, suiteOf } from "../resolve/images.mts";
import { joinList } from "../text.mts";
import { fail, pass, unknown, warn } from "./results.mts";

/**
 * Whether the guest's kernel drives the machine's cards by AMD and Intel, and whether their firmware
 * is installed. Undefined if the machine gets none.
 */
export function graphicsDriver(machine: ResolvedMachine): Verdict | undefined {
  const vendors = graphicsOf(machine);
  if (vendors.length === 0) return undefined;
  const { image, box } = machine;
  const names = joinList(vendors.map((vendor) => graphicsMakers[vendor].name));
  const drivers = joinList(vendors.map((vendor) => graphicsMakers[vendor].drivers[0]!));
  const only = graphicsOnlyOf(machine);
  if (only) {
    return warn(
      `${only.name} have a driver for graphics only (/dev/dri): ROCm does not find such a card`,
      [{ read: only.source, value: `as of ${only.checked}` }],
      [manualFix("For computing, give the machine a newer card")],
    );
  }
  if (installedGraphics(machine).length === 0) {
    return unknown(
      `the box ${box} is used unmodified: whether its kernel drives the card (${names}), and has its firmware, ` +
        "is not known",
      [],
    );
  }
  const suite = suiteOf(image);
  const own = suite === undefined ? undefined : suiteKernels[suite];
  if (!own) {
    return unknown(`the box gets the firmware of ${names}; which kernel ${imageName(image!)} has is not known`, []);
  }
  const evidence: Evidence[] = [{ read: `kernel of ${imageName(image!)}`, value: `${own.kernel} (${own.source})` }];
  const old = oldKernelOf(machine);
  if (old) {
    const suites = suitesWith(old.card);
    const images = Object.keys(knownImages).filter((name) => suites.includes(knownImages[name]!.suite));
    return fail(
      `${old.card.name} needs Linux ${old.card.kernel} or later, and ${old.system} has ${old.kernel}`,
      [...evidence, { read: old.card.source, value: `as of ${old.card.checked}` }],
      [manualFix(`Write image: ${joinList(images, "or")}`)],
    );
  }
  return pass(`the kernel's ${drivers}, and the firmware of ${names} in the box`, evidence);
}

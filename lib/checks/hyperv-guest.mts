import { cloudKernelImages, dxgkrnlBuilds } from "../resolve/dxgkrnl.mts";
import { systemByName } from "../resolve/image-systems.mts";
import { imageName, suiteOf, systemOf } from "../resolve/images.mts";
import type { ResolvedGpuRequest, ResolvedMachine } from "../resolve/types.mts";
import { manualFix } from "../fixes.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import type { Verdict } from "./types.mts";

/** Whether the guest of a GPU partition gets dxgkrnl, by the maker of its card and its image. */
export function partitionGuest(request: ResolvedGpuRequest, { image, box, provision }: ResolvedMachine): Verdict {
  const fix = [
    manualFix("Write image: debian-13, debian-12, ubuntu-24.04 or ubuntu-22.04, or a file or URL of one of them"),
  ];
  const maker = others[request.vendorId];
  if (maker) {
    const evidence = [{ read: "vendor of the card", value: `${maker} (${request.vendorId})` }];
    const message = `a GPU partition from ${maker} is untested: only NVIDIA's driver has programs for a Linux guest`;
    // the guest's driver is installed by other means
    return provision.length > 0 || !image
      ? warn(`${message}, unless provision: or the box installs its own`, evidence)
      : fail(message, evidence, [manualFix("Use an NVIDIA card, or install the guest's driver with provision:")]);
  }
  if (!image) {
    return unknown(`cannot tell whether the box ${box} has dxgkrnl: the box is used unmodified`);
  }
  const name = imageName(image);
  const suite = suiteOf(image) ?? systemByName(name)?.suite;
  const row = dxgkrnlBuilds.find((one) => one.suite === suite);
  if (!suite || !row) {
    return unknown(`cannot tell whether dxgkrnl builds in ${suite ? systemOf(suite) : name}`, [], fix);
  }
  const system = systemOf(suite);
  if (cloudKernelImages.test(name)) {
    return fail(
      `${name} has Debian's cloud kernel, which dxgkrnl does not build for: it lacks CONFIG_SYNC_FILE`,
      [{ read: "image", value: name }],
      [manualFix(`Use the image generic instead of genericcloud, or write image: debian-${system.slice(7)}`)],
    );
  }
  const evidence = [
    { read: "kernel of the image", value: row.kernel },
    { read: "known from", value: `${row.source} (${row.date})` },
  ];
  return row.builds === "expected"
    ? warn(`dxgkrnl was not yet built in ${system}, only for older and newer kernels`, evidence, fix)
    : pass(`dxgkrnl builds in ${system}`, evidence);
}

/** Other makers of cards that Hyper-V partitions, by PCI vendor. */
const others: Record<string, string> = { 1002: "AMD", 8086: "Intel" };

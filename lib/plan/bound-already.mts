/** Cards that the host's own configuration binds to vfio-pci, so that `prepare` has nothing to do. */
import type { PciFunction } from "../host/pci-types.mts";
import type { Host } from "../host/types.mts";
import { ownFiles, ownPaths } from "../host/own-files.mts";
import { ownLoading, pathOf, vfioSourceOf } from "../host/vfio-ids.mts";
import { isVfioDriver } from "../resolve/cards.mts";
import type { Preparation } from "./prepare.mts";

/**
 * The files (or the kernel's command line) that bind these functions to vfio-pci, each once.
 * Undefined unless all functions are bound now, without a file of `prepare`, and no kernel argument
 * is missing. `there`: texts of the files of `prepare`, by path.
 */
export function boundBy(
  functions: PciFunction[],
  { arguments: changes, files }: Preparation,
  there: Record<string, string | undefined>,
  host: Host,
): string[] | undefined {
  if (changes.length > 0 || ownFiles.some((path) => there[path] !== undefined)) return undefined;
  // on another machine the files themselves were not read, but the probe has their lines
  const planned = files.find(({ path }) => path === ownPaths.modprobe)?.text ?? "";
  const isStale = host.configured.some(({ file, text }) =>
    pathOf(file) === ownPaths.modprobe && text.startsWith("options vfio-pci ") && !planned.includes(text)
  );
  if (isStale) return undefined;
  const own = ownLoading(host);
  const sources = functions.map((fn) =>
    isVfioDriver(fn.driver ?? "") ? (vfioSourceOf(fn, host) ?? own)?.from : undefined
  );
  return sources.every((from) => from !== undefined) ? [...new Set(sources)] : undefined;
}

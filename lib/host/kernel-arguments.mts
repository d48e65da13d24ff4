/** Changes of kernel arguments on a host. */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { applianceOf } from "./appliances.mts";
import { commandFix } from "../fixes.mts";
import { type Loader, loaderOf, ownGrubText } from "./boot-loaders.mts";
import { program } from "./programs.mts";

/**
 * Whether `prepare` changes nothing on this host: the system's files are not persistent, or
 * `prepare` does not write the files of its initramfs tool.
 */
const isByHand = (host: Host) =>
  host.os.id === "nixos" || applianceOf(host) !== undefined ||
  (host.os.id === "slackware" || ["mkinitfs", "booster", "make-initrd"].some((name) => program(host, name))) &&
    !["dracut", "mkinitcpio", "update-initramfs"].some((name) => program(host, name));

/** How an argument is added or removed: by hand, and in the script of `prepare`. */
export interface ArgumentChange {
  /** The argument; absent if the change only applies what is already configured. */
  argument?: string;
  change: Fix;
  /**
   * The command that undoes the change; absent where `edit` can undo it, or where no command is
   * known.
   */
  undo?: Fix;
  /** The edit for a script with {@link bootFileFunctions}; it fails if it changed nothing. */
  edit?: string;
  /** The command that applies an edit to the boot entries. */
  refresh?: string;
  /** The path of our own file that adds the argument instead. */
  file?: string;
}

/** How `prepare` adds or removes a kernel argument. */
export function changeArgument(host: Host, how: "add" | "remove", argument: string): ArgumentChange {
  const loader = loaderOf(host);
  const [apply, back] = how === "add" ? [addArgument, removeArgument] : [removeArgument, addArgument];
  const file = how === "add" ? loader?.file?.(host) : undefined;
  const change = apply(host, argument);
  const refresh = loader?.refresh?.(host);
  if (file) return { argument, change, file, ...(refresh ? { refresh } : {}) };
  const edit = loader?.edit?.(how, argument, host);
  if (edit && edit !== "false") return { argument, change, edit, ...(refresh ? { refresh } : {}) };
  return { argument, change, undo: back(host, argument) };
}

/**
 * A fix that adds a kernel argument: this host's own command, or a description where there is none
 * or the boot loader is not known.
 */
export function addArgument(host: Host, argument: string): Fix {
  const loader = loaderOf(host);
  const file = loader?.file?.(host);
  const where = file ? ` (${loader!.name})` : locationOf(loader, host);
  const title = `Add ${argument} to the kernel's arguments${where}`;
  const line = ownGrubText([argument]).trimEnd().replace(/["$]/g, "\\$&");
  const own = file &&
    `mkdir -p ${file.replace(/\/[^/]*$/, "")} && sh -c 'echo "${line}" >>${file}' && ${loader!.refresh!(host)}`;
  return commandFix(title, own ?? loader?.add?.(argument, host) ?? null, { root: true, reboot: true });
}

/** A fix that removes a kernel argument, in the same way. */
export function removeArgument(host: Host, argument: string): Fix {
  const loader = loaderOf(host);
  const title = `Remove ${argument} from the kernel's arguments${locationOf(loader, host, argument)}`;
  return commandFix(title, loader?.remove?.(argument, host) ?? null, { root: true, reboot: true });
}

function locationOf(loader: Loader | undefined, host: Host, removed?: string): string {
  if (!loader) return ", in the configuration of this host's boot loader";
  const words = loader.words?.(host, removed);
  const edit = removed === undefined ? loader.edit?.("add", "x", host) : loader.edit?.("remove", removed, host);
  const edits = edit !== undefined && edit !== "false";
  const byPrepare = edits && !isByHand(host) ? " (prepare --apply does that and checks the result)" : "";
  return ` (${loader.name})${words ? `: ${words}${byPrepare}` : ""}`;
}

/** Arguments that switch an IOMMU off (kernel-parameters.txt). */
const offSwitches = ["intel_iommu=off", "amd_iommu=off", "iommu=off"];

/** The active argument that turns interrupt remapping off; nointremap is its older name (kernel-parameters.txt). */
export const noRemapping = ({ kernel }: Host): string | undefined =>
  kernel.arguments?.find((word) => /^(intremap=(.*,)?off|nointremap)$/.test(word));

/**
 * The kernel arguments to add and to remove where the firmware offers an IOMMU and the kernel does
 * not use it.
 */
export function iommuArguments({ iommu, kernel }: Host): { add: string[]; remove: string[] } {
  const { arguments: running } = kernel;
  if (iommu.units?.length !== 0 || !iommu.acpiTables || !running) return { add: [], remove: [] };
  const remove = offSwitches.filter((word) => running.includes(word));
  if (remove.length > 0) return { add: [], remove };
  // the kernel uses AMD's units without any argument
  return { add: iommu.acpiTables.includes("DMAR") ? ["intel_iommu=on"] : [], remove };
}

/**
 * A fix that applies the configured arguments to the boot entries, for example after a forgotten
 * update-grub. It is safe to repeat.
 */
export function refreshEntries(host: Host, argument?: string): Fix | undefined {
  const loader = loaderOf(host);
  const run = loader?.refresh?.(host) ?? (loader?.repeats && argument ? loader.add?.(argument, host) : undefined);
  return run === undefined
    ? undefined
    : commandFix(`Bring what is configured into the boot entries, if that was not done (${loader!.name})`, run, {
      root: true,
    });
}

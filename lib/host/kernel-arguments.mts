/** Changes of kernel arguments on a host. */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { applianceOf } from "./appliances.mts";
import { hiddenFolder, installGrubby, startedBy } from "./boot-entries.mts";
import { commandFix } from "../fixes.mts";
import { type Loader, loaderOf, ownGrubText } from "./boot-loaders.mts";
import { program } from "./programs.mts";
import { isOlder } from "../text.mts";

/**
 * Whether `prepare` changes nothing on this host: the system's files are not persistent, or
 * `prepare` does not write the files of its initramfs tool.
 */
const isByHand = (host: Host) =>
  host.os.id === "nixos" || applianceOf(host) !== undefined ||
  (host.os.id === "slackware" ||
      ["mkinitfs", "booster", "make-initrd", "genkernel"].some((name) => program(host, name))) &&
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

/** A fix that writes `by` instead of an argument, in the same way. */
export function replaceArgument(host: Host, argument: string, by: string): Fix {
  const loader = loaderOf(host);
  const title = `Write ${by} instead of ${argument} into the kernel's arguments${locationOf(loader, host, argument)}`;
  // one installation before both, one refresh after both
  const [install, refresh] = [installGrubby(host), ` && ${loader?.refresh?.(host)}`];
  const remove = loader?.remove?.(argument, host)?.replace(refresh, "");
  const add = loader?.add?.(by, host)?.replace(install, "");
  return commandFix(title, remove && add ? `${remove} && ${add}` : null, { root: true, reboot: true });
}

function locationOf(loader: Loader | undefined, host: Host, removed?: string): string {
  if (!loader) {
    if (startedBy(host) === "systemd-stub") {
      return " (a unified kernel image): in the file that the tool which builds it reads, then build it again";
    }
    const hidden = hiddenFolder(host);
    return `, in the configuration of this host's boot loader${
      hidden ? `, which doctor finds as root: only root can read ${hidden}` : ""
    }`;
  }
  const words = loader.words?.(host, removed);
  const edit = removed === undefined
    ? loader.edit?.("add", "x", host)
    : removedByPrepare(host).includes(removed)
    ? loader.edit?.("remove", removed, host)
    : undefined;
  const edits = edit !== undefined && edit !== "false";
  const byPrepare = edits && !isByHand(host) ? " (prepare --apply does that and checks the result)" : "";
  return ` (${loader.name})${words ? `: ${words}${byPrepare}` : ""}`;
}

/**
 * The active arguments that switch an IOMMU off (kernel-parameters.txt). With iommu=soft, kernels before 5.19 look for
 * no other one (arch/x86/kernel/pci-swiotlb.c, pci_swiotlb_detect_override). Kernels of RHEL have changes of later
 * ones: what it does there is unknown.
 */
function offSwitches({ kernel, os }: Host): string[] {
  const soft = os.kernel !== undefined && isOlder(os.kernel, "5.19") && !/\.el\d/.test(os.kernel) ? ["iommu=soft"] : [];
  return ["intel_iommu=off", "amd_iommu=off", "iommu=off", ...soft].filter((word) => kernel.arguments?.includes(word));
}

/** The active argument that turns interrupt remapping off; nointremap is its older name (kernel-parameters.txt). */
export const noRemapping = ({ kernel }: Host): string | undefined =>
  kernel.arguments?.find((word) => /^(intremap=(.*,)?off|nointremap)$/.test(word));

/** The options of the kernel that its support for an IOMMU is built with, by the firmware's table of that IOMMU. */
const supportOptions: Record<string, string> = { DMAR: "CONFIG_INTEL_IOMMU", IVRS: "CONFIG_AMD_IOMMU" };

/** The option without which this kernel was built, so that no argument turns the IOMMU on; undefined if unread. */
export function missingSupport({ iommu, kernel: { built } }: Host): string | undefined {
  const table = Object.keys(supportOptions).find((name) => iommu.acpiTables?.includes(name));
  const option = table && supportOptions[table]!;
  return option && built !== undefined && built[option] === undefined ? option : undefined;
}

/** The active arguments that `prepare` removes. */
const removedByPrepare = (host: Host): (string | undefined)[] => [...iommuArguments(host).remove, noRemapping(host)];

/**
 * The kernel arguments to add and to remove where the firmware offers an IOMMU and the kernel does
 * not use it.
 */
export function iommuArguments(host: Host): { add: string[]; remove: string[] } {
  const { iommu, kernel: { arguments: running, built } } = host;
  if (iommu.units?.length !== 0 || !iommu.acpiTables || !running) return { add: [], remove: [] };
  if (missingSupport(host)) return { add: [], remove: [] };
  // the kernel uses AMD's units without any argument, and not every kernel Intel's
  const remove = offSwitches(host);
  const isDefault = remove.length > 0 && built?.CONFIG_INTEL_IOMMU_DEFAULT_ON === "y";
  return { add: iommu.acpiTables.includes("DMAR") && !isDefault ? ["intel_iommu=on"] : [], remove };
}

/**
 * A fix that applies the configured arguments to the boot entries, for example after a forgotten
 * update-grub. It is safe to repeat.
 */
export function refreshEntries(host: Host, argument?: string): Fix | undefined {
  const loader = loaderOf(host);
  const run = loader?.refresh?.(host) ?? (loader?.repeats && argument ? loader.add?.(argument, host) : undefined);
  return run === undefined ? undefined : commandFix(
    `Write the configured arguments into the boot entries, if you have not done so (${loader!.name})`,
    run,
    {
      root: true,
    },
  );
}

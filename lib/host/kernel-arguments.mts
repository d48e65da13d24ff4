/**
 * How kernel arguments are changed on a host: a table with one entry for each boot loader or tool.
 */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { applianceOf, appliances } from "./appliances.mts";
import { commandFix } from "../fixes.mts";
import { ownPaths } from "./own-files.mts";

/** A boot loader or tool that keeps a host's kernel arguments. */
interface Loader {
  name: string;
  /** Whether this host uses it. The first entry that returns true applies. */
  here(host: Host): boolean;
  /** Whether its boot entries are generated from such a file, or are such a file. */
  reads(file: string, host: Host): boolean;
  /**
   * The command that generates the boot entries from those files; absent where the files are the
   * entries.
   */
  refresh?(host: Host): string;
  /**
   * The command that adds an argument, as one line to run by hand; absent where only a description
   * is possible.
   */
  add?(argument: string, host: Host): string | undefined;
  /** Adding an argument that is already present changes nothing. */
  repeats?: true;
  /** The command that removes an argument by its exact text. */
  remove?(argument: string, host: Host): string | undefined;
  /**
   * The same edit in a script with {@link bootFileFunctions}, which can undo it; `refresh` runs
   * after it.
   */
  edit?(how: "add" | "remove", argument: string, host: Host): string;
  /** The path of our own file that adds arguments; its text is {@link ownGrubText}. */
  file?(host: Host): string | undefined;
  /** A description of where and how to add an argument by hand; undefined where a command does it. */
  words?(host: Host): string | undefined;
}

/** Whether a host has a program; false where its programs were not read. */
export const program = (host: Host, name: string) => host.programs !== undefined && name in host.programs;
/** Whether the probe read a file that configures arguments. */
const has = ({ kernel }: Host, path: string) => kernel.configurations.some(({ file }) => file === path);
/**
 * Entries of the Boot Loader Specification. On RHEL 8 their arguments are in GRUB's environment
 * block.
 */
const isEntry = (file: string) =>
  /^(\/boot|\/boot\/efi|\/efi)\/loader\/entries\//.test(file) || file === "/boot/grub2/grubenv";
const isCmdline = (file: string) => file === "/etc/kernel/cmdline";
const isCmdlineFolder = (file: string) => file.startsWith("/etc/cmdline.d/");
/**
 * Whether this host's grub-mkconfig reads the files of /etc/default/grub.d, as on Debian and its
 * derivatives.
 */
export const readsGrubFolder = ({ os }: Host) => [os.id, ...os.like].some((id) => id === "debian" || id === "ubuntu");
/**
 * Debian's grub-mkconfig, and that of derivatives, reads the files of /etc/default/grub.d after
 * /etc/default/grub.
 */
const isGrub = (file: string, host: Host) =>
  file === "/etc/default/grub" || readsGrubFolder(host) && file.startsWith("/etc/default/grub.d/");
/** Systems with a read-only root: changes go into a new snapshot. */
export const isTransactional = (host: Host) =>
  program(host, "transactional-update") &&
  /micro|aeon|kalpa/.test([host.os.id, host.os.name].join(" ").toLowerCase());
/**
 * Whether `prepare` changes nothing on this host: the system's files are not persistent, or
 * `prepare` does not write the files of its initramfs tool.
 */
const isByHand = (host: Host) =>
  host.os.id === "nixos" || applianceOf(host) !== undefined ||
  (["mkinitfs", "booster"].some((name) => program(host, name)) &&
    !["dracut", "mkinitcpio", "update-initramfs"].some((name) => program(host, name)));

/**
 * Whether the probe found such text in the lines of such a file, for example of /etc/mkinitcpio.d,
 * dracut.conf or kernel/install.conf.
 */
export const says = ({ configured }: Host, file: RegExp, text: RegExp) =>
  configured.some((line) => file.test(line.file) && text.test(line.text));
/**
 * mkinitcpio builds unified kernel images, which contain the arguments of /etc/kernel/cmdline
 * (mkinitcpio(8), presets).
 */
const hasUkiPreset = (host: Host) => says(host, /^mkinitcpio\.d\//, /_uki=/);

/** The path of `<preset>_cmdline=` in a preset of mkinitcpio, which replaces the default files. */
const presetCmdline = ({ configured }: Host) =>
  configured.find(({ file, text }) => /^mkinitcpio\.d\//.test(file) && /^[a-zA-Z]+_cmdline=\//.test(text))?.text
    .replace(/^[^=]*=/, "");

/**
 * The file of kernel arguments to edit for unified kernel images by mkinitcpio, which joins
 * /etc/kernel/cmdline and all files of /etc/cmdline.d (mkinitcpio 40, build_uki). `having`: the one
 * that has this argument. Undefined if a preset names another file, or if there is none.
 */
function ukiCmdline(host: Host, having?: string): string | undefined {
  if (presetCmdline(host)) return undefined;
  const files = host.kernel.configurations.filter(({ file }) => isCmdline(file) || isCmdlineFolder(file));
  const fitting = files.filter((one) => having === undefined || one.arguments.includes(having));
  return (fitting.find(({ file }) => isCmdline(file)) ?? fitting[0])?.file;
}

/**
 * Whether kernel-install made the boot entries: their names contain the kernel's version
 * (kernel-install(8)).
 */
export function isKernelInstalled(host: Host): boolean {
  const entries = host.kernel.configurations.filter(({ file }) => isEntry(file));
  const named = entries.some(({ file }) => /\d+\.\d+[^/]*\.conf$/.test(file));
  return has(host, "/etc/kernel/cmdline") && (program(host, "bootctl") || program(host, "kernel-install")) &&
    (named || (entries.length === 0 && !has(host, "/etc/default/grub")));
}

/**
 * Makes kernel-install recreate the entries of all installed kernels. The path of vmlinuz differs
 * by distribution.
 */
export const addAllKernels = "sh -c '" +
  'for kernel in /lib/modules/*; do version=${kernel##*/}; for image in "$kernel/vmlinuz" "/boot/vmlinuz-$version"; do ' +
  '[ ! -e "$image" ] || { kernel-install add "$version" "$image"; break; }; done; done' +
  "'";

/**
 * Whether Proxmox boots with systemd-boot: it does if it was installed on ZFS for UEFI without
 * Secure Boot. All other installations use GRUB, although /etc/kernel/cmdline may exist (Proxmox
 * VE's manual, Host Bootloader). Undefined where the deciding facts were not read.
 */
function systemdBootOfProxmox(host: Host): boolean | undefined {
  const { marks, efi, secureBoot } = host;
  const may = marks.includes("/etc/pve") && program(host, "proxmox-boot-tool") && has(host, "/etc/kernel/cmdline");
  if (!may || efi === false || secureBoot === true) return false;
  return efi === undefined || secureBoot === undefined ? undefined : true;
}

/** A loader that edits /etc/kernel/cmdline and updates the boot entries with `refresh`. */
function cmdlineLoader(name: string, here: Loader["here"], refresh: (host: Host) => string): Loader {
  return {
    name,
    here,
    reads: isCmdline,
    refresh,
    edit: (how, argument) => `line_change /etc/kernel/cmdline ${how} ${argument}`,
    add: (argument, host) => `sed -i '1 s/$/ ${argument}/' /etc/kernel/cmdline && ${refresh(host)}`,
    remove: (argument, host) =>
      `sed -i -E 's/(^| +)${pattern(argument)}( |$)/\\2/' /etc/kernel/cmdline && ${refresh(host)}`,
  };
}

/**
 * Kernel arguments by boot loader, the most specific first: a host can have several, and one of
 * them writes the files of the others.
 */
const loaders: Loader[] = [
  {
    // nixos-rebuild drops whatever configuration.nix does not have (NixOS manual,
    // boot.kernelParams)
    name: "NixOS",
    here: ({ os }) => os.id === "nixos",
    reads: () => false,
    words: () => "boot.kernelParams in configuration.nix, then nixos-rebuild switch",
  },
  ...appliances.filter(({ name }) => name !== "an image-based system").map((one): Loader => ({
    name: one.name,
    here: one.here,
    reads: () => false,
    words: () => one.arguments,
  })),
  {
    name: "rpm-ostree",
    here: (host) => program(host, "rpm-ostree") && host.marks.includes("/run/ostree-booted"),
    reads: isEntry,
    repeats: true,
    add: (argument) => `rpm-ostree kargs --append-if-missing=${argument}`,
    remove: (argument) => `rpm-ostree kargs --delete-if-present=${argument}`,
  },
  {
    name: "an image-based system",
    here: (host) => host.marks.includes("/run/ostree-booted"),
    reads: isEntry,
    words: () => "in /usr/lib/bootc/kargs.d of the image that this host boots (bootc)",
  },
  cmdlineLoader(
    "Proxmox with systemd-boot",
    (host) => systemdBootOfProxmox(host) === true,
    () => "proxmox-boot-tool refresh",
  ),
  {
    name: "Proxmox with systemd-boot or GRUB",
    here: (host) => systemdBootOfProxmox(host) === undefined,
    reads: () => false,
    words: () =>
      "in /etc/kernel/cmdline where proxmox-boot-tool status says systemd-boot (“uefi”), in /etc/default/grub where it says grub, then run proxmox-boot-tool refresh",
  },
  {
    name: "kernelstub",
    here: (host) => program(host, "kernelstub"),
    reads: (file) => file === "/etc/kernelstub/configuration",
    add: (argument) => `kernelstub -a ${argument}`,
    remove: (argument) => `kernelstub -d ${argument}`,
  },
  {
    // limine-entry-tool appends every += line of /etc/default/limine to the arguments of that name
    name: "Limine",
    here: (host) => program(host, "limine-mkinitcpio") || program(host, "limine-update"),
    reads: (file) => file === "/etc/default/limine" || file.startsWith("/etc/limine-entry-tool.d/"),
    refresh: (host) => program(host, "limine-mkinitcpio") ? "limine-mkinitcpio" : "limine-update",
    edit: (how, argument) =>
      how === "add" ? `append /etc/default/limine 'KERNEL_CMDLINE[default]+=" ${argument}"'` : "false",
    words: () => "in KERNEL_CMDLINE[default] of /etc/default/limine, then run limine-mkinitcpio (or limine-update)",
  },
  {
    name: "unified kernel images by mkinitcpio",
    here: hasUkiPreset,
    reads: (file) => isCmdline(file) || isCmdlineFolder(file),
    refresh: () => "mkinitcpio -P",
    edit(how, argument, host) {
      const file = ukiCmdline(host, how === "remove" ? argument : undefined);
      return file ? `line_change ${file} ${how} ${argument}` : "false";
    },
    add(argument, host) {
      const file = ukiCmdline(host);
      if (!file) return undefined;
      return isCmdline(file)
        ? `sed -i '1 s/$/ ${argument}/' ${file} && mkinitcpio -P`
        : `sh -c 'echo ${argument} >>${file}' && mkinitcpio -P`;
    },
    remove(argument, host) {
      const file = ukiCmdline(host, argument);
      return file && `sed -i -E 's/(^| +)${pattern(argument)}( |$)/\\2/' ${file} && mkinitcpio -P`;
    },
    words(host) {
      const named = presetCmdline(host);
      if (named) return `in ${named}, which a preset of mkinitcpio names, then run mkinitcpio -P`;
      return ukiCmdline(host)
        ? undefined
        : "no file has this host's arguments, so mkinitcpio takes those of the running kernel: write all of /proc/cmdline but initrd= and BOOT_IMAGE= into /etc/kernel/cmdline, with this one, then run mkinitcpio -P";
    },
  },
  {
    name: "unified kernel images by dracut",
    here: (host) => says(host, /^dracut\.conf/, /^kernel_cmdline/) && says(host, /^dracut\.conf/, /^uefi=yes/),
    reads: () => false,
    words: () => "in kernel_cmdline of /etc/dracut.conf.d, then dracut --force --regenerate-all",
  },
  cmdlineLoader(
    "openSUSE with sdbootutil",
    (host) => program(host, "sdbootutil") && has(host, "/etc/kernel/cmdline"),
    () => "sdbootutil update-all-entries",
  ),
  cmdlineLoader(
    "EndeavourOS with systemd-boot",
    (host) => program(host, "reinstall-kernels") && has(host, "/etc/kernel/cmdline"),
    () => "reinstall-kernels",
  ),
  cmdlineLoader("entries by kernel-install", isKernelInstalled, () => addAllKernels),
  {
    name: "grubby",
    here: (host) => program(host, "grubby"),
    reads: (file, host) => host.kernel.bls ? isEntry(file) : isEntry(file) || isGrub(file, host),
    repeats: true,
    add: (argument) => `grubby --update-kernel=ALL --args=${argument}`,
    remove: (argument) => `grubby --update-kernel=ALL --remove-args=${argument}`,
  },
  {
    name: "GRUB",
    here: (host) => has(host, "/etc/default/grub") && regenerate(host) !== undefined,
    reads: (file, host) => host.kernel.bls ? isEntry(file) : isGrub(file, host),
    refresh: (host) => regenerate(host)!,
    edit: (how, argument) => `grub_change ${how} ${argument}`,
    file: (host) => readsGrubFolder(host) ? ownPaths.grub : undefined,
    words: (host) => `in ${grubVariable} of /etc/default/grub, then run ${regenerate(host)}`,
  },
  {
    // Alpine's own tool for syslinux and extlinux
    name: "extlinux",
    here: (host) => has(host, "/etc/update-extlinux.conf"),
    reads: (file) => file === "/etc/update-extlinux.conf",
    words: () => "in default_kernel_opts of /etc/update-extlinux.conf, then run update-extlinux",
  },
  {
    name: "systemd-boot",
    here: ({ kernel }) => kernel.configurations.some(({ file }) => file.startsWith("/boot/loader/")) && !kernel.bls,
    reads: isEntry,
    add: (argument) => `sed -i '/^options/ s/$/ ${argument}/' /boot/loader/entries/*.conf`,
    remove: (argument) => `sed -i -E '/^options/ s/ +${pattern(argument)}( |$)/\\1/' /boot/loader/entries/*.conf`,
  },
];

/** GRUB's variable for the arguments of normal boot entries. */
const grubVariable = "GRUB_CMDLINE_LINUX_DEFAULT";

/** The text of our own GRUB file: it appends arguments to those of the files before it. */
export function ownGrubText(words: string[]): string {
  return words.map((word) => `${grubVariable}="$${grubVariable} ${word}"\n`).join("");
}

/** The boot loader of this host, by its files and tools; undefined if no known one matches. */
function loaderOf(host: Host): Loader | undefined {
  return loaders.find((loader) => loader.here(host));
}

/** How an argument is added or removed, by hand and in the script of `prepare`. */
export interface ArgumentChange {
  /** The argument; absent where the change only applies what is configured already. */
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
  const [there, back] = how === "add" ? [addArgument, removeArgument] : [removeArgument, addArgument];
  const file = how === "add" ? loader?.file?.(host) : undefined;
  const change = there(host, argument);
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
  const say = `Add ${argument} to the kernel's arguments${where}`;
  const line = ownGrubText([argument]).trimEnd().replace(/["$]/g, "\\$&");
  const own = file &&
    `mkdir -p ${file.replace(/\/[^/]*$/, "")} && sh -c 'echo "${line}" >>${file}' && ${loader!.refresh!(host)}`;
  return commandFix(say, own ?? loader?.add?.(argument, host) ?? null, { root: true, reboot: true });
}

/** A fix that removes a kernel argument, in the same way. */
export function removeArgument(host: Host, argument: string): Fix {
  const loader = loaderOf(host);
  const say = `Remove ${argument} from the kernel's arguments${locationOf(loader, host)}`;
  return commandFix(say, loader?.remove?.(argument, host) ?? null, { root: true, reboot: true });
}

function locationOf(loader: Loader | undefined, host: Host): string {
  if (!loader) return ", in whatever boots this host";
  const words = loader.words?.(host);
  const edits = loader.edit && loader.edit("add", "x", host) !== "false";
  const byPrepare = edits && !isByHand(host) ? " (prepare --apply does that and checks the result)" : "";
  return ` (${loader.name})${words ? `: ${words}${byPrepare}` : ""}`;
}

/** Arguments that switch an IOMMU off (kernel-parameters.txt). */
const offSwitches = ["intel_iommu=off", "amd_iommu=off", "iommu=off"];

/**
 * The kernel arguments to add and to remove where the firmware offers an IOMMU and the kernel does
 * not use it.
 */
export function iommuArguments({ iommu, kernel }: Host): { add: string[]; remove: string[] } {
  const { arguments: running } = kernel;
  if (iommu.units?.length !== 0 || !iommu.acpiTables || !running) return { add: [], remove: [] };
  const remove = offSwitches.filter((word) => running.includes(word));
  if (remove.length > 0) return { add: [], remove };
  if (iommu.acpiTables.includes("DMAR")) return { add: ["intel_iommu=on"], remove };
  return { add: iommu.acpiTables.includes("IVRS") ? ["iommu=pt"] : [], remove };
}

/** GRUB's variables for normal boot entries; there are others for Xen and for recovery entries. */
const ordinary = ["GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"];

/**
 * The arguments in the files that this host's boot entries are generated from. `whole`: all of
 * these files were read. Undefined where none was read.
 */
function isConfigured(host: Host): { words: string[]; whole: boolean } | undefined {
  const loader = loaderOf(host);
  const counts = (file: string) => loader?.reads(file, host) ?? (isEntry(file) || !host.kernel.bls);
  const read = host.kernel.configurations.filter(({ file, variable }) =>
    counts(file) && (!variable || ordinary.includes(variable))
  );
  if (read.length === 0) return undefined;
  // grub-mkconfig is a shell script that reads one file after the other: the last value of a
  // variable counts
  const replaced = (variable: string | undefined, at: number) =>
    variable !== undefined && read.slice(at + 1).some((later) => later.variable === variable && !later.adds);
  const words = read.filter(({ variable }, at) => !replaced(variable, at)).flatMap((one) => one.arguments);
  return { words, whole: loader !== undefined && !host.kernel.unread.some(counts) };
}

/** The configured kernel arguments of the next boot; undefined where they could not be read. */
export function configuredArguments(host: Host): string[] | undefined {
  return isConfigured(host)?.words;
}

/**
 * Whether an argument is configured for the next boot but not active yet; undefined where the
 * configuration could not be read.
 */
export function waitsForReboot(host: Host, argument: string): boolean | undefined {
  const words = configuredArguments(host);
  if (!words || !host.kernel.arguments) return undefined;
  return words.includes(argument) && !host.kernel.arguments.includes(argument);
}

/**
 * Whether an active argument will be gone after the next boot: every file that configures arguments
 * was read, and none has it.
 */
export function removalWaits(host: Host, argument: string): boolean {
  const found = isConfigured(host);
  return found !== undefined && found.whole && !found.words.includes(argument) &&
    host.kernel.arguments?.includes(argument) === true;
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

/** The command that makes GRUB read its defaults again (update-grub is Debian's name for it). */
function regenerate(host: Host): string | undefined {
  if (isTransactional(host)) return "transactional-update grub.cfg";
  if (program(host, "update-grub")) return "update-grub";
  if (program(host, "grub2-mkconfig")) return "grub2-mkconfig -o /boot/grub2/grub.cfg";
  if (program(host, "grub-mkconfig")) return "grub-mkconfig -o /boot/grub/grub.cfg";
  return undefined;
}

function pattern(argument: string): string {
  return argument.replace(/[.*/\\[\]^$]/g, "\\$&");
}

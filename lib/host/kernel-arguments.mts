/** How kernel arguments are changed on a host: as data, one entry a boot loader or tool. */
import type { Fix } from "../findings.mts";
import type { Configuration, Host } from "./types.mts";
import { commandFix } from "../fixes.mts";
import { shellCommand } from "../render.mts";

/** A way in which a host keeps its kernel arguments. */
interface Loader {
  name: string;
  /** Whether this host keeps them so; the first in the list that says yes is it. */
  here(host: Host): boolean;
  /** Whether its boot entries are made of such a file, or are in it. */
  reads(file: string, host: Host): boolean;
  /** Makes the boot entries anew from those files; absent where the files are the entries. */
  refresh?(host: Host): string;
  /** Adds an argument; absent where only words say how. */
  add?(argument: string, host: Host): string;
  /** Adding what is there already changes nothing. */
  repeats?: true;
  /** Removing takes an argument by its exact text. */
  remove?(argument: string, host: Host): string;
  /** Where and how, for a person. */
  words?: string;
}

/** Whether a host has a program; false where its programs were not read. */
export const program = (host: Host, name: string) => host.programs !== undefined && name in host.programs;
/** Whether a file that configures arguments was read. */
const has = ({ kernel }: Host, path: string) => kernel.configurations.some(({ file }) => file === path);
/** Entries of the Boot Loader Specification. RHEL 8 keeps their arguments in GRUB's own block of variables. */
const isEntry = (file: string) => file.startsWith("/boot/loader/entries/") || file === "/boot/grub2/grubenv";
const isCmdline = (file: string) => file === "/etc/kernel/cmdline";
/** Debian's grub-mkconfig, and so its derivatives', reads files of /etc/default/grub.d after the one that all have. */
const isGrub = (file: string, { os }: Host) =>
  file === "/etc/default/grub" ||
  ([os.id, ...os.like].some((id) => id === "debian" || id === "ubuntu") && file.startsWith("/etc/default/grub.d/"));

/**
 * Whether Proxmox is booted by systemd-boot: installed on ZFS, for UEFI without Secure Boot; in every other way it is GRUB, and
 * /etc/kernel/cmdline may be there all the same (Proxmox VE's manual, Host Bootloader). Undefined where what decides was not read.
 */
function systemdBootOfProxmox(host: Host): boolean | undefined {
  const { marks, efi, secureBoot } = host;
  const may = marks.includes("/etc/pve") && program(host, "proxmox-boot-tool") && has(host, "/etc/kernel/cmdline");
  if (!may || efi === false || secureBoot === true) return false;
  return efi === undefined || secureBoot === undefined ? undefined : true;
}

/** Kernel arguments by boot loader, the most particular first: several are there at once, and one of them writes the others' files. */
const loaders: Loader[] = [
  {
    // what configuration.nix does not say is gone with the next nixos-rebuild (NixOS manual, boot.kernelParams)
    name: "NixOS",
    here: ({ os }) => os.id === "nixos",
    reads: () => false,
    words: "boot.kernelParams in configuration.nix, then nixos-rebuild switch",
  },
  {
    name: "rpm-ostree",
    here: (host) => program(host, "rpm-ostree") && host.marks.includes("/run/ostree-booted"),
    reads: isEntry,
    repeats: true,
    add: (argument) => `rpm-ostree kargs --append-if-missing=${argument}`,
    remove: (argument) => `rpm-ostree kargs --delete-if-present=${argument}`,
  },
  {
    name: "Proxmox with systemd-boot",
    here: (host) => systemdBootOfProxmox(host) === true,
    reads: isCmdline,
    refresh: () => "proxmox-boot-tool refresh",
    add: (argument) => `sed -i '1 s/$/ ${argument}/' /etc/kernel/cmdline && proxmox-boot-tool refresh`,
    remove: (argument) => `sed -i 's/ *\\b${pattern(argument)}\\b//' /etc/kernel/cmdline && proxmox-boot-tool refresh`,
  },
  {
    name: "Proxmox with systemd-boot or GRUB",
    here: (host) => systemdBootOfProxmox(host) === undefined,
    reads: () => false,
    words:
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
    name: "grubby",
    here: (host) => program(host, "grubby"),
    reads: (file, host) => host.kernel.bls ? isEntry(file) : isEntry(file) || isGrub(file, host),
    repeats: true,
    add: (argument) => `grubby --update-kernel=ALL --args=${argument}`,
    remove: (argument) => `grubby --update-kernel=ALL --remove-args=${argument}`,
  },
  {
    name: "openSUSE with systemd-boot",
    here: (host) => program(host, "sdbootutil") && has(host, "/etc/kernel/cmdline"),
    reads: isCmdline,
    refresh: () => "sdbootutil update-all-entries",
    add: (argument) => `sed -i '1 s/$/ ${argument}/' /etc/kernel/cmdline && sdbootutil update-all-entries`,
    remove: (argument) =>
      `sed -i 's/ *\\b${pattern(argument)}\\b//' /etc/kernel/cmdline && sdbootutil update-all-entries`,
  },
  {
    name: "GRUB",
    here: (host) => has(host, "/etc/default/grub") && regenerate(host) !== undefined,
    reads: (file, host) => host.kernel.bls ? isEntry(file) : isGrub(file, host),
    refresh: (host) => regenerate(host)!,
    add: (argument, host) => `${grubEdit(argument, host)} && ${regenerate(host)}`,
    remove: (argument, host) => {
      const all = [...host.kernel.configurations.map(({ file }) => file), ...host.kernel.unread];
      const files = new Set(all.filter((file) => isGrub(file, host)));
      const edit = `/^GRUB_CMDLINE_LINUX/ s/ *\\b${pattern(argument)}\\b//`;
      return `sed -i '${edit}' ${[...files].map(shellCommand).join(" ")} && ${regenerate(host)}`;
    },
  },
  {
    name: "systemd-boot",
    here: ({ kernel }) => kernel.configurations.some(({ file }) => isEntry(file)) && !kernel.bls,
    reads: isEntry,
    add: (argument) => `sed -i '/^options/ s/$/ ${argument}/' /boot/loader/entries/*.conf`,
    remove: (argument) => `sed -i '/^options/ s/ *\\b${pattern(argument)}\\b//' /boot/loader/entries/*.conf`,
  },
];

/** What boots this host, as far as its files and tools tell; undefined if none that is known. */
function loaderOf(host: Host): Loader | undefined {
  return loaders.find((loader) => loader.here(host));
}

/** Adds a kernel argument with this host's own command, or says in words what to do where there is none or its boot loader is not known. */
export function addArgument(host: Host, argument: string): Fix {
  const loader = loaderOf(host);
  const say = `Add ${argument} to the kernel's arguments${locationOf(loader)}`;
  return commandFix(say, loader?.add?.(argument, host) ?? null, { root: true, reboot: true });
}

/** Takes a kernel argument away, likewise. */
export function removeArgument(host: Host, argument: string): Fix {
  const loader = loaderOf(host);
  const say = `Take ${argument} out of the kernel's arguments${locationOf(loader)}`;
  return commandFix(say, loader?.remove?.(argument, host) ?? null, { root: true, reboot: true });
}

function locationOf(loader: Loader | undefined): string {
  if (!loader) return ", in whatever boots this host";
  return ` (${loader.name})${loader.words ? `: ${loader.words}` : ""}`;
}

/** Arguments that switch an IOMMU off (kernel-parameters.txt). */
const offSwitches = ["intel_iommu=off", "amd_iommu=off", "iommu=off"];

/** What the kernel's arguments lack, or have too much, where the firmware offers an IOMMU and the kernel drives none. */
export function iommuArguments({ iommu, kernel }: Host): { add: string[]; remove: string[] } {
  const { arguments: running } = kernel;
  if (iommu.units?.length !== 0 || !iommu.acpiTables || !running) return { add: [], remove: [] };
  const remove = offSwitches.filter((word) => running.includes(word));
  if (remove.length > 0) return { add: [], remove };
  if (iommu.acpiTables.includes("DMAR")) return { add: ["intel_iommu=on"], remove };
  return { add: iommu.acpiTables.includes("IVRS") ? ["iommu=pt"] : [], remove };
}

/** What those files say that this host's boot entries are made of. `whole`: none of them is unread. Undefined where none was read. */
function isConfigured(host: Host): { words: string[]; whole: boolean } | undefined {
  const loader = loaderOf(host);
  const counts = (file: string) => loader?.reads(file, host) ?? (isEntry(file) || !host.kernel.bls);
  const read = host.kernel.configurations.filter(({ file }) => counts(file));
  if (read.length === 0) return undefined;
  // grub-mkconfig is a shell that reads one file after the other: the last value of a variable counts
  const replaced = (variable: string | undefined, at: number) =>
    variable !== undefined && read.slice(at + 1).some((later) => later.variable === variable && !later.adds);
  const words = read.filter(({ variable }, at) => !replaced(variable, at)).flatMap((one) => one.arguments);
  return { words, whole: loader !== undefined && !host.kernel.unread.some(counts) };
}

/** The kernel's arguments at the next boot, as far as they are configured; undefined where that could not be read. */
export function configuredArguments(host: Host): string[] | undefined {
  return isConfigured(host)?.words;
}

/** Whether an argument is configured for the next boot but does not run yet; undefined where the configuration cannot be read. */
export function waitsForReboot(host: Host, argument: string): boolean | undefined {
  const words = configuredArguments(host);
  if (!words || !host.kernel.arguments) return undefined;
  return words.includes(argument) && !host.kernel.arguments.includes(argument);
}

/** Whether an argument runs that the next boot is without: where all that configures arguments was read, and none of it has it. */
export function removalWaits(host: Host, argument: string): boolean {
  const found = isConfigured(host);
  return found !== undefined && found.whole && !found.words.includes(argument) &&
    host.kernel.arguments?.includes(argument) === true;
}

/** Brings what is configured into the boot entries, which a forgotten update-grub leaves as they were; does no harm where that was done. */
export function refreshEntries(host: Host, argument?: string): Fix | undefined {
  const loader = loaderOf(host);
  const run = loader?.refresh?.(host) ?? (loader?.repeats && argument ? loader.add?.(argument, host) : undefined);
  return run === undefined
    ? undefined
    : commandFix(`Bring what is configured into the boot entries, if that was not done (${loader!.name})`, run, {
      root: true,
    });
}

/** GRUB's variable that holds arguments for every ordinary start here, where it is given its last value. */
function lastOf(host: Host): Partial<Configuration> & { variable: string } {
  const all = host.kernel.configurations.filter(({ file, variable }) => variable && isGrub(file, host));
  const names = all.map(({ variable }) => variable!);
  const variable = names.length === 0 || names.includes("GRUB_CMDLINE_LINUX_DEFAULT")
    ? "GRUB_CMDLINE_LINUX_DEFAULT"
    : names[0]!;
  return { variable, ...all.findLast((one) => one.variable === variable) };
}

/** Puts an argument before the quote that ends the variable's value, whichever quote that is; one without quotes gets them. */
function grubEdit(argument: string, host: Host): string {
  const { variable: name, quote, file: path = "/etc/default/grub" } = lastOf(host);
  const file = shellCommand(path);
  if (quote === undefined) return `echo '${name}="${argument}"' >>${file}`;
  if (quote === "") return `sed -i 's/^\\(${name}=\\)\\([^ ]*\\)/\\1"\\2 ${argument}"/' ${file}`;
  return quote === "'"
    ? `sed -i "s/^\\(${name}='[^']*\\)/\\1 ${argument}/" ${file}`
    : `sed -i 's/^\\(${name}="[^"]*\\)/\\1 ${argument}/' ${file}`;
}

/** What makes GRUB read its defaults anew (update-grub is Debian's name for it). */
function regenerate(host: Host): string | undefined {
  if (program(host, "update-grub")) return "update-grub";
  if (program(host, "grub2-mkconfig")) return "grub2-mkconfig -o /boot/grub2/grub.cfg";
  if (program(host, "grub-mkconfig")) return "grub-mkconfig -o /boot/grub/grub.cfg";
  return undefined;
}

function pattern(argument: string): string {
  return argument.replace(/[.*/\\[\]^$]/g, "\\$&");
}

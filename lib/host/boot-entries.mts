/**
 * The files that contain a host's boot entries or that they are generated from, and the tools that
 * generate them.
 */
import type { Host } from "./types.mts";
import { isLike } from "./distributions.mts";
import { program } from "./programs.mts";

/** Whether the probe read a file that configures arguments. */
export const hasConfiguration = ({ kernel }: Host, path: string) =>
  kernel.configurations.some(({ file }) => file === path);
/**
 * Whether a file is an entry of the Boot Loader Specification. On RHEL 8 the arguments of entries
 * are in GRUB's environment block.
 */
export const isEntry = (file: string) =>
  /^(\/boot|\/boot\/efi|\/efi)\/loader\/entries\//.test(file) || file === "/boot/grub2/grubenv";
/** Whether a file has the arguments as one line, for kernel-install and similar tools (kernel-install(8)). */
export const isCmdline = (file: string) => file === "/etc/kernel/cmdline";
/** Whether a file is one of those that mkinitcpio joins with /etc/kernel/cmdline. */
export const isCmdlineFolder = (file: string) => file.startsWith("/etc/cmdline.d/");
/**
 * Whether this host's grub-mkconfig reads the files of /etc/default/grub.d, as on Debian and its
 * derivatives.
 */
export const readsGrubFolder = (host: Host) => isLike(host, "debian", "ubuntu");
/**
 * Debian's grub-mkconfig, and that of derivatives, reads the files of /etc/default/grub.d after
 * /etc/default/grub.
 */
export const isGrub = (file: string, host: Host) =>
  file === "/etc/default/grub" || readsGrubFolder(host) && file.startsWith("/etc/default/grub.d/");

/**
 * Whether a file contains such text, among the files that the probe read, for example of
 * /etc/mkinitcpio.d, dracut.conf or kernel/install.conf.
 */
export const fileContains = ({ configured }: Host, file: RegExp, text: RegExp) =>
  configured.some((line) => file.test(line.file) && text.test(line.text));
/**
 * Whether mkinitcpio builds unified kernel images, which contain the arguments of
 * /etc/kernel/cmdline (mkinitcpio(8), presets).
 */
export const hasUkiPreset = (host: Host) => fileContains(host, /^mkinitcpio\.d\//, /_uki=/);

/** The path of `<preset>_cmdline=` in a preset of mkinitcpio, which replaces the default files. */
export const presetCmdline = ({ configured }: Host) =>
  configured.find(({ file, text }) => /^mkinitcpio\.d\//.test(file) && /^[a-zA-Z]+_cmdline=\//.test(text))?.text
    .replace(/^[^=]*=/, "");

/**
 * The file of kernel arguments to edit for unified kernel images by mkinitcpio, which joins
 * /etc/kernel/cmdline and all files of /etc/cmdline.d (mkinitcpio 40, build_uki). `having`: the one
 * that has this argument. Undefined if a preset names another file, or if there is none.
 */
export function ukiCmdline(host: Host, having?: string): string | undefined {
  if (presetCmdline(host)) return undefined;
  const files = host.kernel.configurations.filter(({ file }) => isCmdline(file) || isCmdlineFolder(file));
  const fitting = files.filter((one) => having === undefined || one.arguments.includes(having));
  return (fitting.find(({ file }) => isCmdline(file)) ?? fitting[0])?.file;
}

/**
 * The boot loader that started this system, where it is certain: by LoaderInfo (systemd.io/BOOT_LOADER_INTERFACE), and
 * by the argument BOOT_IMAGE, which GRUB gives to every kernel, also if another boot loader started GRUB. Where a file
 * of arguments has it, it was copied from /proc/cmdline. `systemd-stub`: an image with its arguments in it, which the
 * firmware started.
 */
export function startedBy({ bootLoader, kernel }: Host): string | undefined {
  if (!kernel.arguments) return undefined;
  const isImage = (word: string) => word.startsWith("BOOT_IMAGE=");
  const isCopied = kernel.configurations.some((one) => one.arguments.some(isImage));
  const byGrub = kernel.arguments.some(isImage) && !isCopied;
  return (byGrub ? ["grub"] : ["systemd-boot", "limine", "refind", "systemd-stub"]).find((name) => name === bootLoader);
}
/** Whether another boot loader than GRUB started this system. */
const startedWithoutGrub = (host: Host): boolean => ![undefined, "grub"].includes(startedBy(host));

/** The boot loaders that read what these tools write; the others write for any. */
const readers: Record<string, string[]> = {
  kernelstub: ["systemd-boot"],
  Limine: ["limine"],
  "systemd-boot by sdboot-manage": ["systemd-boot"],
  "openSUSE with sdbootutil": ["systemd-boot", "grub"],
  "EndeavourOS with systemd-boot": ["systemd-boot"],
  grubby: ["grub"],
  GRUB: ["grub"],
  rEFInd: ["refind"],
  extlinux: [],
  "entries by efibootmgr": [],
  "systemd-boot": ["systemd-boot"],
};
/** Whether the boot loader that started this system may read what this tool writes. */
export function isRead(tool: string, host: Host): boolean {
  const by = startedBy(host);
  return by === undefined || (readers[tool] ?? [by]).includes(by);
}

/** Whether grubby changes GRUB's entries: Fedora and RHEL have it as a package, which small installations lack. */
export const hasGrubby = (host: Host): boolean =>
  program(host, "grubby") || host.kernel.bls === true && program(host, "dnf");
/**
 * What a command with grubby begins with, where it is missing: newer releases of grub2-mkconfig leave the arguments of
 * existing entries (RHEL 9.3 and Fedora: --update-bls-cmdline).
 */
export const installGrubby = (host: Host): string => program(host, "grubby") ? "" : "dnf install -y grubby && ";

/** A folder of boot entries that only root can read; undefined if there is none. */
export const hiddenFolder = ({ kernel }: Host): string | undefined =>
  kernel.unread.flatMap((path) => /^(.*)\/…(\.conf)?$/.exec(path)?.[1] ?? [])[0];

/**
 * Whether kernel-install made the boot entries: their names contain the kernel's version
 * (kernel-install(8)).
 */
export function isKernelInstalled(host: Host): boolean {
  const entries = host.kernel.configurations.filter(({ file }) => isEntry(file));
  const named = entries.some(({ file }) => /\d+\.\d+[^/]*\.conf$/.test(file));
  // if GRUB reads the entries of /boot, grubby is the tool that changes them, although Fedora has that file too
  const isGrubs = host.kernel.bls && hasGrubby(host) && !startedWithoutGrub(host) &&
    entries.some(({ file }) => file.startsWith("/boot/loader/"));
  // Limine, rEFInd and an image with its arguments in it read no such entries
  const hasReader = !["limine", "refind", "systemd-stub"].includes(startedBy(host) ?? "") ||
    fileContains(host, /^kernel\/install\.conf$/, /^layout=uki/);
  // on Arch that file is mkinitcpio's too, and entries by hand are usual
  const unsure = hiddenFolder(host) !== undefined && isLike(host, "arch") &&
    !fileContains(host, /^kernel\/install\.conf$/, /^layout=/);
  const none = entries.length === 0 && !unsure &&
    (startedWithoutGrub(host) || !hasConfiguration(host, "/etc/default/grub"));
  return hasReader && !isGrubs && hasConfiguration(host, "/etc/kernel/cmdline") && (named || none) &&
    (program(host, "bootctl") || program(host, "kernel-install"));
}

/**
 * Makes kernel-install recreate the entries of all installed kernels. The path of vmlinuz differs
 * by distribution.
 */
export const addAllKernels = "sh -c '" +
  "for kernel in /lib/modules/*; do version=${kernel##*/}; " +
  'for image in "$kernel/vmlinuz" "/boot/vmlinuz-$version"; do ' +
  '[ ! -e "$image" ] || { kernel-install add "$version" "$image"; break; }; done; done' +
  "'";

/**
 * Whether Proxmox boots with systemd-boot: it does if it was installed on ZFS for UEFI without
 * Secure Boot. All other installations use GRUB, although /etc/kernel/cmdline may exist (Proxmox
 * VE's manual, Host Bootloader). Undefined where the deciding facts were not read.
 */
export function systemdBootOfProxmox(host: Host): boolean | undefined {
  const { existingPaths, efi, secureBoot } = host;
  const may = existingPaths.includes("/etc/pve") && program(host, "proxmox-boot-tool") &&
    hasConfiguration(host, "/etc/kernel/cmdline");
  const by = startedBy(host);
  if (may && by !== undefined) return by === "systemd-boot";
  if (!may || efi === false || secureBoot === true) return false;
  return efi === undefined || secureBoot === undefined ? undefined : true;
}

/** An argument as a pattern that sed matches by its exact text. */
export const pattern = (argument: string): string => argument.replace(/[.*/\\[\]^$]/g, "\\$&");

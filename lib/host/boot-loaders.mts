/** Boot loaders and tools that store a host's kernel arguments: a table with one entry for each. */
import type { Host } from "./types.mts";
import { appliances } from "./appliances.mts";
import { isNixos } from "./nixos.mts";
import { ownPaths } from "./own-files.mts";
import { isTransactional, program } from "./programs.mts";
import {
  editEntries,
  entryFolders,
  isLimine,
  isLimineTool,
  isSdboot,
  limineFile,
  limineUpdate,
  limineWords,
  sdbootEdit,
  sdbootManage,
  sdbootWords,
} from "./boot-drop-ins.mts";
import {
  addAllKernels,
  fileContains,
  hasConfiguration,
  hasGrubby,
  hasUkiPreset,
  installGrubby,
  isCmdline,
  isCmdlineFolder,
  isEntry,
  isGrub,
  isKernelInstalled,
  isRead,
  pattern,
  presetCmdline,
  readsGrubFolder,
  startedBy,
  systemdBootOfProxmox,
  ukiCmdline,
} from "./boot-entries.mts";

/** A boot loader or tool that stores a host's kernel arguments. */
export interface Loader {
  name: string;
  /** Whether this host uses it. The first entry that returns true applies. */
  here(host: Host): boolean;
  /** Whether a file contains its boot entries, or is one that they are generated from. */
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
  /**
   * A description of where and how to add an argument by hand, or to remove `removed`; undefined where a command does
   * it.
   */
  words?(host: Host, removed?: string): string | undefined;
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

/** A loader whose arguments are only described. */
const byHand = (
  name: string,
  here: Loader["here"],
  words: NonNullable<Loader["words"]>,
  reads: Loader["reads"] = () => false,
): Loader => ({ name, here, reads, words });
const byFile = (name: string, path: string, words: (host: Host, file: string) => string): Loader =>
  byHand(name, (host) => hasConfiguration(host, path), (host) => words(host, path), (file) => file === path);

/** A file of dracut's settings, of /etc or of a package. */
const dracutFile = /(^|\/)dracut\.conf/;

/**
 * Kernel arguments by boot loader, the most specific first: a host can have several, and one of
 * them may write the files of the others.
 */
const loaders: Loader[] = [
  // nixos-rebuild removes arguments that configuration.nix does not have (NixOS manual, boot.kernelParams)
  byHand("NixOS", isNixos, () => "boot.kernelParams in configuration.nix, then nixos-rebuild switch"),
  ...appliances.filter(({ name }) => name !== "an image-based system").map((one) =>
    byHand(one.name, one.here, () => one.arguments)
  ),
  {
    name: "rpm-ostree",
    here: (host) => program(host, "rpm-ostree") && host.existingPaths.includes("/run/ostree-booted"),
    reads: isEntry,
    repeats: true,
    add: (argument) => `rpm-ostree kargs --append-if-missing=${argument}`,
    remove: (argument) => `rpm-ostree kargs --delete-if-present=${argument}`,
  },
  byHand(
    "an image-based system",
    (host) => host.existingPaths.includes("/run/ostree-booted"),
    () => "in /usr/lib/bootc/kargs.d of the image that this host boots (bootc)",
    isEntry,
  ),
  cmdlineLoader(
    "Proxmox with systemd-boot",
    (host) => systemdBootOfProxmox(host) === true,
    () => "proxmox-boot-tool refresh",
  ),
  byHand(
    "Proxmox with systemd-boot or GRUB",
    (host) => systemdBootOfProxmox(host) === undefined,
    () =>
      "in /etc/kernel/cmdline where proxmox-boot-tool status says systemd-boot (“uefi”), in /etc/default/grub " +
      "where it says grub, then run proxmox-boot-tool refresh",
  ),
  {
    name: "kernelstub",
    here: (host) => program(host, "kernelstub") && host.efi !== false,
    reads: (file) => file === "/etc/kernelstub/configuration",
    add: (argument) => `kernelstub -a ${argument}`,
    remove: (argument) => `kernelstub -d ${argument}`,
  },
  {
    // limine-entry-tool appends every += line of /etc/default/limine to the arguments of that name
    name: "Limine",
    here: (host) => ["limine-mkinitcpio", "limine-dracut", "limine-update"].some((name) => program(host, name)),
    reads: isLimineTool,
    refresh: limineUpdate,
    edit: (how, argument) =>
      how === "add" ? `append /etc/default/limine 'KERNEL_CMDLINE[default]+=" ${argument}"'` : "false",
    words: limineWords,
  },
  {
    // sdboot-manage replaces the entries at each kernel update; its configuration is a file of bash
    // (CachyOS, systemd-boot-manager)
    name: "systemd-boot by sdboot-manage",
    here: (host) => program(host, "sdboot-manage") && hasConfiguration(host, sdbootManage) && !host.kernel.bls,
    reads: isSdboot,
    refresh: () => "sdboot-manage gen",
    edit: sdbootEdit,
    words: sdbootWords,
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
        : "no file has this host's arguments, so mkinitcpio uses those of the running kernel: write all of " +
          "/proc/cmdline but initrd= and BOOT_IMAGE= into /etc/kernel/cmdline, with this one, then run " +
          "mkinitcpio -P";
    },
  },
  byHand(
    "unified kernel images by dracut",
    (host) => fileContains(host, dracutFile, /^kernel_cmdline/) && fileContains(host, dracutFile, /^uefi=yes/),
    () => "in kernel_cmdline of /etc/dracut.conf.d, then dracut --force --regenerate-all",
  ),
  cmdlineLoader(
    "openSUSE with sdbootutil",
    (host) => program(host, "sdbootutil") && hasConfiguration(host, "/etc/kernel/cmdline"),
    () => "sdbootutil update-all-entries",
  ),
  cmdlineLoader(
    "EndeavourOS with systemd-boot",
    (host) => program(host, "reinstall-kernels") && hasConfiguration(host, "/etc/kernel/cmdline"),
    () => "reinstall-kernels",
  ),
  cmdlineLoader("entries by kernel-install", isKernelInstalled, () => addAllKernels),
  // a full installation has GRUB's programs and files too, whichever of the three boots (Slackware 15.0, README_UEFI)
  byHand(
    "Slackware",
    ({ os }) => os.id === "slackware",
    () =>
      "elilo: in append= of /boot/efi/EFI/Slackware/elilo.conf; LILO: in append= of /etc/lilo.conf, then run lilo; " +
      `GRUB: in ${grubVariable} of /etc/default/grub, then run grub-mkconfig -o /boot/grub/grub.cfg`,
  ),
  {
    name: "grubby",
    here: hasGrubby,
    reads: (file, host) => host.kernel.bls ? isEntry(file) : isEntry(file) || isGrub(file, host),
    repeats: true,
    add: (argument, host) => `${installGrubby(host)}grubby --update-kernel=ALL --args=${argument}`,
    remove: (argument, host) => `${installGrubby(host)}grubby --update-kernel=ALL --remove-args=${argument}`,
  },
  {
    name: "GRUB",
    here: (host) => hasConfiguration(host, "/etc/default/grub") && regenerate(host) !== undefined,
    reads: (file, host) => host.kernel.bls ? isEntry(file) : isGrub(file, host),
    refresh: (host) => regenerate(host)!,
    edit: (how, argument) => `grub_change ${how} ${argument}`,
    file: (host) => readsGrubFolder(host) ? ownPaths.grub : undefined,
    words(host, removed) {
      const places = host.kernel.configurations.flatMap(({ file, variable, arguments: words }) =>
        variable && removed !== undefined && words.includes(removed) ? [`${variable} of ${file}`] : []
      );
      return `in ${places.join(" and ") || `${grubVariable} of /etc/default/grub`}, then run ${regenerate(host)}`;
    },
  },
  byHand(
    "Limine",
    (host) => limineFile(host) !== undefined,
    (host) => `in cmdline: of each entry of ${limineFile(host)}`,
    isLimine,
  ),
  // the arguments are a property of each ZFS dataset with a system (docs.zfsbootmenu.org, zbm-kcl(8); read 2026-11-27)
  byHand(
    "ZFSBootMenu",
    (host) => program(host, "generate-zbm"),
    () => "in the property org.zfsbootmenu:commandline of the root dataset (zbm-kcl edits it)",
  ),
  // refind_linux.conf is next to the kernel; each line is the title of an entry and its arguments (mkrlconf(8))
  byFile("rEFInd", "/boot/refind_linux.conf", (_, file) => `in the second quotes of each line of ${file}`),
  // Alpine's own tool for syslinux and extlinux
  byFile(
    "extlinux",
    "/etc/update-extlinux.conf",
    (_, file) => `in default_kernel_opts of ${file}, then run update-extlinux`,
  ),
  // Void's package efibootmgr (void-linux/void-packages, kernel.d/efibootmgr.post-install; read 2026-11-29)
  byFile(
    "entries by efibootmgr",
    "/etc/default/efibootmgr-kernel-hook",
    ({ os }, file) =>
      `in OPTIONS of ${file}, where MODIFY_EFI_ENTRIES must be 1, then run xbps-reconfigure -f linux${
        /^\d+\.\d+/.exec(os.kernel ?? "")?.[0] ?? " and the kernel's release"
      }`,
  ),
  {
    name: "systemd-boot",
    here: (host) => entryFolders(host).length > 0 && (!host.kernel.bls || startedBy(host) === "systemd-boot"),
    reads: isEntry,
    add: (argument, host) => editEntries(host, `sed -i "/^options/ s/$/ ${argument}/"`),
    remove: (argument, host) => editEntries(host, `sed -i -E "/^options/ s/ +${pattern(argument)}( |$)/\\1/"`),
  },
];

/** GRUB's variable for the arguments of normal boot entries. */
const grubVariable = "GRUB_CMDLINE_LINUX_DEFAULT";

/** The text of our own GRUB file: it appends arguments to those of the files before it. */
export function ownGrubText(words: string[]): string {
  return words.map((word) => `${grubVariable}="$${grubVariable} ${word}"\n`).join("");
}

/** The boot loader of this host, by its files and tools; undefined if no known one matches. */
export function loaderOf(host: Host): Loader | undefined {
  return loaders.find(({ here, name }) => here(host) && isRead(name, host));
}

/** The command that makes GRUB read its defaults again (update-grub is Debian's name for it). */
function regenerate(host: Host): string | undefined {
  if (isTransactional(host)) return "transactional-update grub.cfg";
  if (program(host, "update-grub")) return "update-grub";
  if (program(host, "grub2-mkconfig")) return "grub2-mkconfig -o /boot/grub2/grub.cfg";
  if (program(host, "grub-mkconfig")) return "grub-mkconfig -o /boot/grub/grub.cfg";
  return undefined;
}

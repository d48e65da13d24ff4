/** Files of kernel arguments that the tools of boot loaders read besides their main one. */
import type { Host } from "./types.mts";
import { program } from "./programs.mts";

/** The main file of sdboot-manage, a script of bash. */
export const sdbootManage = "/etc/sdboot-manage.conf";
/** Files that sdboot-manage evaluates after its main one, so that they can replace what that sets. */
const isSdbootDropIn = (file: string) => /^\/(usr\/lib|etc)\/sdboot-manage\.conf\.d\//.test(file);
const hasSdbootDropIns = ({ kernel }: Host) => kernel.configurations.some(({ file }) => isSdbootDropIn(file));
/** Whether sdboot-manage reads a file. */
export const isSdboot = (file: string) => file === sdbootManage || isSdbootDropIn(file);
/** Whether limine-entry-tool reads a file (its limine-common-functions, load_config; read 2026-11-28). */
export const isLimineTool = (file: string) =>
  /^\/(usr\/share|etc)\/limine-entry-tool\.(d\/|conf$)|^\/etc\/default\/limine$/.test(file);

/**
 * The files that configure an argument, among those that a loader reads, joined for a sentence; undefined where none
 * has it. An update replaces a package's files in /usr, so the sentence says what to write instead.
 */
function filesWith(host: Host, reads: (file: string) => boolean, argument?: string): string | undefined {
  const files = host.kernel.configurations.flatMap(({ file, arguments: words }) =>
    argument !== undefined && reads(file) && words.includes(argument)
      ? [file.startsWith("/usr/") ? `${file} (an update brings it back: set the variable without it in /etc)` : file]
      : []
  );
  return files.length > 0 ? [...new Set(files)].join(" and ") : undefined;
}

/** The edit that adds an argument for sdboot-manage, as `Loader.edit`; `false` where another file may replace it. */
export const sdbootEdit = (how: "add" | "remove", argument: string, host: Host): string =>
  how === "add" && !hasSdbootDropIns(host)
    ? `append ${sdbootManage} 'LINUX_OPTIONS="$LINUX_OPTIONS ${argument}"'`
    : "false";

/** Where to write an argument for sdboot-manage by hand, or to remove `removed`, and the command after it. */
export function sdbootWords(host: Host, removed?: string): string {
  const files = filesWith(host, isSdboot, removed) ??
    (hasSdbootDropIns(host) ? `a last file of ${sdbootManage}.d, which keeps $LINUX_OPTIONS` : sdbootManage);
  return `in LINUX_OPTIONS of ${files}, then run sdboot-manage gen`;
}

/** The command that makes Limine's entries from these files. */
export const limineUpdate = (host: Host) =>
  ["limine-mkinitcpio", "limine-dracut"].find((name) => program(host, name)) ?? "limine-update";

/** The same for limine-entry-tool. */
export const limineWords = (host: Host, removed?: string) =>
  `in KERNEL_CMDLINE[default] of ${filesWith(host, isLimineTool, removed) ?? "/etc/default/limine"}, then run ${
    limineUpdate(host)
  }`;

/** The folders with this host's boot entries, each with a slash: where the EFI system partition is mounted decides. */
export const entryFolders = ({ kernel }: Host): string[] => [
  ...new Set(
    kernel.configurations.flatMap(({ file }) => /^(?:\/boot|\/boot\/efi|\/efi)\/loader\/entries\//.exec(file) ?? []),
  ),
];
/** The command that edits all of them with this one; by a shell of root, since often only root can list the folder. */
export const editEntries = (host: Host, command: string): string =>
  `sh -c '${command} ${entryFolders(host).map((folder) => `${folder}*.conf`).join(" ")}'`;

/**
 * Whether a file is Limine's own configuration: next to its program or in the folders that it searches
 * (limine-bootloader/limine, CONFIG.md); archinstall writes EFI/arch-limine.
 */
export const isLimine = (file: string) =>
  /^\/(boot|boot\/efi|efi)\/(limine\/|EFI\/([^/]*limine|BOOT)\/)?limine\.conf$/.test(file);
/** That of this host, joined for a sentence if there are several; undefined if it has none. */
export function limineFile({ kernel }: Host): string | undefined {
  const files = [...kernel.configurations.map(({ file }) => file), ...kernel.unread].filter(isLimine);
  return files.length > 0 ? files.join(" or ") : undefined;
}

/** The scripts that prepare a host and undo the preparation. */
import { bootFileFunctions } from "../host/boot-files.mts";
import type { Initramfs } from "../host/initramfs.mts";
import type { ArgumentChange } from "../host/kernel-arguments.mts";
import { ownFiles, ownPaths } from "../host/own-files.mts";
import { shellWord } from "../render.mts";
import { mark, type Preparation, stateDir } from "./prepare.mts";

/** Adds a line to the script that restores kernel arguments, unless an interrupted run has added it. */
function uniqueLines(line: string, list = `${stateDir}/arguments.sh`): string {
  return `grep -qsxF -e ${shellWord(line)} ${list} || printf "%s\\n" ${shellWord(line)} >>${list}`;
}

/** The file that records how the initramfs was built before. */
const shown = `${stateDir}/initramfs`;

function rebuildLines(initramfs: Initramfs | undefined): string[] {
  if (!initramfs?.lasting) return initramfs?.rebuild ? [initramfs.rebuild] : [];
  const { show, rebuild } = initramfs.lasting;
  return [
    `if [ ! -e ${shown} ]; then`,
    `  ${show} >${shown}.new`,
    `  mv ${shown}.new ${shown}`,
    "fi",
    "# shellcheck disable=SC2046 # words, each an argument",
    rebuild(shown),
  ];
}

/** Checks that the initramfs contains vfio-pci, if a program can list its files. */
function initramfsCheck({ initramfs, files }: Preparation): string[] {
  const loads = files.some(({ path }) => path.startsWith("/etc/modprobe.d/"));
  if (!initramfs?.list || !loads) return [];
  return [
    `if listing=$(${initramfs.list} 2>/dev/null); then`,
    "  case $listing in",
    "    *vfio-pci* | *vfio_pci*) ;;",
    `    *) echo "the initramfs has no vfio-pci: ${initramfs.name} did not read what was written" >&2; exit 1 ;;`,
    "  esac",
    "fi",
  ];
}

const folderOf = (path: string) => path.replace(/\/[^/]*$/, "");

/** The folder for the copies of {@link bootFileFunctions}, and the folder of GRUB that they read. */
const settings = [
  `state=${stateDir}`,
  "undoing=",
  `grub_folder=${folderOf(ownPaths.grub)}`,
  '[ -e "$state/grub-folder" ] || grub_folder=',
];

/** One change of a kernel argument, as lines of the script. */
function argumentLines({ change, undo, edit, refresh, file, argument }: ArgumentChange): string[] {
  const missed = (what: string) => `{ echo ${shellWord(`${change.title}: ${what}`)} >&2; missed=yes; }`;
  const bring = refresh ? [uniqueLines(refresh, `${stateDir}/refresh`)] : [];
  if (file) return [...bring, `grub_sets ${argument} || ${missed("a file that GRUB reads later overrides it")}`];
  if (edit) {
    return [
      ...bring,
      `${edit} || ${missed("the file is unchanged, because the edit would not give exactly this result")}`,
    ];
  }
  if (!change.command) return [];
  if (!undo) return [change.command];
  return undo.command ? [uniqueLines(undo.command), change.command] : [];
}

/**
 * The script that prepares the host. It writes the undo script first, so that an interrupted run
 * can be undone.
 */
export function applyScript(preparation: Preparation): string {
  const { files, appended, arguments: changes, initramfs } = preparation;
  const edits = changes.some(({ edit, file }) => edit || file) || appended.length > 0;
  return [
    "#!/bin/sh",
    `# Binds the card to vfio-pci at boot. Written by homelab-gpu; run it as root. To undo it: sh ${stateDir}/undo.sh`,
    "set -eu",
    `mkdir -p ${stateDir}/before`,
    `rm -f ${stateDir}/done`,
    `printf %s ${shellWord(undoScript(preparation))} >${stateDir}/undo.new`,
    `mv ${stateDir}/undo.new ${stateDir}/undo.sh`,
    ...(preparation.grubFolder ? [`: >${stateDir}/grub-folder`] : []),
    "# files of others with these names",
    `for path in ${ownFiles.join(" ")}; do`,
    `  if [ -e "$path" ] && [ ! -e "${stateDir}/before$path" ] && ! grep -q '${mark}' "$path"; then`,
    `    mkdir -p "${stateDir}/before\${path%/*}"`,
    `    cp -p "$path" "${stateDir}/before$path"`,
    "  fi",
    "done",
    ...ownFiles.filter((path) => !files.some((file) => file.path === path)).map((path) =>
      `! grep -qs '${mark}' ${path} || rm ${path}`
    ),
    ...files.flatMap(({ path, text, mode }) => [
      `mkdir -p ${folderOf(path)}`,
      `printf %s ${shellWord(text)} >${path}.new`,
      `chmod ${mode.toString(8)} ${path}.new`,
      `mv ${path}.new ${path}`,
    ]),
    "missed=",
    ...(edits ? [...settings, bootFileFunctions.trim()] : []),
    ...appended.map(({ path, line }) =>
      `append ${path} ${shellWord(line)} || { echo ${shellWord(`add to ${path}: ${line}`)} >&2; missed=yes; }`
    ),
    ...changes.flatMap(argumentLines),
    ...new Set(changes.flatMap(({ refresh }) => refresh ?? [])),
    ...rebuildLines(initramfs),
    ...initramfsCheck(preparation),
    '[ -z "$missed" ] || exit 1',
    `echo yes >${stateDir}/done`,
    "",
  ].join("\n");
}

/** The script that undoes the preparation. */
export function undoScript({ initramfs }: Preparation): string {
  return [
    "#!/bin/sh",
    "# Undoes what `homelab-gpu prepare --apply` did to this host. Run it as root.",
    "set -eu",
    ...settings,
    bootFileFunctions.trim(),
    `for path in ${ownFiles.join(" ")}; do`,
    `  if grep -qs '${mark}' "$path"; then`,
    '    rm "$path"',
    `    [ ! -e "${stateDir}/before$path" ] || cp -p "${stateDir}/before$path" "$path"`,
    "  fi",
    "done",
    "restore",
    `[ ! -e ${stateDir}/arguments.sh ] || . ${stateDir}/arguments.sh`,
    `[ ! -e ${stateDir}/refresh ] || . ${stateDir}/refresh`,
    ...(initramfs?.lasting
      ? [`if [ -e ${shown} ]; then`, ...initramfs.lasting.undo(shown).map((line) => `  ${line}`), "fi"]
      : initramfs?.rebuild
      ? [initramfs.rebuild]
      : []),
    "# what differs from before is kept",
    `for path in ${stateDir}/*; do`,
    '  case $path in */kept) ;; *) rm -rf "$path" ;; esac',
    "done",
    `rmdir ${stateDir} 2>/dev/null || :`,
    "",
  ].join("\n");
}

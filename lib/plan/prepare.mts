/** What a host needs so that vfio-pci has a card from the moment it boots: as files, kernel arguments and a new initramfs. */
import type { Host, PciFunction } from "../host/types.mts";
import {
  type ArgumentChange,
  changeArgument,
  configuredArguments,
  iommuArguments,
  ownGrubText,
  readsGrubFolder,
  refreshEntries,
  removalWaits,
  waitsForReboot,
} from "../host/kernel-arguments.mts";
import { bootFileFunctions } from "../host/boot-files.mts";
import { applianceOf } from "../host/appliances.mts";
import { type Initramfs, initramfsOf } from "../host/initramfs.mts";
import { ownFiles, ownPaths } from "../host/own-files.mts";
import { foreignIds, goneModules, loadingObstacles } from "../host/vfio-ids.mts";
import { commandFix } from "../fixes.mts";
import { shellWord } from "../render.mts";

export { ownFiles };

/** A host's preparation, as data. */
export interface Preparation {
  /** Files of our own, by absolute path. */
  files: { path: string; text: string; mode: number }[];
  /** Lines that are appended to files of the system, by absolute path. */
  appended: { path: string; line: string }[];
  /** Changes of kernel arguments; without `undo`, `edit` and `file` one only brings into force what is configured. */
  arguments: ArgumentChange[];
  /** GRUB reads the files of /etc/default/grub.d here. */
  grubFolder?: boolean;
  /** Rebuilds the initramfs; undefined where its tool is not known. */
  initramfs?: Initramfs;
  /** Notes for the reader: which of the host's own lines are kept, and why. */
  notes: string[];
  /** What to do by hand where the system does not keep such files. Then nothing else is done. */
  manual?: { title: string; lines: string[] };
}

/** Folder of the files that --undo needs. */
export const stateDir = "/var/lib/homelab-gpu";

const mark = "Written by homelab-gpu";
const head = `# ${mark} prepare; prepare --undo removes it.\n`;

/**
 * The least that binds these functions to vfio-pci at boot: by ids where no other function of the host has the same and no other
 * list of ids is there (only the last one counts, so another one would replace ours, or ours it), else by address (and ids, so that a
 * device that moves there is left alone). Depends on nothing that being bound changes, so that it is the same after.
 */
export function preparationOf(passed: PciFunction[], host: Host): Preparation {
  const others = (host.pci ?? []).filter((fn) => !passed.some(({ bdf }) => bdf === fn.bdf));
  const twin = (fn: PciFunction) => others.some(({ vendor, device }) => vendor === fn.vendor && device === fn.device);
  const idsOf = (functions: PciFunction[]) => [
    ...new Set(functions.map(({ vendor, device }) => `${vendor}:${device}`)),
  ];
  const foreign = foreignIds(host, idsOf(passed.filter((fn) => !twin(fn))));
  const byAddress = foreign.length > 0 ? passed : passed.filter(twin);
  const ids = idsOf(passed.filter((fn) => !byAddress.includes(fn)));
  const { add, remove } = iommuArguments(host);
  const builtin = host.kernel.builtin.includes("vfio-pci") && ids.length > 0 ? [`vfio-pci.ids=${ids.join(",")}`] : [];
  const needed = [...add, ...builtin];
  const initramfs = initramfsOf(host, [modules, ...(byAddress.length > 0 ? [rules] : [])]);
  const notes = [
    ...foreign.map(({ from, text }) =>
      `${text} (${from}) is kept: vfio-pci uses one list of ids only, so the card is bound by its address`
    ),
    ...loadingObstacles(host).map(({ from, text }) =>
      `${text} (${from}) keeps vfio-pci from being loaded at boot, and is kept: remove that line if nothing else needs it`
    ),
    ...goneModules(host).map(({ from, module }) =>
      `${from} names ${module}, which is a part of vfio since Linux 6.2: remove that word first, or the rebuild of the initramfs ends with an error`
    ),
  ];
  if (initramfs?.kind === "other") {
    const appliance = applianceOf(host);
    const lines = host.os.id === "nixos" ? nixos(ids, byAddress, passed, needed) : appliance
      ? [
        ...(appliance.binding?.(passed) ??
          [`Bind ${
            passed.map(({ bdf }) => bdf).join(", ")
          } to vfio-pci at boot: how to do that is not known for this system`]),
        ...needed.map((word) => `${changeArgument(host, "add", word).change.title}`),
      ]
      : [
        ...(ids.length > 0 ? [`${modules}: options vfio-pci ids=${ids.join(",")}`] : []),
        ...softdeps(passed).map((line) => `${modules}: ${line}`),
        ...(byAddress.length > 0
          ? [`vfio-pci for ${byAddress.map(({ bdf }) => bdf).join(", ")} by address (driver_override)`]
          : []),
        ...needed.map((word) => `${changeArgument(host, "add", word).change.title}`),
      ];
    return {
      files: [],
      appended: [],
      arguments: [],
      notes,
      initramfs,
      manual: { title: `${initramfs.name}: ${initramfs.words}`, lines },
    };
  }
  // what waits for the next boot is done; where the configuration cannot be read, what runs is all that is known
  const configured = configuredArguments(host) ?? host.kernel.arguments ?? [];
  const waiting = needed.find((word) => waitsForReboot(host, word)) ?? remove.find((word) => removalWaits(host, word));
  const refresh = waiting === undefined ? undefined : refreshEntries(host);
  const changes = [
    ...needed.filter((word) => !configured.includes(word)).map((word) => changeArgument(host, "add", word)),
    ...remove.filter((word) => !removalWaits(host, word)).map((word) => changeArgument(host, "remove", word)),
  ];
  // what our own file has stays in it: the IOMMU that it turned on runs now, and would be off after the next boot
  const kept = host.kernel.configurations.filter(({ file }) => file === ownPaths.grub).flatMap((one) => one.arguments);
  const grub = [
    ...new Set([...kept, ...needed.filter((word) => changes.some((one) => one.file && wordOf(one) === word))]),
  ];
  return {
    files: [
      { path: modules, text: modprobe(ids, passed), mode: 0o644 },
      { path: ownPaths.load, text: `${head}vfio-pci\n`, mode: 0o644 },
      ...(byAddress.length > 0 ? [{ path: rules, text: udev(byAddress), mode: 0o644 }] : []),
      ...initramfsFiles(initramfs?.kind, byAddress.length > 0, host),
      ...(grub.length > 0 ? [{ path: ownPaths.grub, text: `${head}${ownGrubText(grub)}`, mode: 0o644 }] : []),
    ],
    appended: (initramfs?.instead ?? []).map((path) => ({
      path,
      line: `. ${ownPaths.mkinitcpio} # ${mark} prepare`,
    })),
    arguments: [
      ...changes.map((one) =>
        one.file
          ? {
            ...one,
            change: commandFix(`Bring ${wordOf(one)} into the boot entries`, one.refresh ?? null, { root: true }),
          }
          : one
      ),
      ...(refresh ? [{ change: refresh }] : []),
    ],
    notes: [
      ...notes,
      ...(initramfs?.instead ?? []).map((path) =>
        `a preset of mkinitcpio names ${path}, so no file of mkinitcpio.conf.d is read: one line there reads ours`
      ),
    ],
    ...(readsGrubFolder(host) ? { grubFolder: true } : {}),
    ...(initramfs ? { initramfs } : {}),
  };
}

/** The argument that such a change is about. */
const wordOf = ({ argument }: ArgumentChange) => argument;

/** Options of NixOS that do the same, as lines of configuration.nix (NixOS manual; wiki, PCI passthrough). */
function nixos(ids: string[], byAddress: PciFunction[], passed: PciFunction[], needed: string[]): string[] {
  const params = [...new Set([...needed, ...(ids.length > 0 ? [`vfio-pci.ids=${ids.join(",")}`] : [])])];
  return [
    'boot.initrd.kernelModules = [ "vfio_pci" "vfio_iommu_type1" "vfio" ];',
    ...(params.length > 0 ? [`boot.kernelParams = [ ${params.map((word) => `"${word}"`).join(" ")} ];`] : []),
    `boot.extraModprobeConfig = ''`,
    ...softdeps(passed).map((line) => `  ${line}`),
    "'';",
    ...(byAddress.length > 0
      ? ["boot.initrd.services.udev.rules = ''", ...rulesOf(byAddress).map((line) => `  ${line}`), "'';"]
      : []),
  ];
}

const { modprobe: modules, rules } = ownPaths;

/** Drivers that take such functions at boot, unless vfio-pci is there first (modprobe.d(5), softdep). */
const competingDrivers: [RegExp, string[]][] = [
  [/^10de 03/, ["nouveau", "nvidia"]],
  [/^1002 03/, ["amdgpu", "radeon"]],
  [/^8086 03/, ["i915", "xe"]],
  [/ 0403/, ["snd_hda_intel"]],
  [/ 0c03/, ["xhci_pci"]],
  [/^10de 0c80/, ["i2c_nvidia_gpu"]],
];

function modprobe(ids: string[], passed: PciFunction[]): string {
  const lines = [...(ids.length > 0 ? [`options vfio-pci ids=${ids.join(",")}`] : []), ...softdeps(passed)];
  return `${head}${lines.join("\n")}\n`;
}

function softdeps(passed: PciFunction[]): string[] {
  const drivers = passed.flatMap(({ vendor, class: code }) =>
    competingDrivers.filter(([pattern]) => pattern.test(`${vendor} ${code}`)).flatMap(([, names]) => names)
  );
  return [...new Set(drivers)].map((name) => `softdep ${name} pre: vfio-pci`);
}

function udev(functions: PciFunction[]): string {
  return `${head}${rulesOf(functions).join("\n")}\n`;
}

/**
 * driver_override is written while the rule is read, and drivers are loaded only after (udev(7), RUN): none but vfio-pci matches then.
 * Where vfio-pci is loaded already, nothing would offer the function to it: drivers_probe does (kernel, sysfs-bus-pci).
 */
function rulesOf(functions: PciFunction[]): string[] {
  return functions.map(({ bdf, vendor, device }) =>
    [
      'ACTION=="add", SUBSYSTEM=="pci"',
      `KERNEL=="${bdf}", ATTR{vendor}=="0x${vendor}", ATTR{device}=="0x${device}"`,
      'ATTR{driver_override}="vfio-pci", RUN{builtin}+="kmod load vfio-pci"',
      `RUN+="/bin/sh -c 'echo ${bdf} >/sys/bus/pci/drivers_probe'"`,
    ].join(", ")
  );
}

/** What the initramfs has to have, in the words of the tool that makes it. */
function initramfsFiles(kind: Initramfs["kind"] | undefined, withRules: boolean, host: Host): Preparation["files"] {
  switch (kind) {
    case "initramfs-tools": {
      const copy = `mkdir -p "$DESTDIR/usr/lib/udev/rules.d"\ncp ${rules} "$DESTDIR/usr/lib/udev/rules.d/"\n`;
      const text = `#!/bin/sh\n${head}[ "$1" != prereqs ] || exit 0\n. /usr/share/initramfs-tools/hook-functions\n` +
        `force_load vfio-pci\n${withRules ? copy : ""}`;
      return [{ path: ownPaths.initramfsTools, text, mode: 0o755 }];
    }
    case "dracut": {
      // an image for any host (hostonly="no") has nothing of /etc/modprobe.d by itself (dracut, 90kernel-modules)
      const items = [modules, ...(withRules ? [rules] : [])].join(" ");
      const text = `${head}force_drivers+=" vfio-pci "\ninstall_items+=" ${items} "\n`;
      return [{ path: ownPaths.dracut, text, mode: 0o644 }];
    }
    case "mkinitcpio": {
      // the hook modconf brings /etc/modprobe.d along
      const hooks = host.configured.filter(({ file, text }) => /^mkinitcpio\.conf/.test(file) && /^HOOKS/.test(text));
      const bare = hooks.length > 0 && !hooks.some(({ text }) => /modconf/.test(text));
      const items = [...(bare ? [modules] : []), ...(withRules ? [rules] : [])].join(" ");
      const text = `${head}MODULES+=(vfio_pci)\n${items ? `FILES+=(${items})\n` : ""}`;
      return [{ path: ownPaths.mkinitcpio, text, mode: 0o644 }];
    }
    default:
      return [];
  }
}

/**
 * Whether something is left to do on a host with these texts of our own files (by path; absent ones
 * undefined). `whole`: the last preparation was completed.
 */
export function leftToDo(
  { files, arguments: changes }: Preparation,
  there: Record<string, string | undefined>,
  whole: boolean,
): boolean {
  const differs = ownFiles.some((path) => there[path] !== files.find((file) => file.path === path)?.text);
  return differs || changes.some(({ change, undo, edit }) => edit || (undo && change.command)) || !whole;
}

/** Adds a line to what takes kernel arguments back, unless a run that was stopped added it already. */
function uniqueLines(line: string, list = `${stateDir}/arguments.sh`): string {
  return `grep -qsxF -e ${shellWord(line)} ${list} || printf "%s\\n" ${shellWord(line)} >>${list}`;
}

/** Where it is kept how the initramfs was made before. */
const shown = `${stateDir}/initramfs`;

function rebuilding(initramfs: Initramfs | undefined): string[] {
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

/** Looks into the image that boots, where a program lists it: it has to have vfio-pci. */
function looking({ initramfs, files }: Preparation): string[] {
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

/** Where the functions of {@link bootFileFunctions} keep copies, and which folder of GRUB's is read. */
const settings = [
  `state=${stateDir}`,
  "undoing=",
  `grub_folder=${folderOf(ownPaths.grub)}`,
  '[ -e "$state/grub-folder" ] || grub_folder=',
];

/** One change of a kernel argument, as lines of the script. */
function changing({ change, undo, edit, refresh, file, argument }: ArgumentChange): string[] {
  const missed = (what: string) => `{ echo ${shellWord(`${change.title}: ${what}`)} >&2; missed=yes; }`;
  const bring = refresh ? [uniqueLines(refresh, `${stateDir}/refresh`)] : [];
  if (file) return [...bring, `grub_sets ${argument} || ${missed("a file that GRUB reads later replaces it")}`];
  if (edit) {
    return [...bring, `${edit} || ${missed("the file is not changed, since the result would not be exactly that")}`];
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
    `# Binds the card to vfio-pci at boot. Written by homelab-gpu; run it as root. The way back: sh ${stateDir}/undo.sh`,
    "set -eu",
    `mkdir -p ${stateDir}/before`,
    `rm -f ${stateDir}/done`,
    `printf %s ${shellWord(undoScript(preparation))} >${stateDir}/undo.new`,
    `mv ${stateDir}/undo.new ${stateDir}/undo.sh`,
    ...(preparation.grubFolder ? [`: >${stateDir}/grub-folder`] : []),
    "# files that have these names and are not ours",
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
    ...changes.flatMap(changing),
    ...new Set(changes.flatMap(({ refresh }) => refresh ?? [])),
    ...rebuilding(initramfs),
    ...looking(preparation),
    '[ -z "$missed" ] || exit 1',
    `echo yes >${stateDir}/done`,
    "",
  ].join("\n");
}

/** The script that undoes the preparation. */
export function undoScript({ initramfs }: Preparation): string {
  return [
    "#!/bin/sh",
    "# Takes back what `homelab-gpu prepare --apply` did to this host. Run it as root.",
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

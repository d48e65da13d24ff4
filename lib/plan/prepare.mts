/** What a host needs so that vfio-pci has a card from the moment it boots: as files, kernel arguments and a rebuild of the early boot image. */
import type { Fix } from "../findings.mts";
import type { Host, PciFunction } from "../host/types.mts";
import {
  addArgument,
  configuredArguments,
  iommuArguments,
  refreshEntries,
  removalWaits,
  removeArgument,
  waitsForReboot,
} from "../host/kernel-arguments.mts";
import { type Initramfs, initramfsOf } from "../host/initramfs.mts";
import { shellWord } from "../render.mts";

/** A host's preparation, as data. */
export interface Preparation {
  /** Files of our own, by absolute path. */
  files: { path: string; text: string; mode: number }[];
  /** Changes of kernel arguments, each with what takes it back; without where it only brings into force what is configured. */
  arguments: { change: Fix; undo?: Fix }[];
  /** Makes the early boot image anew; undefined where its tool is not known. */
  initramfs?: Initramfs;
}

/** Where the way back is kept. */
export const stateDir = "/var/lib/homelab-gpu";

const mark = "Written by homelab-gpu";
const head = `# ${mark} prepare; prepare --undo takes it away.\n`;

/**
 * The least that binds these functions to vfio-pci at boot: by ids where no other function of the host has the same, else by address
 * (and ids, so that a device that moves there is let alone). Depends on nothing that being bound changes, so that it is the same after.
 */
export function preparationOf(passed: PciFunction[], host: Host): Preparation {
  const others = (host.pci ?? []).filter((fn) => !passed.some(({ bdf }) => bdf === fn.bdf));
  const twin = (fn: PciFunction) => others.some(({ vendor, device }) => vendor === fn.vendor && device === fn.device);
  const byAddress = passed.filter(twin);
  const ids = [...new Set(passed.filter((fn) => !twin(fn)).map(({ vendor, device }) => `${vendor}:${device}`))];
  const { add, remove } = iommuArguments(host);
  const builtin = host.kernel.builtin.includes("vfio-pci") && ids.length > 0 ? [`vfio-pci.ids=${ids.join(",")}`] : [];
  const initramfs = initramfsOf(host, [modules, ...(byAddress.length > 0 ? [rules] : [])]);
  // what waits for the next boot is done; where the configuration cannot be read, what runs is all that is known
  const configured = configuredArguments(host) ?? host.kernel.arguments ?? [];
  const waiting = [...add, ...builtin].find((word) => waitsForReboot(host, word)) ??
    remove.find((word) => removalWaits(host, word));
  const refresh = waiting === undefined ? undefined : refreshEntries(host);
  return {
    files: [
      { path: modules, text: modprobe(ids, passed), mode: 0o644 },
      { path: "/etc/modules-load.d/homelab-gpu.conf", text: `${head}vfio-pci\n`, mode: 0o644 },
      ...(byAddress.length > 0 ? [{ path: rules, text: udev(byAddress), mode: 0o644 }] : []),
      ...initramfsFiles(initramfs?.name, byAddress.length > 0),
    ],
    arguments: [
      ...[...add, ...builtin].filter((word) => !configured.includes(word)).map((word) => ({
        change: addArgument(host, word),
        undo: removeArgument(host, word),
      })),
      ...remove.filter((word) => !removalWaits(host, word)).map((word) => ({
        change: removeArgument(host, word),
        undo: addArgument(host, word),
      })),
      ...(refresh ? [{ change: refresh }] : []),
    ],
    ...(initramfs ? { initramfs } : {}),
  };
}

const modules = "/etc/modprobe.d/homelab-gpu.conf";
const rules = "/etc/udev/rules.d/70-homelab-gpu.rules";

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
  const drivers = passed.flatMap(({ vendor, class: code }) =>
    competingDrivers.filter(([pattern]) => pattern.test(`${vendor} ${code}`)).flatMap(([, names]) => names)
  );
  const lines = [
    ...(ids.length > 0 ? [`options vfio-pci ids=${ids.join(",")}`] : []),
    ...[...new Set(drivers)].map((name) => `softdep ${name} pre: vfio-pci`),
  ];
  return `${head}${lines.join("\n")}\n`;
}

/** driver_override is written while the rule is read, and drivers are loaded only after (udev(7), RUN): none but vfio-pci matches then. */
function udev(functions: PciFunction[]): string {
  const lines = functions.map(({ bdf, vendor, device }) =>
    [
      'ACTION=="add", SUBSYSTEM=="pci"',
      `KERNEL=="${bdf}", ATTR{vendor}=="0x${vendor}", ATTR{device}=="0x${device}"`,
      'ATTR{driver_override}="vfio-pci", RUN{builtin}+="kmod load vfio-pci"',
    ].join(", ")
  );
  return `${head}${lines.join("\n")}\n`;
}

/** What the early boot image has to have, in the words of the tool that makes it. */
function initramfsFiles(tool: string | undefined, withRules: boolean): Preparation["files"] {
  switch (tool) {
    case "initramfs-tools": {
      const copy = `mkdir -p "$DESTDIR/usr/lib/udev/rules.d"\ncp ${rules} "$DESTDIR/usr/lib/udev/rules.d/"\n`;
      const text = `#!/bin/sh\n${head}[ "$1" != prereqs ] || exit 0\n. /usr/share/initramfs-tools/hook-functions\n` +
        `force_load vfio-pci\n${withRules ? copy : ""}`;
      return [{ path: "/etc/initramfs-tools/hooks/homelab-gpu", text, mode: 0o755 }];
    }
    case "dracut": {
      const text = `${head}force_drivers+=" vfio-pci "\n${withRules ? `install_items+=" ${rules} "\n` : ""}`;
      return [{ path: "/etc/dracut.conf.d/homelab-gpu.conf", text, mode: 0o644 }];
    }
    case "mkinitcpio": {
      const text = `${head}MODULES+=(vfio_pci)\n${withRules ? `FILES+=(${rules})\n` : ""}`;
      return [{ path: "/etc/mkinitcpio.conf.d/homelab-gpu.conf", text, mode: 0o644 }];
    }
    default:
      return [];
  }
}

/** Every file that a preparation may consist of. */
export const ownFiles = [
  modules,
  "/etc/modules-load.d/homelab-gpu.conf",
  rules,
  "/etc/initramfs-tools/hooks/homelab-gpu",
  "/etc/dracut.conf.d/homelab-gpu.conf",
  "/etc/mkinitcpio.conf.d/homelab-gpu.conf",
];

/** What is left to do on a host whose own files read so (by path; absent ones undefined), and whose last preparation came to its end. */
export function leftToDo(
  { files, arguments: changes }: Preparation,
  there: Record<string, string | undefined>,
  whole: boolean,
): boolean {
  const differs = ownFiles.some((path) => there[path] !== files.find((file) => file.path === path)?.text);
  return differs || changes.some(({ change, undo }) => undo && change.command) || !whole;
}

/** Adds a line to what takes kernel arguments back, unless a run that was stopped added it already. */
function uniqueLines(line: string): string {
  const list = `${stateDir}/arguments.sh`;
  return `grep -qsxF ${shellWord(line)} ${list} || printf "%s\\n" ${shellWord(line)} >>${list}`;
}

/** Where it is kept how the early boot image was made before. */
const shown = `${stateDir}/initramfs`;

function rebuilding(initramfs: Initramfs | undefined): string[] {
  if (!initramfs?.lasting) return initramfs ? [initramfs.rebuild] : [];
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

const folderOf = (path: string) => path.replace(/\/[^/]*$/, "");

/** The script that does it. The way back is made first, so that there is one wherever this is stopped. */
export function applyScript(preparation: Preparation): string {
  const { files, arguments: changes, initramfs } = preparation;
  return [
    "#!/bin/sh",
    `# Binds the card to vfio-pci at boot. Written by homelab-gpu; run it as root. The way back: sh ${stateDir}/undo.sh`,
    "set -eu",
    `mkdir -p ${stateDir}/before`,
    `rm -f ${stateDir}/done`,
    `printf %s ${shellWord(undoScript(preparation))} >${stateDir}/undo.new`,
    `mv ${stateDir}/undo.new ${stateDir}/undo.sh`,
    "# what was there under these names, and is none of ours",
    `for path in ${[...ownFiles, "/etc/default/grub", "/etc/kernel/cmdline"].join(" ")}; do`,
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
    ...changes.flatMap(({ change, undo }) =>
      !change.command ? [] : !undo ? [change.command] : undo.command ? [uniqueLines(undo.command), change.command] : []
    ),
    ...rebuilding(initramfs),
    `echo yes >${stateDir}/done`,
    "",
  ].join("\n");
}

/** The script that takes it all back. */
export function undoScript({ initramfs }: Preparation): string {
  return [
    "#!/bin/sh",
    "# Takes back what `homelab-gpu prepare --apply` did to this host. Run it as root.",
    "set -eu",
    `for path in ${ownFiles.join(" ")}; do`,
    `  if grep -qs '${mark}' "$path"; then`,
    '    rm "$path"',
    `    [ ! -e "${stateDir}/before$path" ] || cp -p "${stateDir}/before$path" "$path"`,
    "  fi",
    "done",
    `[ ! -e ${stateDir}/arguments.sh ] || . ${stateDir}/arguments.sh`,
    ...(initramfs?.lasting
      ? [`if [ -e ${shown} ]; then`, ...initramfs.lasting.undo(shown).map((line) => `  ${line}`), "fi"]
      : initramfs
      ? [initramfs.rebuild]
      : []),
    `rm -rf ${stateDir}`,
    "",
  ].join("\n");
}

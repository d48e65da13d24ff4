/** What a host needs to bind a card to vfio-pci at boot: files, kernel arguments, and a new initramfs. */
import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import {
  type ArgumentChange,
  changeArgument,
  iommuArguments,
  noRemapping,
  refreshEntries,
} from "../host/kernel-arguments.mts";
import { configuredArguments, removalWaits, waitsForReboot } from "../host/configured-arguments.mts";
import { ownGrubText } from "../host/boot-loaders.mts";
import { readsGrubFolder } from "../host/boot-entries.mts";
import { applianceOf } from "../host/appliances.mts";
import { type Initramfs, initramfsOf } from "../host/initramfs.mts";
import { imageLacksOptions } from "../host/initramfs-order.mts";
import { guixBinding, isGuix } from "../host/guix.mts";
import { ownFiles, ownPaths } from "../host/own-files.mts";
import {
  foreignIds,
  goneModules,
  loadingObstacles,
  stubSourceOf,
  unknownIdsOf,
  unnamedBindings,
} from "../host/vfio-ids.mts";
import { commandFix } from "../fixes.mts";

export { ownFiles };

/** A host's preparation, as data. */
export interface Preparation {
  /** Files of homelab-gpu, by absolute path. */
  files: { path: string; text: string; mode: number }[];
  /** Lines that are appended to files of the system, by absolute path. */
  appended: { path: string; line: string }[];
  /** Changes of kernel arguments; one without `undo`, `edit` and `file` only applies what is configured. */
  arguments: ArgumentChange[];
  /** Whether GRUB reads the files of /etc/default/grub.d on this host. */
  grubFolder?: boolean;
  /** Rebuilds the initramfs; undefined where its tool is not known. */
  initramfs?: Initramfs;
  /** Notes for the user: which of the host's own lines are kept, and why. */
  notes: string[];
  /** What to do by hand if the system does not keep such files. Then nothing else is done. */
  manual?: { title: string; lines: string[] };
}

/** Folder of the files that --undo needs. */
export const stateDir = "/var/lib/homelab-gpu";

/** Marks files and lines of homelab-gpu. */
export const mark = "Written by homelab-gpu";
const head = `# ${mark} prepare; prepare --undo removes it.\n`;

/**
 * The smallest change that binds these functions to vfio-pci at boot. By ids, if no other function of
 * the host has the same ids and no other list of ids exists (vfio-pci uses only the last list). Else
 * by address, and by ids too, so that another device that gets the address is not bound. The result
 * does not depend on the current drivers, so it is the same after a reboot.
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
  const { add, remove: off } = iommuArguments(host);
  const remapping = noRemapping(host);
  const remove = remapping === undefined ? off : [...off, remapping];
  const builtin = host.kernel.builtin.includes("vfio-pci") && ids.length > 0 ? [`vfio-pci.ids=${ids.join(",")}`] : [];
  const needed = [...add, ...builtin, ...lastingArguments(host)];
  const initramfs = initramfsOf(host, [modules, ...(byAddress.length > 0 ? [rules] : [])]);
  const stubs = passed.flatMap((fn) => stubSourceOf(fn, host) ?? []);
  const stubbed = [...new Map(stubs.map((one) => [one.text, one])).values()];
  const notes = [
    ...foreign.map((list) =>
      `${list.text} (${list.from}) is kept${
        unknownIdsOf(list, host).length === list.ids.length ? ", though no device of this host has these ids" : ""
      }: vfio-pci reads only one list of ids, so the card is bound by its address`
    ),
    ...stubbed.map(({ from, text }) =>
      `${text} (${from}) is kept: pci-stub has the card before vfio-pci can take it, and libvirt takes it from ` +
      "pci-stub when the VM starts; remove that list if vfio-pci should have the card from boot on"
    ),
    ...loadingObstacles(host).map(({ from, text }) =>
      `${text} (${from}) is kept, but prevents loading vfio-pci at boot: remove that line if nothing else ` +
      "needs it"
    ),
    ...unnamedBindings(host).map(({ from }) =>
      `${from} is kept, and gives devices to vfio-pci at boot without naming their addresses: if it is meant for ` +
      "this card, one of the two ways is enough"
    ),
    ...goneModules(host).map(({ from, module }) =>
      `${from} names ${module}, which is part of vfio since Linux 6.2: remove that word first, or the rebuild ` +
      "of the initramfs fails"
    ),
  ];
  if (initramfs?.kind === "other") {
    const appliance = applianceOf(host);
    const options = optionsOf(ids, passed);
    const added = needed.map((word) => changeArgument(host, "add", word).change.title);
    const removed = remove.map((word) => changeArgument(host, "remove", word).change.title);
    const lines = host.os.id === "nixos"
      ? nixos(ids, byAddress, passed, needed)
      : isGuix(host) && byAddress.length === 0
      ? guixBinding(options, needed)
      : appliance
      ? [
        ...(appliance.binding?.(passed) ??
          [`Bind ${
            passed.map(({ bdf }) => bdf).join(", ")
          } to vfio-pci at boot: this program does not know how on this system`]),
        ...added,
      ]
      : [
        ...options.map((line) => `${modules}: ${line}`),
        ...(byAddress.length > 0
          ? [`vfio-pci for ${byAddress.map(({ bdf }) => bdf).join(", ")} by address (driver_override)`]
          : []),
        ...added,
      ];
    return {
      files: [],
      appended: [],
      arguments: [],
      notes,
      initramfs,
      manual: { title: `${initramfs.name}: ${initramfs.words}`, lines: [...lines, ...removed] },
    };
  }
  // a configured argument counts even before the reboot; if no configuration can be read, only the
  // running kernel counts
  const configured = configuredArguments(host) ?? host.kernel.arguments ?? [];
  const waiting = needed.find((word) => waitsForReboot(host, word)) ?? remove.find((word) => removalWaits(host, word));
  const refresh = waiting === undefined ? undefined : refreshEntries(host);
  const changes = [
    ...needed.filter((word) => !configured.includes(word)).map((word) => changeArgument(host, "add", word)),
    ...remove.filter((word) => !removalWaits(host, word)).map((word) => changeArgument(host, "remove", word)),
  ];
  // keep the arguments of homelab-gpu's own file: without them the IOMMU would be off after the next boot
  const ownArguments = host.kernel.configurations.filter(({ file }) => file === ownPaths.grub).flatMap((one) =>
    one.arguments
  );
  const grub = [
    ...new Set([...ownArguments, ...needed.filter((word) => changes.some((one) => one.file && wordOf(one) === word))]),
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
            change: commandFix(`Write ${wordOf(one)} into the boot entries`, one.refresh ?? null, { root: true }),
          }
          : one
      ),
      ...(refresh ? [{ change: refresh }] : []),
    ],
    notes: [
      ...notes,
      ...(initramfs?.instead ?? []).map((path) =>
        `a mkinitcpio preset names ${path}, so the files of mkinitcpio.conf.d are not read: one more line in it ` +
        "reads ours"
      ),
    ],
    ...(readsGrubFolder(host) ? { grubFolder: true } : {}),
    ...(initramfs ? { initramfs } : {}),
  };
}

/**
 * The arguments that turned the IOMMU on only for this boot: without them in a file, the next boot
 * may not have them. Empty if a file has them, or if not all files were read.
 */
function lastingArguments(host: Host): string[] {
  const on = ["intel_iommu=on"];
  return (host.iommu.units?.length ?? 0) > 0 ? on.filter((word) => removalWaits(host, word)) : [];
}

/** The argument of a change. */
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

/** Drivers that would bind such functions at boot before vfio-pci (modprobe.d(5), softdep). */
const competingDrivers: [RegExp, string[]][] = [
  // the kernel's second driver for NVIDIA cards, in Ubuntu 26.04's kernel (beclab/Olares#3963, read 2026-11-27)
  [/^10de 03/, ["nouveau", "nova_core", "nvidia"]],
  [/^1002 (03|12)/, ["amdgpu", "radeon"]],
  [/^8086 03/, ["i915", "xe"]],
  [/ 0403/, ["snd_hda_intel"]],
  [/ 0c03/, ["xhci_pci"]],
  [/^10de 0c80/, ["i2c_nvidia_gpu"]],
];

function modprobe(ids: string[], passed: PciFunction[]): string {
  return `${head}${optionsOf(ids, passed).join("\n")}\n`;
}

/** Lines of modprobe's configuration (modprobe.d(5)). */
function optionsOf(ids: string[], passed: PciFunction[]): string[] {
  return [...(ids.length > 0 ? [`options vfio-pci ids=${ids.join(",")}`] : []), ...softdeps(passed)];
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
 * The rule sets driver_override when it is read, and drivers are loaded later (udev(7), RUN), so
 * only vfio-pci matches then. If vfio-pci is already loaded, nothing would offer the function to
 * it: drivers_probe does (kernel, sysfs-bus-pci).
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

/** The configuration of the tool that builds the initramfs. */
function initramfsFiles(kind: Initramfs["kind"] | undefined, withRules: boolean, host: Host): Preparation["files"] {
  switch (kind) {
    case "initramfs-tools": {
      const copy = `mkdir -p "$DESTDIR/usr/lib/udev/rules.d"\ncp ${rules} "$DESTDIR/usr/lib/udev/rules.d/"\n`;
      const text = `#!/bin/sh\n${head}[ "$1" != prereqs ] || exit 0\n. /usr/share/initramfs-tools/hook-functions\n` +
        `force_load vfio-pci\n${withRules ? copy : ""}`;
      return [{ path: ownPaths.initramfsTools, text, mode: 0o755 }];
    }
    case "dracut": {
      // an image for any host (hostonly="no") contains nothing of /etc/modprobe.d by default
      // (dracut, 90kernel-modules)
      const items = [modules, ...(withRules ? [rules] : [])].join(" ");
      const text = `${head}force_drivers+=" vfio-pci "\ninstall_items+=" ${items} "\n`;
      return [{ path: ownPaths.dracut, text, mode: 0o644 }];
    }
    case "mkinitcpio": {
      const items = [...(imageLacksOptions(host) ? [modules] : []), ...(withRules ? [rules] : [])].join(" ");
      const text = `${head}MODULES+=(vfio_pci)\n${items ? `FILES+=(${items})\n` : ""}`;
      return [{ path: ownPaths.mkinitcpio, text, mode: 0o644 }];
    }
    default:
      return [];
  }
}

/**
 * Whether something is left to do on a host with these texts of homelab-gpu's files (by path;
 * undefined if missing). `whole`: the last preparation was completed.
 */
export function leftToDo(
  { files, arguments: changes }: Preparation,
  there: Record<string, string | undefined>,
  whole: boolean,
): boolean {
  const differs = ownFiles.some((path) => there[path] !== files.find((file) => file.path === path)?.text);
  return differs || changes.some(({ change, undo, edit }) => edit || (undo && change.command)) || !whole;
}

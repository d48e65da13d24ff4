/** Which functions a host's own configuration gives to vfio-pci: by ids, on the kernel's command line, or by address. */
import type { Host, PciFunction } from "./types.mts";
import { configuredArguments } from "./kernel-arguments.mts";
import { ownPaths } from "./own-files.mts";

/** One list of ids for vfio-pci. */
export interface IdList {
  /** Path of the file, or `the kernel's command line`. */
  from: string;
  /** The whole line or argument. */
  text: string;
  /** As written: `10de:2786`, possibly with subsystem and class behind it. */
  ids: string[];
}

const commandLine = "the kernel's command line";
/** Absolute path of a file as the probe names it. */
export const pathOf = (file: string) => file.startsWith("/") ? file : `/etc/${file}`;
const nameOf = (path: string) => path.replace(/.*\//, "");
const idsIn = (text: string) =>
  [...text.matchAll(/(?:^|[\s.])ids=(\S*)/g)].at(-1)?.[1]?.toLowerCase().split(",").filter(Boolean);

/**
 * Every list of ids for vfio-pci, in the order in which the module gets them; only the last one counts. modprobe puts the options of
 * all files into one line, by the files' names without their folders, then those of the command line; the kernel keeps the last value
 * of a parameter (kmod, libkmod-config.c; kernel, moduleparam.h). Where vfio-pci is built in, files are not read for it.
 */
export function idLists(host: Host): IdList[] {
  const shadowed = (file: string) =>
    file.startsWith("/") && host.configured.some((other) => other.file === `modprobe.d/${nameOf(file)}`);
  const files = host.configured
    .filter(({ file, text }) => /(^|\/)modprobe\.d\//.test(file) && /^options\s+vfio[-_]pci\s/.test(text))
    .filter(({ file }) => !shadowed(file))
    .sort((a, b) => nameOf(a.file) < nameOf(b.file) ? -1 : nameOf(a.file) > nameOf(b.file) ? 1 : 0);
  const lists = host.kernel.builtin.includes("vfio-pci") ? [] : files.flatMap(({ file, text }) => {
    const ids = idsIn(text);
    return ids ? [{ from: pathOf(file), text, ids }] : [];
  });
  return [...lists, ...idArguments(host)];
}

/** The lists that stand on the command line of the next boot, as far as it could be read, else of this one. */
function idArguments(host: Host): IdList[] {
  const words = configuredArguments(host) ?? host.kernel.arguments ?? [];
  return words.filter((word) => /^vfio[-_]pci\.ids=/.test(word)).map((text) => ({
    from: commandLine,
    text,
    ids: idsIn(text) ?? [],
  }));
}

/** Whether an id of such a list is this function's; `ffffffff` is any. */
export function isIdOf(id: string, { vendor, device, subsystem }: PciFunction): boolean {
  const [wantedVendor, wantedDevice, subVendor = "", subDevice = ""] = id.split(":");
  const same = (wanted: string, is: string | undefined) =>
    wanted === "" || wanted === "ffffffff" || is === undefined || wanted.padStart(4, "0") === is;
  const [ownVendor, ownDevice] = subsystem?.split(":") ?? [];
  return wantedVendor?.padStart(4, "0") === vendor && wantedDevice?.padStart(4, "0") === device &&
    same(subVendor, ownVendor) && same(subDevice, ownDevice);
}

/** What gives one function to vfio-pci: where it stands, and the line. Undefined where nothing does. */
export function vfioSourceOf(fn: PciFunction, host: Host): { from: string; text: string } | undefined {
  const last = idLists(host).at(-1);
  if (last?.ids.some((id) => isIdOf(id, fn))) return last;
  const byAddress = host.configured.find(({ file, text }) =>
    (/^udev\//.test(file) && /driver_override.*vfio/.test(text) && text.includes(fn.bdf)) ||
    (file === `driverctl.d/${fn.bdf}` && /^vfio[-_]pci$/.test(text))
  );
  return byAddress && { from: pathOf(byAddress.file), text: byAddress.text };
}

/** A list of ids that would give a function to vfio-pci and does not count, since a later one replaces it. */
export function replacedSourceOf(fn: PciFunction, host: Host): { from: string; text: string; by: string } | undefined {
  const lists = idLists(host);
  const last = lists.at(-1);
  const found = lists.slice(0, -1).find(({ ids }) => ids.some((id) => isIdOf(id, fn)));
  return found && last && vfioSourceOf(fn, host) === undefined
    ? { from: found.from, text: found.text, by: last.from }
    : undefined;
}

/**
 * Lists of ids that `prepare` did not write: another file's, or the command line's. `own`: the ids that it puts on the command line
 * where vfio-pci is built into the kernel.
 */
export function foreignIds(host: Host, own: string[]): IdList[] {
  return idLists(host).filter(({ from, ids }) =>
    from !== ownPaths.modprobe && !(from === commandLine && ids.join() === own.join())
  );
}

/**
 * Lines of modprobe's configuration that keep vfio-pci from being loaded the usual way: a command in its place, or a blacklist, which
 * systemd-modules-load follows (modprobe.d(5), modules-load.d(5)).
 */
export function loadingObstacles({ configured }: Host): { from: string; text: string }[] {
  return configured.filter(({ file, text }) =>
    /(^|\/)modprobe\.d\//.test(file) && /^(install|blacklist)\s+vfio[-_]pci\b/.test(text)
  ).map(({ file, text }) => ({ from: pathOf(file), text }));
}

/** Whether what the boot image is made of has vfio-pci in it, as far as its configuration says. */
export function imageHasVfio({ configured }: Host): boolean {
  return configured.some(({ file, text }) =>
    (/^initramfs-tools\/modules$/.test(file) && /vfio[-_]pci/.test(text)) ||
    (/^(dracut|mkinitcpio)\.conf/.test(file) && /^(force_drivers|add_drivers|MODULES).*vfio[-_]pci/.test(text))
  );
}

/**
 * Which functions a host's own configuration binds to vfio-pci: by ids in files, on the kernel's
 * command line, or by address.
 */
import type { Host } from "./types.mts";
import type { PciFunction } from "./pci-types.mts";
import { configuredArguments, waitsForReboot } from "./configured-arguments.mts";
import { initramfsOf } from "./initramfs.mts";
import { ownPaths } from "./own-files.mts";
import { isIdOf } from "./pci-ids.mts";
import { isOlder } from "../text.mts";

/** One list of ids for vfio-pci. */
export interface IdList {
  /** Path of the file, or `the kernel's command line`. */
  from: string;
  /** The whole line or argument that contains the list. */
  text: string;
  /** Ids as written: `10de:2786`, possibly followed by subsystem and class. */
  ids: string[];
}

/** Where a line comes from that is an argument of the kernel. */
export const commandLine = "the kernel's command line";
/** The absolute path of a file: the probe's paths are relative to /etc. */
export const pathOf = (file: string) => file.startsWith("/") ? file : `/etc/${file}`;
const nameOf = (path: string) => path.replace(/.*\//, "");
/** The ids of a line or an argument with `ids=`, in lower case; undefined if it has none. */
export const idsIn = (text: string): string[] | undefined =>
  [...text.matchAll(/(?:^|[\s.])ids=(\S*)/g)].at(-1)?.[1]?.toLowerCase().split(",").filter(Boolean);

/**
 * All id lists for vfio-pci, in the order in which the module gets them; only the last one takes
 * effect. modprobe joins the options of all files into one line, in the order of the file names
 * without their folders, then those of the command line, then those that it is called with, as
 * initramfs-tools calls it; the kernel keeps the last value of a parameter (kmod,
 * libkmod-config.c, libkmod-module.c; kernel, moduleparam.h). If vfio-pci is built in, files have
 * no effect.
 */
function idLists(host: Host): IdList[] {
  const files = modprobeLines(host)
    .filter(({ text }) => /^options\s+vfio[-_]pci\s/.test(text))
    .sort((a, b) => nameOf(a.file) < nameOf(b.file) ? -1 : nameOf(a.file) > nameOf(b.file) ? 1 : 0);
  const called = host.configured.filter(({ file, text }) =>
    file === "initramfs-tools/modules" && /^vfio[-_]pci\s/.test(text)
  );
  const lists = (lines: Host["configured"]) =>
    host.kernel.builtin.includes("vfio-pci") ? [] : lines.flatMap(({ file, text }) => {
      const ids = idsIn(text);
      return ids ? [{ from: pathOf(file), text, ids }] : [];
    });
  const inImage = initramfsOf(host)?.kind === "initramfs-tools" ? lists(called) : [];
  return [...lists(files), ...idArguments(host), ...inImage];
}

/** The lists on the command line of the next boot if it could be read, else of the current boot. */
function idArguments(host: Host): IdList[] {
  const words = configuredArguments(host) ?? host.kernel.arguments ?? [];
  return words.filter((word) => /^vfio[-_]pci\.ids=/.test(word)).map((text) => ({
    from: commandLine,
    text,
    ids: idsIn(text) ?? [],
  }));
}

/**
 * A word on the command line that looks like a list of ids for vfio-pci, and that the kernel does not read, such as
 * `vfio_pci,ids=…`, with the argument that was meant; undefined if there is none.
 */
export function misspeltIds(host: Host): { text: string; meant: string } | undefined {
  const words = configuredArguments(host) ?? host.kernel.arguments ?? [];
  for (const text of words) {
    const [, name, ids] = /^(vfio[^=]*?ids?)[=:](.*[0-9a-f]{4}:[0-9a-f]{4}.*)$/i.exec(text) ?? [];
    if (name !== undefined && !/^vfio[-_]pci\.ids$/.test(name)) return { text, meant: `vfio-pci.ids=${ids}` };
  }
  return undefined;
}

/**
 * The list of ids that takes effect, if it is empty or ends with a comma: a space in it ends the list, and the kernel
 * takes what follows for other parameters (PassthroughPOST/VFIO-Tools, pull request 2, read 2026-11-28).
 */
export function cutList(host: Host): IdList | undefined {
  const last = idLists(host).at(-1);
  return last && /ids=(\S*,)?(\s|$)/.test(last.text) ? last : undefined;
}

/** The ids of a list that no function of the host has; empty where the host's functions were not read. */
export function unknownIdsOf({ ids }: IdList, { pci }: Host): string[] {
  return pci ? ids.filter((id) => !pci.some((fn) => isIdOf(id, fn))) : [];
}

/**
 * The list of ids that takes effect, with its ids that no function of the host has; else the udev rules for addresses
 * where no such device is. Undefined if there are none.
 */
export function strayIds(host: Host): { from: string; text: string; ids: string[] } | undefined {
  const last = idLists(host).at(-1);
  const ids = last ? unknownIdsOf(last, host) : [];
  if (last && ids.length > 0) return { from: last.from, text: last.text, ids };
  const rules = host.configured.filter(({ file, text }) =>
    isRule(file, text) && host.pci && !host.pci.some((fn) => isRuleFor(text, fn))
  );
  const addresses = rules.flatMap(({ text }) => /KERNELS?=="([0-9a-f:.]+)"/.exec(text)?.[1] ?? []);
  const [first] = rules;
  return first && addresses.length > 0
    ? { from: pathOf(first.file), text: first.text, ids: [...new Set(addresses)] }
    : undefined;
}

/** Whether what binds a function is an argument that is configured, but not active before the next boot. */
export const isPending = (host: Host, { from, text }: { from: string; text: string }): boolean =>
  from === commandLine && waitsForReboot(host, text) === true;

/** Whether a line is a udev rule that gives a device to vfio-pci. */
const isRule = (file: string, text: string) => /^udev\//.test(file) && /driver_override.*vfio/.test(text);

/** Whether a udev rule matches a function: its address, and its ids where the rule has them. */
function isRuleFor(text: string, { bdf, vendor, device }: PciFunction): boolean {
  const wanted = (name: string) =>
    new RegExp(`ATTR\\{${name}\\}=="0x([0-9a-f]{4})"`, "i").exec(text)?.[1]?.toLowerCase();
  const same = (id: string | undefined, is: string | undefined) => id === undefined || is === undefined || id === is;
  return text.includes(bdf) && same(wanted("vendor"), vendor) && same(wanted("device"), device);
}

/** The user's own scripts and services that set driver_override at boot: the probe prints the addresses in them. */
const scripts =
  /^(initramfs-tools\/scripts|initcpio\/hooks|systemd\/system|nixos|\/usr\/lib\/dracut\/modules\.d)\/|^rc\.local$/;
/** Those among them that run in the initramfs, before its drivers. */
const imageScripts =
  /^\/(etc\/initramfs-tools\/scripts|etc\/initcpio\/hooks|etc\/nixos|usr\/lib\/dracut\/modules\.d)\//;
/** Whether what binds a function is a script that runs in the initramfs. */
export const isImageScript = ({ from }: { from: string }): boolean => imageScripts.test(from);

/**
 * The scripts and services of the user that give devices to vfio-pci at boot, and whose texts name no address: which
 * devices they take was not read.
 */
export function unnamedBindings({ configured }: Host): { from: string; text: string }[] {
  return configured.filter(({ file, text }) => scripts.test(file) && text === "driver_override")
    .map(({ file }) => ({ from: pathOf(file), text: "gives devices to vfio-pci, and names no address" }));
}

/** What binds a function to vfio-pci: the file and the line. Undefined if nothing does. */
export function vfioSourceOf(fn: PciFunction, host: Host): { from: string; text: string } | undefined {
  const last = idLists(host).at(-1);
  if (last?.ids.some((id) => isIdOf(id, fn))) return last;
  const byAddress = host.configured.find(({ file, text }) =>
    (isRule(file, text) && isRuleFor(text, fn)) ||
    (file === `driverctl.d/${fn.bdf}` && /^vfio[-_]pci$/.test(text)) ||
    (scripts.test(file) && text.startsWith("driver_override ") && text.split(" ").includes(fn.bdf))
  );
  return byAddress && { from: pathOf(byAddress.file), text: byAddress.text };
}

/** An id list that includes a function but has no effect because a later list replaces it. */
export function replacedSourceOf(fn: PciFunction, host: Host): { from: string; text: string; by: string } | undefined {
  const lists = idLists(host);
  const last = lists.at(-1);
  const found = lists.slice(0, -1).find(({ ids }) => ids.some((id) => isIdOf(id, fn)));
  return found && last && vfioSourceOf(fn, host) === undefined
    ? { from: found.from, text: found.text, by: last.from }
    : undefined;
}

/**
 * Id lists that `prepare` did not write, in other files or on the command line. `own`: the ids that
 * `prepare` puts on the command line where vfio-pci is built into the kernel.
 */
export function foreignIds(host: Host, own: string[]): IdList[] {
  return idLists(host).filter(({ from, ids }) =>
    from !== ownPaths.modprobe && !(from === commandLine && ids.join() === own.join())
  );
}

/**
 * What gives a function to pci-stub at boot: its argument on the command line, or its ids in a file. Undefined if
 * nothing does. A driver that has a function keeps it, and a built-in pci-stub is earlier than any module.
 */
export function stubSourceOf(fn: PciFunction, host: Host): { from: string; text: string } | undefined {
  const words = configuredArguments(host) ?? host.kernel.arguments ?? [];
  const lists = [
    ...words.filter((word) => /^pci[-_]stub\.ids=/.test(word)).map((text) => ({ from: commandLine, text })),
    ...modprobeLines(host).filter(({ text }) => /^options\s+pci[-_]stub\s/.test(text)).map(({ file, text }) => ({
      from: pathOf(file),
      text,
    })),
  ];
  return lists.find(({ text }) => idsIn(text)?.some((id) => isIdOf(id, fn)));
}

/** The lines of modprobe's configuration: a file in /etc replaces those of the same name (modprobe.d(5)). */
function modprobeLines({ configured }: Host): Host["configured"] {
  const isShadowed = (file: string) =>
    file.startsWith("/") && configured.some((other) => other.file === `modprobe.d/${nameOf(file)}`);
  return configured.filter(({ file }) => /(^|\/)modprobe\.d\//.test(file) && !isShadowed(file));
}

/**
 * Kernel arguments that prevent vfio-pci from loading: kmod's own, and the kernel's
 * (kernel-parameters.txt).
 */
const blacklisting = blacklistOf("vfio-pci");

/** Arguments that blacklist a module. */
function blacklistOf(module: string): RegExp {
  return new RegExp(`^(modprobe\\.|module_)blacklist=(.*,)?${module.replaceAll("-", "[-_]")}(,|$)`);
}

/**
 * Lines of modprobe's configuration, and kernel arguments, that prevent vfio-pci from loading: an
 * install command, or a blacklist, which systemd-modules-load obeys (modprobe.d(5),
 * modules-load.d(5)). Empty where vfio-pci is built into the kernel.
 */
export function loadingObstacles(host: Host): { from: string; text: string }[] {
  if (host.kernel.builtin.includes("vfio-pci")) return [];
  const lines = modprobeLines(host).filter(({ text }) => /^(install|blacklist)\s+vfio[-_]pci\b/.test(text)).map((
    { file, text },
  ) => ({ from: pathOf(file), text }));
  const words = configuredArguments(host) ?? host.kernel.arguments ?? [];
  return [
    ...lines,
    ...words.filter((word) => blacklisting.test(word)).map((text) => ({ from: commandLine, text })),
  ];
}

/** vfio-pci, and the modules that it needs. */
const vfioModules = ["vfio-pci", "vfio", "vfio-pci-core", "vfio-iommu-type1"];

/**
 * The lines of modprobe's configuration because of which modprobe runs a command that does nothing,
 * instead of loading one of these modules (modprobe.d(5), install). libvirt loads vfio-pci with
 * modprobe (virkmod.c).
 */
export function emptyInstalls(host: Host, modules = vfioModules): { from: string; text: string }[] {
  const names = modules.map((module) => module.replaceAll("-", "[-_]")).join("|");
  const line = new RegExp(`^install\\s+(${names})\\s+\\S*/(true|false)$`);
  return modprobeLines(host).filter(({ text }) => line.test(text)).map(({ file, text }) => ({
    from: pathOf(file),
    text,
  }));
}

/**
 * The lines of modprobe's configuration, and the active kernel argument, that blacklist a module. libvirt loads
 * vfio-pci by modprobe -b, which obeys them (virkmod.c, virpci.c: “administratively prohibited”; read 2026-11-28).
 */
export function blacklists(host: Host, module = "vfio-pci"): { from: string; text: string }[] {
  const line = new RegExp(`^blacklist\\s+${module.replaceAll("-", "[-_]")}$`);
  return [
    ...modprobeLines(host).filter(({ text }) => line.test(text))
      .map(({ file, text }) => ({ from: pathOf(file), text })),
    ...(host.kernel.arguments ?? []).filter((word) => blacklistOf(module).test(word))
      .map((text) => ({ from: commandLine, text })),
  ];
}

/**
 * The active kernel argument because of which the kernel itself refuses to load vfio-pci; undefined
 * if there is none.
 */
export function refusedByKernel({ kernel }: Host): string | undefined {
  return kernel.arguments?.find((word) => word.startsWith("module_") && blacklisting.test(word));
}

/**
 * A line of modprobe's configuration that runs a command instead of loading vfio-pci
 * (modprobe.d(5), install): if vfio-pci has a card all the same, that command bound it. Undefined
 * if there is none.
 */
export function ownLoading(host: Host): { from: string; text: string } | undefined {
  const line = modprobeLines(host).find(({ text }) => /^install\s+vfio[-_]pci\b/.test(text));
  return line && { from: pathOf(line.file), text: line.text };
}

/**
 * Lines of the configuration of dracut and mkinitcpio that name a module that this kernel no longer
 * has: vfio_virqfd is part of vfio since Linux 6.2 (kernel, drivers/vfio/Makefile; read
 * 2026-11-26). The build of the image reports an error for it.
 */
export function goneModules({ configured, os }: Host): { from: string; text: string; module: string }[] {
  if (os.kernel === undefined || isOlder(os.kernel, "6.2")) return [];
  return configured.flatMap(({ file, text }) => {
    const [module] = /\bvfio[-_]virqfd\b/.exec(text) ?? [];
    return module && /(^|\/)(dracut|mkinitcpio)\.conf/.test(file) ? [{ from: pathOf(file), text, module }] : [];
  });
}

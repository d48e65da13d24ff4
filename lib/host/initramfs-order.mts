/** The order in which an initramfs loads modules, by the configuration of the tool that builds it. */
import type { Host } from "./types.mts";
import { type InitramfsKind, initramfsOf } from "./initramfs.mts";
import { pathOf } from "./vfio-ids.mts";

/** Lists of modules that an image loads in their order, by the tools that read them, file and setting. */
const lists: { tools: InitramfsKind[]; file: RegExp; setting: RegExp }[] = [
  // initramfs-tools(7), /etc/initramfs-tools/modules: one module per line
  { tools: ["initramfs-tools"], file: /^initramfs-tools\/modules$/, setting: /^/ },
  // mkinitcpio.conf(5), MODULES
  { tools: ["mkinitcpio"], file: /^mkinitcpio\.conf/, setting: /^MODULES[+]?=/ },
  // dracut.conf(5), force_drivers
  { tools: ["dracut", "rpm-ostree"], file: /(^|\/)dracut\.conf/, setting: /^force_drivers[+]?=/ },
  // NixOS's option boot.initrd.kernelModules
  { tools: ["other"], file: /^nixos\//, setting: /^initrd\.kernelModules[+]=/ },
];

/**
 * The lines of such files and settings, in the order in which the tool reads them: dracut reads its folders in /usr/lib
 * and /etc as one, by the names of the files, after dracut.conf (dracut.conf(5)).
 */
function linesOf({ configured }: Host, file: RegExp, setting: RegExp): Host["configured"] {
  const name = (path: string) => /dracut\.conf\.d\/(.*)/.exec(path)?.[1] ?? "";
  return configured.filter((line) => file.test(line.file) && setting.test(line.text))
    .sort((a, b) => name(a.file) < name(b.file) ? -1 : name(a.file) > name(b.file) ? 1 : 0);
}

const dashed = (name: string) => name.replaceAll("_", "-");

/** Modules with another name than their driver (drivers/usb/host/xhci-pci.c, drivers/gpu/nova-core). */
const modules: Record<string, string> = { xhci_hcd: "xhci-pci", NovaCore: "nova-core" };

/**
 * Whether the initramfs has no files of /etc/modprobe.d, so that vfio-pci gets no ids from them
 * there: mkinitcpio without the hook modconf, and dracut's images for any host (dracut,
 * 90kernel-modules).
 */
export function imageLacksOptions(host: Host): boolean {
  const tool = initramfsOf(host)?.kind;
  const hooks = linesOf(host, /^mkinitcpio\.conf/, /^HOOKS/);
  return tool === "mkinitcpio"
    ? hooks.length > 0 && !hooks.some(({ text }) => /\bmodconf\b/.test(text))
    : tool === "dracut" && /=no$/.test(linesOf(host, /dracut\.conf/, /^hostonly=/).at(-1)?.text ?? "");
}

/** Whether the initramfs contains vfio-pci, by the configuration of the tool that builds it. */
export function imageHasVfio(host: Host): boolean {
  const tool = initramfsOf(host)?.kind;
  return host.configured.some((line) =>
    /^(?!omit_drivers).*\bvfio[-_]pci\b/.test(line.text) &&
    lists.some(({ tools, file }) => file.test(line.file) && (tool === undefined || tools.includes(tool)))
  );
}

/** The module of a PCI driver, with dashes. */
const moduleOf = (driver: string) => modules[driver] ?? dashed(driver);

/** Whether a module belongs to a driver: nvidia-drm and nvidia-uvm load nvidia. */
const isOf = (module: string, driver: string) =>
  dashed(module) === moduleOf(driver) || module.startsWith("nvidia") && driver === "nvidia";

/**
 * Whether a name of modprobe's configuration, which may end in *, matches a module (kmod,
 * libkmod-module.c, fnmatch).
 */
const matches = (name: string, module: string) =>
  name.endsWith("*") ? module.startsWith(name.slice(0, -1)) : name === module;

/** Whether modprobe loads vfio-pci before a driver: `softdep DRIVER pre: MODULES post: MODULES` (modprobe.d(5)). */
export function loadsVfioFirst({ configured }: Host, driver: string): boolean {
  return configured.some(({ file, text }) => {
    const [kind, module, ...words] = dashed(text).split(/\s+/);
    const earlier = / pre:(.*?)(?= post:|$)/.exec(` ${words.join(" ")}`)?.[1]?.split(" ") ?? [];
    return /(^|\/)modprobe\.d\//.test(file) && kind === "softdep" && matches(module ?? "", moduleOf(driver)) &&
      earlier.includes("vfio-pci");
  });
}

/**
 * The module of one of these drivers that the initramfs loads before vfio-pci, so that vfio-pci gets
 * nothing of the card there, and the file that says so. Undefined if there is none, or if modprobe
 * loads vfio-pci first.
 */
export function loadedBeforeVfio(
  host: Host,
  drivers: string[],
): { from: string; text: string; module: string } | undefined {
  const tool = initramfsOf(host)?.kind;
  for (const { tools, file, setting } of lists) {
    // the files of a tool that was replaced may remain
    if (tool !== undefined && !tools.includes(tool)) continue;
    const lines = linesOf(host, file, setting);
    // a value without + replaces the values before it
    const from = lines.findLastIndex(({ text }) => /^\w+=/.test(text));
    const words = lines.slice(Math.max(from, 0)).flatMap((line) =>
      line.text.replace(setting, "").trim().split(/\s+/).map((module) => ({ line, module }))
    );
    const vfio = words.findIndex(({ module }) => dashed(module) === "vfio-pci");
    const first = words.slice(0, vfio < 0 ? words.length : vfio).find(({ module }) =>
      drivers.some((driver) => isOf(module, driver) && !loadsVfioFirst(host, driver))
    );
    if (first) return { from: pathOf(first.line.file), text: first.line.text, module: first.module };
  }
  return undefined;
}

/** How kernel arguments and the early boot image are changed on a host: as data, one entry a boot loader or tool. */
import type { Fix } from "./types/findings.mts";
import type { Host } from "./types/host.mts";
import { command } from "./fixes.mts";

/** A way in which a host keeps its kernel arguments. */
interface Loader {
  name: string;
  /** Whether this host keeps them so; the first in the list that says yes is it. */
  here(host: Host): boolean;
  add(argument: string, host: Host): string;
  /** Removing takes an argument by its exact text. */
  remove(argument: string, host: Host): string;
}

const program = (host: Host, name: string) => host.programs !== undefined && name in host.programs;

/** Kernel arguments by boot loader, the most particular first: several are there at once, and one of them writes the others' files. */
const loaders: Loader[] = [
  {
    name: "rpm-ostree",
    here: (host) => program(host, "rpm-ostree") && host.marks.includes("/run/ostree-booted"),
    add: (argument) => `rpm-ostree kargs --append-if-missing=${argument}`,
    remove: (argument) => `rpm-ostree kargs --delete-if-present=${argument}`,
  },
  {
    name: "Proxmox with systemd-boot",
    here: (host) =>
      host.marks.includes("/etc/pve") && program(host, "proxmox-boot-tool") &&
      host.kernel.sources.includes("/etc/kernel/cmdline"),
    add: (argument) => `sed -i '1 s/$/ ${argument}/' /etc/kernel/cmdline && proxmox-boot-tool refresh`,
    remove: (argument) => `sed -i 's/ *\\b${pattern(argument)}\\b//' /etc/kernel/cmdline && proxmox-boot-tool refresh`,
  },
  {
    name: "kernelstub",
    here: (host) => program(host, "kernelstub"),
    add: (argument) => `kernelstub -a ${argument}`,
    remove: (argument) => `kernelstub -d ${argument}`,
  },
  {
    name: "grubby",
    here: (host) => program(host, "grubby"),
    add: (argument) => `grubby --update-kernel=ALL --args=${argument}`,
    remove: (argument) => `grubby --update-kernel=ALL --remove-args=${argument}`,
  },
  {
    name: "openSUSE with systemd-boot",
    here: (host) => program(host, "sdbootutil") && host.kernel.sources.includes("/etc/kernel/cmdline"),
    add: (argument) => `sed -i '1 s/$/ ${argument}/' /etc/kernel/cmdline && sdbootutil update-all-entries`,
    remove: (argument) =>
      `sed -i 's/ *\\b${pattern(argument)}\\b//' /etc/kernel/cmdline && sdbootutil update-all-entries`,
  },
  {
    name: "GRUB",
    here: (host) => host.kernel.sources.includes("/etc/default/grub") && regenerate(host) !== undefined,
    add: (argument, host) => `${grubEdit(argument, host)} && ${regenerate(host)}`,
    remove: (argument, host) =>
      `sed -i '/^GRUB_CMDLINE_LINUX/ s/ *\\b${pattern(argument)}\\b//' /etc/default/grub && ${regenerate(host)}`,
  },
  {
    name: "systemd-boot",
    here: (host) => host.kernel.sources.some((file) => file.startsWith("/boot/loader/entries/")) && !host.kernel.bls,
    add: (argument) => `sed -i '/^options/ s/$/ ${argument}/' /boot/loader/entries/*.conf`,
    remove: (argument) => `sed -i '/^options/ s/ *\\b${pattern(argument)}\\b//' /boot/loader/entries/*.conf`,
  },
];

/** What boots this host, as far as its files and tools tell; undefined if none that is known. */
function loaderOf(host: Host): Loader | undefined {
  return loaders.find((loader) => loader.here(host));
}

/** Adds a kernel argument with this host's own command, or says in words what to do where its boot loader is not known. */
export function addArgument(host: Host, argument: string): Fix {
  const loader = loaderOf(host);
  const say = loader
    ? `Add ${argument} to the kernel's arguments (${loader.name})`
    : `Add ${argument} to the kernel's arguments, in whatever boots this host`;
  return command(say, loader?.add(argument, host) ?? null, { root: true, reboot: true });
}

/** Takes a kernel argument away, likewise. */
export function removeArgument(host: Host, argument: string): Fix {
  const loader = loaderOf(host);
  const say = loader
    ? `Take ${argument} out of the kernel's arguments (${loader.name})`
    : `Take ${argument} out of the kernel's arguments, in whatever boots this host`;
  return command(say, loader?.remove(argument, host) ?? null, { root: true, reboot: true });
}

/** Arguments that switch an IOMMU off (kernel-parameters.txt). */
const offSwitches = ["intel_iommu=off", "amd_iommu=off", "iommu=off"];

/** What the kernel's arguments lack, or have too much, where the firmware offers an IOMMU and the kernel drives none. */
export function iommuArguments({ iommu, kernel }: Host): { add: string[]; remove: string[] } {
  const { arguments: running } = kernel;
  if (iommu.units?.length !== 0 || !iommu.acpiTables || !running) return { add: [], remove: [] };
  const remove = offSwitches.filter((word) => running.includes(word));
  if (remove.length > 0) return { add: [], remove };
  if (iommu.acpiTables.includes("DMAR")) return { add: ["intel_iommu=on"], remove };
  return { add: iommu.acpiTables.includes("IVRS") ? ["iommu=pt"] : [], remove };
}

/** Whether an argument is configured for the next boot but does not run yet; undefined where the configuration cannot be read. */
export function waitsForReboot({ kernel }: Host, argument: string): boolean | undefined {
  if (!kernel.configured || !kernel.arguments) return undefined;
  return kernel.configured.includes(argument) && !kernel.arguments.includes(argument);
}

/** Makes the early boot image anew, by this tool where one is known. */
export function rebuildInitramfs(initramfs: Initramfs | undefined): Fix {
  const say = initramfs
    ? `Make the early boot image anew (${initramfs.name})`
    : "Make the early boot image anew, if there is one";
  return command(say, initramfs?.rebuild ?? null, { root: true, reboot: true });
}

/** A tool that makes early boot images, and its command. */
export interface Initramfs {
  name: string;
  rebuild: string;
}

/** The tool that makes this host's early boot image. */
export function initramfsOf(host: Host): Initramfs | undefined {
  const known: [string, string, string][] = [
    ["update-initramfs", "initramfs-tools", "update-initramfs -u -k all"],
    ["mkinitcpio", "mkinitcpio", "mkinitcpio -P"],
    ["dracut", "dracut", "dracut --force --regenerate-all"],
  ];
  const found = known.find(([tool]) => program(host, tool));
  return found && { name: found[1], rebuild: found[2] };
}

/** GRUB's variable that holds arguments for every ordinary start here. */
function variable({ kernel }: Host): string {
  const names = kernel.grub.map(({ variable }) => variable);
  return names.includes("GRUB_CMDLINE_LINUX_DEFAULT") || names.length === 0 ? "GRUB_CMDLINE_LINUX_DEFAULT" : names[0]!;
}

/** Puts an argument before the quote that ends the variable's value, whichever quote that is; one without quotes gets them. */
function grubEdit(argument: string, host: Host): string {
  const name = variable(host);
  const quote = host.kernel.grub.find((one) => one.variable === name)?.quote;
  const file = "/etc/default/grub";
  if (quote === undefined) return `echo '${name}="${argument}"' >>${file}`;
  if (quote === "") return `sed -i 's/^\\(${name}=\\)\\([^ ]*\\)/\\1"\\2 ${argument}"/' ${file}`;
  return quote === "'"
    ? `sed -i "s/^\\(${name}='[^']*\\)/\\1 ${argument}/" ${file}`
    : `sed -i 's/^\\(${name}="[^"]*\\)/\\1 ${argument}/' ${file}`;
}

/** What makes GRUB read its defaults anew (update-grub is Debian's name for it). */
function regenerate(host: Host): string | undefined {
  if (program(host, "update-grub")) return "update-grub";
  if (program(host, "grub2-mkconfig")) return "grub2-mkconfig -o /boot/grub2/grub.cfg";
  if (program(host, "grub-mkconfig")) return "grub-mkconfig -o /boot/grub/grub.cfg";
  return undefined;
}

function pattern(argument: string): string {
  return argument.replace(/[.*/\\[\]^$]/g, "\\$&");
}

/** The kernel arguments that are configured on a host, and those that take effect after a reboot. */
import type { Host } from "./types.mts";
import { isEntry, startedBy } from "./boot-entries.mts";
import { loaderOf } from "./boot-loaders.mts";

/** GRUB's variables for normal boot entries; there are others for Xen and for recovery entries. */
const ordinary = ["GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"];

/**
 * The arguments in the files that this host's boot entries are generated from. `whole`: all of
 * these files were read. Undefined where none was read, or where it is unknown which ones the boot loader that started
 * the host reads.
 */
function isConfigured(host: Host): { words: string[]; whole: boolean } | undefined {
  const loader = loaderOf(host);
  if (!loader && startedBy(host)) return undefined;
  const counts = (file: string) => loader?.reads(file, host) ?? (isEntry(file) || !host.kernel.bls);
  const read = host.kernel.configurations.filter(({ file, variable }) =>
    counts(file) && (!variable || ordinary.includes(variable))
  );
  if (read.length === 0) return undefined;
  // grub-mkconfig is a shell script that reads one file after the other: the last value of a
  // variable counts
  const replaced = (variable: string | undefined, at: number) =>
    variable !== undefined && read.slice(at + 1).some((later) => later.variable === variable && !later.adds);
  const words = read.filter(({ variable }, at) => !replaced(variable, at)).flatMap((one) => one.arguments);
  return { words, whole: loader !== undefined && !host.kernel.unread.some(counts) };
}

/** The configured kernel arguments of the next boot; undefined where they could not be read. */
export function configuredArguments(host: Host): string[] | undefined {
  return isConfigured(host)?.words;
}

/**
 * Whether an argument is configured for the next boot but not active yet; undefined where the
 * configuration could not be read.
 */
export function waitsForReboot(host: Host, argument: string): boolean | undefined {
  const words = configuredArguments(host);
  if (!words || !host.kernel.arguments) return undefined;
  return words.includes(argument) && !host.kernel.arguments.includes(argument);
}

/**
 * Whether an active argument will be gone after the next boot: every file that configures arguments
 * was read, and none has it.
 */
export function removalWaits(host: Host, argument: string): boolean {
  const found = isConfigured(host);
  return found !== undefined && found.whole && !found.words.includes(argument) &&
    host.kernel.arguments?.includes(argument) === true;
}

/** Which running system a shell works on. */
import type { Shell } from "../shell.mts";

/** The files that say it (proc_sys_kernel(5), machine-id(5)). */
export const idFiles = { boot: "/proc/sys/kernel/random/boot_id", machine: "/etc/machine-id" };

/**
 * A text that is the same for two logins to one running system, and differs otherwise: containers of one kernel can
 * have its boot ID, and copies of a disk have one machine ID. Takes the texts of {@link idFiles}; undefined without a
 * boot ID. It identifies a computer: it is neither printed nor saved.
 */
export function hostIdIn(boot = "", machine = ""): string | undefined {
  return boot.trim() === "" ? undefined : `${boot.trim()}/${machine.trim()}`;
}

/** The {@link hostIdIn} of the host that a shell works on; undefined if it does not say. */
export async function hostIdOf(shell: Shell): Promise<string | undefined> {
  if (shell.away) return shell.away.hostId;
  const read = (path: string) => shell.read(path).catch(() => undefined);
  const [boot, machine] = await Promise.all([read(idFiles.boot), read(idFiles.machine)]);
  return hostIdIn(boot, machine);
}

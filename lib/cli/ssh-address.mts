import type { LabMachine } from "../host/lab.mts";
import type { Shell } from "../shell.mts";

/**
 * Writes the addresses that running VMs have now into their saved SSH configurations, where these
 * have those of an earlier run. The rest of a configuration (key, user, port) is valid as long as
 * the VM exists.
 */
export async function saveAddresses(shell: Shell, folder: string, machines: Record<string, LabMachine>): Promise<void> {
  for (const [name, { address, savedAddress }] of Object.entries(machines)) {
    if (savedAddress === undefined || address === undefined) continue;
    const path = `${folder}/ssh/${name}`;
    const text = await shell.read(path);
    if (text !== undefined) await shell.write(path, text.replace(/^(\s*HostName ).*$/m, `$1${address}`));
  }
}

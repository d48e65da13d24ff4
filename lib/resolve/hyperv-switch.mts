import type { Host } from "../host/types.mts";
import type { VirtualSwitch } from "../host/windows-types.mts";
import type { ResolvedMachine } from "./types.mts";

/**
 * The id of the Default Switch, which Windows 10 and 11 create. Its name is translated; the id is
 * always the same (Microsoft, Hyper-V on Windows, 2025).
 */
export const defaultSwitch = "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444";

/**
 * The virtual switch that a machine is connected to: the named one, else the Default Switch, else
 * the only one. Undefined if there is none, if there are several, or if the switches were not read.
 */
export function switchFor(wanted: string | undefined, { windows }: Host): VirtualSwitch | undefined {
  const all = windows?.switches ?? [];
  if (wanted !== undefined) return all.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return all.find(({ id }) => id.toLowerCase() === defaultSwitch) ?? (all.length === 1 ? all[0] : undefined);
}

/**
 * The id of the switch that a machine is connected to: Vagrant compares names as the console's code page has them,
 * and asks at the terminal if none is equal. The written name, or the id of the Default Switch, where the host's
 * switches do not decide.
 */
export function switchOf({ network }: ResolvedMachine, host: Host): string {
  return switchFor(network?.switch, host)?.id ?? network?.switch ?? defaultSwitch;
}

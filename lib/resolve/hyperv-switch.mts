import type { Host } from "../host/types.mts";
import type { VirtualSwitch } from "../host/windows-types.mts";

/**
 * The id of the Default Switch, which Windows 10 and 11 make themselves. Its name is translated,
 * the id is the same everywhere (Microsoft, Hyper-V on Windows, 2025).
 */
export const defaultSwitch = "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444";

/**
 * The virtual switch that a machine is connected to: the named one, or else the Default Switch, or
 * else the only one. Undefined if there is no such one, several, or if the switches were not read.
 */
export function switchFor(wanted: string | undefined, { windows }: Host): VirtualSwitch | undefined {
  const all = windows?.switches ?? [];
  if (wanted !== undefined) return all.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return all.find(({ id }) => id.toLowerCase() === defaultSwitch) ?? (all.length === 1 ? all[0] : undefined);
}

/** What a card's functions were bound to before a VM got them, and whether they are again. */
import type { Finding, Fix } from "../findings.mts";
import type { Host, PciFunction } from "../host/types.mts";
import { command } from "../fixes.mts";
import { described } from "../host/pci.mts";
import { shellWord, typed } from "../render.mts";

/** A function that a VM gets, and the host driver that it had; null if none, absent if that was not read. */
export interface Handed {
  bdf: string;
  vendor?: string;
  device?: string;
  driver?: string | null;
}

/**
 * What has to be remembered before a VM starts. `taken` tells of a function, by its BDF, that a VM of ours may have it already, as when an
 * earlier run was killed half way: then what was written down of it still counts if it is on vfio-pci.
 */
export function handed(functions: PciFunction[], earlier: Handed[], taken: (bdf: string) => boolean): Handed[] {
  return functions.map(({ bdf, vendor, device, driver }) => {
    const known = earlier.find((one) => one.bdf === bdf && one.vendor === vendor && one.device === device);
    if (taken(bdf) && driver === "vfio-pci" && known) return known;
    const ids = { ...(vendor ? { vendor } : {}), ...(device ? { device } : {}) };
    return { bdf, ...ids, ...(driver === undefined ? {} : { driver }) };
  });
}

/**
 * The records of every machine, once a machine is about to get these functions: what is known of one goes along from whichever machine had
 * it before. `vms`: the functions that each VM of ours has, by BDF, or undefined of one that may have any.
 */
export function handedOver(
  records: Record<string, Handed[]>,
  machine: string,
  functions: PciFunction[],
  vms: (string[] | undefined)[],
): Record<string, Handed[]> {
  const taken = (bdf: string) => vms.some((has) => has?.includes(bdf) ?? true);
  const kept = Object.entries(records).map(([name, had]) =>
    [name, had.filter(({ bdf }) => !functions.some((fn) => fn.bdf === bdf))] as const
  );
  return {
    ...Object.fromEntries(kept.filter(([, had]) => had.length > 0)),
    [machine]: handed(functions, Object.values(records).flat(), taken),
  };
}

/** Whether the host has the functions of a machine back, each on the driver that it had. */
export function returned(machine: string, before: Handed[], host: Host): Finding {
  const check = "gpu.returned";
  const there = before.map((one) => ({ ...one, now: host.pci?.find(({ bdf }) => bdf === one.bdf) }));
  const named = (driver: string | null | undefined) => (driver === undefined ? "not read" : (driver ?? "none"));
  const evidence = there.map(({ bdf, driver, now }) => ({
    read: `/sys/bus/pci/devices/${bdf}/driver`,
    value: `${named(now?.driver)}, before ${named(driver)}`,
  }));
  const base = { check, machine, evidence, fix: [] };
  if (there.some(({ now, driver }) => now?.driver === undefined || driver === undefined)) {
    return { ...base, status: "unknown", says: "whether the host has its card back could not be read" };
  }
  const off = there.filter(({ driver, now }) => now!.driver !== driver);
  if (off.length === 0) {
    const drivers = there.map(({ bdf, driver }) => `${bdf} (${driver ?? "no driver"})`).join(", ");
    return { ...base, status: "pass", says: `the host has its card back: ${drivers}` };
  }
  return {
    ...base,
    status: "fail",
    says: `not back on its driver: ${
      off.map(({ driver, now }) => `${described(now!)} has ${named(now!.driver)}, and had ${named(driver)}`).join("; ")
    }`,
    fix: off.map(({ bdf, driver, now }) => giveBack(bdf, driver ?? null, now!.driver !== null)),
  };
}

/** Clears the override, so that the kernel chooses again (sysfs-bus-pci, driver_override), and lets the old driver have it. */
function giveBack(bdf: string, driver: string | null, bound: boolean): Fix {
  const at = `/sys/bus/pci/devices/${bdf}`;
  const commands = [
    `echo >${at}/driver_override`,
    ...(bound ? [`echo ${bdf} >${at}/driver/unbind`] : []),
    ...(driver === null ? [] : [`modprobe ${typed(driver)}`, `echo ${bdf} >/sys/bus/pci/drivers_probe`]),
  ];
  return command(
    driver === null ? `Take ${bdf} from its driver` : `Give ${bdf} back to ${driver}`,
    `sh -c ${shellWord(commands.join("; "))}`,
    { root: true },
  );
}

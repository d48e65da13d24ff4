/** What a card's functions were bound to before a VM got them, and whether they are again. */
import type { Finding, Fix } from "../findings.mts";
import type { Host, PciFunction } from "../host/types.mts";
import type { PreviousDriver } from "../host/state.mts";
import { commandFix } from "../fixes.mts";
import { formatFunction } from "../host/pci.mts";
import { shellCommand, shellWord } from "../render.mts";

/**
 * What has to be remembered before a VM starts. `taken` tells of a function, by its BDF, that a VM of ours may have it already, as when an
 * earlier run was killed half way: then what was written down of it still counts if it is on vfio-pci.
 */
export function previousDriversOf(
  functions: PciFunction[],
  earlier: PreviousDriver[],
  taken: (bdf: string) => boolean,
): PreviousDriver[] {
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
export function mergePreviousDrivers(
  records: Record<string, PreviousDriver[]>,
  machine: string,
  functions: PciFunction[],
  vms: (string[] | undefined)[],
): Record<string, PreviousDriver[]> {
  const taken = (bdf: string) => vms.some((has) => has?.includes(bdf) ?? true);
  const kept = Object.entries(records).map(([name, had]) =>
    [name, had.filter(({ bdf }) => !functions.some((fn) => fn.bdf === bdf))] as const
  );
  return {
    ...Object.fromEntries(kept.filter(([, had]) => had.length > 0)),
    [machine]: previousDriversOf(functions, Object.values(records).flat(), taken),
  };
}

/** Whether the host has the functions of a machine back, each on the driver that it had. */
export function checkGpuReturned(machine: string, before: PreviousDriver[], host: Host): Finding {
  const check = "gpu.returned";
  const there = before.map((one) => ({ ...one, now: host.pci?.find(({ bdf }) => bdf === one.bdf) }));
  const named = (driver: string | null | undefined) => (driver === undefined ? "not read" : (driver ?? "none"));
  const evidence = there.map(({ bdf, driver, now }) => ({
    read: `/sys/bus/pci/devices/${bdf}/driver`,
    value: `${named(now?.driver)}, before ${named(driver)}`,
  }));
  const base = { check, machine, evidence, fix: [] };
  if (there.some(({ now, driver }) => now?.driver === undefined || driver === undefined)) {
    return { ...base, status: "unknown", message: "whether the host has its card back could not be read" };
  }
  const off = there.filter(({ driver, now }) => now!.driver !== driver);
  if (off.length === 0) {
    const drivers = there.map(({ bdf, driver }) => `${bdf} (${driver ?? "no driver"})`).join(", ");
    return { ...base, status: "pass", message: `the host has its card back: ${drivers}` };
  }
  return {
    ...base,
    status: "fail",
    message: `not back on its driver: ${
      off.map(({ driver, now }) => `${formatFunction(now!)} has ${named(now!.driver)}, and had ${named(driver)}`).join(
        "; ",
      )
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
    ...(driver === null ? [] : [`modprobe ${shellCommand(driver)}`, `echo ${bdf} >/sys/bus/pci/drivers_probe`]),
  ];
  return commandFix(
    driver === null ? `Take ${bdf} from its driver` : `Give ${bdf} back to ${driver}`,
    `sh -c ${shellWord(commands.join("; "))}`,
    { root: true },
  );
}

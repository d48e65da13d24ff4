/**
 * The drivers that a card's functions had before they were passed to a VM, and whether they have
 * them again.
 */
import type { Finding, Fix } from "../findings.mts";
import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import type { PreviousDriver } from "../host/state.mts";
import { commandFix } from "../fixes.mts";
import { formatFunction } from "../host/pci.mts";
import { shellCommand, shellWord } from "../render.mts";
import { isVfioDriver } from "../resolve/cards.mts";

/**
 * The driver records to save before a VM starts. `taken`: whether a VM of ours may already have a
 * function (BDF), for example after an earlier run was killed. The earlier record of such a
 * function is kept if it is bound to vfio-pci or a variant.
 */
export function previousDriversOf(
  functions: PciFunction[],
  earlier: PreviousDriver[],
  taken: (bdf: string) => boolean,
): PreviousDriver[] {
  return functions.map(({ bdf, vendor, device, driver }) => {
    const record = earlier.find((one) => one.bdf === bdf && one.vendor === vendor && one.device === device);
    if (taken(bdf) && isVfioDriver(driver ?? "") && record) return record;
    const ids = { ...(vendor ? { vendor } : {}), ...(device ? { device } : {}) };
    return { bdf, ...ids, ...(driver === undefined ? {} : { driver }) };
  });
}

/**
 * Merges the records of all machines before a machine gets these functions. The record of a
 * function moves with it from its previous machine. `vms`: the functions of each of our VMs, by
 * BDF; undefined for a VM that may have any.
 */
export function mergePreviousDrivers(
  records: Record<string, PreviousDriver[]>,
  machine: string,
  functions: PciFunction[],
  vms: (string[] | undefined)[],
): Record<string, PreviousDriver[]> {
  const taken = (bdf: string) => vms.some((has) => has?.includes(bdf) ?? true);
  const remaining = Object.entries(records).map(([name, had]) =>
    [name, had.filter(({ bdf }) => !functions.some((fn) => fn.bdf === bdf))] as const
  );
  return {
    ...Object.fromEntries(remaining.filter(([, had]) => had.length > 0)),
    [machine]: previousDriversOf(functions, Object.values(records).flat(), taken),
  };
}

/** Checks whether the host has a machine's functions back, each bound to its earlier driver. */
export function checkGpuReturned(machine: string, before: PreviousDriver[], host: Host): Finding {
  const check = "gpu.returned";
  const functions = before.map((one) => ({ ...one, now: host.pci?.find(({ bdf }) => bdf === one.bdf) }));
  const named = (driver: string | null | undefined) => (driver === undefined ? "not read" : (driver ?? "none"));
  const evidence = functions.map(({ bdf, driver, now }) => ({
    read: `/sys/bus/pci/devices/${bdf}/driver`,
    value: `${named(now?.driver)}, before ${named(driver)}`,
  }));
  const base = { check, machine, evidence, fix: [] };
  if (functions.some(({ now, driver }) => now?.driver === undefined || driver === undefined)) {
    return { ...base, status: "unknown", message: "could not read whether the host has its card back" };
  }
  const misbound = functions.filter(({ driver, now }) => now!.driver !== driver);
  if (misbound.length === 0) {
    const drivers = functions.map(({ bdf, driver }) => `${bdf} (${driver ?? "no driver"})`).join(", ");
    return { ...base, status: "pass", message: `the host has its card back: ${drivers}` };
  }
  return {
    ...base,
    status: "fail",
    message: `not back on its driver: ${
      misbound.map(({ driver, now }) => `${formatFunction(now!)} has ${named(now!.driver)}, but had ${named(driver)}`)
        .join(
          "; ",
        )
    }`,
    fix: misbound.map(({ bdf, driver, now }) => giveBack(bdf, driver ?? null, now!.driver !== null)),
  };
}

/**
 * A fix that clears the override, so that the kernel selects the driver again (sysfs-bus-pci,
 * driver_override), and binds the earlier driver.
 */
function giveBack(bdf: string, driver: string | null, bound: boolean): Fix {
  const at = `/sys/bus/pci/devices/${bdf}`;
  const commands = [
    `echo >${at}/driver_override`,
    ...(bound ? [`echo ${bdf} >${at}/driver/unbind`] : []),
    ...(driver === null ? [] : [`modprobe ${shellCommand(driver)}`, `echo ${bdf} >/sys/bus/pci/drivers_probe`]),
  ];
  return commandFix(
    driver === null ? `Unbind ${bdf} from its driver` : `Bind ${bdf} to ${driver} again`,
    `sh -c ${shellWord(commands.join("; "))}`,
    { root: true },
  );
}

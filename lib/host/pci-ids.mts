/** Lists of ids, which drivers of PCI devices take as an option. */
import type { PciFunction } from "./pci-types.mts";

/** The value of a part of an id that matches any (PCI_ANY_ID, pci.h). */
const anyId = 0xffffffff;

/**
 * Whether an id of such a list matches a function: `VENDOR:DEVICE:SUBVENDOR:SUBDEVICE:CLASS:MASK`, hexadecimal, of
 * which the first two are needed (drivers/vfio/pci/vfio_pci.c; drivers/pci/pci.h, pci_match_one_device). What was not
 * read of the function matches.
 */
export function isIdOf(id: string, fn: PciFunction): boolean {
  const parts = id.split(":").map((part) => parseInt(part, 16));
  const [vendor, device, subvendor, subdevice, kind = 0, mask = 0] = parts;
  const same = (wanted: number | undefined, is: string | undefined) =>
    wanted === undefined || Number.isNaN(wanted) || wanted === anyId || is === undefined || wanted === parseInt(is, 16);
  const [ownVendor, ownDevice] = fn.subsystem?.split(":") ?? [];
  const isNamed = parts.length >= 2 && !parts.slice(0, 2).some(Number.isNaN);
  return isNamed && same(vendor, fn.vendor) && same(device, fn.device) && same(subvendor, ownVendor) &&
    same(subdevice, ownDevice) && (fn.class === undefined || ((kind ^ parseInt(fn.class, 16)) & mask) === 0);
}

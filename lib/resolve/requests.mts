/** Whether a device fits a GPU request. */
import type { GpuRequest } from "../config/types.mts";
import type { PciFunction } from "../host/pci-types.mts";

/** PCI ids of a device, hex text; undefined where they were not read. */
interface Ids {
  vendor?: string | undefined;
  device?: string | undefined;
}

/** Whether ids are those of a request. A request without `deviceId` takes every device of its vendor. */
export function hasRequestedIds({ vendorId, deviceId }: GpuRequest, { vendor, device }: Ids): boolean {
  return vendor === vendorId && (deviceId === undefined || device === deviceId);
}

/** Whether a PCI function fits a request: by ids, and by address where one is given. */
export function fitsRequest(request: GpuRequest, fn: PciFunction): boolean {
  return hasRequestedIds(request, fn) && (request.address === undefined || fn.bdf === request.address);
}

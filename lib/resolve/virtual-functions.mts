/** Partitions of a card with libvirt: virtual functions (SR-IOV), each of which is a PCI device. */
import type { GpuRequest } from "../config/types.mts";
import type { ExistingVm, Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import type { GpuRequestWithMode } from "./types.mts";
import { fitsRequest } from "./requests.mts";

/**
 * The physical functions that match a request for a partition: by their own ids or address, or by
 * those of one of their virtual functions.
 */
export function partitionedCardsFor(request: GpuRequest, host: Host): PciFunction[] {
  const all = host.pci ?? [];
  const fits = (fn: PciFunction) => fitsRequest(request, fn);
  return all.filter((fn) =>
    /^(03|12)/.test(fn.class ?? "") && fn.physicalFunction === undefined &&
    (Boolean(fn.virtualFunctions) || virtualFunctionsOf(fn, host).length > 0) &&
    (fits(fn) || virtualFunctionsOf(fn, host).some(fits))
  );
}

/** The active virtual functions of a physical function, sorted by address. */
export function virtualFunctionsOf({ bdf }: PciFunction, { pci = [] }: Host): PciFunction[] {
  return pci.filter(({ physicalFunction }) => physicalFunction === bdf);
}

/**
 * Gives each request for a partition the address of a virtual function that no other machine has:
 * the one that its VM has already, else the first free one. If none is free, the request is
 * unchanged. `passed`: the machines' VMs, by name.
 */
export function withVirtualFunctions<T extends { name: string; provider: string; gpus: GpuRequestWithMode[] }>(
  machines: T[],
  host: Host,
  passed: Record<string, ExistingVm>,
): T[] {
  const named = machines.flatMap(({ gpus }) => gpus.flatMap(({ address }) => address ?? []));
  const assigned = new Set(named);
  const wantsPartition = ({ provider }: T, { mode }: GpuRequestWithMode) =>
    provider === "libvirt" && mode === "partition";
  // virtual functions of existing VMs are reserved first, whatever the order of the machines
  const passedTo = (name: string) => passed[name]?.passedAddresses ?? [];
  return machines.map((machine) => ({
    ...machine,
    gpus: machine.gpus.map((request) => {
      if (!wantsPartition(machine, request)) return request;
      const all = partitionedCardsFor(request, host).flatMap((fn) => virtualFunctionsOf(fn, host));
      const ofOthers = machines.filter((other) =>
        other !== machine && other.gpus.some((one) => wantsPartition(other, one))
      )
        .flatMap(({ name }) => passedTo(name));
      const requested = request.address !== undefined && all.find(({ bdf }) => bdf === request.address);
      const free = all.filter(({ bdf }) => !assigned.has(bdf) && !ofOthers.includes(bdf));
      const chosen = requested || (free.find(({ bdf }) => passedTo(machine.name).includes(bdf)) ?? free[0]);
      if (!chosen) return request;
      assigned.add(chosen.bdf);
      return { ...request, mode: "passthrough" as const, deviceId: chosen.device!, address: chosen.bdf };
    }),
  }));
}

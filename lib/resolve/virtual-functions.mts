/** Parts of a card that libvirt hands over: virtual functions (SR-IOV), each of them a PCI device of its own. */
import type { GpuRequest } from "../config/types.mts";
import type { ExistingVm, Host, PciFunction } from "../host/types.mts";
import type { GpuRequestWithMode } from "./types.mts";

/** The physical functions that a request for a part fits: by the ids or the address of themselves or of one of their virtual functions. */
export function dividedCardsFor({ vendorId, deviceId, address }: GpuRequest, host: Host): PciFunction[] {
  const all = host.pci ?? [];
  const fits = (fn: PciFunction) =>
    fn.vendor === vendorId && (deviceId === undefined || fn.device === deviceId) &&
    (address === undefined || fn.bdf === address);
  return all.filter((fn) =>
    /^(03|12)/.test(fn.class ?? "") && fn.physicalFunction === undefined &&
    (Boolean(fn.virtualFunctions) || virtualFunctionsOf(fn, host).length > 0) &&
    (fits(fn) || virtualFunctionsOf(fn, host).some(fits))
  );
}

/** The virtual functions that a physical one has on, by address. */
export function virtualFunctionsOf({ bdf }: PciFunction, { pci = [] }: Host): PciFunction[] {
  return pci.filter(({ physicalFunction }) => physicalFunction === bdf);
}

/**
 * Gives each request for a part of a card the address of a virtual function that no other machine has: that of its VM where it has one,
 * and otherwise the first that is free. A request for which there is none stays as it is. `passed` are the machines' VMs, by name.
 */
export function withVirtualFunctions<T extends { name: string; provider: string; gpus: GpuRequestWithMode[] }>(
  machines: T[],
  host: Host,
  passed: Record<string, ExistingVm>,
): T[] {
  const named = machines.flatMap(({ gpus }) => gpus.flatMap(({ address }) => address ?? []));
  const given = new Set(named);
  const wantsPart = ({ provider }: T, { mode }: GpuRequestWithMode) => provider === "libvirt" && mode === "partition";
  // those that VMs have already are not given to others, whatever the order of the machines
  const kept = (name: string) => passed[name]?.passedAddresses ?? [];
  return machines.map((machine) => ({
    ...machine,
    gpus: machine.gpus.map((request) => {
      if (!wantsPart(machine, request)) return request;
      const all = dividedCardsFor(request, host).flatMap((fn) => virtualFunctionsOf(fn, host));
      const ofOthers = machines.filter((other) => other !== machine && other.gpus.some((one) => wantsPart(other, one)))
        .flatMap(({ name }) => kept(name));
      const own = request.address !== undefined && all.find(({ bdf }) => bdf === request.address);
      const free = all.filter(({ bdf }) => !given.has(bdf) && !ofOthers.includes(bdf));
      const part = own || (free.find(({ bdf }) => kept(machine.name).includes(bdf)) ?? free[0]);
      if (!part) return request;
      given.add(part.bdf);
      return { ...request, mode: "passthrough" as const, deviceId: part.device!, address: part.bdf };
    }),
  }));
}

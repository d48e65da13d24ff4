import type { Evidence } from "../findings.mts";
import type { Verdict } from "./types.mts";
import type { Host, PciFunction } from "../host/types.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import { blockersOf, type Card, harmlessDrivers, usesOf } from "../resolve/cards.mts";
import { className, formatFunction } from "../host/pci.mts";

/** Whether the IOMMU groups of a card can be handed over: by the kernel's own rule (driver-api/vfio.rst), and by what the host needs. */
export function checkGroup(card: Card, host: Host): Verdict {
  const { gpu, assignedFunctions, alsoPassed, staysOnHost, groupPeers, bridges, unverified } = card;
  if (!gpu.group) {
    return gpu.group === null
      ? { status: "skip", message: "the card is in no IOMMU group", evidence: [] }
      : { status: "unknown", message: "the card's IOMMU group was not read", evidence: [] };
  }
  const number = card.groups.join(" and ");
  const word = card.groups.length === 1 ? "group" : "groups";
  const evidence: Evidence[] = [
    ...[...assignedFunctions, ...alsoPassed, ...groupPeers, ...bridges].map((fn) => ({
      read: `group ${fn.group ?? "?"}`,
      value: `${formatFunction(fn)} ${className(fn)}, ${driven(fn)}${
        bridges.includes(fn)
          ? " (a bridge: does not count)"
          : assignedFunctions.includes(fn)
          ? " (goes along)"
          : alsoPassed.includes(fn)
          ? " (goes along with another card of this VM)"
          : ""
      }`,
    })),
    ...staysOnHost.map((fn) => ({
      read: `group ${fn.group ?? "?"}`,
      value: `${formatFunction(fn)} ${className(fn)}, in the same slot and no part of the card: stays`,
    })),
  ];
  const vital = [...assignedFunctions, ...groupPeers].flatMap((fn) =>
    usesOf(fn, host).filter(({ vital }) => vital).map(({ use }) =>
      `${formatFunction(fn)} ${className(fn)} carries ${use}`
    )
  );
  if (vital.length > 0) {
    return {
      status: "fail",
      message: `handing over ${word} ${number} would take from this host what it needs: ${vital.join("; ")}`,
      evidence,
      fix: [
        manualFix("Put the card in another slot, or move that device to one", { root: true, reboot: true }),
        ...(assignedFunctions.some((fn) => fn.class?.startsWith("0c03") && usesOf(fn, host).some(({ vital }) => vital))
          ? [manualFix("Or plug what hangs on the card's own USB in elsewhere")]
          : []),
      ],
    };
  }
  const inTheWay = blockersOf(card);
  if (inTheWay.length > 0) {
    const names = inTheWay.map((fn) => {
      const uses = usesOf(fn, host).map(({ use }) => use);
      return `${formatFunction(fn)} ${className(fn)} (${driven(fn)}${uses.length > 0 ? `, ${uses.join(", ")}` : ""})`;
    });
    return {
      status: "fail",
      message: `${word} ${number} ${card.groups.length === 1 ? "is" : "are"} not viable: ${gpu.bdf} shares ${
        card.groups.length === 1 ? "it" : "them"
      } with ${names.join(" and ")}`,
      evidence: [
        ...evidence,
        ...inTheWay.flatMap((fn) => {
          const why = kept(fn, host);
          return why === undefined ? [] : [{ read: `taking ${fn.bdf} from this host`, value: `not offered: ${why}` }];
        }),
      ],
      fix: [
        remedies.slot,
        manualFix("Or turn on ACS in the firmware's set-up, which splits groups where the hardware can", {
          root: true,
          reboot: true,
        }),
        ...inTheWay.filter((fn) => kept(fn, host) === undefined).map((fn) =>
          commandFix(`Or give up ${fn.bdf} on this host until the next boot`, release(fn), { root: true })
        ),
      ],
    };
  }
  const usb = assignedFunctions.find((fn) =>
    fn.class?.startsWith("0c03") && fn.driver && !harmlessDrivers.includes(fn.driver)
  );
  if (usb && host.needs.keyboards === undefined) {
    return {
      status: "unknown",
      message: `whether the only keyboard hangs on ${formatFunction(usb)} could not be read`,
      evidence,
    };
  }
  const lost = host.needs.untraced.filter((what) => what !== "route");
  if (usb && lost.length > 0) {
    return {
      status: "unknown",
      message: `which disks ${lost.join(", ")} ${lost.length === 1 ? "needs" : "need"} could not be found, and ${
        formatFunction(usb)
      } may have one of them`,
      evidence,
    };
  }
  if (unverified.length > 0) {
    return {
      status: "unknown",
      message: `who is in ${word} ${number} could not be read for sure: ${unverified.slice(0, 6).join(", ")}`,
      evidence,
    };
  }
  const more = alsoPassed.length > 0
    ? `, and with another card of it ${alsoPassed.map(({ bdf }) => bdf).join(", ")}`
    : "";
  const others = groupPeers.length > 0
    ? `; beside it ${groupPeers.map(({ bdf }) => bdf).join(", ")}, which no host driver holds`
    : "";
  return {
    status: "pass",
    message: `${word} ${number}: ${assignedFunctions.map(({ bdf }) => bdf).join(", ")} ${
      assignedFunctions.length === 1 ? "goes" : "go"
    } to the VM${more}${others}`,
    evidence,
  };
}

/**
 * Why nobody is told to take a function from this host while it runs; undefined if nothing speaks against it. A disk may be in use without
 * a mount (a volume of another VM, a pool), and what could not be traced may hang on any function.
 */
function kept(fn: PciFunction, host: Host): string | undefined {
  if (fn.class === undefined) return "what it is was not read";
  if (fn.class.startsWith("01")) return "it is mass storage";
  const uses = usesOf(fn, host).map(({ use }) => use);
  if (uses.length > 0) return `the host uses it for ${uses.join(", ")}`;
  if (fn.class.startsWith("0c03") && host.needs.keyboards === undefined) {
    return "whether the only keyboard hangs on it was not read";
  }
  const lost = [...host.needs.untraced, ...host.needs.unread];
  return lost.length === 0
    ? undefined
    : `which devices ${lost.map(formatMember).join(", ")} ${lost.length === 1 ? "needs" : "need"} could not be found`;
}

const formatMember = (what: string) => (what === "route" ? "the default route" : what);

/** Takes a function from its driver and gives it to vfio-pci: override first, so that it is never without one (sysfs-bus-pci, driver_override). */
function release({ bdf }: PciFunction): string {
  const at = `/sys/bus/pci/devices/${bdf}`;
  return `modprobe vfio-pci && sh -c 'echo vfio-pci >${at}/driver_override; echo ${bdf} >${at}/driver/unbind; echo ${bdf} >/sys/bus/pci/drivers_probe'`;
}

function driven({ driver }: PciFunction): string {
  return driver === undefined ? "driver not read" : driver === null ? "no driver" : `driver ${driver}`;
}

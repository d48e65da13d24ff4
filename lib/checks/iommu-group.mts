import type { Evidence, Fix } from "../findings.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { isOnboard } from "../host/onboard.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import type { Card } from "../resolve/types.mts";
import { blockersOf, cardOf, isHarmlessDriver, siblingsOf, usesOf } from "../resolve/cards.mts";
import {
  className,
  formatAddresses,
  formatFunction,
  isDisplay,
  isIntegrated,
  isPortable,
  slotOf,
} from "../host/pci.mts";
import { fail, pass, skip, unknown } from "./results.mts";
import { isVm, outer } from "./outer-hypervisor.mts";

/**
 * Whether the IOMMU groups of a card can be passed to a VM: by the kernel's own rule
 * (driver-api/vfio.rst), and by the host's own use of their functions.
 */
export function checkGroup(card: Card, host: Host): Verdict {
  const { gpu, assignedFunctions, alsoPassed, groupPeers, bridges, unverified } = card;
  const staysOnHost = card.staysOnHost.filter((fn) => !groupPeers.includes(fn));
  const vital = [...assignedFunctions, ...groupPeers].flatMap((fn) =>
    usesOf(fn, host).filter(({ vital }) => vital).map(({ use }) =>
      `${formatFunction(fn)} ${className(fn)} carries ${use}`
    )
  );
  if (!gpu.group && vital.length === 0) {
    return gpu.group === null
      ? skip("the card is in no IOMMU group")
      : unknown("could not read the card's IOMMU group");
  }
  const number = card.groups.join(" and ");
  const word = card.groups.length === 1 ? "group" : "groups";
  const evidence: Evidence[] = [
    ...[...assignedFunctions, ...alsoPassed, ...groupPeers, ...bridges].map((fn) => ({
      read: fn.group === null ? "no group" : `group ${fn.group ?? "?"}`,
      value: `${formatFunction(fn)} ${className(fn)}, ${driven(fn)}${
        bridges.includes(fn)
          ? " (a bridge: does not count)"
          : assignedFunctions.includes(fn)
          ? " (goes to the VM)"
          : alsoPassed.includes(fn)
          ? " (goes to the VM with another card)"
          : ""
      }`,
    })),
    ...staysOnHost.map((fn) => ({
      read: `group ${fn.group ?? "?"}`,
      value: `${formatFunction(fn)} ${className(fn)}, in the same slot, not part of the card: stays on the host`,
    })),
  ];
  // prepare binds the card's own functions, also before the IOMMU is on
  if (vital.length > 0) {
    return fail(
      `passing ${gpu.group ? `${word} ${number}` : "the card"} to a VM would take devices that this host needs: ${
        vital.join("; ")
      }`,
      evidence,
      separating(card, host),
    );
  }
  const boardmates = assignedFunctions.filter((fn) => fn !== gpu && isDisplay(fn) && slotOf(fn) !== slotOf(gpu));
  const inTheWay = blockersOf(card);
  // a damaged text may lack the facts of the card's own functions: they are then not known to be
  // foreign
  const lostOwn = inTheWay.filter((fn) =>
    slotOf(fn) === slotOf(gpu) && (fn.vendor === undefined || fn.class === undefined)
  );
  if (inTheWay.length > lostOwn.length) {
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
          return why === undefined
            ? []
            : [{ read: `unbinding ${fn.bdf} from this host`, value: `not offered: ${why}` }];
        }),
      ],
      fix: [
        ...placing(card, host),
        // the group is not free until all of them are unbound
        ...(inTheWay.every((fn) => kept(fn, host) === undefined) ? inTheWay : []).map((fn) =>
          commandFix(`Or unbind ${fn.bdf} from this host until the next boot`, release(fn), { root: true })
        ),
      ],
    };
  }
  const usb = assignedFunctions.find((fn) => fn.class?.startsWith("0c03") && fn.driver && !isHarmlessDriver(fn.driver));
  if (usb && host.needs.keyboards === undefined) {
    return unknown(`could not read whether the only keyboard is connected to ${formatFunction(usb)}`, evidence);
  }
  const { untraced, unread, route } = host.needs;
  const routeUnread = route === undefined ? ["route"] : [];
  const lost = [...new Set([...untraced.filter((what) => what !== "route"), ...unread, ...routeUnread])];
  if (usb && lost.length > 0) {
    return unknown(
      `could not find the devices that ${lost.map(formatMember).join(", ")} ${
        lost.length === 1 ? "needs" : "need"
      }, and ${formatFunction(usb)} may have one of them`,
      evidence,
    );
  }
  if (unverified.length > 0) {
    return unknown(
      `could not read the members of ${word} ${number} reliably: ${unverified.slice(0, 6).join(", ")}`,
      evidence,
    );
  }
  const more = alsoPassed.length > 0 ? `, and ${formatAddresses(alsoPassed)} with another card of the VM` : "";
  const others = groupPeers.length > 0
    ? `; its group also has ${formatAddresses(groupPeers)}, which no host driver holds`
    : "";
  return pass(
    `${word} ${number}: ${assignedFunctions.map(({ bdf }) => bdf).join(", ")} ${
      assignedFunctions.length === 1 ? "goes" : "go"
    } to the VM${boardmates.length > 0 ? ", including the board's other GPU" : ""}${more}${others}`,
    evidence,
  );
}

/**
 * Fixes for a group with devices that the host needs. What is on the card's own USB ports stays
 * with the card in every slot.
 */
function separating(card: Card, host: Host): Fix[] {
  const needed = (fn: PciFunction) => usesOf(fn, host).some(({ vital }) => vital);
  const ownUsb = card.assignedFunctions.some((fn) => fn.class?.startsWith("0c03") && needed(fn));
  const replug = ownUsb ? [manualFix("Connect the devices on the card's USB ports to other ports of this host")] : [];
  if (ownUsb && !card.groupPeers.some(needed)) return replug;
  const kept = card.groupPeers.filter(needed);
  const orThat = kept.length > 0 && !kept.some(isOnboard)
    ? `, or move ${formatAddresses(kept)} if it is in a slot`
    : "";
  return [
    ...(movable(card, host)
      ? [manualFix(`Put the card in another slot, preferably one that is wired to the CPU${orThat}`, {
        root: true,
        reboot: true,
      })]
      : [fixedInPlace(card, host)]),
    ...equalCard(card, host),
    ...replug,
  ];
}

/**
 * Whether the card can be moved to another slot: not in a laptop, and not if it is external or part
 * of the processor.
 */
function movable({ gpu }: Card, host: Host): boolean {
  return !isPortable(host) && !isIntegrated(gpu, host.pci) && !gpu.external;
}

/** The fix where no other slot can help. */
function fixedInPlace({ gpu }: Card, host: Host): Fix {
  if (gpu.external) {
    return manualFix(
      "This card is external: connect it to another port, or use an enclosure without USB and network ports of its own",
      { root: true, reboot: true },
    );
  }
  return manualFix(
    isIntegrated(gpu, host.pci)
      ? "These graphics are part of the processor and cannot be moved: choose a card in a slot, or use the GPU " +
        "in containers on this host"
      : "A laptop's card cannot be moved (for an external one, try another port): use the GPU in containers on " +
        "this host, or use a machine with slots",
  );
}

/**
 * An equal card in groups of its own, which the host does not display on. A virtual function is not
 * equal to a whole card, though it may have the same ids.
 */
function equalCard({ gpu, groups }: Card, host: Host): Fix[] {
  const isWhole = ({ physicalFunction }: PciFunction) => physicalFunction === undefined;
  const free = (host.pci ?? []).find((fn) => {
    if (fn.vendor !== gpu.vendor || fn.device !== gpu.device || groups.includes(fn.group ?? "")) return false;
    if (isWhole(fn) !== isWhole(gpu)) return false;
    const other = cardOf(fn, host);
    const passed = [...other.assignedFunctions, ...other.groupPeers];
    return fn.group !== undefined && fn.group !== null && blockersOf(other).length === 0 &&
      !passed.some((one) => shows(one, host) || usesOf(one, host).some(({ vital }) => vital));
  });
  return free
    ? [manualFix(`Or take the equal card that shares no group, if no other VM has it: address: "${free.bdf}"`)]
    : [];
}

/** Fixes that may separate the card from its group, or pass all of the group to one VM. */
function placing(card: Card, host: Host): Fix[] {
  if (isVm(host)) return [outer.slot];
  if (card.gpu.external) return [fixedInPlace(card, host)];
  const siblings = siblingsOf(card);
  const acs = manualFix("Or turn on ACS in the firmware setup, which splits groups where the hardware supports it", {
    root: true,
    reboot: true,
  });
  const shown = siblings.find((fn) => shows(fn, host));
  if (shown) {
    const apart = `Move the card to a slot that shares no switch with ${shown.bdf}, which the host displays on. The ` +
      "GPUs of one board stay together in every slot";
    return [...(movable(card, host) ? [manualFix(apart, { root: true, reboot: true })] : []), acs];
  }
  if (siblings.length > 0) {
    return [
      manualFix(
        `Give all of them to one machine: in its gpu: list, write address: "${card.gpu.bdf}" and ${
          siblings.slice(0, 8).map(({ bdf }) => `address: "${bdf}"`).join(" and ")
        }. They are behind one switch: if that is a board with several GPUs, moving it does not help`,
      ),
      ...(isPortable(host) ? [] : [acs]),
    ];
  }
  const alike = card.groupPeers.filter((fn) =>
    isDisplay(fn) && fn.vendor === card.gpu.vendor && fn.device === card.gpu.device && !isIntegrated(fn, host.pci)
  );
  const together = alike.length === 0 || alike.some((fn) => shows(fn, host)) ? [] : [
    manualFix(
      `Or give all of them to one machine: in its gpu: list, write address: "${card.gpu.bdf}" and ${
        alike.slice(0, 8).map(({ bdf }) => `address: "${bdf}"`).join(" and ")
      }. The GPUs of one board stay together in every slot`,
    ),
  ];
  const equal = equalCard(card, host);
  return movable(card, host)
    ? [remedies.slot, ...equal, acs, ...together]
    : [fixedInPlace(card, host), ...equal, ...together];
}

/**
 * Why no fix suggests unbinding a function from the running host; undefined if nothing prevents it.
 * A disk may be in use without a mount (a volume of another VM, a pool), and an untraced use may
 * depend on any function.
 */
function kept(fn: PciFunction, host: Host): string | undefined {
  if (fn.class === undefined) return "its device class could not be read";
  if (fn.class.startsWith("01")) return "it is a storage device";
  if (isDisplay(fn)) return shows(fn, host) ? "the host displays on it" : "it is a graphics card";
  if (vitalClasses.test(fn.class)) return "the host needs it";
  const uses = usesOf(fn, host).map(({ use }) => use);
  if (uses.length > 0) return `the host uses it for ${uses.join(", ")}`;
  if (fn.class.startsWith("0c03") && host.needs.keyboards === undefined) {
    return "the keyboards that are connected to it could not be read";
  }
  if (!spareClasses.test(fn.class)) return "its use on the host could not be read";
  const lost = [...host.needs.untraced, ...host.needs.unread];
  return lost.length === 0
    ? undefined
    : `could not find the devices that ${lost.map(formatMember).join(" and ")} ${lost.length === 1 ? "needs" : "need"}`;
}

/**
 * Classes whose use can be read: network controllers by their interfaces; audio, because nothing
 * depends on it. The probe does not read what uses a USB controller, a serial port (07), IPMI
 * (0c07) or a card reader, except keyboards, disks and routes.
 */
const spareClasses = /^(0200|0280|0401|0403|0480)/;
/**
 * Classes that a running host always needs, whatever their drivers: memory controllers (05),
 * bridges to firmware and legacy devices (06), system peripherals (08), SMBus (0c05), security
 * processors (10), power and signal controllers (11), accelerators (12).
 */
const vitalClasses = /^(05|06|08|0c05|10|11|12)/;

/** Whether the host's display is on a card, as far as any fact shows it. */
function shows({ bdf, bootVga, displays }: PciFunction, { display }: Host): boolean {
  return bootVga === true || displays.length > 0 || display.framebuffers.some((one) => one.bdf === bdf);
}

const formatMember = (what: string) => (what === "route" ? "the default route" : what);

/**
 * The command that moves a function from its driver to vfio-pci. It sets the override first, so
 * that no other driver binds in between (sysfs-bus-pci, driver_override).
 */
function release({ bdf }: PciFunction): string {
  const at = `/sys/bus/pci/devices/${bdf}`;
  return `modprobe vfio-pci && sh -c 'echo vfio-pci >${at}/driver_override; echo ${bdf} >${at}/driver/unbind; ` +
    `echo ${bdf} >/sys/bus/pci/drivers_probe'`;
}

function driven({ driver }: PciFunction): string {
  return driver === undefined ? "driver not read" : driver === null ? "no driver" : `driver ${driver}`;
}

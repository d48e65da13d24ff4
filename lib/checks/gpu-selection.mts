import type { GpuRequest } from "../config/types.mts";
import type { Card, Resolved, ResolvedGpuRequest, ResolvedMachine } from "../resolve/types.mts";
import type { Evidence } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import { isGpu } from "../resolve/cards.mts";
import { className, formatAddresses, formatFunction } from "../host/pci.mts";
import { fail, pass, skip, unknown, warn } from "./results.mts";
import { self } from "../self.mts";
import { firstFew } from "../text.mts";
import { isEmulated, isNvidia, isNvidiaRequest, vendorIds } from "../host/vendors.mts";
import { hasRequestedIds } from "../resolve/requests.mts";
import { exclusiveVerdicts } from "./gpu-exclusive.mts";
import { turnedOff } from "./gpu-removed.mts";
import { countVirtual, insteadOf, physicalVerdict } from "./gpu-virtual.mts";

/** The command that lists a host's graphics cards. */
const listing = {
  linux: "lspci -nn -d ::03xx",
  windows: "Get-PnpDevice -Class Display -PresentOnly",
  macos: "system_profiler SPDisplaysDataType",
};

/**
 * Whether the config's request matches exactly one card of the host, which no other machine gets.
 */
export const gpuSelectionChecks: Check[] = [
  {
    id: "gpu.present",
    about: "whether the host has a card of that vendor",
    why: "a VM can get a card only if the host has one",
    confirm: listing,
    check: (host, config) => eachRequest(config, (request) => present(request, host)),
  },
  {
    id: "gpu.match",
    about: "whether the ids and the address name one card",
    why: "the wrong card, or two of them, would go to the VM",
    confirm: listing,
    check: (host, config) => eachRequest(config, (request, machine) => match(request, machine, host)),
  },
  {
    id: "gpu.exclusive",
    about: "whether each card, and each IOMMU group, goes to one machine only",
    why: "two VMs cannot hold one card, or cards of one IOMMU group, at the same time",
    check: (_host, config) => exclusiveVerdicts(config),
  },
];

function eachRequest(
  { machines }: Resolved,
  check: (request: ResolvedGpuRequest, machine: ResolvedMachine) => Verdict,
): Verdict[] {
  return machines.flatMap((machine) =>
    machine.gpus.map((request) => ({ machine: machine.name, ...check(request, machine) }))
  );
}

const asWritten = ({ vendorId, deviceId, address }: GpuRequest) =>
  `${vendorId}:${deviceId ?? "*"}${address ? ` at ${address}` : ""}`;

/**
 * Cards as one line: virtual functions grouped with their physical function; of a long list the
 * first ones and the number of others.
 */
function formatCards(functions: PciFunction[], format = withDriver): string {
  const virtual = functions.filter(({ physicalFunction }) => functions.some(({ bdf }) => bdf === physicalFunction));
  const own = functions.filter((fn) => !virtual.includes(fn));
  const words = own.map((fn) => {
    const parts = virtual.filter(({ physicalFunction }) => physicalFunction === fn.bdf);
    return `${format(fn)}${parts.length > 0 ? ` with ${countVirtual(parts)}` : ""}`;
  });
  return firstFew(words, 8).join("; ") || "none";
}

const withDriver = (fn: PciFunction) =>
  `${formatFunction(fn)} (${fn.driver ?? "no driver"}${fn.bootVga ? ", boot VGA" : ""})`;

/** Where the host's cards were read from. */
const cardsAt = ({ os }: Host) =>
  os.platform === "windows"
    ? "Win32_PnPEntity, class Display"
    : os.platform === "macos"
    ? "ioreg -rc IOPCIDevice"
    : "/sys/bus/pci/devices, class 0x03";

// ---------------------------------------------------------------------------------------------------------- selection

/** Whether a function is a server's or a VM's own display chip that the host displays on. */
function isDisplayChip({ vendor = "", bootVga, displays }: PciFunction): boolean {
  const own = !Object.values<string>(vendorIds).includes(vendor) && (bootVga === true || displays.length > 0);
  return own || isEmulated({ vendor });
}

function present(request: GpuRequest, host: Host): Verdict {
  if (!host.pci) {
    return unknown("could not read the PCI bus", [{ read: "/sys/bus/pci/devices", value: "not readable" }]);
  }
  const cards = host.pci.filter((fn) => isGpu(fn) || (request.deviceId !== undefined && hasRequestedIds(request, fn)));
  const evidence = [{ read: cardsAt(host), value: formatCards(cards) }];
  const own = cards.filter(({ vendor }) => vendor === request.vendorId);
  if (own.length > 0) return pass(formatCards(own, formatFunction), evidence);
  if (host.os.platform !== "linux" && host.pciCount !== host.pci.length) {
    return unknown("could not read every graphics card", evidence);
  }
  const requested = isNvidiaRequest(request) ? "NVIDIA GPU" : `GPU ${request.vendorId}:${request.deviceId ?? "*"}`;
  const off = turnedOff(host, isNvidiaRequest(request));
  return fail(`no ${requested} detected on host`, [...evidence, ...off.evidence], [
    ...off.fixes,
    manualFix(
      cards.some((fn) => !isDisplayChip(fn))
        ? "Name a card of this host (vendor_id, device_id)"
        : `${host.os.platform === "macos" ? "Run" : "Install a card, or run"} this on a host that has one`,
    ),
    ...(host.pci.some(({ driver }) => driver === "thunderbolt")
      ? [
        manualFix(
          "Or, if the card is in an external enclosure (Thunderbolt, USB4): connect it, turn it on, and authorize it " +
            "(boltctl list shows it)",
        ),
      ]
      : []),
    commandFix("Or start the lab without a GPU", self("up --no-gpu")),
  ]);
}

function match(request: ResolvedGpuRequest, machine: ResolvedMachine, host: Host): Verdict {
  const { match: choice } = request;
  switch (choice.kind) {
    case "unknown":
      return unknown("could not read the PCI bus");
    case "card":
      return moved(choice.card, machine, host) ?? oneCard(request, choice.card);
    case "several":
      return severalCards(request, choice.fitting, host);
    case "none":
      return noMatch(request, host, choice.hostCards);
  }
}

function oneCard(request: GpuRequest, { gpu, virtualFunctions }: Card): Verdict {
  const message = `${asWritten(request)} is ${formatFunction(gpu)}`;
  if (gpu.physicalFunction && isNvidia(gpu)) {
    return fail(
      `${message}, a virtual function of ${gpu.physicalFunction}: NVIDIA virtual functions work only with the vGPU ` +
        "software on the host and in the VM, which needs a licence and is not installed here",
      [{ read: `/sys/bus/pci/devices/${gpu.bdf}/physfn`, value: gpu.physicalFunction }],
      [
        manualFix(
          `To take the whole card and end its virtual functions, write address: "${gpu.physicalFunction}" and ` +
            "mode: passthrough",
        ),
      ],
    );
  }
  if (gpu.physicalFunction) {
    return pass(`${message}, a virtual function of ${gpu.physicalFunction}`);
  }
  if (virtualFunctions.length === 0) return pass(message);
  return physicalVerdict(message, gpu, virtualFunctions);
}

/** Several cards match, or a card and its virtual functions. */
function severalCards(request: GpuRequest, fitting: PciFunction[], host: Host): Verdict {
  const evidence = [{ read: cardsAt(host), value: formatCards(fitting) }];
  const virtual = fitting.filter(({ physicalFunction }) => physicalFunction);
  const whole = fitting.filter(({ physicalFunction }) => !physicalFunction);
  if (virtual.length === 0) {
    const choices = fitting.slice(0, 8).map(({ bdf }) => `address: "${bdf}"`).join(" or ");
    return fail(`${fitting.length} cards match ${asWritten(request)}: ${formatCards(fitting)}`, evidence, [
      manualFix(`Choose one: ${choices}${fitting.length > 8 ? " …" : ""}`),
    ]);
  }
  return fail(
    whole.length === 0
      ? `${countVirtual(virtual)} match ${asWritten(request)}`
      : `${asWritten(request)} matches ${
        formatAddresses(whole)
      } and virtual functions: passing a physical function ends its virtual functions. This host has ${
        countVirtual(virtual)
      }`,
    evidence,
    [
      ...insteadOf(virtual[0]!, virtual, whole.length === 0 ? "" : ", or mode: partition for whichever is free"),
      ...whole.slice(0, 2).map(({ bdf }) =>
        manualFix(`To take the whole card and end its virtual functions, write address: "${bdf}"`)
      ),
    ],
  );
}

/**
 * The VM was created with another address than the card has now: addresses change when cards are
 * added, or when the firmware is updated.
 */
function moved({ gpu }: Card, { passedAddresses }: ResolvedMachine, host: Host): Verdict | undefined {
  if (passedAddresses.length === 0 || passedAddresses.includes(gpu.bdf)) return undefined;
  const now = passedAddresses.map((bdf) => {
    const fn = host.pci?.find((one) => one.bdf === bdf);
    return fn ? `${formatFunction(fn)} ${className(fn)}` : `${bdf}: nothing`;
  });
  return warn(
    `its VM was created with ${passedAddresses.join(", ")}, but the card is now at ${gpu.bdf}: recreate the VM`,
    [{ read: "at these addresses now", value: now.join("; ") }],
    [remedies.recreate],
  );
}

/** The ids are those of another device, such as a coprocessor or a network adapter. */
function notCard(fn: PciFunction, own: PciFunction[], evidence: Evidence[]): Verdict {
  const read = [...evidence, { read: `/sys/bus/pci/devices/${fn.bdf}/class`, value: fn.class ?? "not read" }];
  if (fn.class === undefined) return unknown(`could not read whether ${formatFunction(fn)} is a GPU`, read);
  return fail(
    `${formatFunction(fn)} is not a GPU: gpu: takes graphics cards and accelerators (PCI classes 03 and 12)`,
    read,
    [
      manualFix(
        own.length > 0
          ? `Write device_id: ${[...new Set(own.map(({ device }) => device))].slice(0, 8).join(" or ")}`
          : "Name a GPU of this host, or remove gpu:",
      ),
    ],
  );
}

/**
 * No card matches. A card with the ids may be at another address, or another card at the address.
 */
function noMatch(request: GpuRequest, host: Host, cards: PciFunction[]): Verdict {
  const evidence: Evidence[] = [{ read: cardsAt(host), value: formatCards(cards) }];
  const own = cards.filter(({ vendor }) => vendor === request.vendorId);
  const other = host.pci?.find((fn) =>
    !isGpu(fn) && hasRequestedIds(request, fn) &&
    (request.address === undefined ? request.deviceId !== undefined : fn.bdf === request.address)
  );
  if (other) return notCard(other, own, evidence);
  if (own.length === 0) return skip("this host has no card of that vendor", evidence);
  if (request.address !== undefined) {
    const at = host.pci?.find(({ bdf }) => bdf === request.address);
    const elsewhere = own.filter((fn) => hasRequestedIds(request, fn));
    const now = at
      ? `${request.address} is ${formatFunction(at)} ${className(at)}`
      : `nothing is at ${request.address}`;
    return fail(
      `${now}${
        elsewhere.length > 0
          ? `; ${request.vendorId}:${request.deviceId ?? "*"} is at ${elsewhere.map(({ bdf }) => bdf).join(", ")}`
          : ""
      }: addresses move when cards are added or the firmware is updated`,
      [...evidence, {
        read: `/sys/bus/pci/devices/${request.address}`,
        value: at ? formatFunction(at) : "not there",
      }],
      [
        manualFix(
          elsewhere.length > 0
            ? `Write ${elsewhere.map(({ bdf }) => `address: "${bdf}"`).join(" or ")}, or remove the address`
            : "Write the ids of a card of this host",
        ),
      ],
    );
  }
  return fail(`no GPU ${asWritten(request)}; this host has ${formatCards(own)}`, evidence, [
    manualFix(
      `Write device_id: ${
        [...new Set(own.map((fn) => fn.name ? `${fn.device} (${fn.name})` : fn.device))].slice(0, 8).join(" or ")
      }`,
    ),
  ]);
}

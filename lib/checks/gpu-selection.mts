import type { GpuWish, Settled, SettledMachine } from "../config/types.mts";
import type { Check, Evidence, Verdict } from "../findings.mts";
import type { Host, PciFunction } from "../host/types.mts";
import { command, remedies, words } from "../fixes.mts";
import { type Card, choose } from "../resolve/cards.mts";
import { className, described, isDisplay, slotOf } from "../host/pci.mts";

/** What lists the graphics cards of a host. */
const listing = {
  linux: "lspci -nn -d ::03xx",
  windows: "Get-PnpDevice -Class Display -PresentOnly",
  macos: "system_profiler SPDisplaysDataType",
};

/** Which card it is: whether what the config names is there, is one card, and is nobody else's. */
export const gpuChecks: Check[] = [
  {
    id: "gpu.present",
    about: "whether there is a card of that vendor at all",
    why: "there must be a card to hand over",
    confirm: listing,
    look: (host, config) => eachWish(config, (wish) => present(wish, host)),
  },
  {
    id: "gpu.match",
    about: "whether the ids and the address name one card",
    why: "the wrong card, or two of them, would go to the VM",
    confirm: listing,
    look: (host, config) => eachWish(config, (wish, machine) => match(wish, machine, host)),
  },
  {
    id: "gpu.exclusive",
    about: "whether each card, and each IOMMU group, goes to one machine only",
    why: "two VMs cannot hold one card, or cards of one IOMMU group, at the same time",
    confirm: "npx zx homelab-gpu.mts doctor gpu.exclusive",
    look: exclusive,
  },
];

function eachWish({ machines }: Settled, look: (wish: GpuWish, machine: SettledMachine) => Verdict): Verdict[] {
  return machines.flatMap((machine) => machine.gpus.map((wish) => ({ machine: machine.name, ...look(wish, machine) })));
}

const asWritten = ({ vendorId, deviceId, address }: GpuWish) =>
  `${vendorId}:${deviceId ?? "*"}${address ? ` at ${address}` : ""}`;
const listed = (functions: PciFunction[]) =>
  functions.map((fn) => `${described(fn)} (${fn.driver ?? "no driver"}${fn.bootVga ? ", boot VGA" : ""})`).join("; ") ||
  "none";

/** Where the host's cards were read. */
const cardsAt = ({ os }: Host) =>
  os.platform === "windows"
    ? "Win32_PnPEntity, class Display"
    : os.platform === "macos"
    ? "ioreg -rc IOPCIDevice"
    : "/sys/bus/pci/devices, class 0x03";

// ---------------------------------------------------------------------------------------------------------- selection

function present(wish: GpuWish, host: Host): Verdict {
  if (!host.pci) {
    return {
      status: "unknown",
      says: "the PCI bus could not be read",
      evidence: [{ read: "/sys/bus/pci/devices", value: "not readable" }],
    };
  }
  const cards = host.pci.filter(isDisplay);
  const evidence = [{ read: cardsAt(host), value: listed(cards) }];
  const own = cards.filter(({ vendor }) => vendor === wish.vendorId);
  if (own.length > 0) return { status: "pass", says: own.map(described).join("; "), evidence };
  if (host.os.platform !== "linux" && host.pciCount !== host.pci.length) {
    return { status: "unknown", says: "not every graphics card could be read", evidence };
  }
  const asked = wish.vendorId === "10de" ? "NVIDIA GPU" : `GPU ${wish.vendorId}:${wish.deviceId ?? "*"}`;
  return {
    status: "fail",
    says: `no ${asked} detected on host`,
    evidence,
    fix: [
      words(
        cards.length > 0
          ? "Name a card that is there (vendor_id, device_id)"
          : "Put a card in, or run this where one is",
      ),
      command("Or bring the rest of the lab up without it", "npx zx homelab-gpu.mts up --no-gpu"),
    ],
  };
}

function match(wish: GpuWish, machine: SettledMachine, host: Host): Verdict {
  const choice = choose(wish, host);
  switch (choice.kind) {
    case "unknown":
      return { status: "unknown", says: "the PCI bus could not be read", evidence: [] };
    case "card":
      return moved(choice.card, machine, host) ??
        { status: "pass", says: `${asWritten(wish)} is ${described(choice.card.gpu)}`, evidence: [] };
    case "several":
      return {
        status: "fail",
        says: `${choice.fitting.length} cards match ${asWritten(wish)}: ${listed(choice.fitting)}`,
        evidence: [{ read: cardsAt(host), value: listed(choice.fitting) }],
        fix: [words(`Say which: ${choice.fitting.map(({ bdf }) => `address: "${bdf}"`).join(" or ")}`)],
      };
    case "none":
      return noMatch(wish, host, choice.there);
  }
}

/** The VM was made with another address than the card has now: cards move when others are added, or the firmware is updated. */
function moved({ gpu }: Card, { has }: SettledMachine, host: Host): Verdict | undefined {
  if (has.length === 0 || has.includes(gpu.bdf)) return undefined;
  const now = has.map((bdf) => {
    const fn = host.pci?.find((one) => one.bdf === bdf);
    return fn ? `${described(fn)} ${className(fn)}` : `${bdf}: nothing`;
  });
  return {
    status: "warn",
    says: `its VM was made with ${has.join(", ")}, and the card is at ${gpu.bdf}: the VM must be made anew`,
    evidence: [{ read: "what is there now", value: now.join("; ") }],
    fix: [remedies.recreate],
  };
}

/** No card fits. The one with the ids may sit at another address, or something else at the address. */
function noMatch(wish: GpuWish, host: Host, there: PciFunction[]): Verdict {
  const evidence: Evidence[] = [{ read: cardsAt(host), value: listed(there) }];
  const own = there.filter(({ vendor }) => vendor === wish.vendorId);
  if (own.length === 0) return { status: "skip", says: "there is no card of that vendor", evidence };
  if (wish.address !== undefined) {
    const at = host.pci?.find(({ bdf }) => bdf === wish.address);
    const elsewhere = own.filter(({ device }) => wish.deviceId === undefined || device === wish.deviceId);
    const now = at ? `${wish.address} is ${described(at)} ${className(at)}` : `nothing is at ${wish.address}`;
    return {
      status: "fail",
      says: `${now}${
        elsewhere.length > 0
          ? `; ${wish.vendorId}:${wish.deviceId ?? "*"} is at ${elsewhere.map(({ bdf }) => bdf).join(", ")}`
          : ""
      }: addresses move when cards are added or the firmware is updated`,
      evidence: [...evidence, {
        read: `/sys/bus/pci/devices/${wish.address}`,
        value: at ? described(at) : "not there",
      }],
      fix: [
        words(
          elsewhere.length > 0
            ? `Write ${elsewhere.map(({ bdf }) => `address: "${bdf}"`).join(" or ")}, or leave the address out`
            : "Write the ids of a card that is there",
        ),
      ],
    };
  }
  return {
    status: "fail",
    says: `no GPU ${asWritten(wish)}; there is ${listed(own)}`,
    evidence,
    fix: [words(`Write device_id: ${[...new Set(own.map(({ device }) => device))].join(" or ")}`)],
  };
}

function exclusive(host: Host, { machines }: Settled): Verdict[] {
  const wanted = machines.flatMap((machine) =>
    machine.gpus.flatMap((wish) => {
      const choice = choose(wish, host);
      return choice.kind === "card"
        ? [{ machine: machine.name, mode: wish.mode, card: choice.card.gpu, groups: choice.card.groups }]
        : [];
    })
  );
  if (wanted.length === 0) return [];
  // parts of one card may go to several machines
  const clash = (a: typeof wanted[0], b: typeof wanted[0]) =>
    slotOf(a.card) === slotOf(b.card) &&
    (a.machine === b.machine || a.mode === "passthrough" || b.mode === "passthrough");
  const twice = wanted.flatMap((one, i) => {
    const first = wanted.slice(0, i).find((other) => clash(one, other));
    return first ? [{ first, one }] : [];
  });
  const whole = wanted.filter(({ mode }) => mode === "passthrough");
  const shared = whole.flatMap((one, i) => {
    const first = whole.slice(0, i).find((other) =>
      other.machine !== one.machine && !clash(other, one) && other.groups.some((group) => one.groups.includes(group))
    );
    return first ? [{ first, one }] : [];
  });
  if (twice.length + shared.length === 0) {
    return [{ status: "pass", says: "each card goes to one machine", evidence: [] }];
  }
  const same = twice.map(({ first, one: { machine, card: { bdf } } }): Verdict => ({
    machine,
    status: "fail",
    says: first.machine === machine
      ? `${machine} asks for ${bdf} twice`
      : `${first.machine} and ${machine} both ask for ${bdf}: a card goes to one running VM`,
    evidence: [],
    fix: [words("Give each its own card by address:, or take gpu: from one of them")],
  }));
  // a group is opened once: whoever comes second gets EBUSY (drivers/vfio/group.c, vfio_group_fops_open)
  const joined = shared.map(({ first, one }): Verdict => {
    const groups = one.groups.filter((group) => first.groups.includes(group));
    return {
      machine: one.machine,
      status: "fail",
      says: `${first.machine} gets ${first.card.bdf} and ${one.machine} gets ${one.card.bdf}, which share ${
        groups.length === 1 ? "group" : "groups"
      } ${groups.join(" and ")}: a group has one owner, and the VM that starts second finds it busy`,
      evidence: [first, one].map(({ card: { bdf, group } }) => ({
        read: `/sys/bus/pci/devices/${bdf}/iommu_group`,
        value: group ?? "none",
      })),
      fix: [
        words("Give both cards to one machine, or take gpu: from one of them"),
        words("Or put one of the cards in another slot", { root: true, reboot: true }),
      ],
    };
  });
  return [...same, ...joined];
}

/** Which card of a host a new config requests, and why. */
import { runChecks } from "../checks/index.mts";
import { parseConfig } from "../config/parse.mts";
import { starterFor } from "../config/starter.mts";
import type { StarterStack } from "./stack-here.mts";
import type { Finding } from "../findings.mts";
import { isEmulated, isNvidia, vendorIds } from "../host/vendors.mts";
import { isIntegrated, isPortable } from "../host/pci.mts";
import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { architectureOf, architectures } from "../resolve/architectures.mts";
import { cardOf, isGpu, isVfioDriver } from "../resolve/cards.mts";
import { firstFew } from "../text.mts";
import { cardName } from "./card-name.mts";
import { resolveConfig } from "../resolve/resolve.mts";

/** A card, and what the checks of cards say about it. Other checks do not count. */
export interface Judged {
  card: PciFunction;
  fails: Finding[];
  warnings: Finding[];
  /** The host uses it as a display. */
  shows: boolean;
  /** Why no change of this host lets a VM get it; undefined if one may. */
  never?: string;
}

/**
 * Makers of cards, in the order in which people want them in a VM. A server's own display chip is
 * from none of them.
 */
const makers: string[] = [vendorIds.nvidia, vendorIds.amd, vendorIds.intel];

/** Checks that no change of this host fixes: their failure means a wrong system or processor. */
const hopeless = ["provider.host", "host.architecture"];

/** The cards of the host: a partitioned card by its partitions or as a whole; no emulated ones. */
function cardsOf(host: Host): PciFunction[] {
  return (host.pci ?? []).filter((fn) => isGpu(fn) && !isEmulated(fn)).filter((fn, i, all) =>
    !all.slice(0, i).some((one) =>
      one.physicalFunction === fn.physicalFunction && cardOf(one, host).assignedFunctions.includes(fn)
    )
  );
}

/** Each card of the host with the findings of a config that requests it. */
export function judgeCards(starter: string, host: Host): Judged[] {
  return cardsOf(host).map((card) => judge(card, starterFor(starter, card, host, ""), host));
}

function judge(card: PciFunction, text: string, host: Host): Judged {
  const findings = runChecks(host, resolveConfig(parseConfig(text), host), [
    "gpu",
    "iommu",
    "hyperv",
    "provider.host",
    "host.architecture",
    "guest.driver",
  ]);
  const of = (status: Finding["status"]) => findings.filter((finding) => finding.status === status);
  const display = findings.find(({ check }) => check === "gpu.display");
  const judged: Judged = {
    card,
    fails: of("fail"),
    warnings: of("warn"),
    shows: display?.status === "warn" || display?.status === "fail",
  };
  const never = neverOf(judged, host);
  return never === undefined ? judged : { ...judged, never };
}

/**
 * Why a card cannot go to a VM whatever is changed on this host: no driver for the guest has it, or it can neither be
 * moved nor replaced as the display, in a laptop, a hand-held or a processor. An Intel card with virtual functions can
 * stay on the host, so it is not among them.
 */
function neverOf({ card, fails }: Judged, host: Host): string | undefined {
  const failed = (check: string) => fails.some((finding) => finding.check === check);
  const architecture = isNvidia(card) && card.device !== undefined ? architectureOf(card.device) : undefined;
  if (failed("guest.driver") && architecture && architectures[architecture].modules.length === 0) {
    return `${architecture}: no supported NVIDIA driver has it, so a VM gets no CUDA`;
  }
  const integrated = isIntegrated(card, host.pci);
  if (card.external || !(integrated || isPortable(host))) return undefined;
  if (failed("iommu.group")) {
    return "other devices of this host are in its IOMMU group, and it cannot be moved to another slot; containers on " +
      "this host can use it without a VM";
  }
  if (
    failed("gpu.display") && integrated && isPortable(host) &&
    !(card.vendor === vendorIds.intel && card.virtualFunctions)
  ) {
    return "this host's built-in display needs it; containers on this host can use it without a VM";
  }
  return undefined;
}

/**
 * The cards that a config may request: those that a VM can get. The processor's graphics that the host displays on are
 * not among them if the other cards are only good for the host.
 */
export function candidatesOf(judged: Judged[], pci: PciFunction[] = []): Judged[] {
  const possible = judged.filter(({ never }) => never === undefined);
  const needed = ({ card, shows }: Judged) => shows && isIntegrated(card, pci);
  return possible.length < judged.length && possible.every(needed) ? [] : possible;
}

/**
 * The card to request. Among the first maker's cards that can be passed through: the one with the
 * fewest warnings; cards that the host displays on come after the others, and the processor's
 * graphics last. Without one: a card whose failures end by themselves. A card that the host displays
 * on, or the processor's graphics, comes after another maker's card that the host does not need; the processor's
 * graphics only count as such if vfio-pci has them.
 * Without any of them: the card with the fewest failures. Undefined if the host has no card, or only
 * the display chips of servers and VMs that it displays on. `pci`: the host's functions.
 */
export function bestOf(all: Judged[], pci: PciFunction[] = []): Judged | undefined {
  const maker = makers.find((id) => all.some(({ card }) => card.vendor === id)) ??
    all.find(({ shows }) => !shows)?.card.vendor;
  const judged = all.filter(({ card }) => card.vendor === maker);
  const built = ({ card }: Judged) => Number(isIntegrated(card, pci));
  const order = (a: Judged, b: Judged) =>
    built(a) - built(b) || Number(a.shows) - Number(b.shows) || a.fails.length - b.fails.length ||
    a.warnings.length - b.warnings.length;
  // the processor's graphics are not chosen while the host displays on them, unless they are the only card
  const spare = (one: Judged) => !(one.shows && judged.length > 1 && built(one));
  const able = (one: Judged) => one.fails.length === 0;
  const best = judged.filter(able).filter(spare).toSorted(order)[0] ??
    judged.filter(({ fails }) => fails.every(passes)).filter(spare).toSorted(order)[0];
  if (best && !best.shows && !built(best)) return best;
  // another maker's card is chosen unasked only if the host does not display on it
  const others = all.filter((one) => !judged.includes(one) && makers.includes(one.card.vendor ?? ""));
  const free = others.filter((one) => able(one) && !one.shows).toSorted(order);
  // what the host's own configuration gives to VMs, the processor's graphics too
  const given = best && !best.shows ? undefined : free.find(({ card }) => isVfioDriver(card.driver ?? ""));
  return free.find((one) => !built(one)) ?? given ?? best ??
    judged.toSorted((a, b) => a.fails.length - b.fails.length || order(a, b))[0];
}

/**
 * Whether a failure goes away without a change of the host: a process that ends, or a reboot that
 * is due.
 */
function passes({ check, fix }: Finding): boolean {
  return check === "gpu.in-use" ||
    (check === "gpu.driver" || check === "iommu.enabled") && fix.some(({ command }) => command === "reboot");
}

/** The failures that no change of this host fixes, for any requested card. */
export function hopelessOf(starter: string, host: Host): Finding[] {
  const resolved = resolveConfig(parseConfig(starterFor(starter, "any", host, "")), host);
  return runChecks(host, resolved, hopeless).filter(({ status }) => status === "fail");
}

/** Whether a card can go to a VM as the host is now. */
export function stateOf({ fails, warnings, shows, never }: Judged): string {
  if (never !== undefined) return never;
  if (shows) return "the host displays on it";
  if (fails.length > 0) return `${fails.map(({ check }) => check).join(", ")} to fix first`;
  return warnings.length > 0 ? `ready, with warnings (${warnings.map(({ check }) => check).join(", ")})` : "ready";
}

/** Why a config for a host requests no card, with its cards; for a host whose cards a VM can never get. */
export const withoutCard = (judged: Judged[]): string =>
  `no card is requested: ${
    firstFew(judged.map((one) => `${one.card.bdf} ${cardName(one.card)} (${stateOf(one)})`), 4)
      .join("; ")
  }`;

/**
 * The config that commands use in memory where there is none: what `init` would write. Where `init` would write one
 * without a GPU because the host has no card, or is no host for one, it still requests one, so that `doctor` says what
 * is missing. `without`: why it requests none of the host's cards.
 */
export function starterText(starter: string, host: Host, stack?: StarterStack): { text: string; without?: string } {
  const [first] = cardsOf(host);
  const of = (card: PciFunction | "any" | undefined) =>
    starterFor(starter, card, host, "./homelab-gpu.schema.json", { stack });
  if (!first) return { text: of("any") };
  const judged = judgeCards(starter, host);
  const possible = candidatesOf(judged, host.pci);
  if (possible.length === 0) return { text: of(undefined), without: withoutCard(judged) };
  // the only card needs no verdict, unless it may be a server's display chip
  const only = judged.length === 1 && makers.includes(first.vendor ?? "") ? first : undefined;
  return { text: of(only ?? bestOf(possible, host.pci)?.card ?? "any") };
}

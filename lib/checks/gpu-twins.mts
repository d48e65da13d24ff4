/** Other cards that a host's list of ids gives to vfio-pci together with the card of a VM. */
import type { Card, Resolved } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { ownFiles } from "../host/own-files.mts";
import { isDisplay } from "../host/pci.mts";
import { vfioSourceOf } from "../host/vfio-ids.mts";
import { isVfioDriver } from "../resolve/cards.mts";
import { manualFix, remedies } from "../fixes.mts";

/**
 * A verdict about a card's driver, with a warning if a list of ids takes another card from this host:
 * vfio-pci takes every function with these ids (drivers/vfio/pci/vfio_pci.c). A card that vfio-pci has
 * already by a list of the user's own is not reported: that can be what the user wants.
 */
export function withTwins(verdict: Verdict, card: Card, host: Host, { machines }: Resolved): Verdict {
  const passed = machines.flatMap(({ assignedFunctions }) => assignedFunctions ?? []);
  const own = new Set(card.assignedFunctions.flatMap((fn) => vfioSourceOf(fn, host)?.text ?? []));
  const taken = (host.pci ?? []).flatMap((fn) => {
    if (!isDisplay(fn) || typeof fn.driver !== "string") return [];
    const source = passed.includes(fn) ? undefined : vfioSourceOf(fn, host);
    if (!source || !own.has(source.text)) return [];
    return isVfioDriver(fn.driver ?? "") && !ownFiles.includes(source.from) ? [] : [{ fn, source }];
  });
  const [first] = taken;
  if (!first || verdict.status === "fail") return verdict;
  const { from, text } = first.source;
  const bound = taken.every(({ fn }) => isVfioDriver(fn.driver ?? ""));
  const names = taken.map(({ fn: { bdf, driver } }) => bound ? bdf : `${bdf}, which ${driver} has now`).join(" and ");
  const same = `${taken.length === 1 ? "it has" : "they have"} the same ids`;
  return {
    ...verdict,
    status: "warn",
    message: `${verdict.message}. ${
      bound ? `${from} also binds ${names}, which no machine gets` : `At the next boot ${from} also binds ${names}`
    }: ${same}`,
    evidence: [...(verdict.evidence ?? []), { read: from, value: text }],
    fix: [
      ...(ownFiles.includes(from) ? [] : [manualFix(`Remove these ids from ${from}`, { root: true })]),
      { ...remedies.bindAtBoot, title: "Bind the card by its address instead, so that this host has the other one" },
      ...(verdict.fix ?? []).filter(({ command }) => command !== remedies.bindAtBoot.command),
    ],
  };
}

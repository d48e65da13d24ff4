/** Other cards that a host's list of ids gives to vfio-pci together with the card of a VM. */
import type { Card, Resolved } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { ownFiles } from "../host/own-files.mts";
import { isDisplay } from "../host/pci.mts";
import { vfioSourceOf } from "../host/vfio-ids.mts";
import { manualFix, remedies } from "../fixes.mts";

/**
 * A verdict about a card's driver, with a warning if a list of ids takes another card from this host
 * at its next boot: vfio-pci takes every function with these ids (drivers/vfio/pci/vfio_pci.c). A card
 * that vfio-pci has already is not reported.
 */
export function withTwins(verdict: Verdict, card: Card, host: Host, { machines }: Resolved): Verdict {
  const passed = machines.flatMap(({ assignedFunctions }) => assignedFunctions ?? []);
  const own = new Set(card.assignedFunctions.flatMap((fn) => vfioSourceOf(fn, host)?.text ?? []));
  const taken = (host.pci ?? []).flatMap((fn) => {
    if (!isDisplay(fn) || typeof fn.driver !== "string" || fn.driver === "vfio-pci") return [];
    const source = passed.includes(fn) ? undefined : vfioSourceOf(fn, host);
    return source && own.has(source.text) ? [{ fn, source }] : [];
  });
  const [first] = taken;
  if (!first || verdict.status === "fail") return verdict;
  const { from, text } = first.source;
  const names = taken.map(({ fn }) => `${fn.bdf}, which ${fn.driver} has now`).join(" and ");
  return {
    ...verdict,
    status: "warn",
    message: `${verdict.message}. At the next boot ${from} also binds ${names}: it has the same ids`,
    evidence: [...(verdict.evidence ?? []), { read: from, value: text }],
    fix: [
      ...(ownFiles.includes(from) ? [] : [manualFix(`Remove these ids from ${from}`, { root: true })]),
      { ...remedies.bindAtBoot, title: "Bind the card by its address instead, so that this host keeps the other one" },
      ...(verdict.fix ?? []).filter(({ command }) => command !== remedies.bindAtBoot.command),
    ],
  };
}

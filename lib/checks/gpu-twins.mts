/** Other cards that a host's list of ids gives to vfio-pci together with the card of a VM. */
import type { Card, Resolved } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { ownFiles } from "../host/own-files.mts";
import { isDisplay } from "../host/pci.mts";
import { commandLine, idsIn, vfioSourceOf } from "../host/vfio-ids.mts";
import { isVfioDriver } from "../resolve/cards.mts";
import type { Fix } from "../findings.mts";
import { manualFix, remedies } from "../fixes.mts";
import { removeArgument, replaceArgument } from "../host/kernel-arguments.mts";
import { withoutLines } from "../host/module-options.mts";
import { isIdOf } from "../host/pci-ids.mts";

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
  const same = `${taken.length === 1 ? "it matches" : "they match"} the same ids`;
  return {
    ...verdict,
    status: "warn",
    message: `${verdict.message}. ${
      bound ? `${from} also binds ${names}, which no machine gets` : `At the next boot ${from} also binds ${names}`
    }: ${same}`,
    evidence: [...(verdict.evidence ?? []), { read: from, value: text }],
    fix: [
      ...(ownFiles.includes(from) ? [] : [withoutIds(first.source, card, host)]),
      { ...remedies.bindAtBoot, title: "Bind the card by its address instead, so that this host has the other one" },
      ...(verdict.fix ?? []).filter(({ command }) => command !== remedies.bindAtBoot.command),
    ],
  };
}

/** A fix that takes the ids of a card from a list of the user's own: its other ids stay. */
function withoutIds({ from, text }: { from: string; text: string }, { assignedFunctions }: Card, host: Host): Fix {
  const isCards = (id: string) => assignedFunctions.some((fn) => isIdOf(id, fn));
  const ids = idsIn(text) ?? [];
  const others = ids.filter((id) => !isCards(id));
  if (from !== commandLine) {
    return manualFix(withoutLines(host, from, `the ids ${ids.filter(isCards).join(",")}`), { root: true });
  }
  return others.length > 0
    ? replaceArgument(host, text, `${text.replace(/=.*/, "")}=${others.join(",")}`)
    : removeArgument(host, text);
}

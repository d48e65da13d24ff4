/** Other devices that a host's list of ids gives to vfio-pci together with the card of a VM. */
import type { Card, Resolved } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { ownFiles } from "../host/own-files.mts";
import { isBridge, isDisplay } from "../host/pci.mts";
import { commandLine, idsIn, vfioSourceOf } from "../host/vfio-ids.mts";
import type { PciFunction } from "../host/pci-types.mts";
import { isVfioDriver, usesOf } from "../resolve/cards.mts";
import { firstFew, joinList } from "../text.mts";
import type { Fix } from "../findings.mts";
import { manualFix, remedies } from "../fixes.mts";
import { removeArgument, replaceArgument } from "../host/kernel-arguments.mts";
import { withoutLines } from "../host/module-options.mts";
import { isIdOf } from "../host/pci-ids.mts";

/** Classes of devices that a host can need: storage, network, USB (include/linux/pci_ids.h). */
const needed = /^(01|02|0c03)/;

/**
 * A verdict about a card's driver, with a warning if the list of ids that has the card takes other devices from this
 * host: vfio-pci takes every function with these ids that has no driver yet (drivers/vfio/pci/vfio_pci.c). Reported
 * are cards, what the host cannot do without, and storage, network and USB with an id of the card. A device that
 * vfio-pci has already by a list of the user's own is not reported: that can be what the user wants.
 */
export function withTwins(verdict: Verdict, card: Card, host: Host, { machines }: Resolved): Verdict {
  const source = card.assignedFunctions.flatMap((fn) => vfioSourceOf(fn, host) ?? []).find(({ text }) => idsIn(text));
  if (!source || verdict.status === "fail") return verdict;
  const { from, text } = source;
  const own = ownFiles.includes(from);
  const ids = idsIn(text)!;
  const passed = machines.flatMap(({ assignedFunctions }) => assignedFunctions ?? []);
  const cards = ids.filter((id) => card.assignedFunctions.some((fn) => isIdOf(id, fn)));
  const vitalUses = (fn: PciFunction) => usesOf(fn, host).flatMap(({ use, vital }) => vital ? [use] : []);
  const isLost = (fn: PciFunction) =>
    isDisplay(fn) || vitalUses(fn).length > 0 ||
    (needed.test(fn.class ?? "") && cards.some((id) => isIdOf(id, fn)));
  const all = (host.pci ?? []).filter((fn) =>
    !isBridge(fn) && typeof fn.driver === "string" && !passed.includes(fn) && ids.some((id) => isIdOf(id, fn)) &&
    isLost(fn) &&
    (own || !isVfioDriver(fn.driver))
  );
  const taken = [true, false].flatMap((vital) => all.filter((fn) => (vitalUses(fn).length > 0) === vital));
  if (taken.length === 0) return verdict;
  const bound = taken.every(({ driver }) => isVfioDriver(driver ?? ""));
  const named = taken.map((fn) =>
    bound ? fn.bdf : `${fn.bdf} (${[...vitalUses(fn), `${fn.driver} has it now`].join("; ")})`
  );
  const names = named.length > 6 ? firstFew(named, 5).join(", ") : joinList(named);
  // a disk's driver can be earlier than vfio-pci
  const binds = taken.every(isDisplay) ? "also binds" : "can also bind";
  const same = `${taken.length === 1 ? "it matches" : "they match"} the same list of ids`;
  const takers = ids.filter((id) => taken.some((fn) => isIdOf(id, fn)));
  const shared = takers.some((id) => cards.includes(id));
  const removed = ids.filter((id) => takers.includes(id) || (shared && cards.includes(id)));
  const { bindAtBoot } = remedies;
  return {
    ...verdict,
    status: "warn",
    message: `${verdict.message}. ${
      bound ? `${from} also binds ${names}, which no machine gets` : `At the next boot ${from} ${binds} ${names}`
    }: ${same}`,
    evidence: [...(verdict.evidence ?? []), { read: from, value: text }],
    fix: [
      ...(own ? [] : [withoutIds(source, removed, host)]),
      ...(own || shared
        ? [{
          ...bindAtBoot,
          title: `Bind the card by its address instead, so that this host has the other${
            taken.length === 1 ? " one" : "s"
          }`,
        }]
        : []),
      ...(verdict.fix ?? []).filter(({ command }) => command !== bindAtBoot.command),
    ],
  };
}

/** A fix that takes ids from a list of the user's own: its other ids stay. */
function withoutIds({ from, text }: { from: string; text: string }, removed: string[], host: Host): Fix {
  if (from !== commandLine) {
    return manualFix(withoutLines(host, from, `the ids ${removed.join(",")}`), { root: true });
  }
  const others = (idsIn(text) ?? []).filter((id) => !removed.includes(id));
  return others.length > 0
    ? replaceArgument(host, text, `${text.replace(/=.*/, "")}=${others.join(",")}`)
    : removeArgument(host, text);
}

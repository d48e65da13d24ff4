/** Runs a check for each card, or once for the host. */
import type { Card, Resolved, ResolvedMachine } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";

/**
 * One or more verdicts for each card that is passed to a VM on Linux; none for machines without
 * one.
 */
export function eachCard(
  host: Host,
  { machines }: Resolved,
  check: (card: Card, machine: ResolvedMachine) => Verdict | Verdict[],
): Verdict[] {
  if (host.os.platform !== "linux") return [];
  return machines.flatMap((machine) =>
    machine.cards.flatMap((card) =>
      [check(card, machine)].flat().map((verdict) => ({ machine: machine.name, ...verdict }))
    )
  );
}

/** One verdict for the host, if a card is passed to a VM on Linux. */
export function onceIfCards(host: Host, config: Resolved, check: (host: Host) => Verdict): Verdict[] {
  const passesCard = host.os.platform === "linux" && config.machines.some(({ cards }) => cards.length > 0);
  return passesCard ? [check(host)] : [];
}

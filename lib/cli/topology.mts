import type { Host, PciFunction } from "../host/types.mts";
import type { Card } from "../resolve/types.mts";
import { usesOf } from "../resolve/cards.mts";
import { visible } from "../text.mts";
import { className, isBridge, nameOf } from "../host/pci.mts";

/** A function in the tree, with the functions below it. */
interface Node {
  fn: PciFunction;
  below: Node[];
}

/**
 * A card and everything on its path to the CPU or in its IOMMU group, as a tree: address, kind,
 * ids, group, driver, and what happens to it. One line per function, at most `width` columns.
 */
export function topologyLines(card: Card, host: Host, width: number): string[] {
  const wanted = [
    ...card.assignedFunctions,
    ...card.alsoPassed,
    ...card.staysOnHost,
    ...card.groupPeers,
    ...card.bridges,
    ...card.virtualFunctions.slice(0, 4),
  ];
  const rows = flatten(treeOf(wanted, host.pci ?? []), "", "");
  const left = rows.map(({ stem, fn }) => `${stem}${fn.bdf} ${className(fn)} ${nameOf({ ...fn, model: "" })}`);
  const column = Math.max(...left.map((text) => text.length)) + 2;
  return rows.map(({ fn }, i) => {
    const group = fn.group === undefined ? "group ?" : fn.group === null ? "no group" : `group ${fn.group}`;
    const text = `${left[i]!.padEnd(column)}${group}, ${
      fn.driver === undefined ? "driver ?" : (fn.driver ?? "no driver")
    }${describeFate(fn, card, host)}`;
    return visible(text).length > width ? `${visible(text).slice(0, width - 1)}…` : visible(text);
  });
}

function describeFate(fn: PciFunction, card: Card, host: Host): string {
  if (card.assignedFunctions.includes(fn) || card.alsoPassed.includes(fn)) return " → VM";
  if (card.virtualFunctions.includes(fn)) {
    const more = card.virtualFunctions.length - 4;
    return ` ✗ ends${more > 0 && fn === card.virtualFunctions[3] ? `, and ${more} more` : ""}`;
  }
  if (card.groupPeers.includes(fn)) {
    const uses = usesOf(fn, host).map(({ use }) => use);
    return uses.length > 0 ? ` ← ${uses.join(", ")}` : "";
  }
  return card.staysOnHost.includes(fn) ? ", stays" : "";
}

/** The functions and every bridge above them, each below its bridge. */
function treeOf(wanted: PciFunction[], all: PciFunction[]): Node[] {
  const named = new Set(wanted.flatMap(({ bdf, upstreamBridges }) => [bdf, ...upstreamBridges]));
  const nodes = new Map(all.filter(({ bdf }) => named.has(bdf)).map((fn) => [fn.bdf, { fn, below: [] as Node[] }]));
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.fn.upstreamBridges.at(-1) ?? "");
    (parent && parent !== node && isBridge(parent.fn) ? parent.below : roots).push(node);
  }
  return roots;
}

function flatten(nodes: Node[], stem: string, below: string): { stem: string; fn: PciFunction }[] {
  return nodes.flatMap(({ fn, below: children }, i) => {
    const last = i === nodes.length - 1;
    const [own, next] = stem === "" && below === "" ? ["", ""] : last ? ["└─ ", "   "] : ["├─ ", "│  "];
    return [{ stem: below + own, fn }, ...flatten(children, "├─ ", below + next)];
  });
}

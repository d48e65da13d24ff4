import type { Host } from "../host/types.mts";
import type { PciFunction } from "../host/pci-types.mts";
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
 * ids, group, driver, and what happens to it. One line per function. If `width` columns are too
 * few, the ids are dropped first, then all uses but the first, then the kind: what happens to a
 * function is never cut.
 */
export function topologyLines(card: Card, host: Host, width: number): string[] {
  const functions = [
    ...card.assignedFunctions,
    ...card.alsoPassed,
    ...card.staysOnHost,
    ...card.groupPeers,
    ...card.bridges,
    ...card.virtualFunctions.slice(0, 4),
  ];
  const rows = flatten(treeOf(functions, host.pci ?? []), "", "");
  const kind = (fn: PciFunction) => `${fn.bdf} ${className(fn)}`;
  const forms: [(fn: PciFunction) => string, uses: number][] = [
    [(fn) => `${kind(fn)} ${nameOf({ ...fn, model: "" })}`, Infinity],
    [kind, Infinity],
    [kind, 1],
    [({ bdf }) => bdf.replace(/^0000:/, ""), 1],
  ];
  const variants = forms.map(([form, uses]) => aligned(rows, form, (fn) => describeFate(fn, card, host, uses)));
  return variants.find((lines) => lines.every((line) => line.length <= width)) ?? variants.at(-1)!;
}

function aligned(
  rows: { stem: string; fn: PciFunction }[],
  form: (fn: PciFunction) => string,
  fate: (fn: PciFunction) => string,
): string[] {
  const left = rows.map(({ stem, fn }) => stem + form(fn));
  const column = Math.max(...left.map((text) => text.length)) + 2;
  return rows.map(({ fn }, i) => {
    const group = fn.group === undefined ? "group ?" : fn.group === null ? "no group" : `group ${fn.group}`;
    const driver = fn.driver === undefined ? "driver ?" : (fn.driver ?? "no driver");
    return visible(`${left[i]!.padEnd(column)}${group}, ${driver}${fate(fn)}`);
  });
}

function describeFate(fn: PciFunction, card: Card, host: Host, most: number): string {
  if (card.assignedFunctions.includes(fn) || card.alsoPassed.includes(fn)) return " → VM";
  if (card.virtualFunctions.includes(fn)) {
    const more = card.virtualFunctions.length - 4;
    return ` ✗ ends${more > 0 && fn === card.virtualFunctions[3] ? `, and ${more} more` : ""}`;
  }
  if (card.groupPeers.includes(fn)) {
    const uses = usesOf(fn, host).map(({ use }) => use).slice(0, most);
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

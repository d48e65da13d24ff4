/** What the host itself needs, which no VM may take. */
import type { Host } from "./types.mts";
import { compact, type Facts } from "./lines.mts";
import { bdfs, isBridge } from "./pci.mts";
import type { PciFunction } from "./pci-types.mts";

/**
 * The host's own uses of devices, from the lines of the section `needs` of a probe. A mount point
 * whose functions are only bridges, or none of the host's, has lost the line of its disk: its disk
 * is untraced.
 */
export function needsOf(needs: Facts, pci: PciFunction[] | undefined): Host["needs"] {
  const mounts = needs.pairs.filter(([key]) => key.startsWith("mount-")).map(([key, bdf]) => ({
    point: key.slice(6),
    bdf,
  }));
  const points = [...new Set(mounts.filter(({ bdf }) => isFunction(bdf)).map(({ point }) => point))];
  const isDisk = (bdf: string) => pci!.some((fn) => fn.bdf === bdf && !isBridge(fn));
  const lost = pci === undefined
    ? []
    : points.filter((point) => !mounts.some((mount) => mount.point === point && isDisk(mount.bdf)));
  const keyboards = needs.all("keyboard");
  const [routes, swap] = [needs.all("route"), needs.all("swap")];
  // the probe counts its lines; texts of older probes have no counts. It prints no count of swap
  // devices if it cannot read them.
  const isCounted = ["mounts", "routes", "keyboards"].some((count) => needs.all(count).length > 0);
  const whole = (count: string, lines: number) => {
    const number = needs.one(count);
    return number === undefined ? !isCounted || count === "swaps" : number === String(lines);
  };
  return compact({
    mounts: mounts.filter(({ bdf }) => isFunction(bdf)),
    swap: swap.filter(isFunction),
    route: needs.one("route-read") ? routes.filter(isFunction) : undefined,
    untraced: [
      ...mounts.filter(({ bdf }) => bdf === "untraced").map(({ point }) => point),
      ...lost,
      ...["swap", "route"].filter((key) => needs.all(key).includes("untraced")),
    ],
    unread: [
      ...(needs.all("mount-/").some(isTraceResult) ? [] : ["/"]),
      ...(lost.length > 0 || whole("mounts", mounts.length) ? [] : ["a mount point"]),
      ...(routes.length > 0 && routes.every(isTraceResult) && whole("routes", routes.length) ? [] : ["route"]),
      ...(swap.every(isTraceResult) && whole("swaps", swap.length) ? [] : ["swap"]),
    ],
    interfaces: needs.all("interface").map((text) => ({ bdf: text.split(" ")[0]!, name: text.split(" ")[1] ?? "" })),
    keyboards: needs.one("input-read") && keyboards.every(isPlace) && whole("keyboards", keyboards.length)
      ? keyboards
      : undefined,
  });
}

const isFunction = (text: string) => text.match(bdfs) !== null;
/**
 * Whether the probe followed a device to the end: it prints `untraced` if it could not, and `none`
 * if no function exists.
 */
const isTraceResult = (text: string) => isFunction(text) || text === "untraced" || text === "none";
/** Whether this is a keyboard's place: a function, or `other` for one that is not on USB. */
const isPlace = (text: string) => isFunction(text) || text === "other";

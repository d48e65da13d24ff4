import type { DriverRequest } from "../config/types.mts";
import type { Driver, NvidiaCard, ResolvedMachine } from "../resolve/types.mts";
import type { Evidence, Fix } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { manualFix } from "../fixes.mts";
import { architecturesOf, driverFor, supportedFrom } from "../resolve/nvidia.mts";
import { type Architecture, architectures, pciIds } from "../resolve/architectures.mts";
import { branchesRead, endOf, newestBranch, supportOf } from "../resolve/branches.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import { isNvidiaRequest, vendorIds } from "../host/vendors.mts";
import { graphicsDriver } from "./guest-graphics.mts";

/** The guest's driver: whether it supports the card, and builds. */
export const guestDriverChecks: Check[] = [
  {
    id: "guest.driver",
    about: "whether the driver that the guest gets works with its card: kernel modules, branch, whether it builds, " +
      "and the guest's kernel for cards of AMD and Intel",
    why: "a driver that does not fit is still installed, and then finds no card",
    check: (host, { machines }) => {
      const wanting = machines.filter(({ gpus }) => gpus.length > 0);
      return [
        ...wanting.flatMap((machine) =>
          verdictsOf(machine, host).map((verdict) => ({ machine: machine.name, ...verdict }))
        ),
        ...conflicts(wanting),
      ];
    },
  },
];

/** The verdict about NVIDIA's driver, where it gets such a card or no other, and the one about the kernel's drivers. */
function verdictsOf(machine: ResolvedMachine, host: Host): Verdict[] {
  const graphics = graphicsDriver(machine);
  const other = graphics ? [graphics] : [];
  return other.length > 0 && !machine.gpus.some(isNvidiaRequest) ? other : [driver(machine, host), ...other];
}

function driver(machine: ResolvedMachine, host: Host): Verdict {
  const cards = machine.nvidiaCards;
  if (cards.length === 0) return { ...whyUnchecked(machine, host), evidence: [] };
  const evidence = cards.map(({ device, chip }) => ({
    read: `${vendorIds.nvidia}:${device}`,
    value: chip ? `${chip.chip}, ${chip.architecture}` : `not in pci.ids of ${pciIds}`,
  }));
  const architectures = architecturesOf(cards);
  const chosen = machine.guestDriver;
  if (!chosen) return unmanagedBox(machine, architectures, evidence);
  if (chosen.problems.length > 0) {
    return fail(chosen.problems.join("; "), evidence, [instead(machine, architectures)]);
  }
  const strange = cards.filter(({ chip }) => !chip);
  if (strange.length > 0) return unknownChip(strange, chosen, evidence);
  if (chosen.source === "nvidia" && chosen.branch !== undefined && chosen.branch > newestBranch) {
    return unknown(
      `branch ${chosen.branch} is newer than this program knows (${newestBranch}, of ${branchesRead}): cannot tell ` +
        `whether it supports ${architectures.join(" and ")}, and has ${chosen.modules} kernel modules`,
      evidence,
    );
  }
  if (chosen.branch === undefined) {
    return unknown(
      "cannot tell which branch the image's packages have: the system of the image is not known",
      evidence,
      [manualFix("Use image: debian-12 or another known image, or driver: {source: nvidia}")],
    );
  }
  return chosen.cautions.length > 0
    ? warn(chosen.cautions.join("; "), evidence, supportedFix(machine, architectures, chosen))
    : pass(`${driverName(chosen)} for ${architectures.join(" and ")}`, evidence);
}

/**
 * A fix that names a supported branch instead of an ended one: the newest with the cards and the
 * requested modules.
 */
function supportedFix(
  { image, driver: { modules: requestedModules } }: ResolvedMachine,
  architectures: Architecture[],
  { branch, modules }: Driver,
): Fix[] {
  if (branch === undefined || !endOf(branch)) return [];
  const newest = supportedFrom(0, architectures, image, requestedModules);
  if (newest === undefined) return [];
  const free = driverFor(architectures, {
    source: "nvidia",
    branch: newest,
    ...(requestedModules ? { modules: requestedModules } : {}),
  }, image);
  const modulesSetting = free.modules === modules && requestedModules === undefined ? "" : `, modules: ${free.modules}`;
  return [manualFix(`Write driver: {source: nvidia, branch: ${newest}${modulesSetting}}${supportOf(newest)}`)];
}

/**
 * The verdict for a machine without an NVIDIA driver to check: `skip` for other cards, `unknown` if
 * the bus was not read.
 */
export function whyUnchecked({ gpus }: ResolvedMachine, host: Host): { status: "skip" | "unknown"; message: string } {
  const own = gpus.filter(isNvidiaRequest);
  if (own.length === 0) return { status: "skip", message: "it gets no NVIDIA card" };
  if (own.every(({ mode }) => mode === "partition")) {
    return { status: "skip", message: "it gets a GPU partition, which uses the host's driver" };
  }
  return host.pci
    ? { status: "skip", message: "no NVIDIA card was found" }
    : { status: "unknown", message: "could not read which card it gets" };
}

/** The verdict for a box that is not built here: its contents are not known. */
function unmanagedBox({ box, driver }: ResolvedMachine, architectures: Architecture[], evidence: Evidence[]): Verdict {
  if (Object.keys(driver).length > 0) {
    return warn(`driver: is ignored: box ${box} is used unmodified (set image: to build it)`, evidence, [
      manualFix("Set image: to what the box is built from, or remove driver:"),
    ]);
  }
  const needs = architectures.map((card) => `${card} needs ${range(card)}`).join("; ");
  return unknown(
    `the box ${box} is used unmodified, and its driver is not known${needs ? `: ${needs}` : ""}`,
    evidence,
  );
}

/** The requirements of an architecture, as text. */
function range(card: Architecture): string {
  const { modules, first, last } = architectures[card];
  if (modules.length === 0) return `branch ${last} or older, out of support`;
  const branches = last === undefined ? `branch ${first} or later` : `branch ${first} to ${last}`;
  return `${branches}, ${modules.length === 1 ? `${modules[0]} kernel modules` : "open or proprietary kernel modules"}`;
}

function unknownChip(cards: NvidiaCard[], chosen: Driver, evidence: Evidence[]): Verdict {
  const ids = cards.map(({ device }) => `${vendorIds.nvidia}:${device}`).join(", ");
  return unknown(
    `${ids} is newer than this program knows (pci.ids of ${pciIds}): cannot tell whether ${
      driverName(chosen)
    } supports it`,
    evidence,
    [manualFix("Write driver: with the branch that NVIDIA lists for the card")],
  );
}

/** A fix for a configured driver that cannot work: one from the same source where possible. */
function instead({ driver, image, gpus }: ResolvedMachine, architectures: Architecture[]): Fix {
  const sameModules = driver.modules && supportedFrom(0, architectures, image, driver.modules);
  const branch = sameModules ?? supportedFrom(0, architectures, image);
  const newest: DriverRequest[] = branch === undefined
    ? []
    : [{ source: "nvidia", branch, ...(sameModules === undefined ? {} : { modules: driver.modules! }) }];
  // if no branch was named, the machine's default branch stays
  const own: DriverRequest[] = driver.source === "distro"
    ? [{ source: "distro" }, ...newest]
    : driver.branch === undefined
    ? [{}, ...newest]
    : [...newest, {}];
  const requests: DriverRequest[] = [...own, { source: "distro" }];
  const free = requests.map((request) => driverFor(architectures, request, image)).find(({ problems }) =>
    problems.length === 0
  );
  if (free) {
    const until = free.source === "nvidia" && free.branch !== undefined ? supportOf(free.branch) : "";
    return manualFix(
      `Write driver: {source: ${free.source}, branch: ${free.branch}, modules: ${free.modules}}${until}`,
    );
  }
  return manualFix(
    gpus.length > 1 ? "Give each of these cards its own machine" : "Give the machine a newer card, or none",
  );
}

/** Machines that share a box but need different drivers in it. */
function conflicts(machines: ResolvedMachine[]): Verdict[] {
  return machines.flatMap((machine, i) => {
    const own = machine.guestDriver;
    const other = machines.slice(0, i).find(({ box, provider }) =>
      box === machine.box && provider === machine.provider
    );
    const others = other?.guestDriver;
    if (!own || !other || !others || driverName(own) === driverName(others)) return [];
    return [{
      machine: machine.name,
      ...fail(
        `it shares the box ${machine.box} with ${other.name}, and their cards need different drivers: ${
          driverName(own)
        }; ${driverName(others)}`,
        [],
        [manualFix(`Write another name for the box: of ${machine.name}, or the same driver: for both`)],
      ),
    }];
  });
}

/** A driver as text. */
export function driverName({ source, branch, version, modules }: Driver): string {
  const from = source === "nvidia" ? "from NVIDIA's repository" : "from the distribution";
  return `${version ?? branch ?? "unknown branch"} ${from}, ${modules} kernel modules`;
}

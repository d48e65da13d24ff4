import type { DriverRequest, Service } from "../config/types.mts";
import type { Driver, NvidiaCard, ResolvedGpuRequest, ResolvedMachine } from "../resolve/types.mts";
import type { Evidence, Fix } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import { projectServices } from "./compose.mts";
import type { Host } from "../host/types.mts";
import { manualFix } from "../fixes.mts";
import { nvidiaVersion } from "../host/windows.mts";
import { partitionRequest } from "../resolve/partition.mts";
import { architecturesOf, driverFor, supportedFrom } from "../resolve/nvidia.mts";
import { type Architecture, architectures, pciIds } from "../resolve/architectures.mts";
import { branchesRead, endOf, newestBranch, supportOf } from "../resolve/branches.mts";
import { cudaOf, families, fitOf } from "../resolve/cuda.mts";
import { asksForNvidia } from "../compose/gpu-requests.mts";
import { type ImageNeed, imageNeed } from "../compose/known-images.mts";
import { isOlder } from "../text.mts";
import { fail, pass, unknown, warn } from "./results.mts";

/**
 * The guest's driver: whether it supports the card, and whether the services' images support it.
 */
export const guestDriverChecks: Check[] = [
  {
    id: "guest.driver",
    about: "whether the driver that the guest gets works with its card: kernel modules, branch, and whether it builds",
    why: "a driver that does not fit is installed all the same, and then finds no card",
    check: (host, { machines }) => {
      const wanting = machines.filter(({ gpus }) => gpus.length > 0);
      return [
        ...wanting.map((machine) => ({ machine: machine.name, ...driver(machine, host) })),
        ...conflicts(wanting),
      ];
    },
  },
  {
    id: "guest.cuda",
    about: "whether that driver is new enough for the CUDA in each service's image, and the CUDA for the card",
    why: "an image brings CUDA and takes the driver of the guest it runs in; the host's driver does not count",
    check: (host, config) => {
      const services = [...config.services, ...projectServices(config.projects)].filter(asksForNvidia);
      return config.machines.filter(({ gpus }) => gpus.length > 0).flatMap((machine) => {
        const found = services.filter((service) => service.machine === machine.name).map((service) =>
          cuda(service, machine, host)
        );
        return quietUnknowns(found).map((verdict) => ({ machine: machine.name, ...verdict }));
      });
    },
  },
];

// ------------------------------------------------------------------------------------------------------------- driver

function driver(machine: ResolvedMachine, host: Host): Verdict {
  const cards = machine.nvidiaCards;
  if (cards.length === 0) return { ...without(machine, host), evidence: [] };
  const evidence = cards.map(({ device, chip }) => ({
    read: `10de:${device}`,
    value: chip ? `${chip.chip}, ${chip.architecture}` : `not in pci.ids of ${pciIds}`,
  }));
  const known = architecturesOf(cards);
  const chosen = machine.guestDriver;
  if (!chosen) return unmanagedBox(machine, known, evidence);
  if (chosen.problems.length > 0) {
    return fail(chosen.problems.join("; "), evidence, [instead(machine, known)]);
  }
  const strange = cards.filter(({ chip }) => !chip);
  if (strange.length > 0) return unknownChip(strange, chosen, evidence);
  if (chosen.source === "nvidia" && chosen.branch !== undefined && chosen.branch > newestBranch) {
    return {
      status: "unknown",
      message:
        `branch ${chosen.branch} is newer than what is known here (${newestBranch}, of ${branchesRead}): whether it has ${
          known.join(" and ")
        }, and ${chosen.modules} kernel modules, is not known`,
      evidence,
    };
  }
  if (chosen.branch === undefined) {
    return unknown(
      "which branch the image's own packages have is not known: it is no image of a known system",
      evidence,
      [manualFix("Take image: debian-12 or another of these, or driver: {source: nvidia}")],
    );
  }
  return chosen.cautions.length > 0
    ? warn(chosen.cautions.join("; "), evidence, supportedFix(machine, known, chosen))
    : pass(`${driverName(chosen)} for ${known.join(" and ")}`, evidence);
}

/**
 * A fix that names a supported branch instead of an ended one: the newest with the cards and the
 * requested modules.
 */
function supportedFix(
  { image, driver: { modules: wished } }: ResolvedMachine,
  known: Architecture[],
  { branch, modules }: Driver,
): Fix[] {
  if (branch === undefined || !endOf(branch)) return [];
  const newest = supportedFrom(0, known, image, wished);
  if (newest === undefined) return [];
  const free = driverFor(known, { source: "nvidia", branch: newest, ...(wished ? { modules: wished } : {}) }, image);
  const kept = free.modules === modules && wished === undefined ? "" : `, modules: ${free.modules}`;
  return [manualFix(`Write driver: {source: nvidia, branch: ${newest}${kept}}${supportOf(newest)}`)];
}

/** Why no NVIDIA driver is checked. */
function without({ gpus }: ResolvedMachine, host: Host): { status: "skip" | "unknown"; message: string } {
  const own = gpus.filter(({ vendorId }) => vendorId === "10de");
  if (own.length === 0) return { status: "skip", message: "it gets no NVIDIA card" };
  if (own.every(({ mode }) => mode === "partition")) {
    return { status: "skip", message: "it gets a part of a card: the host's driver serves it" };
  }
  return host.pci
    ? { status: "skip", message: "no NVIDIA card was found to decide by" }
    : { status: "unknown", message: "which card it gets was not read" };
}

/** A box that is not built here: its contents are not known. */
function unmanagedBox({ box, driver }: ResolvedMachine, known: Architecture[], evidence: Evidence[]): Verdict {
  if (Object.keys(driver).length > 0) {
    return warn(`driver: is ignored: box ${box} is used unmodified (set image: to build it)`, evidence, [
      manualFix("Set image: to what the box is built from, or remove driver:"),
    ]);
  }
  const needs = known.map((card) => `${card} needs ${range(card)}`).join("; ");
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
  const ids = cards.map(({ device }) => `10de:${device}`).join(", ");
  return unknown(
    `${ids} is newer than what is known here (pci.ids of ${pciIds}), and whether ${driverName(chosen)} has it as well`,
    evidence,
    [manualFix("Write driver: with the branch that NVIDIA names for the card")],
  );
}

/** A fix for a configured driver that cannot work: one from the same source where possible. */
function instead({ driver, image, gpus }: ResolvedMachine, known: Architecture[]): Fix {
  const kept = driver.modules && supportedFrom(0, known, image, driver.modules);
  const branch = kept ?? supportedFrom(0, known, image);
  const newest: DriverRequest[] = branch === undefined
    ? []
    : [{ source: "nvidia", branch, ...(kept === undefined ? {} : { modules: driver.modules! }) }];
  // if no branch was named, the machine's default branch stays
  const own: DriverRequest[] = driver.source === "distro"
    ? [{ source: "distro" }, ...newest]
    : driver.branch === undefined
    ? [{}, ...newest]
    : [...newest, {}];
  const wishes: DriverRequest[] = [...own, { source: "distro" }];
  const free = wishes.map((wish) => driverFor(known, wish, image)).find(({ problems }) => problems.length === 0);
  if (free) {
    const until = free.source === "nvidia" && free.branch !== undefined ? supportOf(free.branch) : "";
    return manualFix(
      `Write driver: {source: ${free.source}, branch: ${free.branch}, modules: ${free.modules}}${until}`,
    );
  }
  return manualFix(
    gpus.length > 1 ? "Give each of these cards to a machine of its own" : "Give the machine a newer card, or none",
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
        [manualFix(`Write another name behind box: of ${machine.name}, or one driver: for both`)],
      ),
    }];
  });
}

/** A driver as text. */
function driverName({ source, branch, version, modules }: Driver): string {
  const from = source === "nvidia" ? "from NVIDIA's repository" : "of the distribution's own";
  return `${version ?? branch ?? "some branch"} ${from}, ${modules} kernel modules`;
}

// --------------------------------------------------------------------------------------------------------------- CUDA

function cuda(service: Service, machine: ResolvedMachine, host: Host): Verdict {
  const { name, body: { image } } = service;
  const part = partitionRequest(machine);
  if (part?.vendorId === "10de") return cudaOfPart(service, part);
  const cards = machine.nvidiaCards;
  if (cards.length === 0) {
    const { status, message } = without(machine, host);
    return { status, message: `${name}: ${message}`, evidence: [] };
  }
  const need = needOf(image);
  const version = need.cuda;
  const chosen = machine.guestDriver;
  const evidence = [
    { read: `image of ${name}`, value: typeof image === "string" ? image : "none: it is built" },
    { read: "driver in the guest", value: chosen ? driverName(chosen) : "not known" },
  ];
  if (version === undefined) {
    const floor = floorOf(need, architecturesOf(cards), name);
    if (floor === undefined || (floor.branch > 0 && chosen?.branch === undefined)) {
      return unknown(`${name}: ${undecided}`, evidence);
    }
    const fix = [
      manualFix("Take an image with an older CUDA"),
      ...newerDriver(floor.branch, architecturesOf(cards), machine),
    ];
    return judgedByFloor(
      name,
      floor,
      `the guest gets ${chosen?.branch ?? 0}`,
      chosen?.branch ?? 0,
      need,
      evidence,
      fix,
    );
  }
  if (chosen?.branch === undefined) {
    return unknown(`${name}: CUDA ${version}, and what driver the guest gets is not known`, evidence);
  }
  const known = architecturesOf(cards);
  const fit = fitOf(version, { branch: chosen.branch, ...(chosen.version ? { version: chosen.version } : {}) });
  const has = chosen.version ?? chosen.branch;
  const says = `${name}: CUDA ${version}`;
  switch (fit.kind) {
    case "too-old":
      return fail(
        `${says} needs driver ${fit.needs} at least, and the guest gets ${has}`,
        evidence,
        newer(version, fit.needs, known, machine),
      );
    case "minor":
      return cudaCodeMissing(says, version, known, evidence) ??
        warn(
          fit.needs
            ? `${says} came with driver ${fit.needs}, and the guest gets ${has}: it may run by minor-version compatibility`
            : `${says} is newer than what is known here: on driver ${has} it may run by minor-version compatibility`,
          evidence,
          fit.needs ? newer(version, fit.needs, known, machine) : [],
        );
    case "unknown":
      return unknown(`${says} is newer than what is known here; the guest gets ${has}`, evidence);
    case "full":
      return cudaCodeMissing(says, version, known, evidence) ??
        pass(`${says} runs on driver ${has}`, evidence);
  }
}

const undecided = "the name of its image does not say which CUDA it has";

/** What an image needs: by the CUDA version in its name, else by the table of known images. */
function needOf(image: unknown): ImageNeed {
  if (typeof image !== "string") return {};
  const cuda = cudaOf(image);
  return cuda === undefined ? (imageNeed(image) ?? {}) : { cuda };
}

/** The lowest driver branch for an image, and why; undefined where nothing is known. */
function floorOf(
  { major, driver }: ImageNeed,
  known: Architecture[],
  name: string,
): { branch: number; says: string } | undefined {
  if (driver !== undefined) {
    // Ollama names a higher branch for these (docs/gpu.mdx)
    const old = driver === 550 && known.some((card) => card === "Maxwell" || card === "Pascal");
    return { branch: old ? 570 : driver, says: `${name}: its image` };
  }
  const family = major === undefined ? undefined : families[major];
  return family && { branch: Number(family.linux.split(".")[0]), says: `${name}: CUDA ${major}` };
}

function judgedByFloor(
  name: string,
  { branch, says }: { branch: number; says: string },
  driver: string,
  has: number,
  { moving = false }: ImageNeed,
  evidence: Evidence[],
  fix: Fix[],
): Verdict {
  if (branch === 0) return pass(`${name}: its image takes any driver`, evidence);
  if (has >= branch) {
    return pass(`${says} starts on driver ${branch} or later: ${has}`, evidence);
  }
  return {
    status: moving ? "warn" : "fail",
    message: `${says} needs driver ${branch} at least, and ${driver}`,
    evidence,
    fix,
  };
}

/** Combines all services whose images have no known need into one finding. */
function quietUnknowns(verdicts: Verdict[]): Verdict[] {
  const isOpen = ({ status, message }: Verdict) => status === "unknown" && message.endsWith(undecided);
  const open = verdicts.filter(isOpen);
  if (open.length < 2) return verdicts;
  const names = open.map(({ message }) => message.slice(0, -undecided.length - 2));
  return [
    ...verdicts.filter((one) => !isOpen(one)),
    unknown(
      `${names.join(", ")}: the names of their images do not say which CUDA they have`,
      open.flatMap(({ evidence }) => evidence.slice(0, 1)),
    ),
  ];
}

/**
 * For a partition of a card, the host's driver counts. Only branches are compared, since Windows
 * and Linux number the versions within a branch differently.
 */
function cudaOfPart({ name, body: { image } }: Service, part: ResolvedGpuRequest): Verdict {
  const driver = part.hostDriver;
  const own = driver && nvidiaVersion(driver.version);
  const need = needOf(image);
  const version = need.cuda;
  const evidence = [
    { read: `image of ${name}`, value: typeof image === "string" ? image : "none: it is built" },
    { read: "driver of the host", value: own ?? "not read" },
  ];
  const floor = own && version === undefined ? floorOf(need, [], name) : undefined;
  if (own && floor) {
    const fix = [manualFix("Update the card's driver in Windows"), manualFix("Or take an image with an older CUDA")];
    return judgedByFloor(name, floor, `the host has ${own}`, Number(own.split(".")[0]), need, evidence, fix);
  }
  if (!own || version === undefined) {
    const says = own ? "the name of its image does not say which CUDA it has" : "the host's driver could not be read";
    return unknown(`${name}: ${says}`, evidence);
  }
  const fit = fitOf(version, { branch: Number(own.split(".")[0]) });
  const says = `${name}: CUDA ${version}`;
  const fix = [
    manualFix("Update the card's driver in Windows"),
    manualFix(`Or take an image with an older CUDA than ${version}`),
  ];
  switch (fit.kind) {
    case "too-old":
      return fail(`${says} needs driver ${fit.needs} at least, and the host has ${own}`, evidence, fix);
    case "minor":
      return warn(
        fit.needs
          ? `${says} came with driver ${fit.needs}, and the host has ${own}: it may run by minor-version compatibility`
          : `${says} is newer than what is known here: on driver ${own} it may run by minor-version compatibility`,
        evidence,
        fix,
      );
    case "unknown":
      return unknown(`${says} is newer than what is known here; the host has ${own}`, evidence);
    case "full":
      return pass(`${says} runs on the host's driver ${own}`, evidence);
  }
}

/** A CUDA version without code for the card: it no longer has it, or does not have it yet. */
function cudaCodeMissing(
  says: string,
  version: string,
  cards: Architecture[],
  evidence: Evidence[],
): Verdict | undefined {
  const major = Number(version.split(".")[0]);
  const dropped = cards.find((card) => major > (architectures[card].cuda.last ?? Infinity));
  if (dropped) {
    const { last } = architectures[dropped].cuda;
    return warn(
      `${says} has no code for ${dropped} any more, CUDA ${last} was the last: what is built with it does not run on the card`,
      evidence,
      [manualFix(`Take an image with CUDA ${last}`)],
    );
  }
  const young = cards.find((card) => isOlder(version, architectures[card].cuda.first));
  if (!young) return undefined;
  const { first } = architectures[young].cuda;
  return warn(
    `${says} has no code for ${young}, which CUDA ${first} is the first to have: only what is compiled when it starts runs on the card`,
    evidence,
    [manualFix(`Take an image with CUDA ${first} or later`)],
  );
}

/**
 * Fixes: an older image, or the newest supported driver that is new enough, if it suits the cards
 * and the system.
 */
function newer(version: string, needs: string, cards: Architecture[], machine: ResolvedMachine): Fix[] {
  return [
    manualFix(`Take an image with an older CUDA than ${version}`),
    ...newerDriver(Number(needs.split(".")[0]), cards, machine),
  ];
}

/**
 * The newest supported driver, at least of this branch, as a fix; empty if none suits the cards and
 * the system.
 */
function newerDriver(least: number, cards: Architecture[], { image, driver }: ResolvedMachine): Fix[] {
  const kept = supportedFrom(least, cards, image, driver.modules);
  const branch = kept ?? supportedFrom(least, cards, image);
  if (branch === undefined) return [];
  const modules = kept === undefined || driver.modules !== undefined
    ? `, modules: ${
      kept === undefined ? driverFor(cards, { source: "nvidia", branch }, image).modules : driver.modules
    }`
    : "";
  return [
    manualFix(
      `Or give the guest a newer driver: driver: {source: nvidia, branch: ${branch}${modules}}${supportOf(branch)}`,
    ),
  ];
}

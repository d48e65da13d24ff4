import type { ResolvedGpuRequest, ResolvedMachine } from "../resolve/types.mts";
import type { Evidence, Fix } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import { type PlacedService, projectServices } from "./placed-services.mts";
import type { Host } from "../host/types.mts";
import { manualFix } from "../fixes.mts";
import { nvidiaVersion } from "../host/windows.mts";
import { partitionRequest } from "../resolve/partition.mts";
import { architecturesOf, driverFor, supportedFrom } from "../resolve/nvidia.mts";
import { type Architecture, architectureOf, architectures } from "../resolve/architectures.mts";
import { supportOf } from "../resolve/branches.mts";
import { cudaOf, families, fitOf } from "../resolve/cuda.mts";
import { asksForNvidia } from "../compose/gpu-requests.mts";
import { type ImageNeed, imageNeed } from "../compose/known-images.mts";
import { isOlder } from "../text.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import { compiledFor } from "./guest-cuda-targets.mts";
import { combined, undecided } from "./guest-cuda-undecided.mts";
import { driverName, whyUnchecked } from "./guest-driver.mts";
import { isNvidiaRequest } from "../host/vendors.mts";

/** The services' images: whether the CUDA in them fits the guest's driver and its card. */
export const guestCudaChecks: Check[] = [
  {
    id: "guest.cuda",
    about: "whether that driver is new enough for the CUDA in each service's image, and that CUDA supports the card",
    why: "an image contains CUDA and uses the driver of its guest, not the host's driver",
    check: (host, config) => {
      const services: PlacedService[] = [...config.services, ...projectServices(config.projects)].filter(asksForNvidia);
      return config.machines.filter(({ gpus }) => gpus.length > 0).flatMap((machine) => {
        const found = services.filter((service) => service.machine === machine.name).flatMap((service) => [
          cuda(service, machine, host),
          ...compiledFor(service, machine),
        ]);
        return combined(found).map((verdict) => ({ machine: machine.name, ...verdict }));
      });
    },
  },
];

function cuda(service: PlacedService, machine: ResolvedMachine, host: Host): Verdict {
  const { name } = service;
  const partition = partitionRequest(machine);
  if (partition && isNvidiaRequest(partition)) return cudaOfPartition(service, partition);
  const cards = machine.nvidiaCards;
  if (cards.length === 0) {
    const { status, message } = whyUnchecked(machine, host);
    return { status, message: `${name}: ${message}`, evidence: [] };
  }
  const need = needOf(service);
  const version = need.cuda;
  const chosen = machine.guestDriver;
  const evidence = [
    imageEvidence(service),
    { read: "driver in the guest", value: chosen ? driverName(chosen) : "not known" },
  ];
  if (version === undefined) {
    const floor = floorOf(need, architecturesOf(cards), name);
    if (floor === undefined) {
      const known = cards.every(({ chip }) => chip) ? architecturesOf(cards) : undefined;
      return undecided(name, known, chosen?.branch, evidence);
    }
    if (floor.branch > 0 && chosen?.branch === undefined) {
      return unknown(
        `${floor.subject} needs driver ${floor.branch} or later; cannot tell which driver the guest gets`,
        evidence,
      );
    }
    const fix = [
      manualFix("Use an image with an older CUDA"),
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
    return unknown(`${name}: CUDA ${version}; cannot tell which driver the guest gets`, evidence);
  }
  const architectures = architecturesOf(cards);
  const fit = fitOf(version, { branch: chosen.branch, ...(chosen.version ? { version: chosen.version } : {}) });
  const has = chosen.version ?? chosen.branch;
  const subject = `${name}: CUDA ${version}`;
  switch (fit.kind) {
    case "too-old":
      return fail(
        `${subject} needs driver ${fit.needs} or later, but the guest gets ${has}`,
        evidence,
        newer(version, fit.needs, architectures, machine),
      );
    case "minor":
      return cudaCodeMissing(subject, version, architectures, evidence) ??
        warn(
          fit.needs
            ? `${subject} was released with driver ${fit.needs}, but the guest gets ${has}: it may run by ` +
              "minor-version compatibility"
            : `${subject} is newer than this program knows: on driver ${has} it may run by minor-version compatibility`,
          evidence,
          fit.needs ? newer(version, fit.needs, architectures, machine) : [],
        );
    case "unknown":
      return unknown(`${subject} is newer than this program knows; the guest gets ${has}`, evidence);
    case "full":
      return cudaCodeMissing(subject, version, architectures, evidence) ??
        pass(`${subject} runs on driver ${has}`, evidence);
  }
}

/** The image whose CUDA counts: of a service that is built here, the one that its Dockerfile starts from. */
function imageOf({ body: { image, build }, base }: PlacedService): string | undefined {
  return base?.image ?? (build === undefined && typeof image === "string" ? image : undefined);
}

function imageEvidence(service: PlacedService): Evidence {
  const { name, base } = service;
  return base
    ? { read: base.place, value: `FROM ${base.image}` }
    : { read: `image of ${name}`, value: imageOf(service) ?? "none: it is built" };
}

/** What an image needs: by the CUDA version in its name, else by the table of known images. */
function needOf(service: PlacedService): ImageNeed {
  const image = imageOf(service);
  if (image === undefined) return {};
  const cuda = cudaOf(image);
  return cuda === undefined ? (imageNeed(image) ?? {}) : { cuda };
}

/** The lowest driver branch for an image, and why; undefined where nothing is known. */
function floorOf(
  { major, driver }: ImageNeed,
  architectures: Architecture[],
  name: string,
): { branch: number; subject: string } | undefined {
  if (driver !== undefined) {
    // Ollama names a higher branch for these (docs/gpu.mdx)
    const old = driver === 550 && architectures.some((card) => card === "Maxwell" || card === "Pascal");
    return { branch: old ? 570 : driver, subject: `${name}: its image` };
  }
  const family = major === undefined ? undefined : families[major];
  return family && { branch: Number(family.linux.split(".")[0]), subject: `${name}: CUDA ${major}` };
}

function judgedByFloor(
  name: string,
  { branch, subject }: { branch: number; subject: string },
  driver: string,
  has: number,
  { moving = false }: ImageNeed,
  evidence: Evidence[],
  fix: Fix[],
): Verdict {
  if (branch === 0) return pass(`${name}: its image takes any driver`, evidence);
  if (has >= branch) {
    return pass(`${subject} starts on driver ${branch} or later: ${has}`, evidence);
  }
  return {
    status: moving ? "warn" : "fail",
    message: `${subject} needs driver ${branch} or later, but ${driver}`,
    evidence,
    fix,
  };
}

/**
 * For a partition of a card, the host's driver counts. Only branches are compared, since Windows
 * and Linux number the versions within a branch differently.
 */
function cudaOfPartition(service: PlacedService, request: ResolvedGpuRequest): Verdict {
  const { name } = service;
  const driver = request.hostDriver;
  const own = driver && nvidiaVersion(driver.version);
  const need = needOf(service);
  const version = need.cuda;
  const evidence = [
    imageEvidence(service),
    { read: "driver of the host", value: own ?? "not read" },
  ];
  const floor = own && version === undefined ? floorOf(need, [], name) : undefined;
  if (own && floor) {
    const fix = [manualFix("Update the card's driver in Windows"), manualFix("Or use an image with an older CUDA")];
    return judgedByFloor(name, floor, `the host has ${own}`, Number(own.split(".")[0]), need, evidence, fix);
  }
  if (!own) return unknown(`${name}: could not read the host's driver`, evidence);
  if (version === undefined) {
    const device = /DEV_([0-9a-f]{4})/i.exec(driver.id)?.[1];
    const card = device === undefined ? undefined : architectureOf(device.toLowerCase());
    return undecided(name, card && [card], Number(own.split(".")[0]), evidence);
  }
  const fit = fitOf(version, { branch: Number(own.split(".")[0]) });
  const subject = `${name}: CUDA ${version}`;
  const fix = [
    manualFix("Update the card's driver in Windows"),
    manualFix(`Or use an image with an older CUDA than ${version}`),
  ];
  switch (fit.kind) {
    case "too-old":
      return fail(`${subject} needs driver ${fit.needs} or later, but the host has ${own}`, evidence, fix);
    case "minor":
      return warn(
        fit.needs
          ? `${subject} was released with driver ${fit.needs}, but the host has ${own}: it may run by ` +
            "minor-version compatibility"
          : `${subject} is newer than this program knows: on driver ${own} it may run by minor-version compatibility`,
        evidence,
        fix,
      );
    case "unknown":
      return unknown(`${subject} is newer than this program knows; the host has ${own}`, evidence);
    case "full":
      return pass(`${subject} runs on the host's driver ${own}`, evidence);
  }
}

/** The warning for a CUDA version that has no code for the card: no longer, or not yet. */
function cudaCodeMissing(
  subject: string,
  version: string,
  cards: Architecture[],
  evidence: Evidence[],
): Verdict | undefined {
  const major = Number(version.split(".")[0]);
  const dropped = cards.find((card) => major > (architectures[card].cuda.last ?? Infinity));
  if (dropped) {
    const { last } = architectures[dropped].cuda;
    return warn(
      `${subject} no longer has code for ${dropped} (CUDA ${last} was the last): programs built with it do not ` +
        "run on the card",
      evidence,
      [manualFix(`Use an image with CUDA ${last}`)],
    );
  }
  const young = cards.find((card) => isOlder(version, architectures[card].cuda.first));
  if (!young) return undefined;
  const { first } = architectures[young].cuda;
  return warn(
    `${subject} has no code for ${young} (CUDA ${first} is the first that has): only code that is compiled when ` +
      "the program starts runs on the card",
    evidence,
    [manualFix(`Use an image with CUDA ${first} or later`)],
  );
}

/**
 * Fixes: an older image, or the newest supported driver that is new enough, if it suits the cards
 * and the system.
 */
function newer(version: string, needs: string, cards: Architecture[], machine: ResolvedMachine): Fix[] {
  return [
    manualFix(`Use an image with an older CUDA than ${version}`),
    ...newerDriver(Number(needs.split(".")[0]), cards, machine),
  ];
}

/**
 * The newest supported driver, at least of this branch, as a fix; empty if none suits the cards and
 * the system.
 */
function newerDriver(least: number, cards: Architecture[], { image, driver }: ResolvedMachine): Fix[] {
  const sameModules = supportedFrom(least, cards, image, driver.modules);
  const branch = sameModules ?? supportedFrom(least, cards, image);
  if (branch === undefined) return [];
  const modules = sameModules === undefined || driver.modules !== undefined
    ? `, modules: ${
      sameModules === undefined ? driverFor(cards, { source: "nvidia", branch }, image).modules : driver.modules
    }`
    : "";
  return [
    manualFix(
      `Or give the guest a newer driver: driver: {source: nvidia, branch: ${branch}${modules}}${supportOf(branch)}`,
    ),
  ];
}

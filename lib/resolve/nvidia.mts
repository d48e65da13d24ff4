/**
 * Selects the NVIDIA driver of a guest before anything is built, from the cards, the config and the
 * guest's system.
 */
import type { DriverRequest, Image, Machine } from "../config/types.mts";
import type { Driver, NvidiaCard, ResolvedGpuRequest } from "./types.mts";
import { suiteOf, systemOf } from "./images.mts";
import { type Architecture, architectures, chipOf, type Modules } from "./architectures.mts";
import {
  distroDrivers,
  endOf,
  firstInRepository,
  hasModules,
  supportedBranches,
  usualBranch,
  withoutProprietary,
} from "./branches.mts";
import type { Source } from "./sources.mts";
import { joinList } from "../text.mts";
import { isNvidiaRequest } from "../host/vendors.mts";

/**
 * From this branch NVIDIA installs the open modules by default, before it the proprietary ones
 * (kernel-modules.html, see architectures.mts).
 */
const openByDefault = 560;

/**
 * The first branch with open modules, and the last one in which they support only data-centre cards
 * (nv-reg.h of 535, of 550).
 */
const openModules = { first: 515, lastPicky: 535 } as const;

/**
 * Combinations of a suite and its own driver that failed to build when tested. Debian 13's
 * proprietary modules built.
 */
export const unbuildable: ({ suite: string; branch: number; modules: Modules[]; reason: string } & Source)[] = [
  {
    suite: "trixie",
    branch: 550,
    modules: ["open"],
    reason: "do not build for its kernel 6.12 (550.163.01: too few arguments to function pci_resize_resource)",
    source: "a build in that system",
    checked: "2026-11-26",
  },
];

/**
 * The NVIDIA cards of these requests that are passed whole to a VM, by the host's facts, or by the
 * config where the host has no match. Cards without a known id are left out.
 */
export function nvidiaCardsOf(
  requests: Pick<ResolvedGpuRequest, "vendorId" | "deviceId" | "mode" | "match">[],
): NvidiaCard[] {
  return requests.filter(isWholeNvidia).flatMap(({ match, deviceId }) => {
    const device = (match.kind === "card" ? match.card.gpu.device : undefined) ?? deviceId;
    if (device === undefined) return [];
    const chip = chipOf(device);
    return [chip ? { device, chip } : { device }];
  });
}

/**
 * The driver in a machine's box; undefined if it gets none, because it requests no whole NVIDIA
 * card or its box is not built here. Cards with an unknown chip are ignored.
 */
export function driverOf(
  requests: Pick<ResolvedGpuRequest, "vendorId" | "mode">[],
  cards: NvidiaCard[],
  { driver, image }: Pick<Machine, "driver" | "image">,
): Driver | undefined {
  if (!requests.some(isWholeNvidia) || image === undefined) return undefined;
  return driverFor(architecturesOf(cards), driver, image);
}

/**
 * Whether a request is for a whole NVIDIA card. Partitions (mode partition) use the host's driver.
 */
export function isWholeNvidia(request: Pick<ResolvedGpuRequest, "vendorId" | "mode">): boolean {
  return isNvidiaRequest(request) && request.mode === "passthrough";
}

/** The known architectures of cards, each once. */
export function architecturesOf(cards: NvidiaCard[]): Architecture[] {
  return [...new Set(cards.flatMap(({ chip }) => chip?.architecture ?? []))];
}

/**
 * The driver for cards of these architectures: the config's values, and defaults that suit the
 * cards. `image`: what the box is built from. A configured value that cannot work is kept, and
 * reported in `problems`.
 */
export function driverFor(cards: Architecture[], request: DriverRequest, image?: Image): Driver {
  const source = request.source ?? "nvidia";
  const suite = suiteOf(image);
  const packaged = (suite ? distroDrivers[suite] : undefined) ?? [];
  const offered = source === "nvidia" ? inRepository(suite) : packaged.map(({ branch }) => branch);
  const branch = request.branch ?? branchFor(cards, offered, source, request.modules);
  const modules = request.modules ?? modulesFor(cards, branch);
  const version = source === "distro" ? packaged.find((one) => one.branch === branch)?.version : undefined;
  const picky = modules === "open" && branch !== undefined && branch <= openModules.lastPicky;
  const ended = branch === undefined ? undefined : endOf(branch);
  return {
    source,
    ...(branch === undefined ? {} : { branch }),
    ...(version === undefined ? {} : { version }),
    modules,
    problems: [
      ...cardProblems(cards, modules, branch),
      ...moduleProblems(source, modules, branch, cards),
      ...(suite && source === "distro" ? distroProblems(suite, modules, branch) : []),
      ...(suite && source === "nvidia" ? repositoryProblems(suite, branch) : []),
    ],
    cautions: [
      ...(picky
        ? [
          `without NVreg_OpenRmEnableUnsupportedGpus=1 the open modules of branch ${branch} do not support ` +
          "GeForce cards",
        ]
        : []),
      ...(ended ? [ended] : []),
    ],
  };
}

/** The supported branches in NVIDIA's repository for a system. */
function inRepository(suite: string | undefined): number[] {
  const first = (suite ? firstInRepository[suite]?.branch : undefined) ?? 0;
  return supportedBranches.filter((branch) => branch >= first);
}

/**
 * Selects one of a source's branches: the usual one if it is suitable, else the oldest supported
 * one with all cards and the modules, else the newest of any others that are suitable.
 */
function branchFor(
  cards: Architecture[],
  offered: number[],
  source: Driver["source"],
  modules: Modules | undefined,
): number | undefined {
  const fitting = offered.filter((branch) => serves(branch, cards, source, modules));
  if (fitting.length === 0) return offered.includes(usualBranch) ? usualBranch : offered[0];
  if (fitting.includes(usualBranch)) return usualBranch;
  return fitting.find((branch) => supportedBranches.includes(branch)) ?? fitting.at(-1);
}

/** Whether a branch supports all these cards, with kernel modules that work with them. */
function serves(
  branch: number,
  cards: Architecture[],
  source: Driver["source"],
  modules: Modules | undefined,
): boolean {
  const kinds = (modules ? [modules] : commonModules(cards)).filter((kind) => hasModules(source, branch, kind));
  const has = (card: Architecture) =>
    branch >= architectures[card].first && branch <= (architectures[card].last ?? Infinity);
  return cards.every(has) && (cards.length === 0 || kinds.length > 0) && (!modules || kinds.length > 0);
}

/**
 * The newest supported branch, at least the given one, that suits a machine's cards and system: for
 * a guest that needs a newer driver. `modules`: those that the config names. Undefined where there
 * is none.
 */
export function supportedFrom(
  least: number,
  cards: Architecture[],
  image: Image | undefined,
  modules?: Modules,
): number | undefined {
  return supportedBranches.findLast((branch) =>
    branch >= least &&
    driverFor(cards, { source: "nvidia", branch, ...(modules ? { modules } : {}) }, image).problems.length === 0
  );
}

/** What is missing from a source's packages of a branch. */
function moduleProblems(
  source: Driver["source"],
  modules: Modules,
  branch: number | undefined,
  cards: Architecture[],
): string[] {
  if (branch === undefined || hasModules(source, branch, modules)) return [];
  // an unsupported card is reported already
  if (cards.some((card) => branch > (architectures[card].last ?? Infinity))) return [];
  const { from } = withoutProprietary[source];
  return [`branch ${branch} has no proprietary kernel modules: they were removed in ${from}`];
}

/** What is missing from NVIDIA's repository for a system. */
function repositoryProblems(suite: string, branch: number | undefined): string[] {
  const first = firstInRepository[suite]?.branch;
  if (first === undefined || branch === undefined || branch >= first) return [];
  return [`NVIDIA's repository for ${systemOf(suite)} has no branch ${branch}, ${first} is the first`];
}

function modulesFor(cards: Architecture[], branch: number = usualBranch): Modules {
  const common = commonModules(cards);
  return common.length === 1 ? common[0]! : branch < openByDefault ? "proprietary" : "open";
}

function commonModules(cards: Architecture[]): Modules[] {
  return (["open", "proprietary"] as const).filter((kind) =>
    cards.every((card) => architectures[card].modules.includes(kind))
  );
}

/** Conflicts of the cards with modules and a branch. */
function cardProblems(cards: Architecture[], modules: Modules, branch: number | undefined): string[] {
  const unsupported = cards.filter((card) => architectures[card].modules.length === 0);
  if (unsupported.length > 0) {
    return unsupported.map((card) =>
      `${card}: the last branch for these cards was ${architectures[card].last} or an earlier one, all out of support`
    );
  }
  if (cards.length > 0 && commonModules(cards).length === 0) {
    const needs = cards.map((card) => `${card} (${architectures[card].modules.join(" or ")})`);
    return [`no kernel modules support all its cards: ${needs.join(", ")}`];
  }
  return [
    ...cards.flatMap((card) => {
      const { modules: able, first, last } = architectures[card];
      return [
        ...(able.includes(modules) ? [] : [`${card} works with the ${able[0]} kernel modules only`]),
        ...(branch !== undefined && branch < first
          ? [`branch ${branch} does not support ${card} yet, ${first} is the first`]
          : []),
        ...(branch !== undefined && last !== undefined && branch > last
          ? [`branch ${branch} no longer supports ${card}, ${last} was the last`]
          : []),
      ];
    }),
    ...(modules === "open" && branch !== undefined && branch < openModules.first
      ? [`branch ${branch} has no open kernel modules, ${openModules.first} is the first`]
      : []),
  ];
}

/** Conflicts of a distribution's own packages with modules and a branch. */
function distroProblems(suite: string, modules: Modules, branch: number | undefined): string[] {
  const offered = (distroDrivers[suite] ?? []).map(({ branch }) => branch);
  if (branch === undefined || !offered.includes(branch)) {
    return [`${systemOf(suite)} has branch ${joinList(offered.map(String))} in its own packages, not ${branch}`];
  }
  return unbuildable.filter((pair) => pair.suite === suite && pair.branch === branch && pair.modules.includes(modules))
    .map(({ reason }) => `${systemOf(suite)}'s own ${modules} modules ${reason}`);
}

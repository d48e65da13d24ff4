/** NVIDIA's driver branches: the end of support of each, and its kernel modules. */
import type { Modules } from "./architectures.mts";
import { isRecent, type Source } from "./sources.mts";

/** One driver branch. */
export interface DriverBranch extends Source {
  branch: number;
  /** NVIDIA's name for its kind; absent for a branch of which only the end is known. */
  kind?: "LTS" | "production";
  /**
   * Month in which its support ends or ended, `2028-06`; absent where only the fact that it has
   * ended is known.
   */
  ends?: string;
}

const lifecycle = {
  // the page of release 620; 535 and 610 are in that of 615
  source: "https://docs.nvidia.com/datacenter/tesla/drivers/620/supported-drivers-and-cuda-toolkit-versions.html",
  checked: "2026-11-27",
} as const;

/**
 * The branches in the packages of NVIDIA and of the distributions, the oldest first. Any other
 * branch up to the newest has ended.
 */
export const driverBranches: DriverBranch[] = [
  { branch: 535, kind: "LTS", ends: "2026-06", ...lifecycle },
  { branch: 550, ...lifecycle },
  { branch: 570, kind: "production", ends: "2026-02", ...lifecycle },
  { branch: 580, kind: "LTS", ends: "2028-06", ...lifecycle },
  { branch: 590, ...lifecycle },
  { branch: 595, kind: "production", ends: "2027-03", ...lifecycle },
  { branch: 610, ends: "2026-08", ...lifecycle },
  { branch: 615, ...lifecycle },
  { branch: 620, kind: "LTS", ends: "2029-09", ...lifecycle },
];

/** The branches that NVIDIA supported when the table was last checked, the oldest first. */
export const supportedBranches: number[] = driverBranches.filter(({ ends, checked }) => isRecent(ends, checked)).map((
  { branch },
) => branch);

/** The newest branch of the table. */
export const newestBranch: number = driverBranches.at(-1)!.branch;
/** The day on which the table was last checked. */
export const branchesRead: string = lifecycle.checked;

/**
 * The branch of a machine that names none: the only supported one that supports every architecture
 * from Maxwell to Blackwell.
 */
export const usualBranch = 580;

/**
 * A sentence about the end of a branch's support; undefined for a supported branch, and for one
 * newer than the table.
 */
export function endOf(branch: number): string | undefined {
  if (supportedBranches.includes(branch) || branch > newestBranch) return undefined;
  const ends = driverBranches.find((one) => one.branch === branch)?.ends;
  return ends
    ? `NVIDIA's support for branch ${branch} ended in ${monthName(ends)}`
    : `NVIDIA no longer supports branch ${branch}`;
}

/**
 * Until when NVIDIA supports a branch, as text to follow its number: `, supported until June 2028`;
 * empty where that is not known.
 */
export function supportOf(branch: number): string {
  const ends = supportedBranches.includes(branch) && driverBranches.find((one) => one.branch === branch)?.ends;
  return ends ? `, supported until ${monthName(ends)}` : "";
}

/** `2026-06` → `June 2026` */
function monthName(month: string): string {
  const names = "January February March April May June July August September October November December".split(" ");
  return `${names[Number(month.slice(5)) - 1]} ${month.slice(0, 4)}`;
}

/** The branch from which the packages of a source no longer have proprietary kernel modules. */
export const withoutProprietary: Record<"nvidia" | "distro", { from: number } & Source> = {
  nvidia: {
    from: 620,
    source: "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide (release 620, 4.1)",
    checked: "2026-11-26",
  },
  // nvidia-dkms-615 is a transitional package to nvidia-dkms-615-open
  distro: { from: 615, source: "https://packages.ubuntu.com/noble/nvidia-dkms-615", checked: "2026-11-26" },
};

/** Whether a source's packages of a branch have this kind of kernel modules. */
export function hasModules(source: "nvidia" | "distro", branch: number, modules: Modules): boolean {
  return modules === "open" || branch < withoutProprietary[source].from;
}

/**
 * The first branch in NVIDIA's repository for a system, by suite; absent where the repository has
 * all supported branches.
 */
export const firstInRepository: Record<string, { branch: number } & Source> = {
  resolute: {
    branch: 595,
    source: "https://github.com/NVIDIA/gpu-driver-container (its CI leaves out 580 on ubuntu26.04)",
    checked: "2026-11-26",
  },
};

/** The driver in a distribution's own packages. */
export interface DistroDriver extends Source {
  branch: number;
  /** Its version, if the distribution has only one. */
  version?: string;
  /** The component of the distribution's archive that has the packages. */
  component: string;
}

const debian = { source: "https://packages.debian.org/source/nvidia-graphics-drivers", checked: "2026-11-26" } as const;
const ubuntu = { source: "https://packages.ubuntu.com/search?keywords=nvidia-dkms", checked: "2026-11-26" } as const;

/**
 * The distributions' own drivers, by suite, the oldest first. In Ubuntu, packages of other branches
 * are transitional names for these.
 */
export const distroDrivers: Record<string, DistroDriver[]> = {
  bookworm: [{ branch: 535, version: "535.261.03", component: "non-free", ...debian }],
  trixie: [{ branch: 550, version: "550.163.01", component: "non-free", ...debian }],
  jammy: [
    { branch: 580, component: "restricted", ...ubuntu },
    { branch: 595, component: "multiverse", ...ubuntu },
    { branch: 615, component: "multiverse", ...ubuntu },
  ],
  noble: [
    { branch: 580, component: "restricted", ...ubuntu },
    { branch: 595, component: "multiverse", ...ubuntu },
    { branch: 615, component: "multiverse", ...ubuntu },
  ],
  resolute: [
    { branch: 580, component: "restricted", ...ubuntu },
    { branch: 595, component: "restricted", ...ubuntu },
    { branch: 615, component: "multiverse", ...ubuntu },
  ],
};

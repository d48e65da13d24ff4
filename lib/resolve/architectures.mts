/** The architecture of a card, and the support of NVIDIA's drivers for each architecture. */

import type { Source } from "./sources.mts";

/** The two kinds of NVIDIA's kernel modules. */
export type Modules = "open" | "proprietary";

/** The support of drivers and CUDA for an architecture. */
export interface BranchSupport {
  /** Kernel modules that support it; empty where no driver that is installed here does. */
  modules: Modules[];
  /** First driver branch that supports it. A later chip may need a later branch. */
  first: number;
  /** Last driver branch that supports it, where there is one. */
  last?: number;
  /** First CUDA whose code it can run, and the major version of the last one. */
  cuda: { first: string; last?: number };
}

/**
 * Sources. Modules: docs.nvidia.com/datacenter/tesla/driver-installation-guide/kernel-modules.html
 * (open ones from Turing), and
 * developer.nvidia.com/blog/nvidia-transitions-fully-towards-open-source-gpu-kernel-modules (Grace
 * Hopper and Blackwell need them). CUDA and last branch:
 * docs.nvidia.com/datacenter/tesla/drivers/cuda-toolkit-driver-and-architecture-matrix.html. First
 * branch: that of the driver released with the first CUDA (releases in cuda.mts). Turing runs
 * Volta's code, and Ada runs Ampere's, so older CUDA versions work too:
 * docs.nvidia.com/cuda/turing-compatibility-guide, ada-compatibility-guide.
 */
const table = {
  // R470 has been out of support since 2024; no driver that is installed here supports Kepler or
  // older cards
  "Kepler or older": { modules: [], first: 0, last: 470, cuda: { first: "6.0", last: 11 } },
  Maxwell: { modules: ["proprietary"], first: 340, last: 580, cuda: { first: "6.5", last: 12 } },
  Pascal: { modules: ["proprietary"], first: 367, last: 580, cuda: { first: "8.0", last: 12 } },
  Volta: { modules: ["proprietary"], first: 384, last: 580, cuda: { first: "9.0", last: 12 } },
  Turing: { modules: ["open", "proprietary"], first: 410, cuda: { first: "9.0" } },
  Ampere: { modules: ["open", "proprietary"], first: 450, cuda: { first: "11.0" } },
  Ada: { modules: ["open", "proprietary"], first: 520, cuda: { first: "11.0" } },
  Hopper: { modules: ["open", "proprietary"], first: 520, cuda: { first: "11.8" } },
  "Grace Hopper": { modules: ["open"], first: 520, cuda: { first: "11.8" } },
  Blackwell: { modules: ["open"], first: 570, cuda: { first: "12.8" } },
} satisfies Record<string, BranchSupport>;

/** The source of all rows of the table. */
export const architecturesSource: Source = {
  source: "https://docs.nvidia.com/datacenter/tesla/drivers/cuda-toolkit-driver-and-architecture-matrix.html",
  checked: "2026-11-26",
};

/** The name of an architecture of NVIDIA's. */
export type Architecture = keyof typeof table;

/** The support for each architecture, by its name. */
export const architectures: Record<Architecture, BranchSupport> = table;

/** A chip, identified by the device ids of its cards. */
export interface Chip {
  chip: string;
  architecture: Architecture;
}

/**
 * The edition of pci.ids that has the chips (pci-ids.ucw.cz; Debian's package pci.ids has the same
 * file).
 */
export const pciIds = "2026-10-24";

/** The source of all rows of `chips`. */
export const chipsSource: Source = { source: "https://pci-ids.ucw.cz", checked: pciIds };

/**
 * Ranges of device ids of NVIDIA's display functions that belong to one chip in pci.ids: first and
 * last id, the chip, its architecture, and the names of the first and the last card of the range.
 * Ids between two ranges are unassigned and unknown; Rubin (GR100, from 3000) and newer chips are
 * unknown too. Parts of an SoC that cannot be passed to a VM (Tegra, Thor) are left out.
 */
export const chips: [first: string, last: string, chip: string, architecture: Architecture, cards: string][] = [
  ["0008", "130b", "NV1 to GK208", "Kepler or older", "STG2000X … GK110 [Q12U-1]"],
  ["1340", "137d", "GM108", "Maxwell", "GeForce 830M … 940A"],
  ["1380", "13bf", "GM107", "Maxwell", "GeForce GTX 750 Ti … GM107 INT52"],
  ["13c0", "13fb", "GM204", "Maxwell", "GeForce GTX 980 … Quadro M5500"],
  ["1401", "1436", "GM206", "Maxwell", "GeForce GTX 960 … Quadro M2200 Mobile"],
  ["15c2", "15ff", "GP100", "Pascal", "CMP 100-100 … GP100 SKU 15ff"],
  ["1613", "1676", "GM204", "Maxwell", "GRID M60 … Quadro M2200 Mobile"],
  ["1725", "172f", "GP100", "Pascal", "GP100"],
  ["174d", "174e", "GM108", "Maxwell", "GeForce MX130, MX110"],
  ["1789", "179c", "GM107", "Maxwell", "GRID M3-3020, GeForce 940MX"],
  ["17c2", "17fd", "GM200", "Maxwell", "GeForce GTX TITAN X … Tesla M40"],
  ["1b00", "1b78", "GP102", "Pascal", "TITAN X … GP102GL"],
  ["1b80", "1be1", "GP104", "Pascal", "GeForce GTX 1080 … 1070 Mobile"],
  ["1c00", "1c70", "GP106", "Pascal", "GP106 … GP106GL"],
  ["1c81", "1cfb", "GP107", "Pascal", "GeForce GTX 1050 … Quadro P1000"],
  ["1d01", "1d56", "GP108", "Pascal", "GeForce GT 1030 … MX330"],
  ["1d81", "1df6", "GV100", "Volta", "TITAN V … Tesla V100S PCIe 32GB"],
  ["1e02", "1e78", "TU102", "Turing", "TITAN RTX … Quadro RTX 6000/8000"],
  ["1e81", "1ef5", "TU104", "Turing", "GeForce RTX 2080 SUPER … Quadro RTX 5000 Mobile"],
  ["1f02", "1f76", "TU106", "Turing", "GeForce RTX 2070 … Quadro RTX 3000 Mobile"],
  ["1f81", "1ff9", "TU117", "Turing", "GeForce GTX 1650 … Quadro T1000 Mobile"],
  ["2080", "20ff", "GA100", "Ampere", "A100 SXM4 40GB … AX800"],
  ["2182", "21d1", "TU116", "Turing", "GeForce GTX 1660 Ti … 1660 Ti Mobile"],
  ["2200", "223f", "GA102", "Ampere", "GeForce RTX 3090 Ti … GA102GL"],
  ["2302", "233d", "GH100", "Hopper", "H20 NVL16 … H100 96GB"],
  ["2342", "2342", "GH100", "Grace Hopper", "GH200 120GB / 480GB"],
  ["2343", "2345", "GH100", "Hopper", "GH100"],
  ["2348", "2348", "GH100", "Grace Hopper", "GH200 144G HBM3e"],
  ["237e", "23f0", "GH100", "Hopper", "H100 GH3 … GH100"],
  ["2414", "2460", "GA103", "Ampere", "GeForce RTX 3060 Ti … 3080 Ti Laptop GPU"],
  ["2480", "24fa", "GA104", "Ampere", "GeForce RTX 3070 Ti … RTX A4500 Embedded GPU"],
  ["2501", "2571", "GA106", "Ampere", "GeForce RTX 3060 … RTX A2000 12GB"],
  ["2582", "25fb", "GA107", "Ampere", "GeForce RTX 3050 8GB … RTX A500 Embedded GPU"],
  ["2681", "26f5", "AD102", "Ada", "RTX TITAN Ada … L40 CNX"],
  ["2702", "2770", "AD103", "Ada", "GeForce RTX 4080 SUPER … RTX 5000 Ada Embedded GPU"],
  ["2782", "27fb", "AD104", "Ada", "GeForce RTX 4070 Ti … RTX 3500 Ada Embedded GPU"],
  ["2803", "2878", "AD106", "Ada", "GeForce RTX 4060 Ti … RTX 3000 Ada Embedded GPU"],
  ["2882", "28f8", "AD107", "Ada", "GeForce RTX 4060 … RTX 2000 Ada Embedded GPU"],
  ["2900", "297e", "GB100", "Blackwell", "B200 … HGX GB200"],
  ["2980", "29f1", "GB102", "Blackwell", "DRIVE P2021 … B100"],
  ["2b85", "2bbc", "GB202", "Blackwell", "GeForce RTX 5090 … RTX PRO 6000D Max-Q"],
  ["2c02", "2c79", "GB203", "Blackwell", "GeForce RTX 5080 … RTX PRO 4000 Embedded GPU"],
  ["2d04", "2d79", "GB206", "Blackwell", "GeForce RTX 5060 Ti … RTX PRO 2000 Embedded GPU"],
  ["2d83", "2df9", "GB207", "Blackwell", "GeForce RTX 5050 … RTX PRO 500 Embedded GPU"],
  ["2e02", "2e2a", "GB20B", "Blackwell", "RTX Spark N1X, GB10"],
  ["2f04", "2f58", "GB205", "Blackwell", "GeForce RTX 5070 … 5070 Ti Mobile"],
  ["3180", "31fe", "GB110", "Blackwell", "B300 … GB300"],
  ["3200", "323e", "GB112", "Blackwell", "GB112"],
];

/**
 * The chip of an NVIDIA card by its device id (hex text); undefined for an id that pci.ids did not
 * have.
 */
export function chipOf(deviceId: string): Chip | undefined {
  // ids are four lower-case hex digits, so their text order is their numeric order
  const found = chips.find(([first, last]) => first <= deviceId && deviceId <= last);
  return found && { chip: found[2], architecture: found[3] };
}

/**
 * The architecture of an NVIDIA card by its device id (hex text); undefined for an id that is too
 * new.
 */
export function architectureOf(deviceId: string): Architecture | undefined {
  return chipOf(deviceId)?.architecture;
}

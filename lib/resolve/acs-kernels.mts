/**
 * Kernels that support the argument pcie_acs_override, by the form of their release. The patch is
 * in none of kernel.org's kernels.
 */
import type { Source } from "./sources.mts";

/** A kernel with the patch. */
export interface AcsKernel extends Source {
  name: string;
  /** Matches its `uname -r`. */
  release: RegExp;
}

const checked = "2026-11-26";

/** Kernels whose source was checked, and those that have the patch in their name. */
export const acsKernels: AcsKernel[] = [
  {
    name: "Proxmox VE",
    release: /-pve$/,
    source: "https://github.com/proxmox/pve-kernel (patches/kernel)",
    checked,
  },
  { name: "TrueNAS", release: /truenas/, source: "https://github.com/truenas/linux/pull/171", checked },
  { name: "CachyOS", release: /cachyos/, source: "https://github.com/chaotic-cx/nyx/issues/780", checked },
  {
    // Liquorix is based on it
    name: "linux-zen",
    release: /zen|lqx|liquorix/,
    source: "https://github.com/damentz/liquorix-package/issues/230",
    checked,
  },
  {
    name: "XanMod",
    release: /xanmod/,
    source: "https://gist.github.com/kwilczynski/292c9c470b3a86d67a28ee64b0634a21",
    checked,
  },
  { name: "linux-tkg", release: /tkg/, source: "https://github.com/Frogging-Family/linux-tkg/issues/720", checked },
  {
    name: "deepin",
    release: /-amd64-desktop/,
    source: "https://github.com/deepin-community/kernel/pull/396",
    checked,
  },
  {
    name: "Unraid",
    release: /unraid/i,
    source: "https://docs.unraid.net (VM Manager, PCIe ACS override)",
    checked,
  },
  { name: "a kernel for VFIO", release: /acs|vfio/i, source: "its own name", checked },
];

/**
 * Releases of distributions' standard kernels, which do not have the patch: Debian, Ubuntu, Fedora,
 * RHEL, Arch, openSUSE.
 */
const ordinary = [
  /^\d+(\.\d+)+-\d+-(generic|lowlatency|aws|azure|gcp|oem|default)$/,
  /^\d+(\.\d+)+-\d+-?(amd64|cloud-amd64|rt-amd64)$/,
  /^\d+(\.\d+)+\+deb\d+(\.\d+)?-(cloud-|rt-)?amd64$/,
  /^\d+(\.\d+)+-\d+(\.rc\d+)?[\d.]*\.(fc|el)\d+(_\d+)*\.x86_64$/,
  /^\d+(\.\d+)+-(arch\d+|\d+-(lts|hardened))(-\d+)?$/,
  /^\d+(\.\d+)+-\d+(\.\d+)*-default$/,
];

/**
 * Zen and Liquorix removed the patch in 7.1 and restored it in 7.1.6 (liquorix-package, issue 230).
 */
const mayLackPatch = /^7\.1(\.[0-5])?-.*(zen|lqx|liquorix)/;

/** Whether a kernel supports the argument, by its release; undefined where that is not known. */
export function takesAcsOverride(release: string): boolean | undefined {
  if (mayLackPatch.test(release)) return undefined;
  if (acsKernels.some((kernel) => kernel.release.test(release))) return true;
  return ordinary.some((form) => form.test(release)) ? false : undefined;
}

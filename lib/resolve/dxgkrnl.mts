/**
 * The releases on which the pinned source of dxgkrnl (6.6.36.6, scripts/install-dxgkrnl.sh) builds,
 * and the kernel of their packages. The kernel's version is general knowledge, not read.
 */
interface DxgkrnlBuild {
  /** Codename of the release. */
  suite: string;
  kernel: string;
  builds: boolean;
  /** Why it is not known to build. */
  why?: string;
  source: string;
  /** When the source was read. */
  date: string;
}

const newer = "its source needs changes for kernels since 6.11";
const other = "install-dxgkrnl.sh knows Ubuntu 22.04 and 24.04 only";
const source = "staralt/dxgkrnl-dkms, issues 10 (6.11) and 7 (6.12)";
const date = "2026-11-28";

export const dxgkrnlBuilds: DxgkrnlBuild[] = [
  { suite: "focal", kernel: "5.15 (HWE)", builds: false, why: other, source, date },
  { suite: "jammy", kernel: "6.8 (HWE)", builds: true, source, date },
  { suite: "noble", kernel: "6.8", builds: true, source, date },
  { suite: "plucky", kernel: "6.14", builds: false, why: newer, source, date },
  { suite: "questing", kernel: "6.17", builds: false, why: newer, source, date },
  { suite: "resolute", kernel: "7.0", builds: false, why: newer, source, date },
  { suite: "bullseye", kernel: "5.10", builds: false, why: other, source, date },
  { suite: "bookworm", kernel: "6.1", builds: false, why: other, source, date },
  { suite: "trixie", kernel: "6.12", builds: false, why: newer, source, date },
];

/**
 * Where the pinned source of dxgkrnl (6.6.36.6, scripts/install-dxgkrnl.sh) builds, by the release of the guest and the kernel that
 * its packages bring.
 */
interface DxgkrnlBuild {
  /** Codename of the release. */
  suite: string;
  kernel: string;
  builds: boolean;
  /** Why it does not build. */
  why?: string;
  source: string;
  /** When the source was read. */
  date: string;
}

const newer = "kernels after 6.11 need changes to its source";
const older = "its kernel is older than the source";
const ubuntu = "packages.ubuntu.com; staralt/dxgkrnl-dkms#10 (2025-04)";
const debian = "packages.debian.org; staralt/dxgkrnl-dkms#10 (2025-04)";

export const dxgkrnlBuilds: DxgkrnlBuild[] = [
  { suite: "focal", kernel: "5.15 (HWE)", builds: false, why: older, source: ubuntu, date: "2026-11-26" },
  { suite: "jammy", kernel: "6.8 (HWE)", builds: true, source: ubuntu, date: "2026-11-26" },
  { suite: "noble", kernel: "6.8", builds: true, source: ubuntu, date: "2026-11-26" },
  { suite: "plucky", kernel: "6.14", builds: false, why: newer, source: ubuntu, date: "2026-11-26" },
  { suite: "questing", kernel: "6.17", builds: false, why: newer, source: ubuntu, date: "2026-11-26" },
  { suite: "resolute", kernel: "7.0", builds: false, why: newer, source: ubuntu, date: "2026-11-26" },
  { suite: "bullseye", kernel: "5.10", builds: false, why: older, source: debian, date: "2026-11-26" },
  { suite: "bookworm", kernel: "6.1", builds: false, why: older, source: debian, date: "2026-11-26" },
  { suite: "trixie", kernel: "6.12", builds: false, why: newer, source: debian, date: "2026-11-26" },
];

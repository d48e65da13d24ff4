/**
 * The releases on which scripts/install-dxgkrnl.sh builds the pinned source of dxgkrnl (6.6.36.6), and
 * the kernel of their packages. What was built is a copy of the WSL kernel's 6.6 branch of 2024-04.
 * No row says that the module was loaded in Hyper-V.
 */
interface DxgkrnlBuild {
  /** Codename of the release. */
  suite: string;
  kernel: string;
  /** By us, by others, or not yet: only for kernels before and after it. */
  builds: "built" | "reported" | "expected";
  source: string;
  /** When it was built, or the source was read. */
  date: string;
}

const date = "2026-11-29";
const ubuntu = "staralt/dxgkrnl-dkms, issue 10: built for Ubuntu's 6.8";
const between = "built for Debian's 6.12.118, 7.2.12 and 7.3.4";

export const dxgkrnlBuilds: DxgkrnlBuild[] = [
  { suite: "jammy", kernel: "6.8 (HWE)", builds: "reported", source: ubuntu, date },
  { suite: "noble", kernel: "6.8", builds: "reported", source: ubuntu, date },
  { suite: "resolute", kernel: "7.0", builds: "expected", source: between, date },
  { suite: "bookworm", kernel: "6.1", builds: "built", source: "built for Debian's 6.1.0-56-amd64", date },
  { suite: "trixie", kernel: "6.12", builds: "built", source: "built for Debian's 6.12.118+deb13-amd64", date },
];

/**
 * File names of Debian's images for clouds. Their kernel is `linux-image-cloud-amd64`, which lacks
 * CONFIG_SYNC_FILE. The images generic and nocloud have the standard kernel (debian-cloud-images,
 * image.yaml).
 */
export const cloudKernelImages = /genericcloud|\bdebian-\w{1,10}-(?:ec2|azure)\b/;

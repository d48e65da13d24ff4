import type { Failure } from "../types.mts";
import { manualFix } from "../../../fixes.mts";
import { rows } from "../rows.mts";

/** What package managers write before the name of a package that no source has. */
const before = [
  "Unable to locate package ",
  "No match for argument: ",
  "Unable to find a match: ",
  "target not found: ",
  "No package matching '",
  "No provider of '",
].join("|");
/** What apt writes behind such a name. */
const behind = "'? (?:has no installation candidate|is not available, but is referred to)";

/** Matches the message about a package that is not in any source. `names`: an alternation. */
const without = (names: string) =>
  new RegExp(`(?:${before})(?:${names})|Package '?(?:${names})[\\w:+.-]{0,40}${behind}`);

/** Packages of NVIDIA and Docker that the distributions do not have: their source is not set up. */
export const packageNameFailures = (): Failure[] =>
  rows({ layer: "packages", source: "apt, dnf, pacman, zypper; NVIDIA/nvidia-docker#1049 (2019-08), read 2026-11" }, [
    [
      "tools.present",
      "cause",
      without("nvidia-container-(?:toolkit|runtime)|nvidia-docker2|libnvidia-container"),
      "the source of NVIDIA's Container Toolkit is not set up here, or its lists were not fetched",
      "apt, dnf, zypper: add NVIDIA's source as its page “Installing the NVIDIA Container Toolkit” says, then " +
      "fetch the lists (apt-get update, dnf makecache)",
      manualFix("Arch: pacman -Sy nvidia-container-toolkit (extra); nvidia-docker2 is no longer released"),
    ],
    [
      "tools.present",
      "cause",
      without("docker-(?:ce|compose-plugin|buildx-plugin)|containerd\\.io"),
      "the package is Docker's own, and Docker's source is not set up here, or has nothing for this release",
      "Add Docker's source as docs.docker.com says (Install Docker Engine), then apt-get update or dnf makecache",
      "Or take the distribution's: docker.io and docker-compose-v2 (Ubuntu), docker.io and docker-compose (Debian), " +
      "moby-engine (Fedora)",
    ],
    [
      "tools.present",
      "cause",
      without(
        "cuda-(?:toolkit|drivers|runtime|libraries|\\d)|libcudnn\\d|cudnn\\d|nvidia-open\\b(?!-)|tensorrt|libnccl",
      ),
      "the package is in NVIDIA's CUDA source, which is not set up here, or has no such release for this distribution",
      "Install the package cuda-keyring of NVIDIA's page “CUDA Downloads” for this release, then apt-get update; " +
      "dnf: add its cuda-….repo",
      "In a container: take an image nvidia/cuda:…, which has them",
    ],
    [
      "tools.present",
      "cause",
      without(
        "(?:akmod|kmod|xorg-x11-drv)-nvidia|nvidia-(?:driver|dkms|kernel|utils|\\d{3}xx)|linux-modules-nvidia",
      ),
      "the distribution's driver of that name is in no source here: its section is off (non-free, restricted, RPM " +
      "Fusion), or the branch was renamed or removed",
      "Debian: contrib non-free non-free-firmware in its sources; Ubuntu: restricted, and ubuntu-drivers list; " +
      "Fedora: RPM Fusion; Arch: the branches 470xx to 580xx are in the AUR",
      "Then fetch the lists again (apt-get update, dnf makecache, pacman -Syu)",
    ],
    [
      "tools.present",
      "cause",
      without("(?:linux|pve|proxmox|kernel)-(?:headers|devel|default-devel)-?\\d"),
      "the sources have no headers for that kernel (any more): they keep those of newer kernels, or the kernel is " +
      "not the distribution's own",
      "Update all packages, so that the newest kernel is installed; reboot into it, then install its headers",
      "Proxmox: the package proxmox-default-headers follows the kernel; Debian: linux-headers-amd64; Ubuntu: " +
      "linux-headers-generic",
    ],
    [
      "tools.present",
      "cause",
      /linux-firmware-\w{2,20}: \S{1,160} exists in filesystem/,
      "linux-firmware was split into packages in June 2025, and pacman does not replace its links automatically",
      "pacman -Rdd linux-firmware, then immediately pacman -Syu linux-firmware, before any restart",
    ],
  ]);

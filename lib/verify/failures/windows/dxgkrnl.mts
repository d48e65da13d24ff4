import type { Failure } from "../types.mts";
import { rows } from "../rows.mts";

const image = "Use an image of Debian 12 or 13, or Ubuntu 22.04 or 24.04, such as image: debian-13";
const line = (rest: string) => new RegExp(`\\binstall-dxgkrnl: ${rest}`);

/** Refusals of install-dxgkrnl.sh. Those about the build itself are in hyperv-guest.mts. */
export const dxgkrnlFailures = (): Failure[] =>
  rows({ layer: "driver", source: "homelab-gpu (scripts/install-dxgkrnl.sh, 2026-11)" }, [
    [
      "hyperv.guest",
      "cause",
      line("\\S{1,60} is not supported"),
      "dxgkrnl, the guest's side of a Windows GPU partition, is not built on the guest's system",
      image,
    ],
    [
      "hyperv.guest",
      "cause",
      line("this image has NVIDIA's driver for Linux"),
      "the image has NVIDIA's driver for Linux, and a guest with a Windows GPU partition uses the driver of its host",
      "Use an image without NVIDIA's driver, such as image: debian-13, or pass the whole card",
    ],
    [
      "hyperv.guest",
      "cause",
      line("headers for (?:the )?kernel \\S{1,60} cannot be found"),
      "the image has a kernel whose headers are not in the guest's package sources, and dxgkrnl needs them to build",
      `${image}, which have their distribution's standard kernel`,
    ],
    [
      "hyperv.guest",
      "cause",
      line("(?:DXGKRNL_SOURCE needs DXGKRNL_SHA256|DXGKRNL_SHA256 is not|\\S{1,300} does not have the checksum)"),
      "the source of dxgkrnl has no checksum or another one: the file was changed, or the download is not the file",
      'Write the SHA-256 checksum of the archive: driver: {dxgkrnl: {url: …, checksum: "sha256:…"}}',
      "If the config has no such setting: run up again; a proxy may have changed the download",
    ],
    [
      "hyperv.guest",
      "cause",
      line("\\S{1,300} does not contain dxgkrnl"),
      "the archive in driver: {dxgkrnl: …} is not a source of Microsoft's WSL kernel with dxgkrnl",
      "Use a tar.gz of a release of microsoft/WSL2-Linux-Kernel, or remove the setting",
    ],
    [
      "hyperv.guest",
      "symptom",
      line("cannot download "),
      "the guest could not download the source of dxgkrnl, for the reason in the lines before",
      "Give the guest access to github.com, or name a copy that it can reach in driver: {dxgkrnl: …}",
    ],
    [
      "hyperv.guest",
      "cause",
      line("dxgkrnl was built, but is not installed"),
      "DKMS built dxgkrnl, but modinfo does not find it for the kernel",
      image,
    ],
  ]);

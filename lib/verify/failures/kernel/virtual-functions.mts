import type { Failure } from "../types.mts";
import { aboveFour, commandFix, firmwareFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { powerCycle } from "../fixes.mts";
import { rows } from "../rows.mts";

const most = commandFix("Check how many it can have", "sh -c 'grep . /sys/bus/pci/devices/*/sriov_totalvfs'");

/** Errors of a card's virtual functions and vGPUs on the host, and of the ways to reset it that are set in /sys. */
export const virtualFunctionFailures = (): Failure[] => [
  ...rows({ layer: "kernel", source: "Linux (i915, kvmgt); T-vK/MobilePassThrough#31 (2022-04)" }, [
    [
      "gpu.match",
      "cause",
      /could not insert '?kvmgt'?: No such device/,
      "the Intel graphics cannot be shared by GVT-g: only those of the 5th to 10th generation can, and only with the " +
      "kernel argument i915.enable_gvt=1",
      manualFix("5th to 10th generation: add i915.enable_gvt=1 to the kernel's arguments", {
        root: true,
        reboot: true,
      }),
      "Newer ones: virtual functions (SR-IOV) with i915-sriov-dkms or xe, or pass the whole card",
    ],
    [
      "gpu.match",
      "cause",
      anyOf(
        /Unable to find parent device '[\da-f:.]{4,20}'|Parent \S{4,20} is not currently registered for mdev support/,
        /Parent \S{4,20} does not support mdev type|No available instances of \S{2,40} on \S{4,20}/,
      ),
      "the card offers no such virtual GPU (mdev) now: its vGPU driver is not loaded, it has no such type, or none " +
      "is free",
      commandFix("List the types and how many are free", "mdevctl types", { root: true }),
      "No type at all: install the vGPU driver of the host (NVIDIA, by licence), or i915.enable_gvt=1 (Intel to 10th " +
      "generation)",
    ],
    [
      "gpu.exclusive",
      "cause",
      anyOf(
        /Device [\da-f]{8}-[\da-f-]{27} (?:on \S{4,20} already defined|already exists on parent)/,
        /Device exists (?:under different parent|with different type)|Cowardly refusing to overwrite existing config for \S{4,40}\/[\da-f]{8}-/,
      ),
      "a virtual GPU (mdev) with that UUID exists already, on another card or of another type",
      commandFix("List them", "sh -c 'mdevctl list; mdevctl list -d'", { root: true }),
      "Use another UUID (uuidgen), or remove the old one: mdevctl stop -u UUID, mdevctl undefine -u UUID",
    ],
    [
      "gpu.match",
      "cause",
      /Mediated device \S{8,60} is not (?:active|defined)|No devices match the specified uuid/,
      "there is no virtual GPU (mdev) with that UUID: those that were only started are gone after a boot",
      commandFix("List them", "sh -c 'mdevctl list; mdevctl list -d'", { root: true }),
      "Define it so that it starts with the host: mdevctl define --auto -u UUID -p ADDRESS -t TYPE",
    ],
    [
      "gpu.reset",
      "symptom",
      /\bgvt: (?:guest page write error|vgpu \d{1,3}: fail|vgpu\d{1,3}: .{0,80}(?:fail|invalid|unsupported))/,
      "the virtual GPU of Intel's GVT-g met a request of its guest that it cannot serve: the guest's driver is newer " +
      "than GVT-g, which is no longer developed",
      "Stop and start that VM; use an older driver in the guest, or pass the whole card",
    ],
  ]),
  ...rows({
    layer: "kernel",
    near: /sriov_numvfs/,
    shared: true,
    source: "Linux 6.12 (drivers/pci/iov.c), read 2026-11; strongtz/i915-sriov-dkms#246 (2025-01)",
  }, [
    [
      "gpu.window",
      "cause",
      anyOf(
        /(?:write error|sriov_numvfs'?): Cannot allocate memory/,
        /(?:write error|sriov_numvfs'?): Input\/output error/,
      ),
      "the card made no virtual functions: the firmware left no memory addresses or bus numbers for them; the " +
      "kernel's own line in dmesg says which",
      aboveFour,
      firmwareFix("Turn on SR-IOV and ARI (ARI Forwarding) where the setup has them, and update the firmware"),
    ],
    [
      "gpu.match",
      "cause",
      /\/sriov_numvfs: no such file or directory/,
      "the parent device has no virtual functions (SR-IOV): its driver or its firmware does not offer them",
      "Pass the whole device (nictype=physical, gputype=physical), or turn on SR-IOV in its firmware and driver",
      most,
    ],
    [
      "gpu.match",
      "cause",
      /(?:write error|sriov_numvfs'?): Numerical result out of range/,
      "that is more virtual functions than the card can have",
      most,
    ],
  ]),
  ...rows({
    layer: "kernel",
    near: /reset_method/,
    shared: true,
    source: "Linux 6.12 (drivers/pci/pci.c), read 2026-11; gnif/vendor-reset#46 (2024-05)",
  }, [
    [
      "gpu.reset",
      "cause",
      /write error: Invalid argument|reset_method'?: Invalid argument/,
      "the card does not have the way to reset it that was written into reset_method; device_specific needs " +
      "vendor-reset, loaded, and a chip that it knows (Polaris, Vega, Navi 10 to 14)",
      commandFix("List the ways", "sh -c 'grep . /sys/bus/pci/devices/*/reset_method'"),
      commandFix("For such a chip, load it first", "modprobe vendor-reset", { root: true }),
    ],
  ]),
  ...rows({
    layer: "kernel",
    source: "GPUOpen-LibrariesAndSDKs/MxGPU-Virtualization (gim), read 2026-11; its #18 (2019-03), kind to date",
  }, [
    [
      "gpu.window",
      "cause",
      /gim error:\S{1,40} (?:Fail to enable sriov|Failed to properly enable SRIOV)/,
      "AMD's host driver (gim) made no virtual functions: the firmware does not forward to their addresses (ARI is " +
      "off), or left no memory addresses for them",
      firmwareFix("Turn on ARI (ARI Forwarding), SR-IOV and Above 4G Decoding, and update the firmware"),
    ],
    [
      "gpu.match",
      "cause",
      /gim error:\S{1,40} asic does not support SRIOV/,
      "that card has no virtual functions, or its firmware turns them off",
      firmwareFix("Turn on SR-IOV; AMD's consumer cards have none"),
    ],
    [
      "gpu.power",
      "symptom",
      /\b[\da-f]{4}:[\da-f]{2}:[\da-f]{2}\.\d: unknown header type 7f, ignoring device/,
      "a PCI device does not answer when the kernel looks for it: it has no power, hangs, or its address is not " +
      "forwarded to it (virtual functions: ARI)",
      powerCycle,
    ],
  ]),
  ...rows({
    layer: "driver",
    source:
      "NVIDIA vGPU software (nvidia-vgpud); mbilker/vgpu_unlock-rs#29 (2023-02), DualCoder/vgpu_unlock#9 (2021-04), " +
      "kind to date",
  }, [
    [
      "gpu.match",
      "cause",
      /GPU not supported by vGPU at PCI Id/,
      "NVIDIA's vGPU host driver of this release has no vGPU types for the card: consumer cards have none, and newer " +
      "releases no longer have those of Pascal and older",
      manualFix("Use a card and a release from NVIDIA's list of supported GPUs; Pascal: 16.x (535)"),
      manualFix("Or pass the whole card, with the ordinary driver in the VM"),
    ],
    [
      "gpu.match",
      "symptom",
      /failed to send vGPU configuration info to RM/,
      "NVIDIA's vGPU daemon found no card for which it has vGPU types; the lines above name the cards",
      commandFix("Read them", "journalctl -u nvidia-vgpud -b --no-pager", { root: true }),
    ],
  ]),
];

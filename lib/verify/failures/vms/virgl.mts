import type { Failure } from "../types.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { qemuOptions } from "../fixes.mts";
import { rows } from "../rows.mts";

const own = "A virtual GPU like this draws a picture only: CUDA, ROCm and nvidia-smi need the card itself in the VM";

/** Errors of QEMU's virtual GPU (virtio-gpu) and of virglrenderer, which draws for it on the host. */
export const virglFailures = (): Failure[] => [
  ...rows({
    layer: "hypervisor",
    source: "QEMU 10.1 (hw/display/virtio-gpu.c, ui/egl-*.c), virglrenderer 1.1 (src), read 2026-11; " +
      "NixOS/nixpkgs#379454 (2025-02), msys2/MINGW-packages#28875 (2026-04)",
  }, [
    [
      "provider.version",
      "cause",
      anyOf(
        /Render server support was not enabled in virglrenderer/,
        /old virglrenderer, (?:venus|drm) unsupported/,
      ),
      "the host's virglrenderer is too old, or built without the part, for Vulkan in the VM (venus, native context)",
      "Remove venus=on (drm_native_context=on) from the device: OpenGL works without it",
      "Or install virglrenderer 1.0 or newer, built with Venus, as most distributions of 2025 and later have it",
      own,
    ],
    [
      "provider.mode",
      "cause",
      /(?:venus|drm) requires enabled blob and hostmem options/,
      "Vulkan in the VM (venus, native context) needs shared memory that the device does not have",
      "Write it with the device: -device virtio-vga-gl,venus=on,blob=on,hostmem=4G",
      manualFix(qemuOptions),
    ],
    [
      "provider.mode",
      "cause",
      /(?:need rutabaga or udmabuf for|need udmabuf for|cannot enable) blob resources|blobs and virgl are not compatible/,
      "blob=on of QEMU's virtual GPU does not work here: it needs the kernel's udmabuf and memory of kind memfd, or " +
      "a newer QEMU with OpenGL",
      "Remove blob=on, hostmem= and venus=on, which a picture does not need",
      commandFix("Or load the kernel's part", "modprobe udmabuf", { root: true }),
      "And give the VM memory of that kind (libvirt: <memoryBacking><source type='memfd'/><access mode='shared'/>)",
    ],
    [
      "provider.mode",
      "symptom",
      /virgl could not be initialized: -?\d|failed to initialize (?:venus|virgl|drm) renderer/,
      "the host could not start OpenGL or Vulkan for QEMU's virtual GPU: the lines above say why; often /dev/dri " +
      "cannot be read, or the host's driver has no EGL with GBM",
      commandFix("List the render nodes and who may use them", "ls -l /dev/dri"),
      "Or leave OpenGL out: video model virtio without 3D acceleration, graphics without gl=on",
      own,
    ],
  ]),
];

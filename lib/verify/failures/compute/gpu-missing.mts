import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { videoWords } from "./media-programs.mts";

/** Programs that find no GPU, or no code for it, for a reason that their text names. */
export const gpuMissingFailures = (): Failure[] => [
  ...rows({
    layer: "toolkit",
    source: "glibc's loader, ffmpeg (hwcontext_cuda.c); zoriya/Kyoo#647 (2024-10), read 2026-11",
  }, [
    [
      "guest.cuda",
      "cause",
      anyOf(
        /(?<!aimdo failed to load: )libcuda\.so\.1: cannot open shared object|dynamically load the "cuda" shared library/,
        /Cannot load libcuda\.so|Failed to dlopen libcuda\.so|Could not dynamically load CUDA|CUDA driver library cannot be found/,
      ),
      "there is no libcuda, which belongs to the driver and comes into a container with the GPU: the container got " +
      "no GPU, or without the capability compute",
      "Write gpu: 1 (or all) for that service; in plain Compose a reservation with driver, count and capabilities: " +
      "[gpu]",
      "Set NVIDIA_DRIVER_CAPABILITIES=compute,utility,video for it, if the image sets less",
      guestFix("Check that a container gets the GPU", "docker run --rm --gpus all ubuntu nvidia-smi"),
      "Outside of a container: install the driver's libraries too (libnvidia-compute, libcuda1, nvidia-utils)",
      "While an image is built there is no GPU: start that program when the container runs; if the build has to " +
      "start " +
      "it: in that step link libcuda.so.1 to /usr/local/cuda/lib64/stubs/libcuda.so (devel image), and remove the link",
    ],
    [
      "guest.cuda",
      "cause",
      /libcuda\.so cannot found!/,
      "Triton does not find libcuda: the container got no GPU, or the loader's list in the image does not have the " +
      "folder that the driver's library is in",
      guestFix("Check that a container gets the GPU", "docker run --rm --gpus all ubuntu nvidia-smi"),
      "Check in the container: ldconfig -p | grep libcuda; without it: find / -name 'libcuda.so*', then ldconfig " +
      "FOLDER",
      "Newer releases of Triton: TRITON_LIBCUDA_PATH=FOLDER in the service's environment",
    ],
  ]),
  ...rows({
    layer: "image",
    near: videoWords,
    source: "ffmpeg (ffmpeg_dec.c, ffmpeg_hw.c); zoriya/Kyoo#647 (2024-10), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      anyOf(
        /No device available for (?:encoder|decoder): device type \w|Hardware device setup failed for/,
        /\w hwaccel requested for input stream .{1,12}, but cannot be initialized/,
      ),
      "FFmpeg could not open the card for that stream: its lines above say why; without any, the container has no " +
      "card, or a card of another maker than the one that is asked for",
      "NVIDIA (cuda, cuvid): gpu: for that service, with NVIDIA_DRIVER_CAPABILITIES=compute,utility,video",
      "Intel (qsv) and AMD (vaapi): devices: [/dev/dri] and group_add: [render, video]; WSL passes neither on",
      guestFix("Check which cards' nodes are there", "ls -l /dev/dri /dev/nvidia0"),
    ],
  ]),
  ...rows({
    layer: "image",
    source: "FlashAttention, xFormers; sgl-project/sglang-omni#160 (2026-03)",
  }, [
    [
      "guest.cuda",
      "cause",
      anyOf(
        /flash[-_]attention\S{0,40}\/hopper|flash_fwd_launch_template|flash_attn.{0,80}(?:no kernel image|invalid argument)/,
        /FA3 is only supported on devices with compute capability/,
      ),
      "FlashAttention 3 has code for Hopper (H100, H200) only, and the card is another",
      "vLLM: VLLM_ATTENTION_BACKEND=FLASHINFER (or --attention-backend); SGLang: --attention-backend flashinfer or " +
      "triton",
      "ComfyUI: start it with --use-pytorch-cross-attention; other programs: an image made for the card",
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const log = guestFix("Read the service's log from its start on", "docker compose logs --no-color");
const smi = guestFix("Show the GPU's memory, and who uses it", "nvidia-smi");
const source = "llama.cpp (common, src, tools/server, ggml), LocalAI (pkg/model, core/gallery), read 2026-11";

/** Messages of llama.cpp's server about its options and models, and of LocalAI, which starts such programs. */
export const llamaCppFailures = (): Failure[] =>
  rows({ layer: "image", source }, [
    [
      "verify.service",
      "symptom",
      /failed to allocate [\d.,]{1,12} MiB of pinned memory(?!: no CUDA-capable)/,
      "llama.cpp could not pin memory of the host for the GPU, and takes ordinary memory: it is slower, and goes on",
      "Give the machine more memory, or let the service lock more (ulimits: memlock: -1)",
    ],
    [
      "verify.service",
      "cause",
      /V cache quantization requires flash_attn|quantized V cache was requested, but this requires Flash Attention/,
      "a quantized cache (-ctv, --cache-type-v) needs flash attention, which is off",
      "Add -fa on (older releases: -fa), or leave --cache-type-v out",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /draft model (?:special tokens|vocab(?: type)?) must (?:closely )?match target model/,
        /mismatch between text model \(n_embd = \d{1,6}\) and mmproj/,
      ),
      "two files of models that must belong together do not: the draft model or the projector (mmproj) is for " +
      "another model",
      "Take both from the same model's page: --mmproj of the same size, a draft model of the same family",
    ],
    [
      "verify.service",
      "cause",
      /image input is not supported - hint|you may need to provide the mmproj/,
      "the model was started without its projector, which it needs for images",
      "Add --mmproj FILE (or -hf NAME, which fetches it), and use a model that accepts images",
    ],
    [
      "verify.service",
      "cause",
      /tools param requires --jinja|(?:chat|custom) template is not supported(?:: |, try using --jinja)/,
      "the server was started without the chat template that tools or this model need",
      "Add --jinja to its command, or name a template: --chat-template chatml",
    ],
    [
      "guest.cuda",
      "cause",
      /GGML_USE_(?:SYCL|CUDA|HIP|VULKAN|METAL) not enabled/,
      "this build of the program has no code for that kind of GPU, so it computes on the CPU or stops",
      "Use the image or build for the card: CUDA (NVIDIA), ROCm (AMD), SYCL or Vulkan (Intel)",
    ],
    [
      "verify.service",
      "cause",
      /built without CURL, cannot download|HTTPS is not supported\. Please rebuild/,
      "this build of llama.cpp cannot download models",
      "Use the project's own image (ghcr.io/ggml-org/llama.cpp:server-cuda), or fetch the file and give it with -m",
    ],
    [
      "verify.service",
      "symptom",
      /\bin function ggml_backend_cuda_device_get_memory\b/,
      "the driver does not tell the program how much memory the card has: it is too old for the program's CUDA or " +
      "ROCm, or does not support this card",
      guestFix("Read what the driver says", "dmesg --level err,warn"),
      "ROCm: use a newer kernel (or amdgpu-dkms) in the VM; NVIDIA: a newer driver branch (driver: {branch: …})",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /ggml_abort\+0x|ggml_print_backtrace\+0x/,
        /GGML_ASSERT(?:\(|: )(?!fp|x\))|(?:ggml|llama)[\w./-]{0,60}\.(?:cuh?|c|cpp|m):\d{1,5}: fatal error/,
      ),
      "llama.cpp stopped at a check of its own (GGML_ASSERT, or the line above the backtrace): this release cannot " +
      "compute that model, quantization or option on this card",
      log,
      "Use a newer tag of the image; try without flash attention, speculation and a quantized cache, and a model " +
      "from " +
      "another source",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /llama-server \S{0,20} ?exited with (?:status )?code \d|model runner crashed|Inference server exited with code/,
      ),
      "the server that this program started for the model ended; its own lines say why",
      log,
      smi,
      "Start that command by hand in the container, without --log-disable, to see them",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /could not load model: rpc error: code = (?:Unavailable desc = error reading from server|Canceled)|rpc error: code = Unavailable desc = connection error: .{0,80}127\.0\.0\.1/,
        /could not load model \(no success\): |grpc service not ready|failed starting\/connecting to the gRPC service|Backend process exited unexpectedly/,
      ),
      "LocalAI's backend, the process that computes, ended or did not start; its own lines say why",
      "Set DEBUG=true for that service, and read the lines of the backend (stderr) before this one",
      "Most often: the GPU's or the machine's memory is too small, the backend is for another CUDA than the " +
      "driver's, or the VM's CPU model hides AVX2 (libvirt: host-passthrough)",
      smi,
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /grpc process not found: |no grpc backend found for|not a valid backend: run file not found/,
        /no backend found with (?:name|capabilities)|backend not found: [\w-]{2,60}/,
      ),
      "LocalAI has no such backend: it is not installed, is misspelt, or this image (core, CPU) lacks it",
      "Install it (local-ai backends install NAME, or in the web page), or correct its name in the model's file",
      "Keep the folder of backends in a volume (/backends), so that it outlives the container",
    ],
    [
      "verify.service",
      "symptom",
      /VRAM is less than 4GB, defaulting to CPU/,
      "LocalAI computes on the CPU: it sees a GPU of less than 4 GB, or none",
      "Write gpu: 1 (or all) for that service, and use the image for its maker (latest-gpu-nvidia-cuda-12 or -13)",
      smi,
    ],
    [
      "verify.service",
      "note",
      /\[WatchDog\] .{1,80} is (?:busy|idle) for too long, killing it/,
      "LocalAI's watchdog ended a model on purpose, because it was idle or busy for long",
      "Raise LOCALAI_WATCHDOG_BUSY_TIMEOUT (or _IDLE_TIMEOUT) for that service, if this comes too soon",
    ],
  ]);

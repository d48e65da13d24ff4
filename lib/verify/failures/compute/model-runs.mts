import type { Failure } from "../types.mts";
import { anyOf } from "../../../text.mts";
import { gpuProgramWords } from "./image-builds.mts";
import { rows } from "../rows.mts";

/** Errors of programs that compute on the GPU while they run: the CPU, memory and kinds of numbers that they need. */
export const modelRunFailures = (): Failure[] =>
  rows({
    layer: "image",
    near: gpuProgramWords,
    source: "CTranslate2, ComfyUI, PyTorch, vLLM, SGLang (their messages), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /Requested \w{3,16} compute type, but the target device/,
        /cuBLAS failed with status CUBLAS_STATUS_NOT_SUPPORTED/,
      ),
      "the program (CTranslate2, faster-whisper) cannot compute with that kind of number on this GPU",
      "Set its compute type to one that the GPU has (int8 or float32 before RTX; float16 on RTX); update it " +
      "for RTX 50",
    ],
    [
      "verify.service",
      "cause",
      /cudaMallocAsync does not yet support|most likely does not support cuda-malloc|Cannot use cudaMallocAsync/,
      "the program takes the GPU's memory by cudaMallocAsync, which this card, driver or task does not support",
      "ComfyUI: --disable-cuda-malloc; PyTorch: remove backend:cudaMallocAsync from PYTORCH_CUDA_ALLOC_CONF",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /\bIllegal instruction\b(?! was encountered)/,
        /signal: illegal instruction|shutdown with signal 4\b|SIGILL|exitcode: -4\b/,
        /built for CPUs supporting at least the AVX\w{0,4} instruction set, but/,
      ),
      "the program uses instructions (AVX, AVX2) that the VM's CPU model or the CPU itself does not have",
      "Pass the host's CPU through (libvirt: host-passthrough; Proxmox: cpu: host), then stop and start the VM",
      "If the CPU itself lacks them (see flags in /proc/cpuinfo): use a build without AVX",
    ],
    [
      "verify.service",
      "note",
      /SHMEM allocation limit is set to the default of 64 ?MB/,
      "NVIDIA's image says that the container has Docker's default of shared memory (64 MiB), which is enough as " +
      "long " +
      "as no program reports a bus error or too little of it",
      'Give the service more if one does: shm_size: "8gb", or ipc: host',
    ],
    [
      "verify.service",
      "cause",
      /A tensor with (?:all )?NaNs was produced/,
      "the numbers of the model became too large for half precision on this card (GTX 16 in particular)",
      "Start it with --no-half-vae, or --no-half (or upcast cross attention to float32 in its settings)",
    ],
    [
      "verify.service",
      "cause",
      /Error in memory profiling\. {1,2}Initial free memory/,
      "another program changed the GPU's free memory while vLLM measured it",
      "Start the services one after the other (depends_on with condition: service_healthy), or give each its own GPU",
    ],
    [
      "verify.service",
      "cause",
      /Not enough memory\. Please try to (?:increase|decrease) --mem-fraction-static/,
      "SGLang's part of the GPU's memory does not hold the model and its cache",
      "Follow the message with --mem-fraction-static (0 to 1), or use a smaller or more quantized model",
    ],
    [
      "host.memory",
      "cause",
      anyOf(
        /scheduler died during initialization \(exit code: -9\)/,
        /(?:llama runner|llama-server|model runner)\b.{0,40}(?:has )?terminated: signal: killed/,
      ),
      "the kernel ended the program because the VM's memory (not the GPU's) ran out",
      "Give the machine more (memory:), or use a smaller or more quantized model",
    ],
  ]);

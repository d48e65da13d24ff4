import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const words = /ollama|pulling manifest|llm server|\/load": |llama.?(?:server|runner)|source=\w{2,20}\.go/i;
const smi = guestFix("Show the driver's release and the newest CUDA that it knows", "nvidia-smi");
const log = guestFix("Read the lines above it in the service's log", "docker compose logs --no-color --tail 80");

/** Messages of Ollama's server, which names why it leaves a GPU out or why a model does not load. */
export const ollamaFailures = (): Failure[] => [
  ...rows({ layer: "image", near: words, source: "ollama/ollama (discover, llm, server), read 2026-11" }, [
    [
      "guest.cuda",
      "cause",
      /NVIDIA driver too old|your nvidia driver is too old or missing|could not verify NVIDIA driver compatibility/,
      "Ollama leaves the GPU out and computes on the CPU: the driver is older than Ollama's CUDA needs",
      smi,
      "Write a newer driver branch (driver:) and rebuild the box, or use an older tag of the image",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /symbol lookup for cu\w{4,40} failed: \S{0,80}libcuda/,
        /libcuda\.so[\d.]{0,14}: undefined symbol: cu[A-Z]\w{3,40}/,
      ),
      "the driver is older than the program: its libcuda lacks a function that the program calls",
      smi,
      "Write a newer driver branch (driver:) and rebuild the box, or use an older tag of the image",
    ],
    [
      "guest.driver",
      "cause",
      /AMD driver is too old\. Update your AMD driver/,
      "Ollama leaves the AMD card out: the machine's amdgpu driver is older than Ollama's ROCm needs",
      "Use a newer kernel (or amdgpu-dkms) in the VM, or an older tag of the image",
    ],
    [
      "guest.cuda",
      "cause",
      /skipping CUDA device.{1,5}compute capability not in compiled/,
      "Ollama leaves the GPU out: its build has no code for a GPU of this generation",
      "Use a newer tag of the image for a new GPU, or an older one for an old GPU (CUDA 13 has no code " +
      "for Pascal and Volta)",
    ],
    [
      "verify.service",
      "cause",
      /dropping ROCm device.{1,5}no rocblas support for gfx/,
      "Ollama leaves the AMD card out: its ROCm has no code for this chip",
      "For a chip next to a supported one: set HSA_OVERRIDE_GFX_VERSION; otherwise set OLLAMA_VULKAN=1 for Vulkan",
    ],
    [
      "verify.service",
      "note",
      /dropping integrated GPU; to enable/,
      "Ollama leaves the CPU's own graphics out, as it does by default",
      "If it is to compute there: set OLLAMA_IGPU_ENABLE=1 for that service",
    ],
    [
      "verify.service",
      "cause",
      /llama-server reported out-of-memory during startup|predicted usage exceeds VRAM|runtime OOM detected; expiring|model requires [\d.]{1,8} [KMG]i?B but only [\d.]{1,8} [KMG]i?B are available|unable to load full model on GPU/,
      "the model does not fit into the GPU's memory: Ollama puts a part of it on the CPU, or does not load it",
      guestFix("Check what uses the GPU's memory", "nvidia-smi"),
      "Use a smaller or more quantized model, a shorter context (OLLAMA_CONTEXT_LENGTH), or fewer models " +
      "at once (OLLAMA_MAX_LOADED_MODELS=1)",
    ],
    [
      "host.memory",
      "cause",
      /model is too large for system memory/,
      "the model does not fit into the memory of the VM, where Ollama puts what the GPU does not take",
      "Give the machine more (memory:), or use a smaller or more quantized model",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /llama-server process (?:has terminated|no longer running)|timed out waiting for llama-server/,
        /model runner has unexpectedly stopped|model failed to load, this may be due to resource limitations/,
        /do load request: Post "http|error starting llama-server: llama-server binary not found/,
      ),
      "the process of Ollama that computes the model ended or did not start; its own lines above say why",
      log,
      guestFix("Show the GPU's memory", "nvidia-smi"),
    ],
    [
      "verify.service",
      "note",
      /user overrode visible devices|if GPUs are not correctly discovered, unset/,
      "Ollama was given CUDA_VISIBLE_DEVICES or a like variable, which can hide the GPU",
      "If it finds no GPU: remove that variable from the service's environment",
    ],
    [
      "guest.image",
      "cause",
      /no longer compatible with your version of Ollama|requires a newer version of Ollama/,
      "this Ollama is too old for the model",
      "Use a newer tag of its image, and pull the model again (ollama pull NAME)",
    ],
    [
      "guest.image",
      "symptom",
      /this model may be incompatible with your version of Ollama/,
      "Ollama's server for the model did not load it: this Ollama is older than the model, or the words before this " +
      "advice and the lines above say why (memory, a damaged file)",
      "Use a newer tag of its image, and pull the model again (ollama pull NAME)",
      smi,
    ],
    [
      "guest.image",
      "cause",
      /split GGUF "?[^"\n]{1,120}"? (?:is missing shard|has \d{1,3} shards, expected)|supplied file was not in GGUF format/,
      "the model's file is not whole or not in GGUF: one of its parts (…-00001-of-0000N.gguf) is missing, or " +
      "it is of " +
      "another kind",
      "Put all parts into one folder, and name the first in the Modelfile (FROM); take a model in GGUF",
    ],
    [
      "guest.image",
      "cause",
      /model ['"][^'"]{1,80}['"] not found|pull model manifest: file does not exist/,
      "Ollama does not have that model, or none has that name",
      "Pull it in the service's container (ollama pull NAME), and keep its folder /root/.ollama in a volume",
    ],
    [
      "verify.service",
      "symptom",
      /unexpected server status: llm server (?:loading model|not responding)/,
      "Ollama gave up waiting: the model was still being read from the disk, or did not fit and went to the CPU",
      "Raise OLLAMA_LOAD_TIMEOUT (10m) for that service, and keep models on a fast disk",
      smi,
    ],
    [
      "verify.service",
      "note",
      /amdgpu version file missing/,
      "the kernel's own amdgpu driver is used instead of AMD's package, which is not a fault",
      "Look for another error",
    ],
    [
      "verify.service",
      "cause",
      /\.ollama\/\S{0,120}: permission denied/,
      "Ollama is not allowed to use its folder: its volume belongs to another user than the one that the service " +
      "runs as",
      guestFix("Check its owner, in the service's container", "docker compose exec SERVICE ls -ln /root/.ollama"),
      "Remove user: from that service (the image runs as root), or give the folder to that user (chown -R)",
    ],
    [
      "guest.image",
      "cause",
      /this model requires MLX support/,
      "that variant of the model is for Apple's processors only (MLX)",
      "Pull a variant in GGUF: see the model's tags on Ollama's page",
    ],
    [
      "guest.image",
      "cause",
      /digest mismatch, file must be downloaded again/,
      "a file of the model was downloaded damaged",
      "Pull it again (ollama pull NAME); if it happens again: the disk is full, or a proxy changes downloads",
    ],
    [
      "verify.service",
      "cause",
      /maximum pending requests exceeded/,
      "Ollama gets more requests than it queues",
      "Raise OLLAMA_MAX_QUEUE or OLLAMA_NUM_PARALLEL for that service, or send fewer at once",
    ],
  ]),
  ...rows({ layer: "docker", near: words, source: "ollama/ollama (discover/runner.go), read 2026-11" }, [
    [
      "verify.service",
      "symptom",
      anyOf(
        /failure during (?:llama-server )?GPU discovery/,
        /GPU discovery watchdog timed out|failed to finish discovery before timeout/,
      ),
      "Ollama's search for GPUs crashed or took too long, so it computes on the CPU",
      "Set OLLAMA_DEBUG=1 for that service, and read what its search prints",
      smi,
      "AMD: a chip that its ROCm does not know crashes here; set HSA_OVERRIDE_GFX_VERSION, or use Vulkan " +
      "(OLLAMA_VULKAN=1)",
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { cudaErrors } from "./cuda-names.mts";
import { imageBuildFailures } from "./image-builds.mts";
import { modelRunFailures } from "./model-runs.mts";
import { ncclFailures } from "./nccl.mts";
import { programEndFailures } from "./program-ends.mts";
import { programInputFailures } from "./program-inputs.mts";
import { serviceWords } from "../services/script-lines.mts";

/** Errors of programs in a container that compute on the GPU: PyTorch, vLLM, llama.cpp, Ollama. */
export const programFailures = (): Failure[] => [
  ...ncclFailures(),
  ...imageBuildFailures(),
  ...modelRunFailures(),
  ...programEndFailures(),
  ...programInputFailures(),
  {
    pattern: anyOf(
      /CUDA out of memory|torch\.(?:cuda\.)?OutOfMemoryError|cudaMalloc failed: out of memory|Cuda Runtime \(out of memory\)/,
      cudaErrors(2),
      /ggml_backend_cuda_buffer_type_alloc_buffer: allocating/,
      /unable to allocate CUDA\d{1,2} buffer|failed to allocate (?:buffer for kv cache|compute \w{0,4} ?buffers)/,
      /\[TRT\].{0,120}Error Code 2: OutOfMemory/,
      /larger than the available KV cache memory/,
      /RESOURCE_EXHAUSTED: Out of memory|ResourceExhaustedError: OOM|OOM when allocating tensor/,
      /No available memory for the cache blocks/,
      /larger than the maximum number of tokens that can be stored in KV cache/,
      /Free memory on device .{0,60} is less than desired GPU memory utilization/,
      /CUDA failed with error out of memory|failed to allocate CUDA\d{1,2} buffer|fail to allocate CUDA resources/,
      /Insufficient VRAM (?:in split )?for model|Not enough memory to handle (?:`max_|\d{1,8} prefill)/,
      /(?:out of|not enough|insufficient) (?:free )?(?:GPU|video|device) (?:and shared host )?memory(?! access)/,
      /Out of memory allocating [\d,]{4,20} bytes|would exceed allowed memory|out_of_memory: CUDA error/,
      /Triton Error \[CUDA\]: out of memory|Got an OOM, unloading all loaded models/,
      /Failed to allocate memory for requested buffer of size|VRAM reservation failed|HostBuffer\.read_file_slice failed/,
    ),
    check: "verify.service",
    layer: "image",
    message: "the model does not fit into the GPU's free memory",
    fix: [
      guestFix("Check what uses it", "nvidia-smi"),
      manualFix(
        "Use a smaller or more quantized model, a shorter context or a smaller batch (vLLM: " +
          "--gpu-memory-utilization, --max-model-len)",
      ),
    ],
    source: "CUDA, PyTorch, vLLM, llama.cpp, read 2026-11",
  },
  {
    pattern: anyOf(cudaErrors(101), /Requested GPU \d{1,3}, but only \d{1,3} GPUs available/),
    check: "verify.service",
    layer: "image",
    message: "the program asks for a GPU by a number that the container does not have: it counts its own from 0",
    fix: [
      manualFix("Set CUDA_VISIBLE_DEVICES and the program's device to 0, or give the service more GPUs (gpu: all)"),
      guestFix("List them", "nvidia-smi -L"),
    ],
    source: "CUDA, PyTorch, read 2026-11",
  },
  {
    pattern: anyOf(
      /insufficient shared memory \(shm\)|dataloader's workers are out of shared memory/,
      /creating shared memory segment \/dev\/shm|Failed to increase the shared memory pool size|current SHM size of [\d.]{1,8} ?MB is too small/,
      /unable to open shared memory object <[^>\n]{1,80}>(?! in [\w-]{4,20} mode: Too many)|Unable to initialize shared memory key/,
    ),
    check: "verify.service",
    layer: "image",
    message: "the container's shared memory is too small: Docker gives 64 MiB, and PyTorch, NCCL and Frigate need more",
    fix: [manualFix("Write shm_size: 8gb (or ipc: host) for that service")],
    source: "PyTorch, NCCL, read 2026-11",
  },
  {
    pattern: anyOf(
      /\[Errno 24\] Too many open files|EMFILE: too many open files|\(24: Too many open files\)|Too many open files\. Communication with the workers/,
      /IOException: Too many open files|Os \{ code: 24, kind/,
      /accept tcp \S{1,60}: accept4: too many open files/,
      /unable to open shared memory object <[^>\n]{1,80}> in [\w-]{4,20} mode: Too many open files/,
    ),
    near: new RegExp(`${serviceWords.source}|torch|vllm|(?:site|dist)-packages|safetensors|shared memory object`, "im"),
    check: "verify.service",
    layer: "docker",
    message: "the program has as many files open as its container or service allows it (ulimit -n)",
    fix: [
      manualFix("Write ulimits: {nofile: 65536} for that service, and create the container again"),
      guestFix("Show the container's limit", "docker compose exec SERVICE sh -c 'ulimit -n'"),
      manualFix("A service of systemd: LimitNOFILE=65536 under [Service] (systemctl edit NAME), then restart it"),
      manualFix(
        "If it happens again, the program does not close its files: use fewer workers, or another release " +
          "of it",
      ),
    ],
    source: "CPython, PyTorch (shared memory of DataLoader), Docker Compose (ulimits), read 2026-11",
  },
  {
    pattern: /Caught signal 7 \(Bus error/,
    check: "verify.service",
    strength: "symptom",
    layer: "image",
    message:
      "the program could not get a page of a file or of shared memory: /dev/shm of the container (64 MiB by default) " +
      "or its disk is full, or a mapped file was cut",
    fix: [
      guestFix("Check what is full", "docker compose exec SERVICE df -h"),
      manualFix("If /dev/shm is: write shm_size: 8gb (or ipc: host) for that service"),
    ],
    source: "UCX (ucs/debug), Linux (signal(7)), read 2026-11",
  },
  {
    pattern: anyOf(
      /NCCL error in: |ncclUnhandledCudaError|ncclInternalError/,
      /NCCL WARN|ncclSystemError|ncclRemoteError|ncclInvalidUsage|ncclInvalidArgument|NCCL error/,
    ),
    check: "verify.service",
    strength: "symptom",
    layer: "image",
    message: "the GPUs of this container could not exchange data (NCCL); its line “Last error” says why",
    fix: [
      manualFix("Set NCCL_DEBUG=INFO for that service, and read its first WARN"),
      manualFix("In a VM without peer to peer: set NCCL_P2P_DISABLE=1; give the service shm_size: 8gb"),
    ],
    source: "PyTorch (NCCL), read 2026-11",
  },
  {
    pattern: /Engine core initialization failed|EngineCore failed to start/,
    check: "verify.service",
    strength: "symptom",
    layer: "image",
    fallback: true,
    message: "vLLM's engine ended at its start: its own error is further up in its log",
    fix: [
      guestFix("Read the service's whole log", "docker compose logs --no-color"),
      manualFix("RTX 50: use an image of vLLM 0.9.2 or later, with CUDA 12.8"),
    ],
    source: "vLLM; vllm-project/vllm#14452 (2025-07), #21028 (2025-07)",
  },
  {
    pattern: anyOf(
      /undefined symbol: _ZN\d{0,3}\w{0,4}(?:c10|torch|at\d|tensorrt_llm)/,
      /undefined symbol: \S{0,8}(?:nvJitLink|cudnn|cublas|nccl)/,
    ),
    check: "guest.cuda",
    layer: "image",
    message: "a program's compiled part was built for another PyTorch or CUDA than the one in the image",
    fix: [
      manualFix("Use an image in which all come from one release, or install that part again for this PyTorch"),
      manualFix("nvJitLink, cuDNN: remove the host's or a second CUDA from LD_LIBRARY_PATH"),
    ],
    source: "glibc's loader, PyTorch, read 2026-11",
  },
  {
    pattern: anyOf(
      /FlashAttention only supports \w{1,12} GPUs or newer/,
      /Bfloat16 is only supported on GPUs with compute capability/,
      /SGLang only supports sm\d{2} and above/,
      /is too old to be supported by the triton GPU compiler|type fp8\w{2,6} not supported in this architecture/,
    ),
    check: "verify.service",
    layer: "image",
    message:
      "the program uses what this GPU is too old for (bfloat16, FlashAttention 2: from RTX 30 on; FP8: from RTX 40 on)",
    fix: [manualFix("vLLM: --dtype half; others: turn FlashAttention off (attention: sdpa), or use a newer GPU")],
    source: "FlashAttention, vLLM, read 2026-11",
  },
  {
    pattern: /Failed to find C compiler/,
    check: "verify.service",
    layer: "image",
    message: "the image has no C compiler, which Triton (torch.compile, vLLM) needs to build its kernels",
    fix: [
      manualFix(
        "Install gcc (and python3-dev) in the image, or use a devel image; vLLM: --enforce-eager does not need it",
      ),
    ],
    source: "PyTorch, Triton, read 2026-11",
  },
  {
    pattern: anyOf(
      /(?:Cannot access|trying to access a) gated repo|GatedRepoError/,
      /Access to model \S{3,120} is restricted/,
    ),
    check: "verify.service",
    layer: "image",
    message: "Hugging Face gives this model only to accounts that accepted its licence",
    fix: [manualFix("Accept it on the model's page, and set HF_TOKEN for that service to a token that may read it")],
    source: "huggingface_hub, read 2026-11",
  },
  {
    pattern: anyOf(
      /couldn't connect to '?https:\/\/huggingface\.co'? to load/,
      /Max retries exceeded.{0,80}huggingface|huggingface\.co'?, port=443\)/,
    ),
    check: "verify.service",
    layer: "network",
    message:
      "the program cannot fetch its model from Hugging Face: the VM or container has no way to the internet or no " +
      "name server, or it is set to offline (HF_HUB_OFFLINE)",
    fix: [
      guestFix("Check whether containers reach it", "docker run --rm curlimages/curl -sI https://huggingface.co"),
      manualFix("Or fetch the model first, and keep its folder (~/.cache/huggingface) in a volume"),
    ],
    source: "huggingface_hub, Transformers, read 2026-11",
  },
  {
    pattern: anyOf(
      /failed to open GGUF file|\.gguf'?: (?:No such file|cannot open)|failed to open \S{1,200}\.gguf/,
      /(?:model|checkpoint) (?:file|path) \S{1,200} (?:does not exist|not found|is not a (?:file|directory))/i,
    ),
    check: "verify.service",
    layer: "image",
    message: "the model's file is not at that path in the container, or the program is not allowed to read it",
    fix: [
      manualFix("Mount its folder (volumes: [./models:/models:ro]), and name it by its path in the container"),
      guestFix("Check what the container has", "docker compose config --volumes"),
    ],
    source: "llama.cpp; ggml-org/llama.cpp#15919 (2025-09)",
  },
  {
    pattern:
      /no backends are loaded\. hint: use ggml_backend_load|failed to find ggml_backend_init|make_cpu_buft_list: no CPU backend found/,
    check: "verify.service",
    layer: "image",
    message: "llama.cpp finds none of its libraries that compute (libggml-cuda, libggml-cpu): its image is " +
      "incomplete, or the program was copied without them",
    fix: [
      manualFix("Use the project's own image (ghcr.io/ggml-org/llama.cpp:server-cuda), or copy all of build/bin"),
    ],
    source: "llama.cpp; tc-mb/llama.cpp-omni#3 (2026-02)",
  },
  {
    pattern: anyOf(
      /model requires more system memory \(|you may not have enough (?:available )?memory to run this model/,
      /unable to mmap \d{1,16} bytes from file|OSError: \[Errno 12\] Cannot allocate memory/,
      /unable to allocate CPU buffer|failed to allocate CPU buffer of size/,
      /DefaultCPUAllocator: can't allocate memory|Unable to allocate [\d.]{1,8} [KMGT]iB for an array with shape/,
    ),
    check: "host.memory",
    layer: "image",
    message: "what the program loads (a model, data) does not fit into the free memory of the machine or container",
    fix: [manualFix("Give the machine more (memory:), or use a smaller or more quantized model")],
    source: "Ollama, PyTorch (c10/core/impl/alloc_cpu), NumPy, read 2026-11",
  },
  {
    pattern:
      /llama runner process (?:has terminated|no longer running)|CUDNN_STATUS_(?:NOT_INITIALIZED|INTERNAL_ERROR)/,
    check: "verify.service",
    strength: "symptom",
    layer: "image",
    fallback: true,
    message:
      "the program that computes the model ended: most often GPU memory ran out, or its CUDA does not fit the driver",
    fix: [
      guestFix("Read the service's whole log", "docker compose logs --no-color"),
      guestFix("Show the GPU's memory and the driver's CUDA", "nvidia-smi"),
    ],
    source: "Ollama, cuDNN, read 2026-11",
  },
  {
    pattern: /error while loading shared libraries: lib(?:ggml|mtmd|llama\.)/,
    check: "verify.service",
    strength: "symptom",
    layer: "image",
    fallback: true,
    message: "llama.cpp does not start: a library of its own is missing, so its image is incomplete",
    fix: [
      guestFix("Read the service's whole log", "docker compose logs --no-color"),
      manualFix(
        "Use the project's own image (ghcr.io/ggml-org/llama.cpp:server-cuda)",
      ),
    ],
    source: "llama.cpp; lemonade-sdk/lemonade#2879 (2026-08), EvilFreelancer/docker-llama.cpp-rpc#1 (2025-03)",
  },
];

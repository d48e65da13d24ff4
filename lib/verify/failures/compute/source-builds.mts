import type { Failure } from "../types.mts";
import { anyOf } from "../../../text.mts";
import { gpuProgramWords } from "./image-builds.mts";
import { rows } from "../rows.mts";

/** Words of programs and packages that are built for the GPU. */
const buildWords = new RegExp(
  `${gpuProgramWords.source}|flash.?attn|xformers|sage.?attention|mamba|causal.?conv1d|deepspeed|apex|` +
    "failed to solve|did not complete successfully|vendor/|\\bpip\\b|\\bwheels?\\b",
  "i",
);
const list = "Set TORCH_CUDA_ARCH_LIST=12.0 (RTX 50), 8.9 (RTX 40) or 8.6 (RTX 30) for that step";

/** Builds of packages and programs for the GPU from their sources (setup.py, CMake, nvcc), by cause. */
export const sourceBuildFailures = (): Failure[] => [
  ...rows({
    layer: "image",
    near: buildWords,
    source: "flash-attention, mamba, causal-conv1d, SageAttention (their setup.py, 2026-08), CMake 3.31, glibc 2.41; " +
      "NVIDIA/cuda-samples#378 (2025-07), ggml-org/llama.cpp#10844 (2024-12)",
  }, [
    [
      "guest.cuda",
      "cause",
      anyOf(
        /is only supported on CUDA \d{1,2}\.\d{1,2}(?: and|\+| or)|CUDA \d{1,2}\.\d{1,2} or higher is required to build/,
        /nvcc fatal : Unknown option/,
      ),
      "the package needs a newer CUDA compiler (nvcc) than the image has",
      "Use the devel form of an image with that CUDA (nvidia/cuda:12.8.1-devel-ubuntu24.04); nvcc --version names it",
      "Ubuntu's and Debian's own package nvidia-cuda-toolkit is old: remove it, and set CUDA_HOME to NVIDIA's",
    ],
    [
      "guest.cuda",
      "symptom",
      /nvcc fatal : (?!Unsupported gpu|Unknown option)/,
      "nvcc does not take the arguments that the package's build gives it: the package and this CUDA do not fit each " +
      "other",
      "Use another release of the package, or the CUDA that its page names; better a finished wheel",
    ],
    [
      "guest.cuda",
      "symptom",
      /\w was requested, but nvcc was not found/,
      "no CUDA compiler (nvcc) is here: harmless where pip then downloads a finished wheel, otherwise the build fails",
      "Use the devel form of the image, or install the wheel that fits PyTorch, CUDA and Python by its address",
    ],
    [
      "guest.cuda",
      "symptom",
      /internal compiler error: (?!Killed)/,
      "a compiler crashed: too little or faulty memory if each time elsewhere, otherwise a fault of its release",
      "Build with fewer jobs (MAX_JOBS=2, make -j2) or more memory, and then with another release of the compiler",
    ],
    [
      "guest.cuda",
      "cause",
      /No target compute capabilities\. Set TORCH_CUDA|No GPUs found\. Please specify the target GPU/,
      "the package asks the GPU which card to build for, and a build of an image has no GPU",
      list,
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /exception specification is incompatible with that of previous function "(?:cospi|sinpi|rsqrt)/,
        /identifier "__builtin_ia32_\w{4,30}" is undefined/,
      ),
      "the CUDA toolkit is older than the system's C library or compiler: their headers do not fit each other",
      "Build in NVIDIA's devel image for the wanted CUDA (ubuntu22.04, ubuntu24.04), whose parts fit",
      "Or use CUDA 13.0 or later with glibc 2.41 (Debian 13, Ubuntu 25.04, Fedora 42)",
    ],
    [
      "verify.service",
      "cause",
      /does not appear to contain CMakeLists\.txt|does not contain a CMakeLists\.txt/,
      "CMake was given a folder without the program's source: it was not cloned or not copied into the image, or its " +
      "submodules are empty",
      "Clone it with its submodules (git clone --recursive, or git submodule update --init --recursive), and build " +
      "there",
      "In a Dockerfile: see what COPY and .dockerignore bring in",
    ],
    [
      "guest.image",
      "cause",
      /CMake \d\.\d{1,2}(?:\.\d{1,2})? or higher is required/,
      "the program needs a newer CMake than the image has",
      "Install it: pip install --upgrade cmake; or use a newer base image",
    ],
    [
      "guest.image",
      "cause",
      /FindPackageHandleStandardArgs\.cmake:\d{1,4} \(message\): Could NOT find (?!CUDA)\w{2,30}/,
      "the program is built with a library or program that is not in the image: the line behind it names it",
      "Install its development package (CURL: libcurl4-openssl-dev, OpenSSL: libssl-dev, NCCL: libnccl-dev, Vulkan: " +
      "libvulkan-dev and glslc), or turn that part off as the message says",
    ],
  ]),
];

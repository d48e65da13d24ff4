import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { cudaErrors } from "./cuda-names.mts";
import { newestCuda, nvidiaWords, rebuildBox } from "../fixes.mts";

const newerImage = manualFix(
  "Use an image built with CUDA 12.8 or later (PyTorch: a cu128 build, 2.7 or later) for RTX 50",
);

/** Errors of images whose CUDA, PyTorch or libraries do not fit the VM's driver or GPU. */
export const cudaImageFailures = (): Failure[] => [
  {
    pattern: /Library lib(?:cublas|cudnn|cudart)\w{0,12}\.so[\d.]{0,8} is not found or cannot be loaded/,
    check: "guest.cuda",
    layer: "image",
    message:
      "the program (CTranslate2, faster-whisper) does not find CUDA's libraries in that major release in its image",
    fix: [
      manualFix(
        "Install them too: pip install nvidia-cublas-cu12 nvidia-cudnn-cu12, and add their folders to " +
          "LD_LIBRARY_PATH",
      ),
      manualFix("Or use an image with CUDA's runtime of that release and cuDNN (nvidia/cuda:12…-cudnn-runtime)"),
    ],
    source: "OpenNMT/CTranslate2, SYSTRAN/faster-whisper#516 (2023-10)",
  },
  {
    pattern: /Torch not compiled with CUDA enabled/,
    check: "guest.cuda",
    layer: "image",
    message:
      "the PyTorch that the program uses is a build without CUDA: pip or an extension replaced it, or took the one " +
      "for the CPU",
    fix: [
      manualFix(
        "Install the build with CUDA again: pip install --force-reinstall torch --index-url " +
          "https://download.pytorch.org/whl/cu128",
      ),
      manualFix(
        "For AMD or Intel: take the index for rocm or xpu, or start the program with its option for that maker",
      ),
    ],
    source: "PyTorch (torch/cuda/__init__.py); Comfy-Org/ComfyUI#2427 (2024-01)",
  },
  {
    pattern: anyOf(
      /Minimum and Maximum cuda capability supported by this version of PyTorch/,
      /which is of cuda capability \d{1,2}\.\d/,
      /Please install PyTorch with a following CUDA configurations/,
    ),
    near: nvidiaWords,
    check: "guest.cuda",
    layer: "image",
    message:
      "the image's PyTorch has no code for a GPU of this generation: new builds leave old cards out (below 7.0, " +
      "with CUDA 12.8 and later), and old builds do not know new ones (12.0)",
    fix: [
      manualFix("GTX 900, 1000 and older: use a build for CUDA 12.6 (cu126), or an image with PyTorch 2.7 or older"),
      manualFix("RTX 50: use a build for CUDA 12.8 or later (cu128)"),
    ],
    source: "PyTorch (torch/cuda/__init__.py); mmartial/ComfyUI-Nvidia-Docker#61 (2025-08)",
  },
  {
    pattern: /No supported GPU\(s\) detected to run this container/,
    check: "verify.service",
    layer: "image",
    message:
      "NVIDIA's image finds no GPU that it supports: the container got none, another process has it for itself " +
      "(MPS), or the image is too old or too new for this GPU",
    fix: [
      manualFix("Write gpu: 1 (or all) for that service; plain Docker: --gpus all"),
      guestFix("Check what a container sees of the GPU", "docker run --rm --gpus all ubuntu nvidia-smi"),
      manualFix("If it lists nvidia-cuda-mps-server or the mode E. Process: end that, or nvidia-smi -c DEFAULT"),
      newerImage,
    ],
    source: "nvcr.io images (entrypoint); triton-inference-server/server#135 (2019-03), #2562 (2021-02)",
  },
  {
    pattern: anyOf(
      /with CUDA capability sm_\d{2,3} is not compatible with the current PyTorch/,
      /(?<!HIP error: |ROCm error: )no kernel image is available for execution on/,
      cudaErrors(200, 209, 218, 300),
      /Unsupported gpu architecture 'compute_\d{2,3}'/,
      /nvcc fatal : Unsupported gpu architecture(?! 'compute_')|Value 'sm_\d{2,3}\w?' is not defined for option 'gpu-name'/,
      /No supported CUDA architectures found for major versions|Unknown CUDA arch \(1[02]\.\d\)/,
      /CUDA kernel \S{1,60} has no device code compatible with CUDA arch/,
      /GPU, which is not yet supported in this version of the container/,
      /compute cap \d{2,3} is not (?:compatible with compile time compute cap|supported)/,
      /CUDA \d{2}\.\d (?:or higher )?is required for compute capability/,
      /binary kernel for this graphics card .{0,40}not found/,
      /device kernel image is invalid|\bsm_\d{2,3}\w?\b.{0,30} (?:not supported|unsupported)/,
      /(?<!HIP error: |ROCm error: )invalid device function|cudaErrorInvalidDeviceFunction/,
    ),
    check: "guest.cuda",
    layer: "image",
    message:
      "the image has no code for this GPU: its CUDA or PyTorch is older than the GPU (RTX 50, sm_120, needs CUDA " +
      "12.8), or no longer supports so old a one (Pascal, Volta)",
    fix: [
      newerImage,
      manualFix(
        "For an old GPU (Pascal, Volta): use PyTorch's build for CUDA 12.6 (cu126), or an image of CUDA 12.6 or " +
          "older; CUDA 13 has no code for it",
      ),
    ],
    source: "CUDA, PyTorch; NVIDIA/personaplex#23 (2026-01), ashleykleynhans/a1111-docker#11 (2026-01)",
  },
  {
    pattern:
      /Driver does not support the required nvenc API version|(?<!Cannot load libnvidia-encode\S{1,8}\n.{0,120})The minimum required Nvidia driver for nvenc is/,
    check: "guest.cuda",
    layer: "image",
    message: "the program's video encoder (NVENC) needs a newer driver than the VM has",
    fix: [
      manualFix(`Write a newer driver branch (driver:) ${rebuildBox}: NVENC 13.0 needs 570, 13.1 needs 610`),
      manualFix("Or use an older release of that image or of its ffmpeg"),
    ],
    source: "ffmpeg (nvenc.c), read 2026-11",
  },
  {
    pattern: anyOf(
      /CUDA driver version is insufficient for CUDA runtime/,
      cudaErrors(35),
      /(?:CUDA|Cuda) initialization failure with error:? 35\b/,
    ),
    check: "guest.cuda",
    layer: "image",
    message:
      "the program's CUDA finds no driver that is new enough: the VM's driver is older, or the container got no GPU " +
      "and so no driver at all",
    fix: [
      manualFix("Check what the container has: docker compose exec SERVICE nvidia-smi"),
      manualFix(
        "If that fails: write gpu: 1 for that service (plain Compose: a reservation of devices; docker run: " +
          "--gpus all)",
      ),
      manualFix(
        "If it works: use an image with the CUDA that it shows or an older one, or a newer driver " +
          "(driver: {branch: …}) and rebuild the box",
      ),
    ],
    source: "CUDA; SYSTRAN/faster-whisper#1229 (2025-01), linuxserver/docker-faster-whisper#4 (2024-01)",
  },
  {
    pattern: anyOf(
      cudaErrors(36, 222),
      /(?:CUDA|Cuda) initialization failure with error:? 222\b/,
      /PTX was compiled with an unsupported toolchain/,
      /The NVIDIA driver on your system is too old/,
      /This container was built for NVIDIA Driver Release/,
      /API call is not supported in the installed CUDA driver/,
      /CUDA driver version is too old/,
    ),
    check: "guest.cuda",
    layer: "image",
    message: "the program's CUDA needs a newer driver than the VM has",
    fix: [
      newestCuda,
      manualFix(
        "Use an image with that CUDA or an older one, or a newer driver (driver: {branch: …}) and rebuild the box",
      ),
    ],
    source: "CUDA, PyTorch, read 2026-11",
  },
  {
    pattern: anyOf(
      cudaErrors(803),
      /system has unsupported display driver \/ cuda driver combination/,
      /Error 500: named symbol not found/,
      /does not match DSO version|kernel version [\d.]{3,12} does not match/,
    ),
    near: nvidiaWords,
    check: "guest.cuda",
    layer: "image",
    message:
      "the libcuda that the container loads is not that of the driver: the image or LD_LIBRARY_PATH has its own, " +
      "or the driver was updated and the VM not rebooted",
    fix: [
      manualFix("Check which is loaded, in the container: ldconfig -p | grep libcuda; remove the image's own"),
      manualFix("Have the container ignore cuda-compat: remove /usr/local/cuda/compat from LD_LIBRARY_PATH"),
      manualFix("If the driver was just updated: reboot the VM, then create the container again"),
      manualFix("In WSL: update Windows' driver, WSL and the toolkit together"),
    ],
    source: "CUDA (driver_types.h); vllm-project/vllm#23655 (2025-08)",
  },
  {
    pattern: anyOf(/forward compatibility was attempted on non supported HW/, cudaErrors(804)),
    near: nvidiaWords,
    check: "guest.cuda",
    layer: "image",
    message:
      "the image brings its own, newer libcuda (cuda-compat), which GeForce cards do not support: the VM's driver " +
      "is older than the image's CUDA",
    fix: [
      newestCuda,
      manualFix("Use a newer driver (driver: {branch: …}) and rebuild the box, or an image with an older CUDA"),
      manualFix("Or have the container ignore it: remove /usr/local/cuda/compat from LD_LIBRARY_PATH"),
      manualFix("If the driver was just updated: reboot the VM, since module and libraries differ until then"),
    ],
    source: "CUDA; oobabooga/textgen#4407 (2023-10), microsoft/onnxruntime#21435 (2024-07)",
  },
  {
    pattern: anyOf(
      /Could not load dynamic library 'libcu\w{2,8}\.so/,
      /CuPy failed to load lib\w{3,20}\.so|third-party dynamic library \(lib\w{3,20}\.so\) that Paddle depends on/,
      /lib(?:cudart|cublas|cublasLt|cudnn\w{0,30}|nvrtc|cusparse|nccl)\.so(?:\.[\d.]{1,8})?: cannot open shared object/,
      /dynamically load the "(?:cublas|cudnn|curand|nvrtc|cusolver|cusparse|nccl)\w{0,4}" shared library|locate zlibwapi\.dll/,
      /Could not load library lib(?:cudnn|cublas|cudart)|Unable to load any of \{lib(?:cudnn|cublas)/,
    ),
    check: "guest.cuda",
    layer: "image",
    message: "a library for CUDA is missing: libcuda comes with the GPU, the others belong into the image (without a " +
      "container: on the library path) in one version",
    fix: [
      manualFix(
        "libcudnn, libcublas, libcudart: use the image's runtime or devel variant, with the version that the " +
          "program wants",
      ),
      manualFix("zlibwapi.dll (cuDNN 8 on Windows): download the one that NVIDIA's guide names, into a folder of PATH"),
    ],
    source: "glibc's loader, TensorFlow, PyTorch, read 2026-11",
  },
  {
    pattern: anyOf(
      /lib(?:cuda|nv[\w-]{2,30})\.so[\d.]{0,14}: file too short/,
      /lib(?:cuda|nv[\w-]{2,30})\.so[\d.]{0,14}: file not recognized: File truncated/,
    ),
    check: "guest.cuda",
    layer: "image",
    message:
      "the image has an empty file instead of a library of the driver: it was saved (docker commit) or built in a " +
      "container with a GPU, and this container or build got none",
    fix: [
      manualFix("Write gpu: 1 for that service (or --gpus all), which puts the driver's libraries over these files"),
      manualFix("Build the image from a Dockerfile rather than by docker commit"),
      manualFix(
        "While an image is built there is no driver: link with the stub (-L/usr/local/cuda/lib64/stubs, devel image)",
      ),
    ],
    source: "glibc's loader, NVIDIA Container Toolkit; dengcao/Qwen3-Reranker-0.6B#2 (2025-07)",
  },
  {
    pattern: /UVA is not available|cudaHostRegister\([^()\n]{3,60}\)/,
    check: "guest.cuda",
    layer: "image",
    message: "the program needs pinned memory (UVA), which WSL and some VMs do not give",
    fix: [manualFix("Use an older release of the program, or one of its options without pinned memory or offloading")],
    source: "vLLM; vllm-project/vllm#47292 (2026-07)",
  },
];

import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { amdWords, capabilities, driverWorks, newestCuda, nvidiaWords, registerRuntime } from "../fixes.mts";
import { rows } from "../rows.mts";

const smi = guestFix("Check what uses the GPU's memory", "nvidia-smi");
const video = /ffmpeg|nvenc|nvdec|cuvid|vaapi|libva|AVHWDevice|AVFilter|h264|hevc|\bav1\b|jellyfin|frigate|plex|emby/i;
const ollamaWords = /ollama|source=\w{2,20}\.go|gpu\.go:\d|llama.?(?:server|runner)/i;
const hmm =
  "If nvidia-smi works there: write options nvidia_uvm uvm_disable_hmm=1 in /etc/modprobe.d/nvidia-uvm.conf, and " +
  "reboot; or use another driver release";
const passedIntel = "Write devices: [/dev/dri] and group_add: [render, video] (or their numbers) for that service";

/** Why a program does not start on the GPU, or a video encoder refuses its work: entries for single causes. */
export const gpuStartFailures = (): Failure[] => [
  ...rows({
    layer: "toolkit",
    near: nvidiaWords,
    source: "NVIDIA/open-gpu-kernel-modules#797 (2025-02), #901 (2025-07), ollama/ollama#11593 (2025-08)",
  }, [
    [
      "guest.cuda",
      "cause",
      anyOf(
        /cuInit\(0\) failed -> CUDA_ERROR_NOT_INITIALIZED|(?:cuda driver library|nvcuda) init failure: 3\b/,
        /CUDA driver initialization failed, you might not have a CUDA gpu/,
        /failed to initialize CUDA: initialization error/,
      ),
      "CUDA does not start: the open kernel module nvidia_uvm of 570 and 575 fails with HMM on some kernels, or " +
      "nvidia_uvm is not loaded or not passed in",
      guestFix("Load the module and create its nodes", "nvidia-modprobe -u -c=0"),
      driverWorks,
      hmm,
    ],
    [
      "guest.cuda",
      "cause",
      /init failure: 205\b|CUDA_ERROR_MAP_FAILED\b/,
      "CUDA could not map memory of the driver or GPU (CUDA_ERROR_MAP_FAILED, 205)",
      guestFix("Read what the driver says", "dmesg --level err,warn"),
      guestFix("Check that a plain container works", "docker run --rm --gpus all ubuntu nvidia-smi"),
      "Create the container again after an update of the driver, without a limit on its address space (ulimits)",
    ],
  ]),
  ...rows({
    layer: "toolkit",
    source: "ollama/ollama#6961 (2024-09), NixOS/nixpkgs#389898 (2025-03); NVIDIA, CUDA on WSL, read 2026-11",
  }, [
    [
      "guest.cuda",
      "cause",
      /\/wsl\/\S{1,120}libcuda\.so\S{0,12}: cuda driver library init failure: 500\b/,
      "WSL's libcuda, which belongs to Windows' driver, does not start: a Linux driver is installed in WSL too, or " +
      "Windows' driver or WSL is too old",
      "In WSL, remove the Linux driver's packages (apt purge 'libnvidia-*' 'nvidia-driver-*'); CUDA's toolkit can stay",
      "Update Windows' NVIDIA driver, and WSL (wsl --update), then wsl --shutdown",
    ],
  ]),
  ...rows({
    layer: "toolkit",
    near:
      /\bsnap (?:install|run|list|refresh|logs|connect)\b|\/snap\/docker|snap\.docker|docker\.nvidia-container-toolkit/,
    source: "canonical/docker-snap#148 (2023-07), #161 (2024-06)",
  }, [
    [
      "verify.docker",
      "cause",
      /load library failed: libnvidia-ml\.so\.1: cannot open|\/snap\/docker\/\S{1,80}nvidia-container-cli: /,
      "Docker of the snap store does not see the machine's NVIDIA libraries",
      guestFix("Check whether Docker is a snap", "snap list docker"),
      "Remove that snap, and install Docker's own packages (docker-ce) or the distribution's (docker.io)",
      ...registerRuntime,
    ],
  ]),
  ...rows({
    layer: "toolkit",
    near: /NVIDIA-SMI \d{3}\.\d|Driver Version: {1,4}\d{3}\.\d/,
    shared: true,
    source: "NVIDIA/nvidia-container-toolkit#1092 (2025-05), canonical/docker-snap#148 (2023-07)",
  }, [
    [
      "verify.docker",
      "cause",
      /nvidia-container-cli: initialization error: load library failed: libnvidia-ml\.so\.1: cannot open/,
      "the driver works on this machine, and the engine does not see its libraries: Docker runs apart from it (snap, " +
      "Docker Desktop, another machine), or the loader's cache is old",
      guestFix("Check which Docker answers", "docker context ls"),
      guestFix("Refresh the loader's cache", "ldconfig"),
      "Docker of the snap store or Docker Desktop: use Docker's own packages instead",
    ],
  ]),
  ...rows({
    layer: "image",
    near: ollamaWords,
    source: "ollama/ollama (discover, 0.5 to 0.11), read 2026-11; likelovewant/ollama-for-amd#33 (2024-12)",
  }, [
    [
      "verify.service",
      "cause",
      /amdgpu detected, but no compatible rocm library found|no suitable rocm found, falling back to CPU/,
      "Ollama found an AMD card, and has no ROCm to compute with: the image is the one without ROCm",
      "Use the image's tag for AMD (ollama/ollama:rocm, or VERSION-rocm)",
      "Without Docker: install ollama-linux-amd64-rocm next to Ollama",
    ],
    [
      "verify.service",
      "cause",
      /amdgpu too old gfx\d{2,4}/,
      "Ollama leaves the AMD card out: its chip is older than Ollama's ROCm supports (before gfx900)",
      "Set OLLAMA_VULKAN=1 for that service with a current Ollama, or use another card",
    ],
    [
      "verify.service",
      "cause",
      /CPU does not have (?:minimum vector extensions|AVX)/,
      "Ollama leaves the GPU out: the VM's CPU model hides AVX, which this release needs",
      "Pass the host's CPU through (libvirt: host-passthrough; Proxmox: cpu: host), then stop and start the VM",
      guestFix("Check whether the VM has it", "grep -m1 -o -w avx /proc/cpuinfo"),
    ],
    [
      "verify.service",
      "note",
      /libcuda\.so\S{0,20}: wrong ELF class: ELFCLASS32/,
      "Ollama passed over the driver's library for 32-bit programs, which is not a fault",
      "Look for another error",
    ],
  ]),
  ...rows({
    layer: "image",
    source: "llama.cpp (ggml-sycl, dpct), mudler/LocalAI#3437 (2024-08), mattcurf/ollama-intel-gpu#29 (2025-01)",
  }, [
    [
      "verify.service",
      "cause",
      /can not find preferred GPU platform|No device of requested type '?info::device_type::gpu'? available/,
      "this build is for Intel's GPUs (SYCL) and finds none: /dev/dri is not in the container, its user is not in " +
      "the group render, or the image's compute runtime does not know this GPU",
      passedIntel,
      guestFix("Show the card's nodes and their groups", "ls -l /dev/dri"),
      "Check what the image finds, in the container: sycl-ls; to compute on the CPU, use the image without SYCL",
    ],
  ]),
  ...rows({
    layer: "image",
    near: video,
    source: "FFmpeg (libavcodec/nvenc.c, vaapi_encode.c), read 2026-11; NVIDIA/libnvidia-container#241 (2024-02), " +
      "jellyfin/jellyfin-ffmpeg#543 (2025-03)",
  }, [
    [
      "verify.service",
      "symptom",
      /vaapi @ \w{3,20}\] Failed to [\w ]{3,60}: \d{1,2} \(/,
      "the driver of the card's video engine (VA-API) refused a step of encoding: this FFmpeg and it do not fit, or " +
      "it does not take the format or a setting (B-frames, level, size)",
      "Use a newer FFmpeg and driver (jellyfin-ffmpeg has both), and upload in the format that it takes: " +
      "format=nv12,hwupload",
      "Try without B-frames (-bf 0) and without a level or profile; for some files only: their format is the reason",
    ],
    [
      "verify.service",
      "cause",
      /Failed locking bitstream buffer: |EncodePicture failed!: (?!out of memory)/,
      "the GPU's video encoder (NVENC) refused a picture: the container's toolkit is older than the driver and does " +
      "not pass all of its libraries, or it is a fault of the driver's or the program's release",
      driverWorks,
      "Update nvidia-container-toolkit (driver 550 needs 1.15 or later), and create the container again",
      "Use another driver release and a new FFmpeg, or try other settings of the encoder",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:EncodePicture failed!|CreateBitstreamBuffer failed): out of memory/,
        /cu(?:Ctx|vid)Create\w{0,12}\([^\n]{0,140}\) failed -> CUDA_ERROR_OUT_OF_MEMORY/,
        /Failed creating CUDA context for NVENC: 0x2\b/,
      ),
      "the GPU's memory is full, so its video engine cannot start or go on",
      smi,
      "End other programs on that GPU (models keep its memory), or encode fewer and smaller streams at once",
    ],
    [
      "verify.service",
      "cause",
      /OpenEncodeSessionEx failed: out of memory/,
      "the GPU's video encoder starts no further stream: a GeForce already encodes as many as its driver allows (3 " +
      "to 12), or the GPU's memory is full",
      smi,
      "Encode fewer streams at once, or update the driver (newer ones allow more)",
      "End other programs on that GPU (models keep its memory)",
    ],
    [
      "guest.driver",
      "cause",
      /Failed to (?:query nvenc max version|create nvenc instance): /,
      "the driver's video library (libnvidia-encode) does not answer: it is of another release than the driver, or " +
      "this GPU has no encoder",
      newestCuda,
      capabilities,
    ],
    [
      "verify.service",
      "cause",
      /nvenc @ \w{3,20}\] (?:YUV444P|Lossless encoding|10 bit encode|Weighted Prediction) not supported|nvenc @ \w{3,20}\] (?:Width|Height) \d{1,6} exceeds/,
      "this GPU's video encoder cannot encode that size or format of picture",
      "Scale the picture or choose another format (-pix_fmt yuv420p), or encode HEVC, which takes larger pictures " +
      "than H.264 (4096)",
    ],
    [
      "verify.service",
      "cause",
      /_qsv @ \w{3,20}\] Invalid FrameType:\d/,
      "Intel's encoder (QSV) gave a picture without a type: its driver (iHD, VPL) or the kernel's does not fit this " +
      "card",
      "Use another release of the image (jellyfin-ffmpeg brings its driver) or kernel, or encode H.264 or AV1",
    ],
    [
      "verify.service",
      "cause",
      /Driver does not support any RC mode compatible/,
      "Intel's encoder offers no control of the bit rate: its firmware (HuC) is not loaded, or the free build of the " +
      "VA-API driver is used",
      guestFix("Check whether the firmware is loaded", "sh -c 'dmesg | grep -iE \"huc|guc\"'"),
      "Turn low-power encoding off (or load HuC: i915.enable_guc=2), and use intel-media-va-driver-non-free",
    ],
  ]),
  ...rows({
    layer: "image",
    near: new RegExp(`${video.source}|vulkan|vk(?:::|Create)|ggml|llama|${amdWords.source}`, "i"),
    source: "Vulkan (VkResult), FFmpeg (hwcontext_vulkan), llama.cpp (ggml-vulkan), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /vkCreateInstance.{0,30}: VK_ERROR_INCOMPATIBLE|vk::(?:IncompatibleDriver|InitializationFailed|ExtensionNotPresent|FeatureNotPresent)Error|createDevice: Error(?:Extension|Feature)NotPresent|No devices found: VK_ERROR_INITIALIZATION_FAILED/,
      "Vulkan finds no driver that starts: the container has no card's node, or lacks the driver's Vulkan files",
      "NVIDIA: NVIDIA_DRIVER_CAPABILITIES=all; AMD and Intel: devices: [/dev/dri] and mesa-vulkan-drivers in " +
      "the image",
      guestFix("Show the card's nodes and their groups", "ls -l /dev/dri"),
    ],
  ]),
  ...rows({
    layer: "image",
    near: /ggml|llama/i,
    source: "llama.cpp (ggml-cuda/common.cuh, ggml-backend-reg), read 2026-11",
  }, [
    [
      "guest.cuda",
      "cause",
      /ggml-cuda was compiled without support for the current GPU architecture/,
      "this build of llama.cpp has no code for this GPU's generation",
      newestCuda,
      "Use the project's image (server-cuda for old GPUs, server-cuda13 for new), or build it with " +
      "CMAKE_CUDA_ARCHITECTURES of this GPU",
    ],
    [
      "verify.service",
      "symptom",
      /ggml_backend_load_best: failed to load |load_backend: failed to (?:load|find|initialize) (?!.{1,200}: \S{1,60}: cannot open)/,
      "llama.cpp cannot load one of its libraries that compute: it is of another release, or its CUDA or driver is " +
      "missing",
      newestCuda,
      "Use the project's own image, or take the program and all its libggml files from one build",
    ],
  ]),
  ...rows({ layer: "image", source: "OpenNMT/CTranslate2#1963 (2025-12)" }, [
    [
      "guest.cuda",
      "cause",
      /requires the cuDNN library which is not integrated in this build/,
      "CTranslate2 (faster-whisper) was built without cuDNN",
      "Install its package from PyPI (pip install ctranslate2), or build it with -DWITH_CUDNN=ON",
    ],
  ]),
];

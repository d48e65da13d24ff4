import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { cudaErrors } from "./cuda-names.mts";
import { driverLog, nvidiaWords } from "../fixes.mts";

/** Errors of CUDA and its libraries in a container: no GPU, no start, memory. */
export const cudaFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /no NVIDIA GPU device is present: \/dev\/nvidia0 does not exist/,
      /\/dev\/nvidia(?:0|ctl)'?: No such file or directory/,
      /kernel driver does not appear to be running on this host/,
    ),
    near: nvidiaWords,
    check: "verify.service",
    layer: "docker",
    message:
      "the container got no GPU, or its machine's driver is not loaded: NVIDIA's device nodes and files in /proc are " +
      "not in it",
    fix: [
      manualFix("Write gpus: all (or a reservation of devices) for that service, or start it with --gpus all"),
      guestFix("Check what a container sees of the GPU", "docker run --rm --gpus all ubuntu nvidia-smi"),
      manualFix("A build (docker build) has no GPU: run what needs one when the container starts"),
    ],
    source: "tensorflow (cuda_diagnostics.cc); tensorflow/tensorflow#41785 (2020-07)",
  },
  {
    pattern: anyOf(
      cudaErrors(999),
      /CUDA unknown error - this may be due to an incorrectly set up environment/,
      /CUDA failed with error unknown error|failed call to cuInit: UNKNOWN/,
      /cuda runtime error \(30\)|error=(?:30|999) : unknown error/,
    ),
    near: nvidiaWords,
    check: "guest.cuda",
    layer: "toolkit",
    message:
      "CUDA does not start in the container although the driver answers: nvidia_uvm is not loaded or not passed " +
      "in, or this release of the toolkit has a bug",
    fix: [
      guestFix("Load the module and create its nodes", "nvidia-modprobe -u -c=0"),
      guestFix("Check that /dev/nvidia-uvm exists", "ls -l /dev/nvidia-uvm"),
      manualFix("Toolkit 1.19.1 has this fault on some systems: install 1.19.0, or a later release"),
      manualFix("After a suspend of the host or VM: unload and load nvidia_uvm, or reboot the VM"),
      manualFix("Check that the service's capabilities include compute (NVIDIA_DRIVER_CAPABILITIES=all)"),
    ],
    source: "CUDA; NVIDIA/nvidia-container-toolkit#1967 (2026-08), ollama/ollama#6840 (2024-09)",
  },
  {
    pattern: anyOf(
      cudaErrors(802),
      /system not yet initialized/,
      /nvidia-fabricmanager\S{0,10}: (?:Failed|Main process)|Job for nvidia-fabricmanager\.service failed/,
      /NVLink fabric is not (?:initialized|ready)|Could not Enable UVM Persistence mode|Failed to start nvidia-fabricmanager/,
    ),
    near: new RegExp(`${nvidiaWords.source}|gpu_burn|device vector`, "i"),
    check: "guest.driver",
    layer: "driver",
    message: "the GPUs of this kind (SXM, HGX) need NVIDIA's Fabric Manager, which does not run",
    fix: [
      guestFix("Start it", "systemctl enable --now nvidia-fabricmanager"),
      guestFix("If it fails: read why", "journalctl -u nvidia-fabricmanager -b --no-pager -n 50"),
      manualFix(
        "Its release has to be exactly the driver's. A VM with some of the GPUs only: it runs on the host, which " +
          "sets up their partition",
      ),
    ],
    source: "CUDA, Error 802, read 2026-11",
  },
  {
    pattern: anyOf(
      /no CUDA-capable device is detected/,
      cudaErrors(100),
      /Found no NVIDIA driver on your system/,
      /No CUDA GPUs are available|no nvidia devices detected|msg=\"no GPU detected/,
      /no compatible GPUs were discovered|Failed to infer device type|Current node has no GPU available/,
      /The NVIDIA Driver was not detected|Failed to detect NVIDIA driver version/,
      /Torch is not able to use GPU|\bCUDA is (?:not available|unavailable)\b|CUDA-capable GPU is required|only works on NVIDIA GPUs|You need a GPU\.(?=\s*$)/,
      /found 0 CUDA devices|Could not find a compatible CUDA device on host|must be a CUDA tensor|whisper_backend_init_gpu: no GPU found/i,
      /Could not find cuda drivers on your machine/,
      /inference compute\S{0,3} id=\S{1,4} library=cpu/,
      /torch\.cuda\.is_available\(\)\S{0,3}(?: is| returns| returned| was| ?=+>?| ?:)? ?False/,
      /Attempting to deserialize object on a CUDA device|CUDA driver initialization failed/,
      /Unable to initialize backend 'cuda'/,
      /^(?:Is )?CUDA available: False|Using torch device: CPU\b|libbitsandbytes_cpu\.so: cannot open|Using device_type cpu\b/,
    ),
    near: /nvidia|cuda|\bgpus?\b|torch|vllm|EngineCore|APIServer|whisper|inference compute|device_type/i,
    check: "verify.service",
    strength: "symptom",
    layer: "docker",
    message: "the program in the container sees no GPU: none was given to it, the driver does not answer, or it is a " +
      "build without CUDA",
    fix: [
      manualFix("Write gpu: 1 (or all) for that service"),
      guestFix("Check that the driver works in the VM", "nvidia-smi"),
      manualFix("Check that a container gets the GPU: docker run --rm --gpus all ubuntu nvidia-smi, in the VM"),
      manualFix("If both work: the image has a build without CUDA (PyTorch: “not compiled with CUDA enabled”)"),
      driverLog,
    ],
    source: "CUDA, PyTorch, Ollama, llama.cpp, NVIDIA's images; ollama/ollama#8674 (2025-01)",
  },
  {
    pattern: anyOf(/CUDA-capable device\S{0,3} (?:is\/are|are|is) busy or unavailable/, cudaErrors(46, 216)),
    check: "guest.cuda",
    strength: "symptom",
    layer: "driver",
    message:
      "the GPU answers nvidia-smi and takes no work: another program has it alone (compute mode), it hangs since an " +
      "error, or the VM's CPU model hides what CUDA needs",
    fix: [
      guestFix("Show the compute mode, and which programs use it", "nvidia-smi -q -d COMPUTE,PIDS"),
      guestFix("Allow several programs", "nvidia-smi -c 0"),
      driverLog,
      manualFix("In a VM: pass the CPU through (libvirt: host-passthrough), then stop and start the VM"),
      manualFix("On a virtual GPU (vGPU): see that it has a licence (nvidia-smi -q, License Status)"),
    ],
    source: "CUDA (cudaErrorDevicesUnavailable), read 2026-11",
  },
  {
    pattern: /CUBLAS_STATUS_(?:NOT_INITIALIZED|ALLOC_FAILED)/,
    check: "verify.service",
    strength: "symptom",
    layer: "image",
    message: "cuBLAS could not start: most often the GPU's memory is full, else its CUDA does not fit the driver",
    fix: [
      guestFix("Show the GPU's memory and the driver's CUDA", "nvidia-smi"),
      manualFix("Use a smaller batch or model, or stop other programs on that GPU"),
    ],
    source: "cuBLAS, PyTorch, read 2026-11",
  },
  {
    pattern: anyOf(/uncorrectable ECC error/, cudaErrors(214)),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "kernel",
    message: "the GPU's memory has an error that ECC cannot correct",
    fix: [
      guestFix("Check the counts, and whether it waits for a reset", "nvidia-smi -q -d ECC,ROW_REMAPPER"),
      manualFix("Stop and start the VM, which resets the card; if it happens again, the card is defective"),
    ],
    source: "CUDA, NVIDIA's page on Xid 48 and 95, read 2026-11",
  },
  {
    pattern: anyOf(
      cudaErrors(700, 701, 710, 714, 715, 716, 717, 718, 719),
      /illegal memory access was encountered/,
      /an illegal instruction was encountered|too many resources requested for launch/,
    ),
    check: "verify.service",
    strength: "symptom",
    layer: "image",
    message: "a program's work on the GPU failed: an error in the program, or an unstable card",
    fix: [driverLog, manualFix("Set CUDA_LAUNCH_BLOCKING=1 for that service, so the error names its place")],
    source: "CUDA, PyTorch, read 2026-11",
  },
  {
    pattern: /NVML_SUCCESS == .{1,120} INTERNAL ASSERT FAILED/,
    check: "verify.service",
    strength: "symptom",
    layer: "driver",
    message:
      "PyTorch ran out of GPU memory, and the driver's library (NVML) did not tell it how much there is: after an " +
      "update without a reboot, or on a MIG instance",
    fix: [
      guestFix("Check whether NVML answers", "nvidia-smi"),
      manualFix("If it does not: reboot the VM; if it does: use less memory (smaller batch or model)"),
      manualFix(
        "On MIG: give the part's own UUID in CUDA_VISIBLE_DEVICES",
      ),
    ],
    source: "PyTorch (CUDACachingAllocator.cpp); pytorch/pytorch#112377 (2023-10), fal-ai/fal#478 (2025-04)",
  },
  {
    pattern: cudaErrors(304),
    check: "guest.cuda",
    layer: "docker",
    message: "CUDA was refused a call of the system: the container's seccomp profile forbids it, or its devices are " +
      "incomplete",
    fix: [
      manualFix("Try it with security_opt: [seccomp=unconfined] for that service; if it helps, update Docker"),
      guestFix("Load the module and create its nodes", "nvidia-modprobe -u -c=0"),
      manualFix("In WSL: update Windows' driver and WSL"),
    ],
    source: "CUDA; abetlen/llama-cpp-python#645 (2023-08)",
  },
  {
    pattern: /(?:cuda driver library|nvcuda) init failure: \d{1,3}|Unexpected error from cudaGetDeviceCount/,
    check: "guest.cuda",
    strength: "symptom",
    fallback: true,
    layer: "toolkit",
    message: "CUDA did not start in the container, for the reason after the number: its driver files or devices " +
      "are incomplete",
    fix: [
      guestFix("Load the module and create its nodes", "nvidia-modprobe -u -c=0"),
      manualFix("Check that the toolkit gives the container all: NVIDIA_DRIVER_CAPABILITIES=all, and a new container"),
      guestFix("Check that a plain container works", "docker run --rm --gpus all ubuntu nvidia-smi"),
    ],
    source: "Ollama, PyTorch; ollama/ollama#12352 (2025-09)",
  },
];

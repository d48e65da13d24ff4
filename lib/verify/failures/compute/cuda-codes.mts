import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { capabilities, newerDriver, newestCuda, nvidiaWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { cudaErrors } from "./cuda-names.mts";
import { rows } from "../rows.mts";

const source = "NVIDIA, CUDA Runtime API (cudaError), CUDA Driver API (CUresult), 13.0, general knowledge, 2026-11";
const named = "Set CUDA_LAUNCH_BLOCKING=1 for that service, so that the error names its place";
const update = "Update the program or its image; install its parts (PyTorch, extensions) from one release";

/** CUDA's error codes, as far as no other table has them. */
export const cudaCodeFailures = (): Failure[] => [
  ...rows({ layer: "image", near: nvidiaWords, source }, [
    [
      "verify.service",
      "symptom",
      /cuda runtime error \((?:38|10)\)|error=(?:38|100) : /,
      "the program sees no such GPU: none was given to it, or it asks for one by a wrong number",
      "Write gpu: for that service; inside, GPUs count from 0",
    ],
    [
      "guest.cuda",
      "cause",
      /cuda runtime error \((?:8|48)\)|error=(?:35|48|209) : /,
      "the image's CUDA fits neither the driver nor the GPU: it is newer than the driver, or has no code for the GPU",
      newestCuda,
      newerDriver,
    ],
  ]),
  ...rows({ layer: "image", near: nvidiaWords, source }, [
    [
      "verify.service",
      "symptom",
      cudaErrors(1, 201, 400, 401, 709),
      "a program gave CUDA a value that it does not take: a fault of the program, or parts of different releases",
      update,
      named,
    ],
    [
      "verify.service",
      "cause",
      anyOf(/Cannot re-initialize CUDA in forked subprocess/, cudaErrors(3)),
      "a program used CUDA before it made a copy of itself (fork), which CUDA does not allow",
      "Start its workers by spawn (VLLM_WORKER_MULTIPROC_METHOD=spawn, multiprocessing.set_start_method)",
    ],
    [
      "verify.service",
      "symptom",
      cudaErrors(4),
      "the program ended while a part of it still used the GPU; the error before it is the cause",
      "Read the first error of its log",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(cudaErrors(34), /lib64\/stubs\/libcuda/),
      "the program loads CUDA's stub of libcuda, which is for building only: the container got no GPU, or a path " +
      "names the stubs",
      "Remove …/stubs from LD_LIBRARY_PATH, and give the service a GPU",
    ],
    [
      "guest.driver",
      "cause",
      cudaErrors(102),
      "the virtual GPU (vGPU) has no valid licence",
      "Give the guest's driver its licence token, and see its state: nvidia-smi -q",
    ],
    [
      "verify.service",
      "symptom",
      cudaErrors(206, 219),
      "CUDA could not share data with the display (OpenGL, DirectX): it runs on another card, or there is none",
      "Start the program without its window (headless), or run its display on the same card",
    ],
    [
      "guest.driver",
      "cause",
      cudaErrors(220, 226),
      "a link between GPUs (NVLink) or their memory had an error",
      guestFix("Read the Xid numbers in the driver's messages", "dmesg --level err,warn"),
      guestFix("Check the state of the links", "nvidia-smi nvlink -s"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(cudaErrors(221), /libnvidia-ptxjitcompiler\.so\S{0,12}: cannot open/),
      "the driver's compiler (libnvidia-ptxjitcompiler) is not in the container: it asks for too few capabilities, " +
      "or the driver's packages are incomplete",
      capabilities,
    ],
    [
      "guest.cuda",
      "cause",
      cudaErrors(223),
      "the program is not allowed to compile for this GPU (CUDA_DISABLE_PTX_JIT or CUDA_CACHE_DISABLE is set), and " +
      "its image has no code for it",
      "Remove these variables from the service's environment, or use an image made for this GPU",
    ],
    [
      "verify.service",
      "symptom",
      cudaErrors(301),
      "CUDA does not find a file that the program loads onto the GPU (a kernel: .cubin, .ptx)",
      update,
    ],
    [
      "guest.cuda",
      "cause",
      cudaErrors(302, 303, 500),
      "CUDA's libraries in the container do not fit the driver's",
      "Remove libcuda of the image from LD_LIBRARY_PATH, and use an image whose CUDA the driver supports",
      newestCuda,
    ],
    [
      "verify.service",
      "symptom",
      cudaErrors(600),
      "the program asked for a result before the GPU had finished it: a fault of the program",
      update,
    ],
    [
      "verify.service",
      "cause",
      cudaErrors(702),
      "one computation took longer than a card with a display allows",
      "Use a card without a display, or give the program smaller pieces",
    ],
    [
      "verify.service",
      "cause",
      anyOf(/code=\d{1,3}\(cuda\w{4,40}\) "cudaDeviceEnablePeerAccess/, cudaErrors(217, 704, 705, 711)),
      "the GPUs cannot read each other's memory, as most GeForce cards in a VM",
      "Turn it off for the program (NCCL_P2P_DISABLE=1; vLLM: --disable-custom-all-reduce)",
    ],
    [
      "verify.service",
      "note",
      /P2P is disabled between/,
      "the GPUs exchange data through the machine's memory, which is slower and is harmless",
      "Look for another error",
    ],
    [
      "verify.service",
      "symptom",
      cudaErrors(720, 912),
      "the program's kernel needs more of the GPU at once than this one has",
      "Use a build or settings for this GPU (smaller blocks, another attention or quantization)",
    ],
    [
      "verify.service",
      "symptom",
      cudaErrors(800, 801),
      "the GPU, its driver or the container does not allow this call of CUDA (memory pools, profiling, IPC, a part " +
      "of a card)",
      "If CUDA does not start at all: a vGPU profile without CUDA, or WSL's or the VM's driver is too old",
      "Set ipc: host for several processes; turn the feature that its message names off",
    ],
    [
      "verify.service",
      "cause",
      cudaErrors(805, 806, 807, 808, 809),
      "NVIDIA's MPS is set for this program, and its server is not reached",
      "Stop MPS (echo quit | nvidia-cuda-mps-control), or give the container its pipe folder and ipc: host",
    ],
    [
      "verify.service",
      "symptom",
      cudaErrors(900, 901, 906, 910),
      "the program could not record its work as a CUDA graph: a part of it does not allow that",
      "Start it without graphs (vLLM: --enforce-eager), or update it",
    ],
    [
      "verify.service",
      "symptom",
      cudaErrors(911),
      "work of another program or device that CUDA waits for failed (display, video, another API)",
      "Read the first error of its log",
      named,
    ],
  ]),
  ...cudaFallbackFailures(),
];

/** Errors of CUDA and NVML that no other entry knows. */
const cudaFallbackFailures = (): Failure[] =>
  rows({ layer: "image", near: nvidiaWords, source }, [
    [
      "guest.cuda",
      "fallback",
      anyOf(
        /\bcudaError[A-Z]\w{3,40}|\bCUDA_ERROR_[A-Z_]{4,40}/,
        /\b(?:CUDA error|CUDA failure|CUDA runtime error|CUDA driver error|CUDA kernel error)\b|CUDARuntimeError|torch\.AcceleratorError/,
        /ggml_cuda\w{0,30}.{0,40}(?:fail|error)|cudaGetDeviceCount\S{0,12} (?:returned|failed)/,
        /CUresult::CUDA_SUCCESS` failed|CUDNN_STATUS_[A-Z]\w{3,30}|CUBLAS_STATUS_[A-Z]\w{3,30}|RuntimeError: CUDA\b/,
      ),
      "a call of CUDA failed, for the reason in its name or after the colon",
      newestCuda,
      guestFix("Read what the driver says", "dmesg --level err,warn"),
      named,
    ],
    [
      "guest.driver",
      "fallback",
      anyOf(
        /Failed to initialize NVML|nvmlInit\w{0,20}.{0,20}(?:fail|error)|NVMLError_(?!NoPermission)\w{3,40}/,
        /nvidia-smi(?! ?(?:docker|podman|Error|Unable)\b).{0,30}(?:fail|error|has failed)/,
      ),
      "nvidia-smi or NVML does not reach the driver, for the reason in its message",
      guestFix("Check that the module is loaded", "sh -c 'lsmod | grep nvidia; dmesg --level err,warn | tail -n 30'"),
    ],
  ]);

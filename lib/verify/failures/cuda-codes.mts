import type { Failure } from "./types.mts";
import { guestFix } from "../../fixes.mts";
import { capabilities, newerDriver, newestCuda, nvidiaWords } from "./fixes.mts";
import { anyOf } from "../../text.mts";
import { rows } from "./rows.mts";

const source = "NVIDIA, CUDA Runtime API (cudaError), CUDA Driver API (CUresult), 13.0, general knowledge, 2026-11";

/** CUDA's error codes by name, number and text. */
export const cudaCodeFailures: Failure[] = [
  ...rows({ layer: "image", near: nvidiaWords, source }, [
    [
      "verify.service",
      "symptom",
      /cuda runtime error \((?:38|100|10|101)\)|error=(?:38|100) : /,
      "the program sees no such GPU: none was given to it, or it asks for one by a wrong number",
      "Write gpu: for that service; inside, GPUs count from 0",
    ],
    [
      "guest.cuda",
      "cause",
      /cuda runtime error \((?:35|8|48|209|36)\)|error=(?:35|48|209) : /,
      "the image's CUDA fits neither the driver nor the GPU: it is newer than the driver, or has no code for the GPU",
      newestCuda,
      newerDriver,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Cannot re-initialize CUDA in forked subprocess|CUDA error: initialization error/,
        /cudaErrorInitializationError|CUDA_ERROR_NOT_INITIALIZED/,
      ),
      "a program used CUDA before it made a copy of itself (fork), which CUDA does not allow",
      "Start its workers by spawn (VLLM_WORKER_MULTIPROC_METHOD=spawn, multiprocessing.set_start_method)",
    ],
    [
      "guest.cuda",
      "cause",
      /CUDA driver is a stub library|cudaErrorStubLibrary|CUDA_ERROR_STUB_LIBRARY|lib64\/stubs\/libcuda/,
      "the program loads CUDA's stub of libcuda, which is for building only: the container got no GPU, or a path " +
      "names the stubs",
      "Remove …/stubs from LD_LIBRARY_PATH, and give the service a GPU",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /PTX JIT compiler library not found|cudaErrorJitCompilerNotFound|CUDA_ERROR_JIT_COMPILER_NOT_FOUND/,
        /libnvidia-ptxjitcompiler\.so\S{0,12}: cannot open/,
      ),
      "the driver's compiler (libnvidia-ptxjitcompiler) is not in the container: it asks for too few capabilities, " +
      "or the driver's packages are incomplete",
      capabilities,
    ],
    [
      "verify.service",
      "cause",
      /CUDA_ERROR_(?:MPS_\w{4,40})|cudaErrorMps\w{4,40}|MPS (?:client failed|server is not ready)/,
      "NVIDIA's MPS is set for this program, and its server is not reached",
      "Stop MPS (echo quit | nvidia-cuda-mps-control), or give the container its pipe folder and ipc: host",
    ],
    [
      "verify.service",
      "cause",
      /the launch timed out and was terminated|cudaErrorLaunchTimeout|CUDA_ERROR_LAUNCH_TIMEOUT/,
      "one computation took longer than a card with a display allows",
      "Use a card without a display, or give the program smaller pieces",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /peer access is not supported|cudaErrorPeerAccessUnsupported|CUDA_ERROR_PEER_ACCESS_UNSUPPORTED/,
        /P2P is disabled between/,
      ),
      "the GPUs cannot read each other's memory, as most GeForce cards in a VM",
      "Turn it off for the program (NCCL_P2P_DISABLE=1)",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /shared object (?:symbol not found|initialization failed)|cudaErrorSharedObject\w{4,40}/,
        /CUDA_ERROR_SHARED_OBJECT\w{4,40}|cudaErrorSymbolNotFound/,
      ),
      "CUDA's libraries in the container do not fit the driver's",
      "Remove libcuda of the image from LD_LIBRARY_PATH, and use an image whose CUDA the driver supports",
      newestCuda,
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /CUDA error: operation not (?:permitted|supported)|cudaErrorNot(?:Permitted|Supported)/,
        /CUDA_ERROR_NOT_(?:PERMITTED|SUPPORTED)/,
      ),
      "the GPU, its driver or the container does not allow this call of CUDA (memory pools, profiling, IPC, a part " +
      "of a card)",
      "Set ipc: host for several processes; turn the feature that its message names off",
    ],
  ]),
  ...rows({ layer: "image", near: nvidiaWords, source }, [
    [
      "guest.cuda",
      "fallback",
      anyOf(
        /\bcudaError[A-Z]\w{3,40}|\bCUDA_ERROR_[A-Z_]{4,40}/,
        /\bCUDA (?:runtime |driver |kernel )?(?:error|failure)\b|CUDARuntimeError|torch\.AcceleratorError/,
        /ggml_cuda\w{0,30}.{0,40}(?:fail|error)|cudaGetDeviceCount\S{0,12} (?:returned|failed)/,
        /CUDNN_STATUS_[A-Z]\w{3,30}|CUBLAS_STATUS_[A-Z]\w{3,30}|RuntimeError: CUDA\b/,
      ),
      "a call of CUDA failed, for the reason in its name or behind the colon",
      newestCuda,
      guestFix("Read what the driver says", "dmesg --level err,warn"),
      "Set CUDA_LAUNCH_BLOCKING=1 for that service, and read the first error",
    ],
    [
      "guest.driver",
      "fallback",
      anyOf(
        /Failed to initialize NVML|nvmlInit\w{0,20}.{0,20}(?:fail|error)|NVMLError_\w{3,40}/,
        /nvidia-smi.{0,30}(?:fail|error|has failed)/,
      ),
      "nvidia-smi or NVML does not reach the driver, for the reason in its message",
      guestFix("See that the module is loaded", "sh -c 'lsmod | grep nvidia; dmesg --level err,warn | tail -n 30'"),
    ],
  ]),
];

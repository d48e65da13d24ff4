import type { Failure } from "../types.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Words of programs that compute on the GPU. */
export const gpuProgramWords =
  /torch|triton|vllm|sglang|llama|ollama|tensorrt.llm|comfy|flashinfer|cuda|cublas|nvcc|inductor|EngineCore|ninja|onnx|tensorrt|trt|NansException|built for CPUs|\bgpu|bitsandbytes|tensorflow|text_generation|libnpp|\bAMX\b|\.sh: line \d/i;
const devel = "Use the image's devel form (nvidia/cuda:…-devel), and set CUDA_HOME=/usr/local/cuda";

/** Errors while a program in a container compiles code for the GPU, and libraries that it lacks. */
export const imageBuildFailures = (): Failure[] =>
  rows({
    layer: "image",
    near: gpuProgramWords,
    source: "GNU ld, GCC, Triton, FlashInfer, TensorRT (their messages), read 2026-11",
  }, [
    [
      "guest.cuda",
      "cause",
      anyOf(
        /cannot find -l(?:cuda|nvidia-ml)\b/,
        /libcuda\.so\.1, needed by \S{1,120}, not found|undefined reference to [`']cu[A-Z]\w{3,40}'/,
      ),
      "code for the GPU is linked, and no libcuda.so is found: the toolkit gives a container " +
      "libcuda.so.1 only, or the container has no GPU",
      "Set LIBRARY_PATH=/usr/local/cuda/lib64/stubs for that service (devel image), or link it: ln -s libcuda.so.1 " +
      "libcuda.so in its folder (see ldconfig -p)",
      "Write gpu: for that service if ldconfig -p there names no libcuda.so.1",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /cannot find -l(?:cudart|cublas|cublasLt|cudnn|nvrtc|curand|cusparse|nccl)\b/,
        /(?:cuda\w{0,30}|cublas\w{0,10}|cudnn\w{0,16}|curand\w{0,12}|cusparse|nvml|nvrtc|nccl|cub\/cub)\.h(?:pp)?: No such file/,
        /CUDA_HOME (?:environment variable is not set|does not exist)|nvcc: (?:command )?not found/,
        /CUDA_TOOLKIT_ROOT_DIR not found|Could not find CUDAToolkit|No CUDA toolset found|Failed to find nvcc/,
        /CUDA Toolkit not found|Unable to find nvcc|CUDA_HOME\. CUDA must be available/,
        /CMAKE_CUDA_COMPILER not set|No CMAKE_CUDA_COMPILER could be found/,
        /Could not find nvcc|\/usr\/local\/cuda[\w.-]{0,12}\/bin\/nvcc'?:? ?(?:No such|not found)|No such file or directory: '\S{0,60}\bnvcc'/,
      ),
      "the program compiles code for the GPU, and the image has no CUDA toolkit (nvcc, headers, libraries)",
      devel,
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /CUDA_ARCHITECTURES is set to "native", but no|Failed to detect a default CUDA architecture/,
        /CMAKE_CUDA_ARCHITECTURES must be non-empty|CUDA_ARCHITECTURES is empty for target/,
        /Compute capability \d{2,3} used, use \d{2,3}[af]|Unsupported gpu architecture 'compute_'/,
      ),
      "CMake does not know for which card it builds: an image is built without a GPU, or the number is not taken",
      "Name it: -DCMAKE_CUDA_ARCHITECTURES=86 (RTX 30), 89 (RTX 40), 120a (RTX 50), 121a (GB10)",
      "The word native needs CMake 3.24 or later, and a GPU where it builds",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /Check for working CUDA compiler: \S{1,80} - broken|The CUDA compiler identification is unknown/,
      ),
      "CUDA's compiler does not work in the image: it does not take the compiler (gcc) or the architectures that are " +
      "asked for, or it is not whole",
      "Read the output below it; take a devel image of a newer CUDA (RTX 50: 12.8 or later, …f: 12.9), with its gcc",
    ],
    [
      "guest.image",
      "cause",
      /Python\.h: No such file/,
      "code that needs Python's headers is compiled, and they are not installed (Triton, for one, " +
      "compiles when it runs)",
      "Install python3-dev (python3.12-dev, python3-devel) and gcc in the image; vLLM: " +
      "with --enforce-eager it needs neither",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /lib(?:nvinfer|nvonnxparser)\w{0,24}\.so\S{0,6}: cannot open shared object/,
        /Could not load dynamic library 'libnvinfer/,
      ),
      "TensorRT's libraries are not in the image, so the program computes without TensorRT or fails",
      "Install them in the release that it asks for (pip install tensorrt-cu12), or leave TensorRT out of " +
      "its settings",
    ],
    [
      "guest.cuda",
      "cause",
      /lib(?:cusparseLt|cufile|cupti|cufft|curand|cusolver|nvToolsExt|nvJitLink|nvshmem_host|npp\w{1,4})\.so\S{0,10}: cannot open shared object/,
      "a library of CUDA is not in the image in the release that the program needs",
      "Install the program's requirements again in one run of pip, so that PyTorch brings its own CUDA libraries",
      "Or use the program's own image",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /libmpi\w{0,12}\.so\S{0,6}: cannot open shared object|mpi\.h: No such file/,
        /\b(?:opal_init|orte_init|MPI_INIT) failed for some reason/,
      ),
      "Open MPI, which the program starts its processes by, is missing in the image or does not fit the program",
      "Use the program's own image (nvcr.io/nvidia/tensorrt-llm/release), or install libopenmpi-dev in its release",
      "Give the service shm_size: 8gb and ulimits: {memlock: -1}",
    ],
  ]);

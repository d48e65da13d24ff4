import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { capabilities, newestCuda, nvidiaWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const wheel = manualFix("Install the program's build for CUDA, of the release that the image has");
/** Words of programs that compute on a GPU. */
const computeWords = new RegExp(
  `${nvidiaWords.source}|torch|tensorflow|TF-TRT|onnx|jax|ggml|llama|ollama|vllm` +
    "|ray\\b|cudnn|cublas|nccl|bitsandbytes|triton|comfyui|\\bsm_\\d{2}|PassManager",
  "i",
);

/** Errors of frameworks that compute on a GPU, and of video and graphics programs, by topic. */
export const frameworkFailures = (): Failure[] => [
  ...rows(
    {
      layer: "image",
      near: computeWords,
      source: "PyTorch, TensorFlow, ONNX Runtime, JAX, cuDNN, NCCL, general knowledge, 2026-11",
    },
    [
      [
        "guest.cuda",
        "cause",
        anyOf(
          /Failed to load library .{0,120}providers_cuda|Failed to .{0,30}CUDAExecutionProvider/,
          /CUDAExecutionProvider.{0,40}(?:fail|not available)|Require cuDNN [\d*.]{1,6} and CUDA/,
          /Specified provider 'CUDAExecutionProvider' is not in|CUDA_PATH is set but CUDA was ?n'?t able to be loaded/,
          /CUDAExecutionProvider\S{0,2} (?:is )?not in available provider|EP Error .{0,200}when using \[['"]CUDAExecution/,
          /Please install (?:TensorRT|the correct version of CUDA and cuDNN|CUDA and cuDNN) .{0,80}GPU requirements page/,
        ),
        "ONNX Runtime cannot use CUDA or TensorRT: its package is the one without GPU, or their " +
        "libraries are not in the image",
        "Install onnxruntime-gpu for the image's CUDA, and remove onnxruntime; use the program's image " +
        "for NVIDIA (Frigate: stable-tensorrt)",
      ],
      [
        "guest.cuda",
        "cause",
        anyOf(
          /CUDNN_STATUS_(?:VERSION_MISMATCH|SUBLIBRARY\w{0,40}|ARCH_MISMATCH)|Loaded runtime CuDNN library: /,
          /Cannot load symbol cudnn\w{4,40}|libcudnn\S{0,40}: undefined symbol/,
        ),
        "the image has two releases of cuDNN, or another than the program was built with",
        "Remove the image's own cuDNN or the pip package, so that one is left",
      ],
      [
        "verify.service",
        "symptom",
        anyOf(
          /CUDNN failure \d{1,4}: CUDNN_STATUS_(?:INTERNAL_ERROR|NOT_INITIALIZED)|CUDNN_STATUS_(?:EXECUTION_FAILED|ALLOC_FAILED|MAPPING_ERROR|NOT_SUPPORTED|BAD_PARAM)/,
          /CUBLAS_STATUS_(?:EXECUTION_FAILED|ARCH_MISMATCH|INVALID_VALUE|NOT_SUPPORTED|INTERNAL_ERROR)/,
          /cuFFT error: CUFFT|CUSOLVER_STATUS_\w{4,40}|CUDNN_FE failure \d|CUDNN_BACKEND_API_FAILED/,
        ),
        "a call of CUDA's libraries failed: GPU memory ran out, or the library does not support this GPU or input",
        "Use less (batch, context), and a build for this GPU",
      ],
      [
        "verify.service",
        "note",
        anyOf(
          /Unable to register cu(?:DNN|FFT|BLAS) factory|successful NUMA node read from SysFS had negative value/,
          /could not open file to read NUMA node|TF-TRT Warning|kernel binaries compatible with compute capability/,
          /Falling back to the CUDA driver for PTX compilation/,
        ),
        "a message of TensorFlow that is harmless",
        "Look for another error",
      ],
      [
        "verify.service",
        "symptom",
        /Error loading CUDA libraries\. GPU will not be used|failed call to cuInit|Cannot dlopen some GPU libraries|could not retrieve CUDA device count/,
        "TensorFlow does not start on the GPU: none was given to the container, or its CUDA libraries are missing",
        "Write gpu: for that service, and use TensorFlow's GPU image (or pip install tensorflow[and-cuda])",
      ],
      [
        "guest.cuda",
        "symptom",
        anyOf(
          /(?:does not|doesn't) support .{0,40}(?:Torch\/CUDA|CUDA version|your GPU)/,
          /(?:GPU|device|CUDA version).{0,60}(?:incompatible|not compatible|is not supported) (?:with|by) .{0,40}(?:CUDA|torch|driver|GPU)/,
        ),
        "GPU, driver and the image's CUDA do not fit together",
        newestCuda,
        "Use an image of the CUDA that nvidia-smi names, with code for this GPU (RTX 50: CUDA 12.8 or later)",
      ],
      [
        "guest.cuda",
        "symptom",
        /triton\.compiler\.errors\.CompilationError|Internal Triton PTX codegen error|`ptxas` (?:failed with error code|raised SIGSEGV)/,
        "Triton's compiler failed, for the reason below or after 'ptxas stderr' (a card that it does not know, " +
        "code of " +
        "another release); without one it did not start or crashed",
        "Use a newer PyTorch with its Triton, or another ptxas: TRITON_PTXAS_PATH=/usr/local/cuda/bin/ptxas",
        "Without Triton: TORCHDYNAMO_DISABLE=1, vLLM --enforce-eager, ComfyUI without SageAttention",
      ],
      [
        "guest.cuda",
        "cause",
        anyOf(
          /The detected CUDA version \(\S{1,8}\) mismatches|unsupported GNU version! gcc versions later than/,
          /does not match the version torch was compiled with|does not match the version used to compile Pytorch/,
        ),
        "the image's CUDA compiler does not fit its PyTorch or its gcc",
        "Use an image whose CUDA is the one that PyTorch was built with",
      ],
      [
        "guest.cuda",
        "cause",
        /ptxas fatal|PTXAS error|ptxas .{0,40}Value 'sm_|is not a recognized processor for this target|PassManager::run failed|Triton only supports CUDA \d{2}\.\d or higher, but got/,
        "the image's compiler for the GPU (ptxas, Triton) does not support this GPU: the GPU is newer than it, or " +
        "older than it still supports",
        "RTX 50 and later: use an image with CUDA 12.8 or later and a Triton of the same time",
        "Below compute capability 7.5 (GTX 900 and 1000, Volta): start the program without Triton and SageAttention",
      ],
      [
        "guest.cuda",
        "cause",
        anyOf(
          /CUDA Setup failed despite/,
          /Could not find the bitsandbytes CUDA binary|libbitsandbytes_cuda\d{2,3}\.so: cannot|compiled without (?:GPU|CUDA) support(?<!(?:one possible reason is that llama\.cpp|bitsandbytes) was compiled without GPU support)/,
        ),
        "a program or its library is a build without CUDA, or finds no CUDA of its release",
        wheel,
      ],
      [
        "guest.cuda",
        "symptom",
        /bitsandbytes was compiled without GPU/,
        "bitsandbytes found no GPU when it was loaded, or is a build without CUDA, so nothing can be quantized",
        guestFix("Check what a container sees", "docker run --rm --gpus all ubuntu nvidia-smi"),
        wheel,
      ],
      [
        "verify.service",
        "symptom",
        anyOf(
          /no usable GPU found|n.gpu.layers option will be ignored|offloaded 0\/\d{1,3} layers to GPU/,
          /unable to load (?:cudart|cuda driver) library|nvml vram init failure|library=cpu/,
          /unable to locate gpu dependency|entering low vram mode|total_vram="?0 B/,
        ),
        "the model runs on the CPU: the program sees no GPU, CUDA does not start for it, or it is a build without CUDA",
        "Write gpu: for that service, and use the image's CUDA form",
        guestFix("Check what a container sees", "docker run --rm --gpus all ubuntu nvidia-smi"),
      ],
      [
        "verify.service",
        "symptom",
        anyOf(
          /llama_(?:model_)?load\w{0,30}: .{0,60}(?:fail|error)|error loading model|unable to load model/,
          /failed to load model/,
        ),
        "the program could not load the model: its file is missing, damaged or of another format, or memory ran out",
        "Read the lines above; see that the model's path is mounted, fetch it again, or use less (quantization, " +
        "context)",
      ],
      [
        "verify.service",
        "symptom",
        /not enough space in the .{1,30}memory pool|ggml_new_\w{3,30}: .{0,40}not enough/,
        "the program's own memory pool is too small for this model or context",
        "Use a newer release of the program, or a smaller context",
      ],
      [
        "verify.service",
        "fallback",
        /EngineCore (?:hit an exception|encountered)|RayActorError|Worker failed with error|errors\.ChildFailedError/,
        "a worker of the program ended; its own error is below or further up",
        "Read the first error of its log",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /CUDA GPU is too old/,
          /(?:compute capability|Compute Capability) .{0,40}(?:too old|not supported|is less than|minimum|at least|>=)(?!.{0,80}\bfall(?:s|ing)? back)/,
          /requires? (?:a )?GPU with (?:compute|CUDA) capability/,
        ),
        "the program needs a newer GPU generation than this one",
        "Use an older release of the program, or another GPU",
      ],
    ],
  ),
  ...rows(
    {
      layer: "toolkit",
      near: new RegExp(`${nvidiaWords.source}|cuvid|nvenc`, "i"),
      source: "ffmpeg, Vulkan loader, NVIDIA Container Toolkit's documentation, general knowledge, 2026-11",
    },
    [
      [
        "verify.service",
        "cause",
        anyOf(
          /Cannot load (?:libnvidia-encode|libnvcuvid|nvcuvid)|Cannot load \S{0,20}nv\w{3,20}\.dll|Failed loading nvcuvid/,
          /libnv(?:cuvid|idia-encode)\.so\S{0,6}: cannot open/,
        ),
        "the driver's video libraries are not in the container: it asks for compute only",
        capabilities,
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /VK_ERROR_INCOMPATIBLE_DRIVER|VK_ERROR_INITIALIZATION_FAILED|failed to load driver: nvidia/,
          /Failed to (?:create|initialize) (?:EGL|GLX|Vulkan)|vulkan: No DRI3/,
          /vkEnumeratePhysicalDevices failed|eglInitialize failed/,
        ),
        "the driver's graphics libraries (Vulkan, OpenGL) are not where the program runs; a container without them " +
        "asks for compute only",
        capabilities,
      ],
    ],
  ),
];

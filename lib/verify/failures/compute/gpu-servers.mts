import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dataCenterFailures } from "../nvidia/data-center.mts";
import { rows } from "../rows.mts";

const trt =
  /tensorrt|\btrt\b|trtSm|rtSafe|triton|creating server|nvinfer|\.engine|\.plan|deserializ|model_lifecycle|model_repository|plan file/i;
const jax = /\bjax|jaxlib|xla|CUDA backend failed to initialize/i;
const cudaJax = 'Install JAX with its part for CUDA: pip install -U "jax[cuda12]" (or cuda13), all of one release';
const fabric = /fabric ?manager|nvswitch|nvlsm/i;

/** Messages of TensorRT, Triton, JAX and NVIDIA's Fabric Manager. */
export const gpuServerFailures = (): Failure[] => [
  ...dataCenterFailures(),
  ...rows({
    layer: "image",
    near: trt,
    source: "NVIDIA/TensorRT#2195 (2022-08), #4317 (2025-01), #2332, #263, #1775, release notes of 10.5 and 10.8; " +
      "DeepStream (gstnvinfer.cpp), read 2026-11; triton-inference-server/server#7613 (2024-09)",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /Target GPU SM \d{2,3} is not supported|Unsupported SM(?:: 0x\w{3,4}|\.?\))|fixSMVerForNVRTC/,
        /smVerHex2Dig\S{0,8} Error Code 2: Internal Error \(Assertion major/,
      ),
      "this TensorRT does not support the card: the card is newer, or its support was removed",
      "RTX 50: TensorRT 10.8 or newer, built for CUDA 12.8 or newer; RTX 40: 8.5 or newer",
      "Cards before RTX 20 (before compute capability 7.5): TensorRT 8.6, or the program without TensorRT " +
      "(ONNX Runtime with CUDA)",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /getPluginCreator could not find plugin|corresponding IPluginCreator not found|Plugin not found, are the plugin name/,
        /IPluginRegistry::getCreator: .{0,40}Cannot find plugin/,
      ),
      "the model uses an operation that TensorRT has only as a plugin, or does not know, and no plugin of that name " +
      "is loaded",
      "Load the library that has it: trtexec --staticPlugins=FILE.so, DeepStream custom-lib-path, or LD_PRELOAD; " +
      'TensorRT\'s own: trt.init_libnvinfer_plugins(None, "")',
      "If no library has it: a newer TensorRT, or the model exported with another opset",
    ],
    [
      "guest.image",
      "symptom",
      /Failed to create NvDsInferContext instance|NvDsInfer Error: NVDSINFER_\w{4,40}/,
      "DeepStream could not load its model, for the reason in the lines before it ([TRT], Could not open, deserialize)",
      "Read the first line with ERROR; delete the engine file, so that DeepStream builds it again on this card",
    ],
    [
      "guest.image",
      "symptom",
      /Could not find any implementation for node/,
      "TensorRT found no way to compute a part of the model on this card: too little memory for it, or an operation " +
      "that this release cannot do in that precision",
      "Free the card's memory and allow more workspace (trtexec --memPoolSize=workspace:4096), or try FP32 " +
      "instead of FP16 or INT8",
      "Use another release of TensorRT; errors before it (Skipping tactic …) can name the cause",
    ],
    [
      "verify.service",
      "cause",
      /mpiSize == tp \* pp/,
      "the engine of TensorRT-LLM is built for another number of GPUs than the server is started with",
      "Start it with as many processes as the engine has parts (--world_size: tensor times pipeline parallel), or " +
      "build the engine again for the GPUs that the container has",
    ],
    [
      "guest.image",
      "cause",
      /Assertion failed: (?:d == a \+ length|key_size <= remaining_buffer_size|Invalid tensor name: )/,
      "the engine was built by another release of TensorRT-LLM than the one of the image",
      "Build it with the release that the image has, or use the image whose release built it",
    ],
    [
      "verify.service",
      "fallback",
      /\[TensorRT-LLM\]\[ERROR\] (?:\S{1,60}Exception: )?(?:\[TensorRT-LLM\]\[ERROR\] )?Assertion failed: /,
      "TensorRT-LLM stopped at a check of its own, which the line names: most often the engine, the image's release " +
      "and the card do not fit together",
      "Build the engine again in this image on this card, and read the release notes for the card's kind",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Version tag does not match|serialized engine that is not compatible|Serialization assertion (?!creator).{0,80}failed/,
        /Engine deserialization failed|[Ff]ailed to deserialize cuda engine|could not deserialize engine/i,
        /engine plan file is (?:generated on an incompatible device|not compatible)/,
      ),
      "the TensorRT engine was built by another TensorRT release or for another GPU: it fits only those",
      "Build it again in this image and on this GPU (trtexec, or delete the cached engine so that the " +
      "program builds it)",
      "Or use the image whose TensorRT built it",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /unable to find '[^']{1,200}' for model (?:instance )?'/,
        /model configuration is not provided for model/,
        /at least one version must be available under the version policy/,
      ),
      "Triton's model repository is not as it must be: each model needs a folder with a number and its file " +
      "(NAME/1/model.onnx, model.plan, model.pt), and most need NAME/config.pbtxt",
      "Check what the container has below --model-repository, and mount that folder (volumes:)",
    ],
    [
      "guest.image",
      "symptom",
      anyOf(
        /failed to load '[^']{1,80}' version \d{1,4}: |failed to load all models|Internal: failed to stat file/,
        /Poll failed for model directory|model_repository_manager\.cc:\d{1,5}\] .{0,20}failed/,
      ),
      "Triton did not load a model, for the reason after the colon or in the lines above",
      "Compare the model's config.pbtxt and platform with the image; engines and Python backends fit one release",
    ],
  ]),
  ...rows({ layer: "image", near: jax, source: "jax-ml/jax#30050 (2025-09), #29068 (2025-05)" }, [
    [
      "guest.cuda",
      "cause",
      anyOf(
        /Unable to load (?:cu\w{2,10}\. Is it installed\?|CUDA\. \(Set TF)|The cu\w{2,10} library was not found/,
        /Unable to use CUDA because of the following issues/,
        /(?:CUDA|cuSPARSE|cuDNN|cuFFT|cuSOLVER|cuBLAS|CUPTI) version .{0,60}(?:required|older than|but JAX was built)/,
      ),
      "JAX does not find CUDA's libraries of the release that it was built with, so it computes on the CPU",
      'Install them with it: pip install -U "jax[cuda12]" (or cuda13), all of one release',
      "Remove the image's own CUDA from LD_LIBRARY_PATH, so that JAX takes those of its packages",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /Mismatched PJRT plugin PJRT API version|jaxlib version \S{1,20} (?:is newer than and incompatible|is older than|is incompatible)/,
        /jaxlib is version \S{1,20}, but this version of jax|JAX plugin \S{1,40} version \S{1,30} is installed, but it is not compatible/,
        /module 'jax[\w.]{0,60}' has no attribute(?! '(?:get_tpu_client|GpuAllocatorConfig))/,
      ),
      "JAX's parts (jax, jaxlib, the plugin for CUDA) are of different releases",
      'Install all of them in one step: pip install -U "jax[cuda12]" (or cuda13)',
      "Remove those that another package brought: pip list | grep -i jax, then pip uninstall the odd ones",
    ],
    [
      "guest.cuda",
      "fallback",
      anyOf(
        /a CUDA-enabled jaxlib is not installed/,
        /No GPU\/TPU found, falling back to CPU/,
      ),
      "the installed jaxlib has no part for CUDA, or finds no GPU, so JAX computes on the CPU",
      cudaJax,
      guestFix("Check that a container gets the GPU", "docker run --rm --gpus all ubuntu nvidia-smi"),
    ],
    [
      "guest.cuda",
      "cause",
      /has no attribute 'GpuAllocatorConfig'/,
      "the installed jaxlib is a build without CUDA",
      cudaJax,
    ],
    [
      "guest.cuda",
      "fallback",
      /Jax plugin configuration error|CUDA backend failed to initialize: /,
      "JAX could not start its part for CUDA, for the reason after the colon or in the last line of the traceback",
      "Update jax, jaxlib and the plugins for CUDA together, and see that nvidia-smi works in the container",
    ],
    [
      "verify.service",
      "note",
      /Unable to initialize backend '(?:tpu|tpu_driver|rocm|plugin|metal|interpreter)': /,
      "JAX asks for every kind of device at its start: that there is no TPU or AMD card is harmless",
      "Look for a line about 'cuda', or see what JAX has: python3 -c 'import jax; print(jax.devices())'",
    ],
  ]),
  ...rows({ layer: "driver", near: fabric, source: "NVIDIA, Fabric Manager; data-infra/cube-studio#29 (2025-09)" }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /NV_WARN_NOTHING_TO_DO/,
        /NVIDIA NVSwitch (?:driver )?(?:is )?not (?:found|loaded|detected)|no NVSwitch(?:es)? (?:found|detected)/i,
      ),
      "Fabric Manager found no NVSwitch: only systems with one (HGX, DGX) need it",
      guestFix("On other systems: turn it off", "systemctl disable --now nvidia-fabricmanager"),
      "On such a system: a VM gets all its GPUs with all switches, or Fabric Manager runs on the host",
    ],
  ]),
  ...rows({
    layer: "image",
    source: "Triton Inference Server (backend_model.cc, python_backend); triton-inference-server/server#8204 (2025-05)",
  }, [
    [
      "guest.image",
      "cause",
      /unable to find '?(?:libtriton_\w{3,30}\.so|backend library for backend)/,
      "this image of Triton has no backend of that kind: newer images have none for TensorFlow, and vLLM's and " +
      "TensorRT-LLM's are in images of their own",
      "Use the image with that backend (tritonserver:…-vllm-python-py3, …-trtllm-python-py3), or an ONNX model",
      "If the model's folder lacks config.pbtxt: write one with its backend, or give the file the name that it expects",
    ],
    [
      "guest.image",
      "symptom",
      /Stub process '?\S{1,80} is not healthy/,
      "Triton's process for a model in Python ended: a package that it imports is missing, memory or /dev/shm ran " +
      "out, or it crashed",
      "Read the lines of that model before this one; install its packages in the image",
      "Write shm_size: 2gb for that service",
    ],
  ]),
];

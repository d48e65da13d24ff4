import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const words =
  /torch|safetensors|xformers|cuda|python|\bpip\b|vllm|EngineCore|APIServer|comfy|transformers|huggingface|triton|llama|ollama|ggml|gguf|onnx|tensorrt|jax|ray\b|gpu|model|gradio|HTTP server socket|ServerApp\]|vk::|exited with code \d|OOMKilled|\[Errno 98\]/i;
const image = "Use the program's own image, whose parts come from one release";

/** Errors of Python programs and of llama.cpp in an image: packages, models, settings. */
export const pythonProgramFailures = (): Failure[] =>
  rows(
    {
      layer: "image",
      near: words,
      source: "PyTorch, vLLM, pip, safetensors, Transformers, llama.cpp (their messages), read 2026-11",
    },
    [
      [
        "verify.service",
        "cause",
        anyOf(
          /(?<!Error caught was: )No module named '(?:flash_attn|xformers|sageattention|triton|bitsandbytes|vllm|torch|tensorrt|onnxruntime|cupy|apex)(?!\w{0,30}\.)/,
          /Cannot find a working triton installation|requires the \w{3,20} (?:library|package) but it was not found/,
        ),
        "a Python package that the program needs is not in the image, or is installed for another Python",
        image,
        "Install it where the program runs: python3 -m pip install NAME, with that same python3",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /(?:satisfies the requirement|No matching distribution found for) (?:torch|vllm|xformers|flash|tensorrt|nvidia|triton|jax|onnx)/,
          /requires a different Python: /,
        ),
        "pip finds no build of that package for this Python, CUDA or processor",
        "Use a Python that it has builds for (most often 3.10 to 3.12), and its own index (--index-url " +
        "https://download.pytorch.org/whl/cu128)",
        image,
      ],
      [
        "guest.cuda",
        "cause",
        anyOf(
          /can't load C\+\+\/CUDA extensions|was built for: PyTorch \d|cuDNN version incompatibility/,
          /but found runtime version \(\d/,
        ),
        "parts of the image were built for another release of PyTorch, CUDA or cuDNN than the one that is loaded",
        image,
        "Install that part again for the PyTorch that is there; remove a second cuDNN from LD_LIBRARY_PATH",
      ],
      [
        "guest.image",
        "cause",
        /Unrecognized configuration class .{1,200} for this kind of AutoModel|requires you to execute the (?:configuration|model|modeling) file/,
        "the program does not know this kind of model: its Transformers is older than the model, or the " +
        "model brings code of its own",
        "Use a newer tag of the image; with a model that you trust: --trust-remote-code",
      ],
      [
        "verify.service",
        "cause",
        /procedure entry point \S{2,300} could not be located in the dynamic link library|DLL load failed while importing|\[WinError 12[67]\] .{0,80}Error loading "/,
        "a compiled part of the program does not load in Windows: it was built for another PyTorch or " +
        "Python, or Visual C++'s " +
        "runtime is missing",
        "Install that part again for the PyTorch that is there, and Microsoft's Visual C++ runtime (vc_redist.x64)",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /CUDA_VISIBLE_DEVICES=?['"]{1,2}(?:-1)?['"]|CUDA_VISIBLE_DEVICES=-1\b/,
          /CUDA_VISIBLE_DEVICES(?:: |=)['"]?(?:all|void|none|no|nodevfiles)\b/,
          /device >= 0 && device < num_gpus|Invalid CUDA 'device=|CUDA_VISIBLE_DEVICES .{0,40}(?:invalid|not valid)/,
        ),
        "CUDA_VISIBLE_DEVICES hides the GPUs from the program, or names one that the container does not have",
        "Remove it from the service's environment, or set it to 0: inside, GPUs count from 0, and “all” is refused",
      ],
      [
        "guest.image",
        "cause",
        anyOf(
          /invalid magic number [\da-f]{8}|GGUFv1 is no longer supported|this GGUF file is version \d/,
        ),
        "the model's file has a form that this build does not read: the older GGML (before GGUF), or a newer GGUF",
        "Take the model as a GGUF file of today, or a newer build of the program",
      ],
      [
        "verify.service",
        "note",
        /A matching Triton is not available, some opti|Error caught was: No module named 'triton'/,
        "a remark of PyTorch's companions: without Triton they compute a little slower, nothing more",
        "Nothing to do; if the program fails, read the error after it",
      ],
      [
        "guest.image",
        "cause",
        /cannot enable executable stack as shared object requires/,
        "a library of the image asks for an executable stack, which newer systems (glibc 2.41) refuse",
        "Use a newer release of the image (or the one before); in an image of your own: a newer version of the " +
        "package, or patchelf --clear-execstack FILE",
      ],
      [
        "guest.image",
        "cause",
        anyOf(
          /SafetensorError: |HeaderTooLarge|MetadataIncompleteBuffer|InvalidHeaderDeserialization/,
          /PytorchStreamReader failed|invalid load key, '|Unable to load weights from pytorch checkpoint|is not a (?:valid|safetensors) (?:safetensors )?file/,
          /Consistency check failed: file should be of size|SHA mismatch for file|safetensors file is corrupt/,
          /Error while deserializing header: |failed to read magic|INVALID_PROTOBUF : Load model from/,
          /Error: invalid file magic|invalid magic characters/,
          /error loading model: (?:missing tensor|tensor '|llama\.cpp: tensor '|invalid split file|corrupted|wrong number of tensors)|tensor .{1,80} data is not within the file bounds/,
        ),
        "a file of the model is not whole, or is a page of text in its place (Git LFS, a login)",
        "Delete it, and download it again; compare its size with the one on the model's page",
      ],
      [
        "host.disk",
        "cause",
        /No space left on device: ?'?\S{0,80}(?:huggingface|\.cache|models|ollama|torch)/,
        "the disk with the models is full",
        guestFix("Check the free space", "df -h"),
        "Remove models that are not used, or keep their folder on a larger disk (data:)",
      ],
      [
        "guest.image",
        "cause",
        /is not a local folder and is not a valid model identifier|RepositoryNotFoundError|Repo(?:sitory)? Not Found for url/,
        "Hugging Face has no model of that name, or it is private: the name is misspelt, or no token was given",
        "Write it as OWNER/NAME; for a private one set HF_TOKEN for that service",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /Selected backend \S{4,60} is not valid for this configuration|No valid attention backend found/,
          /Quantization scheme is not supported for|Min capability: ?\d{2,3}\. /,
          /NvFp4 MoE backend '\w{4,40}' does not support|Unsupported FA version|Sinks are only supported in FlashAttention|kernels are only supported for|assert self\.quant_method is not None/,
          /Failed to find a kernel that can implement the|cutlass_\w{4,40} failed: Error Internal/,
          /(?:fp8|nvfp4|mxfp4)\S{0,20} .{0,60}(?:is )?not supported (?:on|for|by) (?:this|the current|your) (?:GPU|device|platform|hardware)/i,
        ),
        "the model's or the settings' way of computing (attention, quantization, kind of cache) does not " +
        "exist for this GPU",
        "vLLM: leave --attention-backend and --kv-cache-dtype to it; choose a model with another " +
        "quantization (AWQ, GPTQ, GGUF)",
        "A newer release of the program may support this GPU",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /unable to allocate (?:ROCm|SYCL|Vulkan|HIP)\d{0,2} buffer|ErrorOutOfDeviceMemory/,
          /ggml_vulkan: Device memory allocation of size/,
        ),
        "the model does not fit into the memory of the card that it computes on (ROCm, SYCL, Vulkan)",
        "Use a smaller or more quantized model, a shorter context, or fewer layers on the card (--n-gpu-layers)",
      ],
      [
        "verify.service",
        "symptom",
        /ggml_vulkan: (?:No devices found|Error)|'vk::DeviceLostError'|vk::\w{4,20}::\w{4,30}: Error(?!OutOfDeviceM)\w{4,30}|ErrorDeviceLost/,
        "Vulkan found no card, or lost it: its driver is not in the container, or the work took too long",
        "NVIDIA: NVIDIA_DRIVER_CAPABILITIES=all; AMD and Intel: devices: [/dev/dri] and " +
        "mesa-vulkan-drivers in the image",
        guestFix("Read what the driver says", "dmesg --level err,warn"),
      ],
      [
        "verify.service",
        "cause",
        /compiled without support for GPU offload|not compiled with (?:CUDA|GPU|cuBLAS|HIP) support/,
        "the program's build has no support for a GPU",
        "Use its image or build for CUDA, ROCm or Vulkan (llama.cpp: server-cuda; from source: -DGGML_CUDA=ON)",
      ],
      [
        "verify.service",
        "note",
        /failed to mlock \d{1,16}-byte buffer/,
        "the program is not allowed to lock the model's memory, which is harmless as long as memory suffices",
        "Set ulimits: {memlock: -1} for that service, or leave --mlock out",
      ],
      [
        "verify.service",
        "fallback",
        /RayChannelTimeoutError|RayTaskError|ray\.exceptions\.\w{4,40}/,
        "a worker of Ray failed or did not answer; its own error is further up",
        "Read the first error of its log; with one GPU leave Ray out (--distributed-executor-backend mp)",
      ],
      [
        "guest.image",
        "cause",
        /lib(?:GL|EGL|gthread-2\.0|glib-2\.0|SM|Xext|Xrender|OpenCL|vulkan|gomp|sndfile|tbb|python3)\S{0,8}\.so\S{0,6}: cannot open shared object/,
        "a library of the system (not of the GPU) is not in the image",
        "Install its package in the image (libGL: libgl1; glib: libglib2.0-0; OpenCL: ocl-icd-libopencl1; " +
        "Vulkan: libvulkan1)",
      ],
      [
        "host.memory",
        "symptom",
        /exited with code 137\b|"OOMKilled": ?true|exit status 137\b|exitCode=137\b/,
        "the container was ended by force (137): most often the machine's or its own memory ran out, else " +
        "something stopped it",
        guestFix("Check whether the kernel ended it", "sh -c 'dmesg | grep -i -A3 \"out of memory\"'"),
        "Give the machine more (memory:), raise the service's limit, or use a smaller model",
      ],
      [
        "verify.service",
        "cause",
        /listen tcp \S{1,60}: bind: address already in use|\[Errno 98\] .{0,100}address already in use|couldn't bind HTTP server socket|Cannot find empty port in range|Could not bind to \S{3,60}: port \d{2,5} already in use/i,
        "another program or container of this machine has the port already",
        guestFix("Check which", "ss -lntp"),
        "Stop it (a service ollama of the system next to the container), or choose another port",
      ],
      [
        "verify.service",
        "cause",
        /pull model manifest: (?:Get|Head|dial)\b|max retries exceeded: (?:(?:unexpected )?EOF|.{0,120}(?:ollama|huggingface))/,
        "the model's registry is not reached: the container has no network or name server, or a proxy blocks it",
        guestFix("Check whether the machine reaches it", "curl -sI https://registry.ollama.ai"),
        "Set HTTPS_PROXY for that service if there is a proxy",
      ],
      [
        "verify.service",
        "symptom",
        /no compatible amdgpu devices detected|amdgpu is not supported \(supported types|unsupported Radeon iGPU detected/,
        "Ollama finds no AMD card that its ROCm knows, so it computes on the CPU",
        "Write devices: [/dev/kfd, /dev/dri] for that service, and use the image with ROCm (ollama/ollama:rocm)",
        "For a chip next to a supported one: set HSA_OVERRIDE_GFX_VERSION",
      ],
    ],
  );

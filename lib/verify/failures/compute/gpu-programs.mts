import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { amdWords, driverWorks, nvidiaWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Words of programs that compute or encode on a GPU. */
const programs = new RegExp(
  `${nvidiaWords.source}|torch|llama|ollama|vllm|triton|ffmpeg|AVHWDevice|h264_|hevc_` +
    "|renderD\\d|vaapi|libva|vulkan|onnx|jax|comfy|cudnn|transformers|EngineCore|APIServer|Worker_" +
    "|huggingface|diffusers|tensorflow|keras|DNN library|gguf" +
    `|${amdWords.source}`,
  "i",
);

/** Sentences of programs that compute on a GPU, by topic. */
export const gpuProgramFailures = (): Failure[] => [
  ...rows({
    layer: "image",
    near: programs,
    source: "PyTorch, vLLM, Triton, Ollama, llama.cpp, FFmpeg, libva, Vulkan's loader, read 2026-11",
  }, [
    [
      "guest.cuda",
      "cause",
      anyOf(
        /Unable to find a valid cuDNN algorithm|unable to find an engine to execute this computation/,
        /Failed to get convolution algorithm|No algorithm worked!|Could not create cudnn handle|DNN library (?:initialization failed|is not found)/,
      ),
      "cuDNN does not start: most often the card's memory is full, otherwise its release does not fit CUDA " +
      "or the card",
      guestFix("Check who uses the card's memory", "nvidia-smi"),
      "Use a smaller model, batch or image; or an image whose cuDNN was made for its CUDA",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /quantization method \S{1,40} is not supported for the current GPU|Minimum capability: \d{2,3}/,
        /out of resource: (?:shared memory|threads|registers), Required/,
      ),
      "the model's way of computing (quantization, kernel) needs a newer or larger card than this one",
      "Choose another quantization or dtype (half), or a smaller block, context or head size for that program",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /(?:xformers|sageattention|flash_attn|flashinfer).{0,120}(?:not built for|no operator found|only supports)/i,
        /No operator found for `memory_efficient_attention|RuntimeError: No available kernel\. Aborting execution/,
      ),
      "the attention library in the image (xFormers, FlashAttention) has no code for this card",
      "Start the program without it (ComfyUI: --use-pytorch-cross-attention), or use an image made for the card",
    ],
    [
      "verify.service",
      "symptom",
      /no supported devices found for platform|Can't initialize NVML/,
      "the program finds no GPU that it can use",
      "Write gpu: 1 (or all) for that service, and use the variant of its image for CUDA or ROCm",
      guestFix("Check what a container sees", "docker run --rm --gpus all ubuntu nvidia-smi"),
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /timed out waiting for llama runner|llama runner exited|please see the ollama server logs/,
      ),
      "Ollama's runner, the process that computes, ended or did not start in time: its own lines above say why",
      guestFix("Read the service's log", "docker compose logs --no-color --tail 80"),
      "If it is slow to load: raise OLLAMA_LOAD_TIMEOUT, and keep models on a fast disk",
    ],
    [
      "verify.service",
      "note",
      /gpu VRAM usage didn't recover within timeout|not compiled with flash attention/i,
      "the program goes on: memory of the last model is freed late, or it computes without flash attention",
      "Nothing to do; see the lines below for the real error",
    ],
    [
      "verify.service",
      "symptom",
      /could not connect to (?:a running |the )?ollama|ollama server not responding/i,
      "Ollama's server does not run, or the client asks another address (OLLAMA_HOST)",
      "Start it (ollama serve, or the service), and in containers use its service name, not localhost",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Input type \(\w{1,40}(?:\.\w{1,20})?\) and (?:bias|weight) type/,
        /expected (?:mat1 and mat2|m1 and m2|scalar type)/,
        /Expected all tensors to be on the same device/,
      ),
      "the program mixes number types or devices: a fault of the program or of its settings, not of the GPU",
      "Choose one precision for all parts (fp16, bf16 or fp32), and update the program and its extensions",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:Failed to open|Cannot open|open) \/dev\/dri\/renderD\d{3}'?: Permission denied|DRM device .{0,40}Permission denied/i,
        /does not have (?:read|write) permissions on \/dev\/dri\//,
      ),
      "the program is not allowed to open the card's node: its user is not in the group render, or the container " +
      "got the node without it",
      "Write group_add: [render, video] (or their numbers, see below) and devices: [/dev/dri] for that service",
      guestFix("List the nodes and their groups", "ls -ln /dev/dri"),
    ],
    [
      "verify.service",
      "cause",
      /No VA display found for device -\w|Failed to set value '-\w{2,40}' for option '/,
      "FFmpeg takes the next option as the value of one: a value is missing in its arguments before it",
      "Give that option its value, such as -qsv_device /dev/dri/renderD128 or -hwaccel_device /dev/dri/renderD128; " +
      "Frigate: use its preset-vaapi instead",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /libva(?: error)?: .{0,100}(?:failed|init failed)(?![^]{1,400}va_openDriver\(\) returns 0)/,
        /vaGetDriverNameByIndex|No VA display found for (?:device(?! -)|any default device)/,
        /Failed to initialise VAAPI connection|Failed to create a VAAPI device/,
      ),
      "VA-API finds no driver for the card: NVIDIA cards have none of their own, and AMD and Intel need /dev/dri " +
      "in the container, with a group of the service's user",
      "NVIDIA: use NVENC and NVDEC (cuda, nvenc) instead of vaapi; AMD and Intel: give the service devices: /dev/dri",
      "Then group_add: [render, video], or their numbers on the machine (ls -ln /dev/dri)",
      "If the container has the node: its image lacks the card's driver; install mesa-va-drivers (AMD) or " +
      "intel-media-va-driver (Intel) in it (Alpine: mesa-va-gallium, intel-media-driver)",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /Failed to set value '(?:cuda|vaapi|qsv|vulkan)[^']{0,40}' for option 'init_hw_device'/,
        /Device creation failed: -\d{3,12}/,
      ),
      "FFmpeg could not open the card, for the reason in the lines above",
      "Check that the service has the GPU with the capabilities compute, video and utility",
      driverWorks,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /via 'vk_icdGetInstanceProcAddr' for ICD|Cannot create Vulkan instance|ERROR_INCOMPATIBLE_DRIVER|vkEnumeratePhysicalDevices: .{0,60}ERROR_/,
        /MESA-LOADER: failed to open|failed to load driver: (?:nvidia|nouveau|swrast)/,
      ),
      "Vulkan or OpenGL finds no driver for the card in the container: its graphics libraries were not passed in",
      "Add graphics (and display) to the service's capabilities (NVIDIA_DRIVER_CAPABILITIES=all), and install " +
      "libvulkan1 in the image",
    ],
    [
      "gpu.display",
      "cause",
      /XDG_RUNTIME_DIR (?:is )?not set in the environment|cannot open display: /,
      "the program needs a screen, and there is none in a container or over SSH",
      "Start it without a window (headless); a GPU that computes needs no display",
    ],
  ]),
];

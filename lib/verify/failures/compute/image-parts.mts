import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const image = "Use the program's own image, whose parts come from one release";

/** Parts of an image that do not fit each other or the card, by topic. */
export const imagePartFailures = (): Failure[] => [
  ...rows({
    layer: "image",
    source:
      "PyTorch, torchaudio, torchvision; RVC-Boss/GPT-SoVITS#2765 (2026-04), whisper-asr-webservice#284 (2025-02)",
  }, [
    [
      "guest.cuda",
      "cause",
      /Detected that PyTorch and \w{5,20} were compiled with different CUDA/,
      "PyTorch and one of its companions (torchaudio, torchvision) come from builds for different releases of CUDA",
      "Install them in one step from one index: pip install --force-reinstall torch torchvision torchaudio " +
      "--index-url https://download.pytorch.org/whl/cu128",
    ],
    [
      "guest.cuda",
      "cause",
      /lib(?:torch|c10)_(?:cuda|hip)(?:_linalg)?\.so: cannot open shared object/,
      "a part of the image needs PyTorch with CUDA (or ROCm), and the PyTorch that is installed is a build without it",
      "Install the build for the GPU again: pip install --force-reinstall torch torchaudio torchvision --index-url " +
      "https://download.pytorch.org/whl/cu128 (ROCm: …/whl/rocm6.4)",
      "Without a GPU: install all of them from …/whl/cpu",
    ],
    [
      "verify.service",
      "cause",
      /Weights only load failed|WeightsUnpickler error: Unsupported/,
      "since PyTorch 2.6 a model file may hold numbers only, and this one holds more: the program is older than that",
      "Use a newer tag of the program, or models in the form safetensors",
      "For a file that you trust: TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 in the service's environment",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /requires? ["'`]?[\w-]{3,40}["'`]? to be installed\b|is required but (?:it is )?not installed/,
        /requires Accelerate: |is required for a normal functioning of this module, but found/,
        /with minimum required version \S{1,16} is not installed|No package metadata was found for|is not new enough version/,
        /\brequires? (?:PyTorch|torch|transformers|diffusers|numpy|triton|python) ?(?:version )?[<>=]{1,2} ?\d/,
        /\bhas requirement \S{3,60}, but you(?:'ll)? have \S{1,40} \S{1,40} which is incompatible|distribution was not found and is required by|VersionConflict: \(/,
      ),
      "a Python package that the program needs is missing in the image, or is of another release",
      "Install it where the program runs, as its message says: python3 -m pip install NAME",
      image,
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /fmhaRunner\.\w{2,4}:\d{1,5}: Unsupported architecture|(?:flashinfer|trtllm|tvm|cutlass)\S{0,200}.{0,40}Unsupported arch/,
        /Only SM\d{2,3}\w? (?:and SM\d{2,3}\w? (?:is|are) supported|is supported)|requires SM\d{2,3}\w? or (?:higher|newer|later)/,
        /only supported on (?:Hopper|Blackwell|Ampere|SM\d{2,3})|Only (?:Hopper|Blackwell|Ampere) GPUs supported/,
        /Unsupported (?:compute capability|SM version|CUDA arch\w{0,10}):? ?\d|not supported on this device: SM \d/,
        /No compiled \w{3,40} (?:for a compute capability|(?:\w{3,30} )?kernel for SM ?\d)/,
        /\w_C is not available, likely was not compiled due to/,
        /Could not run '(?:_C|_moe_C|vllm|sgl_kernel|flash_attn)\w{0,20}::\w{2,60}' with arguments from the 'CUDA' backend/,
      ),
      "the program chose a way of computing that this GPU does not have (kernels for other chips, as data-center " +
      "cards have them)",
      "Choose another one: attention backend (vLLM: VLLM_ATTENTION_BACKEND; SGLang: --attention-backend triton), " +
      "quantization, or kernels without FlashInfer",
      "Use the newest tag of the image, which may know the card",
    ],
  ]),
  ...rows({ layer: "image", source: "Python, Go, Node.js; flashinfer-ai/flashinfer#2093 (2025-11), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      /KeyError: 'getpwuid\(\): uid not found: \d{1,10}'|getpwuid: user not found|No user exists for uid \d/,
      "the service runs as a user that its image has no name for (user:, PUID), and the program asks for the name",
      "Set HOME and USER for that service (HOME: /tmp, USER: app), and TORCHINDUCTOR_CACHE_DIR for PyTorch",
      "Or leave user: out, or mount /etc/passwd with that user: - /etc/passwd:/etc/passwd:ro",
    ],
    [
      "verify.service",
      "cause",
      /(?:Permission denied: '|mkdir '?|could not create directory '?)\/\.(?:cache|local|config|triton|nv|ollama|huggingface|npm|ssh)/,
      "the service runs as a user without a home folder, so it writes to the root of its container, which it is " +
      "not allowed to do",
      "Set HOME for that service to a folder that this user may write, such as a volume (HOME: /data)",
      "Or leave user: out, if its image's page does not ask for it",
    ],
  ]),
  ...rows({ layer: "image", source: "Frigate; blakeblackshear/frigate#5810 (2023-03)" }, [
    [
      "guest.image",
      "cause",
      /TensorRT libraries not found|(?:TRT|ROCM?|OPENVINO|ONNX)_SUPPORT, f"/,
      "the image's variant has no libraries for that detector",
      "Take the variant for the card: …-tensorrt (NVIDIA), …-rocm (AMD); since 0.16 NVIDIA's detector is onnx",
    ],
  ]),
  ...rows({ layer: "image", source: "s6-overlay 3 (its README); home-assistant-addons#50 (2023-11)" }, [
    [
      "verify.service",
      "cause",
      /s6-overlay-suexec: fatal: can only run as pid 1|s6-overlay\/libexec\/preinit: (?:fatal|info): \/run belongs to/,
      "the image's supervisor (s6-overlay) must be the first process of its container and own /run",
      "Remove init: true and pid: host from that service, and user: unless its image's page asks for it",
    ],
  ]),
  ...rows({ layer: "toolkit", near: /distrobox|nvidia/i, source: "distrobox; 89luca89/distrobox#1177 (2024-01)" }, [
    [
      "verify.service",
      "cause",
      /cannot create mount target file: \S{0,120}(?:nvidia|cuda|libEGL|libGL|vdpau)/,
      "distrobox could not put the driver's files into its container: they are elsewhere in that distribution",
      "Make the container without --nvidia, with NVIDIA's toolkit: --additional-flags '--device nvidia.com/gpu=all'",
      guestFix("First write the CDI specification", "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"),
    ],
  ]),
  ...rows({ layer: "packages", near: /nvidia|initrd/i, source: "openSUSE/nvidia-driver-G06#77 (2025-01)" }, [
    [
      "tools.present",
      "note",
      /lsinitrd: line \d{1,5}: echo: write error: Broken pipe/,
      "a remark of the package's script, which is harmless",
      "Nothing to do; see with zypper verify that all was installed",
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const words =
  /torch|\bcuda|vllm|sglang|comfy|custom_nodes|transformers|diffus|huggingface|onnxruntime|tensorrt|tensorflow|keras|jax\b|whisper|llama|ctranslate|invokeai|xformers|accelerate|bitsandbytes|safetensors|frigate|immich/i;
const image = "Use the program's own image, whose parts come from one release, or install its requirements.txt again";

/** The last lines of Python's tracebacks: causes that only they name. */
export const pythonTraceFailures = (): Failure[] => [
  ...rows({
    layer: "image",
    near: words,
    source: "Transformers, Diffusers, Accelerate, PyTorch, NumPy, ComfyUI; huggingface/diffusers#11644 (2025-06), " +
      "Vchitect/Latte#137 (2025-09), huggingface/transformers#24540 (2023-06), #26153 (2023-09), read 2026-11",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /_LazyModule\.__getattr__\.<locals>\.Placeholder|Couldn't instantiate the backend tokenizer/,
        /cannot be loaded as it does not seem to have any of the loading methods/,
        /Converting from (?:SentencePiece and )?Tiktoken failed/,
      ),
      "a package for the model's tokenizer is not installed (sentencepiece, tiktoken, protobuf), or Diffusers and " +
      "Transformers do not fit together",
      "Install them where the program runs: python3 -m pip install sentencepiece tiktoken protobuf",
      image,
    ],
    [
      "verify.service",
      "cause",
      /Some modules are dispatched on the CPU or the disk|device_map\S{0,2} had weights offloaded to the disk/,
      "the model does not fit into the GPU's free memory, so a part of it would be on the CPU or the disk, which " +
      "this way of loading does not allow",
      guestFix("Check what uses the card's memory", "nvidia-smi"),
      "Use a smaller or more quantized model, or free the card; if the program sees no GPU at all, correct that first",
    ],
    [
      "guest.image",
      "cause",
      /\.to\S{0,2} is not supported for \S{1,12}4-bit|You can't move a model that has some modules offloaded/,
      "the program moves a model that is loaded quantized or in parts: a fault of the program, or its Transformers " +
      "and Accelerate do not fit together",
      image,
      'In a program of your own: leave .to() and .cuda() out, and use device_map="auto"',
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /was removed in the NumPy 2\.0 release|numpy\.\w{3,10} size changed, may indicate binary incompatibility|RuntimeError: Numpy is not available/,
        /needs NumPy \d\S{0,6} or less|_ARRAY_API not found|numpy\.core\.multiarray failed to import/,
        /module 'numpy' has no attribute '(?:bool|int|float|object|typeDict)'/,
      ),
      "a part of the image was built for another release of NumPy (1 or 2) than the one that is installed",
      'Install the release that the part wants: python3 -m pip install "numpy<2", or a newer build of that part',
      image,
    ],
    [
      "guest.image",
      "cause",
      /now require users to upgrade torch to at least/,
      "Transformers loads weights in the old form (.bin) only with a newer PyTorch than the image has, since older " +
      "ones have " +
      "a security fault there",
      "Use an image with that PyTorch or a later one, or a model whose page has .safetensors files",
    ],
    [
      "verify.service",
      "cause",
      /not implemented for 'Half'|"\w{3,40}_cpu\w{0,4}" not implemented for '(?:Half|BFloat16|Float8\w{0,8})'/,
      "the model computes on the CPU with numbers that only a GPU can compute with (half precision): the program " +
      "sees no GPU, or is set to use the CPU",
      guestFix("Check that a container gets the GPU", "docker run --rm --gpus all ubuntu nvidia-smi"),
      "Write gpu: 1 for that service; on the CPU: full precision (--dtype float32, --no-half, --cpu-vae)",
    ],
    [
      "guest.image",
      "cause",
      /Cannot copy out of meta tensor|cannot be called on meta tensors/,
      "a part of the model has no data: a file of it is missing or of another kind, or Accelerate does not fit " +
      "Transformers or Diffusers",
      "Fetch the model's files again, all of them",
      image,
    ],
    [
      "guest.image",
      "cause",
      /No such file or directory: ['"]\S{0,200}custom_nodes[\\/]/,
      "a file of a custom node is missing: the node was not downloaded whole (its submodules), or its folder is empty",
      "Remove the node's folder and install it again (ComfyUI-Manager, or git clone --recursive)",
      "The rest of ComfyUI works without it",
    ],
    [
      "guest.image",
      "cause",
      /No module named '?(?:comfy|comfy_extras|comfy_api|comfyui_frontend_package|comfyui_workflow_templates|comfy_aimdo|comfy_kitchen|modules\.\w{2,30}|ldm|app\.\w{2,30})\b/,
      "the program's own files are not of one release: a part was updated or replaced, or another package has its name",
      "Update the program as a whole, then its requirements: python3 -m pip install -r requirements.txt",
      "Remove pip packages of the same name (python3 -m pip uninstall comfy), and nodes that were added last",
    ],
    [
      "verify.service",
      "cause",
      /Read-only file system: ['"]\S{1,200}/,
      "the folder that the program writes to is read-only: by read_only: true or a volume with :ro; outside of a " +
      "container by its mount, or after an error of the disk",
      "Give that folder a volume or tmpfs:, or send the program's cache elsewhere (HF_HOME, XDG_CACHE_HOME)",
    ],
    [
      "verify.service",
      "cause",
      /Given groups=\d{1,4}, weight of size \[[\d, ]{3,40}\], expected input/,
      "parts of the workflow do not belong together: the model, text encoder, VAE, ControlNet or LoRA are of " +
      "different base models",
      "Choose files of one base model (SD 1.5, SDXL, Flux, Wan), each in its own loader, and update the program",
    ],
  ]),
  ...rows({
    layer: "image",
    near: /ffmpeg|frigate|libav|muxer|transcod|jellyfin|plex|tdarr|unmanic/i,
    source: "FFmpeg, blakeblackshear/frigate#6716 (2023-06)",
  }, [
    [
      "host.disk",
      "cause",
      anyOf(
        /(?:write header for output file|av_interleaved_write_frame\(\)|[Ee]rror writing trailer).{0,100}: No space left on device/,
        /(?:\/tmp\/cache|\/dev\/shm|\/transcode|\/temp|transcod\w{1,6}|recordings)\S{0,100}.{0,40}No space left on device/,
      ),
      "the folder that the program writes its video to is full: a disk, or a tmpfs such as /tmp/cache and /dev/shm",
      guestFix("Check which", "df -h"),
      "Frigate: a larger tmpfs for /tmp/cache, and shm_size; others: a folder for transcoding on a disk with room",
    ],
  ]),
];

/** Kinds of errors of Python, where no entry knows the message. They come before the general one. */
export const pythonKindFallbacks = (): Failure[] =>
  rows({ layer: "image", near: words, source: "Python (built-in exceptions), read 2026-11" }, [
    [
      "guest.image",
      "fallback",
      /(?:ModuleNotFound|Import)Error: /,
      "a Python module that the program needs is not installed in the Python that runs it, or is of another release",
      image,
      "Or install the package that has it there: python3 -m pip install NAME (module cv2: opencv-python-headless; " +
      "PIL: pillow; yaml: pyyaml)",
    ],
    [
      "guest.image",
      "fallback",
      /Failed to import (?:diffusers|transformers)\.[\w.]{2,120} because of/,
      "Diffusers or Transformers cannot load one of its parts, for the reason after the colon: its packages do not " +
      "fit together",
      image,
    ],
    [
      "verify.service",
      "fallback",
      /^(?:.{0,60} )?(?:Attribute|Key|Name|Type|Index|UnboundLocal|Syntax|Recursion|Indentation)Error(?:: |$)/,
      "the program failed in its own code, not in the driver: most often its parts or extensions are of different " +
      "releases, or a file does not have the content that it expects",
      image,
      "Update or remove the extension (custom node) whose file the last lines name",
    ],
    [
      "verify.service",
      "fallback",
      /Error occurred when executing \w{2,60}:/,
      "a node of ComfyUI failed, for the reason in the next line: most often its model, input or setting does not " +
      "fit, or ComfyUI and the node are of different releases",
      "Update ComfyUI and the node; try the workflow of the model's page, with the files that it names",
    ],
    [
      "verify.service",
      "fallback",
      /(?:JSONDecode|UnicodeDecode|Unpickling|BadZipFile|EOF)Error\b|BadZipFile: /,
      "the program could not read a file or an answer: it is empty, cut off, or of another kind than expected",
      "Remove the file that the lines above name, and let the program fetch it again; behind a proxy see what arrives",
    ],
  ]);

import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const words =
  /torch|triton|cuda|vllm|sglang|flashinfer|comfy|huggingface|transformers|llama|ggml|gguf|ollama|localai|onnx|tensorrt|\[TRT\]|nvenc|tensorflow|whisper|diffusion|webui|gradio|kobold|invoke|blender|cycles|flash.?attn|vk_|model_|models|EngineCore|Engine |tcmalloc|litellm|n8n|11434|accelerate|attention|device_map|Errno 111|CheckpointLoader|launched as root|during processing|slot for batch|update_slots|paddle|Value not in list|\.gguf|\.safetensors|\w\.py: error: /i;
const gpuWords =
  /torch|\bcuda|vllm|sglang|comfyui|transformers|diffus|onnxruntime|tensorrt|whisper|llama|ctranslate|invokeai|xformers/i;
const gpuTest = "docker run --rm --gpus all ubuntu nvidia-smi";
const first = "Read the service's first error: docker compose logs --no-color SERVICE, from its start on";

/** What programs with models say about their options, model files, packages and each other. */
export const programInputFailures = (): Failure[] =>
  rows({
    layer: "image",
    near: words,
    source: "vLLM, SGLang, llama.cpp, ComfyUI, Stable Diffusion WebUI, Transformers, Ollama, read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /error: the following arguments are required: |error: (?:unrecognized arguments|argument --?\w[\w-]{1,40}): /,
        /error: (?:invalid|unknown) argument: (?:-|\S{1,80}\s*$)|error while handling argument "-/,
        /error: (?:unexpected argument '-|invalid value '[^'\n]{0,80}' for '-)|error: unknown value for --?\w[\w-]{1,40}: /,
      ),
      "the program does not take an option or value of its command line (of a service: command:)",
      "Look it up in the program's own help (its command with --help), in the release that the image has",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Model architectures? \[.{2,80}\] (?:are|is) not supported|Unknown quantization method|Unrecognized model in /,
        /does not recognize this architecture|Transformers does not recognize|Tokenizer class \w{3,60} does not exist or is not currently imported/,
        /There is no module or parameter named '[\w.]{3,200}' in \w/,
        /KeyError: '(?:[\w.]{1,60}\.)?(?:layers|h|blocks)\.\d{1,3}\.[\w.]{3,120}'|KeyError: '(?:lm_head|model\.embed_tokens)\.\w{3,40}'/,
      ),
      "the program in the image does not know this kind of model or its quantization: it is older than the model, or " +
      "the folder is not a model's",
      "Use a newer tag of the image; see that the folder has config.json, and which programs the model's page names",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Cannot find any (?:safetensors )?model weights with|No model weights found in: `/,
        /Invalid repository ID or local directory specified|HFValidationError: Repo id must/,
        /Unable to open file 'model\.bin' in model|NO_SUCHFILE : Load model from|Model in folder '[^']{2,60}' with filename '/,
        /Error no file named \S{3,40}\.(?:bin|safetensors)|\.glob\('\*\.gguf'\)/,
        /does not appear to have a file named|Invalid model size '|Value not in list: /,
        /No such file or directory: ['"]\S{0,160}(?:\bmodels?\b|\.gguf|\.safetensors|ggml|snapshots|config\.json)/,
      ),
      "the program does not find the model by that path or name in its container",
      "Check that volumes: puts the folder of models where the message looks, and that the name is spelled as the file",
      "A path that is not a folder in the container is taken for a name of Hugging Face: mount it (./models:/models)",
      "Download the model that the workflow or the command names",
    ],
    [
      "verify.service",
      "cause",
      /User-specified (?:max_model_len|context_length) .{0,20}is greater than the derived/,
      "--max-model-len (SGLang: --context-length) is longer than the context that the model was made for",
      "Leave it out, or set at most the length that the message names (config.json: max_position_embeddings)",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Cannot import \S{1,160} module for custom nodes/,
        /requires `\w{2,30}`|requires the latest version of|has been toggled on, but it cannot be used/,
        /Flash Attention(?: V?2)? is not installed|\b_C' object has no attribute/,
      ),
      "a Python package that the program or one of its extensions needs is missing in the image, too old, or does " +
      "not load",
      "ComfyUI: install the node's requirements.txt in the container's Python, or update or remove the node",
      "Others: use the program's own image; pip install -U the package that the line names; read the error after it",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /FlashInfer requires (?:GPUs with|sm\d)|build does not support headdim|Unsupported head.?size/,
        /failed to dispatch (?:head_dim|group_size|data type) \w|assert Lq in \{|only supports head dimension at most/,
      ),
      "the attention library has no code for this GPU or model",
      "Choose another: VLLM_ATTENTION_BACKEND=TRITON_ATTN, --attention-backend triton (SGLang), or attention: sdpa",
    ],
    [
      "verify.service",
      "cause",
      /Can't load (?:tokenizer|the configuration|config|feature extractor|image processor|the model) (?:for|of) '/,
      "a part of a model could not be fetched or read: Hugging Face is not reached, or a folder has its name",
      guestFix("Check whether the machine reaches it", "curl -sI https://huggingface.co"),
      "Set HTTPS_PROXY (and HF_TOKEN) for that service, or put the whole model in a volume and name its folder",
    ],
    [
      "verify.service",
      "symptom",
      /Failed to create CUDA context|CUDA context creation failed/,
      "a program could not begin its work on the GPU; the word in brackets says why",
      guestFix("Check that the card answers, and who uses its memory", "nvidia-smi"),
      guestFix("Read what the driver says", "dmesg --level err,warn"),
    ],
    [
      "verify.service",
      "cause",
      /probability tensor contains either/,
      "the model's numbers overflowed: half precision does not suit it, or its file or quantization is broken",
      "Use bfloat16 or float32 (--dtype), another quantization, or download the model again",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /\b0 active drivers \(\[\]\)|your CUDA device is not set properly\. CPU device will be used/,
        /Device string must not be empty|cannot find any torch accelerator/,
        /Cannot assign a device for operation|CUDA initialization failure with error:? (?:100|3)\b/,
      ),
      "the program finds no GPU: its container has none, or its build is without CUDA",
      "Write gpu: 1 (or all) for that service",
      guestFix("Check that a container gets the GPU", gpuTest),
    ],
    [
      "verify.service",
      "fallback",
      /No CUDA runtime is found, using CUDA_HOME/,
      "PyTorch sees no GPU here, which is normal while an image is built, and a fault when the program runs",
      "In a build: look for another error, and set TORCH_CUDA_ARCH_LIST for packages that compile for the card",
      "At run time: write gpu: 1 (or all) for that service",
    ],
    [
      "guest.image",
      "cause",
      /: cannot allocate memory in static TLS block/,
      "a library is loaded too late to get its place in the program (static TLS): the order of the imports is at fault",
      "Load it first: set LD_PRELOAD to the file that the line names for that service; or use a newer glibc (image)",
    ],
    [
      "guest.image",
      "fallback",
      /Failed to import transformers\./,
      "a part of Transformers does not load, for the reason on the next line",
      "Read that line; install transformers, torch and flash-attn from one release, or use the program's own image",
    ],
    [
      "verify.service",
      "fallback",
      /vLLM is running on UnspecifiedPlatform|\b0 active driver\(s\) found/,
      "vLLM finds no GPU: its container has none, or NVML does not answer there",
      "Write gpu: 1 (or all) for that service",
      guestFix("Check that a container gets the GPU", gpuTest),
    ],
    [
      "verify.service",
      "cause",
      /failed to find a memory slot for batch|failed to find free space in the KV cache/,
      "the context of the model is full: requests together are longer than it",
      "Raise the context (-c, num_ctx), or allow fewer requests at once (-np, OLLAMA_NUM_PARALLEL)",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /shape '\[[\d, -]{1,40}\]' is invalid for input of size|The size of tensor a \(\d/,
        /Non-zero status code returned while running(?! OpenVINO|[^\n]{1,300}\bCU(?:DNN|DA|BLAS) failure)/,
      ),
      "a step of the model failed: most often its parts (model, LoRA, ControlNet, VAE, size) do not belong together",
      "Use files of one base model and a size that is a multiple of 64; read the error after it",
    ],
    [
      "verify.service",
      "fallback",
      /Exception during processing ?!!!/,
      "a node of ComfyUI failed, for the reason after these words",
      "Read the last line of its traceback; if it names a custom node, update or remove that node",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /ChildProcessError: worker died|Engine process failed to start|RPC call to execute_model timed out|Engine loop has died/,
        /Stable diffusion model failed to load|exiting due to model loading error|failed to create context with model/,
        /srv {1,4}load_model: failed|Failed to execute script '/i,
        /[Cc]apture cuda graph failed|CUDA graph capturing failed|WorkerProc initialization failed due to|RuntimeError: Executor (?:failed\.|worker returned error)|Primary job {1,2}terminated normally, but \d{1,4} process/,
      ),
      "the program gave up; an error above says why",
      first,
      guestFix("Check whether the GPU's memory is taken", "nvidia-smi"),
    ],
    [
      "verify.service",
      "cause",
      /default chat template is no longer allowed|no chat template (?:is )?(?:defined|found|set)/i,
      "the model's tokenizer brings no chat template, which a chat needs",
      "Use the model's instruct variant, or give one (vLLM: --chat-template FILE), or call /v1/completions",
    ],
    [
      "verify.service",
      "cause",
      /memory layout cannot be allocated with num_gpu/,
      "Ollama cannot place as many layers on the GPU as num_gpu asks for: its memory is taken or too small",
      guestFix("Check what uses it", "nvidia-smi"),
      "Leave num_gpu out (PARAMETER in the Modelfile, the request's options), or use a smaller model or context",
    ],
    [
      "verify.service",
      "cause",
      /nvenc: version [\d.]{3,6} is not available|hb_nvenc: not available/,
      "HandBrake finds no NVENC: the driver is too old for it, or its container has no video capability",
      guestFix("Show the driver's release", "nvidia-smi"),
      "Set NVIDIA_DRIVER_CAPABILITIES=compute,utility,video for that service",
    ],
    [
      "verify.service",
      "cause",
      /script must not be launched as root/,
      "the WebUI's start script refuses root, as which the container runs it",
      "Add -f to its command, or set user: for that service",
    ],
    [
      "verify.service",
      "note",
      /Cannot locate TCMalloc|CUDA lazy loading is not enabled/,
      "a hint about speed and memory; it stops nothing",
      "Look for another error",
    ],
    [
      "verify.service",
      "cause",
      /unsupported protocol scheme for "|unsupported protocol scheme "(?:localhost|ollama|\d)/,
      "the address of the other service lacks its beginning, http://",
      "Write it whole: OLLAMA_BASE_URL=http://ollama:11434",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Exception - Cannot connect to host|Server Connection Error/,
        /ECONNREFUSED (?:127\.0\.0\.1|::1):\d|Connect call failed \('(?:127\.0\.0\.1|::1)'/,
      ),
      "a service does not reach another: it is not (yet) up, or is addressed as localhost, which in a container is " +
      "the container itself",
      "Use the other service's name in the address (http://ollama:11434), and see that it runs",
      "If it runs on the machine itself: host.docker.internal with extra_hosts: [host.docker.internal:host-gateway], " +
      "and OLLAMA_HOST=0.0.0.0",
    ],
    [
      "verify.service",
      "symptom",
      /Post "http:\/\/\S{4,60}\/api\/\w{3,12}": EOF/,
      "Ollama ended while it answered; its own log says why (most often memory)",
      guestFix("Read its log", "docker compose logs --no-color --tail 80"),
    ],
  ]);

/** What is left of Python's errors, where no other entry matches. */
export const pythonFallbacks = (): Failure[] =>
  rows({ layer: "image", near: gpuWords, source: "Python (its traceback), read 2026-11" }, [
    [
      "verify.service",
      "fallback",
      /(?<!\| )(?:Runtime|Value|Type|Key|Attribute|Assertion|NotImplemented|Import|OS|Permission|Name|Index|Memory|Timeout|Connection)Error: (?!Engine (?:core|process)|Server exited|WorkerProc|Executor failed)|\bAssertionError(?=\s|$)/,
      "a program ended with an error of its own, which homelab-gpu does not know: the line names it",
      guestFix("Check that a container gets the GPU: then the driver and the toolkit work", gpuTest),
      "Look that line up at the program's project; try its newest image, and the one that last worked",
    ],
    [
      "verify.service",
      "fallback",
      /Traceback \(most recent call last\)/,
      "a program in Python ended with an error that homelab-gpu does not know: the last line of its traceback names it",
      guestFix("Check that a container gets the GPU: then the driver and the toolkit work", gpuTest),
      "Look that line up at the program's project; try its newest image, and the one that last worked",
    ],
  ]);

import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const smi = guestFix("Check what uses the GPU's memory", "nvidia-smi");
const first = guestFix("Read the service's first error", "docker compose logs --no-color");
const tei =
  /text.embeddings|\bTEI\b|candle|backends?\/src|1_Pooling|router\/src|Could not (?:start|create) (?:\w{2,8} )?backend/i;
const source = "vLLM 0.10 and 0.11, SGLang 0.5, Text Generation Inference 3.3 (their source), read 2026-11";

/** Messages of vLLM, SGLang and Hugging Face's servers (TGI, TEI): settings, parts of a model, their processes. */
export const modelServerFailures = (): Failure[] => [
  ...embeddingFailures(),
  ...rows({ layer: "image", near: /vllm|EngineCore|APIServer|max_num_batched_tokens/i, source }, [
    [
      "verify.service",
      "symptom",
      anyOf(
        /Value error, (?!User-specified max_model_len)(?=[^\n]{0,400}(?:max_|_size|--|parallel|cache|token|config|quantiz|backend|enable|disable))/,
        /max_num_batched_tokens \(\d{1,9}\) is smaller than max_model_len/,
      ),
      "vLLM does not take these settings together: the words after “Value error” or “ValueError” name them",
      "Change the option that they name in the service's command:, or leave it out: the defaults fit each other",
    ],
  ]),
  ...rows({ layer: "image", source }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /must be divisible by (?:the )?tensor.parallel|is not divisible by (?:tp_size|tensor.parallel)/,
        /Consider reducing tensor_parallel_size|can be caused by too large tensor parallel size/,
        /is not divisible by (?:weight quantization block_[nk]|min_thread_[nk]|tile_[nk]_size)/,
      ),
      "the model, or its quantization, cannot be split among that many GPUs",
      "Use as many GPUs as the attention heads are a multiple of (--tensor-parallel-size 1, 2 or 4; TGI: " +
      "--num-shard), or --pipeline-parallel-size instead",
    ],
    [
      "verify.service",
      "cause",
      /(?:bfloat16|float16|float32|half) is not supported for quantization method|does not support float16\. Reason/,
      "the quantization or model does not work with that number format",
      "Set the one that the message names: --dtype half (float16) for AWQ and GPTQ, --dtype bfloat16 otherwise",
    ],
    [
      "verify.service",
      "cause",
      /Quantization method specified in the model config \(/,
      "--quantization names another method than the one of the model's files",
      "Leave --quantization out: the program reads the method from the model's config.json",
    ],
    [
      "verify.service",
      "symptom",
      /\] failed to be inspected\. Please check the logs/,
      "vLLM could not load the code of this kind of model; the error above says which package is missing or too old",
      first,
      "Use the program's own image in a newer release",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /maximum context length is \d{1,9} tokens\. However, you requested|longer than the maximum model length of/,
        /exceeds the available context size|input exceeds (?:the )?maximum context length/,
        /`inputs` tokens \+ `max_new_tokens` must be <=|`inputs` must have less than \d{1,8} tokens/,
        /is longer than the model's context length|input is too large to process\. increase the physical batch/,
      ),
      "the request is longer than the context that the server was started with",
      "Raise it if memory allows (vLLM: --max-model-len, SGLang: --context-length, llama.cpp: -c and -ub, Ollama: " +
      "OLLAMA_CONTEXT_LENGTH, TGI: --max-total-tokens)",
      "Or send less: a shorter history, fewer documents, a smaller max_tokens",
    ],
    [
      "verify.service",
      "cause",
      /LoRA rank \d{1,5} is greater than max_lora_rank/,
      "the LoRA adapter has a higher rank than the server was started for",
      "Start it with --max-lora-rank of at least that number",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /reasoning parser could not locate think start\/end tokens|think_end_token '[^']{1,40}' must encode to/,
        /could not locate tool calls? start\/end tokens in the tokenizer!/,
      ),
      "the parser for reasoning or tool calls is for another model: this model's tokenizer lacks its tokens",
      "Name the parser of this model (--reasoning-parser, --tool-call-parser), or leave the option out",
    ],
    [
      "verify.service",
      "cause",
      /invalid literal for int\(\) with base 10: '(?:GPU|MIG)-/,
      "the program accepts only numbers of GPUs, and CUDA_VISIBLE_DEVICES has a UUID",
      "Set CUDA_VISIBLE_DEVICES=0 (inside a container GPUs count from 0), and choose the card by gpu: in the config",
    ],
    [
      "verify.service",
      "cause",
      /memory capacity is unbalanced\. (?:Some GPUs|min_)/,
      "one of the GPUs has less free memory than the others: another program uses it, or the cards differ",
      smi,
      "Stop that program, or give the service only the free cards; SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK=0 " +
      "turns the check off",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /alloc_req_slots runs out of memory/,
        /(?:Prefill|Decode|Out) (?:out )?of memory\. Try to lower your batch size/,
      ),
      "SGLang's memory pool has no room for one more request: too many run at once, or its share of the GPU is small",
      "Lower --max-running-requests (and --chunked-prefill-size), or give the pool more: --mem-fraction-static 0.9",
      smi,
    ],
    [
      "verify.service",
      "cause",
      /Failed to allocate memory for \w{3,40} with size \d{1,12} and alignment \d{1,4} in AlignedAllocator/,
      "the working memory of FlashInfer is too small for so many requests or so large a model",
      "SGLang: raise SGLANG_FLASHINFER_WORKSPACE_SIZE (in bytes), or lower --max-running-requests and " +
      "--chunked-prefill-size; or take --attention-backend triton",
    ],
    [
      "verify.service",
      "note",
      anyOf(
        /Custom (?:quick )?allreduce is disabled because|does not have native support for FP\d computation/,
        /Using 'pin_memory=False' as WSL is detected|KV cache pool is full\. Retract requests/,
        /is preempted by \S{1,40} mode because there is not enough KV cache space/,
        /retrying with tiled VAE (?:de|en)coding|FlashInfer is not available\. Falling back/,
        /GPU device discovery failed: device_discovery\.cc|failed to fit params to free device memory|CUDA graph is not supported (?:for|on) /,
      ),
      "the program continues in a slower way: this is a warning, not an error",
      "Look for another error; if it is too slow: use less (context, requests at once, size of the picture)",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /scheduler is dead\. Please check if there are|Received sigquit from a child process/,
        /Scheduler hit an exception|[Ww]atchdog timeout \(self\.watchdog_timeout=/,
      ),
      "a process of SGLang ended or hangs; its own error is above",
      first,
      smi,
      "After a hang with several GPUs: try NCCL_P2P_DISABLE=1 and --disable-custom-all-reduce",
    ],
    [
      "verify.service",
      "symptom",
      /No available shared memory broadcast block found in \d{1,4} second/,
      "one of vLLM's processes waits for another: it still compiles or loads, or it hangs",
      "Wait some minutes after a start; if the error remains: read the first error of the other worker",
      "Several GPUs in a VM: set NCCL_P2P_DISABLE=1, and ipc: host (or shm_size: 8gb) for that service",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /\bShard(?:CannotStart|Failed)\b|\bShard \d{1,3} (?:failed to start|crashed)|Webserver Crashed/,
        /Server error: error trying to connect: No such file or directory|Download process was signaled to shutdown/,
        /text_generation_launcher: Download encountered an error/,
      ),
      "a process of Text Generation Inference (TGI) ended; its own error is above, after “Shard complete standard " +
      "error output”",
      first,
      smi,
    ],
  ]),
];

/** Messages of Text Embeddings Inference. */
const embeddingFailures = (): Failure[] =>
  rows({ layer: "image", near: tei, source: "huggingface/text-embeddings-inference 1.8 (its source), read 2026-11" }, [
    [
      "guest.cuda",
      "cause",
      /cuda compute cap \d{2,3} is not supported/,
      "this image of Text Embeddings Inference is for another generation of GPUs",
      "Use the tag for the card: turing-… (RTX 20), 86-… (RTX 30), 89-… (RTX 40), hopper-…, 120-… (RTX 50), or " +
      "cuda-…, " +
      "which has all of these",
      "For Pascal and Volta there is none: use cpu-…, or another program (vLLM, Ollama, llama.cpp)",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /cannot find tensor [\w.]{3,120}/,
        /(?:`\w{3,12}`|`?classifier`?(?: model type)?|Pooling config .{1,60}) is not supported(?: for \w)?/,
        /(?:is|are) only supported on Cuda devices in fp16 with flash attention/,
      ),
      "the model does not have the parts that Text Embeddings Inference needs for it: it is not a model for " +
      "embeddings " +
      "or ranking, --pooling names a kind that it does not have (splade), or it computes only on a GPU in float16",
      "Leave --pooling out, set --dtype float16, and give that service a GPU",
      "Choose a model from the list of the project's page, in the newest tag of the image",
    ],
    [
      "verify.service",
      "cause",
      /The `--pooling` arg is not set and we could not find a pooling configuration/,
      "the model does not say how to make one vector of its words",
      "Add --pooling mean, cls or last-token, as the model's page says",
    ],
    [
      "verify.service",
      "fallback",
      /Could not (?:start|create) (?:\w{2,8} )?backend|Model backend is not healthy/,
      "Text Embeddings Inference could not start the part that computes, for the reason after the colon or below",
      first,
      smi,
    ],
  ]);

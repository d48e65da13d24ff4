import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const smi = guestFix("Check what uses the GPU's memory", "nvidia-smi");
const first = guestFix("Read the service's first error", "docker compose logs --no-color");
const source = "vLLM 0.10 and 0.11, SGLang 0.5, Text Generation Inference 3.3 (their source), read 2026-11";

/** Messages of vLLM, SGLang and Text Generation Inference (TGI): settings, parts of a model, their processes. */
export const modelServerFailures = (): Failure[] =>
  rows({ layer: "image", source }, [
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
  ]);

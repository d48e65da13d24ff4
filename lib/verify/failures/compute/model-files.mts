import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { modelHubFailures } from "./model-hubs.mts";
import { rows } from "../rows.mts";

const space = guestFix("Check the free space", "df -h");

/** What programs say about the files of models: not found, not whole, too new, of another kind, not given. */
export const modelFileFailures = (): Failure[] => [
  ...modelHubFailures(),
  ...rows({
    layer: "image",
    source:
      "huggingface_hub, vLLM, llama.cpp, ExLlama, CTranslate2, ONNX Runtime, ComfyUI (their source), read 2026-11",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /unknown pre-tokenizer type: '|has invalid ggml type \d|unknown projector type: |unknown model architecture: '/,
        /key not found in model: |check_tensor_dims: tensor '\S{1,80}' has wrong shape/,
        /GGUF model with architecture \S{2,40} is not supported|Unsupported GGUF quantization type/,
        /## Could not find [\w*.]{3,80} in model|Unsupported model binary version|Unsupported model IR version/,
        /done_getting_tensors: wrong number of tensors|tensor '\S{1,80}' not found|unrecognized tensor type \d/,
        /Can not map tensor '|NotImplementedError: Architecture '?"?\w{3,60}'?"? not supported!|BPE pre-tokenizer was not recognized/,
      ),
      "the program in the image is older than this model: it does not know its kind, tensors or format",
      "Use a newer tag of the image (or build it again); if it is the newest: fetch the model again, or another " +
      "quantization of it",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /param(?:_data)?\.(?:shape|size\(\)) == loaded_weight\.(?:shape|size\(\))/,
        /Attempted to load weight \(.{1,60}\) into parameter/,
      ),
      "the model's weights have another shape than the program expects: it is older than the model, or does not know " +
      "its quantization",
      "Use a newer tag of the image, or another quantization of the model; leave --quantization out",
    ],
    [
      "guest.image",
      "cause",
      /Models quantized with '?\w{2,12}'? require the \w{4,20} backend/,
      "this release of the program no longer reads models of that quantization",
      "Use a model in its own format (TabbyAPI: EXL3), or an older release of the program",
    ],
    [
      "host.disk",
      "cause",
      /Not enough free disk space to download the file/,
      "the disk has no room for the model",
      space,
      "Remove models that are not used, or keep the cache on a larger disk (data:, HF_HOME)",
    ],
    [
      "verify.service",
      "cause",
      /(?:invalid http status code received: |(?<!upstream sent )invalid status code )404\b/,
      "the model's file is not under that address: name, file or quantization is misspelt, or it was moved",
      "Open the address in a browser, and take the name from the model's page",
    ],
    [
      "verify.service",
      "cause",
      /429 Client Error: Too Many Requests for url: https:\/\/(?:huggingface\.co|hf\.co)/,
      "Hugging Face refuses more requests from this address for now",
      "Wait, and set HF_TOKEN (an account has a higher limit); keep the cache (/root/.cache/huggingface) in a volume",
    ],
    [
      "verify.service",
      "cause",
      /Could not detect model type of: |(?:VAE|clip input) is invalid: None/,
      "the file is not a whole checkpoint of a kind that this program knows: it has only a part (the diffusion " +
      "model), or is newer than the program",
      "Load the parts by their own nodes (Load Diffusion Model, Load CLIP, Load VAE), and update ComfyUI",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Could not find [\w -]{2,40} node: |ComfyUI-GGUF not found|because node \S{2,80} does not exist/,
        /\(IMPORT FAILED\): \S{3,160}custom_nodes/,
      ),
      "a node of the workflow is not installed, or did not load",
      "Install it by ComfyUI-Manager (Install Missing Custom Nodes) with its requirements.txt, and restart ComfyUI",
      "If it did not load: read its error further up in the log",
    ],
    [
      "verify.service",
      "cause",
      /registry\.ollama\.ai\/\S{1,120} does not support (?:tools|thinking|embeddings|generate|chat)/,
      "this model does not know what the request asks for (tools, thinking, embeddings)",
      "Choose a model that has it (ollama show NAME lists its capabilities), or turn it off in the client",
    ],
  ]),
];

/** The language models that services load, as far as their commands and variables name them with a size. */
import { imageParts } from "./image-name.mts";
import { billionsOf, billionsOfOllama } from "./model-sizes.mts";
import { environmentOf } from "./service.mts";
import type { ComposeService } from "./types.mts";

/** A model that a service loads. */
export interface NamedModel {
  /** Its name as written, such as `meta-llama/Llama-3.3-70B-Instruct` or `llama3.3:70b`. */
  name: string;
  /** Thousand millions of parameters: what the name says, for a mixture of experts at least. */
  billions: number;
  /** The bits of a parameter in the card's memory, at least. */
  bits: number;
}

/** What loads models of Hugging Face, and how many cards share the weights. */
export interface ModelServer {
  program: "vLLM" | "Text Generation Inference" | "LoRAX" | "SGLang" | "llama.cpp";
  model?: NamedModel;
  /** The processes that each take a card; undefined if the program takes all cards. */
  cards?: number;
  /** Texts to find the line of that number by. */
  at: string[];
  /** The option of the model, if it has no value: a variable in it is empty. */
  blank?: string;
  /** The share of each card's memory that it takes when it starts, for vLLM. */
  share?: number;
}

/**
 * Options by program: the model, the numbers whose product is that of the cards, and what moves weights or processes
 * elsewhere (docs.vllm.ai, engine arguments; TGI's launcher; SGLang's server arguments; read 2026-11-28).
 */
const programs: {
  image: RegExp;
  program: ModelServer["program"];
  model: string[];
  cards: string[][];
  variables: Record<string, string>;
}[] = [
  {
    image: /(^|\/)vllm-openai(-rocm)?$|(^|\/)rocm\/vllm(-dev)?$/,
    program: "vLLM",
    model: ["--model"],
    cards: [["--tensor-parallel-size", "-tp"], ["--pipeline-parallel-size", "-pp"]],
    variables: {},
  },
  ...([["Text Generation Inference", /(^|\/)text-generation-inference$/], [
    "LoRAX",
    /(^|\/)predibase\/lorax$/,
  ]] as const)
    .map(([program, image]) => ({
      // LoRAX is a fork (github.com/predibase/lorax, launcher; read 2026-11-29)
      image,
      program,
      model: ["--model-id"],
      cards: [["--num-shard"]],
      variables: { MODEL_ID: "--model-id", NUM_SHARD: "--num-shard", QUANTIZE: "--quantize" },
    })),
  {
    image: /(^|\/)lmsysorg\/sglang$/,
    program: "SGLang",
    model: ["--model-path", "--model"],
    cards: [["--tensor-parallel-size", "--tp-size", "--tp"], ["--pipeline-parallel-size", "--pp-size", "--pp"]],
    variables: {},
  },
  {
    // tools/server/README.md: --n-gpu-layers; with a number it does not fit the model to the card
    image: /(^|\/)(ggml-org|ggerganov)\/llama\.cpp$/,
    program: "llama.cpp",
    model: ["--hf-repo", "-hf", "-hfr", "--model", "-m"],
    cards: [],
    variables: {
      ...{ LLAMA_ARG_MODEL: "--model", LLAMA_ARG_HF_REPO: "--hf-repo", LLAMA_ARG_N_GPU_LAYERS: "--n-gpu-layers" },
    },
  },
];
/** The program that takes all cards unless an option says how many. */
const takesAllCards = ["Text Generation Inference", "LoRAX", "llama.cpp"];
/** Layers of llama.cpp that are all on the card, and options that keep some in the host's memory. */
const layers = ["--n-gpu-layers", "--gpu-layers", "-ngl"];
const offloaded = ["--cpu-moe", "-cmoe", "--n-cpu-moe", "-ncmoe", "--override-tensor", "-ot", "--fit", "-fit", ...[
  "--rpc",
  "--device",
  "-dev",
]];
const quantization = ["--quantization", "--quantize", "-q"];
const elsewhere = ["--cpu-offload-gb", "--distributed-executor-backend", "--nnodes", "--nodes", "--headless"];

/** The server of models that a service is, by its image and command; undefined if it is none. */
export function modelServerOf(service: ComposeService): ModelServer | undefined {
  const { image, build } = service;
  const row = typeof image === "string" && build === undefined
    ? programs.find((one) => one.image.test(imageParts(image)[0])) ?? ofCommand(service)
    : ofCommand(service);
  if (!row) return undefined;
  const words = [...wordsOf(service, row.variables), ...wordsOf(service)];
  // options have - or _ between their words
  const valueOf = (names: string[]) => words.findLast(({ option }) => names.includes(option.replaceAll("_", "-")));
  const isGguf = row.program === "llama.cpp";
  const onCard = valueOf(layers)?.value ?? "";
  const isPart = isGguf && (valueOf(offloaded) || !(onCard === "all" || Number(onCard) >= 99));
  if (valueOf(elsewhere) || isPart) return { program: row.program, at: [] };
  const named = valueOf(row.model);
  if (named && /^$|^--/.test(named.value)) return { program: row.program, at: [named.option], blank: named.option };
  const name = named?.value ?? (row.program === "vLLM" ? operandOf(service) : undefined);
  const numbers = row.cards.map((names) => valueOf(names));
  const isKnown = numbers.every((one) => one === undefined || /^\d+$/.test(one.value));
  const takesAll = takesAllCards.includes(row.program) && numbers.every((one) => one === undefined);
  const size = name === undefined ? undefined : billionsOf(name);
  const bits = name === undefined ? undefined : isGguf ? ggufBitsOf(name) : bitsOf(name, valueOf(quantization)?.value);
  const share = Number(valueOf(["--gpu-memory-utilization"])?.value ?? 0.9);
  return {
    program: row.program,
    ...(name !== undefined && size !== undefined && bits !== undefined
      ? { model: { name, billions: size, bits } }
      : {}),
    ...(isKnown && !takesAll ? { cards: numbers.reduce((product, one) => product * Number(one?.value ?? 1), 1) } : {}),
    at: numbers.flatMap((one) => one === undefined ? [] : [one.option]),
    ...(row.program === "vLLM" && share > 0 ? { share } : {}),
  };
}

/** vLLM in an image of one's own, by its command: `vllm serve …`, or `serve … --gpu-memory-utilization`. */
function ofCommand(service: ComposeService): (typeof programs)[number] | undefined {
  const text = commandWords(service).join(" ");
  return /(^|[\s/])vllm serve /.test(text) || /^serve .*--gpu-memory-utilization/.test(text) ? programs[0] : undefined;
}

interface Option {
  option: string;
  value: string;
}

/** The options of a service's command with their values, or those that its variables set. */
function wordsOf(service: ComposeService, variables?: Record<string, string>): Option[] {
  if (variables) {
    const environment = environmentOf(service);
    return Object.entries(variables).flatMap(([name, option]) =>
      environment[name] ? [{ option, value: environment[name] }] : []
    );
  }
  const words = commandWords(service);
  return words.flatMap((word, i) => {
    const [, option, value] = /^(--?[\w-]+?)(?:=(.*))?$/.exec(word) ?? [];
    return option === undefined ? [] : [{ option, value: value ?? words[i + 1] ?? "" }];
  });
}

/** The words of a service's entrypoint and command, without the quotes around them. */
export function commandWords({ entrypoint, command }: ComposeService): string[] {
  return [entrypoint ?? [], command ?? []].flat().flatMap((one) => String(one).split(/[\s\\]+/))
    .map((word) => word.replace(/^["']|["']$/g, "")).filter((word) => word !== "");
}

/** The model that `vllm serve MODEL` names, or that is the first word of the command of vLLM's image. */
function operandOf(service: ComposeService): string | undefined {
  const words = commandWords(service);
  const operand = words[words.indexOf("serve") + 1];
  return operand === undefined || operand.startsWith("-") ? undefined : operand;
}

/**
 * The bits of a model of Hugging Face, by its name and the option of quantization; undefined if they are not known.
 * Without either the weights have 16, except in a folder, which may hold any, and for models that are published with
 * fewer (openai/gpt-oss: MXFP4; the models of Mistral of December 2025, DeepSeek V3 and R1, Kimi K2, MiniMax M2: FP8;
 * Kimi K2 Thinking and K2.5: INT4; their pages at huggingface.co, from general knowledge).
 */
function bitsOf(name: string, option = ""): number | undefined {
  const text = `${name} ${option}`.toLowerCase();
  if (/gguf|exl[23]|hqq|aqlm|quip|bitnet|1\.58|[23]-?bit|[_-]w[23]a/.test(text)) return undefined;
  if (/awq|gptq|marlin|int4|4-?bit|w4a|nf4|fp4|bnb|bitsandbytes|autoround|auto-round|qat|gpt-oss/.test(text)) return 4;
  if (/fp8|int8|8-?bit|w8a|eetq|-2512\b/.test(text)) return 8;
  const isFolder = /^[./~]/.test(name);
  const isPublished = !isFolder && !/(bf|fp)16/.test(text) && /^(none|null)?$/.test(option);
  if (isPublished && /(^|\/)kimi-k2([.]\d|-thinking)/.test(text)) return 4;
  if (isPublished && /(^|\/)(kimi-k2|minimax-m2|deepseek-(v3|r1)(?!.*(distill|qwen|llama)))/.test(text)) return 8;
  return !isFolder && (option === "" || /^(none|null)$/.test(option)) ? 16 : undefined;
}

/** The bits of a GGUF file by its quantization: `-IQ2_XS.gguf`, `:BF16`; llama.cpp takes Q4_K_M without one. */
function ggufBitsOf(name: string): number {
  const [, quantized, float] = /[-_.:](?:i?q|mxfp|tq)(\d)|[-_.:](?:fp|bf|f)(16)\b/i.exec(name) ?? [];
  return Number(quantized ?? float ?? 4);
}

/**
 * The models that a service downloads when it starts: that of its server, those of Ollama and LocalAI (MODELS), and
 * what `hf download` or `huggingface-cli download` names. `script`: the text of the script that starts it.
 */
export function downloadsOf(service: ComposeService, script = ""): NamedModel[] {
  const { image, entrypoint, command } = service;
  const server = modelServerOf(service)?.model;
  const text = [entrypoint ?? [], command ?? [], script].flat().join("\n");
  const ofHub = [
    ...text.matchAll(/\b(?:hf|huggingface-cli)\s+download\s+["']?([\w.-]+\/[\w.-]+)["']?([^;&|\n]*)/g),
  ].map(([, name, rest = ""]) => ({ name: name!, file: /[\w./-]+\.gguf/i.exec(rest)?.[0] ?? name! }));
  // the gallery of LocalAI has models with about 4 bits (github.com/mudler/LocalAI, gallery/index.yaml)
  const isLocalAi = typeof image === "string" && /(^|\/)local-?ai$/.test(imageParts(image)[0]);
  const ofGallery = isLocalAi ? (environmentOf(service).MODELS ?? "").split(/[,;\s]+/).filter(Boolean) : [];
  const found = [
    ...(server && !/^[./~]/.test(server.name) ? [server] : []),
    ...ollamaModelsOf({ ...service, command: text, entrypoint: [] }),
    ...ofHub.map(({ name, file }) => ({
      ...{ name, billions: billionsOf(name) },
      bits: /gguf/i.test(file) ? ggufBitsOf(file) : bitsOf(name),
    })),
    ...ofGallery.map((name) => ({ name, billions: billionsOf(name), bits: 4 })),
  ];
  return found.flatMap(({ name, billions, bits }) =>
    billions === undefined || bits === undefined ? [] : [{ name, billions, bits }]
  );
}

/**
 * The models of Ollama that a service names: `ollama pull NAME` and `ollama run NAME` in its command, requests to
 * Ollama's API there, and variables with a name of Ollama's form. Without a quantization in its name a model has
 * about 4 bits (docs.ollama.com, import: Q4_K_M; read 2026-11-28).
 */
export function ollamaModelsOf(service: ComposeService): (NamedModel & { at: string[] })[] {
  const text = [service.entrypoint ?? [], service.command ?? []].flat().join(" ");
  const pulled = [
    ...text.matchAll(/\bollama\s+(?:pull|run)\s+["']?([\w./:-]+)/g),
    ...text.matchAll(/"(?:name|model)"\s*:\s*"([\w./:-]+)"/g),
  ].map(([, name]) => ({ name: name!, at: [name!] }));
  const variables = Object.entries(environmentOf(service)).flatMap(([variable, value]) =>
    (value ?? "").split(/[,;\s]+/).filter((one) => /^[a-z0-9][\w./-]*:\d[\w.-]*$/i.test(one)).map((name) => ({
      name,
      at: [name, variable],
    }))
  );
  return [...pulled, ...variables].flatMap(({ name, at }) => {
    const tag = name.includes(":") ? name.split(":").at(-1)! : "latest";
    const billions = billionsOfOllama(name);
    if (billions === undefined || /cloud/.test(tag)) return [];
    const [, quantized, float] = /[-_]i?q(\d)|[-_](?:fp|bf|f)(16)\b/i.exec(tag) ?? [];
    return [{ name, billions, bits: Number(quantized ?? float ?? 4), at }];
  });
}

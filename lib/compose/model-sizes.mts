/** The sizes of language models, by their names. */

/**
 * The size in a model's name: `70B`, `8x7B`. The experts of a mixture share layers: 8x7B has 47, not 56, and 8x22B 141,
 * not 176, so 0.8 of the product is counted. Undefined for a name that says none, and that {@link families} does not
 * have.
 */
export function billionsOf(name: string): number | undefined {
  const own = name.split("/").at(-1)!;
  // 17B-16E are the active parameters of a mixture
  const [, experts, size] = /(?:^|[-_.:])(?:(\d+)x)?(\d+(?:\.\d+)?)b(?=$|[-_.:])(?![-_.:]\d+e\b)/i.exec(own) ?? [];
  if (size === undefined) return families.find(([pattern]) => pattern.test(own))?.[1];
  return Number(size) > 2000 ? undefined : Number(size) * (experts === undefined ? 1 : Number(experts) * 0.8);
}

/** The size of a model of Ollama's library: what its tag says, or that of its tag `latest`. */
export function billionsOfOllama(name: string): number | undefined {
  const [model = "", tag = "latest"] = name.split(":");
  return tag === "latest" ? ofLibrary[model.replace(/^library\//, "")] : billionsOf(tag);
}

/**
 * Models whose names do not say their size, in thousand millions of all parameters, rounded down (their cards at
 * huggingface.co; Qwen3-Coder-Next: 80B, read 2026-11-29; the others are general knowledge).
 */
const families: [pattern: RegExp, billions: number][] = [
  [/^qwen3-coder-next/i, 80],
  [/^deepseek-(v3|r1)(?!.*distill)(?!.*lite)/i, 671],
  [/^kimi-k2/i, 1000],
  [/^minimax-m2/i, 229],
  [/^glm-4\.[56]v?-air/i, 106],
  [/^glm-4\.[567](?!.*(air|flash|v))/i, 355],
  [/^llama-4-scout/i, 109],
  [/^llama-4-maverick/i, 400],
  [/^mistral-large-instruct-24/i, 123],
  [/^(mistral-small-(instruct-)?|devstral-small-|magistral-small-)2\d{3}/i, 22],
  [/^phi-4(-reasoning(-plus)?)?$/i, 14],
  [/^c4ai-command-r-plus|^command-r-plus/i, 104],
  [/^c4ai-command-r-v01|^command-r$/i, 35],
];

/** What `ollama pull NAME` without a tag takes, where that is large (ollama.com/library, general knowledge). */
const ofLibrary: Record<string, number> = {
  ...{ "llama3.3": 70, "llama4": 109, "mixtral": 47, "qwq": 32, "gpt-oss": 20, "deepseek-v3": 671, "nemotron": 70 },
  ...{ "command-r": 35, "command-r-plus": 104, "mistral-large": 123, "mistral-small": 22, "devstral": 23 },
  ...{ "qwen3-coder": 30, "magistral": 23, "gemma2": 9, "llama3.1": 8, "qwen3": 8, "qwen2.5": 7, "mistral": 7 },
};

// Models that are larger than the cards' memory, servers that need more cards than they get, and keys that only a swarm
// reads.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { modelServerOf, ollamaModelsOf } from "../lib/compose/models.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { vendorIds } from "../lib/host/vendors.mts";
import { chipOf } from "../lib/resolve/architectures.mts";
import { cardMemoryIds, cardMemoryOf } from "../lib/resolve/card-memory.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("models");
const desktop = savedHost("rtx4070-desktop-debian12");

/** Failures and warnings for a stack on a machine with these cards, as `status PLACE message -> fix`. */
async function findings(
  text: string,
  { gpu = "{device_id: 2786}", checks = ["services.gpu"], dockerfile = "" } = {},
) {
  const { shell } = fakeShell({
    "/lab/p/compose.yaml": text,
    ...(dockerfile ? { "/lab/p/Dockerfile": dockerfile } : {}),
  });
  const project = await readProject(shell, { name: "p", machine: "a", folder: "/lab/p", profiles: [] }, undefined);
  const config =
    `machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, gpu: ${gpu}}]`;
  const resolved = { ...resolveConfig(parseConfig(config), desktop), projects: [project] };
  return runChecks(desktop, resolved, checks)
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}
const vllm = (command: string, keys = "") =>
  `services:\n  v:\n    image: vllm/vllm-openai:v0.11.0\n    gpus: all\n    command: ${command}\n${keys}`;

test("a model of Hugging Face that is larger than the card is a warning with its line", async () => {
  assert.equal(await findings(vllm("--model Qwen/Qwen2.5-14B-Instruct")), [
    "warn p/compose.yaml:5 p/v: the weights of Qwen/Qwen2.5-14B-Instruct take about 26 GiB at 16 bits, but its GPU has " +
    "12 GiB: vLLM does not start -> Use a version of it with 4 bits (AWQ, GPTQ: about 7 GiB), or a smaller model",
  ]);
  for (
    const command of [
      "--model Qwen/Qwen2.5-14B-Instruct-AWQ",
      "--model Qwen/Qwen2.5-14B-Instruct --quantization awq",
      "--model openai/gpt-oss-20b",
      "--model Qwen/Qwen2.5-14B-Instruct --cpu-offload-gb 20",
      "--model unsloth/Qwen2.5-14B-Instruct-GGUF",
      "--model Qwen/Qwen2.5-3B-Instruct",
      "--model /models/mine",
      "--model /models/Qwen2.5-14B-Instruct",
      "--model meta/Other-A14B",
    ]
  ) assert.equal(await findings(vllm(command)), [], command);
  for (const id of ["2b85", "2bb9"]) {
    // 32 GiB, and a card whose memory is not known
    assert.equal(await findings(vllm("--model Qwen/Qwen2.5-14B-Instruct"), { gpu: `{device_id: ${id}}` }), [], id);
  }
});

test("the size, the bits and the cards of a server are read from its command", () => {
  const read = (image: string, command: unknown, environment = {}) => {
    const { model, cards } = modelServerOf({ image, command, environment }) ?? {};
    return [model?.billions, model?.bits, cards];
  };
  const v = "vllm/vllm-openai:latest";
  assert.equal(read(v, ["serve", "meta-llama/Llama-3.3-70B-Instruct", "--tensor-parallel-size=2"]), [70, 16, 2]);
  assert.equal(read(v, "meta-llama/Llama-3.1-8B -tp 2 -pp 2"), [8, 16, 4]);
  assert.equal(read(v, "--model mistralai/Mixtral-8x22B-v0.1 --tensor_parallel_size 4"), [140.8, 16, 4]);
  assert.equal(read(v, "--model RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic"), [70, 8, 1]);
  assert.equal(read(v, "--model Qwen/Qwen3-30B-A3B-NVFP4"), [30, 4, 1]);
  assert.equal(read(v, "--model /models/b-70B-AWQ"), [70, 4, 1]);
  assert.equal(read(v, "--model a/b-70B --quantization some-new-one"), [undefined, undefined, 1]);
  const tgi = "ghcr.io/huggingface/text-generation-inference:3";
  assert.equal(read(tgi, undefined, { MODEL_ID: "a/b-7b", QUANTIZE: "eetq" }), [7, 8, undefined]);
  assert.equal(read(tgi, "--model-id a/b-7b --num-shard 2"), [7, 16, 2]);
  assert.equal(read("lmsysorg/sglang:latest", "python3 -m sglang.launch_server --model-path a/b-32B --tp 2"), [
    32,
    16,
    2,
  ]);
  assert.is(modelServerOf({ image: "other/vllm:1", command: "--model a/b-70B" }), undefined);
});

test("a server that needs more cards than its container gets fails", async () => {
  assert.equal(await findings(vllm("--model /models/x --tensor-parallel-size 2")), [
    "fail p/compose.yaml:5 p/v: vLLM uses 2 GPUs (--tensor-parallel-size), but its container has 1 -> Write " +
    "--tensor-parallel-size 1, or give a more cards",
  ]);
  for (const more of ["--distributed-executor-backend ray", "--nnodes 2"]) {
    assert.equal(await findings(vllm(`--model /models/x --tensor-parallel-size 2 ${more}`)), [], more);
  }
});

test("two servers of vLLM on one card need shares of its memory that fit together", async () => {
  const second = (command: string) =>
    `  w:\n    image: vllm/vllm-openai:v0.11.0\n    gpus: all\n    command: --model /models/y ${command}\n`;
  const [first = "", ...more] = await findings(vllm("--model /models/x", second("--gpu-memory-utilization 0.4")));
  assert.equal(more, []);
  assert.match(first, /^warn p\/compose\.yaml:5 p\/v, p\/w: they take 0\.9 and 0\.4 of the memory of one GPU, /);
  const half = "--model /models/x --gpu-memory-utilization 0.5";
  assert.equal(await findings(vllm(half, second("--gpu-memory-utilization 0.4"))), []);
});

test("a model that Ollama runs on the CPU in part is a warning where its name is", async () => {
  const ollama = (keys: string) =>
    `services:\n  o: {image: ollama/ollama, gpus: all}\n  pull:\n    image: ollama/ollama\n    gpus: all\n    ${keys}\n`;
  assert.equal(await findings(ollama('entrypoint: ["sh", "-c", "ollama pull llama3.3:70b && ollama pull qwen3:8b"]')), [
    "warn p/compose.yaml:6 p/pull: the weights of llama3.3:70b take about 33 GiB, but the GPU of a has 12 GiB: Ollama " +
    "runs a part of it on the CPU, which is slow -> Use a smaller model",
  ]);
  assert.match((await findings(ollama("environment: {LLM: 'qwen3:32b'}"))).join(), /p\/pull: the weights of qwen3:32b/);
  for (const keys of ["environment: {LLM: 'gpt-oss:120b-cloud'}", "environment: {LLM: 'llama3.3'}"]) {
    assert.equal(await findings(ollama(keys)), [], keys);
  }
  const bits = (name: string) => ollamaModelsOf({ environment: { A: name } }).map((one) => [one.billions, one.bits]);
  assert.equal(bits("llama3.1:8b-instruct-q8_0"), [[8, 8]]);
  assert.equal(bits("mixtral:8x7b"), [[44.800000000000004, 4]]);
  assert.equal(bits("hf.co/a/b:70b-fp16"), [[70, 16]]);
  assert.equal(bits("redis:7"), []);
});

test("the ids of the table of memory are cards of the table of chips", () => {
  const ids = cardMemoryIds(vendorIds.nvidia);
  assert.equal(ids.filter((id) => !chipOf(id)), []);
  assert.is(new Set(ids).size, ids.length);
  assert.is(cardMemoryOf("10de", "2684"), 24);
  assert.is(cardMemoryOf("10de", "1eb8"), 16);
  assert.is(cardMemoryOf("1002", "744c"), 24);
  assert.is(cardMemoryOf("8086", "56a0"), undefined);
});

test("CUDA code that a Dockerfile compiles for other cards is a warning with its line", async () => {
  const of = (lines: string, id = "2786", build = ".") =>
    findings(`services:\n  a: {build: ${build}, gpus: all}\n`, {
      gpu: `{device_id: ${id}}`,
      checks: ["guest.cuda"],
      dockerfile: `FROM nvidia/cuda:12.8.1-devel-ubuntu24.04\n${lines}\n`,
    });
  const cmake = (list: string) => `RUN cmake -B build -DCMAKE_CUDA_ARCHITECTURES="${list}" .`;
  assert.equal(await of(cmake("120")), [
    "warn p/Dockerfile:2 p/a: its Dockerfile compiles CUDA code for compute capability 12.0, which does not run on AD104 " +
    "(8.9) -> Add 89 to CMAKE_CUDA_ARCHITECTURES",
  ]);
  const torch = (list: string) => `ENV TORCH_CUDA_ARCH_LIST="${list}"`;
  assert.match(
    (await of(torch("7.5 8.0"), "2b85")).join(),
    /capability 7\.5 and 8\.0, which does not run on GB202 \(12\.0\) -> Add 12\.0 to TORCH/,
  );
  for (
    const [lines, id, build] of [
      [cmake("120"), "2b85"],
      [cmake("75;86")],
      [cmake("86-real")],
      [cmake("80-virtual"), "2b85"],
      [cmake("native")],
      [cmake("${ARCHS}")],
      [torch("8.6+PTX"), "2b85"],
      [torch("Ampere")],
      ["ARG TORCH_CUDA_ARCH_LIST=12.0\nENV TORCH_CUDA_ARCH_LIST=$TORCH_CUDA_ARCH_LIST", "2b85"],
      ["ARG TORCH_CUDA_ARCH_LIST=12.0", "2786", "{context: ., args: {TORCH_CUDA_ARCH_LIST: '8.9'}}"],
      // a value that only the VM has
      ["ARG TORCH_CUDA_ARCH_LIST=12.0", "2786", "{context: ., args: [TORCH_CUDA_ARCH_LIST]}"],
      // a card that is not known
      [cmake("120"), "2bff"],
    ] as const
  ) assert.equal(await of(lines, id, build), [], `${lines} ${id}`);
  assert.is((await of(cmake("90a"), "2b85")).length, 1);
  assert.is((await of(cmake("120-real"))).length, 1);
});

test("labels and placement under deploy are read by a swarm only", async () => {
  const text =
    "services:\n  a:\n    image: x\n    deploy:\n      placement: {constraints: [node.labels.gpu == true]}\n" +
    "  b:\n    image: x\n    deploy:\n      labels:\n        - traefik.enable=true\n";
  assert.equal(await findings(text, { checks: ["services.compose"] }), [
    "warn p/compose.yaml:5 p: a has deploy.placement, which only a swarm reads -> Remove it: machine: chooses the VM of " +
    "the stack",
    "warn p/compose.yaml:9 p: b has deploy.labels, which are not on its container: only a swarm reads them -> Write " +
    "them under labels: of the service",
  ]);
  // what the only machine meets
  for (const constraint of ["node.role == manager", "node.role==manager", "node.platform.os == linux"]) {
    const met = `services:\n  a: {image: x, deploy: {placement: {constraints: ["${constraint}"]}}}\n`;
    assert.equal(await findings(met, { checks: ["services.compose"] }), [], constraint);
  }
  const empty = "services:\n  a: {image: x, deploy: {placement: {}, labels: [], replicas: 2}}\n";
  assert.equal(await findings(empty, { checks: ["services.compose"] }), []);
});

test.run();

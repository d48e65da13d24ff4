import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { imageNeed, knownImages } from "../lib/compose/known-images.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { savedHost } from "./hosts.mts";

const test = suite("known images");
const host = savedHost("rtx4070-desktop-debian12");

/**
 * The status of guest.cuda for services with these images, on an RTX 4070 with that driver branch.
 */
function cuda(branch: number, ...images: string[]) {
  const services = images.map((image, i) => `s${i}: {image: "${image}", gpu: 1}`).join(", ");
  const config =
    `machines: [{name: a, box: lab/x, image: debian-12, provider: libvirt, gpu: {}, driver: {branch: ${branch}}}]`;
  const resolved = resolveConfig(parseConfig(`${config}\nservices: {${services}}`), host);
  return runChecks(host, resolved, ["guest.cuda"]).map(({ status }) => status);
}

test("a tag with only the major version of CUDA decides what the major version decides", () => {
  const needs = [
    "localai/localai:latest-gpu-nvidia-cuda-13",
    "x/y:cuda12",
    "ghcr.io/ggml-org/llama.cpp:server-cuda13",
    "x/y:cu12-slim",
  ];
  assert.equal(needs.map((image) => imageNeed(image)?.major), [13, 12, 13, 12]);
  assert.is(imageNeed("x/y:cuda12.4")?.major, undefined, "the whole version is in the name");
  assert.equal(cuda(580, "x/y:cuda-13"), ["pass"]);
  assert.equal(cuda(570, "x/y:cuda-13"), ["fail"]);
});

test("known images are judged by their row; a moving tag only warns", () => {
  assert.equal(cuda(580, "ollama/ollama", "ghcr.io/immich-app/immich-machine-learning:release-cuda"), ["pass", "pass"]);
  assert.equal(cuda(535, "ollama/ollama"), ["warn"]);
  assert.equal(cuda(570, "vllm/vllm-openai:latest"), ["warn"]);
  assert.equal(cuda(580, "jellyfin/jellyfin", "nvcr.io/nvidia/k8s/dcgm-exporter:4.2"), ["pass", "pass"]);
  for (const { source, read } of knownImages) assert.ok(source.length > 10 && /^\d{4}-\d\d-\d\d$/.test(read));
});

test("images for AI and video have a major version of CUDA, or none", () => {
  const majors: Record<string, number> = {
    ...{ "lmsysorg/sglang:latest": 12, "lmsysorg/sglang:v0.5.5": 12 },
    ...{ "ghcr.io/huggingface/text-generation-inference:3.3.5": 12, "ghcr.io/theroyallab/tabbyapi:latest": 12 },
    ...{ "koboldai/koboldcpp": 11, "tabbyml/tabby": 11, "ghcr.io/mostlygeek/llama-swap:cuda": 12 },
    ...{ "ghcr.io/blakeblackshear/frigate:0.16.2-tensorrt": 12, "lscr.io/linuxserver/faster-whisper:gpu": 12 },
    ...{ "ghcr.io/open-webui/open-webui:cuda": 12, "ghcr.io/invoke-ai/invokeai:latest": 12 },
    ...{ "ghcr.io/huggingface/text-embeddings-inference:86-1.8": 12 },
  };
  for (const [image, major] of Object.entries(majors)) assert.is(imageNeed(image)?.major, major, image);
  for (const image of ["ghcr.io/blakeblackshear/frigate:stable", "photoprism/photoprism", "tabbyml/tabby:rocm-1"]) {
    assert.is(imageNeed(image)?.driver, 0, image);
  }
  for (const image of ["lmsysorg/sglang:v0.9.0", "ghcr.io/huggingface/text-generation-inference:0.8", "me/frigate2"]) {
    assert.is(imageNeed(image), undefined, image);
  }
  assert.equal(cuda(580, "koboldai/koboldcpp", "lmsysorg/sglang"), ["pass", "pass"]);
});

test("NVIDIA's monthly images are known by month, and between months of one major version", () => {
  const month = (tag: string) => imageNeed(`nvcr.io/nvidia/tritonserver:${tag}`);
  assert.equal([month("24.05-py3")?.cuda, month("24.11-py3")?.major, month("25.05-py3"), month("26.01-py3")?.major], [
    "12.4",
    12,
    undefined,
    13,
  ]);
});

test("all images that stay unknown are one line", () => {
  assert.equal(cuda(580, "me/a", "me/b:latest", "me/c"), ["unknown"]);
});

test.run();

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { imageFor, imageMakers, makerOfImage } from "../lib/compose/image-makers.mts";
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
  const others = ["localai/localai:latest-gpu-hipblas", "rocm/vllm:latest", "vllm/vllm-openai-rocm", "intel/vllm:1"];
  const plain = ["ghcr.io/blakeblackshear/frigate:stable", "photoprism/photoprism", "tabbyml/tabby:rocm-1", "x/y:xpu"];
  for (const image of [...others, ...plain]) {
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

test("an image for one vendor's GPUs is known by its tag or its name", () => {
  const makers = {
    nvidia: [
      ...["vllm/vllm-openai", "nvcr.io/nvidia/pytorch:25.03-py3", "nvidia/cuda:12.4.1-base-ubuntu22.04", "x/y:cu124"],
      ...["localai/localai:latest-gpu-nvidia-cuda-12", "ghcr.io/blakeblackshear/frigate:stable-tensorrt"],
      ...["docker.io/pytorch/pytorch:2.5.1", "yanwk/comfyui-boot:cu126-slim", "lmsysorg/sglang@sha256:0"],
    ],
    amd: [
      "ollama/ollama:rocm",
      "ollama/ollama:0.9.0-rocm",
      "rocm/vllm:latest",
      "vllm/vllm-openai-rocm",
      "x/y:gpu-hipblas",
    ],
    intel: ["x/immich-machine-learning:release-openvino", "ghcr.io/ggml-org/llama.cpp:server-intel", "intel/vllm:1"],
  };
  for (const [maker, images] of Object.entries(makers)) {
    for (const image of images) assert.is(makerOfImage(image), maker, image);
  }
  const any = ["ollama/ollama", "jellyfin/jellyfin", "ghcr.io/ggml-org/llama.cpp:server-vulkan", "x/y:2-amd64", "x/y"];
  for (const image of any) assert.is(makerOfImage(image), undefined, image);
  for (const { source, read } of imageMakers) assert.ok(source.length > 10 && /^\d{4}-\d\d-\d\d$/.test(read));
});

test("the same program's image for another vendor's GPUs", () => {
  assert.is(imageFor("vllm/vllm-openai:v0.11.0", "amd"), "vllm/vllm-openai-rocm");
  assert.is(imageFor("ghcr.io/ggml-org/llama.cpp:server-cuda13", "intel"), "ghcr.io/ggml-org/llama.cpp:server-intel");
  assert.is(imageFor("localai/localai:latest-gpu-nvidia-cuda-12", "amd"), "localai/localai:latest-gpu-hipblas");
  assert.is(
    imageFor("ghcr.io/blakeblackshear/frigate:stable-tensorrt", "intel"),
    "ghcr.io/blakeblackshear/frigate:stable",
  );
  assert.is(imageFor("ghcr.io/huggingface/text-generation-inference:latest", "amd"), undefined);
  assert.is(imageFor("me/own", "amd"), undefined);
  assert.is(imageFor("x/frigate:stable-tensorrt-jp6", "amd"), "x/frigate:stable-rocm");
  assert.is(imageFor("localai/localai:latest-gpu-intel-f16", "amd"), "localai/localai:latest-gpu-hipblas");
  // a tag of an older form, with and without a digest
  for (const image of ["localai/localai:v2.22.0-cublas-cuda12", "localai/localai:v2.22.0-cublas-cuda12@sha256:0"]) {
    assert.is(imageFor(image, "amd"), undefined, image);
  }
});

test("a GPU request without a vendor fails before boot if the image can use none of the machine's cards", () => {
  const on = (name: string, gpu: string, service: string) => {
    const here = savedHost(name);
    const text = `machines: [{name: a, box: lab/x, image: debian-13, provider: libvirt, gpu: {${gpu}}}]\n` +
      `services: {s: {${service}}}`;
    return runChecks(here, resolveConfig(parseConfig(text), here), ["services.gpu"]).filter(({ status }) =>
      status === "fail"
    ).map(({ message, fix }) => `${message} -> ${fix[0]?.title}`);
  };
  const amd = ["rx7900xtx-four-groups-arch", 'vendor_id: 1002, address: "03:00.0"'] as const;
  const intel = ["arc-a770-own-switch-separate-groups", "vendor_id: 8086"] as const;
  const reserved = "deploy: {resources: {reservations: {devices: [{count: 1, capabilities: [gpu]}]}}}";
  assert.equal(on(...amd, "image: vllm/vllm-openai, gpu: 1"), [
    "s: its image vllm/vllm-openai uses only NVIDIA GPUs (CUDA), but a has an AMD GPU -> " +
    "Write image: vllm/vllm-openai-rocm, or give a an NVIDIA card (gpu:)",
  ]);
  for (const how of ["gpu: 1", reserved, "gpus: all"]) {
    assert.match(on(...intel, `image: "nvidia/cuda:12.4.1-base-ubuntu22.04", ${how}`)[0]!, /but a has an Intel GPU/);
    assert.match(on(...amd, `image: "x/y:cu124", ${how}`)[0]!, /an image for AMD's cards/);
  }
  for (const image of ["ollama/ollama", "ollama/ollama:rocm", "x/y"]) {
    assert.equal(on(...amd, `image: "${image}", gpu: 1`), [], image);
  }
  assert.equal(on(...amd, 'image: "x/y:cuda", devices: [/dev/dri]'), [], "a program may use VA-API");
  assert.match(
    on("rtx4070-desktop-debian12", "device_id: 2786", 'image: "ollama/ollama:rocm", gpu: 1')[0]!,
    /uses only AMD GPUs \(ROCm\), but a has an NVIDIA GPU/,
  );
});

test("all images that stay unknown are one line, and with a driver for the newest CUDA they pass", () => {
  assert.equal(cuda(550, "me/a", "me/b:latest", "me/c"), ["unknown"]);
  assert.equal(cuda(580, "me/a", "me/b:latest", "me/c"), ["pass"]);
});

test.run();

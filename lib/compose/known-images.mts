/** The CUDA version or driver that common images need, where their names do not show it. */
import { isCpuImage } from "./cpu-images.mts";
import { makerOfImage } from "./image-makers.mts";
import { imageParts } from "./image-name.mts";

/** What an image needs from the guest's driver. */
export interface ImageNeed {
  /** The image's CUDA version, such as `12.4`. */
  cuda?: string;
  /** Only the major version of CUDA is known. It decides the lowest driver. */
  major?: number;
  /** The lowest driver branch; 0 for an image without CUDA, which runs with any driver. */
  driver?: number;
  /** The tag moves: the image may have changed since, so a check never fails because of it. */
  moving?: boolean;
}

/** A row of the table. */
interface KnownImage {
  /** The end of the repository's name, without a tag, so that mirrors match: `ollama/ollama`. */
  image: RegExp;
  /** The tags that the row applies to; without it, all of them. */
  tag?: RegExp;
  need: ImageNeed;
  source: string;
  /** When the source was read. */
  read: string;
}

const today = "2026-11-26";

/** The first matching row counts. */
export const knownImages: KnownImage[] = [
  // images without CUDA; image-makers.mts knows those for cards of other vendors
  {
    image: /./,
    tag: /vulkan|cpu-only|(^|-)cpu($|-)/,
    need: { driver: 0 },
    source: "the tag's own name",
    read: today,
  },
  {
    image: /(^|\/)ollama\/ollama$/,
    need: { driver: 550, moving: true },
    source: "github.com/ollama/ollama, docs/gpu.mdx: driver 550, and 570 for compute capability 5.0 to 6.2",
    read: today,
  },
  ...([["(1[5-9])", 12], ["([5-9]|1[0-4])", 11]] as const).map(([minor, major]) => ({
    image: /(^|\/)tensorflow\/tensorflow$/,
    tag: new RegExp(`^2\\.${minor}\\..*gpu`),
    need: { major },
    source: "tensorflow.org/install/source, tested build configurations: CUDA 11.2 or 11.8 from 2.5, 12.2 from 2.15",
    read: "2026-11-28",
  })),
  {
    image: /(^|\/)immich-machine-learning$/,
    tag: /cuda/,
    need: { cuda: "12.2", moving: true },
    source: "github.com/immich-app/immich, discussion 29491: nvidia/cuda:12.2.2-runtime-ubuntu22.04",
    read: today,
  },
  {
    image: /(^|\/)vllm\/vllm-openai$/,
    tag: /^v0\.([3-9]|1[01])(\.|$|-)/,
    need: { major: 12 },
    source:
      "docs.vllm.ai, v0.3.3 installation (CUDA 12.1); github.com/vllm-project/vllm/issues/30633 (v0.11, CUDA 12.9)",
    read: today,
  },
  {
    image: /(^|\/)vllm\/vllm-openai$/,
    tag: /^(latest|nightly)?$/,
    need: { major: 13, moving: true },
    source: "github.com/vllm-project/vllm, docker/Dockerfile: CUDA_VERSION=13.0.3",
    read: today,
  },
  {
    image: /(^|\/)llama\.cpp$/,
    tag: /cuda(-|$)/,
    need: { major: 12, moving: true },
    source: "llama.cpp, .devops/*-cuda.Dockerfile: CUDA_VERSION=12.x; cuda13 is a tag of its own",
    read: today,
  },
  {
    image: /(^|\/)jellyfin$/,
    need: { driver: 520, moving: true },
    source: "github.com/jellyfin/jellyfin-ffmpeg, releases since 6.0: NVENC needs the driver 520",
    read: today,
  },
  {
    image: /(^|\/)lmsysorg\/sglang$/,
    tag: /^(v0\.[45](\.|$|-)|latest$|$)/,
    need: { major: 12, moving: true },
    source: "github.com/sgl-project/sglang, docker/Dockerfile of 0.5.5: CUDA_VERSION=12.9.1; cu130 is a tag of its own",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)text-generation-inference$/,
    tag: /^(1\.[2-9]|[23])(\.|$|-)|^(latest)?$/,
    need: { major: 12, moving: true },
    source:
      "github.com/huggingface/text-generation-inference, Dockerfile: nvidia/cuda:12.1.0-base-ubuntu20.04 and later",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)text-embeddings-inference$/,
    need: { major: 12, moving: true },
    source: "github.com/huggingface/text-embeddings-inference, Dockerfile-cuda: nvidia/cuda:12.0.0-base-ubuntu22.04",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)tabbyapi$/i,
    need: { major: 12, moving: true },
    source: "github.com/theroyallab/tabbyAPI, docker/Dockerfile: nvidia/cuda:12.8.1-runtime-ubuntu24.04",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)tabbyml\/tabby$/,
    need: { major: 11, moving: true },
    source: "github.com/TabbyML/tabby, docker/Dockerfile.cuda: CUDA_VERSION=11.7.1",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)koboldcpp$/,
    need: { major: 11, moving: true },
    source:
      "github.com/LostRuins/koboldcpp, kcpp-build-release-linux.yaml: KCPP_CUDA=11.5.0; the image takes a release",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)frigate$/,
    tag: /tensorrt$/,
    need: { major: 12, moving: true },
    source: "github.com/blakeblackshear/frigate, docker/tensorrt/requirements-amd64.txt: nvidia-cuda-runtime-cu12",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)faster-whisper$/,
    tag: /gpu/,
    need: { major: 12, moving: true },
    source: "github.com/linuxserver/docker-faster-whisper, Dockerfile of gpu: nvidia-cublas-cu12==12.9.1.4",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)open-webui$/,
    tag: /cuda/,
    need: { major: 12, moving: true },
    source: "github.com/open-webui/open-webui, Dockerfile: USE_CUDA_VER=cu121, later cu128",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)llama-swap$/,
    tag: /cuda$/,
    need: { major: 12, moving: true },
    source: "github.com/mostlygeek/llama-swap: its tag cuda is built on llama.cpp's server-cuda",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)kokoro-fastapi-gpu$/,
    need: { major: 12, moving: true },
    source: "github.com/remsky/Kokoro-FastAPI, docker/gpu/Dockerfile.optimized: CUDA_VERSION=12.6.3",
    read: "2026-11-27",
  },
  {
    image: /(^|\/)invokeai$/,
    tag: /^(latest|main|v[56].*|.*cuda)?$/,
    need: { major: 12, moving: true },
    source: "github.com/invoke-ai/InvokeAI, docker/Dockerfile: GPU_DRIVER=cuda, PyTorch of cu128",
    read: "2026-11-27",
  },
  ...[
    "dcgm-exporter",
    "dcgm",
    "steam-headless",
    "tdarr",
    "tdarr_node",
    "plex",
    "pms-docker",
    "emby",
    "embyserver",
    "photoprism",
    "wolf",
    "nvidia_gpu_exporter",
    "frigate",
  ].map(
    (name) => ({
      image: new RegExp(`(^|/)${name}$`),
      need: { driver: 0 },
      source: "they use the driver's own libraries (NVML, NVENC, OpenGL) and bring no CUDA",
      read: today,
    }),
  ),
];

/**
 * NVIDIA's monthly images (`nvcr.io/nvidia/tritonserver:25.03-py3`), by year and month:
 * docs.nvidia.com/deeplearning/triton-inference-server/release-notes and
 * …/frameworks/vllm-release-notes, read 2026-11-26; 20.12 and 21.12 on 2026-11-28.
 */
const monthlyCuda: Record<string, string> = {
  ...{
    "20.12": "11.1",
    "21.12": "11.5",
    "22.05": "11.7",
    "23.05": "12.1",
    "24.05": "12.4",
    "25.03": "12.8",
    "25.08": "13.0",
    "25.10": "13.0",
    "26.03": "13.2",
  },
};

/**
 * The need of an image, from this table, from a tag with the major version of CUDA or from the vendor that it is for;
 * undefined if none has it.
 */
export function imageNeed(image: string): ImageNeed | undefined {
  const [name, tag] = imageParts(image);
  const maker = makerOfImage(image);
  if (maker === "amd" || maker === "intel" || isCpuImage(image)) return { driver: 0 };
  // cuda12, cuda-13, gpu-nvidia-cuda-12. Other code reads cuda12.4 and cu124, which are more precise
  const major = /(?:^|[-_.])cuda-?(1[0-9])(?![\d.])/i.exec(tag)?.[1] ??
    /(?:^|[-_.])cu(1[0-9])(?=$|[-_.])/i.exec(tag)?.[1];
  if (major !== undefined) return { major: Number(major) };
  const month = /(^|\/)nvidia\/(?:[\w-]+\/)?[\w-]+$/.test(name)
    ? /^(2\d\.(?:0[1-9]|1[0-2]))(?:-|$)/.exec(tag)?.[1]
    : undefined;
  if (month !== undefined) return monthlyNeed(month);
  return knownImages.find((row) => row.image.test(name) && (row.tag?.test(tag) ?? true))?.need;
}

/**
 * The need of a month between two months of the table: the major version, if both have the same
 * one.
 */
function monthlyNeed(month: string): ImageNeed | undefined {
  const exact = monthlyCuda[month];
  if (exact !== undefined) return { cuda: exact };
  const months = Object.keys(monthlyCuda).sort();
  const [before, after] = [months.findLast((one) => one < month), months.find((one) => one > month)];
  const majorOf = (one: string | undefined) => one === undefined ? undefined : Number(monthlyCuda[one]!.split(".")[0]);
  const major = majorOf(before);
  return major !== undefined && major === majorOf(after) ? { major } : undefined;
}

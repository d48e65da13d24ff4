/** Whose GPUs the programs of common images can use, by the image's name and tag. */
import { imageParts } from "./image-name.mts";

/** The vendor of GPUs. */
export type GpuMaker = "nvidia" | "amd" | "intel";

interface Row {
  /** The end of the repository's name, without a tag, so that mirrors match. */
  image: RegExp;
  /** The tags that the row applies to; without it, all of them. */
  tag?: RegExp;
  /** The vendor; `any` for programs that use a GPU of several vendors, or none. */
  maker: GpuMaker | "any";
  source: string;
  /** When the source was read. */
  read: string;
}

const read = "2026-11-27";
const byTag = "the tag's own name";

/** The first matching row counts. */
export const imageMakers: Row[] = [
  { image: /./, tag: /rocm|hipblas|(^|[-_.])amd($|[-_.])/i, maker: "amd", source: byTag, read },
  { image: /(^|\/)rocm\/[^/]+$|-rocm$/, maker: "amd", source: "hub.docker.com/u/rocm, the organisation of AMD", read },
  { image: /./, tag: /vulkan|(^|[-_.])cpu($|[-_.])/i, maker: "any", source: byTag, read },
  { image: /./, tag: /(^|[-_.])(intel|openvino|ipex|xpu|sycl|oneapi)/i, maker: "intel", source: byTag, read },
  { image: /(^|\/)intel(analytics)?\/[^/]+$/, maker: "intel", source: "hub.docker.com/u/intel", read },
  {
    image: /(^|\/)[^/]+-intel(-(arc|gpu|xpu))?$/,
    maker: "intel",
    source: "the image's own name, as of ghcr.io/ava-agentone/ollama-intel",
    read: "2026-11-28",
  },
  {
    image: /./,
    tag: /cuda|(^|[-_.])cu1[1-3]\d?($|[-_.])|cublas|nvidia|tensorrt/i,
    maker: "nvidia",
    source: byTag,
    read,
  },
  { image: /^nvcr\.io\/|(^|\/)nvidia\/[^/]+$|-cuda$/, maker: "nvidia", source: "the images of NVIDIA itself", read },
  {
    image: /(^|\/)vllm\/vllm-openai$/,
    maker: "nvidia",
    source: "docs.vllm.ai, installation of GPU: vllm-openai for CUDA, vllm-openai-rocm for AMD",
    read,
  },
  {
    image: /(^|\/)lmsysorg\/sglang$/,
    maker: "nvidia",
    source: "hub.docker.com/r/lmsysorg/sglang: -rocm700-mi30x",
    read,
  },
  {
    image: /(^|\/)huggingface\/text-generation-inference$/,
    maker: "nvidia",
    source: "github.com/huggingface/text-generation-inference, README: -rocm and -intel-xpu are tags of their own",
    read,
  },
  {
    image: /(^|\/)huggingface\/text-embeddings-inference$/,
    maker: "nvidia",
    source: "huggingface.co/docs/text-embeddings-inference: images for AMD and Intel must be built",
    read,
  },
  {
    image: /(^|\/)pytorch\/pytorch$/,
    maker: "nvidia",
    source: "hub.docker.com/r/pytorch/pytorch: tags with CUDA; AMD's is rocm/pytorch",
    read,
  },
  {
    image: /(^|\/)invoke-ai\/invokeai$/,
    maker: "nvidia",
    source: "github.com/invoke-ai/InvokeAI, docs: main-rocm for AMD",
    read,
  },
  {
    image: /(^|\/)(dcgm-exporter|dcgm|nvidia_gpu_exporter|kokoro-fastapi-gpu)$/,
    maker: "nvidia",
    source: "they use NVML, DCGM or nvidia-smi; remsky/Kokoro-FastAPI, docker/gpu/Dockerfile: FROM nvidia/cuda",
    read,
  },
];

/** The vendor whose GPUs alone an image can use; undefined if it can use those of several, or if that is not known. */
export function makerOfImage(image: string): GpuMaker | undefined {
  const [name, tag] = imageParts(image);
  const row = imageMakers.find((one) => one.image.test(name) && (one.tag?.test(tag) ?? true));
  return row && row.maker !== "any" ? row.maker : undefined;
}

/** How an image is named for the GPUs of another vendor. Sources: those of the table above, and each project's docs. */
const counterparts: { image: RegExp; to: (name: string, tag: string) => Partial<Record<GpuMaker, string>> }[] = [
  {
    image: /(^|\/)vllm\/vllm-openai(-rocm)?$/,
    to: (name) => ({ amd: `${name.replace(/-rocm$/, "")}-rocm`, nvidia: name.replace(/-rocm$/, "") }),
  },
  {
    // huggingface.co/docs/text-generation-inference, installation for AMD and Intel
    image: /(^|\/)huggingface\/text-generation-inference$/,
    to: (name, tag) => {
      const version = /^\d[\d.]*/.exec(tag)?.[0];
      return version === undefined
        ? {}
        : { amd: `${name}:${version}-rocm`, intel: `${name}:${version}-intel-xpu`, nvidia: `${name}:${version}` };
    },
  },
  {
    // github.com/ggml-org/llama.cpp, docs/docker.md
    image: /(^|\/)llama\.cpp$/,
    to: (name, tag) => {
      const of = (maker: string) => `${name}:${tag.replace(/cuda(1\d)?|rocm|intel/, maker)}`;
      return { amd: of("rocm"), intel: of("intel"), nvidia: of("cuda") };
    },
  },
  {
    // localai.io, containers
    image: /(^|\/)local-?ai$/,
    to: (name, tag) => {
      const of = (maker: string) =>
        `${name}:${tag.replace(/gpu-(nvidia-cuda-\d+|hipblas|intel(-f(16|32))?)/, `gpu-${maker}`)}`;
      return { amd: of("hipblas"), intel: of("intel"), nvidia: of("nvidia-cuda-12") };
    },
  },
  {
    // immich.app/docs/features/ml-hardware-acceleration
    image: /(^|\/)immich-machine-learning$/,
    to: (name, tag) => {
      const of = (maker: string) => `${name}:${tag.replace(/-(cuda|rocm|openvino)$/, `-${maker}`)}`;
      return { amd: of("rocm"), intel: of("openvino"), nvidia: of("cuda") };
    },
  },
  {
    // docs.frigate.video, configuration/object_detectors
    image: /(^|\/)frigate$/,
    to: (name, tag) => {
      const plain = tag.replace(/-(tensorrt(-jp\d)?|rocm)$/, "");
      return { amd: `${name}:${plain}-rocm`, intel: `${name}:${plain}`, nvidia: `${name}:${plain}-tensorrt` };
    },
  },
  {
    // github.com/ollama/ollama, docs/docker.mdx: -rocm is the tag for AMD's cards
    image: /(^|\/)ollama\/ollama$/,
    to: (name, tag) => {
      const plain = tag === "rocm" ? "latest" : tag.replace(/-rocm$/, "");
      return {
        amd: `${name}:${plain === "latest" || plain === "" ? "rocm" : `${plain}-rocm`}`,
        nvidia: `${name}:${plain}`,
      };
    },
  },
  { image: /(^|\/)pytorch\/pytorch$/, to: () => ({ amd: "rocm/pytorch" }) },
  {
    image: /(^|\/)invoke-ai\/invokeai$/,
    to: (name) => ({ amd: `${name}:main-rocm`, nvidia: `${name}:main-cuda` }),
  },
];

/** The image of the same program for the GPUs of a vendor; undefined if none is known. */
export function imageFor(image: string, maker: GpuMaker): string | undefined {
  const [name, tag] = imageParts(image);
  const other = counterparts.find((one) => one.image.test(name))?.to(name, tag)[maker];
  // a digest is one image's, and a tag in which nothing was replaced is the same image
  return other === image || other === `${name}:${tag}` ? undefined : other;
}

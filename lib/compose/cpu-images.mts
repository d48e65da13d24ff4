/** Images of programs that can use a GPU, in the variant without it: their containers work on the CPU. */
import { imageParts } from "./image-name.mts";

interface Row {
  /** The end of the repository's name, without a tag, so that mirrors match. */
  image: RegExp;
  /** The tags with GPU support; without it, none has it. */
  gpu?: RegExp;
  /** The image for NVIDIA's cards, from the repository and the tag. */
  nvidia?: (name: string, tag: string) => string;
  source: string;
  /** When the source was read. */
  read: string;
}

const read = "2026-11-28";
const ofCpu = /(^|[-_.])cpu(-only)?($|[-_.])/i;
/** A tag with a word after it; no tag is `latest`. */
const ending = (word: string) => (name: string, tag: string) => `${name}:${tag || "latest"}-${word}`;

const rows: Row[] = [
  {
    image: /(^|\/)immich-machine-learning$/,
    gpu: /-(cuda|rocm|openvino|armnn|rknn)$/,
    nvidia: (name, tag) => `${name}:${tag || "release"}-cuda`,
    source: "docs.immich.app, features/ml-hardware-acceleration: add -[armnn, cuda, rocm, openvino, rknn] to the tag",
    read,
  },
  {
    image: /(^|\/)(localai|local-ai)$/,
    gpu: /gpu|cuda|cublas|hipblas|rocm|vulkan|intel|sycl|nvidia/,
    nvidia: (name, tag) => `${name}:${/^latest-aio/.test(tag) ? "latest-aio" : "latest"}-gpu-nvidia-cuda-12`,
    source: "localai.io, installation/containers: the CPU image is localai/localai:latest",
    read,
  },
  {
    image: /(^|\/)(ggml-org|ggerganov)\/llama\.cpp$/,
    gpu: /cuda|rocm|musa|intel|vulkan|cann|openvino/,
    nvidia: (name, tag) => `${name}:${(tag || "full").replace(/^(full|light|server)/, "$1-cuda")}`,
    source: "github.com/ggml-org/llama.cpp, docs/docker.md: full, light and server; -cuda with NVIDIA's support",
    read,
  },
  {
    image: /(^|\/)openai-whisper-asr-webservice$/,
    gpu: /gpu/,
    nvidia: ending("gpu"),
    source: "github.com/ahmetoner/whisper-asr-webservice, README: latest is for CPU, latest-gpu for GPU",
    read,
  },
  {
    image: /(^|\/)linuxserver\/faster-whisper$/,
    gpu: /gpu/,
    nvidia: (name) => `${name}:gpu`,
    source: "github.com/linuxserver/docker-faster-whisper, README: latest for CPU, gpu with CUDA",
    read,
  },
  {
    image: /(^|\/)rhasspy\/wyoming-whisper$/,
    nvidia: () => "lscr.io/linuxserver/faster-whisper:gpu",
    source: "github.com/rhasspy/wyoming-addons, whisper/Dockerfile: debian and wyoming-faster-whisper, no CUDA",
    read,
  },
  {
    image: /(^|\/)open-webui\/open-webui$/,
    gpu: /cuda|ollama/,
    nvidia: (name) => `${name}:cuda`,
    source: "github.com/open-webui/open-webui, README: the tag cuda with NVIDIA's support",
    read,
  },
  {
    image: /(^|\/)libretranslate\/libretranslate$/,
    gpu: /cuda/,
    nvidia: (name) => `${name}:latest-cuda`,
    source: "github.com/LibreTranslate/LibreTranslate, docker-compose.cuda.yml: latest-cuda",
    read,
  },
  {
    image: /(^|\/)tensorflow\/tensorflow$/,
    gpu: /gpu/,
    nvidia: (name, tag) => `${name}:${(tag || "latest").replace(/(-jupyter)?$/, "-gpu$1")}`,
    source: "tensorflow.org/install/docker: the tags with -gpu have GPU support",
    read,
  },
  {
    image: /(^|\/)tensorflow\/serving$/,
    gpu: /gpu/,
    nvidia: ending("gpu"),
    source: "tensorflow.org/tfx/serving/docker: latest-gpu",
    read,
  },
  {
    image: /(^|\/)codeproject\/ai-server$/,
    gpu: /cuda|gpu|jetson/i,
    nvidia: (name) => `${name}:cuda12_2`,
    source: "hub.docker.com/r/codeproject/ai-server: cuda12_2 is a GPU enabled version",
    read,
  },
  {
    image: /(^|\/)deepquestai\/deepstack$/,
    gpu: /gpu|jetpack/,
    nvidia: (name) => `${name}:gpu`,
    source: "docs.deepstack.cc, using DeepStack with NVIDIA GPU: deepquestai/deepstack:gpu",
    read,
  },
  {
    image: /(^|\/)opendronemap\/(odm|nodeodm)$/,
    gpu: /gpu/,
    nvidia: (name) => `${name}:gpu`,
    source: "github.com/OpenDroneMap/NodeODM, README: opendronemap/nodeodm:gpu",
    read,
  },
  {
    image: /-cpu$/,
    nvidia: (name, tag) => /kokoro-fastapi-cpu$/.test(name) ? `${name.replace(/cpu$/, "gpu")}:${tag || "latest"}` : "",
    source: "the image's own name",
    read,
  },
];

/** Whether an image has no GPU support, although other variants of it have. */
export function isCpuImage(image: string): boolean {
  const [name, tag] = imageParts(image);
  const row = rows.find((one) => one.image.test(name));
  return ofCpu.test(tag) || (row !== undefined && !(row.gpu?.test(tag) ?? false) && !tag.includes("$"));
}

/** The image of the same program for NVIDIA's cards, for an image without GPU support; undefined if none is known. */
export function nvidiaImageFor(image: string): string | undefined {
  const [name, tag] = imageParts(image);
  // a digest is one image's
  if (image.includes("@")) return undefined;
  const plain = tag.split(/[-_.]/).filter((word) => word !== "cpu").join("-");
  const other = rows.find((one) => one.image.test(name))?.nvidia?.(name, ofCpu.test(tag) ? plain : tag);
  return other === "" ? undefined : other;
}

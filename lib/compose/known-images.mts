/** Which CUDA, or which driver, images that people run need, where their name alone does not tell. */

/** What an image needs of the guest's driver. */
export interface ImageNeed {
  /** CUDA's version in it, such as `12.4`. */
  cuda?: string;
  /** Only CUDA's major version is known, which decides from which driver on it starts. */
  major?: number;
  /** The lowest branch of the driver; 0 where it brings no CUDA and takes any driver. */
  driver?: number;
  /** The tag moves: what it needs may be another one by now, so that it is no reason to refuse. */
  moving?: boolean;
}

/** A row of the table. */
interface KnownImage {
  /** The end of the repository's name, without a tag: `ollama/ollama` is also that of a mirror. */
  image: RegExp;
  /** Tags that it is about; all of them without it. */
  tag?: RegExp;
  need: ImageNeed;
  source: string;
  /** When the source was read. */
  read: string;
}

const today = "2026-11-26";

/** The first row that fits counts. */
export const knownImages: KnownImage[] = [
  // what runs on other vendors' cards, or on none
  {
    image: /./,
    tag: /rocm|vulkan|openvino|intel|cpu-only|(^|-)cpu($|-)/,
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
  ...["dcgm-exporter", "dcgm", "steam-headless", "tdarr", "tdarr_node", "plex", "pms-docker", "emby", "embyserver"].map(
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
 * docs.nvidia.com/deeplearning/triton-inference-server/release-notes and …/frameworks/vllm-release-notes, read 2026-11-26.
 */
export const monthlyCuda: Record<string, string> = {
  ...{
    "22.05": "11.7",
    "23.05": "12.1",
    "24.05": "12.4",
    "25.03": "12.8",
    "25.08": "13.0",
    "25.10": "13.0",
    "26.03": "13.2",
  },
};

/** What an image needs, by this table or by a tag that names CUDA's major version alone; undefined where neither tells. */
export function imageNeed(image: string): ImageNeed | undefined {
  const plain = image.split("@")[0]!;
  const colon = plain.indexOf(":", plain.lastIndexOf("/"));
  const [name, tag] = colon < 0 ? [plain, ""] : [plain.slice(0, colon), plain.slice(colon + 1)];
  // cuda12, cuda-13, gpu-nvidia-cuda-12; cuda12.4 and cu124 say more, and are another's to read
  const major = /(?:^|[-_.])cuda-?(1[0-9])(?![\d.])/i.exec(tag)?.[1] ??
    /(?:^|[-_.])cu(1[0-9])(?=$|[-_.])/i.exec(tag)?.[1];
  if (major !== undefined) return { major: Number(major) };
  const month = /(^|\/)nvidia\/(?:[\w-]+\/)?[\w-]+$/.test(name)
    ? /^(2\d\.(?:0[1-9]|1[0-2]))(?:-|$)/.exec(tag)?.[1]
    : undefined;
  if (month !== undefined) return monthlyNeed(month);
  return knownImages.find((row) => row.image.test(name) && (row.tag?.test(tag) ?? true))?.need;
}

/** A month that is not in the table lies between two that are: where both have one major version, so has it. */
function monthlyNeed(month: string): ImageNeed | undefined {
  const exact = monthlyCuda[month];
  if (exact !== undefined) return { cuda: exact };
  const months = Object.keys(monthlyCuda).sort();
  const [before, after] = [months.findLast((one) => one < month), months.find((one) => one > month)];
  const majorOf = (one: string | undefined) => one === undefined ? undefined : Number(monthlyCuda[one]!.split(".")[0]);
  const major = majorOf(before);
  return major !== undefined && major === majorOf(after) ? { major } : undefined;
}

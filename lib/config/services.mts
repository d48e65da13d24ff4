/** The services that `init --service` can write. */

/** A service of a new config. */
export interface StarterService {
  /** Its lines below `services:`, with its name; `gpu: 1` is the last line. */
  text: string;
  /** Where its image, port and folder are documented, and when that was read. */
  source: string;
  read: string;
}

/** By the name that users type. Each service gets one GPU; its port is the default port of the program. */
export const starterServices: Record<string, StarterService> = {
  ollama: {
    text: `  ollama: # http://THE-VM:11434
    image: ollama/ollama
    ports: ["11434:11434"]
    volumes: ["ollama:/root/.ollama"]
    restart: unless-stopped
    gpu: 1
`,
    source: "https://github.com/ollama/ollama/blob/main/docs/docker.mdx",
    read: "2026-11-26",
  },
  comfyui: {
    text: `  comfyui: # http://THE-VM:8188
    image: yanwk/comfyui-boot:cu126-slim
    ports: ["8188:8188"]
    volumes: ["comfyui:/root"]
    restart: unless-stopped
    gpu: 1
`,
    source: "https://github.com/YanWenKun/ComfyUI-Docker",
    read: "2026-11-26",
  },
  jupyter: {
    text: `  jupyter: # http://THE-VM:8888; docker logs shows the token
    image: quay.io/jupyter/pytorch-notebook:cuda12-latest
    ports: ["8888:8888"]
    volumes: ["jupyter:/home/jovyan/work"]
    restart: unless-stopped
    gpu: 1
`,
    source: "https://jupyter-docker-stacks.readthedocs.io/en/latest/using/selecting.html",
    read: "2026-11-26",
  },
  cuda: {
    text: `  cuda:
    image: nvidia/cuda:12.8.1-base-ubuntu24.04
    command: sleep infinity
    restart: unless-stopped
    gpu: 1
`,
    source: "https://hub.docker.com/r/nvidia/cuda",
    read: "2026-11-26",
  },
};

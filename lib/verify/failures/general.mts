import type { Failure, Layer } from "./types.mts";
import { doctorFix, guestFix, manualFix } from "../../fixes.mts";
import type { Fix } from "../../findings.mts";

const first = manualFix("Read that line and those around it: the first error explains the others");

/** Programs by their words, the layer that they belong to, and where to look next. */
const programs: [words: string, check: string, layer: Layer, name: string, next: Fix][] = [
  [
    "(?:vfio-pci|vfio_pci|vfio_iommu\\w{0,12}|hostdev|hostpci\\d)",
    "gpu.in-use",
    "vfio",
    "VFIO",
    doctorFix("gpu"),
  ],
  [
    "(?:nvidia-\\w[\\w-]{2,30}|nvidia_\\w{3,12}|NVIDIA driver|NVIDIA GPU)",
    "guest.driver",
    "driver",
    "NVIDIA's driver or one of its programs",
    guestFix("Check whether the driver works", "nvidia-smi"),
  ],
  [
    "(?:rocminfo|rocm-smi|hipblas|amdgpu-dkms)",
    "verify.service",
    "image",
    "ROCm",
    guestFix("Check that the driver has the card", "ls -l /dev/kfd /dev/dri"),
  ],
  [
    "(?:torch\\.cuda[\\w.]{0,60}|onnxruntime[\\w.]{0,60}|ComfyUI|llama\\.cpp|llama-server|ollama|" +
    "LocalAI|vllm\\.[\\w.]{1,60}|TensorRT)",
    "verify.service",
    "image",
    "the program that computes on the GPU",
    guestFix("Check what a container sees of the GPU", "docker run --rm --gpus all ubuntu nvidia-smi"),
  ],
  [
    "(?:dockerd|docker-compose|docker compose|containerd|podman(?:-compose)?|buildkitd?)",
    "verify.docker",
    "docker",
    "the container engine",
    guestFix("Read what it logs", "journalctl -u docker -u containerd -b --no-pager -n 50"),
  ],
  [
    "(?:libvirtd|libvirt|virt-install|virt-manager|qemu-kvm|QEMU\\[|pvedaemon|qm start)",
    "provider.access",
    "provider",
    "libvirt, QEMU or the program that manages them",
    doctorFix("provider"),
  ],
  ["(?:Vagrantfile|vagrant up|vagrant-libvirt)", "provider.access", "provider", "Vagrant", doctorFix("provider")],
  ["(?:Hyper-V|Microsoft\\.HyperV|vmms\\.exe)", "provider.access", "provider", "Hyper-V", doctorFix("provider")],
  ["(?:packer build|packer-plugin|pkr\\.hcl)", "provider.access", "provider", "Packer", doctorFix("tools")],
];

/** The program itself, not a file, folder, module or image that has its name: `/srv/ollama/x`, `docker-compose.yml`. */
const before = "(?<![\\w.@-])(?<!(?<!bin)\\/)";
const after = "(?![\\w/@-]|\\.(?!service|socket)\\w| ?(?:docker|podman|Error): )";
const fails =
  "\\b(?:error|errors|failed|failure|fatal|cannot|can't|unable to|could not|not found|refused|timed out|invalid)\\b";

/**
 * The last entries of the catalogue: a line in which a program that this project uses reports an
 * error that no other entry knows. They say whose error it is and where to look next.
 */
export const generalFailures = (): Failure[] =>
  programs.map(([words, check, layer, name, next]) => ({
    pattern: new RegExp(`${before}${words}${after}.{0,160}${fails}`),
    check,
    strength: "symptom",
    layer,
    fallback: true,
    message: `${name} reports an error that homelab-gpu does not know`,
    fix: [first, next],
    source: "general knowledge, 2026-11",
  }));

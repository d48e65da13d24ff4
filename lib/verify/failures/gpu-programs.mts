import type { Failure } from "./types.mts";
import { doctorFix, firmwareFix, guestFix, toolkit } from "../../fixes.mts";
import { amdWords, driverLog, nvidiaWords, powerCycle } from "./fixes.mts";
import { anyOf } from "../../text.mts";
import { rows } from "./rows.mts";

/** Words of programs that compute or encode on a GPU. */
const programs = new RegExp(
  `${nvidiaWords.source}|torch|llama|ollama|vllm|triton|ffmpeg|AVHWDevice|h264_|hevc_|renderD\\d|vaapi|libva|vulkan|onnx|jax|comfy|cudnn|${amdWords.source}`,
  "i",
);
const smi = guestFix("See that the driver works", "nvidia-smi");
const held = guestFix("See which programs hold the card", "sh -c 'fuser -v /dev/nvidia*'");

/** Sentences of programs that compute on a GPU, and of NVIDIA's driver and tools, by topic. */
export const gpuProgramFailures: Failure[] = [
  ...rows({
    layer: "image",
    near: programs,
    source: "PyTorch, vLLM, Triton, Ollama, llama.cpp, FFmpeg, libva, Vulkan's loader, read 2026-11",
  }, [
    [
      "guest.cuda",
      "cause",
      anyOf(
        /Unable to find a valid cuDNN algorithm|unable to find an engine to execute this computation/,
      ),
      "cuDNN does not start: most often the card's memory is full, otherwise its release does not fit CUDA or the card",
      guestFix("See who uses the card's memory", "nvidia-smi"),
      "Use a smaller model, batch or image; or an image whose cuDNN was made for its CUDA",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /quantization method \S{1,40} is not supported for the current GPU|Minimum capability: \d{2,3}/,
        /out of resource: (?:shared memory|threads|registers), Required/,
      ),
      "the model's way of computing (quantization, kernel) needs a newer or larger card than this one",
      "Choose another quantization or dtype (half), or a smaller block, context or head size for that program",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /flash[-_]attention\/hopper|flash_fwd_launch_template|flash_attn.{0,80}(?:no kernel image|invalid argument)/,
        /(?:xformers|sageattention|flash_attn|flashinfer).{0,120}(?:not built for|no operator found|only supports)/i,
      ),
      "the attention library in the image (xFormers, FlashAttention) has no code for this card",
      "Start the program without it (ComfyUI: --use-pytorch-cross-attention), or use an image made for the card",
    ],
    [
      "verify.service",
      "symptom",
      /Failed to infer device type|no supported devices found for platform|Can't initialize NVML/,
      "the program finds no GPU that it can use",
      "Write gpu: 1 (or all) for that service, and use the variant of its image for CUDA or ROCm",
      guestFix("See what a container sees", "docker run --rm --gpus all ubuntu nvidia-smi"),
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /unknown model architecture: '|key not found in model: |invalid magic characters/,
        /does not recognize this architecture|Transformers does not recognize/,
      ),
      "the program in the image is older than the model, or the model's file is not whole",
      "Use a newer tag of the image, and download the model again if that does not help",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /timed out waiting for llama runner|llama runner exited/,
      ),
      "Ollama's runner, the process that computes, ended or did not start in time: its own lines above say why",
      guestFix("Read the service's log", "docker compose logs --no-color --tail 80"),
      "If it is slow to load: raise OLLAMA_LOAD_TIMEOUT, and keep models on a fast disk",
    ],
    [
      "verify.service",
      "note",
      /gpu VRAM usage didn't recover within timeout|not compiled with flash attention/i,
      "the program goes on: memory of the last model is freed late, or it computes without flash attention",
      "Nothing to do; see the lines below for the real error",
    ],
    [
      "verify.service",
      "symptom",
      /could not connect to (?:a running |the )?ollama|ollama server not responding/i,
      "Ollama's server does not run, or the client asks another address (OLLAMA_HOST)",
      "Start it (ollama serve, or the service), and in containers use its service name, not localhost",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Input type \(\w{1,40}(?:\.\w{1,20})?\) and (?:bias|weight) type|expected (?:mat1 and mat2|m1 and m2|scalar type)/,
        /Expected all tensors to be on the same device/,
      ),
      "the program mixes number types or devices: a fault of the program or of its settings, not of the GPU",
      "Choose one precision for all parts (fp16, bf16 or fp32), and update the program and its extensions",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /libva(?: error)?: .{0,100}(?:failed|init failed)|vaGetDriverNameByIndex|No VA display found for device/,
        /Failed to initialise VAAPI connection/,
      ),
      "VA-API finds no driver for the card: NVIDIA cards have none of their own, and AMD and Intel need /dev/dri " +
      "in the container",
      "NVIDIA: use NVENC and NVDEC (cuda, nvenc) instead of vaapi; AMD and Intel: give the service devices: /dev/dri",
    ],
    [
      "verify.service",
      "fallback",
      /Failed to set value '(?:cuda|vaapi|qsv|vulkan)[^']{0,40}' for option 'init_hw_device'|Device creation failed: -\d{3,12}/,
      "FFmpeg could not open the card, for the reason in the lines above",
      "See that the service has the GPU with the capabilities compute, video and utility",
      smi,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /VK_ERROR_INCOMPATIBLE_DRIVER|ERROR_INCOMPATIBLE_DRIVER|vkEnumeratePhysicalDevices: .{0,60}ERROR_/,
        /MESA-LOADER: failed to open|failed to load driver: (?:nvidia|nouveau|swrast)/,
      ),
      "Vulkan or OpenGL finds no driver for the card in the container: its graphics libraries were not passed in",
      "Add graphics (and display) to the service's capabilities (NVIDIA_DRIVER_CAPABILITIES=all), and install " +
      "libvulkan1 in the image",
    ],
    [
      "gpu.display",
      "cause",
      /XDG_RUNTIME_DIR (?:is )?not set in the environment|cannot open display: |Failed to open display/,
      "the program wants a screen, and there is none in a container or over SSH",
      "Start it without a window (headless); a GPU that computes needs no display",
    ],
  ]),
  ...rows({
    layer: "driver",
    near: nvidiaWords,
    source: "NVIDIA/open-gpu-kernel-modules 580 (src/nvidia), nvidia-installer, nvidia-smi, read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /None of the NVIDIA devices were probed|Try unloading the conflicting kernel module/,
        /another driver was loaded and obtained ownership/,
      ),
      "another driver (nouveau, vfio-pci) has the card, so that NVIDIA's does not get it",
      guestFix("See which driver has it", "lspci -nnk -d 10de:"),
      "In the VM: blacklist nouveau and rebuild the initramfs; on the host: a card for a VM belongs to vfio-pci",
    ],
    [
      "gpu.window",
      "cause",
      /system BIOS may have misconfigured your GPU|kbusVerifyBar2\w{0,10}: .{0,60}failed/,
      "the card's memory regions (BARs) are wrong or missing: the firmware or the VM gave them no room, or the " +
      "card does not answer there",
      firmwareFix("Turn on Above 4G Decoding in the firmware's set-up of the host"),
      "In the VM: UEFI (OVMF) and a large enough MMIO window",
    ],
    [
      "guest.driver",
      "cause",
      /ignoring the legacy GPU/,
      "the card is older than this driver drives: it belongs to a legacy branch",
      "Write an older branch (driver: {branch: 580} for Maxwell to Volta, 470 for Kepler) and rebuild the box",
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /pci_enable_device failed, aborting|rm_init_rm\(\) failed|NVRM: failed to initialize module/,
        /open of non-existent GPU with minor number/,
      ),
      "NVIDIA's module could not take the card: it does not answer, or is not in this machine",
      guestFix("See whether the card is there", "lspci -nnk -d 10de:"),
      driverLog,
    ],
    [
      "iommu.enabled",
      "cause",
      /Aborting probe for VF \S{1,20} since IOMMU is not present/,
      "a virtual GPU needs the IOMMU, which is off here",
      doctorFix("iommu"),
    ],
    [
      "gpu.in-use",
      "symptom",
      /Failed removal of device|Continuing with GPU removal/,
      "NVIDIA's driver was told to let go of a card that a program still uses",
      held,
    ],
    [
      "gpu.reset",
      "symptom",
      /PCI FLR (?:might have failed|not supported)|FLR not supported by the device/,
      "the card could not be reset by itself (function level reset)",
      powerCycle,
    ],
    [
      "verify.service",
      "cause",
      /driver modules are not yet loaded, invoking runc directly|driver-ctr-ready': No such file/,
      "NVIDIA's driver is not loaded on that machine, so the toolkit starts containers without a GPU, or waits",
      smi,
      driverLog,
    ],
    [
      "guest.driver",
      "cause",
      /GSP firmware heap is out of memory/,
      "the memory of the GPU's firmware processor (GSP) is used up, as with many processes or virtual GPUs",
      "Run fewer processes on the card, or update the driver",
    ],
    [
      "gpu.power",
      "cause",
      /API_GPU_ATTACHED_SANITY_CHECK failed|GPU is lost\. {1,2}Reboot/,
      "the card no longer answers over PCI Express",
      powerCycle,
      "Check its power cables, slot or riser, and turn power saving of PCI Express (ASPM) off",
    ],
    [
      "iommu.interrupts",
      "symptom",
      /unhandled interrupt threshold for irq/,
      "interrupts reach NVIDIA's driver that its card did not send: another device shares the line",
      "Let the card use MSI (NVreg_EnableMSI=1, the default), or move it to another slot",
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /nvidia-persistenced failed to initialize|nvidia-persistenced: .{0,80}failed to open/,
        /Failed to open libnvidia-cfg\.so|Failed to initialize the NVIDIA kernel module/,
      ),
      "NVIDIA's persistence daemon or tool does not reach the driver: its module is not loaded, or its libraries " +
      "are of another release",
      smi,
      driverLog,
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /Unable to set the (?:power|clock|compute|persistence)[\w ]{0,20}: Insufficient Permissions/,
        /Setting [\w ]{3,40} (?:is not supported|was not permitted)|you do not have suf\w{2,8} permissions/,
      ),
      "nvidia-smi may not change that setting: it needs root, and in WSL or a partition of a card the host alone may",
      guestFix("Set it as root (example)", "nvidia-smi -pm 1"),
    ],
    [
      "gpu.in-use",
      "cause",
      /GPUs? could not be reset|is the primary GPU\./,
      "the card cannot be reset while a program, the console or the persistence daemon uses it",
      held,
      "Stop them (and nvidia-persistenced); a card in a VM is reset with the VM's start",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /Failed to run `\S{0,20}dkms (?:build|install)|kernel module failed to load\. Secure boot/,
        /Failed to find libglvnd|module 'nvidia\S{0,8}' (?:was|is) not signed/,
      ),
      "NVIDIA's installer could not build, sign or load its module: headers, a compiler or a signing key are missing",
      "Read /var/log/nvidia-installer.log; install the headers of the running kernel and gcc",
      "With Secure Boot: enroll a key (mokutil --import), or turn it off; better install the distribution's packages",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /nvidia-container-cli: (?:permission|input|path|detection) error: (?!nvml|driver)/,
        /overflowuid: permission denied|privilege change failed|capability change failed/,
      ),
      "NVIDIA's container tool may not do its work here: Docker runs without root or in a container, or a " +
      "library's link is broken",
      "Rootless: nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place, or use CDI",
      guestFix("See what it finds", "nvidia-container-cli --load-kmods info"),
    ],
    [
      "verify.service",
      "cause",
      /"nvidia-container-(?:cli|runtime\S{0,8})": executable file not found|stat \S{1,60}nvidia-ctk: no such file/,
      "a program of NVIDIA's Container Toolkit is not installed, or not where its settings say",
      ...toolkit,
    ],
    [
      "verify.service",
      "cause",
      /unable to open \/etc\/\S{1,60} for writing: permission denied/,
      "nvidia-ctk was started without root, so that it cannot write that file",
      guestFix("Run it as root", "nvidia-ctk runtime configure --runtime=docker"),
    ],
  ]),
];

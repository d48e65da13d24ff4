import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { gpuMissingFailures } from "./gpu-missing.mts";
import { rows } from "../rows.mts";

const gpuTest = guestFix("Check what a container sees", "docker run --rm --gpus all ubuntu nvidia-smi");
const killed = guestFix("Check whether the kernel ended it", "sh -c 'dmesg | grep -i -A3 \"out of memory\"'");

/** Messages of programs that compute for science, of notebooks, and of libraries in images for AMD cards. */
export const computeProgramFailures = (): Failure[] => [
  ...gpuMissingFailures(),
  ...rows({
    layer: "image",
    source: "bitsandbytes, ExLlama, TabbyAPI (their source), InvokeAI#7531 (2025-01), read 2026-11",
  }, [
    [
      "guest.cuda",
      "symptom",
      anyOf(
        /bitsandbytes native library: 'NoneType' object has no attribute 'split'/,
        /bitsandbytes ROCm binary|libbitsandbytes_rocm\d{2,3}\.so: cannot open/,
      ),
      "bitsandbytes in this image has no build for its ROCm: only its 4 and 8 bit parts are missing",
      "If nothing else fails: use models without bitsandbytes quantization (bf16, GGUF)",
      "Otherwise: pip install -U bitsandbytes in the image; newer releases bring builds for more releases of ROCm",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /Configured (?:CUDA|ROCm) binary not found at|BNB_(?:CUDA|ROCM)_VERSION=\d{2,4} environment variable detected/,
        /Required library version not found: libbitsandbytes_cuda|Error named symbol not found at line \d{1,5} in file \S{0,60}csrc\/ops\.cu/,
      ),
      "bitsandbytes has no build for the CUDA release that it found or that is set: it is older than that release",
      "pip install -U bitsandbytes in the image, and remove BNB_CUDA_VERSION from the service's environment",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /name 'exllamav\d_ext' is not defined|exllamav3 backend is selected, but required dependencies/,
        /\[ComfyUI-Manager\] PyTorch is not installed/,
      ),
      "a part that the program computes with (ExLlama's extension, PyTorch) is not installed for its Python",
      "Use the program's own image, or install it in that Python: the wheel for its Python, PyTorch and CUDA",
    ],
    [
      "verify.service",
      "note",
      /Could not detect ROCm (?:GPU architecture|warp size)/,
      "bitsandbytes does not find the program rocminfo in the image, which only its 4-bit parts need",
      "Look for another error; if 4-bit models fail: install rocminfo in the image",
    ],
    [
      "verify.service",
      "note",
      /comfy-aimdo failed to load: /,
      "ComfyUI goes on without a helper for the memory of NVIDIA cards, which AMD and Intel cards do not have",
      "AMD, Intel: look for another error; NVIDIA: see that the container has the GPU (nvidia-smi)",
    ],
    [
      "guest.image",
      "cause",
      /No module named '?(?:pkg_resources|distutils)\b/,
      "a Python program needs pkg_resources or distutils: newer releases of setuptools no longer have the first, and " +
      "Python 3.12 and later has the second only with setuptools",
      'Install an older one in its environment: pip install "setuptools<81"',
      "Or use a newer release of the program that does not need it",
    ],
    [
      "verify.service",
      "cause",
      /Ports \d{2,5} and \d{2,5} are in use by different services/,
      "both ports of the program are taken by other programs",
      guestFix("Check which", "ss -lntp"),
      "Stop them, or choose another port in the program's config.yml",
    ],
  ]),
  ...rows({
    layer: "image",
    source: "Folding@home client and cores, BOINC client (gpu_detect), their messages, read 2026-11",
  }, [
    [
      "verify.service",
      "symptom",
      anyOf(
        /No compute devices matched GPU #|OpenCL device matching slot \d{1,3} not found|No usable GPUs found|(?:OpenCL|CUDA): Not detected: \w/,
      ),
      "Folding@home or BOINC sees no GPU that it can use: the container got none, or OpenCL finds no driver in it",
      "Write gpu: 1 (or all) for that service, and set NVIDIA_DRIVER_CAPABILITIES=compute,utility",
      "OpenCL: install ocl-icd-libopencl1 in the image, and write /etc/OpenCL/vendors/nvidia.icd with the line " +
      "libnvidia-opencl.so.1",
      gpuTest,
    ],
    [
      "verify.service",
      "symptom",
      /returned: (?:BAD_WORK_UNIT|CORE_RESTART|BAD_FRAME_CHECKSUM)\b|Bad State detected\.\.\./,
      "Folding@home's core computed a wrong result, or crashed: an unstable card (overclocked, hot), or a faulty unit",
      "Undo overclocking, and watch temperatures (nvidia-smi); if one unit fails on every machine, the unit is faulty",
      manualFix("If every unit fails at once: update the driver (driver: {branch: …}) and rebuild the box"),
    ],
  ]),
  ...rows({ layer: "image", source: "Jupyter Server, ipykernel (their messages), read 2026-11" }, [
    [
      "host.memory",
      "symptom",
      /kernel appears to have died|Kernel died, restarting|KernelRestarter: restarting kernel \(\d\/\d\)/i,
      "the notebook's Python ended: most often the machine's or the container's memory ran out, else a library crashed",
      killed,
      "Give the machine more (memory:), raise the service's limit, or load less at once",
    ],
    [
      "verify.service",
      "cause",
      /Running as root is not recommended\. Use --allow-root/,
      "Jupyter does not start as root unless it is allowed to",
      "Add --allow-root to its command, or set user: for that service",
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { amdWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const kernel = guestFix("Read what the driver says", "dmesg --level err,warn");
const chip = guestFix("Show the card's name for ROCm", "sh -c 'rocminfo | grep gfx'");
const near = new RegExp(
  `${amdWords.source}|hsa|MLIR|GPU node|ggml|llama|ollama|torch|miopen|librocdxg|amd-?smi|rsmi_`,
  "i",
);

/** Errors of ROCm by their kind (HIP's codes, HSA's codes, faults of the card). */
export const rocmFailures = (): Failure[] => [
  ...rocmChoiceFailures(),
  ...rows(
    {
      layer: "image",
      near,
      source: "ROCm (HIP, ROCR-Runtime), ollama/ollama#8851 (2025-02), ROCm/legacy-rocm-build#2804 (2024-01)",
    },
    [
      [
        "verify.service",
        "cause",
        /AMDSMI_STATUS_(?:FILE_ERROR|NO_PERM|IO)\b|AmdSmi\w{0,30}Exception: Error code: (?:10|12|14)\b/,
        "the program is not allowed to read the AMD card (amdsmi): its user is not in the group render, or " +
        "/dev/dri was not passed in",
        "Write devices: [/dev/kfd, /dev/dri] and group_add: [render, video] (or their numbers) for that service",
        "A service of systemd or in LXC: give its user the group render, or map the node's group",
        guestFix("List the nodes and their groups", "ls -ln /dev/kfd /dev/dri"),
      ],
      [
        "verify.service",
        "symptom",
        /AMDSMI_STATUS_(?!SUCCESS)\w{3,30}|initialize amdsmi - Error code: \d{1,3}|rsmi_init\(\) failed|not initialized \(amdgpu not found in modules\)/,
        "AMD's library for the card's state (amdsmi, rocm-smi) finds no driver: amdgpu does not run, the nodes were " +
        "not passed in, or this is WSL, which has none",
        "Write devices: [/dev/kfd, /dev/dri] for that service; in WSL ignore it",
        guestFix("Check that the driver has the card", "sh -c 'lspci -nnk -d ::03xx; ls -l /dev/kfd /dev/dri'"),
      ],
      [
        "guest.driver",
        "cause",
        /adding custom device "\/dev\/kfd": no such file|(?:stat|stat'ing file) ['"`]?\/dev\/kfd['"`]?: [Nn]o such file/,
        "this machine has no /dev/kfd, by which ROCm computes: amdgpu drives no card here, or the kernel lacks it " +
        "(WSL, Docker Desktop)",
        guestFix("Check which driver has the card", "lspci -nnk -d ::03xx"),
        guestFix("Load the driver, and read what it says", "sh -c 'modprobe amdgpu; dmesg | grep -iE \"amdgpu|kfd\"'"),
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /(?:(?:HIP|ROCm) error: |Triton Error \[HIP\]: [^\n]{0,30})(?:invalid device function|no kernel image|device kernel image is invalid|shared object initialization failed)/,
          /\bhipError(?:NoBinaryForGpu|InvalidDeviceFunction|InvalidKernelFile|InvalidImage)\b/,
        ),
        "the program's build for ROCm has no code for this AMD chip",
        chip,
        manualFix(
          "Use an image whose ROCm names that chip; for one next to a supported one: HSA_OVERRIDE_GFX_VERSION",
        ),
        "If HSA_OVERRIDE_GFX_VERSION is set already: it names a chip of another generation; remove or correct it",
      ],
      [
        "verify.service",
        "cause",
        /MIOPEN failure \d|miopenStatus(?!Success)\w{5,40}|MIOpen Error: /,
        "ROCm's library for networks (MIOpen) fails: the image's ROCm does not support this chip, or it cannot write " +
        "its files",
        chip,
        "Use an image whose ROCm names that chip; give the service a HOME that it may write (MIOPEN_USER_DB_PATH)",
      ],
      [
        "verify.service",
        "cause",
        anyOf(
          /(?:HIP|ROCm) error: out of memory|HIP out of memory|\bhipErrorOutOfMemory\b|\bhipErrorMemoryAllocation\b/,
          /allocating [\d.]{1,10} MiB on device \d: hipMalloc failed|ROCm\d buffer of size \d/,
        ),
        "the model does not fit into the AMD card's free memory",
        "Use a smaller or more quantized model, a shorter context or a smaller batch",
        "An APU takes its memory from the machine's: raise its share in the firmware, or the limit amdgpu.gttsize",
      ],
      [
        "verify.service",
        "symptom",
        anyOf(
          /Memory access fault by GPU node|HSA_STATUS_ERROR_(?:MEMORY_FAULT|MEMORY_APERTURE_VIOLATION|EXCEPTION|ILLEGAL_INSTRUCTION)/,
          /(?:HIP|ROCm) error: (?:an illegal memory access|unspecified launch failure|an illegal instruction)/,
          /\bhipError(?:IllegalAddress|LaunchFailure|IllegalInstruction|Assert)\b|HW Exception by GPU node/,
        ),
        "a program's work on the AMD card failed: most often its ROCm does not know this chip (or " +
        "HSA_OVERRIDE_GFX_VERSION names another one), else an error of the program",
        chip,
        manualFix("Use an image whose ROCm names that chip, and a current kernel and linux-firmware"),
        "HSA_OVERRIDE_GFX_VERSION has to be of the card's own generation (RDNA 2: 10.3.0, RDNA 3: 11.0.0); " +
        "unset it for a supported card",
        kernel,
      ],
      [
        "verify.service",
        "symptom",
        /(?:HIP|ROCm) error: invalid (?:argument|resource handle|value|context)|\bhipErrorInvalid(?:Value|Handle|Context)\b/,
        "a program gave ROCm a value that it does not take: a fault of the program, or parts of different releases",
        "Update the program or its image; install its parts (PyTorch, extensions) from one release",
      ],
      [
        "verify.service",
        "symptom",
        /run_high_level_pipeline: Invalid MLIR created/,
        "MIGraphX could not build the model for this AMD card: most often its release does not know the chip or the " +
        "model's operations",
        "Use a newer image (ROCm) of the program, or another model; for a try compute without MIGraphX",
      ],
      [
        "verify.service",
        "cause",
        /(?:librocdxg|libhsa-runtime64|libhsakmt|libamdhip64)\S{0,12}: undefined symbol: \w{3,60}/,
        "parts of ROCm are of different releases: the library that was mounted into the container does not fit the " +
        "image's ROCm",
        "Use an image of the same ROCm release as that library, or a library of the image's; in WSL: librocdxg",
      ],
      [
        "verify.service",
        "cause",
        /(?:HIP|ROCm) error: invalid device ordinal|\bhipErrorInvalidDevice\b/,
        "the program asks for an AMD card by a number that the container does not have: it counts its own from 0",
        "Set HIP_VISIBLE_DEVICES and the program's device to 0",
        guestFix("List the cards", "ls -l /dev/dri /dev/kfd"),
      ],
      [
        "guest.driver",
        "cause",
        /\bhipErrorInsufficientDriver\b|ROCm error: .{0,20}driver version is insufficient/,
        "the machine's amdgpu driver is older than the image's ROCm needs",
        "Use a newer kernel (or amdgpu-dkms) in the VM, or an image with an older ROCm",
      ],
    ],
  ),
];

/** A choice of cards by variables, where ROCm finds none. */
const rocmChoiceFailures = (): Failure[] =>
  rows(
    {
      layer: "image",
      near: /no ROCm-capable device|No HIP GPUs are available|hipErrorNoDevice/i,
      shared: true,
      source: "ROCm (GPU isolation); ollama/ollama#10421 (2025-04)",
    },
    [
      [
        "verify.service",
        "cause",
        /\b(?:HIP|ROCR)_VISIBLE_DEVICES[=:] ?['"]?(?:[1-9]\d?\b|GPU-\w{4,40}|-1)/,
        "the service's environment chooses a card that ROCm does not find: HIP_VISIBLE_DEVICES counts from 0, and " +
        "only among those that ROCR_VISIBLE_DEVICES left",
        "Set one of the two variables, not both; in a container with one card: HIP_VISIBLE_DEVICES=0, or none",
        guestFix("List the cards' numbers and ids", "sh -c 'rocminfo | grep -E \"Uuid|gfx|Marketing\"'"),
      ],
    ],
  );

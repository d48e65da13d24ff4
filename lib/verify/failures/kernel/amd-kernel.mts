import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { amdWords, powerCycle } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Debian splits the files by maker; its component is non-free-firmware. */
const firmware = manualFix(
  "Install the newest firmware files (Ubuntu, Fedora, Arch: linux-firmware; Debian: firmware-amd-graphics, " +
    "for Intel " +
    "firmware-misc-nonfree or firmware-intel-graphics), then rebuild the initramfs and reboot",
  { root: true, reboot: true },
);
const kernel = guestFix("Read what the driver says", "dmesg --level err,warn");
const reset = "Stop the VM and reset the card (vendor-reset for Polaris to Navi 1x), or cut its power";

/** Messages of AMD's and Intel's kernel drivers and of ROCm, by topic. */
export const amdKernelFailures = (): Failure[] => [
  ...rows({
    layer: "driver",
    near: amdWords,
    source: "Linux (drivers/gpu/drm/amd: atom.c, psp_v11_0.c); general knowledge, 2026-11",
  }, [
    [
      "gpu.reset",
      "cause",
      /atombios stuck in loop for more than|amdgpu \S{1,14}: gpu post error|Send long training msg failed/,
      "the AMD card does not start up: it keeps its last user's state (reset bug), or its firmware image (vBIOS) is " +
      "not whole",
      reset,
      powerCycle,
      "If it fails at the first start after a power-off: give the VM the card's vBIOS as a ROM file",
    ],
  ]),
  ...rows({ layer: "kernel", source: "Linux (drivers/gpu/drm/amd), read 2026-11" }, [
    [
      "gpu.power",
      "cause",
      /amdgpu_device_ip_resume failed \(-/,
      "the AMD card did not wake up: from the driver's power saving while it was idle, or from the machine's sleep",
      manualFix("Add the kernel argument amdgpu.runpm=0 where the card is used", { root: true, reboot: true }),
      "If it slept with the machine: update kernel and linux-firmware, and do not suspend a machine with VMs",
      powerCycle,
    ],
  ]),
  ...rows({ layer: "driver", near: amdWords, source: "Linux (drivers/gpu/drm/amd), general knowledge, 2026-11" }, [
    [
      "gpu.reset",
      "cause",
      anyOf(
        /SMU(?: is not responding|: (?:response(?!:0xF{8})|No response|Failed)|.{0,20}driver if version not matched.{0,40}fail)/,
        /failed to (?:enable|initialize|setup) (?:smu|dpm|requested dpm)/,
        /Failed to enable (?:requested )?(?:smu|dpm) features|resume of IP block <\w{2,20}> failed/,
      ),
      "the AMD card's power controller (SMU) does not answer: the card keeps its last user's state (reset bug)",
      reset,
      powerCycle,
    ],
    [
      "gpu.reset",
      "cause",
      anyOf(
        /GPU (?:reset\(\d{1,3}\)|mode1 reset|recovery|Recovery) (?:failed|disabled)|ASIC reset failed/,
        /BACO reset failed|GPU reset end with ret = -\d/,
      ),
      "the AMD card's driver could not reset it after it hung",
      reset,
      powerCycle,
    ],
    [
      "gpu.power",
      "cause",
      /PCI rejects atomics|PCIE? atomic(?:s| ops?) (?:is |are )?not supported|skipped device \w{4}:\w{4}/,
      "ROCm skips the card: its slot, or the VM's virtual one, does not route PCI Express atomics",
      "Put the card into a slot of the CPU; in a VM, use q35, a pcie-root-port and QEMU 8.1 or later",
    ],
    [
      "gpu.window",
      "note",
      /Not enough PCI address space for a large BAR|BAR 0: releasing/,
      "a message of AMD's driver: the card's memory region stays small, which costs some speed only",
      "Nothing to do; for the large region, turn on Above 4G Decoding and Resizable BAR",
    ],
    [
      "gpu.reset",
      "fallback",
      anyOf(
        /amdgpu(?!\S{0,120}\.(?:[cho]|ko)\b).{0,120}(?:\*ERROR\*|fail|error|timed? ?out|unable|hang)|\*ERROR\*.{0,80}amdgpu/,
        /radeon \S{1,14}: .{0,80}(?:fail|error|timeout)/,
      ),
      "AMD's driver reports an error of the card",
      kernel,
      reset,
    ],
  ]),
  ...rows({ layer: "image", source: "ROCm (HIP runtime API), PyTorch, general knowledge, 2026-11" }, [
    [
      "verify.service",
      "symptom",
      anyOf(
        /No HIP GPUs are available|hipErrorNoDevice|ROCk module is NOT loaded|no ROCm-capable device/,
        /rocminfo(?!'?(?:\.|:? (?:command )?not found)).{0,60}(?:fail|error|not)/,
      ),
      "the program sees no AMD GPU: /dev/kfd or /dev/dri was not given to it, its user is not in the group render, " +
      "or amdgpu does not drive the card",
      "Write devices: [/dev/kfd, /dev/dri] and group_add: [video, render] for that service",
      guestFix("Check that the driver has the card", "ls -l /dev/kfd /dev/dri"),
    ],
    [
      "verify.service",
      "fallback",
      /HIP error: |hipError_?[A-Za-z]\w{0,40}|HIP_ERROR_\w{3,40}|HSA_STATUS_ERROR\w{0,60}|\bROCm error: |\b(?:HIPBLAS_STATUS_(?!SUCCESS)|rocblas_status_(?!success))\w{4,30}|Triton Error \[HIP\]/,
      "a call of ROCm failed, for the reason after the colon or in its name",
      kernel,
    ],
  ]),
  ...rows(
    { layer: "image", source: "OpenCL (ICD loader), AMD and Intel compute runtimes; general knowledge, 2026-11" },
    [
      [
        "verify.service",
        "cause",
        anyOf(
          /clGetPlatformIDs\(-1001\)|clGetPlatformIDs.{0,40}-1001|PLATFORM_NOT_FOUND_KHR/,
          /Number of platforms {1,40}0\b|No OpenCL compatible devices found|No devices found\/left|: CL_DEVICE_NOT_FOUND\b/,
        ),
        "OpenCL finds no driver: the image has none for this card (a file in /etc/OpenCL/vendors), or the card was " +
        "not given to it",
        "Install it in the image: intel-opencl-icd, rocm-opencl-runtime or mesa-opencl-icd; NVIDIA's comes with " +
        "the GPU (NVIDIA_DRIVER_CAPABILITIES=compute,utility)",
        "AMD and Intel: write devices: [/dev/dri] (AMD also /dev/kfd) for that service",
      ],
    ],
  ),
  ...rows({ layer: "driver", source: "DKMS, ROCm (amdgpu-dkms); general knowledge, 2026-11" }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /\/dkms\/amdgpu\/[\w.-]{3,40}\/build\/make\.log|amdgpu-dkms\S{0,40} package post-installation script/,
        /\bamd\/(?:amdgpu|amdkcl|amdkfd|display|pm|backport)\/\S{1,120}\.[ch]:\d{1,6}:\d{1,4}: (?:fatal )?error: /,
      ),
      "AMD's own kernel driver (amdgpu-dkms) does not build for this kernel: its release is older than the kernel",
      "Take the newest amdgpu-install for this distribution, or its older kernel",
      "Leave it out: the kernel's own amdgpu drives the card, and ROCm works with it (amdgpu-install --no-dkms)",
    ],
    [
      "guest.driver",
      "cause",
      /\bamd(?:gpu|ttm|kcl|_sched|drm_\w{2,20})'?: (?:Unknown symbol|disagrees about version of symbol) \w/,
      "AMD's driver does not fit the kernel's other graphics modules: it was built for another kernel, or they are " +
      "not installed",
      "Ubuntu: install linux-modules-extra of the kernel that runs, then modprobe amdgpu",
      "With amdgpu-dkms: build it for the kernel that runs (dkms autoinstall), or leave it out and reboot",
    ],
  ]),
  ...rows({ layer: "driver", source: "Linux (drivers/gpu/drm/i915, xe), general knowledge, 2026-11" }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /(?:i915|xe) \S{1,14}: .{0,100}(?:GuC|HuC|DMC|GSC) (?:firmware|initialization).{0,60}(?:fail|not found|error|-2\b)/,
        /i915\/\w{3,40}\.bin failed|xe\/\w{3,40}\.bin failed/,
      ),
      "Intel's driver lacks firmware for this card, or its firmware does not start: the card was not reset",
      firmware,
      "On the host, bind the card to vfio-pci at boot, so that no driver used it before",
    ],
    [
      "guest.driver",
      "fallback",
      /\b(?:i915 0|xe 00|i915: (?!module verification))(?!\S{0,14} \[drm\] (?:\*ERROR\* )?(?:Failed to load )?DMC firmware)\S{0,14} .{0,60}(?:\*ERROR\*|fail|error|wedged|hang)/,
      "Intel's graphics driver reports an error of the card",
      kernel,
    ],
  ]),
];

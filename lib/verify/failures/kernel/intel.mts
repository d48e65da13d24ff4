import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { intelKernelFailures } from "./intel-kernel.mts";
import { rows } from "../rows.mts";

const video = /ffmpeg|AVHWDevice|qsv|mfx|libva|vaapi|vainfo|renderD\d|jellyfin|frigate|plex|emby/i;
const compute = /xpu|intel|sycl|level.?zero|oneapi|openvino|ze_|libze|igc|\bneo\b|Abort was called at/i;
const kernelWords = /\bi915\b|\bxe\b|\[drm/;
const nodes = guestFix("Show the card's nodes and their groups", "ls -l /dev/dri");
const passed = manualFix(
  "Write devices: [/dev/dri] and group_add: [render, video] (or their numbers) for that service",
);
const firmware = manualFix(
  "Install the newest firmware files (Ubuntu, Fedora, Arch: linux-firmware; openSUSE: kernel-firmware-i915 and " +
    "kernel-firmware-xe; Debian: firmware-intel-graphics or firmware-misc-nonfree), rebuild the initramfs and reboot",
  { root: true, reboot: true },
);

/** Messages of Intel's kernel drivers, of its video (QSV, VA-API) and of its compute programs. */
export const intelFailures = (): Failure[] => [
  ...intelKernelFailures(),
  ...rows({ layer: "toolkit", near: video, source: "FFmpeg (hwcontext_qsv, qsv), libva, Intel VPL; read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /Error (?:creating|initializing) (?:an? )?(?:internal )?MFX session\b/,
        /Could not load the requested plugin '[\da-f]{32}'/,
        /Error setting child device handle: -\d|MFX_ERR_(?:NOT_FOUND|UNSUPPORTED|DEVICE_FAILED)/,
        /Error initializing the MFX video (?:decoder|encoder): (?:invalid handle|unsupported|device failed)/,
        /No usable QSV|No (?:QSV|VPL|MFX) implementation|MFXLoad failed|MFXEnumImplementations failed/,
      ),
      "Intel's video engine (Quick Sync) does not start: its node is not in the container, its runtime does " +
      "not know " +
      "this chip, or another card has that node",
      nodes,
      passed,
      "In the image: intel-media-va-driver(-non-free) with libvpl or onevpl-intel-gpu; chips before " +
      "Broadwell have vaapi only",
      "With several cards, name the node of Intel's (renderD129), and on Windows log in once before",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:iHD|i965)_drv_video\.so (?:init failed|has no function)(?![^]{1,400}va_openDriver\(\) returns 0)/,
        /va_openDriver\(\) returns -?[1-9](?![^]{1,400}va_openDriver\(\) returns 0)/,
        /vaInitialize failed with error code -?\d/,
      ),
      "VA-API's driver, which the line above names, does not start: it does not know this chip, or is not allowed to " +
      "open the card's node",
      "nvidia_drv_video.so: use NVENC and NVDEC (cuda, nvenc) instead; that driver only decodes, and needs " +
      "nvidia-drm with modeset=1",
      "Newer chips need iHD (LIBVA_DRIVER_NAME=iHD) of the newest release, chips before Broadwell i965",
      nodes,
      passed,
    ],
  ]),
  ...rows({
    layer: "image",
    near: compute,
    source: "PyTorch (c10/xpu), Level Zero, oneAPI (Unified Runtime), OpenVINO, read 2026-11",
  }, [
    [
      "verify.service",
      "symptom",
      /Abort was called at \d{1,5} line in file:/,
      "Intel's compute runtime (NEO) stopped itself: most often its release does not know this card or kernel",
      "Use a newer tag of the image, and a newer kernel in the VM",
      nodes,
      passed,
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /No XPU devices are available|XPU device count is zero|Failed to initialize XPU devices/i,
        /No device of requested type available|No Level.?Zero (?:devices?|drivers?) found|dpcppSetDevice: device_id is out of range/,
        /(?:ZE|UR)_RESULT_ERROR_(?:UNINITIALIZED|ADAPTER_SPECIFIC|DEVICE_LOST|UNSUPPORTED_FEATURE|DEPENDENCY_UNAVAILABLE)/,
        /no SYCL devices found|\[GPU\] Context was not initialized|\[ ?GPU ?\] (?:No supported (?:OCL )?devices|Can't get \w{4,40} property as no supported devices)|Device with "GPU" name is not registered|No GPU device found in OpenVINO|\[OpenVINO\] Device GPU is not available|Check 'contexts\.count\(device_id\)' failed/,
      ),
      "the program finds no Intel GPU: its node is not in the container, its user is not in the group " +
      "render, or the " +
      "image's compute runtime does not know this chip",
      passed,
      nodes,
      "In the image: libze-intel-gpu1 and intel-opencl-icd of a release that knows the chip; test it: clinfo",
    ],
    [
      "verify.service",
      "cause",
      /device architecture is not supported by sycl_ext_oneapi_device_architecture/,
      "the image's oneAPI is older than this Intel GPU, so it does not know its architecture",
      "Use a newer tag of the image, one from after the card's release",
      nodes,
    ],
    [
      "verify.service",
      "cause",
      /(?:ZE|UR|PI)_(?:RESULT_)?ERROR_(?:OUT_OF_(?:DEVICE|HOST)_MEMORY|OUT_OF_RESOURCES)|XPU out of memory/i,
      "the model does not fit into the Intel GPU's free memory",
      "Use a smaller or more quantized model, or a shorter context; single blocks above 4 GiB need " +
      "UR_L0_ENABLE_RELAXED_ALLOCATION_LIMITS=1",
    ],
    [
      "verify.service",
      "fallback",
      /\b(?:ZE|UR|PI)_(?:RESULT_)?ERROR_[A-Z_]{4,40}|Native API failed\. Native API returns/,
      "a call of Intel's compute runtime failed, for the reason in its name",
      nodes,
      guestFix("Read what the driver says", "dmesg --level err,warn"),
    ],
  ]),
  ...rows({ layer: "driver", near: kernelWords, source: "Linux (drivers/gpu/drm/i915, xe), read 2026-11" }, [
    [
      "guest.driver",
      "cause",
      /firmware signature verification failed|firmware production part check failure|load failed: status = 0x400000/,
      "Intel's card refuses its firmware: the files do not belong to this chip or driver, or the card was " +
      "not reset " +
      "since its last driver",
      firmware,
      "On the host, bind the card to vfio-pci at boot, so that no driver used it before",
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /has declared device \S{1,14} as wedged|declaring it wedged|Failed to initialize GPU, declaring/,
        /timed out waiting for forcewake ack/,
      ),
      "Intel's driver gave the card up after an error; the lines before it say which",
      firmware,
      "Update the kernel; in a VM, stop and start the VM, which resets the card",
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { doctorFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dkmsStatus, driverLog, nvidiaWords, powerCycle } from "../fixes.mts";

/** Errors of NVML, nvidia-smi and the kernel about a driver that does not work or is not loaded. */
export const nvidiaSmiFailures = (): Failure[] => [
  {
    pattern:
      /Unable to load the kernel module 'nvidia[\w-]{0,16}\.ko'|Unable to load the 'nvidia[\w-]{0,16}' kernel module/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message:
      "the module was built and does not load: nouveau or another driver has the card, Secure Boot refuses it, or " +
      "it was built with another compiler or kernel",
    fix: [
      guestFix("Read the kernel's reason", "dmesg --level err,warn"),
      guestFix("Check which driver has the card", "lspci -nnk -d 10de:"),
      manualFix(
        "If it says “Key was rejected”: Secure Boot. If it names nouveau: blacklist it, rebuild the " +
          "initramfs, reboot",
      ),
    ],
    source: "nvidia-installer; shelmangroup/coreos-gpu-installer#2 (2018), kind to date",
  },
  {
    pattern: anyOf(
      /nvml error: driver not loaded/,
      /NVIDIA-SMI has failed because it couldn't communicate with/,
      /Failed to initialize NVML: Driver Not Loaded/,
      /NVMLError_DriverNotLoaded|nvml\w{0,20}: driver not loaded|nvml(?: [\w ]{1,20})?: ERROR_DRIVER_NOT_LOADED/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "NVIDIA's kernel module is not loaded",
    fix: [
      guestFix("Load it, and read why it fails", "modprobe nvidia"),
      driverLog,
      dkmsStatus,
    ],
    source: "nvidia-container-cli, nvidia-smi, read 2026-11",
  },
  {
    pattern:
      /(?:Cannot create sg_table|Failed to (?:get memory pages|map|import|allocate)) (?:\S{1,20} )?for NvKmsKapi(?:Memory|Surface)/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "the display part of NVIDIA's driver got no memory for a picture: the card's memory is full, or its " +
      "state is bad",
    fix: [
      guestFix("Check what uses the card's memory", "nvidia-smi"),
      guestFix("Read whether an error came before it", "dmesg --level err,warn"),
      manualFix("A card that only computes needs no desktop: start without one; else update the driver"),
    ],
    source: "NVIDIA driver (nvidia-drm); NVIDIA/open-gpu-kernel-modules#1170 (2026-05)",
  },
  {
    pattern: anyOf(
      /probe with driver nvidia failed with error|nvidia: probe of \S{1,14} failed with error/,
      /Failed to allocate NvKmsKapiDevice/,
    ),
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "NVIDIA's driver did not accept the card; its NVRM lines say why",
    fix: [driverLog, doctorFix("guest.driver")],
    source: "Linux, NVIDIA driver (nvidia-drm, nvidia-persistenced), read 2026-11",
  },
  {
    pattern: anyOf(
      /\bnvidia-smi: command not found|nvidia-smi' is not recognized|Command 'nvidia-smi' not found/,
      /\bnvidia-smi (?:is |was )?not (?:found|installed|available)/,
    ),
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message:
      "nvidia-smi is not there: on a machine, the driver's programs are not installed; in a container, it got no GPU",
    fix: [
      guestFix("Check whether the module is there", "modinfo -F version nvidia"),
      manualFix("In the VM: build the box with gpu:, which installs the driver and its programs"),
      manualFix("In a container: gpu: 1 for that service (nvidia-smi is in no image)"),
    ],
    source: "bash, PowerShell; compiler-explorer/infra#2190 (2026-06)",
  },
  {
    pattern: /Unable to (?:determine|detect) the device handle for GPU/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "nvidia-smi sees a GPU that does not answer: the driver could not start it, or it hangs or is gone",
    fix: [driverLog, powerCycle],
    source: "nvidia-smi; kubernetes/minikube#3330 (2018), kind to date",
  },
  {
    pattern: /^(?:.{0,60}\| ?)?No devices (?:were )?found\.?\s*$/,
    near: /nvidia|NVRM|cuda/i,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "NVIDIA's driver is loaded and drives no card",
    fix: [
      guestFix("Check whether the VM has the card", "lspci -nnk -d 10de:"),
      driverLog,
      doctorFix("guest.driver"),
    ],
    source: "nvidia-smi; NVIDIA/open-gpu-kernel-modules#862, #915 (2025)",
  },
  {
    pattern:
      /nvidia-modeset: ERROR: GPU:\d{1,2}: (?:Failed to query display engine|Error while waiting for GPU progress)/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message:
      "the card does not answer the display part of NVIDIA's driver: it hangs or is gone; the NVRM lines before it " +
      "say why",
    fix: [
      driverLog,
      manualFix("Restart the VM; if the card stays away, reset it or power the host off and on"),
      manualFix("A card that only computes needs no display: nvidia-drm.modeset=0"),
    ],
    source: "NVIDIA driver (nvidia-modeset); NVIDIA/open-gpu-kernel-modules#1252 (2026-07)",
  },
];

/** Return codes of NVIDIA's management library (NVML) and status codes of its kernel module as entries. */
import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { driverLog, nvidiaWords, powerCycle } from "../fixes.mts";
import { rows } from "../rows.mts";

/**
 * NVML's codes: name behind `NVML_ERROR_`, class in pynvml behind `NVMLError_`, text of `nvmlErrorString`.
 *
 * Source: NVIDIA, NVML API reference (nvmlReturn_t) 580 and nvidia-ml-py, read 2026-11.
 */
const codes: [name: string, className: string, text: string][] = [
  ["UNINITIALIZED", "Uninitialized", "Uninitialized"],
  ["INVALID_ARGUMENT", "InvalidArgument", "Invalid Argument"],
  ["NOT_SUPPORTED", "NotSupported", "Not Supported"],
  ["ALREADY_INITIALIZED", "AlreadyInitialized", "Already Initialized"],
  ["NOT_FOUND", "NotFound", "Not Found"],
  ["INSUFFICIENT_SIZE", "InsufficientSize", "Insufficient Size"],
  ["TIMEOUT", "Timeout", "Timeout"],
  ["IRQ_ISSUE", "IrqIssue", "Interrupt Request Issue"],
  ["FUNCTION_NOT_FOUND", "FunctionNotFound", "Function Not Found"],
  ["IN_USE", "InUse", "In use by another client"],
  ["MEMORY", "Memory", "Insufficient Memory"],
  ["NO_DATA", "NoData", "No data"],
  ["VGPU_ECC_NOT_SUPPORTED", "VgpuEccNotSupported", "The requested vgpu operation is not available"],
  ["INSUFFICIENT_RESOURCES", "InsufficientResources", "Insufficient Resources"],
  ["FREQ_NOT_SUPPORTED", "FreqNotSupported", "Requested frequency not supported"],
  ["ARGUMENT_VERSION_MISMATCH", "ArgumentVersionMismatch", "Argument version mismatch"],
  ["DEPRECATED", "Deprecated", "Deprecated"],
  ["NOT_READY", "NotReady", "System is not ready"],
  ["GPU_NOT_FOUND", "GpuNotFound", "GPU not found"],
  ["INVALID_STATE", "InvalidState", "Invalid state"],
  ["UNKNOWN", "Unknown", "Unknown Error"],
];

/** A pattern for these codes of NVML: by constant, by Python's class, and by text behind a word of NVML. */
export function nvmlErrors(...names: string[]): RegExp {
  const wanted = codes.filter(([name]) => names.includes(name));
  const constants = wanted.map(([name]) => name).join("|");
  return new RegExp([
    `\\bNVML_ERROR_(?:${constants})\\b`,
    `\\bNVMLError_(?:${wanted.map(([, name]) => name).join("|")})\\b`,
    `\\bnvml(?:\\w{0,30}| [\\w ]{1,30}): (?:ERROR_(?:${constants})\\b|${wanted.map(([, , text]) => text).join("|")})`,
  ].join("|"));
}

/** The status codes of the kernel module with these names, as in `[NV_ERR_TIMEOUT]`. */
const statuses = (names: string) => new RegExp(`\\[NV_ERR_(?:${names})\\]`);

const gpus = guestFix("List the GPUs and their UUIDs", "nvidia-smi -L");
const restart = "Stop and start the VM, which resets the card";

/** Errors of NVML and of NVIDIA's kernel module by their codes. */
export const nvidiaCodeFailures = (): Failure[] => [
  ...rows({ layer: "driver", source: "NVIDIA, NVML API reference (nvmlReturn_t), read 2026-11" }, [
    [
      "guest.driver",
      "cause",
      nvmlErrors("TIMEOUT", "IRQ_ISSUE"),
      "the driver does not get an answer of the card in time: the card hangs, or its interrupts do not arrive",
      driverLog,
      restart,
      powerCycle,
    ],
    [
      "guest.driver",
      "symptom",
      nvmlErrors("NOT_SUPPORTED", "FREQ_NOT_SUPPORTED", "VGPU_ECC_NOT_SUPPORTED", "DEPRECATED"),
      "this card, its driver, the VM or WSL does not offer the value or setting that was asked for (GeForce cards " +
      "lack ECC, MIG and many counters)",
      guestFix("Check what the card reports (N/A: not offered)", "nvidia-smi -q"),
      "Leave that value out in the program's settings, or update the program",
    ],
    [
      "guest.driver",
      "symptom",
      nvmlErrors("INVALID_ARGUMENT", "NOT_FOUND", "GPU_NOT_FOUND", "NO_DATA"),
      "NVML finds no GPU with that number or UUID: the program or its settings name one that is not in this " +
      "machine or container",
      gpus,
    ],
    [
      "gpu.in-use",
      "cause",
      nvmlErrors("IN_USE"),
      "a program uses the card, so that this setting cannot be changed or the card reset",
      guestFix("Check which programs hold the card", "sh -c 'fuser -v /dev/nvidia*'"),
      "Stop them and nvidia-persistenced, then try again",
    ],
    [
      "guest.driver",
      "symptom",
      nvmlErrors("MEMORY", "INSUFFICIENT_RESOURCES", "INSUFFICIENT_SIZE"),
      "the GPU or the machine lacks memory for what NVML was asked",
      guestFix("Show the memory of both", "sh -c 'nvidia-smi; free -h'"),
    ],
    [
      "guest.driver",
      "symptom",
      nvmlErrors("UNINITIALIZED", "ALREADY_INITIALIZED", "INVALID_STATE", "NOT_READY"),
      "a program asked NVML before it had started, or after an error: the program's first error is the cause",
      guestFix("Check whether the driver works", "nvidia-smi"),
      "Read the first error of its log",
    ],
    [
      "guest.driver",
      "symptom",
      nvmlErrors("UNKNOWN"),
      "the driver answered NVML with an error without a name: the card hangs, or the container lost its device nodes",
      guestFix("Check whether the driver works outside of containers", "nvidia-smi"),
      driverLog,
      "If it does: create the container again; if not: stop and start the VM",
    ],
  ]),
  ...rows({
    layer: "driver",
    near: nvidiaWords,
    source: "NVIDIA/open-gpu-kernel-modules 595 (nvstatuscodes.h), read 2026-11",
  }, [
    [
      "gpu.power",
      "cause",
      statuses("GPU_NOT_FULL_POWER|CARD_NOT_PRESENT|INSUFFICIENT_POWER"),
      "the card sleeps or lacks power, so that the driver cannot talk to it",
      driverLog,
      "Keep it awake: options nvidia NVreg_DynamicPowerManagement=0x00, then reboot",
      powerCycle,
    ],
    [
      "guest.driver",
      "cause",
      statuses("BROKEN_FB|ECC_ERROR|MEMORY_TRAINING_FAILED|MEMORY_ERROR|RESOURCE_RETIREMENT_ERROR"),
      "the GPU's memory has an error or did not start",
      guestFix("Show its counts of errors", "nvidia-smi -q -d ECC,ROW_REMAPPER"),
      powerCycle,
      "If it comes back in another host too, the card is defective",
    ],
    [
      "gpu.display",
      "cause",
      statuses("REJECTED_VBIOS|SECURE_BOOT_FAILED"),
      "the card's own firmware (VBIOS) was not accepted or did not start: a ROM file of another card, or a bad state",
      "Give the VM no ROM file, or the one of this very card",
      powerCycle,
    ],
    [
      "guest.driver",
      "cause",
      statuses("FABRIC_MANAGER_NOT_PRESENT|NVLINK_FABRIC_NOT_READY|NVLINK_FABRIC_FAILURE|FABRIC_STATE_OUT_OF_SYNC"),
      "the GPUs wait for NVIDIA's Fabric Manager, which does not run or has another release than the driver",
      guestFix("Check its state", "systemctl status nvidia-fabricmanager"),
    ],
    [
      "guest.driver",
      "symptom",
      statuses("NO_MEMORY|INSUFFICIENT_RESOURCES|NO_FREE_FIFOS"),
      "NVIDIA's driver ran out of memory or of another resource of the card or machine",
      guestFix("Show the memory of both", "sh -c 'nvidia-smi; free -h'"),
      "Stop programs that use the card, or give the machine more (memory:)",
    ],
    [
      "guest.driver",
      "symptom",
      statuses("TIMEOUT|TIMEOUT_RETRY|FLCN_ERROR|RISCV_ERROR|PMU_NOT_READY"),
      "a part of the card did not answer NVIDIA's driver in time: it hangs, or was not reset after its last user",
      driverLog,
      restart,
      powerCycle,
    ],
  ]),
];

/** NVIDIA's Xid codes as entries. */
import type { Failure, Layer, Strength } from "../types.mts";
import { doctorFix, manualFix, remedies } from "../../../fixes.mts";
import type { Fix } from "../../../findings.mts";
import { driverLog, powerCycle } from "../fixes.mts";
import { anyOf } from "../../../text.mts";

const program = manualFix("Look for an error in the program that its line names; a newer build of it may help");
const newerDriver = manualFix("Try another release of the driver's branch (driver: {branch: …}) and rebuild the box");
const hardware = manualFix(
  "If it comes back with another driver too, test the card in another host: it may be defective",
);
const reset = manualFix("Stop everything that uses the card, then stop and start the VM, which resets the card");

/**
 * Codes: numbers, strength, meaning, fixes.
 *
 * Source: NVIDIA, Xid Errors (r580, 2026), and NVIDIA/open-gpu-kernel-modules,
 * src/common/sdk/nvidia/inc/nverror.h (2026).
 */
const codes: [code: number | number[], strength: Strength, layer: Layer, message: string, fix: Fix[]][] = [
  [8, "cause", "driver", "Xid 8: the GPU stopped processing (a program's work hung, or the card is unstable)", [
    program,
    hardware,
  ]],
  [13, "cause", "image", "Xid 13: a program did something the GPU refuses (graphics engine exception)", [
    program,
    hardware,
  ]],
  [31, "cause", "image", "Xid 31: a program accessed memory of the GPU that is not mapped (page fault)", [
    program,
    newerDriver,
  ]],
  [32, "cause", "driver", "Xid 32: the GPU received damaged commands over PCI Express", [program, hardware]],
  [38, "cause", "driver", "Xid 38: the driver's firmware on the GPU failed", [newerDriver, reset]],
  [43, "symptom", "image", "Xid 43: a program's work on the GPU was ended after an error of its own", [program]],
  [45, "symptom", "image", "Xid 45: a program's work was cleaned up after an earlier error, or after it was ended", [
    manualFix("Read the Xid or the error before this one"),
  ]],
  [46, "cause", "driver", "Xid 46: the GPU stopped responding", [reset, hardware]],
  [48, "cause", "kernel", "Xid 48: the GPU's memory has an error that ECC cannot correct", [reset, hardware]],
  [56, "cause", "driver", "Xid 56: the GPU's display engine failed", [newerDriver]],
  [61, "cause", "driver", "Xid 61: a microcontroller of the GPU stopped (internal breakpoint)", [
    reset,
    newerDriver,
    powerCycle,
  ]],
  [62, "cause", "driver", "Xid 62: a microcontroller of the GPU halted", [reset, newerDriver, powerCycle, hardware]],
  [63, "note", "kernel", "Xid 63: the GPU takes a bad row or page of its memory out of use from the next reset on", [
    reset,
  ]],
  [64, "cause", "kernel", "Xid 64: the GPU could not take a bad part of its memory out of use", [reset, hardware]],
  [68, "cause", "driver", "Xid 68: the GPU's video decoder failed", [program, newerDriver]],
  [69, "cause", "image", "Xid 69: a program sent the GPU a command that it does not know", [program, newerDriver]],
  [74, "cause", "kernel", "Xid 74: a link between GPUs (NVLink) failed", [
    manualFix("Check that the bridge and both cards sit firmly in their slots"),
    powerCycle,
  ]],
  [79, "cause", "kernel", "the GPU has fallen off the bus (Xid 79): it no longer answers over PCI Express", [
    powerCycle,
    manualFix(
      "Check the card's power cables, its slot or riser, and the power supply; cap its power with nvidia-smi -pl",
    ),
    manualFix(
      "A card outside of the case (OCuLink, Thunderbolt) or on a riser: a shorter cable, an older PCIe generation " +
        "for its slot, or the kernel argument pcie_ports=native",
    ),
    remedies.awake,
    doctorFix("gpu.power"),
  ]],
  [92, "note", "kernel", "Xid 92: the GPU's memory had many errors that ECC corrected", [hardware]],
  [94, "cause", "kernel", "Xid 94: the GPU's memory has an error that ended only the program that used it", [
    manualFix("Start that program again"),
    reset,
  ]],
  [95, "cause", "kernel", "Xid 95: the GPU's memory has an error that may have damaged other programs' data", [
    reset,
    hardware,
  ]],
  [109, "cause", "driver", "Xid 109: switching between programs on the GPU timed out", [program, newerDriver]],
  [119, "cause", "driver", "Xid 119: the GPU's firmware processor (GSP) did not answer in time", [
    newerDriver,
    manualFix(
      "On Turing to Ada with the proprietary modules: options nvidia NVreg_EnableGpuFirmware=0 turns GSP off; open " +
        "modules need it",
    ),
    powerCycle,
  ]],
  [120, "cause", "driver", "Xid 120: the GPU's firmware processor (GSP) crashed", [newerDriver, powerCycle]],
  [121, "cause", "kernel", "Xid 121: a link to the CPU (C2C) had errors", [powerCycle]],
  [140, "cause", "kernel", "Xid 140: the GPU's memory has an error that ECC cannot correct", [reset, hardware]],
  [143, "cause", "driver", "Xid 143: the GPU failed to initialize", [powerCycle, newerDriver]],
  [[16, 19, 81, 111, 112, 113, 114, 115, 116, 117, 118], "cause", "driver", "an Xid of the GPU's display engine", [
    newerDriver,
  ]],
  [
    [20, 21, 22, 27, 28, 29, 34, 35, 36, 42, 47, 60, 65, 73, 82, 83, 84, 86, 88, 89]
      .concat([96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 139, 142]),
    "cause",
    "driver",
    "an Xid of the GPU's video or image engines: encoding or decoding failed",
    [program, newerDriver],
  ],
  [
    [39, 40, 41, 70, 71, 72, 75, 76, 77, 85, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135],
    "cause",
    "driver",
    "an Xid of the GPU's copy engines: a copy to or from its memory failed",
    [program, newerDriver, hardware],
  ],
  [
    [1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 24, 25, 30, 44, 66, 141],
    "cause",
    "image",
    "an Xid about wrong commands of a program",
    [
      program,
      newerDriver,
    ],
  ],
  [[33, 37, 59, 110, 138, 169], "cause", "driver", "an Xid of one of the GPU's small processors: its firmware failed", [
    reset,
    newerDriver,
    powerCycle,
  ]],
  [[18, 80, 158, 167, 176], "cause", "kernel", "an Xid about PCI Express: the GPU's link lost or damaged data", [
    hardware,
    powerCycle,
    manualFix("Seat the card again, try another slot, and take a riser cable out"),
  ]],
  [[57, 58, 90, 168, 171, 172, 175], "cause", "kernel", "an Xid of the GPU's memory: it is unstable or defective", [
    reset,
    hardware,
  ]],
  [[93, 122, 123, 124, 125], "symptom", "kernel", "an Xid about the GPU's own flash memory (InfoROM)", [
    reset,
    hardware,
  ]],
  [
    [108, 136, 137, 144, 145, 146, 147, 148, 149, 150, 155, 166, 170, 173],
    "cause",
    "kernel",
    "an Xid about a link between GPUs or to the CPU (NVLink, C2C)",
    [manualFix("Check that Fabric Manager runs on systems with NVSwitch"), reset, powerCycle],
  ],
  [[151, 159], "cause", "driver", "an Xid of confidential computing or of a link to the CPU", [reset, newerDriver]],
  [[87, 106, 162, 163, 164, 165], "note", "kernel", "an Xid that only reports a state (tests, power smoothing)", [
    manualFix("Nothing to do if the GPU works"),
  ]],
  [[156, 160], "note", "kernel", "an Xid that notes a part of the GPU's memory taken out of use", [reset]],
  [[157, 161], "cause", "kernel", "an Xid about memory of the GPU that could not be taken out of use", [
    reset,
    hardware,
  ]],
  [[78], "cause", "driver", "an Xid about a vGPU that does not start", [
    manualFix("Install the guest driver of the host's vGPU release"),
  ]],
  [154, "symptom", "driver", "Xid 154: the driver says how the GPU recovers (reset, drain or reboot, as in its line)", [
    manualFix("Do what its line says; the cause is the Xid before it"),
    driverLog,
  ]],
];

/** The entries of the Xid codes. */
export const xidFailures = (): Failure[] => [
  ...codes.map(([code, strength, layer, message, fix]): Failure => ({
    pattern: code === 79
      ? anyOf(
        /Xid \([^()]{1,40}\): 79\b|GPU has fallen off the bus|NV_ERR_GPU_IS_LOST|GPU lost from the bus/,
        /GPU is lost\b|NVMLError_GpuIsLost/,
      )
      : new RegExp(`(?:Xid \\([^()]{1,40}\\):|caused by previous Xid) (?:${[code].flat().join("|")})\\b`),
    check: code === 79 ? "gpu.power" : "guest.driver",
    strength,
    layer,
    message,
    fix,
    source: "NVIDIA, Xid Errors (r580, 2026)",
  })),
  {
    pattern: /Xid \([^()]{1,40}\): \d{1,3}\b|XidCriticalError: Xid=\d|GPU\S{0,50}: Xid \d{1,3}\b/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    fallback: true,
    message: "the driver reports an error of the GPU by its Xid number",
    fix: [manualFix("Look the number up on NVIDIA's page “Xid Errors”"), driverLog],
    source: "NVIDIA, Xid Errors (r580, 2026)",
  },
];

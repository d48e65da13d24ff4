import type { Fix } from "../../../findings.mts";
import { doctorFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { driverLog, hostErrors, powerCycle } from "../fixes.mts";
import type { Failure } from "../types.mts";

const driverHelp = manualFix("Update the kernel and its firmware files together, and reboot");

/** Parts of a graphics driver, by words of a message, with what an error there means. */
const parts: [words: string, check: string, meaning: string, fix: Fix[]][] = [
  [
    "(?:\\bRAS\\b|\\bECC\\b|uncorrectable|poison|\\bUMC\\b|bad page|XGMI|PCS )",
    "guest.driver",
    "a fault of the card's memory or links (RAS, ECC), as with failing hardware or heat",
    [manualFix("Check whether it comes back after the power was off; then test the card in another machine")],
  ],
  [
    "(?:firmware|ucode|microcode|\\bPSP\\b|\\bGuC\\b|\\bHuC\\b|\\bGSC\\b|\\bUC\\b|IMU|load failed: status)",
    "guest.driver",
    "a processor of the card does not take or start its firmware: the files are missing or do not fit the " +
    "driver, or the " +
    "card was not reset",
    [driverHelp, powerCycle],
  ],
  [
    "(?:\\bSMU|\\bSMC|\\bdpm|power ?play|\\bclk\\b|sclk|mclk|voltage|fan\\b|thermal|pcode|df " +
    "cstate|overdrive|GFXOFF|ULV|PPT)",
    "gpu.power",
    "the part that sets the card's clocks and power does not answer or refuses a value",
    [driverHelp, powerCycle, manualFix("Undo overclocking and own power settings")],
  ],
  [
    "(?:\\bring \\S{1,20}|\\bfence|\\bIB " +
    "test|\\bKIQ|\\bKCQ|\\bKGQ|\\bMES\\b|\\bHIQ\\b|\\bMQD\\b|preempt|queue|\\bjob\\b|engine|\\bGPU " +
    "hang|compute)",
    "gpu.reset",
    "a queue of the card does not answer: the card hangs, after a program's fault or because it was not reset",
    [powerCycle, driverHelp],
  ],
  [
    "(?:\\bVM\\b|\\bGART|\\bGTT|\\bBO\\b|\\bvram|LMEM|\\bPTE\\b|page table|GGTT|bo_va|memory|allocat|\\bpin\\b|ttm)",
    "guest.driver",
    "the driver could not get or map memory of the card: it is full, its window is too small, or the system lacks " +
    "memory",
    [
      manualFix("End programs that use the card's memory, and give the VM more RAM"),
      doctorFix("gpu.window"),
    ],
  ],
  [
    "(?:\\bUVD|\\bVCE|\\bVCN|JPEG|\\bVPE\\b|decode|encode(?!r))",
    "guest.driver",
    "the card's video engine does not start or answer; computing does not need it",
    [driverHelp],
  ],
  [
    "(?:\\bDC\\b|\\bDM\\b|DMUB|\\bDP\\b|DPCD|HDMI|EDID|\\bAUX\\b|CRTC|pipe|plane|PHY|HDCP|" +
    "connector|encoder|modeset|vblank|flip|\\bdisplay|\\bKMS\\b|backlight|\\bVBT\\b)",
    "gpu.display",
    "the card's display part reports an error: without a picture on its outputs it is harmless",
    [
      manualFix("For a card that only computes: nothing to do. Else try another cable or output, or a dummy plug"),
    ],
  ],
];
/** Parts of NVIDIA's driver, by its modules and the names of its functions. */
const nvidiaParts: typeof parts = [
  [
    "(?:PowerMgmt|nv_pmops|suspend|resume|hibernat|\\bfbsr)",
    "gpu.reset",
    "the card's state could not be saved or restored when the machine or VM slept",
    [
      manualFix("Reboot it, and do not suspend a machine with a card for computing"),
      guestFix("If it has to sleep: save the card's memory", "systemctl enable nvidia-suspend nvidia-resume"),
      manualFix("End the programs on the card before: their memory is saved to RAM or NVreg_TemporaryFilePath"),
    ],
  ],
  [
    "(?:nvlink|nvswitch|fabric)",
    "guest.driver",
    "the link between several cards (NVLink) does not work; a card by itself does not need it",
    [guestFix("Check the links", "nvidia-smi nvlink -s"), manualFix("Reseat the bridge; HGX: start fabricmanager")],
  ],
  [
    "(?:\\bMIG\\b|k?migmgr)",
    "guest.driver",
    "a part of the card (MIG) could not be made, used or removed",
    [guestFix("Check which parts there are", "nvidia-smi mig -lgi"), manualFix("End the programs on the card first")],
  ],
  [
    "(?:v-?gpu)",
    "guest.driver",
    "the driver for virtual GPUs refuses a request: guest driver, host manager and profile have to fit together",
    [guestFix("Read what the vGPU manager says", "journalctl -u nvidia-vgpu-mgr")],
  ],
  [
    "(?:\\w*gsp\\w*|\\w{0,12}RPC|\\bkflcn|falcon|\\bspdm|\\bsec2|\\bPMU\\b|riscv|booter)",
    "guest.driver",
    "a processor of the card (GSP, PMU, SEC2) does not take a request of the driver or does not answer",
    [powerCycle, manualFix("Try another release of the driver's branch")],
  ],
  [
    "(?:\\bkbus|\\bkbif|\\bBAR\\d?\\b|\\bPCIe?\\b|\\bFLR\\b|config space|0xbadf|\\bMSI-?X?\\b|sysmembar)",
    "gpu.power",
    "the driver does not reach the card over PCI Express as it should: the card hangs, or its memory window is wrong",
    [powerCycle, doctorFix("gpu.window")],
  ],
  [
    "(?:NO_MEMORY|memory|memdesc|vmap\\(|va ?space|\\bdma|\\bheap|alloc|\\bPTE|\\bIOVA|\\buvm_pmm)",
    "guest.driver",
    "the driver could not get or map memory: the card or the system is full, or its window is too small",
    [
      guestFix("Check what is in use", "nvidia-smi; free -h"),
      manualFix("End programs that use the card's memory, and give the VM more RAM"),
    ],
  ],
  [
    "(?:\\bk?fifo|k?channel|\\bkrc|runlist|\\bTSG|engine|semaphore|timed? ?out|timeout)",
    "gpu.reset",
    "a queue or engine of the card reports an error: the card hangs, after a program's fault or because " +
    "it was not reset",
    [powerCycle, manualFix("Try another release of the driver's branch")],
  ],
];
const fails = "(?:\\*ERROR\\*|fail|error|timed? ?out|timeout|unable|could ?n[o']t|cannot|can't|invalid|" +
  "not (?:supp|ready|resp|found|enough|valid|start|idle|init|load|boot|comp|work)|stuck|hang)";
const source = "Linux 6.12 (drivers/gpu/drm), its messages by subject, read 2026-11";
const drivers: [name: string, words: string, parts: typeof parts, hint: Fix, source: string][] = [
  ["AMD's driver", "amdgpu\\b(?!\\S{0,120}\\.(?:[cho]|ko)\\b)", parts, hostErrors, source],
  ["Intel's driver", "\\b(?:i915 0000|xe 0000):", parts, hostErrors, source],
  [
    "NVIDIA's driver",
    "\\b(?:NVRM: |nvidia-uvm: uvm\\w{0,40}\\.c:)",
    nvidiaParts,
    driverLog,
    "NVIDIA/open-gpu-kernel-modules 590 (src/nvidia, kernel-open), its messages by subject, read 2026-11",
  ],
];

/** Errors of the graphics drivers that no other entry knows, by the part of the card. */
export const driverPartFailures = (): Failure[] => [
  ...drivers.flatMap(([name, driver, of, hint, source]) =>
    of.map(([words, check, meaning, fix]): Failure => ({
      pattern: new RegExp(`${driver}(?!.{0,40} fused off)(?=.{0,160}${fails}).{0,160}${words}`),
      near: "card",
      check,
      strength: "symptom",
      layer: "driver",
      fallback: true,
      message: `${name}: ${meaning}`,
      fix: [hint, ...fix],
      source,
    }))
  ),
  {
    pattern: /nvidia-modeset: (?:ERROR|WARNING): /,
    check: "gpu.display",
    strength: "symptom",
    layer: "driver",
    fallback: true,
    message:
      "NVIDIA's driver: the card's display part reports an error: without a picture on its outputs it is harmless",
    fix: [
      driverLog,
      manualFix("For a card that only computes: nothing to do. Else try another cable or output, or a dummy plug"),
    ],
    source: "NVIDIA/open-gpu-kernel-modules 590 (src/nvidia-modeset), read 2026-11",
  },
  {
    pattern: anyOf(
      /NVRM:? \w{0,8} ?\w{5,60}: .{0,60}(?:failed|timed out|cannot|timeout)\b/,
      /NVRM: .{0,120}(?:fail|error|cannot|can't|unable|timed? ?out|timeout|invalid|\blost\b|not supported|mismatch|abort)/,
      /nvidia-uvm: uvm\w{0,40}\.c:/,
    ),
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    fallback: true,
    message: "NVIDIA's driver reports an error of the card or of itself",
    fix: [
      driverLog,
      manualFix("Try the newest release of the branch (driver: {branch: …}), and a power cycle of the host"),
    ],
    source: "NVIDIA driver (NVRM), read 2026-11",
  },
];

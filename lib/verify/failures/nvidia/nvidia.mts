import type { Failure } from "../types.mts";
import { aboveFour, doctorFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { driverLog, nvidiaWords, powerCycle, rebuildBox } from "../fixes.mts";

/** Errors of NVIDIA's driver in the kernel about a card. */
export const nvidiaFailures = (): Failure[] => [
  {
    pattern: /NVIDIA probe routine failed for|None of the NVIDIA (?:devices|graphics adapters) were initialized/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "NVIDIA's driver found the card and could not start it; the NVRM lines above say why",
    fix: [driverLog, doctorFix("guest.driver"), powerCycle],
    source: "NVIDIA driver (nv.c), read 2026-11",
  },
  {
    pattern: /Current device is not valid \[NV_ERR_INVALID_DEVICE\]/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "the driver no longer has the card: most often it fell off the bus; an Xid (79) above says so",
    fix: [driverLog, powerCycle],
    source: "NVIDIA driver (NVRM, open modules); NVIDIA/open-gpu-kernel-modules#1151 (2026-05)",
  },
  {
    pattern: /\bnv(?:Assert|Check)(?:Ok)?FailedNoLog: (?:Assertion|Check) failed(?!: Current device is not valid)/,
    check: "guest.driver",
    strength: "note",
    layer: "driver",
    message: "an assertion of NVIDIA's driver, which is harmless by itself; look for another NVRM line",
    fix: [
      manualFix("If nothing else is wrong: nothing to do; newer releases of the branch print fewer of them"),
      driverLog,
    ],
    source: "NVIDIA driver (NVRM, open modules); NVIDIA/open-gpu-kernel-modules#748 (2025-01), #694 (2024-08)",
  },
  {
    pattern:
      /module verification failed: signature and\/or required key missing - tainting kernel|PKCS#7 signature not signed with a trusted key/,
    near: /nvidia|vendor_reset|vbox|dxgkrnl|vfio/i,
    check: "guest.firmware",
    strength: "note",
    layer: "kernel",
    message: "the kernel loaded a module that it has no key for, and marks itself as tainted, which is harmless",
    fix: [manualFix("Nothing to do: with Secure Boot on, the module would have been refused instead")],
    source:
      "Linux (kernel/module/signing.c); NVIDIA/open-gpu-kernel-modules#344 (2022-08), gnif/vendor-reset#96 (2025-02)",
  },
  {
    pattern: /because it does not include the required GPU/,
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message: "the open kernel modules do not support this card: it has no GSP (Pascal, Volta and older)",
    fix: [
      manualFix(`Write driver: {modules: proprietary} (branch 580 is the last for Maxwell to Volta) ${rebuildBox}`),
    ],
    source: "NVIDIA driver (NVRM); zzzhouuu/truenas-nvidia-drivers#20 (2026-09)",
  },
  {
    pattern: /requires use of the NVIDIA open|must use the open(?:-source)? (?:GPU )?kernel modules/,
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message: "this card (Blackwell or later) works only with NVIDIA's open kernel modules",
    fix: [manualFix(`Write driver: {modules: open} ${rebuildBox}`)],
    source: "NVIDIA driver (NVRM); NVIDIA/open-gpu-kernel-modules#862 (2025-05)",
  },
  {
    pattern: /supported through the NVIDIA \S{1,20} Legacy|NVIDIA driver will ignore/,
    check: "guest.driver",
    layer: "driver",
    message:
      "this driver branch is too new for the card: its support moved to the legacy branch that the message names",
    fix: [manualFix(`Write that branch (Maxwell to Volta: driver: {branch: 580, modules: proprietary}) ${rebuildBox}`)],
    source: "NVIDIA driver (NVRM); NixOS/nixos-hardware#1828 (2026-04)",
  },
  {
    pattern: anyOf(
      /is not supported by the \S{1,20} NVIDIA (?:Linux )?(?:graphics )?driver release/,
      /in this system is not supported by the (?:NVIDIA \d|\d{2,3}\.)/,
      /(?:NVIDIA GPU|NVRM:) installed in this system is not supported(?! by open)/,
      /do not appear to have an NVIDIA GPU supported by the/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message:
      "this driver release does not know the card: it is too old for a new card, too new for an old one, or the VM " +
      "has a vGPU, which only NVIDIA's vGPU guest driver knows",
    fix: [
      doctorFix("guest.driver"),
      manualFix(`Write another branch (driver: {branch: …}) ${rebuildBox}`),
      manualFix("A vGPU: install the guest driver of NVIDIA vGPU, in the host's branch"),
    ],
    source: "NVIDIA driver (NVRM, nv-pci.c 580, 2025-08); NVIDIA/gpu-operator#1371 (2025-03)",
  },
  {
    pattern: /unexpected WPR2 already up|GPU is likely in a bad state and may need to be reset/,
    check: "gpu.reset",
    layer: "kernel",
    message: "an earlier driver left the card in a bad state (WPR2 already up): it has to be reset or lose its power",
    fix: [manualFix("Stop the VM and start it again, which resets the card, if it can be reset"), powerCycle],
    source: "NVIDIA driver (NVRM, GSP); NVIDIA/open-gpu-kernel-modules#1058 (2026-08)",
  },
  {
    pattern: anyOf(
      /Error preparing GSP-RM image/,
      /NV_ERR_NO_MEMORY\] \(0x\w{1,8}\) returned from (?:kgspCreateRadix3|_memdescAllocInternal)/,
    ),
    check: "host.memory",
    layer: "kernel",
    message:
      "NVIDIA's driver got no memory of the system for the card's firmware: the VM has too little free, or it is " +
      "in pieces",
    fix: [
      guestFix("Check what is free", "free -h"),
      manualFix("Restart the VM, or give the machine more (memory:); the firmware needs some 70 MiB in large pieces"),
    ],
    source: "NVIDIA driver (kernel_gsp.c); NVIDIA/open-gpu-kernel-modules#892 (2025-07)",
  },
  {
    pattern: anyOf(
      /Timeout after \d{1,4}s of waiting for RPC response/,
      /_kgspRpcRecvPoll|kgspHealthCheck|GSP RPC timeout detected|_kgspIsHeartbeatTimedOut|_kgspLogRpcTimeout/,
      /rpcRecvPoll timedout|rpcSendMessage failed with status|Max GSP-RM boot attempts exceeded/,
      /gpuWaitForGfwBootComplete\w{0,8}: failed/,
      /Cannot initialize GSP firmware RM|kgspBootstrap\w{0,10}: |kgspWaitForGfwBootOk/,
      /executeBooterUcode\w{0,10}: Booter failed|kgspExecute\w{1,60}: failed|kgspInitRm_IMPL: (?:cannot|missing)/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message: "the GPU's firmware processor (GSP) does not start or does not answer",
    fix: [
      manualFix("If it says that WPR2 is up, or it worked before a reboot of the VM: the card needs a reset"),
      powerCycle,
      manualFix(`If it fails at every start: take the newest branch, or (before Blackwell) modules: proprietary`),
      manualFix(`If it happens under load: try another release of the branch (driver: {branch: …}) ${rebuildBox}`),
    ],
    source: "NVIDIA driver (NVRM); NVIDIA/open-gpu-kernel-modules#446 (2026-04), #1230 (2026)",
  },
  {
    pattern: /NVRM: Can't find an IRQ for your NVIDIA card/,
    check: "guest.driver",
    layer: "driver",
    message: "the card got no interrupt: the VM's machine type or firmware, or its kernel, does not give it one",
    fix: [
      manualFix("Use the machine type q35 with OVMF, and put the card on a PCI Express root port, as up renders it"),
      manualFix("If it began with another kernel or driver: take the one before it"),
      doctorFix("iommu.interrupts"),
    ],
    source: "NVIDIA driver (nv-pci.c); kata-containers/kata-containers#1142 (2021-02)",
  },
  {
    pattern: /NVRM: BAR\d is 0M|I\/O region assigned to your NVIDIA device is invalid/,
    check: "gpu.window",
    layer: "vfio",
    message: "the card's memory got no addresses in the guest, so NVIDIA's driver refuses the card",
    fix: [
      manualFix("Boot the guest by UEFI (OVMF) with a large enough MMIO window, as up renders it"),
      doctorFix("gpu.window"),
      aboveFour,
    ],
    source: "NVIDIA driver (nv-pci.c); canonical/lxd#14380 (2024-10)",
  },
  {
    pattern: /RmInitAdapter failed! \(0x2[2-6]:0x(?:56|65|38|ffff|1f)/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message:
      "the driver could not start the card: it needs the other kernel modules (open or proprietary), or a larger " +
      "MMIO window, or a reset",
    fix: [
      manualFix("If the card is Blackwell or later: driver: {modules: open}. If it is Pascal or older: proprietary"),
      manualFix(
        "If lines above name BAR or “I/O region”: turn on Above 4G Decoding and Resizable BAR in the host's firmware",
        {
          root: true,
          reboot: true,
        },
      ),
      manualFix("If it worked before: the card kept its last user's state"),
      powerCycle,
    ],
    source: "NVIDIA driver (NVRM); NVIDIA/open-gpu-kernel-modules#862 (2025-05)",
  },
  {
    pattern: /(?:RmInitAdapter|rm_init_adapter) failed/,
    near: nvidiaWords,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "the driver could not start the card; the NVRM lines above say why",
    fix: [
      manualFix("Read what NVRM says in the lines above it"),
      driverLog,
      aboveFour,
      doctorFix("gpu.window"),
      powerCycle,
    ],
    source: "NVIDIA driver (NVRM); NVIDIA/open-gpu-kernel-modules#862 (2025-05)",
  },
  {
    pattern: /NVRM: No NVIDIA (?:GPU|graphics adapter|devices?) (?:found|probed)|No NVIDIA GPU found\./,
    near: nvidiaWords,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "NVIDIA's driver found no card that it can drive",
    fix: [guestFix("Check whether the VM has the card", "lspci -nnk -d 10de:"), driverLog],
    source: "NVIDIA driver (NVRM); NixOS/nixos-hardware#1828 (2026-04)",
  },
  {
    pattern: /Possible bad register read: addr/,
    check: "gpu.reset",
    strength: "symptom",
    layer: "kernel",
    message: "the card answers the driver with error values: it hangs, or was not reset after its last user",
    fix: [manualFix("Stop the VM and start it again"), powerCycle, driverLog],
    source: "NVIDIA driver (NVRM), read 2026-11",
  },
];

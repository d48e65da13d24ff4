import type { Failure } from "../types.mts";
import { doctorFix, guestFix, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { amdWords, each, install, powerCycle } from "../fixes.mts";

const amd = /amdgpu|radeon|AMD_(?:NAVI|POLARIS|VEGA)|vendor-reset|1002:|AMD-Vi|ATOM BIOS|VEGA|NAVI|polaris/i;
const resetFixes = [
  manualFix("Start the VM only once after each boot of the host; a VM's own reboot counts as another start"),
  manualFix(
    "Install the module vendor-reset for Polaris, Vega and Navi 1x; most cards of RDNA 2 and later do not need it",
  ),
  powerCycle,
];

/** Errors of AMD's drivers on the host and in the guest. */
export const amdFailures = (): Failure[] => [
  {
    pattern: /Unsupported reset method 'device_specific'/,
    check: "gpu.reset",
    layer: "vfio",
    message:
      "the module vendor-reset does not know this AMD card, or is not loaded, and the card has no reset of its own",
    fix: [
      manualFix("Load vendor-reset before the VM starts; a card that it does not know has to be added to its list"),
      ...resetFixes,
    ],
    source: "Linux, vendor-reset; gnif/vendor-reset#82 (2025-07)",
  },
  {
    pattern: /hsa api call failure at\b|HSA_STATUS_ERROR_OUT_OF_RESOURCES/,
    check: "verify.service",
    strength: "symptom",
    layer: "docker",
    message: "ROCm does not start: /dev/kfd cannot be opened, the driver does not serve this card, or memory ran out",
    fix: [
      guestFix("List the nodes and their groups", "ls -l /dev/kfd /dev/dri"),
      guestFix("Try as root: if that works, the user is missing in the group render", "rocminfo"),
      guestFix("Else read what the driver says", "dmesg --level err,warn"),
    ],
    source: "ROCm (rocminfo); ROCm/legacy-rocm-build#1070 (2020-04), ROCm/legacy-rocm-build#783 (2019-05)",
  },
  {
    pattern: anyOf(
      /HSA_STATUS_ERROR_INVALID_ISA/,
      /Cannot read \S{1,200}TensileLibrary/,
      /rocBLAS error: .{0,80}(?:not supported|gfx)|\bgfx\d{3,4}\b.{0,16} (?:not supported|unsupported)/,
    ),
    check: "verify.service",
    layer: "image",
    message: "the image's ROCm has no code for this AMD card: it is older than the card, or does not support it",
    fix: [
      guestFix("Show the card's name for ROCm", "sh -c 'rocminfo | grep gfx'"),
      manualFix("Use an image with a newer ROCm; for a card next to a supported one: HSA_OVERRIDE_GFX_VERSION"),
    ],
    source: "ROCm; ROCm/legacy-rocm-build#3054 (2024-12)",
  },
  {
    pattern: anyOf(
      /Unable to open \/dev\/kfd read-write: (?:Permission denied|Operation not permitted|No such)|open \/dev\/kfd: (?:permission denied|operation not permitted)/,
      /not member of "\w{1,20}" group|permission problems block access/,
      /kfd driver not loaded|Could not initialize Tensile host: No devices found/,
    ),
    check: "verify.service",
    layer: "docker",
    message:
      "the program is not allowed to open AMD's compute device: it was not passed in, or its user is not in the " +
      "group render",
    fix: [
      manualFix(
        "Write devices: [/dev/kfd, /dev/dri] and group_add: with the number of the group that has the nodes (an " +
          "image without a group render refuses its name)",
      ),
      guestFix("List the nodes and the numbers of their groups", "ls -ln /dev/kfd /dev/dri"),
      manualFix(
        "Rootless: the user who starts the container has to be in that group too; Docker Desktop runs containers in " +
          "a VM that has no card: docker context use default",
      ),
    ],
    source: "ROCm (rocminfo), read 2026-11; ROCm/ROCm-docker#116 (2023-10), ROCm/container-toolkit#86 (2026-01)",
  },
  {
    pattern: /Unable to open \/dev\/kfd read-write: (?:Invalid argument|Cannot allocate memory|Resource temporarily)/,
    check: "guest.driver",
    layer: "driver",
    message:
      "AMD's kernel driver for compute (KFD) refuses the program, though its user may open /dev/kfd: the driver does " +
      "not serve this card for compute, or could not set itself up for the program",
    fix: [
      guestFix("Read what the driver says about it", "sh -c 'dmesg | grep -iE \"kfd|amdgpu\" | tail -n 40'"),
      manualFix("Start the newest installed kernel, and the newest linux-firmware for a new card", { reboot: true }),
      manualFix(
        "If an older kernel served it: boot that one; in an LXC container, the host's kernel is the one that counts",
      ),
    ],
    source: "Linux (amdkfd); ROCm/legacy-rocm-build#5379 (2025-09), #6166 (2026-04), #2232 (2023-06)",
  },
  {
    pattern: anyOf(
      /Direct firmware load for amdgpu\/\S{1,60} failed/,
      /amdgpu.{0,80}(?:failed to (?:load|get|request|validate) (?:firmware|ucode|microcode)|early_init of IP block .{0,60}failed -2\b)/,
      /requires firmware installed|get invalid ip discovery binary/,
      /amdgpu: fail to (?:load|initialize) .{0,20}(?:ucode|firmware)|No GPU page fault.{0,20}firmware/,
    ),
    near: amdWords,
    check: "guest.driver",
    layer: "driver",
    message: "AMD's driver lacks the card's firmware: linux-firmware, or the kernel, is older than the card",
    fix: each(
      install("Install a current one in the guest", {
        apt: "firmware-amd-graphics",
        dnf: "amd-gpu-firmware",
        pacman: "linux-firmware-amdgpu",
        zypper: "kernel-firmware-amdgpu",
      }),
      manualFix("If the distribution's is too old: use a newer release of it (Debian: backports)"),
    ),
    source: "Linux (amdgpu), read 2026-11",
  },
  {
    pattern: anyOf(
      /amdgpu\S{0,20} .{0,60}Unable to locate a BIOS ROM|amdgpu_get_bios(?: failed|.{0,40}Unable to locate)/,
      /BIOS signature incorrect|Unable to locate a BIOS ROM|amdgpu \S{1,14}: Invalid (?:PCI )?ROM/,
    ),
    near: amd,
    check: "gpu.display",
    layer: "driver",
    message:
      "AMD's driver needs the card's firmware image (vBIOS) and finds none: the guest has to be given one as a ROM " +
      "file",
    fix: [
      manualFix(
        "Dump it while the card is not the boot display, or with the host booted from another card; then pass it " +
          "to the VM as romfile",
      ),
      manualFix("An AMD APU has its vBIOS in the mainboard's firmware: it has to be extracted from there"),
      manualFix("With vendor-reset: it reads the ROM too, and cannot reset a card without one"),
    ],
    source: "Linux (amdgpu), vendor-reset; gnif/vendor-reset#4 (2020-12), #82 (2025-08)",
  },
  {
    pattern: anyOf(
      /PSP (?:create ring failed|tmr init failed|firmware loading failed|load \w{1,12} failed)/,
      /hw_init of IP block <(?:psp|smu|gfx\w{0,12})> failed/,
      /amdgpu: (?:smu firmware loading failed|failed to (?:init|load) (?:smu|psp))/,
      /trn=\d{1,3} (?:ACK|VALID) should not assert/,
    ),
    near: amd,
    check: "gpu.reset",
    layer: "driver",
    message: "the AMD card keeps its last user's state (reset bug): its security processor (PSP) does not start again",
    fix: resetFixes,
    source: "Linux (amdgpu); isc30/ryzen-gpu-passthrough-proxmox#131 (2025-07)",
  },
  {
    pattern: anyOf(
      /AMD-Vi: (?:Event logged \[)?(?:iotlb_inv_timeout|IOTLB_INV_TIMEOUT)/,
      /Event logged \[IOTLB_INV_TIMEOUT/,
      /AMD-Vi: Completion-Wait loop timed out/,
      /VT-d detected Invalidation (?:Time-out|Completion) Error/,
    ),
    check: "gpu.reset",
    layer: "kernel",
    message: "a device no longer answers the IOMMU: a passed card hangs since its last reset (reset bug of AMD " +
      "cards); at the host's boot it is the firmware",
    fix: [...resetFixes, doctorFix("gpu.reset")],
    source: "Linux (drivers/iommu); gnif/vendor-reset#66 (2022-11), #81 (2024-06)",
  },
  {
    pattern: anyOf(
      /AMD_\w{1,20}: (?:failed to reset|mode1 reset failed|reset (?:failed|result = -\d))/,
      /vendor-reset\S{0,8}: .{0,60}failed/,
      /AMD_\w{1,20}: (?:timed out waiting for PSP|PSP did not acknowledge)/,
      /vfio-pci \S{1,14}: SMU error 0x|AMD_\w{1,20}: (?:could not get enabled SMU|psp mode1 reset failed|PSP wait for)/,
    ),
    check: "gpu.reset",
    layer: "vfio",
    message: "the card has no reset that works (reset bug, mostly AMD): it keeps the state that its last user left",
    fix: resetFixes,
    source: "Proxmox VE, vendor-reset; isc30/ryzen-gpu-passthrough-proxmox#82 (2024-11)",
  },
  {
    pattern: anyOf(
      /error writing '1' to '\/sys\/bus\/pci\/devices\/\S{1,16}\/reset': /,
      /failed to reset PCI device '\S{1,16}'/,
    ),
    check: "gpu.reset",
    strength: "symptom",
    layer: "vfio",
    message:
      "the card has no reset that works (mostly AMD's integrated graphics), and Proxmox starts the VM without: " +
      "harmless where the VM works; else the card keeps the state that its last user left (reset bug)",
    fix: [manualFix("If the VM works, also after a restart of it: nothing to do"), ...resetFixes],
    source: "Proxmox VE; isc30/ryzen-gpu-passthrough-proxmox#82 (2024-11), #131 (2025-07)",
  },
  {
    pattern: /not ready \d{1,8}ms after (?:bus reset|FLR|reset|PM D3->D0)/,
    near: "card",
    check: "gpu.reset",
    layer: "kernel",
    message: "the card does not come back from its reset, as many AMD cards, RTX 50 and RTX PRO (Blackwell) and some " +
      "of Intel's processor graphics do; on others a fault of power or slot",
    fix: [
      powerCycle,
      manualFix("AMD: start the VM only once after each boot of the host; Polaris, Vega and Navi 1x: vendor-reset"),
      manualFix(
        "RTX 50, RTX PRO (Blackwell): NVIDIA knows the fault; update the host's kernel and the guest's driver, and " +
          "shut the guest down from inside rather than by force",
      ),
      remedies.awake,
      doctorFix("gpu.reset"),
    ],
    source: "Linux (drivers/pci); gnif/vendor-reset#72 (2023-07), #76 (2023), " +
      "NVIDIA/open-gpu-kernel-modules#853 (2025-05), patmagauran/i915ovmfPkg#23 (2021-12)",
  },
  {
    pattern: anyOf(
      /amdgpu\S{0,20} .{0,60}Fatal error during GPU init|amdgpu_device_ip_init failed/,
      /probe with driver amdgpu failed with error|amdgpu: probe of \S{1,14} failed/,
    ),
    check: "gpu.reset",
    strength: "symptom",
    layer: "driver",
    message: "AMD's driver could not start the card; its lines above say why",
    fix: [manualFix("Read the amdgpu lines above it"), ...resetFixes],
    source: "Linux (amdgpu), read 2026-11",
  },
  {
    pattern: anyOf(
      /(?:amdgpu\S{0,20} .{0,60})?\[(?:mmhub|gfxhub)\d?\] (?:no-retry |retry )?page fault/,
    ),
    check: "gpu.reset",
    layer: "driver",
    message:
      "the AMD card accesses memory that is not its own: it keeps its last user's state (reset bug), or its driver " +
      "has an error",
    fix: [...resetFixes, manualFix("If it happens while a program runs: update the guest's kernel, firmware and Mesa")],
    source: "Linux (amdgpu); Uhh-IDontKnow/Proxmox_AMD_AI_Max_395_Radeon_8060s_GPU_Passthrough#3 (2025-11)",
  },
  {
    pattern: anyOf(
      /amdgpu\S{0,20} .{0,80}(?:ring \S{1,20} timeout|GPU reset begin)/,
      /VM_L2_PROTECTION_FAULT|\[drm:amdgpu_job_timedout/,
      /AMDGPU Device Coredump|Ring timed out details/,
      /ring \S{1,20} (?:reset|test) failed|VRAM is lost|amdgpu_cs_ioctl|Trying to push to a killed entity/,
    ),
    near: amdWords,
    check: "gpu.reset",
    layer: "driver",
    message: "work on the AMD card hung or accessed wrong memory, and its driver resets the card",
    fix: [
      manualFix("Update the guest's kernel and Mesa; if it happens again, look at the program that its lines name"),
      powerCycle,
    ],
    source: "Linux (amdgpu), read 2026-11",
  },
  {
    pattern: /Fence fallback timer expired on ring \S/,
    check: "gpu.reset",
    strength: "symptom",
    layer: "driver",
    message:
      "the AMD card's interrupts do not arrive: it hangs while its driver lets it go or takes it, or the VM gets " +
      "no MSI",
    fix: [
      manualFix("Bind the card to vfio-pci at boot rather than while the desktop runs on it"),
      manualFix("In a guest: update its kernel, and give the card a root port of the machine type q35"),
      powerCycle,
    ],
    source:
      "Linux (amdgpu); QaidVoid/Complete-Single-GPU-Passthrough#25 (2023-02), QubesOS/qubes-issues#7971 (2024-01)",
  },
  {
    pattern:
      /cannot create duplicate filename '\S{1,200}\/(?:vbios_version|mem_info_\w{1,20}|product_name|\w{1,12}_reset_mask|pcie_replay_count)'/,
    check: "gpu.reset",
    layer: "driver",
    message: "AMD's driver left its files of the card's last binding behind, so it cannot bind the card again",
    fix: [
      manualFix("Reboot the host: the card cannot be taken back before", { root: true, reboot: true }),
      remedies.bindAtBoot,
    ],
    source: "Linux (fs/sysfs, amdgpu); gnif/vendor-reset#21 (2021-01)",
  },
  {
    pattern: /pci_irq_handler: Assertion/,
    check: "gpu.reset",
    layer: "vfio",
    message: "QEMU read nonsense from the card and stopped: the card no longer answers since its last reset",
    fix: [powerCycle, doctorFix("gpu.reset")],
    source: "QEMU (hw/pci/pci.c); gnif/vendor-reset#76 (2024-12)",
  },
];

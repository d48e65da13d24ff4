import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { capabilities, driverLog, powerCycle, writeCdi } from "../fixes.mts";
import { rows } from "../rows.mts";

/** What the tables of nvidia-smi, lspci and nvidia-ctk show without a word of error. */
export const listingFailures = (): Failure[] => [
  ...rows({
    layer: "toolkit",
    source: "nvidia-smi; tensorflow/tensorflow#41976 (2020-08), Azure/azhpc-diagnostics#77 (2022-03), " +
      "NVIDIA/open-gpu-kernel-modules#1193 (2026-06)",
  }, [
    [
      "verify.service",
      "cause",
      /CUDA Version ?: (?:ERR!|N\/A)/,
      "nvidia-smi finds no libcuda of the driver: in a container, it was given without “compute”; on a machine, the " +
      "driver's CUDA part is not installed or of another release",
      capabilities,
      "On a machine: install the CUDA part of the same driver (Debian: libcuda1; Ubuntu: libnvidia-compute-BRANCH)",
    ],
    [
      "gpu.power",
      "symptom",
      /ERR! ERR!|ERR! (?:On|Off) \|/,
      "nvidia-smi cannot read several values of that card: it hangs, or no longer answers over PCI Express",
      driverLog,
      powerCycle,
    ],
    [
      "guest.driver",
      "note",
      /\|ERR! \d{1,3}C|(?<!ERR! )ERR! \/ \d{1,4}W/,
      "nvidia-smi cannot read one value of that card (its fan or its power), which alone is harmless",
      "If the value stays away or the card fails too: update the driver, and see that its power cables fit",
    ],
    [
      "guest.driver",
      "symptom",
      /MIG Mode Current : (?:Disabled Pending : Enabled|Enabled Pending : Disabled)/,
      "MIG is turned on or off at the card's next reset, which waits because programs use the card",
      guestFix("Check which", "nvidia-smi"),
      "Stop them (also nvidia-persistenced and monitors), then nvidia-smi --gpu-reset; or restart the machine",
    ],
    [
      "verify.service",
      "cause",
      /Found 0 CDI devices/,
      "the engine finds no CDI specification: it was not generated, or is in a folder that the engine does not read",
      ...writeCdi,
    ],
    [
      "guest.driver",
      "cause",
      /Insufficient Permissions(?<=(?:NVMLError_NoPermission|memory info|fatal ?nvml|NewDevice\w{0,6}|getting device|nvmlDevice\w{4,60})[^\n]{0,40}Insufficient Permissions)|NVMLError_NoPermission/,
      "NVML refuses this call: a container with an instance of MIG has no permission to read the whole card, " +
      "and other calls need root",
      "A program that watches the card: NVIDIA_MIG_MONITOR_DEVICES=all and cap_add: [SYS_ADMIN] for that service",
      "Others: name the instance (CUDA_VISIBLE_DEVICES=MIG-…), and use a release of the program that knows MIG",
    ],
  ]),
  ...rows({ layer: "driver", source: "pciutils (lspci -nnk), Linux (nouveau); read 2026-11" }, [
    [
      "gpu.driver",
      "symptom",
      /NVIDIA Corporation [^\n]{1,120}\(rev [0-9a-f]{2}\)\n(?:(?:Device)?Subsystem: [^\n]{1,120}(?:\]|Device [0-9a-f]{4})\n)?Kernel driver in use: nouveau/,
      "nouveau has the card, so NVIDIA's driver and vfio-pci cannot take it",
      guestFix("To use NVIDIA's driver: see that it is installed", "modinfo -F version nvidia"),
      manualFix(
        "Then keep nouveau away (“blacklist nouveau” in a file in /etc/modprobe.d), rebuild the initramfs and reboot",
        { root: true, reboot: true },
      ),
    ],
    [
      "gpu.driver",
      "symptom",
      /NVIDIA Corporation [^\n]{1,120}\(rev [0-9a-f]{2}\)\n(?:(?:Device)?Subsystem: [^\n]{1,120}(?:\]|Device [0-9a-f]{4})\n)?Kernel modules: [^\n]{0,40}nouveau/,
      "no driver has the NVIDIA card: none is loaded, or it refused the card",
      guestFix("Load NVIDIA's, and read why it fails", "modprobe nvidia"),
      driverLog,
      manualFix("Between VMs that is normal for a card that vfio-pci gives back; a VM takes it when it starts"),
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { doctorFix, firmwareFix, guestFix, toolkit } from "../../../fixes.mts";
import { driverLog, driverWorks, nvidiaWords, powerCycle } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const held = guestFix("Check which programs hold the card", "sh -c 'fuser -v /dev/nvidia*'");

/** Sentences of NVIDIA's driver, installer and tools that no other table has, by topic. */
export const nvidiaErrorFailures = (): Failure[] => [
  ...rows({
    layer: "driver",
    near: nvidiaWords,
    source: "NVIDIA/open-gpu-kernel-modules 580 (src/nvidia), nvidia-installer, nvidia-smi, read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /None of the NVIDIA devices were probed|Try unloading the conflicting kernel module/,
        /another driver was loaded and obtained ownership/,
      ),
      "another driver (nouveau, vfio-pci) has the card, so that NVIDIA's does not get it",
      guestFix("Check which driver has it", "lspci -nnk -d 10de:"),
      "In the VM: blacklist nouveau and rebuild the initramfs; on the host: a card for a VM belongs to vfio-pci",
    ],
    [
      "gpu.window",
      "cause",
      /system BIOS may have misconfigured your GPU|kbusVerifyBar2\w{0,10}: .{0,80}(?:failed|returned garbage)/,
      "the card's memory regions (BARs) are wrong or missing: the firmware or the VM gave them no room, or the " +
      "card does not answer there",
      firmwareFix("Turn on Above 4G Decoding in the firmware's set-up of the host"),
      "In the VM: UEFI (OVMF) and a large enough MMIO window",
    ],
    [
      "gpu.reset",
      "cause",
      /Calling Resume on an active GPU|So ignoring the resume request/,
      "the card did not come back from a suspend of the machine or VM",
      "Reboot it, and do not suspend a machine with a card for computing",
      guestFix("If it has to sleep: save the card's memory", "systemctl enable nvidia-suspend nvidia-resume"),
    ],
    [
      "guest.driver",
      "cause",
      /ignoring the legacy GPU/,
      "the card is older than this driver drives: it belongs to a legacy branch",
      "Write an older branch (driver: {branch: 580} for Maxwell to Volta, 470 for Kepler) and rebuild the box",
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /pci_enable_device failed, aborting|rm_init_rm\(\) failed|NVRM: failed to initialize module/,
        /open of non-existent GPU with minor number/,
      ),
      "NVIDIA's module could not take the card: it does not answer, or is not in this machine",
      guestFix("Check whether the card is there", "lspci -nnk -d 10de:"),
      driverLog,
    ],
    [
      "iommu.enabled",
      "cause",
      /(?:Aborting|Ignoring) probe for VF \S{1,20} since IOMMU is not present/,
      "a virtual GPU needs the IOMMU, which is off here",
      doctorFix("iommu"),
    ],
    [
      "gpu.in-use",
      "symptom",
      /Failed removal of device|Continuing with GPU removal/,
      "NVIDIA's driver was asked to release a card that a program still uses",
      held,
    ],
    [
      "gpu.reset",
      "symptom",
      /PCI FLR (?:might have failed|not supported)|FLR not supported by the device|Resetting GPU \S{8,20} is not supported/,
      "the card alone could not be reset (function level reset)",
      powerCycle,
    ],
    [
      "verify.service",
      "cause",
      /driver modules are not yet loaded, invoking runc directly|driver-ctr-ready': No such file/,
      "NVIDIA's driver is not loaded on that machine, so the toolkit starts containers without a GPU, or waits",
      driverWorks,
      driverLog,
    ],
    [
      "guest.driver",
      "cause",
      /GSP firmware heap is out of memory/,
      "the memory of the GPU's firmware processor (GSP) is used up, as with many processes or virtual GPUs",
      "Run fewer processes on the card, or update the driver",
    ],
    [
      "gpu.power",
      "cause",
      /API_GPU_ATTACHED_SANITY_CHECK failed|GPU is lost\. {1,2}Reboot/,
      "the card no longer answers over PCI Express",
      powerCycle,
      "Check its power cables, slot or riser, and turn power saving of PCI Express (ASPM) off",
    ],
    [
      "iommu.interrupts",
      "symptom",
      /unhandled interrupt threshold for irq/,
      "interrupts reach NVIDIA's driver that its card did not send: another device shares the line",
      "Let the card use MSI (NVreg_EnableMSI=1, the default), or move it to another slot",
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /error starting nvidia-\w{3,20}: fork|nvidia-persistenced failed to initialize|nvidia-persistenced\S{0,10}: .{0,80}failed to open/,
        /Failed to open libnvidia-cfg\.so|Failed to initialize the NVIDIA kernel module/,
      ),
      "NVIDIA's persistence daemon or tool does not start or reach the driver: its module is not loaded, its " +
      "libraries are of another release, or the program itself is missing",
      driverWorks,
      driverLog,
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /(?:Unable to (?:set|enable|disable)|Failed to set) (?:the )?(?:power|clock|compute|persistence|MIG|ECC)[\w .:]{0,60}: Insufficient Permissions/,
        /(?:GPU|compute) instances?.{0,60}: Insufficient Permissions/,
        /Setting [\w ]{3,40} was not permitted|you do not have suf\w{2,8} permissions|The current user does not have permission to change/,
      ),
      "nvidia-smi is not allowed to change that setting: it needs root, and in WSL or a partition of a card only " +
      "the host can",
      guestFix("Set it as root (example)", "nvidia-smi -pm 1"),
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /Option "[^"]{1,60}" is not recognized\. Please run 'nvidia-smi/,
        /Field "[^"]{1,60}" is not a valid field to query|Invalid combination of input arguments\. Please run 'nvidia-smi/,
      ),
      "this nvidia-smi does not know that option or field: it is misspelt, or of another release of the driver",
      guestFix("List the fields", "nvidia-smi --help-query-gpu"),
    ],
    [
      "gpu.in-use",
      "cause",
      anyOf(
        /GPUs? could not be reset|is the primary GPU\.|GPU Reset couldn't run|Unable to reset this GPU because/,
        /(?:GPU \S{12,16}|\d devices?) is currently (?:in use by another process|being used by one or more other)/,
        /^ {0,4}GPU ?[\da-f]{4,8}:\S{5,8}: In use by another client/,
      ),
      "the card cannot be reset while a program, the console or the persistence daemon uses it",
      held,
      "Stop them (and nvidia-persistenced); a card in a VM is reset with the VM's start",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /Failed to run `\S{0,20}dkms (?:build|install)|kernel module failed to load\. Secure boot/,
        /Failed to find libglvnd|module 'nvidia\S{0,8}' (?:was|is) not signed|Failed to generate key pair/,
        /Failed to sign (?:module|precompiled)|cannot sign \S{1,60} without|Unable to generate key pair/,
      ),
      "NVIDIA's installer could not build, sign or load its module: headers, a compiler or a signing key are missing",
      "Read /var/log/nvidia-installer.log; install the headers of the running kernel and gcc",
      "With Secure Boot: enroll a key (mokutil --import), or turn it off; better install the distribution's packages",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /nvidia-container-cli: (?:permission|path|detection) error: (?!nvml|driver|open failed: \/sys\/module\/nvidia)/,
        /overflowuid: permission denied|privilege change failed|capability change failed/,
      ),
      "NVIDIA's container tool is not allowed to do its work here: Docker runs without root or in a container, or " +
      "a library's link is broken",
      "Rootless: nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place, or use CDI",
      guestFix("Check what it finds", "nvidia-container-cli --load-kmods info"),
    ],
    [
      "verify.service",
      "cause",
      /"nvidia-container-(?:cli|runtime\S{0,8})": executable file not found|stat \S{1,60}nvidia-ctk: no such file/,
      "a program of NVIDIA's Container Toolkit is not installed, or not where its settings say",
      ...toolkit,
    ],
    [
      "verify.service",
      "cause",
      /unable to open \/etc\/\S{1,60} for writing: .{0,60}permission denied|unable to flush config: .{0,120}permission denied/,
      "nvidia-ctk was started without root, so that it cannot write that file",
      guestFix("Run it as root", "nvidia-ctk runtime configure --runtime=docker"),
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { driverLog, nvidiaWords, powerCycle } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { nvidiaCodeFailures, nvmlErrors } from "./nvidia-codes.mts";
import { rows } from "../rows.mts";

const smi = guestFix("Check whether the driver works", "nvidia-smi");
const restart = "Stop everything that uses the card, then stop and start the VM, which resets the card";
const cables = "Connect every power cable of the card, each with a cable of its own";
const oneVersion = "Install module and libraries in one version from one source, then reboot";

/** Messages of NVIDIA's kernel modules and of its management library (NVML) by topic. */
export const nvrmFailures = (): Failure[] => [
  ...nvidiaCodeFailures(),
  ...rows({ layer: "kernel", near: nvidiaWords, source: "NVIDIA/open-gpu-kernel-modules, read 2026-11" }, [
    [
      "gpu.power",
      "cause",
      anyOf(
        /does not have the necessary power cables connected|insufficient external power/,
        /Xid \([^()]{1,40}\): 54\b/,
      ),
      "the card lacks power: a power cable is missing or loose",
      cables,
    ],
    [
      "gpu.reset",
      "cause",
      /GPU requires re(?:set|start)|NVMLError_ResetRequired|NV_ERR_RESET_REQUIRED|NV_ERR_GPU_IN_FULLCHIP_RESET|uvm encountered global fatal error/,
      "the card hangs since an error and has to be reset",
      restart,
      powerCycle,
      driverLog,
    ],
    [
      "guest.driver",
      "note",
      /infoROM is corrupted|Corrupted infoROM|\[?InfoROM corrupted/,
      "the card's small memory with its own data (InfoROM) is damaged: it computes, and some of its counters " +
      "are lost",
      "Nothing to do if it works; otherwise the maker has to repair the card",
    ],
    [
      "gpu.window",
      "cause",
      anyOf(
        /BAR resizing failed|64-bit BAR mapped above 4GB by|No address space to allocate resized BAR1/,
        /Failed to re-allocate BAR1|while attempting to resize PCIe BARs/,
      ),
      "the driver cannot use or enlarge the card's memory region where the VM's firmware put it",
      "Give the VM a larger MMIO window, or let the driver not resize (options nvidia NVreg_EnableResizableBar=0)",
    ],
  ]),
  ...rows({ layer: "driver", near: nvidiaWords, source: "NVIDIA/open-gpu-kernel-modules, read 2026-11" }, [
    [
      "guest.driver",
      "cause",
      /Guest driver is incompatible with host driver/,
      "the vGPU driver in the VM does not fit the vGPU manager on the host: they are of branches that do not go " +
      "together",
      "Install the guest driver of the same vGPU release as the host's (NVIDIA's table of supported pairs)",
      smi,
    ],
    [
      "guest.driver",
      "cause",
      /System Power Management attempted without driver procfs suspend interface/,
      "the driver is to save the card's memory over a suspend (NVreg_PreserveVideoMemoryAllocations), and its " +
      "services " +
      "for that do not run, so suspend fails",
      guestFix(
        "Let them run",
        "systemctl enable nvidia-suspend.service nvidia-hibernate.service nvidia-resume.service",
      ),
    ],
    [
      "gpu.in-use",
      "cause",
      /open\(\) not permitted for excluded/,
      "the driver's options exclude this card (NVreg_ExcludedGpus), so nothing can open it",
      guestFix("Find out where", "grep -rn ExcludedGpus /etc/modprobe.d /proc/cmdline"),
      "Remove the option, rebuild the initramfs, and restart",
    ],
    [
      "guest.driver",
      "symptom",
      /=== (?:GSP core|GSP-RM) unresponsive ===|GPU recovery action changed from .{1,40} to 0x[\da-f]{1,4} \((?!None)/,
      "the card's own processor (GSP) does not answer, or the driver asks for a reset of the card; an Xid before " +
      "it says " +
      "why",
      driverLog,
      restart,
    ],
    [
      "guest.driver",
      "note",
      /=== GSP-RM is slow ===|NVreg_TemporaryFilePath NVRM: module/,
      "a notice of NVIDIA's driver that stops nothing",
      "Nothing to do if the card works; a folder for NVreg_TemporaryFilePath has to exist at the start",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /\bFSP (?:command|async command|secure boot partition) timed out|FSP boot cmds failed/,
        /NVRM: .{0,20}\bkfsp\w{1,50}: /,
      ),
      "the card's boot processor (FSP) did not start its firmware: the card was not reset, or its driver is too old",
      powerCycle,
      "Try another release of the driver's branch",
    ],
    [
      "guest.driver",
      "cause",
      /Open nvidia\.ko is only ready for use on|OpenRmEnableUnsupportedGpus/,
      "this release of the open kernel modules is too old to drive a GeForce or workstation card (before 545)",
      "Use a newer driver branch (driver:), or the proprietary modules",
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /\*\*\* Cannot (?:attach|initialize|pre-initialize|load)/,
        /Failing GPU (?:Init|Load|PostLoad|PreInit|PreLoad) for/,
      ),
      "the driver could not start a part of the card; earlier NVRM lines say why",
      driverLog,
    ],
    [
      "gpu.display",
      "cause",
      anyOf(
        /NVRM: .{0,80}\b(?:VBIOS|vbios|ROM image)\b.{0,60}(?:fail|not |invalid|bad|unable)/,
        /failed to copy vbios to system memory/,
        /NVRM: .{0,60}(?:did not find valid ROM signature|failed to (?:locate|extract|find|parse) .{0,30}(?:VBIOS|ROMs))/,
      ),
      "the driver could not read the card's firmware image (VBIOS): the host was booted with this card, or it is a " +
      "laptop's, which has none of its own, or it was plugged into a running VM",
      "Give the VM the card's ROM as a file, and do not boot the host with this card's picture",
      "If it fails only at times: start the VM with the card, instead of plugging it in",
      powerCycle,
    ],
    [
      "guest.driver",
      "note",
      anyOf(
        /Failed to enable MSI; falling back|Disabling GSP offload -- GPU not supported|not currently configured to drive a VGA console|NVRM: Failed to load gsp_log/,
        /Not resizing BAR because the firmware forbids/,
        /Chipset (?:not recognized|Setup Function Error)|NVRM: .{0,40}ACPI (?:method|D-Notifier)/,
      ),
      "a message of NVIDIA's driver that is harmless by itself; look for another NVRM line",
      driverLog,
    ],
    [
      "guest.driver",
      "note",
      anyOf(
        /could not insert '?nvidia.peermem'?: /,
        /nvidia.peermem.{0,80}(?:not supported|Invalid argument|ib_register_peer)/,
      ),
      "nvidia-peermem is for InfiniBand cards that read the GPU's memory; without such a card it is not needed",
      "Remove it from /etc/modules-load.d, or install the InfiniBand driver (DOCA-OFED) first",
    ],
    [
      "gpu.reset",
      "symptom",
      /RC watchdog: GPU is probably locked/,
      "the GPU hangs after an error that earlier NVRM lines name, and has to be reset",
      restart,
      powerCycle,
    ],
    [
      "guest.driver",
      "cause",
      /Guest vGPU version|vGPU.{0,40}version mismatch/,
      "the guest's driver and the host's vGPU manager are of releases that do not fit together",
      "Install the guest driver of the host's vGPU release",
    ],
    [
      "guest.driver",
      "symptom",
      /nvidia-drm\W.{0,80}(?:Failed to|timeout on head)|nvidia-drm: .{0,40}(?:fail|error)/,
      "the display part of NVIDIA's driver failed; computing may still work",
      smi,
      driverLog,
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /nvidia.uvm(?!: uvm\w{0,40}\.c:)\S{0,3} .{0,60}(?:fail|unknown symbol|error|cannot)|NVIDIA UVM .{0,60}fail/,
        /open.{0,4}\/dev\/nvidia-uvm/,
      ),
      "NVIDIA's module for CUDA (nvidia_uvm) does not work: it is not loaded, or of another version than the driver",
      guestFix("Load it and create its nodes", "nvidia-modprobe -u -c=0"),
      oneVersion,
    ],
    [
      "guest.driver",
      "symptom",
      /\(EE\) NVIDIA(?:\(\S{1,6}\))?: |\(EE\) NVIDIA: Failed/,
      "the display server could not use NVIDIA's driver; computing does not need it",
      smi,
    ],
  ]),
  ...rows({ layer: "driver", source: "NVIDIA, NVML API reference (nvmlReturn_t), read 2026-11" }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /NVML doesn't implement this function|ERROR_FUNCTION_NOT_FOUND/,
        nvmlErrors("FUNCTION_NOT_FOUND", "ARGUMENT_VERSION_MISMATCH"),
      ),
      "the driver's library (NVML) is older than the program that asks it",
      oneVersion,
      "Update the driver (driver:), or use an older release of the program",
    ],
    [
      "guest.driver",
      "cause",
      /\/proc\/driver\/nvidia\/gpus\/\S{1,24}: no such file/,
      "NVIDIA's driver does not drive the card that was asked for: another driver has it, or it is switched off",
      guestFix("Check which has it", "lspci -nnk -d 10de:"),
      driverLog,
    ],
    [
      "hyperv.driver",
      "cause",
      /Core Nvidia component \S{1,60} not found in/,
      "Windows' driver brings no NVIDIA files into WSL: the adapter that was found is another maker's, or the " +
      "driver is damaged",
      "Install NVIDIA's driver on Windows again, then wsl --shutdown",
    ],
  ]),
  ...rows({ layer: "driver", near: "card", source: "Linux (drivers/gpu/drm/nouveau, nova-core), read 2026-11" }, [
    [
      "gpu.reset",
      "cause",
      /nouveau \S{1,14}: (?:sec2\(gsp\): ?booter-(?:un)?load: boot failed|gsp: init failed, -)/,
      "the card's own processor (GSP) does not start: an earlier driver left it in a bad state, and the card was not " +
      "reset when the VM took it",
      "Stop the VM and start it again, which resets the card, if it can be reset",
      "If it began with a new kernel of the host: start the one before it",
      powerCycle,
    ],
    [
      "gpu.driver",
      "fallback",
      anyOf(
        /nouveau \S{1,14}: .{0,80}(?:fail|error|timeout|timed out|unable|fault|invalid|not found|unsupported|could ?n.t|Xid:)|nouveau \S{1,14}: fifo:/,
        /\bnova_core .{0,60}fail|\bNovaCore .{0,60}fail/,
      ),
      "the kernel's own driver (nouveau, nova) has the card and fails: NVIDIA's is not installed there, or does not " +
      "keep it away",
      "Blacklist nouveau and nova_core (/etc/modprobe.d), rebuild the initramfs, and reboot",
      smi,
    ],
  ]),
];

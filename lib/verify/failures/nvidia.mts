import type { Failure } from "./types.mts";
import { aboveFour, commandFix, doctorFix, guestFix, headers, manualFix, remedies } from "../../fixes.mts";
import { anyOf } from "../../text.mts";
import { driverLog, each, initramfs, install, nvidiaWords, powerCycle } from "./fixes.mts";

const rebuildBox = "and rebuild the box";
const dkmsStatus = guestFix("See for which kernels the driver was built", "dkms status");

/** What NVIDIA's driver, its installer, NVML and DKMS say. */
export const nvidiaFailures: Failure[] = [
  {
    pattern: /NVIDIA probe routine failed for|None of the NVIDIA (?:devices|graphics adapters) were initialized/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "NVIDIA's driver found the card and could not start it; the NVRM lines above say why",
    fix: [driverLog, doctorFix("guest.driver"), powerCycle],
    source: "NVIDIA driver (nv.c)",
  },
  {
    pattern: /NVRM:? nvAssert(?:Ok)?FailedNoLog: Assertion failed/,
    check: "guest.driver",
    strength: "note",
    layer: "driver",
    message: "an assertion of NVIDIA's driver, which harms nothing by itself; look for another NVRM line",
    fix: [
      manualFix("If nothing else is wrong: nothing to do; newer releases of the branch print fewer of them"),
      driverLog,
    ],
    source: "NVIDIA driver (NVRM, open modules); NVIDIA/open-gpu-kernel-modules#748 (2025-01), #694 (2024-08)",
  },
  // ------------------------------------------------------------------------------------------- which driver for which card
  {
    pattern: /nvidia\.ko because it does not include the required GPU/,
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
      /is not supported by the \S{1,20} NVIDIA driver release/,
      /NVRM: installed in this system is not supported by/,
      /NVIDIA GPU installed in this system is not supported/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message: "this driver release does not know the card: it is too old for a new card, or too new for an old one",
    fix: [doctorFix("guest.driver"), manualFix(`Write another branch (driver: {branch: …}) ${rebuildBox}`)],
    source: "NVIDIA driver (NVRM, nv-pci.c 580)",
  },
  // ------------------------------------------------------------------------------------------------- the state of the card
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
      /Timeout after \d{1,4}s of waiting for RPC response/,
      /_kgspRpcRecvPoll|kgspHealthCheck/,
      /Cannot initialize GSP firmware RM|kgspBootstrap\w{0,10}: |kgspWaitForGfwBootOk/,
      /failed to load GSP firmware|Direct firmware load for nvidia\/\S{1,60}gsp/i,
      /executeBooterUcode\w{0,10}: Booter failed|kgspExecute\w{1,60}: failed|kgspInitRm_IMPL: cannot bootstrap/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message: "the GPU's firmware processor (GSP) does not start or does not answer",
    fix: [
      manualFix("If it says that WPR2 is up, or it worked before a reboot of the VM: the card needs a reset"),
      powerCycle,
      manualFix("If firmware is missing: install the driver's firmware package of exactly its version"),
      manualFix(`If it happens under load: try another release of the branch (driver: {branch: …}) ${rebuildBox}`),
    ],
    source: "NVIDIA driver (NVRM); NVIDIA/open-gpu-kernel-modules#446 (2026-04), #1230 (2026)",
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
      "the driver could not start the card: it needs the other kernel modules (open or proprietary), or a larger MMIO window, or a reset",
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
    pattern: /(?:RmInitAdapter|rm_init_adapter) failed|failed to copy vbios to system memory/,
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
    fix: [guestFix("See whether the VM has the card", "lspci -nnk -d 10de:"), driverLog],
    source: "NVIDIA driver (NVRM); NixOS/nixos-hardware#1828 (2026-04)",
  },
  // --------------------------------------------------------------------------------------------- the module and its kernel
  {
    pattern: anyOf(
      /(?:kernel )?headers for kernel \S{1,80} cannot be found/,
      /\bMissing \S{1,80} kernel headers for module/,
      /Unable to find the kernel source tree for the currently running kernel/,
    ),
    near: /dkms|nvidia|kernel source/i,
    check: "guest.driver",
    layer: "driver",
    message: "the driver's module could not be built: the kernel's headers are missing",
    fix: each(
      install("Install the headers of the kernel that runs", {
        apt: "linux-headers-$(uname -r)",
        dnf: "kernel-devel-$(uname -r)",
        pacman: "linux-headers",
        zypper: "kernel-default-devel",
      }),
      manualFix(headers),
    ),
    source: "DKMS 3.0; zen-kernel/zen-kernel#305 (2023), Frogging-Family/linux-tkg#1186 (2026-03)",
  },
  {
    pattern: anyOf(
      /Bad return status for module build on kernel/,
      /DKMS module '?nvidia\S{0,30} failed to build/,
      /BUILD_EXCLUSIVE directive which does not match this kernel/,
      /dkms: autoinstall for kernel:? \S{1,60} failed/,
      /modpost: \S{1,80} \[\S{0,60}nvidia[^\]]{0,60}\] undefined/,
      /\bdkms(?: autoinstall)? on \S{1,60} failed for nvidia/,
      /too few arguments to function .{0,4}pci_resize_resource/,
      /\/var\/lib\/dkms\/nvidia[\w-]{0,20}\/[\d.]{3,16}\/build\]? \S{3,12} \d/,
      /\/nvidia(?:-\w{1,10})?\/[\w.-]{1,40}\.[ch]:\d{1,6}:\d{1,5}: error: /,
      /nvidia-dkms-\S{1,40} package post-installation script subprocess returned error/,
      /An error occurred while performing the step: .{0,3}Building kernel modules/,
      /Unable to build the NVIDIA kernel module/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message: "the driver's module does not build for this kernel: the driver is too old for it (or the kernel too new)",
    fix: [
      manualFix("Read the first error in the make.log that it names"),
      manualFix(`Write a newer driver release or branch (driver:), or boot an older kernel or image, ${rebuildBox}`),
    ],
    source: "DKMS 3.0, nvidia-installer; pop-os/pop#3811 (2026-01); seen with 550 on Linux 6.12",
  },
  {
    pattern: anyOf(
      /Key was rejected by service/,
      /Loading of (?:unsigned module|module with unavailable key) is rejected/,
      /unsigned module loading is restricted/,
      /module verification failed: signature and\/or required key missing.{0,40}nvidia/,
      /Required key not available/,
      /Secure boot is enabled on this system, so this is likely because it was not signed/,
    ),
    near: /nvidia|modprobe|insmod|module|dxgkrnl|vbox|vfio/i,
    check: "guest.firmware",
    layer: "driver",
    message: "Secure Boot is on and refuses a driver module that was built on this machine",
    fix: [
      manualFix("For the VM: start it with OVMF without Secure Boot (Hyper-V: Set-VMFirmware -EnableSecureBoot Off)"),
      manualFix("Or use a module that the distribution has signed (Ubuntu: linux-modules-nvidia-…)"),
      manualFix(
        "On a host that keeps Secure Boot: enrol DKMS's key (mokutil --import /var/lib/dkms/mok.pub), then reboot",
      ),
    ],
    source: "kmod and Linux; NVIDIA/gpu-driver-container#44 (2023)",
  },
  {
    pattern: anyOf(
      /nvidia\w{0,10}: version magic '[^']{1,120}' should be/,
      /could not insert '?nvidia\w{0,10}'?: (?:Exec format error|Invalid argument|Unknown symbol in module)/,
      /nvidia\w{0,10}: (?:disagrees about version of symbol|Unknown symbol) /,
    ),
    check: "guest.driver",
    layer: "driver",
    message: "NVIDIA's module was built for another kernel than the one that runs",
    fix: [
      guestFix("Compare the two", "sh -c 'uname -r; modinfo -F vermagic nvidia'"),
      dkmsStatus,
      guestFix("Build it for the kernel that runs", "dkms autoinstall"),
      manualFix("If the kernel was updated: reboot into the newest one, for which it was built", { reboot: true }),
    ],
    source: "Linux (kernel/module), kmod; negativo17/nvidia-driver#97 (2020), kind to date",
  },
  {
    pattern: /Module nvidia[\w-]{0,10} not found(?: in directory|\.)|could not insert 'nvidia\w{0,10}': No such file/,
    check: "guest.driver",
    layer: "driver",
    message: "there is no NVIDIA module for the kernel that runs: it was not built, or only for another kernel",
    fix: [
      dkmsStatus,
      guestFix("Build it for the kernel that runs", "dkms autoinstall"),
      manualFix(headers),
    ],
    source: "kmod (modprobe)",
  },
  {
    pattern: anyOf(
      /Driver\/library version mismatch/,
      /API mismatch: the (?:NVIDIA kernel module|client) has (?:the )?version/,
      /NVRM: API mismatch/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message: "the driver's libraries were updated, and its old kernel module is still loaded",
    fix: [
      guestFix("Reboot the VM", "reboot"),
      manualFix("If it stays: module and libraries come from two sources; install both in one version"),
    ],
    source: "nvidia-smi (NVML), NVRM",
  },
  {
    pattern: anyOf(
      /NVIDIA probe routine was not called for/,
      /Nouveau kernel driver is currently in use/,
      /nouveau, rivafb, nvidiafb/,
      /could not insert '?nvidia'?: No such device/,
    ),
    check: "guest.driver",
    layer: "driver",
    message: "another driver has the card, such as nouveau (in a host that passes it on, vfio-pci has it on purpose)",
    fix: each(
      guestFix("See which", "lspci -nnk -d 10de:"),
      manualFix(
        "Blacklist nouveau: a file in /etc/modprobe.d with “blacklist nouveau” and “options nouveau modeset=0”",
        {
          root: true,
        },
      ),
      initramfs,
      manualFix("If the card is on vfio-pci on the host: nothing to do there; the driver belongs into the VM"),
    ),
    source: "NVIDIA driver (nv.c), nvidia-installer",
  },
  {
    pattern:
      /Unable to find the development tool [`']|CC version check failed|compiler (?:used to compile|differs from).{0,80}kernel/,
    near: nvidiaWords,
    check: "guest.driver",
    layer: "packages",
    message: "a compiler that fits the kernel is missing, so the driver's module cannot be built",
    fix: each(
      install("Install it", { apt: "build-essential", dnf: "gcc make", pacman: "base-devel", zypper: "gcc make" }),
    ),
    source: "nvidia-installer",
  },
  {
    pattern: /You appear to be running an X server|pre-install script failed/,
    near: nvidiaWords,
    check: "gpu.in-use",
    layer: "packages",
    message:
      "NVIDIA's installer does not run while a display server does, or where the distribution has its own driver packages",
    fix: [
      manualFix("Use the distribution's packages instead of the .run file"),
      commandFix("Or stop the display server first", "systemctl isolate multi-user.target", { root: true }),
    ],
    source: "nvidia-installer",
  },
  {
    pattern: anyOf(
      /modprobe: FATAL: Module nvidia\w{0,10} is in use/,
      /rmmod: ERROR: Module nvidia\w{0,10} is in use/,
      /An NVIDIA kernel module '?nvidia\S{0,10}'? appears to (?:already )?be loaded/,
    ),
    check: "gpu.in-use",
    layer: "kernel",
    message: "programs hold NVIDIA's module: the persistence daemon, a display server, or the console's framebuffer",
    fix: [
      commandFix("See which programs hold the card", "fuser -v /dev/nvidia* /dev/dri/*", { root: true }),
      remedies.persistenced,
      commandFix("See which modules hold it; unload them first", "lsmod | grep nvidia"),
      remedies.bindAtBoot,
    ],
    source: "kmod, nvidia-installer; joeknock90/Single-GPU-Passthrough#25 (2023)",
  },
  {
    pattern: /with non-zero usage count|Device is currently in use, task "/,
    near: "card",
    check: "gpu.in-use",
    layer: "kernel",
    message: "programs hold the card open: the host's driver cannot let go of it, and waits without end",
    fix: [
      commandFix("See which programs hold the card", "fuser -v /dev/dri/* /dev/nvidia*", { root: true }),
      remedies.persistenced,
      remedies.bindAtBoot,
    ],
    source: "NVIDIA driver (nv-pci.c), Linux 6.1 (vfio); QaidVoid/Complete-Single-GPU-Passthrough#44 (2023)",
  },
  {
    pattern: /Error loading shared library (?:ld-linux|libnvidia|libcuda)|\bnvidia-\S{1,40} \(no such package\)/,
    check: "guest.libc",
    layer: "packages",
    message: "this is Alpine or another musl system: NVIDIA's programs are for glibc only",
    fix: [
      manualFix("Use a Debian or Ubuntu image: for the VM always, for a container that runs NVIDIA's programs too"),
    ],
    source: "musl's loader, apk; NVIDIA/nvidia-installer#27 (2024)",
  },
  {
    pattern: anyOf(
      /open failed: \S{1,120}libnvidia-[\w-]{1,40}\.so\.\d/,
      /cannot stat \S{1,120}nvidia\S{0,40}\.so\.\d{3}/,
      /lib(?:nvidia-[\w-]{1,40}|cuda)\.so\.\d{3}[\d.]{1,12}: (?:no such file|cannot open shared object)/,
      /(?:stat|lstat|mount)\S{0,20} \S{0,120}lib(?:nvidia-[\w-]{1,40}|cuda|nvcuvid)\.so\.\d{3}[\d.]{0,12}:? ?:?.{0,20}no such file/,
      /failed to (?:stat|fulfil mount request)\S{0,4}:? .{0,120}lib(?:nvidia|cuda)[\w-]{0,40}\.so\.\d{3}/,
    ),
    check: "guest.driver",
    layer: "toolkit",
    message: "the driver was updated, and the loader's cache or the CDI specification still names its old libraries",
    fix: [
      guestFix("Refresh the loader's cache", "ldconfig"),
      guestFix("Write the CDI specification for this driver", "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"),
      guestFix("Restart Docker, then create the container again", "systemctl restart docker"),
    ],
    source: "nvidia-container-cli, runc with CDI; ublue-os/aurora#606 (2025-06)",
  },
  {
    pattern:
      /libnvidia-ml\.so(?:\.1)?(?:: cannot open|'|: not found| not found)|couldn't find libnvidia-ml\.so|could not load NVML library/,
    check: "guest.driver",
    layer: "driver",
    message: "NVIDIA's libraries are missing: the driver is not installed there, or only its module",
    fix: [
      manualFix("Build the box with gpu:, which installs the driver"),
      guestFix("See which libraries are there", "ldconfig -p"),
      manualFix("In a container: it was started without a GPU (gpu: 1 for that service)"),
    ],
    source: "nvidia-container-cli, nvidia-smi, Go-NVML",
  },
  // ------------------------------------------------------------------------------------------------------------- symptoms
  {
    pattern: /Unable to load the kernel module 'nvidia\.ko'|Unable to load the 'nvidia[\w-]{0,8}' kernel module/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message:
      "the module was built and does not load: nouveau or another driver has the card, Secure Boot refuses it, or it was built with another compiler or kernel",
    fix: [
      guestFix("Read the kernel's reason", "dmesg --level err,warn"),
      guestFix("See which driver has the card", "lspci -nnk -d 10de:"),
      manualFix(
        "If it says “Key was rejected”: Secure Boot. If it names nouveau: blacklist it, rebuild the initramfs, reboot",
      ),
    ],
    source: "nvidia-installer; shelmangroup/coreos-gpu-installer#2 (2018), kind to date",
  },
  {
    pattern: anyOf(
      /nvml error: driver not loaded/,
      /NVIDIA-SMI has failed because it couldn't communicate with/,
      /Failed to initialize NVML: Driver Not Loaded/,
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
    source: "nvidia-container-cli, nvidia-smi",
  },
  {
    pattern:
      /probe with driver nvidia failed with error|nvidia: probe of \S{1,14} failed with error|Failed to allocate NvKmsKapiDevice|Failed to query NVIDIA devices/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "NVIDIA's driver did not accept the card; its NVRM lines say why",
    fix: [driverLog, doctorFix("guest.driver")],
    source: "Linux, NVIDIA driver (nvidia-drm, nvidia-persistenced)",
  },
  {
    pattern: /Unable to determine the device handle for GPU|Unable to determine the device handle for gpu/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "nvidia-smi sees a GPU that no longer answers",
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
      guestFix("See whether the VM has the card", "lspci -nnk -d 10de:"),
      driverLog,
      doctorFix("guest.driver"),
    ],
    source: "nvidia-smi; NVIDIA/open-gpu-kernel-modules#862, #915 (2025)",
  },
  {
    pattern: /Possible bad register read: addr/,
    check: "gpu.reset",
    strength: "symptom",
    layer: "kernel",
    message: "the card answers the driver with error values: it hangs, or was not reset after its last user",
    fix: [manualFix("Stop the VM and start it again"), powerCycle, driverLog],
    source: "NVIDIA driver (NVRM)",
  },
  {
    pattern: /NVRM:? \w{0,8} ?\w{5,60}: .{0,60}(?:failed|timed out|cannot|timeout)\b/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    fallback: true,
    message: "NVIDIA's driver reports an error of its own",
    fix: [
      driverLog,
      manualFix("Try the newest release of the branch (driver: {branch: …}), and a power cycle of the host"),
    ],
    source: "NVIDIA driver (NVRM)",
  },
];

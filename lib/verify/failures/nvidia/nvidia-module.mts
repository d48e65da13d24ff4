import type { Failure } from "../types.mts";
import { commandFix, guestFix, headers, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dkmsStatus, each, initramfs, nvidiaWords } from "../fixes.mts";

/**
 * Errors of DKMS, kmod and NVIDIA's installer about the driver's kernel module and its libraries.
 */
export const moduleFailures = (): Failure[] => [
  {
    pattern: /(?:nvidia-(?:nvswitch|modeset|uvm|peermem): (?:ERROR: )?|\[nvidia-drm\] .{0,40})Version mismatch/,
    check: "guest.driver",
    layer: "driver",
    message: "a program or library of NVIDIA's driver is of another release than the module that is loaded",
    fix: [
      manualFix("Reboot, so that the module of the release that is installed is loaded", { reboot: true }),
      manualFix(
        "Install all parts in one release from one source (module, libraries, nvidia-fabricmanager, " +
          "nvidia-persistenced)",
      ),
    ],
    source: "NVIDIA driver; NVIDIA/gpu-operator#121 (2020-12)",
  },
  {
    pattern: anyOf(
      /Key was rejected by service/,
      /Loading of (?:unsigned module|module with unavailable key) is rejected/,
      /unsigned module loading is restricted/,
      /Required key not available/,
      /Secure boot is enabled on this system, so this is likely because it was not signed/,
    ),
    near: /nvidia|modprobe|insmod|module|dxgkrnl|vbox|vfio/i,
    check: "guest.firmware",
    layer: "driver",
    message: "Secure Boot is on and refuses a driver module that was built on this machine",
    fix: [
      manualFix(
        "For the VM: start it with OVMF without Secure Boot (Hyper-V: Set-VMFirmware -VMName NAME " +
          "-EnableSecureBoot Off)",
      ),
      manualFix("Or use a module that the distribution has signed (Ubuntu: linux-modules-nvidia-…)"),
      manualFix(
        "On a host that keeps Secure Boot: enrol the key that signed it (mokutil --import FILE: Ubuntu " +
          "/var/lib/shim-signed/mok/MOK.der, Debian /var/lib/dkms/mok.pub, Fedora " +
          "/etc/pki/akmods/certs/public_key.der), then reboot and confirm it on the screen",
      ),
    ],
    source: "kmod and Linux; NVIDIA/gpu-driver-container#44 (2023)",
  },
  {
    pattern: /could not insert '?(?:nvidia\w{0,10}|amdgpu|radeon|nouveau|i915|xe)'?: Invalid argument/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message:
      "the card's driver does not load (Invalid argument): an option in /etc/modprobe.d is wrong, the kernel has " +
      "nomodeset, or (NVIDIA, DKMS) it was built for another kernel or another of its modules did not load before it",
    fix: [
      guestFix("Read the kernel's reason", "dmesg --level err,warn"),
      guestFix("Compare the kernel with the module's", "sh -c 'uname -r; modinfo -F vermagic MODULE'"),
      guestFix("Check the options, and nomodeset", "sh -c 'cat /proc/cmdline; grep -rn ^options /etc/modprobe.d'"),
    ],
    source: "kmod, Linux (EINVAL of init_module); cisagov/kali-packer#6 (2020-03)",
  },
  {
    pattern: anyOf(
      /nvidia\w{0,10}: version magic '[^']{1,120}' should be/,
      /could not insert '?nvidia\w{0,10}'?: (?:Exec format error|Unknown symbol in module)/,
      /nvidia\w{0,10}: disagrees about version of symbol /,
      /nvidia\w{0,10}: Unknown symbol (?!_{0,2}acpi_video_|nvKms|nvUvmInterface|nvidia_)/,
    ),
    check: "guest.driver",
    layer: "driver",
    message: "NVIDIA's module was built for another kernel than the one that runs",
    fix: [
      guestFix("Compare the two", "sh -c 'uname -r; modinfo -F vermagic nvidia'"),
      dkmsStatus,
      guestFix("Build it for the kernel that runs", "dkms autoinstall"),
      manualFix("After an update of the kernel: reboot first (ls /lib/modules names the newest)"),
      manualFix("If the kernel was updated: reboot into the newest one, for which it was built", { reboot: true }),
    ],
    source: "Linux (kernel/module), kmod; negativo17/nvidia-driver#97 (2020), kind to date",
  },
  {
    pattern: /nvidia\w{0,10}: Unknown symbol _{0,2}acpi_video_\w/,
    check: "guest.driver",
    layer: "driver",
    message: "NVIDIA's module needs a part of the kernel (video, for the backlight) that is not loaded, or that this " +
      "kernel does not have",
    fix: [
      guestFix("Load it, then NVIDIA's modules", "sh -c 'modprobe video && modprobe nvidia_modeset'"),
      manualFix(
        "If it is not found: install the rest of the kernel's modules (Ubuntu: linux-modules-extra), or a kernel " +
          "with ACPI_VIDEO; in a driver container: load it on the node first",
      ),
    ],
    source: "Linux (kernel/module); siderolabs/talos#12108 (2025-10), NVIDIA/gpu-driver-container#190 (2025-01)",
  },
  {
    pattern: /nvidia\w{0,10}: Unknown symbol (?:nvKms|nvUvmInterface|nvidia_)\w/,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "one of NVIDIA's modules did not load, so that those which need it do not either; the first one's own " +
      "lines say why",
    fix: [
      guestFix("Read the kernel's reason", "dmesg --level err,warn"),
      guestFix("Load them in order", "modprobe -v nvidia_drm"),
    ],
    source: "Linux (kernel/module), NVIDIA/open-gpu-kernel-modules; siderolabs/talos#12108 (2025-10)",
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
    source: "kmod (modprobe), read 2026-11",
  },
  {
    pattern: anyOf(
      /Driver\/library version mismatch|LIB_RM_VERSION_MISMATCH|NVMLError_LibRmVersionMismatch|NVML\/RM version mismatch/,
      /API mismatch: the (?:NVIDIA kernel module|client) has (?:the )?version/,
      /NVRM: API mismatch/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message:
      "the driver's libraries and its loaded kernel module are of two releases: updated without a reboot, of two " +
      "sources, or, in a container only, the image brings libraries of its own",
    fix: [
      guestFix("Reboot the VM", "reboot"),
      manualFix(
        "If nvidia-smi works outside of the container: create the container again, and remove the driver's packages " +
          "(libnvidia-*, nvidia-utils-*) from its image",
      ),
      manualFix("If the error remains: module and libraries come from two sources; install both in one version"),
    ],
    source: "nvidia-smi (NVML), NVRM, read 2026-11",
  },
  {
    pattern: anyOf(
      /NVIDIA probe routine was not called for/,
      /Nouveau kernel driver is currently in use/,
      /nouveau, rivafb, nvidiafb/,
      /could not insert '?nvidia'?: No such device/,
      /NVRM: GPU \S{1,16} is already bound to/,
    ),
    check: "guest.driver",
    layer: "driver",
    message: "another driver has the card, such as nouveau (in a host that passes it on, vfio-pci has it on purpose)",
    fix: each(
      guestFix("Check which", "lspci -nnk -d 10de:"),
      manualFix(
        "Blacklist nouveau: a file in /etc/modprobe.d with “blacklist nouveau” and “options nouveau modeset=0”",
        {
          root: true,
        },
      ),
      initramfs,
      manualFix("If the card is on vfio-pci on the host: nothing to do there; the driver belongs into the VM"),
    ),
    source: "NVIDIA driver (nv.c), nvidia-installer, read 2026-11",
  },
  {
    pattern: anyOf(
      /modprobe: FATAL: Module nvidia\w{0,10} is in use/,
      /could not remove '?(?:module )?nvidia\w{0,10}'?: |Error running remove command for nvidia/,
      /rmmod: ERROR: Module nvidia\w{0,10} is in use|unload NVIDIA driver kernel modules, driver is in use/,
      /An NVIDIA kernel module '?nvidia\S{0,10}'? appears to (?:already )?be loaded/,
    ),
    check: "gpu.in-use",
    layer: "kernel",
    message: "programs hold NVIDIA's module: the persistence daemon, a display server, or the console's framebuffer",
    fix: [
      commandFix("Check which programs hold the card", "fuser -v /dev/nvidia* /dev/dri/*", { root: true }),
      remedies.persistenced,
      commandFix("Check which modules hold it; unload them first", "lsmod | grep nvidia"),
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
      commandFix("Check which programs hold the card", "fuser -v /dev/dri/* /dev/nvidia*", { root: true }),
      remedies.persistenced,
      remedies.bindAtBoot,
    ],
    source: "NVIDIA driver (nv-pci.c), Linux 6.1 (vfio); QaidVoid/Complete-Single-GPU-Passthrough#44 (2023)",
  },
  {
    pattern: anyOf(
      /open failed: \S{1,120}libnvidia-[\w-]{1,40}\.so\.\d/,
      /mounting "[^"]{1,160}(?:nvidia|cuda)[^"]{0,60}\.so\.\d{3}[\d.]{0,12}" to rootfs .{0,400}no such file/,
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
    pattern: anyOf(
      /libnvidia-ml\.so(?:\.1)?(?:: cannot open|'(?!, which is also in package)|: not found| not found)|couldn't find libnvidia-ml\.so/,
      /could not load NVML library|initialization error: cannot open shared object/,
      /NVMLError_LibraryNotFound|NVML library; err: ERROR_LIBRARY_NOT_FOUND|NVML Shared Library Not Found|nvml\S{0,40} library not found/,
    ),
    check: "guest.driver",
    layer: "driver",
    message: "NVIDIA's libraries are missing: the driver is not installed there, or only its module",
    fix: [
      manualFix("Build the box with gpu:, which installs the driver"),
      guestFix("Check which libraries are there", "ldconfig -p"),
      manualFix("In a container: it was started without a GPU (gpu: 1 for that service)"),
    ],
    source: "nvidia-container-cli, nvidia-smi, Go-NVML, read 2026-11",
  },
];

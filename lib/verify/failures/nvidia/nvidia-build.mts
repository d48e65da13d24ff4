import type { Failure } from "../types.mts";
import { commandFix, guestFix, headers, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { each, install, nvidiaWords, rebuildBox } from "../fixes.mts";

/** Errors that occur while NVIDIA's driver is built or installed. */
export const nvidiaBuildFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /(?:kernel )?headers for kernel \S{1,80} cannot be found|kernel headers for this kernel does not seem to be installed/,
      /cannot stat '\/lib\/modules\/\S{1,60}\/build\/\.config'/,
      /\bMissing \S{1,80} kernel headers for module|\/lib\/modules\/\S{4,60}\/build'?: No such file/,
      /Unable to find the kernel source tree for the currently running kernel/,
      /kernel (?:source|output) path '[^']{1,160}' does not exist/,
      /kernel header file '[^']{1,160}' does not exist|Unable to determine the version of the kernel sources/,
      /Files needed for building modules against kernel \S{1,80} could not be found|nothing provides kernel-devel/,
    ),
    near: /dkms|nvidia|\bakmod|gpu-kernel-modules|kernel-open|kernel (?:source|output|headers)/i,
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
    pattern: /is needed by (?:akmod-|kmod-)?nvidia-\S{1,60}/,
    near: nvidiaWords,
    check: "guest.driver",
    layer: "packages",
    message: "akmods cannot build the driver's module: a package that it builds with is not installed",
    fix: [
      guestFix("Install what it names (most often the compiler)", "dnf install -y gcc gcc-c++ make kernel-devel"),
      guestFix("Build it again", "akmods --force"),
    ],
    source: "akmods; negativo17/nvidia-driver#192 (2026-02), terrapkg/packages#10361 (2026-03)",
  },
  {
    pattern: anyOf(
      /Building DKMS module: nvidia-\S{1,30} FAILED|DKMS module 'nvidia-\S{1,30}' failed to build/,
      /Bad return status for module build on kernel(?![^]{0,120}\/dkms\/(?:nvidia-fs|(?!nvidia)))/,
      /DKMS module '?nvidia\S{0,30} failed to build/,
      /BUILD_EXCLUSIVE directive which does not match this kernel/,
      /dkms: autoinstall for kernel:? \S{1,60} failed/,
      /modpost: \S{1,80} \[\S{0,60}nvidia[^\]]{0,60}\] undefined/,
      /modpost: \S{0,120}\/nvidia\S{0,20}: sizeof\(struct /,
      /\bdkms(?: autoinstall)? on \S{1,60} failed for nvidia/,
      /too few arguments to function .{0,4}pci_resize_resource/,
      /\/var\/lib\/dkms\/nvidia[\w-]{0,20}\/[\d.]{3,16}\/build\]? \S{3,12} \d/,
      /\/dkms\/nvidia[\w-]{0,20}\/[\d.]{3,16}\/build'? make\S{0,3}: \*\*\* /,
      /make\S{0,4}: \*\*\* \[.{0,160}\/(?:NVIDIA-Linux-|nvidia-kmod|kernel-open\/|nvidia\/nv)/,
      /Application of patch \S{1,80} failed/,
      /Building and installing nvidia-\S{0,20} \[FAILED\]|akmods\/nvidia\S{0,80}\.failed\.log/,
      /nvidia[\w-]{0,12} kernel module was (?:successfully built|not created)/,
      /\bnvidia[\w.\/+-]{0,120}\.[ch]:\d{1,6}:\d{1,5}: (?:fatal )?error: /,
      /Bad exit status from \/var\/tmp\/rpm-tmp\.\w{4,10} \(%build\)/,
      /nvidia-dkms-\S{1,40} package post-installation script subprocess returned error/,
      /An error occurred while performing the step: .{0,3}Building kernel modules/,
      /Unable to build the NVIDIA kernel module/,
      /implicit declaration of function|has no member named|passing argument \d of .{1,80}incompatible/,
      /Makefile\.build:\d{1,4}: (?:\S{1,120}\/)?nvidia[\w-]{0,12}\.o\] Error 255|\bnvidia[\w-]{0,12}\.o: error: objtool: /,
      /too (?:few|many) arguments to function/,
      /\[-W(?:error=)?(?:implicit-function-declaration|incompatible-pointer-types|int-conversion)\]/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "driver",
    message: "the driver's module does not build for this kernel: the driver is too old for it (or the kernel too new)",
    fix: [
      manualFix("Read the first error in the make.log that it names"),
      manualFix(`Write a newer driver release or branch (driver:), or boot an older kernel or image, ${rebuildBox}`),
    ],
    source:
      "DKMS 3.0, nvidia-installer; pop-os/pop#3811 (2026-01), negativo17/nvidia-driver#188 (2025-12); seen with " +
      "550 on Linux 6.12",
  },
  {
    pattern: /GPL-incompatible module nvidia\S{0,12} uses GPL-only symbol/,
    check: "guest.driver",
    layer: "driver",
    message: "this kernel gives a function to modules under the GPL only, so that the proprietary modules do not build",
    fix: [
      manualFix(
        `Write driver: {modules: open} (Turing and later), or use the distribution's usual kernel, ${rebuildBox}`,
      ),
    ],
    source: "Linux (scripts/mod/modpost.c), read 2026-11",
  },
  {
    pattern: anyOf(
      /Unable to find the development tool [`']|CC version check(?: failed|\. Bailing out)/,
      /cc_version_check\]|compiler used to compile .{0,80}kernel/,
      /unrecognized command.line option|gcc: error: unrecognized|plugin .{0,60}was built for a different/,
      /cc1: error: .{0,80}plugin|\bgcc-\d{1,2}: .{0,20}(?:not found|No such file)/,
      /You do not appear to have libc header files installed|Unable to find the (?:system|module) utility/,
    ),
    near: nvidiaWords,
    check: "guest.driver",
    layer: "packages",
    message: "the compiler that the kernel was built with is missing, so the driver's module cannot be built",
    fix: each(
      install("Install it", { apt: "build-essential", dnf: "gcc make", pacman: "base-devel", zypper: "gcc make" }),
      manualFix("If there is one of another release: install the one that /proc/version names"),
    ),
    source: "nvidia-installer, read 2026-11",
  },
  {
    pattern: anyOf(
      /You appear to be running an X server|The distribution-provided pre-install script failed/,
      /pre-install script failed|presence of an alternate driver installation/,
    ),
    near: nvidiaWords,
    check: "gpu.in-use",
    layer: "packages",
    message:
      "NVIDIA's installer does not run while a display server does, or where the distribution has its own driver " +
      "packages",
    fix: [
      manualFix("Use the distribution's packages instead of the .run file"),
      commandFix("Or stop the display server first", "systemctl isolate multi-user.target", { root: true }),
    ],
    source: "nvidia-installer, read 2026-11",
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
    pattern: /No drivers found for (?:automatic )?installation/,
    check: "guest.driver",
    layer: "driver",
    message: "ubuntu-drivers sees no card that its packages are for: none is passed in, or it is too new or too old",
    fix: [
      guestFix("Show the machine's cards", "lspci -nn -d 10de:"),
      manualFix("If it is there: install a package by name (nvidia-driver-580-open), or use a newer release of Ubuntu"),
    ],
    source: "ubuntu-drivers-common, read 2026-11",
  },
  {
    pattern:
      /\bFailed to (?:enroll new keys|enroll blacklist|write MokPW|issue a reset request|request new MOK state)\b/,
    check: "guest.firmware",
    layer: "driver",
    message:
      "mokutil could not store the key: the file is no DER certificate, or the firmware has no room or is locked",
    fix: [
      guestFix("Show Secure Boot's state, and keys that wait", "sh -c 'mokutil --sb-state; mokutil --list-new'"),
      manualFix("Give it the certificate as DER (openssl x509 -outform DER), or enroll it in the firmware's own menu"),
      manualFix("For the VM: start it with OVMF without Secure Boot"),
    ],
    source: "mokutil 0.6, read 2026-11",
  },
  {
    pattern: /EFI variables are not supported on this system|This system doesn't support Secure Boot/,
    check: "guest.firmware",
    strength: "note",
    layer: "driver",
    message: "this machine starts without UEFI or without Secure Boot, so that modules need no signature here",
    fix: [manualFix("Leave out mokutil and the signing; look for another error")],
    source: "mokutil 0.6, read 2026-11",
  },
  {
    pattern: /WARNING: .{0,80}apply_(?:retpolines|returns|alternatives)\b/,
    near: /nvidia|nouveau/i,
    check: "guest.driver",
    strength: "symptom",
    layer: "driver",
    message: "a module was built without the protections of the kernel that loads it (other compiler or options)",
    fix: [
      manualFix("Build it again on that kernel, with its headers and its compiler: install the driver's package again"),
    ],
    source: "Linux (x86 alternatives); NVIDIA/nvtrust#72 (2024-10)",
  },
  {
    pattern: anyOf(
      /autoinstall for kernel: \S{1,60} failed|One or more modules failed to install during autoinstall/,
      /postinst\.d\/dkms exited with return code|dkms: running auto installation service for kernel \S{1,60} failed/,
    ),
    check: "guest.driver",
    strength: "symptom",
    fallback: true,
    layer: "driver",
    message:
      "DKMS did not build one of its modules for a kernel; the lines above and its make.log name module and error",
    fix: [
      commandFix("Check which modules were built for which kernels", "dkms status"),
      manualFix("Take a newer release of that module, or boot the older kernel, for which it was built"),
    ],
    source: "DKMS (dkms, kernel_postinst.d); xanmod/linux#412 (2024-02)",
  },
];

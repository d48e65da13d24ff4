import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { nvidiaWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const log = "Read the lines before it in /var/log/nvidia-installer.log";
const packages = "Better: the distribution's packages, which fit its kernel (sudo nvidia-uninstall removes the .run)";
const legacy = "Check which branch has the card: nvidia.com/en-us/drivers/unix/legacy-gpu";

/** Messages of NVIDIA's .run installer (nvidia-installer) about the system that it finds. */
export const nvidiaInstallerFailures = (): Failure[] => [
  ...rows({
    layer: "driver",
    near: nvidiaWords,
    source: "NVIDIA/nvidia-installer (kernel.c, misc.c, sanity.c), read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /[Tt]he kernel source path '[^']{0,120}' (?:is invalid|does not exist)|Invalid kernel (?:source|module installation) path/,
        /Neither the '[^']{1,200}' nor the '[^']{1,200}' kernel header file exists/,
        /Unable to determine kernel module installation path/,
      ),
      "NVIDIA's installer finds no headers of the kernel that runs, so it cannot build the module",
      "Install them: linux-headers-$(uname -r) (Debian, Ubuntu), kernel-devel-$(uname -r) (Fedora), linux-headers " +
      "(Arch)",
      "If there are none for this kernel, update it and restart first",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /kernel module '[^']{1,40}' appears to be already loaded in your kernel/,
        /NVIDIA kernel module '[^']{1,40}' (?:is in use|could not be unloaded)/,
        /Unable to (?:unload|remove) the 'nvidia[^']{0,20}' kernel module/,
      ),
      "an older module of NVIDIA's is loaded and in use (a desktop, a CUDA program, nvidia-persistenced), so the " +
      "installer cannot replace it",
      guestFix("Check what uses the card", "sh -c 'fuser -v /dev/nvidia* ; systemctl is-active nvidia-persistenced'"),
      "Stop those programs, leave the desktop (systemctl isolate multi-user.target), and install again; or install " +
      "and restart",
    ],
    [
      "guest.driver",
      "cause",
      /configuration files? to disable Nouveau are already present/,
      "nouveau still has the card, although it is blocked: the machine was not restarted since, or nouveau is " +
      "loaded from the initramfs",
      "Rebuild the initramfs (update-initramfs -u, dracut -f --regenerate-all, mkinitcpio -P), and restart",
      commandFix("Then see that it is gone; no line is right", "lsmod | grep nouveau"),
    ],
    [
      "guest.driver",
      "cause",
      /are supported through NVIDIA legacy Linux graphics drivers and will be ignored/,
      "the card is too old for this branch of the driver: it needs a legacy branch (580 for Maxwell to Volta, 470 " +
      "for Kepler)",
      legacy,
      "Install that branch instead of this one",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /kernel modules are incompatible with the GPU\(s\) detected on this system/,
        /requires the open GPU kernel modules, but contains GPUs which are not supported/,
        /is unlikely to support the open GPU kernel modules/,
      ),
      "the kind of module does not fit the card: cards before Turing need the proprietary modules, Blackwell and " +
      "later the open ones",
      "Choose the kind: sudo sh ./NVIDIA-Linux-….run --kernel-module-type=open (or =proprietary)",
      legacy,
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /option can only be used to install (?:the NVIDIA )?kernel modules on top of an existing driver installation/,
        /Unable to find any installed NVIDIA driver/,
      ),
      "the installer was started to install the modules only, and there is no driver of the same version here",
      "Install the whole driver of that version (without --kernel-modules-only)",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /installed file '[^']{1,160}' (?:no longer exists|has a different checksum)/,
        /backed up file '[^']{1,160}' (?:\(saved as|no longer exists)/,
      ),
      "files of the driver were changed or removed since it was installed, as by an update of the distribution's " +
      "packages",
      "Install one driver only: remove the .run (nvidia-uninstall) or the packages, then install the other again",
    ],
    [
      "guest.driver",
      "cause",
      /Kernel module load error: No such file or directory/,
      "NVIDIA's module needs a name (symbol) that the kernel and its loaded modules do not have: a vGPU host's needs " +
      "vfio and mdev, and each release fits certain kernels",
      commandFix("Read which", "dmesg | grep -i 'unknown symbol' | tail", { root: true }),
      "vGPU: modprobe vfio mdev first; if the kernel has no mdev, take a release of the driver for this kernel",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /The (?:'[^']{1,60}' kernel modules are|kernel module build directory '[^']{1,80}' is) not present in this installer/,
        /'[\w.-]{1,60}' is not a valid kernel module (?:type|directory)/,
        /Conflicting options set the kernel module build directory|Unable to determine recommended module type/,
      ),
      "the installer was asked for a kind of kernel modules (open, proprietary) that this package does not have",
      "Start it with --kernel-module-type=open (Turing and later) or =proprietary (before Blackwell), not with both",
      "A package with one kind only, as of a vGPU release: without that option",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /Invalid commandline, please run `[^`]{1,80}\.run|The --[\w-]{3,40} option is no longer supported/,
        /Invalid (?:option|parameter for) '--force-|Option '--systemd' was specified but|Invalid concurrency level/,
      ),
      "NVIDIA's installer does not take an option of its command line",
      "Compare with its own list: sh ./NVIDIA-Linux-….run --advanced-options",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Failed to rebuild the initramfs!/,
        /An initramfs rebuild was requested on the installer command line, but a suitable tool was not found/,
      ),
      "the driver is installed, and the initramfs is still the old one: it can load nouveau before NVIDIA's driver",
      "Rebuild it (update-initramfs -u, dracut -f, mkinitcpio -P), read its error, and restart",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /Failed to (?:remove (?:installed DKMS module|some installed files)|restore some backed up files|delete some directories)/,
        /ERROR: Uninstallation failed|An error occurred while running depmod or ldconfig after uninstallation/,
      ),
      "the driver that was installed before was not removed whole, so that parts of two releases can be mixed",
      "Remove the rest: the file that the message names lists it; dkms status, and dkms remove nvidia/VERSION --all",
      packages,
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /The \S{1,40} sanity check failed/,
        /The (?:\S{1,40} )?kernel module (?:failed to (?:load|build)|was not created)/,
        /Unable to (?:link kernel module|create a temporary build directory|copy the kernel module sources)/,
        /Failed to (?:attach signature|unpack the precompiled file|link a kernel module for signing)/,
        /(?:Failed to (?:run|execute) `[^`]{1,160}`: |Failure executing command '|\S{1,30} hook script failed)/,
        /Unable to (?:open|create|write|map|delete|copy|add)\b.{0,80}(?:precompiled kernel interface|for (?:copying|reading) \()/,
        /Failed to (?:create a|load) DKMS tarball/,
      ),
      "a step of NVIDIA's installer failed, for the reason in the same message or in the lines before it",
      log,
      packages,
    ],
    [
      "guest.driver",
      "symptom",
      /kernel modules are supported on some GPUs in this system, and unsupported on others/,
      "the kind of modules that is installed does not know one of this system's cards: that card will not work",
      "Choose the other kind, if it knows all cards: --kernel-module-type=proprietary for those before Turing, open " +
      "for Blackwell and later",
      "If none knows both cards: leave one to another driver (nouveau), or to a VM (vfio-pci)",
      guestFix("Check which cards work", "nvidia-smi -L"),
    ],
    [
      "guest.driver",
      "note",
      anyOf(
        /option is deprecated: {1,2}nvidia-installer will ignore/,
        /Failed to (?:\w{2,12} the udev event queue|determine presence of X lock file)/,
      ),
      "a warning of NVIDIA's installer that stops nothing",
      guestFix("Check whether the driver works", "nvidia-smi"),
    ],
  ]),
  ...rows({
    layer: "driver",
    near: nvidiaWords,
    shared: true,
    source: "NVIDIA/nvidia-installer (files.c, backup.c, command-list.c), read 2026-11",
  }, [
    [
      "guest.driver",
      "symptom",
      /ERROR: (?:Unable to|Failure|Error while) (?:back ?up|creat|determin|delet|remov|copy|open|writ|read|map|mmap|unmap|set|get|resolv|clos|pars)[^()\n]{3,160}(?: for (?:copying|reading))? \([A-Z][\w ]{4,40}\)/,
      "NVIDIA's installer could not work with a file, for the reason in brackets",
      "Permission or read-only: run it with sudo on the system itself, not in a container or an image-based system",
      "No space: free some in / and in /tmp (or give it another folder: --tmpdir=)",
      log,
    ],
  ]),
];

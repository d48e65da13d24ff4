import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { dkmsStatus, nvidiaWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const makeLog = "Read the first error in the log that it names (make.log, /var/log/nvidia-installer.log)";
const packages = "Use the distribution's packages instead of the .run file, and remove what it left (nvidia-uninstall)";
const which = guestFix("List the modules and packages", "sh -c 'modinfo -F version nvidia; dkms status'");

/** Messages of nvidia-installer, DKMS, akmods and kmod about NVIDIA's module. */
export const installFailures = (): Failure[] => [
  ...rows({
    layer: "driver",
    near: nvidiaWords,
    source: "NVIDIA/nvidia-installer, dkms-project/dkms, kmod, read 2026-11",
  }, [
    [
      "guest.firmware",
      "cause",
      anyOf(
        /could not insert '?nvidia\w{0,12}'?: (?:Operation not permitted|Permission denied)/,
        /kernel module failed to load.{0,40}(?:not signed|signature)|lockdown: .{0,80}unsigned module/,
      ),
      "the kernel refuses NVIDIA's module: Secure Boot or its lockdown mode is on and the module is not signed, or " +
      "this is a container",
      "Turn Secure Boot off for the VM, or sign the module with a key that is enrolled (mokutil --import)",
      "In a container, load modules on the host",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /DKMS kernel modules with version \S{1,20} are already installed/,
        /is not located in the DKMS tree|already added to the DKMS tree/,
      ),
      "DKMS has another release of NVIDIA's module than the one that was asked for",
      dkmsStatus,
      "Remove the old one (dkms remove nvidia/VERSION --all), then install again",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /dkms will not function properly without some free space|Problems with depmod detected/,
        /Error! (?:Unable to make temporary (?:directory|file)|Missing write permissions for|Failed to make tarball)/,
        /do_build: final mv failed|Error! Copying '[^']{1,160}' failed/,
      ),
      "DKMS cannot write: the disk with /tmp or /lib/modules is full or read-only",
      guestFix("Check the free space", "df -h / /tmp /lib/modules"),
    ],
    [
      "guest.driver",
      "note",
      /Module version \S{1,40} for nvidia\S{0,20} is not newer than|DKMS tree already contains: nvidia/,
      "DKMS does not replace a module that already exists in this release or a newer one",
      which,
      "If the wrong one stays: dkms remove it, then dkms install --force the wanted one",
    ],
    [
      "guest.driver",
      "cause",
      /Running %post for akmod-|%post\(akmod-|akmods?: .{0,60}(?:fail|error)/,
      "the module could not be built while the package was installed (akmods), most often for lack of the kernel's " +
      "matching headers",
      "Update the whole system to one kernel first (dnf upgrade, rpm-ostree upgrade), then install it",
      makeLog,
    ],
    [
      "guest.driver",
      "cause",
      /module not found: .?nvidia|dracut-install: .{0,60}nvidia|file not found: '\/lib\/modules\/\S{1,60}nvidia/,
      "the initramfs should contain NVIDIA's modules, and this kernel has none: they were not built",
      dkmsStatus,
      "Remove them from MODULES in /etc/mkinitcpio.conf, or build them first",
    ],
    [
      "guest.driver",
      "cause",
      /could not open moddep file|modules\.dep\.bin|depmod: ERROR: could not open directory \/lib\/modules\//,
      "there are no modules for the kernel that runs: this is a container, WSL, or a kernel whose package is gone",
      "Load modules on the host; otherwise reboot into an installed kernel",
    ],
    [
      "guest.driver",
      "cause",
      /\/dkms\/nvidia-fs\/|nvidia-fs\S{0,20}: .{0,60}fail/,
      "nvidia-fs (GPUDirect Storage) does not build for this kernel; the GPU works without it",
      "Remove it (apt-get remove nvidia-fs-dkms nvidia-gds), or use a newer release or an older kernel",
    ],
    [
      "guest.driver",
      "cause",
      /dkms: (?:command )?not found|dkms.{1,3}is (?:currently )?not installed|Failed to find dkms on the system/,
      "DKMS is not installed, so the module is not built for new kernels",
      "Install dkms and the kernel's headers, then the driver again",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /symbol lookup error: \S{0,120}(?:nvidia|libcuda|libnvcu)|undefined symbol: (?:nvml|cu[A-Z])\w{3,60}/,
        /libnvidia-\S{1,60}: undefined symbol/,
      ),
      "NVIDIA's libraries are of different releases, or an older one is found first",
      "Remove the libraries of other releases (also from LD_LIBRARY_PATH), and install one release",
      which,
    ],
    [
      "guest.driver",
      "cause",
      /Unable to create '[^']{1,120}' for copying \(Read-only file system\)/,
      "NVIDIA's installer is not allowed to write there: the system's folders are read-only (Silverblue, CoreOS, a " +
      "container)",
      "Use the distribution's packages (rpm-ostree install akmod-nvidia), or an image that has the driver",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /Error in (?:MD5|SHA\d{1,3}) checksums|Signature Error: the archive checksum/,
        /nvidia-installer: (?:Exec|cannot execute|\d: Syntax)|NVIDIA-Linux-\S{1,60}\.run: (?:Permission denied|cannot execute)/,
        /nvidia-installer must be run as root|No package found for installation\. {1,2}Please run/,
        /Failure opening package's \.manifest file|Invalid \.manifest file; error on line/,
      ),
      "the installer's file is damaged, is for another processor, or was started without root",
      "Download it again for this processor (x86_64, aarch64), and run: sudo sh ./NVIDIA-Linux-….run",
      packages,
    ],
    [
      "guest.driver",
      "note",
      anyOf(
        /Unable to find a suitable destination to install 32-bit|nvidia-installer was forced to guess/,
        /Unable to determine the (?:default )?.{0,30}path.{0,80}(?:X|libglvnd|Vulkan)/,
        /Vulkan ICD will not function|no Vulkan ICD loader was detected/,
        /certs\/signing_key\.pem: No such file|Possibly missing firmware for module: .nvidia/,
      ),
      "a warning while the driver is installed (display or 32-bit files, a signature), which computing does not need",
      "Nothing to do if nvidia-smi works (with Secure Boot on, modules have to be signed)",
    ],
    [
      "guest.driver",
      "note",
      anyOf(
        /NVIDIA kernel modules will be installed, but will not|module will not be installed\. As a result/,
        /nvidia-installer .{0,80}initramfs/,
        /aplay command not found/,
      ),
      "the installer or ubuntu-drivers skipped a part; see whether the driver works",
      guestFix("Check whether it works", "nvidia-smi"),
    ],
    [
      "guest.driver",
      "fallback",
      anyOf(
        /Installation has failed\. {1,2}(?:Please|You)|nvidia-installer\.log/,
        /Kernel module (?:load|compilation) error|error was encountered when loading the kernel/,
      ),
      "NVIDIA's installer gave up; its log says why",
      makeLog,
      packages,
    ],
    [
      "guest.driver",
      "fallback",
      anyOf(
        /(?:modprobe|insmod|rmmod): (?:ERROR|FATAL): .{0,120}nvidia|Error! .{0,100}nvidia/,
        /nvidia-\S{1,40}\.service: (?:Failed|Main process)/,
        /\bnvidia-(?!modeset|uvm|smi(?:docker|podman|Error))\w{3,20}: .{0,80}(?:cannot(?! verify)|fail|error|fatal)/,
      ),
      "a module or service of NVIDIA's driver did not start",
      which,
      guestFix("Read what the driver says", "dmesg --level err,warn"),
    ],
  ]),
];

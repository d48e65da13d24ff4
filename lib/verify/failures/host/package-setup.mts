import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** What keeps packages of drivers and kernels half installed: a full /boot, old diversions, a missing compiler. */
export const packageSetupFailures = (): Failure[] => [
  ...rows({
    layer: "packages",
    source: "initramfs-tools, zstd, lz4; nodejs/build#3296 (2023-04), ROCm/rocm-install-on-linux#629 (2025-12)",
  }, [
    [
      "host.disk",
      "cause",
      /Write error : cannot write (?:compressed )?block|mkinitramfs failure (?:zstd|lz4|gzip|xz|pigz|cpio \d{1,3} (?:zstd|lz4|gzip|xz|pigz))/,
      "the initramfs could not be written: its file system (/boot) is full, for NVIDIA's and AMD's modules and " +
      "firmware make it large",
      guestFix("Check the free space, and the kernels there", "sh -c 'df -h /boot; ls -sh /boot'"),
      guestFix("Remove kernels that are no longer needed", "apt-get autoremove --purge"),
      guestFix("Then finish the installation", "dpkg --configure -a"),
      "If it stays full: MODULES=dep in /etc/initramfs-tools/initramfs.conf makes it smaller; then update-initramfs -u",
    ],
  ]),
  ...rows({
    layer: "packages",
    near: /dependency problems/,
    source: "dpkg; elFarto/nvidia-vaapi-driver#173 (2023-02)",
  }, [
    [
      "tools.present",
      "cause",
      /dpkg: error processing package \S{1,80} \(--install\)/,
      "dpkg -i installed a package without the packages that it needs, which dpkg does not fetch",
      guestFix("Install what is missing", "apt-get install -f"),
      "Next time: apt-get install ./FILE.deb; if a needed one is not to be had: take the package for this release",
    ],
  ]),
  ...rows({
    layer: "packages",
    source: "geckolinux/geckolinux-project#508 (2023-06), linux-surface#1038 (2023-01), openzfs/zfs#17271 (2025-04)",
  }, [
    [
      "tools.present",
      "cause",
      /(?:nothing provides '?|requires )kernel-uname-r = /,
      "a module's package (kmod, KMP) is built for one kernel, which is not to be had or not the new one: its source " +
      "lags behind the kernel, or the kernel is an own build",
      "Keep the kernel that the module fits (dnf update --exclude='kernel*'; zypper: keep the obsolete one), and " +
      "update again in some days",
      "For an own kernel, or without waiting: the module's akmod or DKMS package, which builds it here",
    ],
    [
      "tools.present",
      "cause",
      /installed package \S{1,100} conflicts with kernel(?:-\w{1,12})? [<>]=? \S/,
      "an installed module (ZFS, a driver) does not support the new kernel yet, and its package keeps that kernel out",
      "Wait for the module's next release; until then: dnf update --exclude='kernel*'",
    ],
    [
      "guest.driver",
      "cause",
      /Package has no %description: kmod-/,
      "akmods does not know that kernel: its devel package is missing, or an own build of the kernel has a name that " +
      "akmods does not expect",
      "Install the devel package of exactly that kernel (kernel-devel), then akmods --force",
      "For an own kernel: take the module's DKMS package in place of akmods",
    ],
  ]),
  ...rows({ layer: "packages", source: "fedora-silverblue/issue-tracker#709 (2026-08), #511 (2023-11)" }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /requires \(kernel-devel-matched if kernel-core\)/,
        /kernel-devel-matched-\S{1,60} .{0,40}requires kernel-core = /,
      ),
      "the image has another kernel than the package sources have headers for (kernel-devel-matched), so akmods " +
      "cannot " +
      "build the driver now",
      "Wait some hours and run rpm-ostree upgrade again: image and sources are not published at the same time",
      "To have it for good: use an image with the driver inside (Universal Blue), and remove the layered akmod-nvidia",
    ],
  ]),
  ...rows({ layer: "packages", source: "dpkg (dpkg-divert), packages nvidia-304 to nvidia-390, read 2026-11" }, [
    [
      "tools.present",
      "cause",
      /dpkg-divert: error: (?:mismatch on package|rename involves overwriting)/,
      "an earlier driver's package has left a diversion of a file (such as libGL.so.1), so the new one cannot be " +
      "set up",
      guestFix("List the diversions", "dpkg-divert --list '*nvidia*'"),
      "Remove each one of a package that is gone: dpkg-divert --package NAME --rename --remove FILE, then " +
      "dpkg --configure -a",
    ],
  ]),
  ...rows({
    layer: "driver",
    near: /dkms|nvidia|make\.log|\bmake(?:\[\d\])?: |kernel/i,
    shared: true,
    source: "Linux (Makefile), DKMS; Ubuntu's kernels 6.5 and later for 22.04 (gcc-12), read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      /\bgcc-\d{1,2}: (?:(?:command )?not found|No such file)/,
      "the module is built with the compiler that built the kernel, which the line names, and it is not installed",
      "Install it, as for gcc-12: apt-get install -y gcc-12, then dkms autoinstall",
    ],
  ]),
];

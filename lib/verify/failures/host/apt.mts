import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { fetchWords, nvidiaWords } from "../fixes.mts";

/** Errors of package managers, mostly apt, about packages, sources and their network. */
export const aptFailures = (): Failure[] => [
  {
    pattern: /depends on libnvidia-(?:compute|ml|cfg|gl)\S{0,20} |configuration of libnvidia-ml-dev/,
    check: "tools.present",
    layer: "packages",
    message: "a package of CUDA's developers requires packages of the driver, which do not belong in a container " +
      "or next to a driver from another source",
    fix: [
      manualFix(
        "In a container: leave it out (its files come with the GPU); take an image " +
          "nvidia/cuda:…-devel for nvcc",
      ),
      manualFix(
        "On a machine: install cuda-toolkit-12-8 (or another release) rather than cuda, and keep " +
          "one source of the driver",
      ),
    ],
    source: "apt, NVIDIA's CUDA packages; mmartial/ComfyUI-Nvidia-Docker#23 (2025-04)",
  },
  {
    pattern: /'\/?\S{0,80}repomd\.xml' not found on medium|Repository '[^']{1,80}' is invalid/,
    check: "tools.present",
    layer: "packages",
    message: "a package source has nothing at that address for this release of the distribution: it is " +
      "old, or was moved",
    fix: [
      commandFix("List the sources and their addresses", "zypper repos --uri"),
      manualFix("Correct or remove it (zypper removerepo NUMBER), then zypper refresh"),
    ],
    source: "libzypp; general knowledge, 2026-11",
  },
  {
    pattern: anyOf(
      /unresolvable package conflicts detected|failed to prepare transaction \(conflicting dependencies\)/,
      /package \S{1,80} (?:from \S{1,60} )?conflicts with \S{0,20}nvidia/,
      /(?:Processing Conflict|Error): \S{0,40}nvidia\S{0,60} conflicts (?:with )?/,
      /:: \S{1,60} and \S{1,60} are in conflict|\S{1,60} \(NVIDIA-MODULE\)[.?]/,
    ),
    near: nvidiaWords,
    check: "tools.present",
    layer: "packages",
    message:
      "two packages exclude each other: drivers of two sources or kinds (open and proprietary, dkms and prebuilt) " +
      "cannot be installed together",
    fix: [
      manualFix(
        "Keep one source of the driver: see which packages are installed (rpm -qa | grep -i nvidia; pacman " +
          "-Qs nvidia)",
      ),
      manualFix("Remove those of the other one, then install again"),
    ],
    source: "pacman, dnf, yum; Frogging-Family/nvidia-all#305 (2025-09), negativo17/nvidia-driver#83 (2019-09)",
  },
  {
    pattern: anyOf(
      /none of the providers can be installed/,
      /nothing provides .{1,80} needed by (?:the to be installed )?(?:a?kmod-)?nvidia/,
      /Problem(?: \d{1,2})?: .{0,200}(?:conflicting requests|nothing provides|requires|conflicts with|cannot install|both)/,
      /cannot install both|nothing provides '?\S{1,80}|Failed to resolve the transaction/,
      /Could not depsolve transaction|package \S{1,120} requires \S{1,80}.{0,60}but none of/,
    ),
    near: /nvidia|cuda|docker|containerd|libvirt|qemu|packer|vagrant/i,
    strength: "symptom",
    check: "tools.present",
    layer: "packages",
    message:
      "the packages do not fit together: two sources are mixed, or the running release or kernel is older than " +
      "they need",
    fix: [
      manualFix(
        "Update the system and reboot first (dnf upgrade, zypper dup on Tumbleweed, zypper up on Leap), then " +
          "install again",
      ),
      manualFix(
        "Keep the driver and Docker from one source each (the distribution's or the maker's), and remove the " +
          "other's file in /etc/yum.repos.d or /etc/zypp/repos.d",
      ),
    ],
    source: "dnf, zypper; terrapkg/packages#14993 (2026), general knowledge, 2026-11",
  },
  {
    pattern: anyOf(
      /Unable to correct problems, you have held broken packages/,
      /E: Unmet dependencies\. Try 'apt --fix-broken install'/,
      /The following packages have unmet dependencies|^Unsatisfied dependencies:/,
      /Depends: \S{0,60}(?:nvidia|cuda)\S{0,60} .{0,80}(?:not going to be installed|not installable|is to be installed)/,
      /Held packages were changed and -y was used without/,
    ),
    near: /nvidia|cuda|docker|containerd|libvirt|qemu|packer|vagrant/i,
    strength: "symptom",
    check: "tools.present",
    layer: "packages",
    message: "the packages do not fit together: versions of two sources are mixed, or some are held back",
    fix: [
      commandFix("Check which sources offer which version", "apt-cache policy nvidia-driver-580 libnvidia-compute-580"),
      commandFix("Check what is held back", "apt-mark showhold"),
      manualFix(
        "Keep the driver from one source only (the distribution's or NVIDIA's): remove the other file in " +
          "/etc/apt/sources.list.d, update, install again",
      ),
    ],
    source: "apt, dnf; david-xinyuwei/david-share#3 (2025-01)",
  },
  {
    pattern: anyOf(
      /Invalid Release file, no entry for|doesn't support architecture '(?!i386)/,
      /Skipping acquire of configured file '(?![^']{0,80}i386)[^']{1,120}' as repository/,
    ),
    near: fetchWords,
    check: "tools.present",
    layer: "packages",
    message: "the release that was asked for has no packages for that architecture or component",
    fix: [manualFix("Correct the architecture or the release (debootstrap: in the config, or the source's line)")],
    source: "debootstrap, apt; kernelci/kernelci-core#3054 (2026-02)",
  },
  {
    pattern: /Clearsigned file isn't valid, got 'NODATA'|does the network require authentication\?/,
    check: "tools.present",
    layer: "network",
    message: "something else than the package source answered: a proxy, a login page of the network, or an error page",
    fix: [
      guestFix("Check what answers", "apt-get -o Debug::Acquire::http=true -o Debug::Acquire::https=true update"),
      manualFix("Behind a proxy: write it into /etc/apt/apt.conf.d; on a network with a login page: log in first"),
    ],
    source: "apt; NVIDIA/DIGITS#466 (2015-12)",
  },
  {
    pattern: /does not have a Release file|no longer has a Release file/,
    near: /The repository '|\bapt\b|InRelease|\bE: |Err:\d/i,
    check: "tools.present",
    layer: "packages",
    message: "a package source does not have this release of the distribution (too new for it, or already removed)",
    fix: [
      commandFix("Check which releases are named", "grep -rn '^[^#]' /etc/apt/sources.list /etc/apt/sources.list.d"),
      manualFix("Write a release that the source has (NVIDIA names Ubuntu's LTS releases only), then apt-get update"),
    ],
    source: "apt, read 2026-11",
  },
  {
    pattern: /No such script: \S{0,80}debootstrap|E: Failed getting release file/,
    check: "tools.present",
    layer: "packages",
    message: "debootstrap does not know that release, or its mirror does not have it",
    fix: [manualFix("Correct debootstrap: in the config; a newer debootstrap knows newer releases")],
    source: "debootstrap, seen, read 2026-11",
  },
  {
    pattern: anyOf(
      /Could not get lock \/var\/(?:lib|cache)\/(?:dpkg|apt)|dpkg frontend lock \([^)]{1,80}\), is another process/,
      /System management is locked by|Waiting for process with pid \d{1,8} to finish/,
      /Failed to obtain the transaction lock|unable to lock (?:database|administration directory)/,
      /frontend lock was locked by another process|could not lock database: File exists/,
    ),
    check: "tools.present",
    layer: "packages",
    message: "another program is installing packages at the same time, or one was killed and left its lock",
    fix: [
      manualFix("Wait until it ends (unattended-upgrades, packagekit), and run this again"),
      manualFix("If no package manager runs (pacman only): remove /var/lib/pacman/db.lck"),
    ],
    source: "apt, read 2026-11",
  },
  {
    pattern: /dpkg was interrupted, you must manually run/,
    check: "tools.present",
    layer: "packages",
    message: "an earlier installation was cut off",
    fix: [commandFix("Complete it", "dpkg --configure -a", { root: true })],
    source: "apt, read 2026-11",
  },
  {
    pattern: anyOf(
      /Temporary failure resolving '/,
      /Temporary failure in name resolution/,
      /Could not resolve host: /,
      /Could not resolve '[^']{1,200}'/,
    ),
    near: fetchWords,
    check: "tools.present",
    layer: "network",
    message: "names cannot be resolved where this ran: no network, or no name server",
    fix: [
      commandFix("Check whether names work on this host", "getent hosts example.org"),
      guestFix("Check whether they do in the VM", "getent hosts example.org"),
      manualFix(
        "If only the VM fails: start libvirt's network, and let firewalld or ufw forward its DNS (port 53) " +
          "and traffic",
      ),
    ],
    source: "apt, curl (seen), C library (EAI_AGAIN), read 2026-11",
  },
  {
    pattern: anyOf(
      /Could not handshake: |Could not connect to \S{1,80}:\d{2,5} \([^)]{1,60}\)/,
      /Connection (?:timed out|failed) \[IP: |Cannot initiate the connection to \S{1,80}:\d{2,5}/,
    ),
    near: fetchWords,
    check: "tools.present",
    layer: "network",
    message:
      "the connection to a package source is cut or refused: a proxy, a firewall, IPv6 without a way out, or the " +
      "source itself",
    fix: [
      commandFix(
        "Try the source by hand",
        "curl -fsSLI https://nvidia.github.io/libnvidia-container/stable/deb/amd64/InRelease",
      ),
      commandFix("If IPv6 is the cause: try with IPv4 only", "apt-get -o Acquire::ForceIPv4=true update", {
        root: true,
      }),
      manualFix("Behind a proxy: set it for apt too (Acquire::https::Proxy in /etc/apt/apt.conf.d)"),
    ],
    source: "apt; NVIDIA/libnvidia-container#290 (2024-12)",
  },
  {
    pattern:
      /Hash Sum mismatch|signatures were invalid: BADSIG|File has unexpected size .{0,40}Mirror sync in progress|Bad header (?:line|data)|Last modification reported: /,
    near: fetchWords,
    check: "tools.present",
    layer: "packages",
    message: "the mirror is being updated, or a proxy or virus scanner gave an old or changed file",
    fix: [commandFix("Fetch the lists again", "sh -c 'rm -rf /var/lib/apt/lists/* && apt-get update'", { root: true })],
    source: "apt, read 2026-11",
  },
  {
    pattern:
      /Release file for \S{1,160} is not valid yet|Release file for \S{1,160} is expired|certificate is not yet valid/,
    near: fetchWords,
    check: "tools.present",
    layer: "packages",
    message: "the clock of this system is wrong, or the release is out of its support",
    fix: [
      commandFix("Check the clock", "timedatectl"),
      commandFix("Set it", "timedatectl set-ntp true", { root: true }),
    ],
    source: "apt, TLS, read 2026-11",
  },
  {
    pattern: /Version '[^']{1,80}' for '[^']{1,80}' was not found/,
    near: fetchWords,
    check: "tools.present",
    layer: "packages",
    message: "no source has that version of the package: repositories keep the newest only",
    fix: [
      commandFix("Fetch the lists again", "apt-get update", { root: true }),
      commandFix("List the versions", "apt-cache policy PACKAGE"),
      manualFix("Write a version that is there, or only the branch (driver: {branch: …})"),
    ],
    source: "apt; aws-samples/aws-deep-learning-ami-ubuntu-dcv-desktop#50 (2026-03)",
  },
  {
    pattern: anyOf(
      /E: (?:Failed to fetch|Unable to fetch some archives|Unable to locate package|Unable to find a source)|Package '?[\w:+.-]{1,80}'? has no installation candidate/,
      /is not available, but is referred to by another package/,
      /No package matching '\S{0,20}(?:nvidia|cuda|docker)\S{0,40}' is available/,
      /No match for argument: \S{0,40}nvidia|error: target not found: \S{0,20}nvidia/,
    ),
    check: "tools.present",
    strength: "symptom",
    layer: "packages",
    message: "a package could not be had: the lists of packages are old, or no source has it",
    fix: [
      commandFix("Fetch the lists again, and retry", "apt-get update", { root: true }),
      manualFix(
        "Debian's driver is in non-free and non-free-firmware, Fedora's in RPM Fusion, the toolkit in NVIDIA's " +
          "repository",
      ),
    ],
    source: "apt, dnf, pacman, read 2026-11",
  },
  {
    pattern: anyOf(
      /Sub-process \/usr\/bin\/dpkg returned an error code/,
      /dpkg: error processing package \S{0,40}(?:nvidia|cuda|docker|containerd)/,
      /dpkg: dependency problems prevent (?:configuration|removal) of|pre-dependency problem/,
      /subprocess (?:installed|new) \S{1,60} script returned error/,
      /installed \S{1,80} package (?:post|pre)-\w{4,12} script subprocess/,
    ),
    near: new RegExp(`${nvidiaWords.source}|apt-get|failed to solve`, "i"),
    check: "tools.present",
    strength: "symptom",
    layer: "packages",
    message: "a package was not set up; the lines above say which and why",
    fix: [commandFix("Try again, and read its first error", "dpkg --configure -a", { root: true })],
    source: "apt, read 2026-11",
  },
];

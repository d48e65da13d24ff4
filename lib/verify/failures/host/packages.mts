import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const ours = anyOf(
  /nvidia|cuda|docker|containerd|libvirt|qemu|packer|vagrant|hashicorp|kmod|rpmfusion|negativo|akmod/im,
  /linux-headers|kernel(?!:)|virtualbox|rocm|amdgpu|^gpg: /im,
);
const refresh = guestFix("List the sources, and fetch their lists again", "sh -c 'apt-get update || dnf makecache'");
const oneSource = "Take driver and CUDA from one source, and remove the other's packages and source first";
const disk = guestFix("Check the free space", "df -h / /boot /var");

/** Errors of dnf, pacman, zypper and apt about packages that this project needs. */
export const packageFailures = (): Failure[] => [
  ...rows({ layer: "packages", source: "psygreg/linuxtoys#698 (2026-06), #1255 (2026-09)" }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /\b(?:dnf|yum|apt|apt-get|pacman|zypper): (?:command )?not found/,
        /command not found: (?:dnf|yum|apt|apt-get|pacman|zypper)\b/,
      ),
      "the command is another distribution's: atomic Fedora (Silverblue, Kinoite, Bazzite) installs by rpm-ostree, " +
      "Debian and Ubuntu by apt-get, Fedora by dnf, Arch by pacman, openSUSE by zypper",
      commandFix("Check which system it is", "cat /etc/os-release"),
    ],
    [
      "tools.present",
      "cause",
      /database file for '[^']{1,40}' does not exist|failed to prepare transaction \(could not find database\)/,
      "pacman has no lists of packages yet, or they were deleted",
      commandFix("Fetch them, and update the system with them", "pacman -Syu", { root: true }),
    ],
  ]),
  ...rows({ layer: "driver", source: "RPM Fusion (nvidia-fallback.service); gridhead#288 (2024-01)" }, [
    [
      "guest.driver",
      "cause",
      /NVIDIA kernel module (?:missing|not found)\. Falling back to nouveau/,
      "NVIDIA's kernel module is not there for this kernel, or could not be loaded: its build failed or still " +
      "runs, or Secure Boot refuses it",
      commandFix("Build it, and read any error", "akmods --force", { root: true }),
      commandFix("Check whether Secure Boot is on", "mokutil --sb-state"),
    ],
  ]),
  ...rows({ layer: "packages", near: ours, source: "dnf, rpm, libsolv, zypper, general knowledge, 2026-11" }, [
    [
      "tools.present",
      "cause",
      /Skipping kernel installation since no kernel module package/,
      "NVIDIA's repository has no module built for the newest kernel yet, so dnf keeps the kernel that runs",
      "Wait some days, or use the modules that are built here: dnf module reset nvidia-driver, then dnf module " +
      "install nvidia-driver:open-dkms",
    ],
    [
      "tools.present",
      "cause",
      /nothing provides dkms\b/,
      "the driver's packages build their module by DKMS, which is in EPEL on RHEL, Rocky and Alma Linux",
      guestFix("Add EPEL, then install again", "dnf install -y epel-release"),
      "RHEL itself: dnf install https://dl.fedoraproject.org/pub/epel/epel-release-latest-9.noarch.rpm",
    ],
    [
      "tools.present",
      "cause",
      /Unable to resolve argument nvidia-driver|not possible to switch enabled streams of a module/,
      "another stream of the module nvidia-driver is enabled, or that stream does not exist here",
      "dnf module list nvidia-driver, then dnf module reset nvidia-driver and install the wanted stream " +
      "(open-dkms, " +
      "580-open); RHEL 10 and Fedora have no streams: install nvidia-open",
    ],
    [
      "tools.present",
      "cause",
      /Package \S{1,160} is not signed/,
      "the publisher did not sign that package, so dnf refuses it",
      "dnf clean packages, and try later or with another release; report it to the publisher",
    ],
    [
      "tools.present",
      "cause",
      /filtered out by (?:modular|exclude) filtering|All matches were filtered out/,
      "a package is hidden: a module stream is enabled, or an exclude line names it",
      "dnf module reset nvidia-driver, and look for exclude= in /etc/dnf/dnf.conf and the .repo files",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /Failed to download metadata for repo|Cannot download repomd\.xml|Cannot prepare internal mirrorlist/,
        /All mirrors were tried|Failed to synchronize cache for repo/,
        /not found on medium|Curl error \(\d{1,2}\)/,
      ),
      "a package source does not answer: it does not have this release, is moved, or the network fails",
      refresh,
      "Open its address in a browser; correct the release in its .repo file",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /Transaction (?:test|check) error|conflicts with file from package/,
        /file \S{1,200} (?:from install of \S{1,120} conflicts|conflicts between attempted installs of)/,
        /trying to overwrite '[^']{1,160}', which is also in package \S{0,12}(?:nvidia|docker|containerd|runc|podman|qemu|libvirt|cuda|rocm)/,
      ),
      "two packages have the same file: drivers of two sources, two releases of one program, or files of NVIDIA's " +
      ".run installer",
      "If the new one takes the old one's place: remove the old one first (dnf remove NAME, apt-get remove NAME), as " +
      "the distribution's docker.io and docker-buildx before Docker's own packages",
      `NVIDIA: ${oneSource.replace("Take", "take")}`,
    ],
    [
      "tools.present",
      "symptom",
      anyOf(
        /Unable to find a match: |No match for argument: |No package \S{1,80} available/,
        /error: Packages not found|No provider of '/,
      ),
      "no package source has a package of that name",
      refresh,
    ],
  ]),
  ...rows({ layer: "packages", near: ours, source: "Void Linux, aarnt/octoxbps#60 (2026-04)" }, [
    [
      "tools.present",
      "cause",
      /CONFLICT: \S{1,60} with installed pkg|Transaction aborted due to conflicting packages/,
      "two packages exclude each other: another branch of the driver is installed",
      "Remove the installed branch first (xbps-remove nvidia580 …), then install the other one",
    ],
    [
      "tools.present",
      "cause",
      /Transaction aborted due to unresolved (?:dependencies|shlibs)/,
      "XBPS lacks a package or library that another one needs: its lists are old, or the non-free repository is " +
      "missing",
      "xbps-install -S void-repo-nonfree, then xbps-install -Su",
    ],
  ]),
  ...rows({ layer: "packages", near: ours, source: "pacman (libalpm); Frogging-Family/nvidia-all#347 (2026-02)" }, [
    [
      "tools.present",
      "cause",
      /exists in both '[^']{1,60}' and '/,
      "two packages have the same file: they were built for different releases of the driver, or one replaces the " +
      "other",
      "Build or install both in one release, or remove the one that is not needed (pacman -R PACKAGE) in the same " +
      "update",
    ],
  ]),
  ...rows({ layer: "packages", near: ours, source: "pacman (libalpm), general knowledge, 2026-11" }, [
    [
      "tools.present",
      "cause",
      /(?<!linux-firmware-\w{2,20}: \S{1,160} )exists in filesystem/,
      "pacman finds files that no package of its own put there: an installer by hand or pip did",
      "Remove them (nvidia-uninstall), or overwrite them: pacman -Syu --overwrite PATTERN",
    ],
    [
      "tools.present",
      "cause",
      /removing \S{1,60} breaks dependency '/,
      "pacman would remove a package that others need: the packages of another driver branch (or of another " +
      "builder) replace only a part of those that are installed",
      "Name every package of the new branch in one command (module, utils, lib32-utils, settings), so that all are " +
      "replaced at once",
      "Check who needs it: pactree -r PACKAGE; remove that one first",
    ],
    [
      "tools.present",
      "cause",
      /unable to satisfy dependency '|cannot resolve "[^"]{1,80}", a dependency of|installing \S{1,60} (?:\(\S{1,40}\) )?breaks dependency '/,
      "pacman would mix old and new packages: a part of an update is missing or held back (IgnorePkg)",
      "Update all: pacman -Syu; for other kernels use nvidia-open-dkms",
    ],
    [
      "tools.present",
      "symptom",
      /error: failed to commit transaction \(conflicting files\)/,
      "pacman found files that already exist, or that are in two packages; the lines below name them",
      "Find the owner of each: pacman -Qo FILE; a file without owner comes from an installer by hand or pip: " +
      "remove it",
    ],
    [
      "tools.present",
      "fallback",
      /failed to prepare transaction \(could not satisfy dependencies\)/,
      "pacman finds packages that do not fit together; the lines below name them",
      "Update all: pacman -Syu",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /failed to commit transaction \(invalid or corrupted package|is (?:unknown|marginal) trust/,
        /invalid or corrupted package|error: key "?\w{8,40}"? could not be/,
        /required key missing from keyring/,
      ),
      "pacman does not trust a package's signature: its keys are old",
      "pacman -Sy archlinux-keyring, then pacman -Su",
    ],
    [
      "tools.present",
      "symptom",
      anyOf(
        /failed retrieving file '/,
        /error: failed to (?:synchronize all databases|retrieve some files|update \w{1,20})/,
        /error: target not found: /,
      ),
      "pacman could not fetch a package: its lists are old, or the mirror does not have it",
      "pacman -Syu, and another mirror if it stays",
    ],
  ]),
  ...rows({ layer: "packages", near: ours, source: "apt, dpkg, initramfs-tools, general knowledge, 2026-11" }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /gpg: keyserver receive failed|gpg: Can't check signature: No public key/,
        /keyserver .{0,40}(?:unreachable|timed out|No data)/,
      ),
      "the publisher's key is not known here, or the key server does not answer",
      "Fetch the key from the publisher's own page",
    ],
    [
      "tools.present",
      "cause",
      /needs to be reinstalled, but I can't find an archive|The package \S{1,80} needs to be reinstalled/,
      "a package is half installed, and no source offers it now",
      "Remove it: dpkg --remove --force-remove-reinstreq NAME",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /Release '[^']{1,60}' for '[^']{1,80}' was not found/,
        /The value '[^']{1,60}' is invalid for APT::Default-Release/,
      ),
      "no package source is of the release that was asked for",
      refresh,
    ],
    [
      "tools.present",
      "symptom",
      anyOf(
        /update-initramfs: failed for|initramfs-tools\/hooks\/\S{1,40} failed|mkinitramfs: failed to determine/,
        /gzip: stdout: No space left|failed to create initrd/,
      ),
      "the initramfs was not rebuilt: a hook of it failed, as a line above says, or /boot is full",
      disk,
      "If it is full: remove old kernels (apt autoremove --purge); then update-initramfs -u -k all",
    ],
    [
      "tools.present",
      "symptom",
      /Failed to fetch https?:\S{1,200}.{0,40}(?:403|404|503|Forbidden|Not Found)/,
      "a package source does not give the file: its lists are old, its address changed, or access is refused",
      refresh,
    ],
    [
      "tools.present",
      "cause",
      /Certificate verification failed: |Could not load certificates|server certificate verification failed/,
      "the package source's certificate is not accepted: ca-certificates is missing, the clock is wrong, or a " +
      "proxy changes the connection",
      guestFix("Install the certificates", "apt-get install -y ca-certificates"),
    ],
    [
      "tools.present",
      "note",
      anyOf(
        /is configured multiple times in/,
        /unable to initialize frontend|does not have a stable CLI interface/,
      ),
      "a warning of apt, which is harmless",
      "Look for a line that begins with E:",
    ],
  ]),
  ...rows({
    layer: "packages",
    near: ours,
    source: "apt, dnf, libsolv; k4yt3x/video2x#1029 (2023-12), general knowledge, 2026-11",
  }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /Depends: (?:libc6|libssl[\d.]{1,4}(?:t64)?|libstdc\+\+6|libgcc-s1|libglib2\.0-0(?:t64)?|libtinfo[56]|dpkg|debhelper|python3) .{0,40}(?:is to be installed|not installable)/,
        /nothing provides (?:lib(?:c|ssl|crypto|stdc\+\+|gcc_s)\.so\.\d{1,2}|rpmlib|glibc|openssl-libs)\W/,
        /requires (?:lib(?:c|ssl|crypto|stdc\+\+)\.so\.\d{1,2}\([^)]{1,40}\)\S{0,12}|rpmlib\S{1,60}), but none of/,
      ),
      "the packages are built for another release of the distribution: the base libraries (libc6, libssl, libstdc++) " +
      "have other versions here",
      "Use the publisher's source for this release (see VERSION_ID in /etc/os-release), and remove the other one: " +
      "its file is in /etc/apt/sources.list.d or /etc/yum.repos.d",
      refresh,
    ],
  ]),
];

import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const status = commandFix("Check what DKMS has, with the state for each kernel", "dkms status");
const again = "Install the module's package again (apt-get install --reinstall NAME, dnf reinstall NAME)";

const near = /dkms|^Error! |\bnvidia\/\d/i;
const source = "dkms-project/dkms (dkms.in), read 2026-11";

/** DKMS' own messages, about the modules of any package (NVIDIA's, VirtualBox', ZFS', an Intel or AMD driver's). */
export const dkmsFailures = (): Failure[] => [
  ...rows({
    layer: "driver",
    near: /nvidia|dkms|conftest|include\/linux|\bkernel|vmlinux/i,
    source: "GCC 15; NVIDIA/open-gpu-kernel-modules#854 (2025-05), Linux (arch/x86, 2025)",
  }, [
    [
      "guest.driver",
      "cause",
      /'bool' cannot be defined via 'typedef'|cannot use keyword '(?:false|true)' as enumeration constant/,
      "the sources (of the driver, or of the kernel) are written for an older C than the compiler takes by default: " +
      "GCC 15 takes C23",
      "Take a newer release of them",
      "Or build them with GCC 14 (CC=gcc-14), or with -std=gnu17",
    ],
  ]),
  ...rows({ layer: "driver", source: `${source}; berarma/new-lg4ff#127 (2025-05)` }, [
    [
      "guest.driver",
      "symptom",
      /The module\/version combo: (?!nvidia)\S{1,100}\s{1,3}is not located in the DKMS tree/,
      "DKMS does not have that module in that release: it was not added, or is removed already",
      status,
      "Where it was to be removed: nothing to do",
      "Where it was to be built: dkms add NAME/VERSION (with its sources in /usr/src/NAME-VERSION), then dkms install",
    ],
  ]),
  ...rows({ layer: "driver", near, source }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /Could not (?:find (?:the )?module source|locate dkms\.conf file)|is broken! Missing the source directory/,
        /Missing the module source directory/,
        /does not represent a valid dkms\.conf file/,
        /does not appear to have module source located within it/,
      ),
      "DKMS knows a module whose sources are gone or damaged: its package was removed halfway, or was not unpacked " +
      "whole",
      status,
      "Reinstall the package of that version; or, if /usr/src/NAME-VERSION exists: dkms add NAME/VERSION",
      "Then remove what is not needed (dkms remove NAME/VERSION --all), which fails as long as the sources are gone",
      "Without that package: move /var/lib/dkms/NAME/VERSION away, then install the module's package again",
    ],
    [
      "guest.driver",
      "note",
      anyOf(
        /DKMS tree already contains: \S|is already added! Aborting/,
        /module\/version (?:combo is already installed for|has already been built on)/,
      ),
      "DKMS has that module in this version already, and leaves it as it is",
      status,
      "To build it again: dkms build --force NAME/VERSION -k $(uname -r), then dkms install --force with the same",
    ],
    [
      "guest.driver",
      "cause",
      /due to missing BUILD_DEPENDS|despite of missing BUILD_DEPENDS/,
      "the module needs another DKMS module of the same kernel, which is not built",
      status,
      "Build the module that the line names at its end first: dkms install NAME/VERSION -k $(uname -r)",
    ],
    [
      "guest.firmware",
      "cause",
      /certificate or key are missing, generating self signed certificate failed/,
      "DKMS could not sign the module: its key or the program that signs is missing, so Secure Boot refuses the module",
      "Install openssl and mokutil, then let DKMS make its key: dkms generate_mok",
      "Enrol it (mokutil --import /var/lib/dkms/mok.pub), restart, and confirm it on the blue screen",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /You cannot install a module onto a non-existent kernel|Missing \S{1,80} kernel modules tree for module/,
        /The directory \/(?:usr\/)?lib\/modules\/\S{1,80} doesn't exist/,
      ),
      "DKMS builds for a kernel that is no longer installed",
      commandFix("Check which kernels are installed, and which one runs", "sh -c 'ls /lib/modules; uname -r'"),
      "Restart into an installed kernel; then dkms autoinstall",
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /includes (?:a )?BUILD_EXCLUSIVE directives?|pre_install failed, aborting install/,
        /did not build, (?:possibly|skipping)/,
      ),
      "DKMS did not build or install the module for this kernel: the module's own settings exclude the kernel, or " +
      "its script failed",
      status,
      "Use a release of the module that is made for this kernel, or start the older kernel",
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /Missing module '?\S{1,80}'? in \/|No modules built for \S{1,80} \(/,
        /dkms (?:autoinstall on|kernel_\w{2,8} for) .{1,120}failed for/,
      ),
      "a module of DKMS is not there for that kernel, since its build failed before",
      "Read the first error in /var/lib/dkms/NAME/VERSION/build/make.log",
      again,
    ],
  ]),
  ...rows({
    layer: "driver",
    near: /akmod/i,
    source: "akmods 0.6, read 2026-11; roworu/nvidia-fedora-secureboot#2 (2025-02)",
  }, [
    [
      "guest.driver",
      "fallback",
      anyOf(
        /akmods(?:build)?: .{0,160}(?:\*\*\* \[|error: |Bad exit status)/,
        /Building rpms failed; see|Building and installing \S{1,60} \[FAILED\]/,
      ),
      "akmods did not build a kernel module for this kernel; the first error is further up, or in the module's log",
      "Read the first error: grep -n -m3 error: /var/cache/akmods/NAME/*.failed.log",
      "Most often the module is older than the kernel: update both (dnf upgrade), or start the older kernel",
      "Then build it again: akmods --force",
    ],
  ]),
  ...rows({ layer: "driver", near, shared: true, source }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /Error! (?:Unknown (?:option|action specified): |Cannot specify more than one action|Arguments <module> and)/,
        /Error! The action \S{1,30} (?:does not support|requires exactly one)/,
        /Error! (?:If more than one arch is|You cannot specify (?:a kernel version|an arch)|You have specified both --binaries)/,
        /Error! (?:Invalid number of parameters passed|The templatekernel and the specified)/,
      ),
      "the dkms command does not take these options together, or this release of DKMS does not know one",
      "Write dkms install NAME/VERSION -k $(uname -r), with both as dkms status prints them; see man dkms",
    ],
    [
      "tools.present",
      "cause",
      /No write access to DKMS tree|You must be root to use this command/,
      "DKMS was started without root, or its folder is on a read-only system",
      "Run the command with sudo; on an image-based system (Silverblue, SteamOS) use its own way for drivers",
    ],
  ]),
];

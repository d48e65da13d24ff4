import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** The modules of VM programs and file systems that DKMS or a vendor builds. */
const modules =
  "(?:vboxdrv|vboxnet\\w{2,4}|vboxpci|vboxguest|vboxsf|vmmon|vmnet|zfs|spl|evdi|kvmfr|nvhda|vendor_reset|gasket|apex)";
const rebuild = "Build it again for this kernel: dkms autoinstall, /sbin/vboxconfig (VirtualBox), vmware-modconfig " +
  "--console --install-all (VMware)";

/** What the kernel says when it refuses a module that was built outside its tree, or a program. */
export const moduleLoadFailures = (): Failure[] =>
  rows({
    layer: "kernel",
    source: "Linux (kernel/module), kmod; void-linux/void-packages#58300 (2025-12), #46912 (2023-10)",
  }, [
    [
      "provider.version",
      "cause",
      anyOf(
        new RegExp(String.raw`\b${modules}: (?:Unknown symbol|disagrees about version of symbol) \w`),
        new RegExp(String.raw`could not insert '?${modules}'?: (?:Unknown symbol|Invalid argument)`),
        new RegExp(String.raw`module ${modules}: \.gnu\.linkonce\.this_module section size must match`),
        new RegExp(String.raw`Version mismatch: module \S{0,60}${modules}\.ko`),
        new RegExp(String.raw`could not insert module \S{0,160}${modules}\.ko: (?:Unknown symbol|Invalid parameters)`),
      ),
      "the module was built for another kernel or release, or the module that it needs is another one: it lacks " +
      "the names " +
      "that the line shows",
      rebuild,
      commandFix("List the releases", "sh -c 'uname -r; dkms status'"),
      "If the kernel is newer than the program: update the program, or start the older kernel",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /(?:could not insert|Failed to insert) (?:module )?'?[\w.\/+-]{2,200}'?: (?:Exec format error|Invalid module format)/,
        /: version magic '[^']{1,120}' should be '/,
      ),
      "the module was built for another kernel than the one that runs, or by another compiler or for another processor",
      commandFix("Compare the kernel with the module's", "sh -c 'uname -r; modinfo -F vermagic MODULE; dkms status'"),
      "If the kernel was updated: reboot first, into the newest one",
      "Then install the headers of the kernel that runs, and build the module again: dkms autoinstall, or make clean " +
      "before make",
    ],
    [
      "gpu.driver",
      "symptom",
      /\b(?:vfio\w{0,14}|kvm(?:_intel|_amd)?|nvidia\w{0,10}|amdgpu|i915|xe|nouveau): unknown parameter '[\w.-]{1,40}' ignored/,
      "the kernel's module does not know that option, and ignores it: it is misspelt, or of another release",
      commandFix("List its options", "modinfo -p MODULE"),
      "Correct it in /etc/modprobe.d or on the kernel's command line, and rebuild the initramfs",
    ],
    [
      "guest.firmware",
      "note",
      /^SKIP: \S{1,120} is already (?:enrolled|in the enrollment request)/,
      "that key is enrolled already, or waits for the confirmation at the next start",
      commandFix("Check the keys that wait", "mokutil --list-new"),
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /fork\/exec \S{1,160}: exec format error/,
        /\[Errno 8\] Exec format error: /,
        /Failed to execute \S{1,160}: Exec format error/,
      ),
      "that program is for another kind of processor than this machine's, its file is empty or cut off, or it is a " +
      "script without a first line such as #!/bin/sh",
      commandFix("Compare the two", "sh -c 'uname -m; file PROGRAM; ls -l PROGRAM'"),
      "Install the release for this processor: amd64 is x86_64, arm64 is aarch64; Packer's plugins come by packer init",
    ],
    [
      "host.memory",
      "cause",
      /internal compiler error: Killed|Killed signal terminated program cc1\b/,
      "the kernel ended the compiler, since memory was out: a module or program is built with too many processes " +
      "at once",
      commandFix("Show it", "sh -c 'dmesg | grep -i oom'", { root: true }),
      "Give the machine more memory or swap, or build with fewer: MAKEFLAGS=-j1, or -j1 to make",
    ],
  ]);

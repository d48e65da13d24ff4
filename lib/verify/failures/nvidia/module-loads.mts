import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { type Row, rows } from "../rows.mts";

/** The modules of VM programs and file systems that DKMS or a vendor builds. */
const modules =
  "(?:vboxdrv|vboxnet\\w{2,4}|vboxpci|vboxguest|vboxsf|vmmon|vmnet|zfs|spl|evdi|kvmfr|nvhda|vendor_reset|gasket|apex)";
const rebuild = "Build it again for this kernel: dkms autoinstall, /sbin/vboxconfig (VirtualBox), vmware-modconfig " +
  "--console --install-all (VMware)";

/** What mokutil says about a key for Secure Boot, or its password. */
const keys: Row[] = [
  [
    "guest.firmware",
    "cause",
    anyOf(
      /Abort!!! \S{1,160} is not a valid x509 certificate in DER format|^(?:mokutil: )?Not a valid x509 certificate/i,
      /\S{1,120}\.(?:der|cer|crt|pem) is blocked in (?:dbx|MokListX)/,
    ),
    "mokutil does not take that file as a key: it is no certificate in the form DER, or the key is blocked there",
    commandFix("Convert a certificate in text form", "openssl x509 -in MOK.pem -outform DER -out MOK.der"),
    "Without a key: dkms generate_mok (DKMS 3), update-secureboot-policy --new-key (Ubuntu), kmodgenca -a (akmods)",
  ],
  [
    "guest.firmware",
    "cause",
    /^(?:password doesn't match|password should be \d{1,3}~\d{1,3} characters|Failed to get root password hash)/,
    "mokutil did not get its one-time password: twice the same, of 8 to 16 characters",
    commandFix("Enrol the key again", "mokutil --import /var/lib/dkms/mok.pub", { root: true }),
    "Then restart, and type that password on the blue screen (MokManager: Enroll MOK)",
  ],
  [
    "guest.firmware",
    "cause",
    /^\S{1,120}\.(?:der|pub|cer|crt) is not (?:enrolled|in MokList)$/,
    "that key is not enrolled, so that Secure Boot refuses the modules that are signed with it",
    commandFix("Enrol it", "mokutil --import /var/lib/dkms/mok.pub", { root: true }),
    "Then restart, and confirm it on the blue screen (Enroll MOK); in a VM, on its display",
  ],
  [
    "guest.firmware",
    "note",
    /^(?:SKIP: \S{1,120}|\S{1,120}\.(?:der|pub|cer|crt)) is already (?:enrolled|in (?:db|the enrollment request))/,
    "that key is enrolled already, or waits for the confirmation at the next start",
    commandFix("Check the keys that wait", "mokutil --list-new"),
  ],
];
/** What the kernel says when it refuses a module that was built outside its tree, or a program. */
export const moduleLoadFailures = (): Failure[] => [
  ...rows({
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
      "gpu.driver",
      "cause",
      /Error running install command '[^']{0,60}\b(?:false|true)' for module \S{1,40}: retcode/,
      "a file in /etc/modprobe.d blocks that module on purpose: install MODULE /bin/false",
      commandFix("Find it", "grep -rn '^install' /etc/modprobe.d /usr/lib/modprobe.d /run/modprobe.d"),
      "For nouveau beside NVIDIA's driver or vfio-pci that is right: nothing to do",
      "Else remove that line, rebuild the initramfs, and restart",
    ],
    [
      "guest.driver",
      "symptom",
      /depmod: (?:WARNING|ERROR): \S{1,160} (?:needs unknown symbol|disagrees about version of symbol) \w|depmod: ERROR: Found \d{1,4} modules in dependency cycles/,
      "modules of that kernel do not fit each other: one was built for another kernel or release, or is left of an " +
      "old driver",
      commandFix("Check which modules DKMS built, and for which kernel", "sh -c 'uname -r; dkms status'"),
      "Build them again for this kernel (dkms autoinstall), or remove the old one with its package, then depmod -a",
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
  ]),
  ...rows({
    layer: "kernel",
    near: /mokutil|\bMOK|Secure ?Boot|input password|dkms|akmods/i,
    source: "mokutil 0.7, read 2026-11",
  }, keys),
];

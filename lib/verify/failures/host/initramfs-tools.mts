import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Words of mkinitcpio: what precedes its messages (`==> ERROR: `) is not in the text that patterns see. */
const mkinitcpio = /mkinitcpio|initcpio|vmlinuz|build hook|from preset/i;
const before = "Do not restart before the image is built without an error: the machine may not boot";

/** Messages of the programs that build a machine's initramfs, and of dracut's image while it boots. */
export const initramfsToolFailures = (): Failure[] => [
  ...rows({
    layer: "kernel",
    near: mkinitcpio,
    source: "archlinux/mkinitcpio (mkinitcpio, functions, install), read 2026-11",
  }, [
    [
      "gpu.driver",
      "cause",
      /module not found: '?(?:vfio\w{0,20}|kvmfr|i915|xe|amdgpu|nouveau|radeon)\b/,
      "/etc/mkinitcpio.conf names a module that this kernel does not have: vfio_virqfd is part of vfio since 6.2, " +
      "and a module of DKMS may not be built",
      commandFix("Check what is there for that kernel", "sh -c 'ls /lib/modules; modinfo -F filename vfio_pci'"),
      "Remove the name from MODULES=( ), or build the module first; then mkinitcpio -P",
      before,
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /specified kernel image does not exist: |Could not find kernel image for version/,
        /invalid kernel specified: |No presets found in |Failed to load preset: /,
        /\S{1,80} is not a valid kernel module directory/,
      ),
      "mkinitcpio builds for a kernel whose package is gone, or whose preset in /etc/mkinitcpio.d names another file",
      commandFix("List the presets, kernels and images", "ls /etc/mkinitcpio.d /lib/modules /boot"),
      "Install the kernel's package again (pacman -S linux), and remove presets of kernels that are gone",
    ],
    [
      "host.disk",
      "cause",
      /Unable to write to build root: |zstd: error 70 : Write error/,
      "mkinitcpio cannot write the image: /boot (the EFI partition) or /tmp is full, read-only, or not mounted",
      commandFix("Show both", "sh -c 'findmnt /boot; df -h /boot /tmp'"),
      "Remove images of old kernels and the fallback ones there; mount /boot if it is not; then mkinitcpio -P",
      before,
    ],
    [
      "guest.image",
      "symptom",
      anyOf(
        /(?:Initcpio|CPIO|Unified kernel) image generation FAILED/,
        /errors were encountered during the build\. The image may not be complete/,
      ),
      "mkinitcpio did not build the initramfs whole; the lines with ERROR above say what it lacks",
      "Correct what they name, then mkinitcpio -P",
      before,
    ],
  ]),
  ...rows({
    layer: "kernel",
    near: mkinitcpio,
    shared: true,
    source: "archlinux/mkinitcpio (functions), read 2026-11",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /Hook '?[\w-]{1,40}'? cannot be found|Invalid config: No hooks found/,
        /(?:file|binary) not found: '|binary dependency '\S{1,80}' not found|invalid symlink: '/,
      ),
      "/etc/mkinitcpio.conf names a hook or file that is not there: its package was removed or renamed",
      "Correct HOOKS=( ), FILES=( ) or BINARIES=( ) there, or install the package; then mkinitcpio -P",
      before,
    ],
  ]),
  ...rows({ layer: "kernel", near: /dracut/i, source: "dracut-ng/dracut-ng (dracut.sh, modules.d), read 2026-11" }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /Cannot find module directory \/|modules\.dep is missing\. Did you run depmod/,
        /Can't find a (?:kernel image|uefi stub) '[^']{1,120}'/,
      ),
      "dracut builds for a kernel whose modules are not installed, or not listed by depmod",
      commandFix("Check which kernels are installed, and which one runs", "sh -c 'ls /lib/modules; uname -r'"),
      "Install the kernel's packages again, or name another kernel: dracut -f --kver VERSION",
    ],
    [
      "guest.image",
      "cause",
      /dracut-install: (?:ERROR: installing|Failed to find module) '/,
      "dracut's settings name a module, program or file that this system or kernel does not have: it is built in, " +
      "renamed, or its package is missing",
      "Remove its name from /etc/dracut.conf and /etc/dracut.conf.d, or install its package; then dracut -f",
    ],
    [
      "host.disk",
      "cause",
      /No permission to write (?:to )?\/\S{1,80}\.$|dracut\S{0,8}:? .{0,80}(?:No space left|Read-only file system)/,
      "dracut cannot write the image: /boot is full or read-only, or it was started without root",
      commandFix("Check the space", "df -h /boot /var/tmp"),
      "Remove old kernels (dnf remove --oldinstallonly, apt-get autoremove), then dracut -f",
    ],
    [
      "guest.image",
      "note",
      anyOf(
        /Module '[^']{1,40}' depends on (?:module )?'[^']{1,40}', which can't be installed/,
        /Module '[^']{1,40}' cannot be (?:found or )?installed/,
      ),
      "dracut leaves a module out, since its programs are not installed, and builds the image without it",
      "If the machine needs it to boot (a disk, its encryption): install its programs, then dracut -f",
      "Otherwise nothing to do; a name in add_dracutmodules of /etc/dracut.conf.d can go",
    ],
    [
      "guest.image",
      "note",
      /Will not override existing initramfs/,
      "dracut does not change the image, because it already exists",
      "To build it again: dracut --force",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Not all disks have been found|Something odd, no \/lib\/modules\/\S{1,60} in initramfs/,
        /You might want to regenerate your initramfs/,
        /FATAL: (?:Don't know how to handle '?root=|No or empty root= argument)/,
      ),
      "the initramfs lacks the kernel's modules, or does not find the disk that root= names: it was built for " +
      "another kernel or machine, or the argument is wrong",
      "Start an older kernel in the boot menu, then build the image again: dracut -f --regenerate-all",
      "In dracut's shell: ls /dev/disk/by-uuid; blkid, and compare with root= of the kernel's arguments",
    ],
    [
      "guest.image",
      "symptom",
      anyOf(
        /has failed\. To debug this issue add "rd\.shell/,
        /dracut\[F\]:? \S|\*\*\* Dropping you to a shell; the system will/,
      ),
      "dracut stopped, for the reason in its message or in the lines above it",
      "Start an older kernel in the boot menu; journalctl -b shows more in dracut's shell",
    ],
  ]),
];

/**
 * How a host builds its initramfs, and how to list its contents: a table with one entry for each
 * tool.
 */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { appliances } from "./appliances.mts";
import { addAllKernels, fileContains, isKernelInstalled } from "./boot-entries.mts";
import { isLike } from "./distributions.mts";
import { isTransactional, program } from "./programs.mts";
import { commandFix } from "../fixes.mts";
import { shellCommand } from "../render.mts";

/** A fix that rebuilds the initramfs, with the host's tool where it is known. */
export function rebuildInitramfs(initramfs: Initramfs | undefined): Fix {
  const title = initramfs?.rebuild
    ? `Rebuild the initramfs (${initramfs.name})`
    : initramfs?.words
    ? `Rebuild the initramfs (${initramfs.name}): ${initramfs.words}`
    : "Rebuild the initramfs, if there is one";
  return commandFix(title, initramfs?.rebuild ?? null, { root: true, reboot: true });
}

/** The system that builds an initramfs. It decides which configuration files apply. */
export type InitramfsKind = "initramfs-tools" | "dracut" | "mkinitcpio" | "rpm-ostree" | "other";

/** A tool that builds initramfs images, and its commands. */
export interface Initramfs {
  name: string;
  kind: InitramfsKind;
  /** The command; absent where only a description is possible. */
  rebuild?: string;
  words?: string;
  /** Lists the contents of the running kernel's image; absent where no such program is known. */
  list?: string;
  /**
   * A configuration file that is read instead of the drop-in files: it must contain their settings.
   */
  instead?: string[];
  /** Set if one rebuild also changes how later updates build the image. */
  lasting?: {
    /** Shows the current setting. */
    show: string;
    /** The command of `rebuild`, given a file that has the earlier output of `show`. */
    rebuild(file: string): string;
    /** Lines of a shell script that restore the setting in that file. */
    undo(file: string): string[];
  };
}

/** A release as a comparable number: `25.10` → 25.1; NaN where there is none. */
const release = ({ os }: Host) => Number(/^\d+(\.\d+)?/.exec(os.version ?? "")?.[0] ?? NaN);

/**
 * Whether `update-initramfs` builds images with dracut, as in Ubuntu since 25.10. dracut-core can
 * be installed together with initramfs-tools, so the program dracut alone proves nothing.
 */
function isDracuts(host: Host): boolean {
  if (!program(host, "dracut")) return false;
  if (host.updateInitramfsOfDracut) return true;
  if (program(host, "mkinitramfs")) return false;
  return host.os.id === "ubuntu" && release(host) >= 25.1;
}

/**
 * The tool that builds this host's initramfs. `files`: the files of /etc that the image must
 * contain, by default all that bind something to vfio-pci.
 */
export function initramfsOf(host: Host, files: string[] = vfioFiles(host)): Initramfs | undefined {
  // an OSTree deployment uses its own image: one that dracut writes directly is never booted
  if (host.existingPaths.includes("/run/ostree-booted") && program(host, "rpm-ostree")) return ostree(files);
  return makers.find(({ here }) => here(host))?.make(host);
}

const lsinitrd = (host: Host) => program(host, "lsinitrd") ? { list: "lsinitrd" } : {};

/**
 * The tools that build the image that boots, the most specific first: dracut may be installed and
 * write an image that is never booted.
 */
const makers: { here(host: Host): boolean; make(host: Host): Initramfs }[] = [
  {
    // NixOS manual, boot.initrd
    here: ({ os }) => os.id === "nixos",
    make: () => ({ name: "NixOS", kind: "other", words: "nixos-rebuild switch makes it, by the options boot.initrd" }),
  },
  ...appliances.map(({ here, name, image }) => ({
    here,
    make: (): Initramfs => ({ name, kind: "other", words: image }),
  })),
  {
    // sdbootutil keeps the images on the EFI system partition: dracut alone does not update those
    // (openSUSE wiki, systemd-boot)
    here: (host) => program(host, "sdbootutil") && program(host, "dracut"),
    make: (host) => ({
      name: "dracut by sdbootutil",
      kind: "dracut",
      rebuild: "sdbootutil mkinitrd",
      ...lsinitrd(host),
    }),
  },
  {
    // the root is read-only: the new image goes into a new snapshot (transactional-update(8),
    // initrd)
    here: (host) => isTransactional(host),
    make: () => ({ name: "dracut by transactional-update", kind: "dracut", rebuild: "transactional-update initrd" }),
  },
  {
    // limine-mkinitcpio-hook disables the presets: mkinitcpio -P builds nothing that Limine boots
    here: (host) => program(host, "limine-mkinitcpio"),
    make: (host) => ({
      name: "mkinitcpio for Limine",
      kind: "mkinitcpio",
      rebuild: "limine-mkinitcpio",
      ...withoutDropIns(host),
    }),
  },
  {
    // limine-dracut-support builds the images that its entries name
    here: (host) => program(host, "limine-dracut"),
    make: (host) => ({ name: "dracut for Limine", kind: "dracut", rebuild: "limine-dracut", ...lsinitrd(host) }),
  },
  {
    // EndeavourOS, kernel-install-for-dracut
    here: (host) => program(host, "dracut") && program(host, "reinstall-kernels"),
    make: (host) => ({
      name: "dracut by kernel-install",
      kind: "dracut",
      rebuild: "reinstall-kernels",
      ...lsinitrd(host),
    }),
  },
  {
    // EndeavourOS, eos-dracut: its images have the name of the package instead of the version
    here: (host) => program(host, "dracut-rebuild"),
    make: (host) => ({ name: "dracut", kind: "dracut", rebuild: "dracut-rebuild", ...lsinitrd(host) }),
  },
  {
    here: (host) => program(host, "update-initramfs") && !isDracuts(host),
    make: (host) => ({
      name: "initramfs-tools",
      kind: "initramfs-tools",
      rebuild: "update-initramfs -u -k all",
      ...(program(host, "lsinitramfs") ? { list: 'lsinitramfs "/boot/initrd.img-$(uname -r)"' } : {}),
    }),
  },
  {
    // kernel-install calls it: without a preset, mkinitcpio -P builds nothing (mkinitcpio(8))
    here: (host) =>
      program(host, "mkinitcpio") && isKernelInstalled(host) && !fileContains(host, /^mkinitcpio\.d\//, /=/),
    make: () => ({ name: "mkinitcpio by kernel-install", kind: "mkinitcpio", rebuild: addAllKernels }),
  },
  {
    here: (host) => program(host, "mkinitcpio"),
    make: (host) => ({
      name: "mkinitcpio",
      kind: "mkinitcpio",
      rebuild: "mkinitcpio -P",
      ...image(host),
      ...withoutDropIns(host),
    }),
  },
  {
    // the image is stored with the entry's files of kernel-install
    here: (host) => program(host, "dracut") && isKernelInstalled(host),
    make: (host) => ({ name: "dracut by kernel-install", kind: "dracut", rebuild: addAllKernels, ...lsinitrd(host) }),
  },
  {
    // Arch's entries name the image by the kernel's package, and dracut by its release (Arch wiki, dracut)
    here: (host) =>
      program(host, "dracut") && isLike(host, "arch") && !fileContains(host, /(^|\/)dracut\.conf/, /^uefi=yes/),
    make: (host) => ({
      name: "dracut",
      kind: "dracut",
      rebuild: "sh -c 'for base in /lib/modules/*/pkgbase; do kernel=${base%/pkgbase}; " +
        'dracut --force "/boot/initramfs-$(cat "$base").img" --kver "${kernel##*/}"; done\'',
      ...lsinitrd(host),
    }),
  },
  {
    here: (host) => program(host, "dracut"),
    make: (host) => ({
      name: "dracut",
      kind: "dracut",
      rebuild: "dracut --force --regenerate-all",
      ...lsinitrd(host),
    }),
  },
  {
    here: (host) => program(host, "mkinitfs"),
    make: () => ({
      name: "mkinitfs",
      kind: "other",
      words: "write kernel/drivers/vfio/ into /etc/mkinitfs/features.d/vfio.modules, add vfio to features of " +
        "/etc/mkinitfs/mkinitfs.conf and vfio-pci to /etc/modules, then run mkinitfs",
    }),
  },
  {
    // osboot/make-initrd, /etc/initrd.mk
    here: (host) => program(host, "make-initrd"),
    make: () => ({
      name: "make-initrd",
      kind: "other",
      words: "add MODULES_PRELOAD += vfio-pci to /etc/initrd.mk, then run make-initrd",
    }),
  },
  {
    // mkinitrd(8) of Slackware, which has no modules-load.d
    here: ({ os }) => os.id === "slackware",
    make: () => ({
      name: "mkinitrd",
      kind: "other",
      words: "put vfio-pci first in MODULE_LIST of /etc/mkinitrd.conf, then run mkinitrd -F",
    }),
  },
  {
    // genkernel(8): all-ramdisk-modules and doload=; it copies only the modules of its own lists
    here: (host) => program(host, "genkernel"),
    make: () => ({
      name: "genkernel",
      kind: "other",
      words:
        'set ALLRAMDISKMODULES="yes" in /etc/genkernel.conf, add doload=vfio-pci to the kernel arguments, then run ' +
        "genkernel --install initramfs",
    }),
  },
  {
    here: (host) => program(host, "booster"),
    make: () => ({
      name: "booster",
      kind: "other",
      words: "add vfio_pci to modules_force_load of /etc/booster.yaml, then run /usr/lib/booster/regenerate_images",
    }),
  },
];

/** The command that lists the image of the first preset, if lsinitcpio is installed. */
function image(host: Host): { list?: string } {
  const line = host.configured.find(({ file, text }) =>
    /^mkinitcpio\.d\//.test(file) && /^default_(image|uki)=/.test(text)
  );
  const path = line?.text.replace(/^[^=]*=/, "");
  return path && program(host, "lsinitcpio") ? { list: `lsinitcpio ${shellCommand(path)}` } : {};
}

/**
 * Configuration files named in presets: with them mkinitcpio ignores mkinitcpio.conf.d
 * (mkinitcpio(8), --config).
 */
function withoutDropIns(host: Host): { instead?: string[] } {
  const named = host.configured.filter(({ file, text }) =>
    /^mkinitcpio\.d\//.test(file) && /^[a-zA-Z]+_config=/.test(text)
  );
  const paths = [...new Set(named.map(({ text }) => text.replace(/^[^=]*=/, "")))].filter((path) =>
    path.startsWith("/")
  );
  return paths.length > 0 ? { instead: paths } : {};
}

function vfioFiles({ configured }: Host): string[] {
  const giving = configured.filter(({ file, text }) =>
    /^(modprobe\.d|udev)\//.test(file) && /vfio|driver_override/.test(text)
  );
  return [...new Set(giving.map(({ file }) => `/etc/${file}`))];
}

/**
 * After `initramfs --enable`, rpm-ostree builds the image with dracut and only the arguments of
 * that call (rpm-ostree(1)), so the earlier arguments are repeated. Without arguments, the call
 * fails if the setting is already active (rpmostreed-transaction-types.cxx).
 */
function ostree(files: string[]): Initramfs {
  const own = ["--force-drivers", "vfio-pci", ...files.flatMap((file) => ["-I", file])];
  const args = "sed -n 's/^Initramfs args: *//p'";
  const had = (args: string) => `$(${args} | sed 's/[^ ][^ ]*/--arg=&/g')`;
  const enable = (args: string) =>
    `rpm-ostree initramfs --enable ${own.map((word) => shellCommand(`--arg=${word}`)).join(" ")} ${had(args)}`;
  const show = "rpm-ostree initramfs";
  return {
    name: "rpm-ostree",
    kind: "rpm-ostree",
    rebuild: enable(`${show} | ${args}`),
    lasting: {
      show,
      rebuild: (file) => enable(`${args} ${file}`),
      undo: (file) => [
        "set -- --disable",
        "# shellcheck disable=SC2046 # words, each an argument",
        `! grep -q 'regeneration: enabled' ${file} || set -- --enable ${had(`${args} ${file}`)}`,
        "# it is so already where what was to change it did not come to its end",
        'said=$(rpm-ostree initramfs "$@" 2>&1) || case $said in',
        "  *' already '*) ;;",
        '  *) echo "$said" >&2; exit 1 ;;',
        "esac",
      ],
    },
  };
}

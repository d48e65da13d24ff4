/**
 * Systems that do not keep changes to their own files, and what their vendors offer instead of
 * packages and files in /etc.
 */
import type { Host } from "./types.mts";
import type { PciFunction } from "./pci-types.mts";
import { isGuix, reconfigure } from "./guix.mts";
import { isTransactional } from "./programs.mts";

/** A system that replaces its own files at each boot or with each update. */
export interface Appliance {
  name: string;
  here(host: Host): boolean;
  /** How to add a kernel argument. */
  arguments: string;
  /** Why the usual way to put a driver into the initramfs does not work. */
  image: string;
  /** How to get missing programs; absent where packages can be installed. */
  packages?: string;
  /** Set if it keeps no change of what it boots: packages can be installed, without persistence only for this boot. */
  keepsNothing?: true;
  /** Lines that bind functions to vfio-pci at boot on this system; absent where none are known. */
  binding?(functions: PciFunction[]): string[];
  /** The source. */
  source: string;
  /** The day on which the source was read. */
  date: string;
}

const lacks = (host: Host, name: string) => host.programs === undefined || !(name in host.programs);

const isBootedImage = (host: Host) => host.existingPaths.includes("/run/ostree-booted") && lacks(host, "rpm-ostree");

const date = "2026-11-26";

const elsewhere = "run this on another host, or in a VM on this host that has the card and a virtual IOMMU";

/** The most specific first. */
export const appliances: Appliance[] = [
  {
    name: "SteamOS",
    here: ({ os }) => os.id === "steamos",
    arguments: "a SteamOS update replaces its boot configuration, so repeat this after each update",
    image: "a SteamOS update replaces it, including your changes",
    packages: `SteamOS does not keep added packages: ${elsewhere}`,
    source: "https://blogs.igalia.com/berto/2025/02/05/" +
      "keeping-your-system-wide-configuration-files-intact-after-updating-steamos",
    date,
  },
  {
    // based on Slackware, unpacked from the boot device into memory
    name: "Unraid",
    here: ({ os }) => /^unraid\b/i.test(os.name ?? "") || /-unraid$/i.test(os.kernel ?? ""),
    arguments: "in the append line of /boot/syslinux/syslinux.cfg (Main > Flash in the web interface)",
    image: "the system is unpacked into memory at each boot, so changes below /etc are lost",
    binding: (functions) => [
      "In the web interface, choose the card at Tools > System Devices and click Bind Selected to VFIO at Boot. " +
      "It writes /boot/config/vfio-pci.cfg:",
      `  BIND=${functions.map(({ bdf, vendor, device }) => `${bdf}|${vendor}:${device}`).join(" ")}`,
    ],
    packages: `Unraid does not keep added packages: ${elsewhere}`,
    source: "https://github.com/unraid/webgui (emhttp/plugins/dynamix/include/update.vfio-pci-cfg.php)",
    date,
  },
  {
    name: "TrueNAS",
    here: ({ os }) => /truenas/i.test(`${os.id} ${os.name} ${os.kernel}`),
    arguments: "with kernel_extra_options of system.advanced.update, a call of the middleware (midclt)",
    image: "apt is disabled, and an update replaces changed files",
    binding: () => [
      "In the web interface, choose the card at System > Advanced Settings > Isolated GPU Devices",
    ],
    packages: `TrueNAS does not keep added packages: ${elsewhere}`,
    source: "https://www.truenas.com/docs/scale/scaletutorials/systemsettings/advanced/developermode",
    date,
  },
  {
    name: "ChromeOS",
    here: ({ os }) => /^(chrome|chromium)os/.test(os.id ?? ""),
    arguments: "in developer mode only: verified boot refuses changed arguments",
    image: "its files are verified at boot, and an update replaces them",
    packages: "ChromeOS has no package manager: run this on another host",
    source: "https://chromium.googlesource.com/chromiumos/docs/+/HEAD/developer_mode.md",
    date,
  },
  {
    name: "Vanilla OS",
    here: ({ os }) => os.id === "vanilla" || os.id === "vanillaos",
    arguments: "with abroot kargs edit",
    image: "each update replaces the root with an image",
    packages: "Add them to the image with abroot pkg, or run this on another host",
    source: "https://github.com/Vanilla-OS/ABRoot (README.md, cmd/kargs.go)",
    date,
  },
  {
    name: "Ubuntu Core",
    here: ({ os }) => os.id === "ubuntu-core",
    arguments:
      "with snap set system system.kernel.cmdline-append if the gadget snap allows the argument, else (models of " +
      "grade dangerous only) with system.kernel.dangerous-cmdline-append",
    image: "kernel and initramfs come from a snap",
    packages: "Ubuntu Core installs snaps only: run this on another host",
    source: "https://ubuntu.com/core/docs/modify-kernel-options, /elements",
    date,
  },
  {
    // Ubuntu Desktop and Server with TPM-backed disk encryption; other packages come from apt as usual
    name: "Ubuntu with its kernel from a snap",
    here: ({ kernel }) => (kernel.arguments ?? []).includes("snapd_recovery_mode=run"),
    arguments:
      "with snap set system system.kernel.cmdline-append=… if the gadget snap allows the argument. If it does " +
      "not, install Ubuntu without the TPM-backed disk encryption, whose kernel is a snap: files of GRUB in /etc " +
      "have no effect here",
    image: "kernel and initramfs are one signed image from a snap, so files below /etc do not get into it",
    source: "https://ubuntu.com/core/docs/modify-kernel-options, snapcore/snapd (boot: snapd_recovery_mode)",
    date: "2026-11-28",
  },
  {
    name: "Flatcar",
    here: ({ os }) => os.id === "flatcar",
    arguments: 'in a line set linux_append="$linux_append …" of /oem/grub.cfg',
    image: "kernel and initramfs come from an image that updates replace",
    packages: "Flatcar has no package manager: run this on another host",
    source:
      "https://www.flatcar.org/docs/latest/installing/customizing-the-image/customize-the-image, flatcar/mantle " +
      "(kola, tpm tests)",
    date,
  },
  {
    name: "clr-boot-manager",
    here: ({ os }) => os.id === "solus" || os.id === "clear-linux-os",
    arguments: "in a file of /etc/kernel/cmdline.d, then run clr-boot-manager update",
    image: "the initramfs comes with the kernel's package, and a file of the same name in /etc/kernel replaces it: " +
      "build that with the driver in it",
    source: "https://github.com/clearlinux/clr-boot-manager (README.md, release 1.2.0)",
    date,
  },
  {
    name: "Guix System",
    here: isGuix,
    arguments: `in kernel-arguments of the operating-system that /etc/config.scm declares, then ${reconfigure}`,
    image: `then run ${reconfigure}`,
    source: "https://gnu.org/s/guix/manual/html_node/operating_002dsystem-Reference.html",
    date,
  },
  {
    name: "Harvester",
    here: ({ os }) => /^harvester\b/i.test(os.name ?? ""),
    arguments:
      "in third_party_kernel_args of /oem/grubenv, after the existing ones (grub2-editenv /oem/grubenv list, " +
      "then … set)",
    image: "the system is an image that updates replace",
    binding: (functions) => [
      `Turn on the add-on pcidevices-controller, and enable passthrough of ${
        functions.map(({ bdf }) => bdf).join(", ")
      } at Advanced > PCI Devices`,
    ],
    packages: `Harvester has no package manager: ${elsewhere}`,
    source: "https://github.com/harvester/harvester-installer (harv-install), https://docs.harvesterhci.io (v1.7)",
    date,
  },
  {
    name: "an image of Elemental or Kairos",
    here: (host) => !lacks(host, "elemental") && host.programs !== undefined || /\bkairos\b/i.test(host.os.name ?? ""),
    arguments: "in /etc/cos/bootargs.cfg of the image that this host boots",
    image: "the image that this host boots has its initramfs, and updates replace it",
    packages: `Packages are part of the image that this host boots: add them there, or ${elsewhere}`,
    source: "https://rancher.github.io/elemental-toolkit/docs/customizing/configure_grub",
    date,
  },
  {
    name: "an image by systemd-sysupdate",
    here: ({ os }) => /^(kde-?linux|gnome-?os|particleos)$/.test(os.id ?? ""),
    arguments: "in the unified kernel image of the system, which each update replaces",
    image: "kernel and initramfs are one signed image, which updates replace",
    packages: `/usr is read-only and has no package manager: ${elsewhere}`,
    source: "LINUX Unplugged 656 (2026-03) about KDE Linux; systemd-sysupdate(8)",
    date,
  },
  {
    name: "an image by OSTree",
    here: (host) => isBootedImage(host) && /^(endless|eos|torizon|apertis)/.test(host.os.id ?? ""),
    arguments: "with ostree admin instutil set-kargs --merge --append=…",
    image: "the deployment that this host boots has its initramfs, and updates replace it",
    packages: `the system is an image without a package manager: ${elsewhere}`,
    source: "ostree-admin-instutil(1), ostree 2024.5",
    date,
  },
  {
    name: "an image-based system",
    here: isBootedImage,
    arguments: "in /usr/lib/bootc/kargs.d of the image that this host boots (bootc)",
    image:
      'the image that this host boots has its initramfs: build it with dracut and force_drivers+=" vfio-pci " in ' +
      "the Containerfile of that image",
    packages: "Add them to the Containerfile of the image that this host boots, or run this on another host",
    source: "https://bootc-dev.github.io/bootc/building/kernel-arguments.html",
    date,
  },
  {
    name: "a live system",
    // NixOS makes its files at each boot, so installed ones have / in memory too
    here: (host) => isLive(host) && host.os.id !== "nixos",
    arguments: "in the boot menu, which lasts for one boot",
    image:
      "this system runs from a medium or from memory. It boots with the kernel and the initramfs of that medium, " +
      "and without persistence it loses all changes: install it on a disk (or turn overlayroot off), then run " +
      "prepare there",
    keepsNothing: true,
    binding: () => [
      "A live system binds nothing at boot. Without that, libvirt takes the card when the VM starts and gives it " +
      "back when it stops",
    ],
    source: "live-boot(7), casper(7), dracut.cmdline(7); Alpine's wiki, Diskless Mode",
    date: "2026-11-28",
  },
  {
    // such as ChimeraOS; openSUSE and OSTree have their own ways
    name: "a system with a read-only root",
    here: (host) =>
      host.rootReadOnly === true && !isTransactional(host) && !host.existingPaths.includes("/run/ostree-booted") &&
      host.container === undefined,
    arguments: "with the system's own tool, since an update may replace the boot entries",
    image: "the root is mounted read-only, so packages and files of /usr cannot change",
    packages: `The root is mounted read-only, so no package can be installed: ${elsewhere}`,
    source: "https://github.com/ChimeraOS/frzr (README.md: a read-only subvolume for each deployment)",
    date: "2026-11-29",
  },
];

/**
 * Arguments of live systems: Debian's live-boot, Ubuntu's casper, dracut's dmsquash-live (Fedora), and the media of
 * Arch and Manjaro; overlayroot keeps the changes of an installed system in memory (man pages live-boot(7), casper(7),
 * dracut.cmdline(7), mkinitcpio-archiso; read 2026-11-28).
 */
const liveArguments =
  /^(BOOT_IMAGE=\/casper\/.*|boot=(live|casper)|rd\.live\.image|(archiso|miso)basedir=.*|overlayroot=tmpfs.*)$/;

/** Whether a host runs from a medium or from memory, and loses changes to its own files at the next boot. */
export function isLive({ kernel, rootInMemory }: Host): boolean {
  return rootInMemory === true || (kernel.arguments ?? []).some((word) => liveArguments.test(word));
}

/** The appliance of a host; undefined for other systems. */
export const applianceOf = (host: Host): Appliance | undefined => appliances.find(({ here }) => here(host));

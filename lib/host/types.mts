/** The facts of a host. Sizes are in MiB unless a name says otherwise. */
import type { Windows } from "./windows-types.mts";
import type { PciFunction } from "./pci-types.mts";

/** The facts that the probe read about a host. A fact that could not be read is absent, never guessed. */
export interface Host {
  /**
   * Keys of this interface whose facts may be incomplete, because the probe's text ends before its
   * last line, `[end]`. Absent if the text is complete.
   */
  cut?: string[];
  os: {
    platform: "linux" | "windows" | "macos" | "other";
    /** `ID` of os-release, such as `debian`. */
    id?: string;
    /** `ID_LIKE` of os-release. */
    like: string[];
    /** `VERSION_ID`, such as `12`. */
    version?: string;
    /** `VERSION_CODENAME`, such as `bookworm`. */
    codename?: string;
    /** `UBUNTU_CODENAME` or `DEBIAN_CODENAME`: the release that a derivative is based on. */
    base?: string;
    /** `PRETTY_NAME`. */
    name?: string;
    kernel?: string;
    /** The output of `uname -m`, such as `x86_64`. */
    arch?: string;
    wsl: boolean;
  };
  /** The user id that the probe ran as; 0 is root. */
  uid?: number;
  /** The relevant groups of that user: libvirt, kvm, … */
  groups: string[];
  /** Groups that the user joined after this login: they take effect at the next login. */
  joined: string[];
  cpu: {
    vendor?: string;
    model?: string;
    count?: number;
    /**
     * Those of `vmx`, `svm`, `hypervisor`, `lm` that the CPU reports. Absent if its flags could not
     * be read.
     */
    flags?: string[];
    /** Width of physical addresses, bits. */
    physicalBits?: number;
  };
  /**
   * MiB. `hugePages`: reserved as huge pages of the default size, in use or not; 0 where there are none. `arc`: the
   * cache of ZFS, which `available` does not contain, and which shrinks to `arcMin`.
   */
  memory: { total?: number; available?: number; hugePages?: number; arc?: number; arcMin?: number };
  /** Free space, MiB, of the folders for VM disks and for cached images. */
  disk: { images?: number; cache?: number };
  /**
   * /dev/kvm. `access`: whether the user may use it. `openToVms`: whether its permissions let the
   * user of libvirt's VMs use it.
   */
  kvm: { device: boolean; access?: boolean; openToVms?: boolean };
  dmi: Record<string, string>;
  efi?: boolean;
  secureBoot?: boolean;
  /** The boot loader that started this system, such as `systemd-boot`; absent where it does not say its name. */
  bootLoader?: string;
  /** The kernel's lockdown: `integrity` and `confidentiality` load signed modules only; absent if it has none. */
  lockdown?: string;
  /** Set if the root file system is in memory, so that changes to it are lost at the next boot. */
  rootInMemory?: true;
  /** Set if the root file system is mounted read-only. */
  rootReadOnly?: true;
  /** Whether an Asus laptop's firmware turned its NVIDIA or AMD card off (asus-nb-wmi, dgpu_disable). */
  cardOff?: true;
  /** Whether systemd runs this host's services. */
  systemd: boolean;
  /** Paths of existing files that identify a kind of system, such as `/run/ostree-booted`. */
  existingPaths: string[];
  /**
   * `xen-dom0` if the kernel runs as Xen's control domain, `xen` if it runs on Xen and the kind of
   * domain was not read.
   */
  hypervisor?: "xen" | "xen-dom0";
  /**
   * The program that runs this system as a container: `lxc`, `docker`, `podman`, `kubernetes`,
   * `systemd-nspawn`, `flatpak`; absent on a machine or VM.
   */
  container?: string;
  kernel: {
    /** The relevant arguments of the running kernel; absent if /proc/cmdline could not be read. */
    arguments?: string[];
    /**
     * The files that configure arguments for the next boot, in the order in which they were read.
     */
    configurations: Configuration[];
    /** Files that configure arguments but could not be read. */
    unread: string[];
    /** Whether GRUB boots the entries in /boot/loader/entries. */
    bls: boolean;
    /**
     * Options that the kernel was built with, such as `CONFIG_INTEL_IOMMU_DEFAULT_ON` → `y`; absent
     * if unreadable.
     */
    built?: Record<string, string>;
    builtin: string[];
    /** The relevant loadable modules; absent if modules.dep could not be read. */
    available?: string[];
    /**
     * Whether the folder of the running kernel's modules is missing and that of another kernel
     * exists: an update removed it, as on Arch.
     */
    replaced: boolean;
    loaded: string[];
    parameters: Record<string, string>;
    /**
     * How often each graphics driver is in use, by its module's name, and how many of these uses are other modules.
     * The others are open device nodes.
     */
    users?: Record<string, { references: number; modules: number }>;
  };
  /**
   * Lines of configuration files that bind drivers, load modules or configure boot images, reduced
   * to the relevant words. Paths are relative to /etc, or absolute outside it.
   */
  configured: { file: string; text: string }[];
  iommu: {
    /** Names in /sys/class/iommu, such as `dmar0`, `ivhd0`; absent if the folder does not exist. */
    units?: string[];
    /** DMAR capability register of a unit, hex text (Intel). */
    capabilities: Record<string, string>;
    /** Names of ACPI tables; absent if /sys/firmware is not visible, as in a container. */
    acpiTables?: string[];
    devicetree: boolean;
    /** BDFs by group number; absent if /sys/kernel/iommu_groups could not be listed. */
    groups?: Map<string, string[]>;
    /** Groups with a direct-mapped reserved region (RMRR). */
    direct: string[];
    /**
     * Kinds of interrupt controllers, such as `IR-PCI-MSI`; absent if /proc/interrupts could not be
     * read.
     */
    interrupts?: string[];
  };
  /** PCI functions; absent if the bus could not be read. */
  pci?: PciFunction[];
  /**
   * The number of functions that the probe counted. If `pci` has more or fewer, its text is
   * incomplete or edited.
   */
  pciCount?: number;
  display: {
    framebuffers: { bdf?: string; name: string }[];
    /** The console devices, such as `(S) VGA+`; absent if they were not read, or there are none. */
    consoles?: string[];
  };
  /**
   * Processes that have device nodes of cards open. `all` is false if only the user's own processes
   * could be read.
   */
  holders?: { all: boolean; processes: Holder[] };
  needs: {
    /**
     * BDFs of the devices below mount points. The last part of a mount point is `…` where its name
     * is personal: `/home/…`, `/…`.
     */
    mounts: { point: string; bdf: string }[];
    swap: string[];
    /** BDFs of the devices of the default routes; absent if the routes could not be read. */
    route?: string[];
    /** Uses of devices whose PCI function was not found: mount points, `swap`, `route`. */
    untraced: string[];
    /**
     * `/` and `route`, if the probe reported no device for them; `swap`, if one of its devices is
     * unreadable. Each also if the probe printed another number of lines; `a mount point` for mounts.
     */
    unread: string[];
    interfaces: { bdf: string; name: string }[];
    /**
     * BDFs of USB controllers with a keyboard, or `other` for a keyboard that is not on USB. Absent
     * if unreadable.
     */
    keyboards?: string[];
  };
  /** Paths of firmware images for UEFI guests. Absent if the probe did not look for them. */
  ovmf?: string[];
  /** Path of the daemon for virtiofs that libvirt finds, or `none`. Absent if the probe did not look for it. */
  virtiofsd?: string;
  /** Facts of Windows; absent on other systems. */
  windows?: Windows;
  /** Whether Windows or macOS reports hardware virtualization; absent where that was not read. */
  hardwareVirtualization?: boolean;
  /**
   * Whether VirtualBox's extension pack is installed; absent where VirtualBox is missing or did not
   * answer.
   */
  virtualboxExtensions?: boolean;
  /** Whether VirtualBox's kernel module, vboxdrv, is loaded; absent where VirtualBox is missing or did not answer. */
  virtualboxModule?: boolean;
  /**
   * Paths of the programs found. Absent for a foreign tree, where the probe does not look for
   * programs.
   */
  programs?: Record<string, string>;
  /** Names of programs that did not answer the version query and were terminated. */
  unanswered?: string[];
  /** Whether the program `update-initramfs` belongs to dracut, as in Ubuntu since 25.10. */
  updateInitramfsOfDracut?: boolean;
  /** Whether the repository EPEL is enabled (RHEL and its rebuilds). */
  epel?: boolean;
  versions: Record<string, string>;
  vagrantPlugins: Record<string, string>;
  libvirt?: {
    socket?: string;
    access?: boolean;
    error?: string;
    networks: Record<string, string>;
    /** States of its storage pools by name: `active` or `inactive`. */
    pools: Record<string, string>;
    /** Whether systemd starts its service for VMs with the host. */
    startsAtBoot?: boolean;
    /** What libvirt-guests does with VMs at shutdown; absent where it is not enabled. */
    onShutdown?: "shutdown" | "suspend";
    /** The file with that setting. */
    guestsFile?: string;
  };
  /** How the firewall treats packets of guests. Absent for a foreign tree. */
  forwarding?: Forwarding;
}

/** The settings of the firewall for forwarded packets. */
export interface Forwarding {
  /** Whether the bridge `docker0` exists. */
  docker: boolean;
  /**
   * `DEFAULT_FORWARD_POLICY` of ufw, such as `DROP`; `unknown` if it could not be read. Absent if
   * ufw is off.
   */
  ufw?: string;
  /** `firewall_backend` of libvirt's network.conf: `iptables` or `nftables`. */
  backend?: string;
  /** The chains for forwarded packets, one per table. Absent if they could not be read, which needs root. */
  chains?: ForwardChain[];
  /** Set if the kernel has chains of the older iptables, which could not be read. */
  legacyUnread?: boolean;
}

/** A firewall table with a chain for forwarded packets. */
export interface ForwardChain {
  /** `ip`, `ip6`, `inet`, or `legacy` for the older iptables. */
  family: string;
  /** Its name; `…` if a person chose it. */
  table: string;
  /** Whether it drops packets that no rule accepts. */
  drops: boolean;
  /** Whether one of its rules accepts packets of libvirt's bridges. */
  passesGuests: boolean;
}

/** A file that configures kernel arguments, or a GRUB variable in such a file. */
export interface Configuration {
  file: string;
  /** The relevant arguments. */
  arguments: string[];
  /** The GRUB variable that contains them, and its quote: `"`, `'` or none. */
  variable?: string;
  quote?: string;
  /** Whether the variable keeps its earlier value and is extended. */
  adds?: boolean;
}

/** Hardware virtualization or emulation, by QEMU's names. */
export type Accelerator = "kvm" | "tcg";

/** The existing VM of a machine. */
export interface ExistingVm {
  /** The VM is running, even if half-made: it already has the resources that it needs. */
  running: boolean;
  /** BDFs of the host functions that the VM was created with. */
  passedAddresses: string[];
  /** Size of its system disk, and what that takes on the host, MiB. */
  diskSize?: number;
  diskUsed?: number;
  /**
   * libvirt's volume that is its data disk; the size of that volume and what it takes on the host,
   * MiB, if it exists.
   */
  dataVolume?: string;
  dataSize?: number;
  dataUsed?: number;
}

/** A process that has a device node of a card open. */
export interface Holder {
  pid: number;
  /** The path of the node, such as `/dev/nvidia0`. */
  node: string;
  /** The program's name as the kernel truncates it (15 characters). */
  command: string;
  /** systemd's service that the process belongs to (`ollama.service`), or the engine of its container (`docker`). */
  runner?: string;
}

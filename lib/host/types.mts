/**
 * The facts of a host. Sizes are in MiB unless a name says otherwise; PCI ids are lower-case hex
 * text.
 */

/**
 * What the probe read of a host. A fact that could not be read is absent: unknown facts are never
 * guessed.
 */
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
    /** As `uname -m` says it, such as `x86_64`. */
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
  memory: { total?: number; available?: number };
  /** Free space, MiB, of the folders for VM disks and for cached images. */
  disk: { images?: number; cache?: number };
  kvm: { device: boolean; access?: boolean };
  dmi: Record<string, string>;
  efi?: boolean;
  secureBoot?: boolean;
  /** systemd runs this host's services. */
  systemd: boolean;
  /** Paths of existing files that identify a kind of system, such as `/run/ostree-booted`. */
  marks: string[];
  /**
   * `xen-dom0` where the kernel runs as Xen's control domain, `xen` where it runs on Xen and the
   * domain was not read.
   */
  hypervisor?: "xen" | "xen-dom0";
  kernel: {
    /** The relevant arguments of the running kernel; absent if /proc/cmdline could not be read. */
    arguments?: string[];
    /**
     * The files that configure arguments for the next boot, in the order in which they were read.
     */
    configurations: Configuration[];
    /** Files that configure arguments but could not be read. */
    unread: string[];
    /** GRUB boots the entries in /boot/loader/entries. */
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
     * The folder of the running kernel's modules is missing and that of another kernel exists: an
     * update removed it, as on Arch.
     */
    replaced: boolean;
    loaded: string[];
    parameters: Record<string, string>;
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
  holders?: { all: boolean; processes: { pid: number; node: string; command: string }[] };
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
    /** Those of `/` and `route` that the probe did not report. */
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
  /** Facts of Windows; absent on other systems. */
  windows?: Windows;
  /** Whether Windows or macOS reports hardware virtualization; absent where that was not read. */
  hardwareVirtualization?: boolean;
  /**
   * Whether VirtualBox's extension pack is installed; absent where VirtualBox is missing or did not
   * answer.
   */
  virtualboxExtensions?: boolean;
  /**
   * Paths of the programs found. Absent for a foreign tree, where the probe does not look for
   * programs.
   */
  programs?: Record<string, string>;
  /** Names of programs that did not answer the version query and were terminated. */
  unanswered?: string[];
  /** The program `update-initramfs` belongs to dracut, as in Ubuntu since 25.10. */
  updateInitramfsOfDracut?: boolean;
  /** The repository EPEL is set up (RHEL and its rebuilds). */
  epel?: boolean;
  versions: Record<string, string>;
  vagrantPlugins: Record<string, string>;
  libvirt?: {
    socket?: string;
    access?: boolean;
    error?: string;
    networks: Record<string, string>;
    /** systemd starts its service for VMs with the host. */
    startsAtBoot?: boolean;
    /** What libvirt-guests does with VMs at shutdown; absent where it is not enabled. */
    onShutdown?: "shutdown" | "suspend";
    /** The file that sets that. */
    guestsFile?: string;
  };
  /** What decides about the packets of guests. Absent for a foreign tree. */
  forwarding?: Forwarding;
}

/** What the probe read about forwarded packets. */
export interface Forwarding {
  /** The bridge `docker0` exists. */
  docker: boolean;
  /** `DEFAULT_FORWARD_POLICY` of ufw, such as `DROP`; `unknown` if it could not be read. Absent where ufw is off. */
  ufw?: string;
  /** `firewall_backend` of libvirt's network.conf: `iptables` or `nftables`. */
  backend?: string;
  /** The chains that see forwarded packets, one per table. Absent if they could not be read, which takes root. */
  chains?: ForwardChain[];
}

/** A table of the firewall with a chain for forwarded packets. */
export interface ForwardChain {
  /** `ip`, `ip6`, `inet`, or `legacy` for the older iptables. */
  family: string;
  /** Its name; `…` for a name that a person chose. */
  table: string;
  /** It drops what no rule accepts. */
  drops: boolean;
  /** One of its rules accepts packets of libvirt's bridges. */
  passesGuests: boolean;
}

/** A file that configures kernel arguments, or one variable of GRUB's in such a file. */
export interface Configuration {
  file: string;
  /** The relevant arguments. */
  arguments: string[];
  /** The GRUB variable that contains them, and its quote: `"`, `'` or none. */
  variable?: string;
  quote?: string;
  /** The variable keeps its earlier value and is extended. */
  adds?: boolean;
}

/** A virtual switch of Hyper-V. */
export interface VirtualSwitch {
  /** A UUID. */
  id: string;
  name: string;
  /** `External`, `Internal` or `Private`. */
  type: string;
}

/** What the probe read of Windows and Hyper-V. */
export interface Windows {
  /** `EditionID` of the registry, such as `Professional`, `Core` (Home) or `ServerDatacenter`. */
  edition?: string;
  /** Build number: 22000 is the first Windows 11, 20348 Server 2022, 26100 Server 2025. */
  build?: number;
  /** `ProductType` of Win32_OperatingSystem: 1, 2, 3. */
  product?: "client" | "domain controller" | "server";
  /** The probe ran with administrator rights. */
  elevated?: boolean;
  /** The user is a member of the group Hyper-V Administrators. */
  hypervRights?: boolean;
  /** Hyper-V is enabled; absent where that was not reported. */
  hyperv?: boolean;
  /** State of the service vmms, such as `Running`; `missing` where there is none. */
  service?: string;
  /** Virtualization-based security is running. */
  vbs?: boolean;
  /**
   * The cmdlet that lists partitionable cards: the first one since Windows 11 and Server 2022, the
   * second on Windows 10.
   */
  cmdlet?: "Get-VMHostPartitionableGpu" | "Get-VMPartitionableGpu";
  /** Whether Add-VMGpuPartitionAdapter has -InstancePath, which selects a card. */
  choice?: boolean;
  /** Hyper-V's virtual switches; absent where they could not be listed. */
  switches?: VirtualSwitch[];
  /** Drive letters of network drives, such as `Z:`; absent where drives could not be listed. */
  networkDrives?: string[];
  /** Cards that Hyper-V can partition; absent where they could not be listed. */
  partitionable?: Partitionable[];
  /** Why they could not be listed. */
  partitionableError?: string;
  /**
   * Values below HKLM\SOFTWARE\Policies\Microsoft\Windows\HyperV, by name; absent if that was not
   * read.
   */
  policy?: Record<string, number>;
  /** Drivers of the video controllers, by PNP id. */
  drivers: VideoDriver[];
  /** Whether the folder of WSL's own libraries (lxss\lib) is there. */
  libraries?: boolean;
}

/** A card that Hyper-V can partition. */
export interface Partitionable {
  /** Its instance path, such as `\\?\PCI#VEN_10DE&DEV_2786&…#…#{…}\GPUPARAV`. */
  path: string;
  /** The possible numbers of partitions, and the current number. */
  counts?: number[];
  count?: number;
}

/** A driver of a video controller in Windows. */
export interface VideoDriver {
  /** `PCI\VEN_10DE&DEV_2786&SUBSYS_…&REV_A1\4&…`: its instance id. */
  id: string;
  name?: string;
  /** The version in Windows' form: `32.0.15.9174`. */
  version?: string;
  /** `OK`, `Error` … */
  status?: string;
  /** Name of its folder below DriverStore\FileRepository; null if it has no folder. */
  folder?: string | null;
}

/** One PCI function as sysfs shows it (Documentation/ABI/testing/sysfs-bus-pci). */
export interface PciFunction {
  /** `0000:0a:00.0` */
  bdf: string;
  /** Six hex digits: class, subclass, interface; `030000` is a VGA controller. */
  class?: string;
  vendor?: string;
  device?: string;
  subsystem?: string;
  revision?: string;
  /** The bound driver. Null if there is none; absent if that was not read. */
  driver?: string | null;
  driverOverride?: string;
  /**
   * Whether the firmware used this card as the boot display; absent on functions other than VGA
   * controllers.
   */
  bootVga?: boolean;
  /** Number of its IOMMU group; null if it is in none; absent if that was not read. */
  group?: string | null;
  /**
   * Reset methods, such as `flr bus`; empty if the kernel knows no way to reset it; absent on
   * kernels before 5.15.
   */
  resets?: string[];
  power?: string;
  bars: Bar[];
  /** BDFs of the bridges above, from the root port down. */
  upstreamBridges: string[];
  drm: string[];
  /** Connectors with a display attached, such as `card1-HDMI-A-1`. */
  displays: string[];
  /**
   * Number of connectors that its driver reports, with and without displays; absent where it has no
   * graphics driver, or they were not counted.
   */
  connectors?: number;
  /**
   * First four bytes of configuration space, hex; `ffffffff` from a card that no longer responds on
   * the bus.
   */
  config?: string;
  nvidiaMinor?: number;
  /**
   * On Windows, the last part of its instance id, such as `4&275D7527&0&0010`: it distinguishes two
   * cards of the same model.
   */
  instance?: string;
  model?: string;
  /** Its name in the host's pci.ids, such as `NVIDIA GeForce RTX 4070`. */
  name?: string;
  /**
   * Maximum number of virtual functions (SR-IOV); absent on a function without SR-IOV, and on a
   * virtual function.
   */
  virtualFunctions?: number;
  /** Number of active virtual functions. */
  activeVirtualFunctions?: number;
  /** For a virtual function: BDF of its physical function. */
  physicalFunction?: string;
  /** Name of its VFIO device node since kernel 6.2, such as `vfio0` for /dev/vfio/devices/vfio0. */
  vfioDevice?: string;
  /**
   * Behind a port that the firmware calls external, as a card on Thunderbolt is (sysfs, removable);
   * absent if the kernel does not say.
   */
  external?: boolean;
  /** Whether the kernel exposes its option ROM; absent if that was not read. */
  rom?: boolean;
  /**
   * Indices of its six regions whose line in `resource` is all zeros; absent if they were not read.
   */
  unset?: number[];
  mediated: boolean;
}

/** One memory region of a PCI function, from its sysfs `resource` file. */
export interface Bar {
  index: number;
  start: bigint;
  /** Bytes. */
  size: bigint;
  is64Bit: boolean;
  prefetch: boolean;
  /** It has a size but no address: the host's firmware and kernel found no address space for it. */
  unplaced?: true;
}

/** Hardware virtualization or emulation, by QEMU's names. */
export type Accelerator = "kvm" | "tcg";

/** The existing VM of a machine. */
export interface ExistingVm {
  /** The VM is running, even if half-made: it already has the resources that it needs. */
  running: boolean;
  /** BDFs of the host functions that the VM was created with. */
  passedAddresses: string[];
  /** Size of its system disk, MiB. */
  diskSize?: number;
}

/** What there is on a host. Sizes are in MiB unless a name says otherwise; PCI ids are lower-case hex text. */

/** What the probe saw of a host. A fact that could not be read is absent: unknown is never guessed. */
export interface Host {
  /** Keys of this interface whose facts may have been cut off: the probe's text ends before its last line, `[end]`. Absent if it is whole. */
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
    /** `UBUNTU_CODENAME` or `DEBIAN_CODENAME`: the release that a derivative is made of. */
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
  /** Those groups of that user that matter here: libvirt, kvm, … */
  groups: string[];
  /** Those of them that the user has joined since this login began: they count from the next one on. */
  joined: string[];
  cpu: {
    vendor?: string;
    model?: string;
    count?: number;
    /** Of `vmx`, `svm`, `hypervisor`, `lm`: those that the CPU shows. Absent if its flags could not be read. */
    flags?: string[];
    /** Width of physical addresses, bits. */
    physicalBits?: number;
  };
  memory: { total?: number; available?: number };
  /** Free space, MiB, where VM disks go and where images are cached. */
  disk: { images?: number; cache?: number };
  kvm: { device: boolean; access?: boolean };
  dmi: Record<string, string>;
  efi?: boolean;
  secureBoot?: boolean;
  /** systemd runs this host's services. */
  systemd: boolean;
  /** Paths of files whose presence says something, such as `/run/ostree-booted`. */
  marks: string[];
  /** `xen-dom0` where the kernel runs as Xen's control domain, `xen` where it runs on Xen and which domain was not read. */
  hypervisor?: "xen" | "xen-dom0";
  kernel: {
    /** The running kernel's arguments that matter here; absent if /proc/cmdline could not be read. */
    arguments?: string[];
    /** What configures arguments for the next boot, in the order in which it was read. */
    configurations: Configuration[];
    /** Files that configure arguments and could not be read. */
    unread: string[];
    /** GRUB starts what stands in /boot/loader/entries. */
    bls: boolean;
    /** Options that the kernel was built with, such as `CONFIG_INTEL_IOMMU_DEFAULT_ON` → `y`; absent if unreadable. */
    built?: Record<string, string>;
    builtin: string[];
    /** Modules that can be loaded, of those that matter here; absent if modules.dep could not be read. */
    available?: string[];
    /** The running kernel has no folder of modules, and another kernel has: an update took it away, as Arch's does. */
    replaced: boolean;
    loaded: string[];
    parameters: Record<string, string>;
  };
  /**
   * Lines under /etc (by path below it, or whole for other folders) that bind drivers, load modules or say how boot images are
   * made, cut down to the words that matter here.
   */
  configured: { file: string; text: string }[];
  iommu: {
    /** Names in /sys/class/iommu, such as `dmar0`, `ivhd0`; absent if the folder is not there. */
    units?: string[];
    /** DMAR capability register of a unit, hex text (Intel). */
    capabilities: Record<string, string>;
    /** Names of ACPI tables; absent if /sys/firmware is not visible, as in a container. */
    acpiTables?: string[];
    devicetree: boolean;
    /** BDFs by group number; absent if /sys/kernel/iommu_groups could not be listed. */
    groups?: Map<string, string[]>;
    /** Groups that have a reserved region mapped one to one (RMRR). */
    direct: string[];
    /** Kinds of interrupt controllers, such as `IR-PCI-MSI`; absent if /proc/interrupts could not be read. */
    interrupts?: string[];
  };
  /** PCI functions; absent if the bus could not be read. */
  pci?: PciFunction[];
  /** How many functions the probe counted: fewer or more in `pci` mean that its text was cut or changed. */
  pciCount?: number;
  display: {
    framebuffers: { bdf?: string; name: string }[];
    /** What consoles are drawn on, such as `(S) VGA+`; absent if that was not read, or there are none. */
    consoles?: string[];
  };
  /** Processes that hold device nodes of cards open; `all` is false where only one's own could be looked at. */
  holders?: { all: boolean; processes: { pid: number; node: string; command: string }[] };
  needs: {
    /** BDFs below which something is mounted. A point's last part is `…` where its name is the owner's: `/home/…`, `/…`. */
    mounts: { point: string; bdf: string }[];
    swap: string[];
    /** BDFs that the default routes go through; absent if the routes could not be read. */
    route?: string[];
    /** What leads to devices of which no function could be found: mount points, `swap`, `route`. */
    untraced: string[];
    /** Of `/` and `route`, those of which nothing was said. */
    unread: string[];
    interfaces: { bdf: string; name: string }[];
    /** BDFs of USB controllers with a keyboard, or `other` for one that is on no USB. Absent if unreadable. */
    keyboards?: string[];
  };
  /** Firmware images for UEFI guests: paths. Absent if nobody looked. */
  ovmf?: string[];
  /** What only Windows has; absent elsewhere. */
  windows?: Windows;
  /** Whether VMs run on the hardware, as Windows and macOS tell it; absent where that was not read. */
  hardwareVirtualization?: boolean;
  /** Whether VirtualBox's extension pack is installed; absent where VirtualBox is missing or did not answer. */
  virtualboxExtensions?: boolean;
  /** Paths of programs that were found. Absent for a foreign tree, where nothing was looked for. */
  programs?: Record<string, string>;
  /** Names of programs that did not answer when they were asked for their version, and were ended. */
  unanswered?: string[];
  /** The program `update-initramfs` is dracut's, as Ubuntu has it since 25.10. */
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
  };
}

/** A file that configures kernel arguments, or one variable of GRUB's in such a file. */
export interface Configuration {
  file: string;
  /** Those that matter here. */
  arguments: string[];
  /** GRUB's variable that they stand in, and its quote: `"`, `'` or none. */
  variable?: string;
  quote?: string;
  /** That variable is given what it had before, and more. */
  adds?: boolean;
}

/** What the probe saw of Windows and its Hyper-V. */
export interface Windows {
  /** `EditionID` of the registry, such as `Professional`, `Core` (Home) or `ServerDatacenter`. */
  edition?: string;
  /** Build number: 22000 is the first Windows 11, 20348 Server 2022, 26100 Server 2025. */
  build?: number;
  /** `ProductType` of Win32_OperatingSystem: 1, 2, 3. */
  product?: "client" | "domain controller" | "server";
  /** The probe ran with an administrator's rights. */
  elevated?: boolean;
  /** The user is in the group of Hyper-V's administrators. */
  hypervRights?: boolean;
  /** Hyper-V is turned on; absent where that was not told. */
  hyperv?: boolean;
  /** State of the service vmms, such as `Running`; `missing` where there is none. */
  service?: string;
  /** Virtualisation-based security runs. */
  vbs?: boolean;
  /** The cmdlet that lists partitionable cards: the host's one since Windows 11 and Server 2022, the older one on Windows 10. */
  cmdlet?: "Get-VMHostPartitionableGpu" | "Get-VMPartitionableGpu";
  /** Whether Add-VMGpuPartitionAdapter takes -InstancePath, so that a card can be chosen. */
  choice?: boolean;
  /** Cards that Hyper-V can divide; absent where they could not be listed. */
  partitionable?: Partitionable[];
  /** Why they could not be listed. */
  partitionableError?: string;
  /** Values below HKLM\SOFTWARE\Policies\Microsoft\Windows\HyperV, by name; absent if that was not read. */
  policy?: Record<string, number>;
  /** Drivers of the video controllers, by PNP id. */
  drivers: VideoDriver[];
  /** Whether the folder of WSL's own libraries (lxss\lib) is there. */
  libraries?: boolean;
}

/** A card that Hyper-V can divide. */
export interface Partitionable {
  /** Its instance path, such as `\\?\PCI#VEN_10DE&DEV_2786&…#…#{…}\GPUPARAV`. */
  path: string;
  /** Into how many parts it can be divided, and into how many it is. */
  counts?: number[];
  count?: number;
}

/** The driver of a video controller of Windows. */
export interface VideoDriver {
  /** `PCI\VEN_10DE&DEV_2786&SUBSYS_…&REV_A1\4&…`: its instance id. */
  id: string;
  name?: string;
  /** As Windows counts: `32.0.15.9174`. */
  version?: string;
  /** `OK`, `Error` … */
  status?: string;
  /** Name of its folder below DriverStore\FileRepository; null if it has none. */
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
  /** Null if it has none; absent if that was not read. */
  driver?: string | null;
  driverOverride?: string;
  /** 1 on the card that the firmware showed its picture on; absent on what is no VGA controller. */
  bootVga?: boolean;
  /** Number of its IOMMU group; null if it is in none; absent if that was not read. */
  group?: string | null;
  /** Such as `flr bus`; empty if the kernel knows no way to reset it; absent on kernels before 5.15. */
  resets?: string[];
  power?: string;
  bars: Bar[];
  /** BDFs of the bridges above, from the root port down. */
  upstreamBridges: string[];
  drm: string[];
  /** Connectors with a display on them, such as `card1-HDMI-A-1`. */
  displays: string[];
  /** How many connectors its driver shows, with a display or without; absent where it has no driver that draws, or nobody counted. */
  connectors?: number;
  /** First four bytes of configuration space, hex; `ffffffff` from a card that fell off the bus. */
  config?: string;
  nvidiaMinor?: number;
  /** On Windows, the last part of its instance id, such as `4&275D7527&0&0010`: it tells two cards of one kind apart. */
  instance?: string;
  model?: string;
  /** What the host's pci.ids calls it, such as `NVIDIA GeForce RTX 4070`. */
  name?: string;
  /** How many virtual functions it can have (SR-IOV); absent on a function that can have none, and on a virtual one. */
  virtualFunctions?: number;
  /** How many of them are on. */
  activeVirtualFunctions?: number;
  /** Of a virtual function: BDF of the physical one that it belongs to. */
  physicalFunction?: string;
  /** Its name among the device nodes of VFIO since kernel 6.2, such as `vfio0` of /dev/vfio/devices/vfio0. */
  vfioDevice?: string;
  /** Whether the kernel shows an option ROM of it; absent if that was not read. */
  rom?: boolean;
  /** Indices of those of its six regions whose line in `resource` is all zeros; absent if they were not read. */
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
  /** Its size is known and it has no address: the host's firmware and kernel found no room for it. */
  unplaced?: true;
}

/** Hardware virtualization or emulation, by QEMU's names. */
export type Accelerator = "kvm" | "tcg";

/** What there is of a machine already. */
export interface ExistingVm {
  /** Its VM runs, be it half made: what it needs, it has. */
  running: boolean;
  /** BDFs of the functions of this host that its VM was made with. */
  passedAddresses: string[];
}

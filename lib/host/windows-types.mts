/** The facts of Windows and Hyper-V. */

/** A virtual switch of Hyper-V. */
export interface VirtualSwitch {
  /** A UUID. */
  id: string;
  name: string;
  /** `External`, `Internal` or `Private`. */
  type: string;
}

/** The facts that the probe read about Windows and Hyper-V. */
export interface Windows {
  /** `EditionID` of the registry, such as `Professional`, `Core` (Home) or `ServerDatacenter`. */
  edition?: string;
  /** Build number: 22000 is the first Windows 11, 20348 Server 2022, 26100 Server 2025. */
  build?: number;
  /** `ProductType` of Win32_OperatingSystem: 1, 2, 3. */
  product?: "client" | "domain controller" | "server";
  /** Whether the probe ran as administrator. */
  elevated?: boolean;
  /** Whether the user is a member of the group Hyper-V Administrators. */
  hypervPermission?: boolean;
  /** Whether Hyper-V is enabled; absent if that was not reported. */
  hyperv?: boolean;
  /** Whether a hypervisor runs below Windows: Hyper-V's, or that of the host if Windows is a VM. */
  hypervisor?: boolean;
  /** State of the service vmms, such as `Running`; `missing` if there is none. */
  service?: string;
  /** Whether virtualization-based security is running. */
  vbs?: boolean;
  /**
   * The cmdlet that lists partitionable cards: the first on Windows 11 and Server 2022 or later,
   * the second on Windows 10.
   */
  cmdlet?: "Get-VMHostPartitionableGpu" | "Get-VMPartitionableGpu";
  /** Whether Add-VMGpuPartitionAdapter has -InstancePath, which selects a card. */
  choice?: boolean;
  /** Hyper-V's virtual switches; absent where they could not be listed. */
  switches?: VirtualSwitch[];
  /** Drive letters of network drives, such as `Z:`; absent where drives could not be listed. */
  networkDrives?: string[];
  /** Whether SYSTEM, which Hyper-V runs as, gets full control of what is created in the current folder. */
  systemAccess?: boolean;
  /**
   * The folder of Vagrant's boxes with `x` for each letter and digit but the drive, which keeps what matters
   * of a path without a user's name: `C:\\xxxxx\\x'xxxxx\\.xxxxxxx.x`.
   */
  vagrantHome?: string;
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
  /** Whether the folder of WSL's own libraries (lxss\lib) exists. */
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

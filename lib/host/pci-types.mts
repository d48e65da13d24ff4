/** The facts of PCI functions. Ids are lower-case hex text. */

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
   * Whether it is behind a port that the firmware calls external, such as Thunderbolt (sysfs,
   * removable); absent if the kernel does not report it.
   */
  external?: boolean;
  /** Set if the firmware lists it as a device of the board (sysfs, index: SMBIOS type 41). */
  onboard?: true;
  /** Whether the kernel exposes its option ROM; absent if that was not read. */
  rom?: boolean;
  /**
   * Indices of its six regions whose line in `resource` is all zeros; absent if they were not read.
   */
  unset?: number[];
  /** Indices of its regions that are I/O ports, not memory. */
  ports?: number[];
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

/**
 * Machines that the lab boots: the devices of each, and the facts that are true by its
 * construction.
 */
export interface Topology {
  name: string;
  /** QEMU's `-device` arguments, without the IOMMU. */
  devices: string[];
  /** The IOMMU that the firmware offers. */
  iommu: "intel" | "amd" | "none";
  /** Kernel arguments, in addition to the console. */
  kernel?: string;
  /** Drivers to load before the probe. */
  modules?: string[];
  /** The condition after loading them: a path or a pattern of one, or `keyboard`. */
  awaits?: string;
  /** Further QEMU arguments: drives, machine properties. */
  more?: string[];
  machine?: string;
  firmware?: "ovmf";
  /** The card that the config requests. */
  gpu: { vendor_id: string; device_id: string; address?: string };
  /** Functions that are bound to vfio-pci before the probe. */
  bound?: string[];
  /** Why the IOMMU is off, or that it is on. */
  cause: "on" | "firmware" | "kernel" | "device";
  /** Expected statuses of doctor's findings, in addition to those that the kernel decides. */
  findings?: Record<string, string>;
  /** A word that the verdict on the group must contain. */
  names?: string;
}

const ati = { vendor_id: "1002", device_id: "5046" };
const stdvga = { vendor_id: "1234", device_id: "1111" };
/** A PCIe root port for the device behind it. */
const port = (id: string, slot: number) =>
  `pcie-root-port,id=${id},chassis=${slot},slot=${slot},addr=${slot.toString(16)}`;
/** Two root ports without ACS in one slot: everything behind them is in one group. */
const joined = [
  "pcie-root-port,id=p1,chassis=1,slot=1,addr=5.0,multifunction=on,disable-acs=on",
  "pcie-root-port,id=p2,chassis=2,slot=2,addr=5.1,disable-acs=on",
];
const one = [port("p1", 5), "ati-vga,bus=p1"];

export const topologies: Topology[] = [
  {
    name: "Intel, one function",
    iommu: "intel",
    kernel: "intel_iommu=on",
    devices: one,
    gpu: ati,
    cause: "on",
    findings: { "gpu.reset": "pass", "iommu.interrupts": "pass" },
  },
  {
    name: "AMD, one function",
    iommu: "amd",
    devices: one,
    gpu: ati,
    cause: "on",
    findings: { "iommu.interrupts": "pass" },
  },
  { name: "Intel, nothing on the command line", iommu: "intel", devices: one, gpu: ati, cause: "on" },
  { name: "Intel, iommu=pt", iommu: "intel", kernel: "intel_iommu=on iommu=pt", devices: one, gpu: ati, cause: "on" },
  {
    name: "two functions, the companion without a driver",
    iommu: "intel",
    devices: [port("p1", 5), "ati-vga,bus=p1,addr=0.0,multifunction=on", "intel-hda,bus=p1,addr=0.1"],
    gpu: ati,
    cause: "on",
  },
  {
    name: "two functions, the other by another maker and on its driver",
    iommu: "intel",
    modules: ["xhci-pci"],
    awaits: "/sys/bus/pci/drivers/xhci_hcd/0000:*",
    devices: [port("p1", 5), "ati-vga,bus=p1,addr=0.0,multifunction=on", "qemu-xhci,bus=p1,addr=0.1"],
    gpu: ati,
    cause: "on",
    findings: { "gpu.driver": "pass", "iommu.group": "fail" },
  },
  {
    name: "four functions: VGA, audio, USB and one more",
    iommu: "intel",
    modules: ["xhci-pci"],
    awaits: "/sys/bus/pci/drivers/xhci_hcd/0000:*",
    devices: [
      port("p1", 5),
      "ati-vga,bus=p1,addr=0.0,multifunction=on",
      "intel-hda,bus=p1,addr=0.1",
      "qemu-xhci,bus=p1,addr=0.2",
      "pci-testdev,bus=p1,addr=0.3",
    ],
    gpu: ati,
    cause: "on",
  },
  {
    name: "behind a PCIe switch",
    iommu: "intel",
    devices: [
      port("p1", 5),
      "x3130-upstream,id=up,bus=p1",
      "xio3130-downstream,id=d1,bus=up,chassis=11,slot=11",
      "xio3130-downstream,id=d2,bus=up,chassis=12,slot=12,addr=1",
      "ati-vga,bus=d1",
      "e1000e,bus=d2",
    ],
    modules: ["e1000e"],
    awaits: "/sys/bus/pci/drivers/e1000e/0000:*",
    gpu: ati,
    cause: "on",
  },
  {
    name: "two cards behind one PCIe-to-PCI bridge, the other without a driver",
    iommu: "intel",
    devices: [port("p1", 5), "pcie-pci-bridge,id=b1,bus=p1", "ati-vga,bus=b1,addr=1", "secondary-vga,bus=b1,addr=2"],
    gpu: ati,
    cause: "on",
  },
  {
    name: "two cards behind one PCIe-to-PCI bridge, the other on its driver",
    iommu: "intel",
    modules: ["bochs"],
    awaits: "/sys/bus/pci/drivers/bochs-drm/0000:*",
    devices: [port("p1", 5), "pcie-pci-bridge,id=b1,bus=p1", "ati-vga,bus=b1,addr=1", "secondary-vga,bus=b1,addr=2"],
    gpu: ati,
    cause: "on",
    names: "bochs-drm",
  },
  {
    name: "a network card in the group, with the default route",
    iommu: "intel",
    kernel: "lab.route=eth0",
    modules: ["e1000"],
    awaits: "/sys/class/net/eth0",
    devices: [port("p1", 5), "pcie-pci-bridge,id=b1,bus=p1", "ati-vga,bus=b1,addr=1", "e1000,bus=b1,addr=2,netdev=n"],
    more: ["-netdev", "user,id=n,restrict=on"],
    gpu: ati,
    cause: "on",
    names: "the default route",
  },
  {
    name: "the NVMe root disk in the group",
    iommu: "intel",
    kernel: "lab.root=nvme0n1",
    modules: ["nvme"],
    awaits: "/dev/nvme0n1",
    devices: [...joined, "ati-vga,bus=p1", "nvme,bus=p2,drive=root,serial=lab"],
    more: ["-drive", "if=none,id=root,format=raw,snapshot=on,file=ROOT"],
    gpu: ati,
    cause: "on",
    names: "the root disk",
  },
  {
    name: "a USB controller with the only keyboard in the group",
    iommu: "intel",
    modules: ["xhci-pci", "usbhid", "hid-generic"],
    awaits: "keyboard",
    machine: "i8042=off",
    devices: [...joined, "ati-vga,bus=p1", "qemu-xhci,id=xhci,bus=p2", "usb-kbd,bus=xhci.0"],
    gpu: ati,
    cause: "on",
    names: "the keyboard",
  },
  {
    name: "two identical cards, one chosen by its address",
    iommu: "intel",
    devices: [port("p1", 5), port("p2", 6), "ati-vga,bus=p1", "ati-vga,bus=p2"],
    gpu: { ...ati, address: "0000:02:00.0" },
    cause: "on",
  },
  {
    name: "boot VGA with a firmware framebuffer",
    iommu: "intel",
    firmware: "ovmf",
    devices: [port("p1", 5), "VGA,bus=p1"],
    gpu: stdvga,
    cause: "on",
    findings: { "gpu.display": "fail" },
  },
  {
    name: "already on vfio-pci",
    iommu: "intel",
    devices: one,
    gpu: ati,
    bound: ["0000:01:00.0"],
    cause: "on",
    findings: { "gpu.driver": "pass" },
  },
  {
    name: "no way to reset it",
    iommu: "intel",
    devices: ["ati-vga,addr=5"],
    gpu: ati,
    cause: "on",
    findings: { "gpu.reset": "warn" },
  },
  { name: "no IOMMU", iommu: "none", devices: one, gpu: ati, cause: "firmware" },
  {
    name: "no IOMMU, and intel_iommu=on, which makes dmesg say that it is enabled",
    iommu: "none",
    kernel: "intel_iommu=on",
    devices: one,
    gpu: ati,
    cause: "firmware",
  },
  {
    name: "Intel, switched off on the command line",
    iommu: "intel",
    kernel: "intel_iommu=off",
    devices: one,
    gpu: ati,
    cause: "kernel",
  },
  {
    name: "AMD, switched off on the command line",
    iommu: "amd",
    kernel: "amd_iommu=off",
    devices: one,
    gpu: ati,
    cause: "kernel",
  },
  {
    // the unit translates only for the second host bridge
    name: "under no IOMMU unit",
    iommu: "intel",
    machine: "default-bus-bypass-iommu=on",
    modules: ["e1000e"],
    awaits: "/sys/bus/pci/drivers/e1000e/0000:*",
    devices: [
      ...one,
      "pxb-pcie,id=pxb,bus_nr=32,bus=pcie.0",
      "pcie-root-port,id=p2,chassis=2,slot=2,bus=pxb",
      "e1000e,bus=p2",
    ],
    gpu: ati,
    cause: "device",
  },
];

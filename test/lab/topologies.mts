/**
 * Machines that the lab boots: the devices of each, and the facts that are true by its
 * construction.
 */
import type { Buffer } from "node:buffer";
import { dmar, ivrs } from "./tables.mts";

/** A card that the config requests, and what is true of it by construction. */
export interface Request {
  name: string;
  gpu: { vendor_id: string; device_id: string; address?: string };
  /** Expected statuses of doctor's findings, in addition to those that the kernel decides. */
  findings?: Record<string, string>;
  /** A word that the verdict on the group must contain. */
  names?: string;
  /** The functions that go to the VM, if there are several. */
  passes?: string[];
  /**
   * Where the kernel refuses the card although its group is viable: when it is bound to vfio-pci,
   * when its group gets an IOMMU domain, or that it has no memory region for a VM.
   */
  refused?: "binding" | "domain" | "regions";
  /** The check that warns of that; without it, a check must fail. */
  warned?: string;
}

/** A machine with its first request. */
export interface Topology extends Request {
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
  /** Tables that replace QEMU's. */
  tables?: Buffer[];
  /** Commands to the machine before the probe. */
  before?: string[];
  /** Functions that are bound to vfio-pci before the probe. */
  bound?: string[];
  /** Why the IOMMU is off, or that it is on. */
  cause: "on" | "firmware" | "kernel" | "device";
  /** Further requests on the same machine, one after the other. */
  others?: Request[];
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
/** A PCIe switch with two ports, which QEMU makes without ACS. */
const twoPorts = (id: string, bus: string, chassis: number) => [
  `x3130-upstream,id=${id},bus=${bus}`,
  `xio3130-downstream,id=${id}a,bus=${id},chassis=${chassis},slot=0`,
  `xio3130-downstream,id=${id}b,bus=${id},chassis=${chassis + 1},slot=1,addr=1`,
];
/** An NVMe controller with virtual functions, in a subsystem of its own. */
const nvme = (bus: string) => [
  `nvme-subsys,id=s${bus}`,
  `nvme,bus=${bus},serial=${bus},subsys=s${bus},sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,` +
  "max_ioqpairs=6,msix_qsize=5",
];
/** Makes functions look like 3D controllers: of QEMU's devices only NVMe controllers have virtual functions. */
const as3d = (...functions: string[]) => functions.map((bdf) => `show ${bdf}/class 0x030200`);
/** Makes a function look like another model. */
const asModel = (bdf: string, vendor: string, device: string) => [
  `show ${bdf}/vendor 0x${vendor}`,
  `show ${bdf}/device 0x${device}`,
];
const virtualCard = (address: string) => ({ vendor_id: "1b36", device_id: "0010", address });

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
  {
    name: "reserved memory (RMRR): a group with a direct region",
    iommu: "intel",
    tables: [dmar([[[5, 0], [0, 0]], [[5, 0], [0, 1]], [[6, 0], [0, 0]]])],
    kernel: "pci=resource_alignment=36@0000:03:00.0",
    modules: ["virtio_pci"],
    awaits: "/sys/bus/pci/drivers/virtio-pci/0000:0b:*",
    devices: [
      port("p1", 5),
      "ati-vga,bus=p1,addr=0.0,multifunction=on",
      "intel-hda,bus=p1,addr=0.1",
      port("p2", 6),
      "ati-vga,bus=p2",
      port("p3", 7),
      "ati-vga,bus=p3",
      port("p4", 8),
      ...twoPorts("up", "p4", 20),
      "ati-vga,bus=upa",
      "intel-hda,bus=upb",
      `${port("p5", 9)},disable-acs=on`,
      ...twoPorts("board", "p5", 30),
      "virtio-gpu-pci,bus=boarda",
      "virtio-gpu-pci,bus=boardb",
    ],
    before: [
      ...asModel("0000:07:00.0", "1002", "ab38"),
      ...asModel("0000:0a:00.0", "10de", "102d"),
      ...asModel("0000:0b:00.0", "10de", "102d"),
    ],
    gpu: { ...ati, address: "0000:01:00.0" },
    cause: "on",
    refused: "domain",
    findings: { "iommu.reserved": "fail" },
    others: [
      {
        name: "reserved memory (RMRR) of a graphics card alone, which the kernel relaxes",
        gpu: { ...ati, address: "0000:02:00.0" },
        findings: { "iommu.reserved": "pass" },
      },
      {
        name: "memory regions that the kernel could not place",
        gpu: { ...ati, address: "0000:03:00.0" },
        refused: "regions",
        findings: { "gpu.window": "fail" },
      },
      {
        name: "a card with its own switch, and audio below the other port",
        gpu: { ...ati, address: "0000:06:00.0" },
        passes: ["0000:06:00.0", "0000:07:00.0"],
      },
      {
        name: "a board with two GPUs on its own switch, the other one on its driver",
        gpu: { vendor_id: "10de", device_id: "102d" },
        passes: ["0000:0a:00.0", "0000:0b:00.0"],
      },
    ],
  },
  {
    name: "reserved memory (IVMD), which this kernel does not enforce",
    iommu: "amd",
    tables: [ivrs([[1, 0, 0]])],
    devices: one,
    gpu: ati,
    cause: "on",
    findings: { "iommu.reserved": "warn" },
  },
  {
    name: "SR-IOV: one virtual function, each in its own group",
    iommu: "intel",
    modules: ["nvme"],
    awaits: "/sys/bus/pci/drivers/nvme/0000:04:*",
    devices: [
      port("p1", 5),
      ...nvme("p1"),
      "pcie-root-port,id=p2,chassis=6,slot=6,addr=6,disable-acs=on",
      ...nvme("p2"),
      port("p3", 7),
      ...nvme("p3"),
      port("p4", 8),
      ...nvme("p4"),
    ],
    before: [
      "virtual 0000:01:00.0 2",
      "virtual 0000:02:00.0 1",
      "virtual 0000:03:00.0 1",
      ...as3d("0000:01:00.0", "0000:01:00.1", "0000:01:00.2", "0000:02:00.0", "0000:02:00.1"),
      ...as3d("0000:03:00.0", "0000:03:00.1", "0000:04:00.0"),
    ],
    bound: ["0000:03:00.0"],
    gpu: virtualCard("0000:01:00.1"),
    cause: "on",
    findings: { "gpu.match": "pass", "gpu.reset": "pass" },
    others: [
      {
        name: "SR-IOV: one virtual function, in the group of the physical function on its driver",
        gpu: virtualCard("0000:02:00.1"),
        names: "0000:02:00.0",
      },
      {
        name: "SR-IOV: the physical function on its driver, with virtual functions",
        gpu: virtualCard("0000:01:00.0"),
        refused: "binding",
        warned: "gpu.match",
      },
      {
        name: "SR-IOV: the physical function without a driver, with virtual functions",
        gpu: virtualCard("0000:03:00.0"),
        refused: "binding",
        findings: { "gpu.match": "fail" },
      },
      {
        name: "SR-IOV: the physical function without virtual functions",
        gpu: virtualCard("0000:04:00.0"),
        findings: { "gpu.match": "pass" },
      },
    ],
  },
];

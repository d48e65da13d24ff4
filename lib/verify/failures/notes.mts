import type { Failure } from "./types.mts";
import { doctorFix, manualFix } from "../../fixes.mts";
import { anyOf } from "../../text.mts";
import { vmWords } from "./fixes.mts";

const nothing = manualFix("If nothing else is wrong: nothing to do; look for another error");

/** Harmless lines that look like errors. */
export const noteFailures = (): Failure[] => [
  {
    pattern: /\b(?:unhandled|ignored) (?:rd|wr)msr\b|Unhandled WRMSR\(/,
    near: vmWords,
    check: "host.virtualization",
    strength: "note",
    layer: "kernel",
    message: "the guest asks for CPU registers that KVM does not have, which is harmless with most systems",
    fix: [nothing, manualFix("If a Windows guest ends with it: options kvm ignore_msrs=1 report_ignored_msrs=0")],
    source: "Linux (KVM); clearcontainers/runtime#883 (2018-01), virt-manager/virt-manager#570 (2023-09)",
  },
  {
    pattern: /(?:modprobe|rmmod): (?:FATAL|ERROR): Module (?:vfio\w{0,20}|kvm\w{0,8}|pci_stub) is builtin/,
    check: "gpu.driver",
    strength: "note",
    layer: "kernel",
    message: "that module is built into this kernel: it cannot be loaded or removed, which is harmless",
    fix: [nothing],
    source: "kmod; ilayna/Single-GPU-passthrough-amd-nvidia#28 (2023-12), kind to date",
  },
  {
    pattern: anyOf(
      /nvidia-gpu \S{1,14}: i2c timeout error/,
      /ucsi_ccg \S{1,10}: (?:i2c_transfer failed|ucsi_ccg_\w{2,20} failed|probe with driver ucsi_ccg failed)/,
    ),
    check: "guest.driver",
    strength: "note",
    layer: "driver",
    message: "the USB-C port of the card (or one that it does not have) does not answer, which is otherwise harmless",
    fix: [nothing, manualFix("To be rid of the lines: “blacklist i2c_nvidia_gpu” in a file in /etc/modprobe.d")],
    source: "Linux (drivers/i2c, drivers/usb/typec); NVIDIA/open-gpu-kernel-modules#1156 (2026-08), #361 (2022-09)",
  },
  {
    pattern: anyOf(
      /Unable to initialize audit layer: |ethtool ioctl error on \S{1,16}: |Cannot find 'dmidecode' in path/,
      /Failed to parse user '?(?:tss|swtpm)|cannot open directory '\/sys\/class\/drm': No such file/,
      /Failed to open file '\/sys\/devices\/system\/node\/node\d{1,3}\/cpu\d{1,4}\/online'/,
      /Child process \(dmidecode [^)]{1,40}\) unexpected exit status/,
    ),
    near: vmWords,
    check: "provider.access",
    strength: "note",
    layer: "provider",
    message: "a remark of libvirt's daemon about this host, at its start or a VM's end, that is harmless",
    fix: [nothing],
    source: "libvirt (src/util, src/rpc), read 2026-11; ophub/amlogic-s9xxx-armbian#614 (2022-10), " +
      "kubevirt/kubevirt#14210 (2025-03)",
  },
  {
    pattern: anyOf(
      /warning: (?:host|TCG) doesn't support requested feature:/,
      /warning: This family of AMD CPU doesn't support hyperthreading/,
    ),
    near: vmWords,
    check: "host.virtualization",
    strength: "note",
    layer: "hypervisor",
    message: "the VM asks for a feature that this CPU or KVM lacks, and runs without it",
    fix: [nothing],
    source: "QEMU; virt-manager/virt-manager#234 (2023-01)",
  },
  {
    pattern: anyOf(
      /\w{3,13} ta ucode is not available|SMU driver if version not matched|PSP runtime database doesn't exist/,
      /overdrive feature is not supported|Trusted Memory Zone \(TMZ\) feature not supported/,
      /Failed to register PMU!|Allocated fbdev into stolen failed|couldn't get memory (?:rank )?information/,
      /not enough stolen space for compressed|Increasing preempt_timeout for GSC/,
    ),
    near: /amdgpu|i915|\bxe\b|\[drm/,
    check: "gpu.driver",
    strength: "note",
    layer: "driver",
    message: "a remark of the card's driver at its start that is harmless: the card works without that part",
    fix: [nothing],
    source: "Linux 6.12 (drivers/gpu/drm, its dev_info and drm_info lines, 2024-11), read 2026-11",
  },
  {
    pattern: /Failed to create \S{1,120} for shader cache/,
    near: /qemu|libvirt|spice/i,
    check: "provider.mode",
    strength: "note",
    layer: "hypervisor",
    message: "QEMU's display with OpenGL keeps no cache of shaders, which is harmless",
    fix: [nothing],
    source: "Mesa; virt-manager/virt-manager#662 (2024)",
  },
  {
    pattern: /VM memory stats for proc .{0,40} is non-zero when fini/,
    check: "gpu.driver",
    strength: "note",
    layer: "driver",
    message: "a remark of amdgpu at a program's end, which is harmless",
    fix: [nothing],
    source: "Linux 6.14 (amdgpu_vm.c), read 2026-11",
  },
  {
    pattern: /PCIe Bus Error: severity=Correct(?:ed|able)/,
    near: "card",
    check: "gpu.power",
    strength: "note",
    layer: "kernel",
    message:
      "the card's PCI Express link corrected an error: with many of them, the card, its slot or its riser sits badly",
    fix: [
      manualFix("Seat the card again, try another slot, and take a riser cable out"),
      manualFix("If it comes while the card is idle: the kernel argument pcie_aspm=off", { root: true, reboot: true }),
    ],
    source: "Linux (drivers/pci/pcie/aer.c); NVIDIA/open-gpu-kernel-modules#979 (2026-06)",
  },
  {
    pattern: /nouveau \S{1,14}: (?:\w{2,5}: firmware unavailable|gsp: Failed to load required|gsp ctor failed: -2\b)/,
    check: "gpu.driver",
    strength: "note",
    layer: "driver",
    message: "nouveau finds no firmware files for this card and leaves it, which is harmless where NVIDIA's driver " +
      "or vfio-pci takes it",
    fix: [
      manualFix(
        "If nouveau is to drive it: install its firmware (Fedora: nvidia-gpu-firmware; Debian: " +
          "firmware-nvidia-graphics; Arch: linux-firmware-nvidia), rebuild the initramfs and reboot",
      ),
      manualFix(
        "Otherwise keep nouveau away: “blacklist nouveau” in a file in /etc/modprobe.d, then rebuild the " +
          "initramfs",
      ),
    ],
    source: "Linux (drivers/gpu/drm/nouveau); ublue-os/bluefin#2722 (2025-07), Dasharo/dasharo-issues#1597 (2025-09)",
  },
  {
    pattern: anyOf(
      /nouveau \S{1,14}: (?:unknown chipset \(|gsp ctor failed: -(?!2\b))/,
      /nouveau \S{1,14}: probe with driver nouveau failed/,
      /nouveau: probe of \S{1,14} failed/,
    ),
    check: "gpu.driver",
    strength: "note",
    layer: "driver",
    message: "nouveau tried the card first and does not know it, which is harmless where another driver takes it",
    fix: [
      manualFix("Keep it away: a file in /etc/modprobe.d with “blacklist nouveau”, then rebuild the initramfs"),
      doctorFix("gpu.driver"),
    ],
    source: "Linux (nouveau), read 2026-11",
  },
  {
    pattern: /vfio_listener_region_(?:add|del) received unaligned region/,
    check: "gpu.window",
    strength: "note",
    layer: "vfio",
    message: "a warning of QEMU that is harmless: a small memory region of the VM is not mapped for the card",
    fix: [nothing],
    source: "QEMU (hw/vfio), read 2026-11",
  },
  {
    pattern: /not found, modules won't be signed|sign-file: \S{1,80}(?:mok|MOK)\S{0,20}: No such file/,
    check: "guest.driver",
    strength: "note",
    layer: "driver",
    message:
      "DKMS does not sign the modules that it builds, which matters with Secure Boot only: there they are refused",
    fix: [
      manualFix("Without Secure Boot: nothing to do"),
      manualFix(
        "With it: install the headers' kbuild package and shim-signed, create a key, and enroll it (mokutil " +
          "--import)",
      ),
    ],
    source: "DKMS; dkms-project/dkms#254 (2022-10), dkms-project/dkms#273 (2022-10)",
  },
];

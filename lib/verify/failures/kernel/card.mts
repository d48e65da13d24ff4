import type { Failure } from "../types.mts";
import { bindVfio, commandFix, doctorFix, kernelLog, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { each, kernelArgument } from "../fixes.mts";

/** Errors of the kernel, VFIO and QEMU about a card: its driver, its reset and its power. */
export const cardFailures = (): Failure[] => [
  {
    pattern: /\bBAR \d{1,2}:? .{0,70}can't reserve|Failed to mmap \S{1,20} BAR \d/,
    near: "card",
    check: "gpu.display",
    layer: "kernel",
    message: "the host's console (simpledrm, efifb) still holds the memory of the card that it was booted with",
    fix: each(
      remedies.display,
      kernelArgument("initcall_blacklist=sysfb_init"),
      manualFix(
        "That argument does not help where the kernel has simpledrm built in: use an older kernel, or write " +
          "video=efifb:off and boot by another card",
      ),
    ),
    source: "Linux 6.1 to 6.18, QEMU 7.2; siderolabs/talos#14356 (2026-09), harvester/pcidevices#81",
  },
  {
    pattern: anyOf(
      /PCI device \S{1,20} is in use by driver|open '?\/dev\/vfio\/\S{1,12}: Device or resource busy/,
      /error getting device from group \d{1,6}: Device or resource busy/,
    ),
    check: "gpu.in-use",
    layer: "vfio",
    message: "another VM that runs, or another process, has the card",
    fix: [remedies.otherVm],
    source: "libvirt 9.0, QEMU 7.2 (2022-12)",
  },
  {
    pattern: /is behind a switch lacking ACS and cannot be assigned/,
    check: "iommu.acs",
    layer: "kernel",
    message:
      "the card sits behind a PCI Express switch that does not isolate its devices (no ACS), and libvirt refuses it",
    fix: [doctorFix("iommu.acs"), remedies.slot],
    source: "libvirt 9.0 (virpci.c, 2023-01)",
  },
  {
    pattern: /NVRM: request_mem_region failed for/,
    check: "gpu.display",
    layer: "kernel",
    message:
      "something else, most often the firmware's framebuffer, holds the card's memory, so NVIDIA's driver cannot " +
      "have it",
    fix: each(remedies.display, kernelArgument("initcall_blacklist=sysfb_init")),
    source: "NVIDIA driver (nv-pci.c), read 2026-11",
  },
  {
    pattern: anyOf(
      /no such host device: No such file/,
      /host pci device \S{1,20} not found/,
      /Device \S{1,20} not found: could not access/,
    ),
    check: "gpu.match",
    layer: "vfio",
    message: "no card is at that address: addresses move when cards are added or the firmware is updated",
    fix: [doctorFix("gpu.match")],
    source: "QEMU 7.2 (vfio, 2022-12), libvirt 9.0; QubesOS/qubes-issues#7792",
  },
  {
    pattern: anyOf(
      /Failed to (?:load PCI stub module|unbind PCI device|add driver '[^']{0,40}' to driver_override|bind PCI device)/,
      /open '?\/dev\/vfio\/\d{1,6}'?: No such file/,
      /failed to (?:bind|rebind) \S{1,16} to vfio-pci/,
      /Failed to (?:add PCI device ID '[^']{1,16}' to|trigger a probe for PCI device)/,
    ),
    check: "gpu.driver",
    layer: "vfio",
    message: "the card was not moved from its host driver to vfio-pci",
    fix: [bindVfio, remedies.bindAtBoot],
    source: "libvirt 9.0, QEMU 7.2 (2022-12)",
  },
  {
    pattern: /open '?\/dev\/vfio\/\S{1,12}'?: (?:Permission denied|Operation not permitted|No such file)/,
    check: "provider.access",
    layer: "vfio",
    message: "QEMU is not allowed to open VFIO's device nodes, or the module vfio is not loaded",
    fix: [
      commandFix("Load it", "modprobe vfio-pci", { root: true }),
      manualFix("Let libvirt's system daemon start the VM (qemu:///system): it gives QEMU these nodes"),
    ],
    source: "QEMU 7.2 (2022-12) and later; kata-containers/runtime#2605, kubevirt/kubevirt#3309",
  },
  {
    pattern: anyOf(
      /error getting device from group \d{1,6}: |failed to read device config space: /,
      /failed to get (?:device info|region info|IOMMU info): /,
      /vfio \S{1,40}: failed to (?:setup container|get group|open)\b/,
    ),
    check: "gpu.in-use",
    strength: "symptom",
    layer: "vfio",
    fallback: true,
    message: "VFIO did not give QEMU the device: the reason is after the last colon, and in the host's kernel log",
    fix: [
      commandFix("Read the kernel's reason", "dmesg | grep -iE 'vfio|DMAR|AMD-Vi|NVRM' | tail -n 30", { root: true }),
      manualFix("With a vGPU (mdev): read journalctl -u nvidia-vgpu-mgr, and see that guest and host driver fit"),
      doctorFix("gpu"),
    ],
    source: "QEMU (vfio); DualCoder/vgpu_unlock#57 (2021-07), mbilker/vgpu_unlock-rs#10 (2022-05)",
  },
  {
    pattern: /Could not enable error recovery for the device/,
    check: "gpu.in-use",
    strength: "note",
    layer: "vfio",
    message: "a warning of QEMU that is harmless: errors of the device's link are not reported to the guest",
    fix: [manualFix("Nothing to do; look for another error")],
    source: "QEMU (vfio); mbilker/vgpu_unlock-rs#10 (2022-05)",
  },
  {
    pattern: /echo: write error: No such device|\/sys\/class\/vtconsole\/vtcon\d\/bind: No such file/,
    near: /efi-?fb|efi-framebuffer|vtcon|vfio|unbind/i,
    check: "gpu.display",
    strength: "note",
    layer: "kernel",
    message: "a hook script unbinds a console, framebuffer or device that does not exist here; with simpledrm there " +
      "is no efi-framebuffer",
    fix: [manualFix("Nothing to do; remove that line from the hook script, and look for another error")],
    source: "single-GPU passthrough scripts; BigAnteater/KVM-GPU-Passthrough#21 (2022-07)",
  },
  {
    pattern: anyOf(
      /PCI peer-to-peer transactions on BARs are not supported/,
      /IOMMU_IOAS_MAP failed: (?:Bad address|Invalid argument)(?:, PCI BAR\?)?/,
      /VFIO_MAP_DMA failed: (?:Invalid argument|Bad address)/,
      /dma_map\([^()]{0,120}\) = -(?:22|14)\b/,
    ),
    check: "gpu.window",
    strength: "note",
    layer: "vfio",
    message:
      "a warning of QEMU that is harmless: a card's own memory is not mapped for other devices (peer to peer); " +
      "look for another error",
    fix: [
      manualFix("If the VM does not start, read the last error instead; if it works, there is nothing to do"),
      manualFix(
        "If its screen stays black, or its driver finds no card: limit its address bits (libvirt: <maxphysaddr " +
          "mode='passthrough' limit='39'/>; QEMU: -cpu host,host-phys-bits-limit=39)",
      ),
      manualFix(
        "If the tool gave up waiting: a VM with a card takes long to start, since all of its memory is locked " +
          "first; raise its timeout",
      ),
      manualFix(
        "If other devices have to reach the card's memory: limit the vCPU's address bits to those of the IOMMU",
      ),
    ],
    source: "QEMU (vfio); kata-containers/kata-containers#12861 (2026-04), #12549 (2026-02), " +
      "bpg/terraform-provider-proxmox#1353 (2024-06)",
  },
  {
    pattern: /Invalid PCI ROM header signature|Cannot read device rom at|ROM \[\?\?\? 0x00000000 flags/,
    check: "gpu.display",
    strength: "note",
    layer: "vfio",
    message: "the card's ROM cannot be read, as on the card that the host was booted with; computing does not need it",
    fix: [
      manualFix("Nothing to do for computing; a guest that shows a picture through the card may need a ROM file"),
      remedies.display,
    ],
    source: "Linux 6.1, QEMU 7.2 (2022-12); NVIDIA/open-gpu-kernel-modules#955",
  },
  {
    pattern: /write error: Device or resource busy/,
    near: /vfio|unbind|driver_override|vtcon/i,
    check: "gpu.in-use",
    layer: "kernel",
    message: "the card could not be bound or unbound, since a driver or a program still has it",
    fix: [
      commandFix("Check which driver has it", "lspci -nnk -d 10de:"),
      commandFix("Check which programs hold the card", "fuser -v /dev/dri/* /dev/nvidia*", { root: true }),
      remedies.bindAtBoot,
    ],
    source: "Linux (drivers/base), single-GPU passthrough scripts, read 2026-11",
  },
  {
    pattern: /Relaying device request to user|No device request channel registered, blocked until released/,
    near: "card",
    check: "gpu.in-use",
    strength: "symptom",
    layer: "vfio",
    message: "something on the host asks for the card back while a VM still has it, and waits until that VM lets go",
    fix: [remedies.otherVm, manualFix("Shut that VM down before its card is unbound, removed or reset")],
    source: "Linux (vfio-pci), read 2026-11",
  },
  {
    pattern: /vfio: DMA mapping failed, unable to continue/,
    check: "host.memory",
    strength: "symptom",
    layer: "vfio",
    message:
      "QEMU could not map memory of the VM for the card: the line above says why (limit on locked memory, address " +
      "bits)",
    fix: [kernelLog, doctorFix("gpu.window"), doctorFix("host.memory")],
    source: "QEMU (hw/vfio), read 2026-11",
  },
];

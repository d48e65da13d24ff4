import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix } from "../../../fixes.mts";
import { driverLog, nvidiaWords, powerCycle } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const seat = manualFix("Seat the card again, try another slot, and take a riser cable out");
const firmware = manualFix(
  "Install the newest firmware files (Ubuntu, Fedora, Arch: linux-firmware; openSUSE: kernel-firmware-i915 or " +
    "kernel-firmware-xe; Debian: firmware-intel-graphics or firmware-misc-nonfree), then rebuild the initramfs and " +
    "reboot",
  { root: true, reboot: true },
);

/** Messages of kernel drivers about a card that does not start, by topic. */
export const cardStartFailures = (): Failure[] => [
  ...rows({
    layer: "kernel",
    near: nvidiaWords,
    source:
      "NVIDIA/NVSentinel#155 (2025-10), NVIDIA/open-gpu-kernel-modules#789 (2025-02), NVIDIA/nvtrust#52 (2024-04), " +
      "NVIDIA/open-gpu-kernel-modules#1151 (2026-05)",
  }, [
    [
      "gpu.power",
      "cause",
      anyOf(
        /installed in this system has fallen off the bus/,
        /fallen off the bus and is not responding to commands/,
      ),
      "the GPU has fallen off the bus before its driver started: it no longer answers over PCI Express",
      powerCycle,
      seat,
      manualFix(
        "Connect every power cable of the card; in a VM, stop and start it, so that the host resets the card",
      ),
    ],
    [
      "gpu.reset",
      "symptom",
      /osInitNvMapping: \*\*\* Cannot attach gpu/,
      "the driver cannot attach the card: it does not answer on the bus (after an Xid 79, a reset or sleep), or this " +
      "release of the driver does not know the chip",
      manualFix("If it worked before, or a line above names Xid 79 or D3cold: cut the card's power"),
      powerCycle,
      manualFix("If it never worked: use a newer driver branch (driver:), for RTX 50 with the open modules"),
    ],
    [
      "gpu.reset",
      "cause",
      anyOf(
        /failed to wait for GFW_BOOT|failed to wait for GFW boot complete/,
        /Timeout waiting for GSP target mask release/,
      ),
      "the card's own firmware did not start: the card keeps the state of its last user, or is unstable (power, " +
      "slot, riser)",
      powerCycle,
      seat,
      driverLog,
    ],
  ]),
  ...rows({
    layer: "driver",
    source: "NVIDIA vGPU manager; mbilker/vgpu_unlock-rs#10 (2022-05), DualCoder/vgpu_unlock#71 (2021-08), " +
      "NVIDIA/nvidia-installer#15 (2021-04), wvthoog/proxmox-vgpu-installer#30 (2025-07)",
  }, [
    [
      "provider.mode",
      "cause",
      /Failed to get VM UUID from QEMU command-line/,
      "NVIDIA's vGPU manager finds no UUID of the VM on QEMU's command line, and starts no vGPU without it",
      manualFix("QEMU: -uuid UUID; Proxmox: qm set ID --args '-uuid UUID'; libvirt passes the domain's automatically"),
    ],
    [
      "gpu.match",
      "cause",
      /vGPU is supported only on VGX capable boards|vGPU validation of the GPU failed/,
      "NVIDIA's driver splits this card into no vGPUs: GeForce and most workstation cards have none",
      manualFix("Pass the whole card (mode: passthrough), or share it between containers of one VM"),
    ],
    [
      "gpu.in-use",
      "cause",
      /vfio [0-9a-f]{8}-[0-9a-f-]{27}: error getting device from group \d{1,4}: Input\/output error/,
      "NVIDIA's vGPU manager on the host refused the vGPU (a mediated device) to the VM; its own log says why",
      commandFix("Read it", "journalctl -u nvidia-vgpu-mgr -b --no-pager -n 50", { root: true }),
      manualFix(
        "Often: the VM has no UUID, the profile needs more memory than is free, or the host's driver did not build " +
          "for its kernel (nvidia-smi vgpu)",
      ),
    ],
    [
      "guest.driver",
      "cause",
      /Incompatible Guest\/Host drivers|Guest VGX version is (?:older|newer) than/,
      "the guest's NVIDIA driver is not of a release that the host's vGPU manager takes: it then turns the vGPU off",
      manualFix("Install in the guest the GRID driver of the host's vGPU release (or of the branch before it)"),
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    source: "Microsoft (dxgkrnl); NixOS/nixpkgs#502687 (2026-04), MicrosoftDocs/windowsserverdocs#3083 (2019-07)",
  }, [
    [
      "gpu.window",
      "cause",
      /dxgglobal_getiospace: |getiospace failed: -\d/,
      "the VM has too little MMIO space for its GPU partition",
      manualFix("While the VM is off: Set-VM -VMName NAME -LowMemoryMappedIoSpace 1GB -HighMemoryMappedIoSpace 32GB"),
    ],
    [
      "hyperv.card",
      "cause",
      /Virtual Pci Express Port[^]{1,120}Element not found/,
      "Hyper-V does not find the device that the VM was given (DDA): it was not dismounted on the host, is at " +
      "another place now, or the host's driver took it back",
      manualFix(
        "Remove it from the VM, dismount it on the host again, and add it again by its present location path",
      ),
      manualFix("Install no driver for it on the host; update the host's firmware, with SR-IOV and ACS on"),
    ],
  ]),
  ...rows({
    layer: "driver",
    source: "Linux (drivers/gpu/drm/amd); ROCm/rocm-libraries#1132 (2025-08), ROCm/legacy-rocm-build#4909 (2025-09)",
  }, [
    [
      "gpu.in-use",
      "cause",
      /failed to clear page tables on GEM object close|amdgpu: leaking bo va/,
      "the card was taken from amdgpu while programs still had memory on it: they hold it until they end, and the " +
      "card may hang",
      manualFix(
        "End the display server and what computes on the card before the VM takes it (systemctl isolate " +
          "multi-user.target)",
      ),
      manualFix("More reliable: bind the card to vfio-pci at boot, and give the host another one", { reboot: true }),
    ],
    [
      "gpu.reset",
      "cause",
      /asm\/unaligned\.h: No such file/,
      "the sources of vendor-reset (or of another module) are older than this kernel: that header moved in " +
      "Linux 6.12",
      manualFix(
        "Take the newest sources of that module, or write linux/unaligned.h in place of asm/unaligned.h, then dkms " +
          "install",
      ),
      manualFix("Or boot a kernel before 6.12; cards since RDNA 2 need no vendor-reset"),
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /GPU fault detected: 14\d 0x|VM_CONTEXT1_PROTECTION_FAULT_(?:ADDR|STATUS)/,
        /page fault \(src_id:\d{1,4} ring:\d{1,4} vmid:[1-9]/,
        /MES (?:failed to respon|might be in unrecoverable state)/,
      ),
      "a program's work on the AMD card failed or hung: the kernel, Mesa, ROCm or the card's firmware has a fault " +
      "with it, or is too old for the card",
      manualFix("Update kernel, linux-firmware and Mesa; for compute, the newest ROCm that names this card (gfx…)"),
      manualFix("Check whether the kernel argument amdgpu.cwsr_enable=0 helps, as on Ryzen AI Max (gfx1151)", {
        reboot: true,
      }),
      guestFix("Read what the driver says", "dmesg --level err,warn"),
      powerCycle,
    ],
    [
      "gpu.reset",
      "cause",
      /SMU: I'm not done with your previous command/,
      "the AMD card's power controller (SMU) does not answer: at the start of a VM it keeps its last user's state " +
      "(reset bug), later the card hangs",
      powerCycle,
      manualFix(
        "At a start: start the VM only once after each boot of the host; vendor-reset is for Polaris to Navi 1x",
      ),
      manualFix("Later: update kernel and linux-firmware where the card is used"),
    ],
  ]),
  ...rows({ layer: "vfio", source: "Cloud Hypervisor; cloud-hypervisor/cloud-hypervisor#8895 (2026-09)" }, [
    [
      "gpu.window",
      "cause",
      /map VFIO MMIO region: .{0,60}map an IOVA range to the IOAS: Bad address/,
      "iommufd cannot map the card's own memory for other devices (peer to peer), and Cloud Hypervisor ends there",
      manualFix("Write vfio_p2p_dma=off next to iommufd=on in --platform, or leave iommufd out"),
    ],
  ]),
  ...rows({
    layer: "kernel",
    source: "Linux (drivers/video/fbdev/efifb.c); joeknock90/Single-GPU-Passthrough#1 (2018-08)",
  }, [
    [
      "gpu.display",
      "symptom",
      /efifb: abort, cannot ioremap/,
      "the console (efifb) could not take the card's memory: after a VM had the card, it stays dark until a reboot",
      manualFix("Give the host's console another card or the CPU's graphics; the card itself can go to the VM again"),
      manualFix(
        "With one card only: let the hook script load the card's driver (amdgpu, nvidia), and leave out " +
          "efi-framebuffer",
      ),
    ],
    [
      "gpu.display",
      "note",
      /efifb: cannot reserve video memory/,
      "the console (efifb) uses the card's memory without a reservation, which is harmless at the host's boot",
      "If the screen is dark after a VM had the card: a reboot brings the console back",
    ],
  ]),
  ...rows({
    layer: "driver",
    source: "Linux (nouveau, nvkm/subdev/bios); jscinoz/optimus-vfio-docs#2 (2018-07)",
  }, [
    [
      "gpu.display",
      "cause",
      /nouveau.{0,30} bios: (?:unable to locate usable image|ctor failed)/,
      "the card's firmware image (VBIOS) cannot be read in this machine: a laptop's card has none of its own, or " +
      "the host was booted with its picture",
      manualFix("Give the VM the card's ROM as a file (<rom file='…'/>), dumped from this very card"),
      manualFix("If the card only computes: install NVIDIA's driver in place of nouveau"),
    ],
  ]),
  ...rows({
    layer: "driver",
    source: "Linux (drivers/gpu/drm/i915, xe); thesofproject/linux#5196 (2024-10), " +
      "intel-gpu/intel-gpu-i915-backports#194 (2024-09)",
  }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /Unsupported GuC v\d|GuC v?[\d.]{1,12} or newer is required/,
      ),
      "the firmware files for Intel's graphics are older than the kernel's driver needs",
      firmware,
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /GT\d: G[Uu]C: (?:firmware )?load failed|GuC init failed with|Failed to initialize uC \(/,
        /\bGuC load failed: status|GT\d: load failed: status(?![^]{0,150}signature verif)/,
      ),
      "the firmware of Intel's card does not start: its files do not fit the driver, or the card was not reset",
      firmware,
      manualFix("On the host, bind the card to vfio-pci at boot, so that no driver used it before", { reboot: true }),
      guestFix("Read what the driver says", "dmesg --level err,warn"),
    ],
  ]),
];

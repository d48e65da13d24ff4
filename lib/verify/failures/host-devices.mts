import type { Failure } from "./types.mts";
import { commandFix, guestFix } from "../../fixes.mts";
import { nvidiaWords, vmWords } from "./fixes.mts";
import { rows } from "./rows.mts";

/** What the kernel, QEMU, Xen and services say about a device or a disk of the host. */
export const hostDeviceFailures = (): Failure[] => [
  ...rows({
    layer: "driver",
    source: "Linux (amdkfd/kfd_device.c), ROCm/legacy-rocm-build#1318 (2020-12), read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      /kfd kfd: (?:amdgpu: )?(?:DID [\da-f]{4} is missing in supported_devices|kgd2kfd_probe failed|\S{1,40} not supported in kfd)/,
      "AMD's driver does not know this card for compute (KFD): the kernel is older than the card, or the card is " +
      "too old; " +
      "its display works",
      guestFix("See the kernel and the card", "sh -c 'uname -r; lspci -nn -d 1002:'"),
      "For a new card: use a newer kernel and linux-firmware; for an old one: Vulkan instead of ROCm",
    ],
    [
      "guest.driver",
      "note",
      /NVIDIA Persistence Daemon skipped, unmet condition check|ConditionPathExistsGlob=\/dev\/nvidia\S{0,4} was not met/,
      "nvidia-persistenced was not started, since NVIDIA's device files were not there yet: the module was not " +
      "loaded then",
      guestFix("If the card works now, start it", "systemctl restart nvidia-persistenced"),
      "Otherwise see why the module is not loaded: modprobe nvidia, then dmesg",
    ],
  ]),
  ...rows({ layer: "hypervisor", near: vmWords, source: "QEMU (block/io.c), kubevirt/kubevirt#6712 (2021-11)" }, [
    [
      "guest.image",
      "cause",
      /Image size is not a multiple of request alignment/,
      "the VM's disk ends in the middle of a block of its storage (4,096 bytes), so QEMU would have to enlarge it",
      commandFix("See its size", "qemu-img info DISK"),
      "Stop the VM, copy the file, and enlarge it to a multiple of 4 KiB: qemu-img resize -f raw DISK SIZE",
      "Or write cache='writeback' instead of cache='none' for that disk",
    ],
  ]),
  ...rows({ layer: "hypervisor", source: "Xen (arch/x86/hvm); NixOS/nixpkgs#373416 (2025-01)" }, [
    [
      "guest.firmware",
      "symptom",
      /Triple fault - invoking HVM shutdown action|\(XEN\) MMIO emulation failed/,
      "Xen ended the guest, since its first code failed: the firmware file (OVMF) does not fit Xen, or the image " +
      "is no boot " +
      "disk of that kind",
      'Use the OVMF of Xen\'s own package (a build with the Xen platform), or bios="seabios" to see the difference',
      commandFix("Read what Xen says", "sh -c 'xl dmesg | tail -n 40'", { root: true }),
    ],
  ]),
  ...rows({
    layer: "provider",
    source: "Microsoft Learn (New-VMSwitch), pluralsight/PS-AutoLab-Env#132 (2017-12), read 2026-11",
  }, [
    [
      "hyperv.switch",
      "cause",
      /Failed while creating virtual Ethernet switch|Switch create failed, name = '/,
      "Hyper-V did not create the virtual switch: the network adapter has one already or is gone, or Windows' " +
      "network " +
      "settings of an older switch are left over",
      commandFix("See the switches and adapters", "Get-VMSwitch; Get-NetAdapter"),
      "Restart Windows and try again; if it stays, another VM or VPN program holds the adapter: remove its filter " +
      "driver",
      "Last: netcfg -d resets all network settings, also VPNs; note them first",
    ],
  ]),
  ...rows({ layer: "driver", near: nvidiaWords, source: "systemd-udevd, ollama/ollama#11932 (2025-08)" }, [
    [
      "guest.driver",
      "symptom",
      /nvidia: Process '\S{0,20}modprobe nvidia\S{0,12}' failed with exit code/,
      "one of NVIDIA's modules did not load at the machine's start: it was built for another kernel, Secure Boot " +
      "refuses " +
      "it, or it does not know the card",
      guestFix("See why", "sh -c 'modprobe nvidia; dmesg | tail -n 20'"),
    ],
  ]),
];

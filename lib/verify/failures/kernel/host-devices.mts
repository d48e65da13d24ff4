import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { nvidiaWords, vmWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const kernelAndCard = guestFix("Show the kernel and the card", "sh -c 'uname -r; lspci -nn -d 1002:'");

/** What the kernel, QEMU, Xen and services say about a device or a disk of the host. */
export const hostDeviceFailures = (): Failure[] => [
  ...rows({
    layer: "driver",
    near: /rocm|\bhsa|\/dev\/kfd|hipError|\bhip\b/i,
    shared: true,
    source: "Linux (amdkfd/kfd_device.c), ROCm/legacy-rocm-build#1318 (2020-12), read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      /kfd kfd: (?:amdgpu: )?(?:DID [\da-f]{4} is missing in supported_devices|kgd2kfd_probe failed|\S{1,40} not supported in kfd)/,
      "AMD's driver does not know this card for compute (KFD): the kernel is older than the card, or the card is " +
      "too old; its display works",
      kernelAndCard,
      "For a new card: use a newer kernel and linux-firmware; for an old one: Vulkan instead of ROCm",
    ],
  ]),
  ...rows({ layer: "driver", source: "Linux (amdkfd/kfd_device.c), systemd, read 2026-11" }, [
    [
      "guest.driver",
      "note",
      /\bkfd: (?:amdgpu: )?(?:DID [\da-f]{4} is missing in supported_devices|kgd2kfd_probe failed|\S{1,40} not supported in kfd)/,
      "ROCm cannot use that AMD card, often one in the processor; its display works, and other cards are not concerned",
      kernelAndCard,
      "If it is the card that should compute: use a newer kernel and linux-firmware, or Vulkan instead of ROCm",
    ],
    [
      "guest.driver",
      "note",
      /NVIDIA Persistence Daemon skipped, unmet condition check|ConditionPathExistsGlob=\/dev\/nvidia\S{0,4} was not met/,
      "nvidia-persistenced was not started: NVIDIA's device files were not there, so the module was not loaded then",
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
      commandFix("Check its size", "qemu-img info DISK"),
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
      "is no boot disk of that kind",
      'Use the OVMF of Xen\'s own package (a build with the Xen platform), or bios="seabios" to see the difference',
      commandFix("Read what Xen says", "sh -c 'xl dmesg | tail -n 40'", { root: true }),
    ],
  ]),
  ...rows({
    layer: "provider",
    source: "Microsoft Learn (virtual switches), pluralsight/PS-AutoLab-Env#132 (2017-12), read 2026-11",
  }, [
    [
      "hyperv.switch",
      "cause",
      /Failed while creating virtual Ethernet switch|Switch create failed, name = '/,
      "Hyper-V did not create the virtual switch: the network adapter has one already or is gone, or Windows' " +
      "network settings of an older switch are left over",
      commandFix(
        "List the switches and their adapters",
        "Get-VMSwitch | Select-Object Name, NetAdapterInterfaceDescription",
      ),
      "Restart Windows and try again; if the error remains, another VM or VPN program holds the adapter: remove " +
      "its filter driver",
      "Last: netcfg -d resets all network settings, also VPNs; note them first",
    ],
  ]),
  ...rows({ layer: "driver", near: nvidiaWords, source: "systemd-udevd, ollama/ollama#11932 (2025-08)" }, [
    [
      "guest.driver",
      "symptom",
      /nvidia: Process '\S{0,20}modprobe nvidia\S{0,12}' failed with exit code/,
      "one of NVIDIA's modules did not load at the machine's start: it was built for another kernel, Secure Boot " +
      "refuses it, or it does not know the card",
      guestFix("Find out why", "sh -c 'modprobe nvidia; dmesg | tail -n 20'"),
    ],
  ]),
  ...rows({
    layer: "toolkit",
    near: /lxc|pct |rootfs|newuidmap/i,
    source: "LXC 6 (conf.c), remz1337/Proxmox#8 (2024-08)",
  }, [
    [
      "gpu.driver",
      "cause",
      /No such file or directory - Failed to mount "\/dev\/(?:nvidia|dri|kfd)|Failed to detect correct "\/dev\/nvidia" path|Failed to setup device: [^\n]{0,80}\/dev\/dri\/|\/dev\/(?:dri\/|nvidia|kfd)\w{0,12} is not a device/,
      "the host itself does not have the card's device file that the container should get: the driver is not " +
      "loaded there, or another part of it (nvidia-modeset and nvidia-uvm come only with their modules)",
      commandFix("On the host: load and see it", "sh -c 'nvidia-modprobe -u -m; ls -l /dev/nvidia* /dev/dri'", {
        root: true,
      }),
      "In the container's configuration: add optional to that lxc.mount.entry; Proxmox: use dev0: /dev/nvidia0 and " +
      "so on",
    ],
    [
      "provider.access",
      "cause",
      /newuidmap binary is missing|newgidmap binary is missing/,
      "the host lacks newuidmap and newgidmap, with which a container without root gets its users",
      commandFix("Install them (Fedora: shadow-utils; Arch: shadow)", "apt-get install -y uidmap", { root: true }),
    ],
  ]),
  ...rows(
    { layer: "provider", source: "dmacvicar/terraform-provider-libvirt, digitalocean/go-libvirt, read 2026-11" },
    [
      [
        "provider.access",
        "cause",
        /dial unix \S{0,60}\/libvirt\/\S{1,40}-sock(?:-ro)?: connect: permission denied/,
        "this user is not allowed to use the system's libvirt: it is not in the group libvirt, or was added after " +
        "the login",
        commandFix("Add it, then log out and in", "usermod -aG libvirt USER", { root: true }),
      ],
      [
        "provider.access",
        "cause",
        /dial unix \S{0,60}\/libvirt\/\S{1,40}-sock(?:-ro)?: connect: (?:no such file or directory|connection refused)/,
        "libvirt's daemon does not run on this host, or listens elsewhere: newer releases have one for each part " +
        "(virtqemud)",
        commandFix("Start it (or virtqemud.socket)", "systemctl enable --now libvirtd.socket", { root: true }),
      ],
    ],
  ),
];

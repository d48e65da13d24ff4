import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { deviceWords } from "./names-of-windows.mts";

/** Errors of the guest of a Windows host, or of a container, about its GPU partition. */
export const hypervGuestFailures = (): Failure[] => [
  {
    pattern:
      /\(Code 43\)|\b(?:Error 43|Error code 43)\b|(?:Windows has )?stopped this device because it has reported problems/,
    near: deviceWords,
    check: "hyperv.driver",
    strength: "symptom",
    layer: "driver",
    message:
      "the guest's driver stopped the card (Code 43): with a GPU partition, its files are not those of the host's " +
      "driver; with a whole card, the driver refuses it or it was not reset",
    fix: [
      manualFix("GPU partition: copy the host's driver store folder into the guest again after each driver update"),
      manualFix(
        "GPU partition: give the VM enough MMIO space (Set-VM -Name NAME -HighMemoryMappedIoSpace 32GB, while it " +
          "is off)",
      ),
      manualFix("A whole NVIDIA card: use driver 465 or later in the guest, which no longer refuses VMs"),
      manualFix("A whole AMD card: the card was not reset; power the host off and on"),
    ],
    source: "Windows (Device Manager); jamesstringer90/Easy-GPU-PV#51, #375 (2024-05)",
  },
  {
    pattern: anyOf(
      /modpost: "sync_file_\w{1,40}" \[\S{0,200}dxgkrnl\.k?o\] undefined/,
      /dxgkrnl does not build for the kernel \S{1,60}, which lacks CONFIG_SYNC_FILE/,
    ),
    check: "hyperv.guest",
    layer: "driver",
    message: "dxgkrnl, the guest's side of a Windows GPU partition, cannot be built for this kernel: it lacks " +
      "CONFIG_SYNC_FILE, as Debian's cloud kernel does",
    fix: [
      manualFix("Use an image without a cloud kernel (Debian: generic, not genericcloud), such as image: debian-13"),
      manualFix("Debian: install linux-image-amd64 and linux-headers-amd64, boot that kernel, remove the cloud kernel"),
    ],
    source: "Linux (scripts/mod/modpost.c); built for Debian's 6.12.117+deb13-cloud-amd64 (2026-11)",
  },
  {
    pattern: anyOf(
      /binary package for dxgkrnl|\/var\/lib\/dkms\/dxgkrnl\/\S{1,120}: (?:fatal )?error:/,
      /\bdxg(?:adapter|krnl|module|process|syncfile|vmbus)\.[ch]:\d{1,5}:\d{1,5}: (?:fatal )?error:/,
      /dxgkrnl does not build for the kernel \S{1,60}(?<!,)(?!\S)/,
      // DKMS does not say why: the entry before may
      /dxgkrnl\S{0,60}(?:make\.log|build failed|bad exit status)(?![^]{0,2000}"sync_file_)/,
    ),
    near: /error|bad return|bad exit|failed|does not build/i,
    check: "hyperv.guest",
    layer: "driver",
    message: "dxgkrnl, the guest's side of a Windows GPU partition, does not build for this kernel: its sources fit " +
      "certain kernels only",
    fix: [
      manualFix(
        "Build the release 6.6.36.6 with install-dxgkrnl.sh of homelab-gpu, which changes it for kernels 6.1 to 7.3; " +
          "remove driver: {dxgkrnl: …} if the config has it",
      ),
      manualFix("Or boot a kernel that its sources fit (6.6 and 6.8 for most), and keep it (apt-mark hold)"),
      manualFix("Read the first error in the make.log that it names"),
    ],
    source: "DKMS; staralt/dxgkrnl-dkms#10 (2025-04)",
  },
  {
    pattern: /WARNING: .{0,60}\brwsem\.h:\d{1,4} remap_pfn_range/,
    near: /dxgkrnl|dxgk_|dxgkio_/,
    shared: true,
    check: "hyperv.guest",
    strength: "note",
    layer: "driver",
    message: "dxgkrnl maps the card's memory with a lock that later kernels do not accept: the card works, but each " +
      "mapping logs this warning, which can fill the disk",
    fix: [manualFix("Rebuild the box: install-dxgkrnl.sh makes the module take the lock that Linux requires")],
    source: "Linux (include/linux/rwsem.h); staralt/dxgkrnl-dkms#13 (2026-02)",
  },
  {
    pattern:
      /dxgk: dxgkio_(?:make_resident|create_allocation|reserve_gpu_va|map_gpu_va)\w{0,30}: Ioctl failed: -(?:12|75)\b/,
    check: "hyperv.guest",
    strength: "symptom",
    layer: "driver",
    message:
      "Windows gave the guest no more of the card's memory (-12): programs in Windows and in the guest fill it, or " +
      "Windows' driver has lost the card",
    fix: [
      commandFix("In Windows: check what uses the card's memory, and its temperature", "nvidia-smi"),
      manualFix("Use a smaller model or context; leave Windows 1 to 2 GiB of the card"),
      manualFix(
        "If Windows' screen went black or the card has gone from nvidia-smi: update the driver in Windows, " +
          "then restart Windows",
      ),
    ],
    source: "Linux (dxgkrnl); microsoft/WSL#41224 (2026-09)",
  },
  {
    pattern: /dxgk: dxgkio_\w{1,40}: Ioctl failed: -\d/,
    check: "hyperv.guest",
    strength: "note",
    layer: "driver",
    message:
      "the guest asks dxgkrnl for what the host's driver does not have, at each boot; where nvidia-smi works this " +
      "is harmless",
    fix: [guestFix("Check whether the card answers", "/usr/lib/wsl/lib/nvidia-smi")],
    source: "Linux (dxgkrnl); microsoft/WSL#40715 (2026-06), #11293 (2026-07)",
  },
  {
    pattern: anyOf(
      /Module dxgkrnl not found in directory|could not insert 'dxgkrnl'|\/dev\/dxg\S{0,2}: No such file/,
      /\bdxgkrnl: (?:Unknown symbol|disagrees about version of symbol) \w/,
      /Failed to open \/dev\/dxg/,
    ),
    check: "hyperv.guest",
    layer: "driver",
    message: "there is no dxgkrnl for the kernel that runs: its build failed, or the kernel was updated since",
    fix: [
      guestFix("Find out for which kernels it was built", "dkms status"),
      guestFix("Build it for the kernel that runs", "dkms autoinstall"),
      manualFix("If it does not build: boot a kernel that its sources fit, and keep it (apt-mark hold)"),
    ],
    source: "kmod; seflerZ/oneclick-gpu-pv#5 (2024-05)",
  },
  {
    // the words of LXC belong to the pattern, since a line that is pasted alone needs no context
    pattern:
      /(?<=(?:Insufficient Permissions|\b(?:lxc|lxd|incus|pct)\b|cgroup2?\.devices|\/dev\/nvidiactl)[^]{1,600})GPU access blocked by the operating system/,
    check: "verify.service",
    layer: "driver",
    message: "this container of the host (LXC) is not allowed to open the GPU's device nodes: its configuration " +
      "does not allow them, or their numbers changed at a boot",
    fix: [
      commandFix("On the host: see the nodes and their major numbers", "ls -l /dev/nvidia* /dev/nvidia-caps"),
      manualFix(
        "Allow each of these majors in the container's configuration (lxc.cgroup2.devices.allow: c MAJOR:* rwm) " +
          "and mount the nodes into it (lxc.mount.entry), then start it again; nvidia-uvm gets another major " +
          "at some " +
          "boots",
      ),
      manualFix(
        "An unprivileged container also needs the nodes readable for its users: mode 0666, or a mapped group",
      ),
    ],
    source: "nvidia-smi (NVML) in LXC; canonical/lxd#9201 (2021), NVIDIA/nvidia-docker#393 (2017)",
  },
  {
    pattern: /GPU access blocked by the operating system|Failed to initialize NVML: N\/A/,
    check: "hyperv.driver",
    layer: "driver",
    message:
      "the guest of a Windows host is not allowed to use its GPU partition: the host's card is in TCC mode or its " +
      "driver files do not match, or dxgkrnl does not fit the guest's kernel",
    fix: [
      manualFix("On the host: see that nvidia-smi shows WDDM, not TCC (nvidia-smi -dm 0, then restart Windows)"),
      manualFix(
        "Copy the host's driver files (lxss\\lib and the driver store's folder) into the guest again after each " +
          "driver update",
      ),
      manualFix("Build dxgkrnl for the guest's kernel, and do not install NVIDIA's Linux driver in such a guest"),
      manualFix("In WSL: update it and restart it from Windows (wsl --update, wsl --shutdown)"),
    ],
    source: "nvidia-smi (NVML); seflerZ/oneclick-gpu-pv#8 (2025-01), staralt/dxgkrnl-dkms#9 (2025)",
  },
];

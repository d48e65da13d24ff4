import type { Failure } from "../types.mts";
import { bindVfio, commandFix, doctorFix, kernelLog, lessMemory, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { powerCycle, vmWords } from "../fixes.mts";
import { rows } from "../rows.mts";
import { vmHelperFailures } from "../vms/vm-helpers.mts";

const cardPrograms = new RegExp(`vfio|gpu|hostpci|driver_override|iommu|nvidia|${vmWords.source}`, "i");
const kernel = commandFix("Read the kernel's lines about the card", "dmesg --level err,warn", { root: true });
const nothing = "If nothing else is wrong: nothing to do; look for another error";

/**
 * Messages on the host that say more than their general forms in other lists: of VFIO, Proxmox,
 * vGPU, Intel's drivers and WSL 1.
 */
export const hostErrorFailures = (): Failure[] => [
  ...vmHelperFailures(),
  ...rows({
    layer: "kernel",
    near: /nvidia|cuda|gpu|docker|dkms|kernel headers|modprobe|moddep|systemd|\bkvm\b|vagrant|\bwsl/i,
    source: "microsoft/WSL#5554 (2020-07)",
  }, [
    [
      "host.virtualization",
      "cause",
      /\b4\.4\.0-\d{5}-Microsoft\b/,
      "this is WSL 1, which has no Linux kernel: no GPU, no kernel modules, no Docker",
      "Convert it in PowerShell: wsl --list --verbose, then wsl --set-version NAME 2; its driver is that of Windows",
    ],
  ]),
  ...rows({
    layer: "vfio",
    near: cardPrograms,
    source: "QEMU (hw/vfio), Linux (drivers/vfio); kata-containers/kata-containers#10360 (2024-10), #2938 (2021-11), " +
      "#10753 (2025-01)",
  }, [
    [
      "host.memory",
      "cause",
      anyOf(
        /memory listener initialization failed: Region \S{1,40}: vfio_\w{0,10}dma_map ?\([^()]{1,120}\) = -14\b/,
        /memory listener initialization failed: Region \S{1,40}: vfio_\w{0,10}dma_map ?\([^()]{1,120}\) = -22\b/,
      ),
      "a part of the VM's memory cannot be mapped for the card: its backing file or huge pages are not all there, " +
      "or its address is beyond what the IOMMU reaches",
      "Give the VM ordinary memory, without a file as its source and without memory that is plugged in later",
      lessMemory,
      kernelLog,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /QMP command failed: Device '[^']{1,60}' not found/,
        /QMP command failed: Bus '[^']{1,60}' (?:not found|does not support hotplugging)/,
      ),
      "QEMU did not add the card while the VM ran: it is given to a bus or port that this VM does not have",
      "Add the card before the VM starts (Kata: cold_plug_vfio with a root port), on machine type q35",
    ],
    [
      "iommu.enabled",
      "cause",
      /echo: write error: Invalid argument/,
      "the kernel refused to bind the card to vfio-pci: no IOMMU is on, or the card's id was written in a wrong form",
      doctorFix("iommu"),
      kernel,
      bindVfio,
    ],
    [
      "gpu.match",
      "cause",
      anyOf(
        /vmiop_log: .{0,60}(?:alloc\w{0,8} (?:guest )?FB|RmAllocHeap fail|heap alloc fail)/,
        /nvidia-vgpu-vfio\] \S{4,40}: vGPU type \S{1,20} not supported/,
      ),
      "the card has no room for that vGPU type now: its memory is in use, or its other vGPUs are of another size",
      commandFix("Check which types it still offers", "mdevctl types", { root: true }),
      "Stop programs and vGPUs on the card, or take the type of the vGPUs that run",
    ],
    [
      "gpu.in-use",
      "note",
      /op_type: 0x[\da-f]{1,10} failed/,
      "a remark of NVIDIA's vGPU manager that stops no vGPU",
      "Nothing to do: look for another error",
    ],
    [
      "gpu.in-use",
      "cause",
      anyOf(
        /nvidia-vgpu-vfio\]? .{0,60}(?:start failed|Failed to write device config)/,
        /nvidia-vgpu-mgr\S{0,12}: error: |error: vmiop\w{0,8}_log: |vmiop_log: .{0,60}error/,
      ),
      "NVIDIA's vGPU manager on the host did not start the vGPU, or reset it; its own lines say why",
      commandFix("Read them", "journalctl -u nvidia-vgpu-mgr -b --no-pager -n 50", { root: true }),
      "Check that the card has the vGPU type, that its memory is free, and that the host's vGPU driver fits its kernel",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near: vmWords,
    source: "Proxmox VE (qemu-server), libvirt; general knowledge, 2026-11",
  }, [
    [
      "host.memory",
      "cause",
      anyOf(
        /start failed: .{0,400}failed: got timeout/,
      ),
      "the VM did not start in time: with a card all of its memory is locked first, which takes long, or QEMU " +
      "waits for a card that does not answer",
      "If the card works in the end: wait, or give the VM less memory; huge pages make it quicker",
      kernel,
      powerCycle,
    ],
  ]),
  ...rows({ layer: "driver", source: "Linux (i915, xe); strongtz/i915-sriov-dkms#359 (2026-07), #26 (2025-02)" }, [
    [
      "gpu.driver",
      "cause",
      /no driver bound to device; cannot configure SR-IOV/,
      "a card is partitioned (SR-IOV) by its own driver, and none is bound to it: another driver was kept away, or " +
      "none knows the card",
      commandFix("Check which driver has it", "lspci -nnk -d ::03xx"),
      "Do not bind the whole card to vfio-pci if you pass its parts on; load its own driver (i915, xe)",
    ],
    [
      "guest.driver",
      "note",
      anyOf(
        /mmio request 0x4100: failure|Failed to retrieve hwconfig table/,
        /Failed to load DMC firmware|DMC firmware has wrong CSS/,
      ),
      "a message of Intel's driver that is harmless: a virtual function has no such table, or saving power needs a " +
      "firmware file",
      nothing,
    ],
    [
      "gpu.reset",
      "symptom",
      anyOf(
        /(?:i915|xe) \S{1,14}: .{0,60}GPU HANG|\[drm\] GPU HANG: ecode/,
        /(?:i915|xe) \S{1,14}: .{0,80}(?:reset request (?:failed|timed out)|Resetting (?:chip|[a-z]{2,4}s?\d) for)/,
        /(?:i915|xe) \S{1,14}: .{0,80}(?:Engine reset: engine_class|Fault response: Unsuccessful)/,
        /\[i915\] \*ERROR\* Failed to reset GuC/,
        /(?:i915|xe) \S{1,14}: .{0,80}(?:device|GPU) (?:is )?wedged/,
      ),
      "work on Intel's card hung or accessed wrong memory, and its driver reset the card or tried to",
      "Update the kernel and linux-firmware on host and guest to the same level",
      "Stop and start the VM; if the error remains, power the host off and on",
    ],
  ]),
  ...rows({ layer: "kernel", near: cardPrograms, source: "Linux (sound/pci/hda), general knowledge, 2026-11" }, [
    [
      "gpu.reset",
      "note",
      /GPU sound probed, but not operational/,
      "the sound function of the card answers nothing at first, which is usual after a reset",
      nothing,
      remedies.bindAtBoot,
    ],
  ]),
];

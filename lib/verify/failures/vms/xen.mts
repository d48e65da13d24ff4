import type { Failure } from "../types.mts";
import { commandFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { powerCycle } from "../fixes.mts";
import { rows } from "../rows.mts";

const ownLog = commandFix("Read what Xen says", "xl dmesg | grep -iE 'iommu|vt-d|amd-vi|pci' | tail -n 40", {
  root: true,
});

/** Errors of Xen, XCP-ng and Qubes OS about passed devices. */
export const xenFailures = (): Failure[] =>
  rows({
    layer: "hypervisor",
    source: "Xen (tools/libs/light/libxl_pci.c, libxl_dm.c), read 2026-11; xcp-ng/xcp#320 (2019-12), " +
      "QubesOS/qubes-issues#1659 (2016-06), #9853 (2025-03)",
  }, [
    [
      "gpu.driver",
      "cause",
      /Looks like pciback driver (?:is )?not loaded|Couldn't bind device to pciback|is not assigned to pciback driver/,
      "Xen's driver for devices that are passed on (xen-pciback) is not loaded in dom0, or does not have the card",
      commandFix("Load it, and give it the card", "modprobe xen-pciback && xl pci-assignable-add 01:00.0", {
        root: true,
      }),
      "At boot: xen-pciback.hide=(0000:01:00.0)(0000:01:00.1) on dom0's kernel command line; XCP-ng: " +
      "/opt/xensource/libexec/xen-cmdline --set-dom0",
    ],
    [
      "iommu.enabled",
      "cause",
      /libxl.{0,60}xc_(?:de)?assign_device failed/,
      "Xen could not put the card behind its IOMMU: it is off in the firmware, or the firmware reserves memory for " +
      "the card (RMRR)",
      remedies.iommu,
      ownLog,
      remedies.reserved,
    ],
    [
      "gpu.reset",
      "note",
      /The kernel doesn't support reset from sysfs for PCI device/,
      "dom0's kernel has no reset method for the device; Xen continues, and the card may keep its last user's state",
      "If the VM starts: nothing to do; if the card works only once after each boot of the host, it has no reset",
    ],
    [
      "gpu.driver",
      "note",
      /Driver tried to write to a read-only configuration space field/,
      "Xen kept the guest's driver from a register of the card, which is harmless for most cards",
      "If the card does not work in the VM: permissive=1 for it in the VM's pci= line (Qubes: -o permissive=True)",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /libxl.{0,80}(?:device model did not start|Device Model not ready|startup timed out|qemu refused to add device)/,
      ),
      "the QEMU of Xen's VM (device model; in Qubes: stubdomain) did not start in time with the card, or refused it; " +
      "its own log says why",
      commandFix("Read it", "sh -c 'tail -n 40 /var/log/xen/qemu-dm-NAME.log /var/log/xen/console/guest-NAME-dm.log'", {
        root: true,
      }),
      "Qubes: qvm-pci attach with -o no-strict-reset=True -o permissive=True, for a device that you trust",
      powerCycle,
    ],
  ]);

import { commandFix, doctorFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

/** What virt-host-validate, libvirt's own check of a host, reports as missing. */
export const hostValidationFailures = (): Failure[] =>
  rows({ layer: "kernel", source: "libvirt 11 (tools/virt-host-validate-common.c), read 2026-11" }, [
    [
      "iommu.enabled",
      "cause",
      anyOf(
        /Checking for device assignment IOMMU support ?: (?:WARN|FAIL)(?! \(Unknown)/,
        /No ACPI (?:DMAR|IVRS) table found, IOMMU (?:either )?(?:disabled|not supported)/,
      ),
      "the firmware reports no IOMMU, so no card can be passed to a VM: it is off in the firmware's setup, or this " +
      "platform has none",
      doctorFix("iommu"),
      remedies.iommu,
    ],
    [
      "iommu.enabled",
      "cause",
      /Checking if IOMMU is enabled by kernel ?: (?:WARN|FAIL)|IOMMU appears to be disabled in kernel/,
      "the firmware has an IOMMU, and the kernel does not use it",
      doctorFix("iommu"),
      "Intel: add the kernel argument intel_iommu=on, then reboot; doctor shows the command for this boot loader",
    ],
    [
      "host.virtualization",
      "cause",
      /Load the '(?:vhost_net|tun|vhost_vsock)' module|Checking if device '?\/dev\/(?:net\/tun|vhost-net)'? exists ?: (?:WARN|FAIL)/,
      "a kernel module for the network of VMs is not loaded (tun, vhost_net)",
      commandFix("Load it", "modprobe -a tun vhost_net", { root: true }),
      "If modprobe does not find it: the kernel was updated; reboot",
    ],
    [
      "host.virtualization",
      "note",
      anyOf(
        /Unknown if this platform has (?:Secure Guest|IOMMU) support/,
        /Enable '\w{2,12}' in kernel Kconfig file or mount\/enable cgroup controller/,
      ),
      "virt-host-validate does not know this part of the host; passing a card does not need it",
      "Nothing to do; use doctor for the IOMMU",
    ],
  ]);

/** PCI vendor ids of graphics cards, hex text (pci.ids). */
export const vendorIds = { nvidia: "10de", amd: "1002", intel: "8086" } as const;

/** Whether a PCI function is from NVIDIA. */
export function isNvidia({ vendor }: { vendor?: string | undefined }): boolean {
  return vendor === vendorIds.nvidia;
}

/** Whether a request is for an NVIDIA card. */
export function isNvidiaRequest(request: { vendorId: string } | undefined): boolean {
  return request?.vendorId === vendorIds.nvidia;
}

/**
 * Vendors of the display devices that hypervisors emulate: virtio, QEMU (standard VGA and QXL), VMware, VirtualBox,
 * Hyper-V, Parallels (pci.ids). No other VM can use such a device.
 */
const emulating = ["1af4", "1234", "1b36", "15ad", "80ee", "1414", "1ab8"];

/** Whether a display function is one that a hypervisor emulates. */
export function isEmulated({ vendor = "" }: { vendor?: string | undefined }): boolean {
  return emulating.includes(vendor);
}

/** Whether a computer is a Mac, which has no firmware setup. */
export const isApple = (dmi: Record<string, string>): boolean => /^Apple\b/.test(dmi.sys_vendor ?? "");

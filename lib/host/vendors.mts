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

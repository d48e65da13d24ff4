/** PCI vendor ids of the makers of graphics cards, hex text (pci.ids). */
export const vendorIds = { nvidia: "10de", amd: "1002", intel: "8086" } as const;

/** Whether a PCI function is NVIDIA's. */
export function isNvidia({ vendor }: { vendor?: string | undefined }): boolean {
  return vendor === vendorIds.nvidia;
}

/** Whether a GPU request asks for a card of NVIDIA's. */
export function isNvidiaRequest(request: { vendorId: string } | undefined): boolean {
  return request?.vendorId === vendorIds.nvidia;
}

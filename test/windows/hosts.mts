/** Simulated Windows hosts with one card, for the tests. */

/** The VM's id, and the names of the card in each part of Windows. */
export const id = "8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f";
export const card = String.raw`PCI\VEN_10DE&DEV_2786&SUBSYS_40B2196E&REV_A1\4&275D7527&0&0010`;
export const location = "PCIROOT(0)#PCI(0100)#PCI(0000)";
export const partition = String
  .raw`\\?\PCI#VEN_10DE&DEV_2786&SUBSYS_40B2196E&REV_A1#4&275D7527&0&0010#{064092b3-625e-43bf-9eb5-dc845897dd59}\GPUPARAV`;
export const builds = { 10: 19045, 11: 26100, 2016: 14393, 2019: 17763, 2022: 20348, 2025: 26100 } as const;

export const device = (more: Record<string, unknown> = {}) => ({
  InstanceId: card,
  FriendlyName: "NVIDIA GeForce RTX 4070",
  Location: location,
  Service: "nvlddmkm",
  enabled: true,
  dismounted: false,
  needs: 32768,
  ...more,
});
export const vm = (more: Record<string, unknown> = {}) => ({
  Id: id,
  Name: "a",
  State: "Off",
  Generation: 2,
  SecureBoot: "On",
  AutomaticStopAction: "Save",
  GuestControlledCacheTypes: false,
  LowMemoryMappedIoSpace: 128 * 1024 ** 2,
  HighMemoryMappedIoSpace: 512 * 1024 ** 2,
  assigned: [] as string[],
  adapters: [] as { Id: string; InstancePath: string }[],
  ...more,
});

/** A Windows with a stopped VM and a card that the host has. */
export const host = (windows: keyof typeof builds, more: Record<string, unknown> = {}) => ({
  windows: { build: builds[windows], client: windows < 100 },
  vms: [vm()],
  devices: [device()],
  cards: [{ Name: partition, ValidPartitionCounts: [32], PartitionCount: 32 }],
  switches: [],
  cim: {},
  ...more,
});

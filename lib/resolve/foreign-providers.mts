import type { Source } from "./sources.mts";

/** The day on which the pages were last read. */
const checked = "2026-11-22";

/** Vagrant's other providers, by Vagrant's names: their titles, and why they cannot pass a GPU. */
export const foreignProviders: Record<string, { title: string; reason: string } & Source> = {
  ...Object.fromEntries(
    ["vmware_desktop", "vmware_fusion", "vmware_workstation"].map((name) => [name, {
      title: "VMware",
      reason: "VMware Workstation and Fusion cannot pass a PCI device to a VM; only ESXi can",
      source: "https://developer.hashicorp.com/vagrant/docs/providers/vmware",
      checked,
    }]),
  ),
  qemu: {
    title: "QEMU",
    reason: "its plugin is for emulated guests on a Mac and validates none of its settings",
    source: "https://github.com/ppggff/vagrant-qemu",
    checked,
  },
  utm: {
    title: "UTM",
    reason: "it runs on macOS, which cannot pass a card to a VM",
    source: "https://docs.getutm.app",
    checked,
  },
  docker: {
    title: "Docker",
    reason: "it creates containers, not VMs",
    source: "https://developer.hashicorp.com/vagrant/docs/providers/docker",
    checked,
  },
};

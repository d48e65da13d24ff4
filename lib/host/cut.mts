/** Detects probe texts that end early. */

/**
 * The sections of a probe in the order in which they are printed; the order within a line is not
 * fixed.
 */
const order = [
  ["os"],
  ["cpu"],
  ["memory"],
  ["disk", "kernel-arguments", "hugepages"],
  ["kernel", "windows"],
  ["configured"],
  ["iommu"],
  ["iommu-groups"],
  ["pci"],
  ["display"],
  ["holders"],
  ["needs"],
  ["firmware"],
  ["programs"],
  ["virtualbox"],
  ["libvirt"],
  ["forwarding"],
];

/** The keys of a Host, and the sections that each one is read from. */
const sources: Record<string, string[]> = {
  os: ["os"],
  uid: ["os"],
  groups: ["os"],
  joined: ["os"],
  cpu: ["cpu"],
  memory: ["memory"],
  disk: ["disk"],
  kvm: ["os"],
  dmi: ["os"],
  efi: ["os"],
  secureBoot: ["os"],
  bootLoader: ["os"],
  lockdown: ["os"],
  rootInMemory: ["needs"],
  systemd: ["os"],
  existingPaths: ["os"],
  kernel: ["kernel-arguments", "kernel"],
  configured: ["configured"],
  iommu: ["iommu", "iommu-groups"],
  pci: ["pci"],
  pciCount: ["pci"],
  display: ["display"],
  holders: ["holders"],
  needs: ["needs"],
  ovmf: ["firmware"],
  windows: ["windows"],
  hardwareVirtualization: ["cpu"],
  virtualboxExtensions: ["virtualbox"],
  virtualboxModule: ["virtualbox"],
  programs: ["programs"],
  unanswered: ["programs"],
  versions: ["programs", "kernel"],
  vagrantPlugins: ["programs"],
  libvirt: ["libvirt"],
  forwarding: ["forwarding"],
};

/**
 * The keys of a Host whose facts may be incomplete. `sections`: the names of the sections of a
 * probe's text, in its order. Undefined if the text ends with `[end]`.
 */
export function cutKeys(sections: string[]): string[] | undefined {
  if (sections.includes("end")) return undefined;
  const last = sections.at(-1);
  const rank = (name: string) => order.findIndex((names) => names.includes(name));
  const reached = Math.max(-1, ...sections.map(rank));
  // the last section may be incomplete; a missing section was not printed only if a later one is
  // present
  const whole = (name: string) => name !== last && (sections.includes(name) || rank(name) < reached);
  return Object.keys(sources).filter((key) => !sources[key]!.every(whole));
}

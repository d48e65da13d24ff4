/** Probe texts that end early. */

/** The sections of a probe in the order in which they are printed; those of one line come in any order. */
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
];

/** The keys of a Host, and the sections that their facts come from. */
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
  systemd: ["os"],
  marks: ["os"],
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
  programs: ["programs"],
  unanswered: ["programs"],
  versions: ["programs", "kernel"],
  vagrantPlugins: ["programs"],
  libvirt: ["libvirt"],
};

/** The keys of a Host that may lack facts, by the names of the sections that a probe's text has, in its order; undefined if it ends with `[end]`. */
export function cutKeys(sections: string[]): string[] | undefined {
  if (sections.includes("end")) return undefined;
  const last = sections.at(-1);
  const rank = (name: string) => order.findIndex((names) => names.includes(name));
  const reached = Math.max(-1, ...sections.map(rank));
  // the last one may go on; one that is missing was left out only if a later one is there
  const whole = (name: string) => name !== last && (sections.includes(name) || rank(name) < reached);
  return Object.keys(sources).filter((key) => !sources[key]!.every(whole));
}

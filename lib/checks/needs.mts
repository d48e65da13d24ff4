/** What the checks that were asked for need of slow programs of the host. */

/** By name in `HOMELAB_GPU_ASK` of scripts/probe-linux.sh: the checks that read what the program answers. */
const readers: Record<"packer" | "libvirt", string[]> = {
  packer: ["tools.present", "provider.version"],
  libvirt: ["tools.present", "provider.access", "host.forwarding"],
};

/**
 * The programs that the probe asks for these checks, as ids or their first parts (`gpu`,
 * `iommu.group`); without any, every check is meant, and undefined means every program.
 */
export function programsToAsk(words: string[]): string[] | undefined {
  if (words.length === 0) return undefined;
  const isMeant = (id: string) => words.some((word) => id === word || id.startsWith(`${word}.`));
  return Object.entries(readers).filter(([, ids]) => ids.some(isMeant)).map(([name]) => name);
}

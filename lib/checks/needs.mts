/** Which slow programs of the host the requested checks need. */

/** The checks that read a program's output, by its name in `HOMELAB_GPU_ASK` of scripts/probe-linux.sh. */
const readers: Record<"packer" | "libvirt", string[]> = {
  packer: ["tools.present", "provider.version"],
  libvirt: ["tools.present", "provider.access", "host.forwarding"],
};

/**
 * The programs that the probe asks for these checks, as ids or their first parts (`gpu`,
 * `iommu.group`); without any, every check is requested. Returns undefined for every program.
 */
export function programsToAsk(words: string[]): string[] | undefined {
  if (words.length === 0) return undefined;
  const isMeant = (id: string) => words.some((word) => id === word || id.startsWith(`${word}.`));
  return Object.entries(readers).filter(([, ids]) => ids.some(isMeant)).map(([name]) => name);
}

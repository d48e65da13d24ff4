/** What an upgrade changed in a VM, as two outputs of `verify-guest.sh` show. */
import { factsOf } from "./guest-facts.mts";

/**
 * The versions that differ: `NVIDIA driver 580.95.05 → 580.105.08`, `kernel 6.12.43 → 6.12.57`. A
 * version that one of the outputs lacks is left out.
 */
export function versionChanges(before = "", after = ""): string[] {
  const [had, has] = [factsOf(before), factsOf(after)];
  return [["NVIDIA driver", "nvidia-loaded"], ["kernel", "kernel"]].flatMap(([title, key]) => {
    const [old, now] = [had.one(key!)?.split(" ")[0], has.one(key!)?.split(" ")[0]];
    return old && now && old !== now ? [`${title} ${old} → ${now}`] : [];
  });
}

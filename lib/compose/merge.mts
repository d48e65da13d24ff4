/** Merges Compose files (compose-spec, merge). */
import { isMap } from "../maps.mts";

/**
 * Merges two mappings as Compose merges files; `over` is from the later file. Mappings are merged
 * by key, lists are appended, other values are replaced. Of mounts and devices with the same path
 * in the container, the later one wins.
 */
export function mergeFiles(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const old = merged.get(key);
    const replaced = ["command", "entrypoint"].includes(key);
    const unique = ["volumes", "devices"].includes(key) ? targetOf : (one: unknown) => JSON.stringify(one);
    merged.set(
      key,
      isMap(old) && isMap(value)
        ? mergeFiles(old, value)
        : Array.isArray(old) && Array.isArray(value) && !replaced
        ? [...old.filter((one) => !value.some((later) => unique(later) === unique(one))), ...value]
        : value,
    );
  }
  return Object.fromEntries(merged);
}

/** The path of a mount or device in the container: of two with the same path, the later one wins. */
function targetOf(one: unknown): string {
  if (isMap(one)) return String(one.target ?? one.source ?? "");
  const parts = String(one).split(":");
  return parts[1] ?? parts[0]!;
}

/** The configs and secrets that a service gets. */
import { isMap } from "../maps.mts";

/** The names in the project of the entries of `configs:` or `secrets:` of a service. */
export function grantsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one) =>
    typeof one === "string" ? [one] : isMap(one) && typeof one.source === "string" ? [one.source] : []
  );
}
